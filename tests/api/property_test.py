"""Requests made up from the OpenAPI documents of our dialects, by schemathesis.

    python -m tests.api.property_test --requests 50000

Every check is on, save where it contradicts the dialect: undeclared methods get 404 there, not 405, a missing
credential is a 400 for paste.gg, 404 is also how Opengist says "you do not like this gist", and what it calls
`/user/~…` is sourcehut's. Users of ranna's and of
paste.gg's share an address, so that more is allowed there than one of the documents says; and so do those of Opengist's
and of sourcehut's, where who says nothing is answered as Opengist does. sourcehut's webhooks are where a paste may be.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
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
        '[[operations]]\ninclude-path-regex = "/(like|star)$"\nchecks.ensure_resource_availability.enabled = false\n'
        '[[operations]]\ninclude-path = "/user/{id}"\nchecks.response_schema_conformance.enabled = false\n',
    ),
    "ownpaste": Dialect(
        "",
        None,
        "ignored_auth.enabled = false\nmissing_required_header.enabled = false\n",
        ("Accept: application/json",),
        "paste/openapi.yaml",
        "import schemathesis\nfrom requests.auth import HTTPDigestAuth\n"
        f'schemathesis.auth.set_from_requests(HTTPDigestAuth("USER", "{SECRET}"))\n',
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
        "checks.allow_header_conformance.enabled = false\n"
        '[[operations]]\ninclude-path = "/pastes/webhooks"\nchecks.allow_header_conformance.enabled = false\n',
        document="pastes/openapi.yaml",
    ),
}


ANSWERS = "answers"
"""The file of a server's that has the status of every answer, a line each."""

_COUNT = f"""import schemathesis

@schemathesis.hook
def after_call(context, case, response):
    with open("{ANSWERS}", "a") as file:
        file.write(f"{{response.status_code}}\\n")
"""


def run(server: Server, name: str, examples: int, *options: str, client: Client | None = None) -> tuple[int, int, str]:
    """(exit code, number of requests, what it printed) of a run with this many examples an operation and phase, in the
    name of a new user, or of the client."""
    dialect = DIALECTS[name]
    user = client or server.user(name)
    if client is None:
        user.create(), server.user(f"{name}-other").create()
    config = server.root / f"{name}.toml"
    config.write_text(CONFIG + dialect.config)
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run"]
    url = server.url + dialect.server
    command += [f"{url}/{dialect.document}", "--url", url, "--workers", "1", "--no-color"]
    headers = list(dialect.headers)
    if dialect.authorization:
        headers.append(f"Authorization: {dialect.authorization(user)}")
    command += [part for header in headers for part in ("--header", header)]
    if dialect.hooks:
        server.cli("user", "digest", user.name, "--password-stdin", input=f"{SECRET}\n")
    hooks = server.root / f"{name}_hooks.py"
    hooks.write_text(_COUNT + dialect.hooks.replace("USER", user.name))
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(hooks)}
    command += ["--max-examples", str(examples), "--continue-on-failure", *options]
    before = len(statuses(server))
    done = subprocess.run(
        [str(part) for part in command], cwd=server.root, env=environment, text=True, capture_output=True
    )
    return done.returncode, len(statuses(server)) - before, done.stdout + done.stderr


def statuses(server: Server) -> list[int]:
    """The status of every answer to a request that was made up."""
    file = server.root / ANSWERS
    return [int(word) for word in file.read_text().split()] if file.exists() else []


def attack(server: Server, dialects: list[str], requests: int, examples: int, seed: int) -> int:
    """So many requests by the documents in turn, in the names of several users with tokens of several kinds; how many
    runs found something."""
    server.user("somebody").create()
    failed = 0
    for round in count():
        for name in dialects:
            if len(statuses(server)) >= requests:
                return failed
            options = ("--seed", str(seed + round))
            code, made, words = run(server, name, examples, *options, client=_somebody_new(server, round))
            print(f"{name}, round {round + 1}: {made:,} requests, exit code {code}", flush=True)
            if code:
                failed += 1
                print(words)
    return failed


def _somebody_new(server: Server, round: int) -> Client:
    """A user, by turns an admin, with a gist and a token, by turns a narrow one. New each time: among what is made up
    is another name for whoever asks."""
    name = f"user-{len(server.clients)}"
    server.cli("user", "create", name, *["--admin"][: round // 2 % 2])
    client = server.client(name)
    client.create()
    return server.client(name, ("gist:read,user:read", "gist:write")[round // 2 % 2]) if round % 2 else client


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dialect", choices=DIALECTS, action="append", help="All of them if not given.")
    parser.add_argument("--requests", type=int, default=10_000, help="Of all dialects together.")
    parser.add_argument("--examples", type=int, default=50, help="An operation, phase and round.")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), rate_limits="false").start()
        failed = attack(server, asked.dialect or [*DIALECTS], asked.requests, asked.examples, asked.seed)
        server.stop()
        tracebacks = server.log.read_text(errors="replace").count("Traceback")
        counted = Counter(statuses(server))
    print(", ".join(f"{number:,} x {status}" for status, number in sorted(counted.items())))
    wrong = sum(number for status, number in counted.items() if status >= 500)
    print(f"{counted.total():,} requests: {wrong} answered with a 5xx, {tracebacks} tracebacks in the log, "
          f"{failed} runs with something against the document")  # fmt: skip
    return failed + wrong + tracebacks


if __name__ == "__main__":
    sys.exit(main())
