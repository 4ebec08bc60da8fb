"""Requests made up from our own OpenAPI document, by schemathesis: `python -m tests.api.opengist.property_test`.

Every check is on, save where it contradicts Opengist: undeclared methods get 404 there, not 405, and 404 is also how it
says "you do not like this gist".
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.harness import Server

# Rules that a schema cannot say (a name twice, a slug taken, an ETag gone by) may refuse what fits the schema.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "413", "416", "422"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "409", "412", "413", "414", "422"]
unsupported_method.enabled = false

[[operations]]
include-path-regex = "/(like|star)$"
checks.ensure_resource_availability.enabled = false
"""


def run(server: Server, examples: int, *options: str) -> tuple[int, int, str]:
    """(exit code, number of requests, what it printed) of a run with this many examples an operation and phase."""
    alice, bob = server.user("alice"), server.user("bob")
    alice.create(), bob.create()
    config = server.root / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run"]
    command += [f"{server.url}/api/openapi.yaml", "--url", f"{server.url}/api", "--workers", "1", "--no-color"]
    command += ["--header", f"Authorization: Bearer {alice.token}"]
    command += ["--max-examples", str(examples), "--continue-on-failure", *options]
    done = subprocess.run([str(part) for part in command], cwd=server.root, text=True, capture_output=True)
    generated = re.search(r"(\d+) generated", done.stdout)
    return done.returncode, int(generated[1]) if generated else 0, done.stdout + done.stderr


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=300)
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), rate_limits="false").start()
        code, requests, words = run(server, parser.parse_args().examples)
        server.stop()
        tracebacks = server.log.read_text().count("Traceback")
    print(words)
    print(f"{requests} requests, exit code {code}, {tracebacks} tracebacks in the log")
    return code or tracebacks


if __name__ == "__main__":
    sys.exit(main())
