"""Requests made up from the OpenAPI documents of our dialects, by schemathesis: `python -m tests.api.property_test`.

Every check is on, save where it contradicts the dialect: undeclared methods get 404 there, not 405, a missing
credential is a 400 for paste.gg, and 404 is also how Opengist says "you do not like this gist". Users of ranna's and of
paste.gg's share an address, so that more is allowed there than one of the documents says; and so do those of Opengist's
and of sourcehut's, where who says nothing is answered as Opengist does.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.harness import Client, Server

SECRET = "battery staple"  # for HTTP digest
# Rules that a schema cannot say (a name twice, a slug taken, an ETag gone by) may refuse what fits the schema.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = [
  "2xx", "303", "400", "401", "403", "404", "409", "412", "413", "416", "422"
]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "409", "412", "413", "414", "415", "422"]
unsupported_method.enabled = false
"""


@dataclass(frozen=True)
class Dialect:
    """Where the API and its document are, who asks, and which checks are off. Who asks is told by a header, or
    by hooks for schemathesis, in Python."""

    server: str
    authorization: Callable[[Client], str] | None
    config: str = ""
    headers: tuple[str, ...] = ()
    document: str = "openapi.yaml"
    hooks: str = ""


DIALECTS = {
    "opengist": Dialect(
        "/api",
        lambda client: f"Bearer {client.token}",
        '[[operations]]\ninclude-path-regex = "/(like|star)$"\nchecks.ensure_resource_availability.enabled = false\n',
    ),
    "ownpaste": Dialect(
        "",
        None,
        "ignored_auth.enabled = false\nmissing_required_header.enabled = false\n",
        ("Accept: application/json",),
        "paste/openapi.yaml",
        "import schemathesis\nfrom requests.auth import HTTPDigestAuth\n"
        f'schemathesis.auth.set_from_requests(HTTPDigestAuth("ownpaste", "{SECRET}"))\n',
    ),
    "pastegg": Dialect(
        "/api/v1",
        lambda client: f"Key {client.server.cli('key', 'create', client.name).strip()}",
        "ignored_auth.enabled = false\nmissing_required_header.enabled = false\n",
    ),
    "ranna": Dialect(
        "/v1",
        lambda client: f"Bearer {client.token}",
        '[[operations]]\ninclude-path = "/users/{username}"\nchecks.allow_header_conformance.enabled = false\n',
    ),
    "sourcehut": Dialect(
        "/api",
        lambda client: f"token {client.token}",
        '[[operations]]\ninclude-path = "/user"\nchecks.response_schema_conformance.enabled = false\n'
        "checks.allow_header_conformance.enabled = false\n",
        document="pastes/openapi.yaml",
    ),
}


def run(server: Server, name: str, examples: int, *options: str) -> tuple[int, int, str]:
    """(exit code, number of requests, what it printed) of a run with this many examples an operation and phase."""
    dialect = DIALECTS[name]
    user, other = server.user(name), server.user(f"{name}-other")
    user.create(), other.create()
    config = server.root / f"{name}.toml"
    config.write_text(CONFIG + dialect.config)
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run"]
    url = server.url + dialect.server
    command += [f"{url}/{dialect.document}", "--url", url, "--workers", "1", "--no-color"]
    headers = list(dialect.headers)
    if dialect.authorization:
        headers.append(f"Authorization: {dialect.authorization(user)}")
    command += [part for header in headers for part in ("--header", header)]
    environment = dict(os.environ)
    if dialect.hooks:
        server.cli("user", "digest", name, "--password-stdin", input=f"{SECRET}\n")
        hooks = server.root / f"{name}_hooks.py"
        hooks.write_text(dialect.hooks)
        environment["SCHEMATHESIS_HOOKS"] = str(hooks)
    command += ["--max-examples", str(examples), "--continue-on-failure", *options]
    done = subprocess.run(
        [str(part) for part in command], cwd=server.root, env=environment, text=True, capture_output=True
    )
    generated = re.search(r"(\d+) generated", done.stdout)
    return done.returncode, int(generated[1]) if generated else 0, done.stdout + done.stderr


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dialect", choices=DIALECTS, action="append", help="All of them if not given.")
    parser.add_argument("--examples", type=int, default=300)
    asked = parser.parse_args()
    failed = 0
    for name in asked.dialect or DIALECTS:
        with tempfile.TemporaryDirectory() as root:
            server = Server(Path(root), rate_limits="false").start()
            code, requests, words = run(server, name, asked.examples)
            server.stop()
            tracebacks = server.log.read_text().count("Traceback")
        print(words)
        print(f"{name}: {requests} requests, exit code {code}, {tracebacks} tracebacks in the log")
        failed += code or tracebacks
    return failed


if __name__ == "__main__":
    sys.exit(main())
