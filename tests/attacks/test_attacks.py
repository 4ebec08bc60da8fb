"""A small run of each attack; the scripts go on for as long as one likes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Server

from . import leaks, sockets

ROOT = Path(__file__).parents[2]
SEED = "6157"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("attacked"), rate_limits="false").start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text(errors="replace")


def run(script: str, *arguments: str) -> str:
    """What it prints, in a process of its own: it opens a house, of which a process has one."""
    command = [sys.executable, "-m", f"tests.attacks.{script}", "--seed", SEED, *arguments]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_made_up_bytes_end_in_success_or_in_an_error_of_ours() -> None:
    assert "0 findings" in run("fuzz", "--inputs", "2500")


def test_core_does_what_the_model_does() -> None:
    assert "no difference" in run("machine", "--runs", "25", "--steps", "30")


def test_requests_that_are_no_http_harm_nobody(server: Server) -> None:
    client, before = server.user("alice"), sockets.workers(server)
    said, wrong = sockets.attack(client, 600, int(SEED))
    assert wrong == [] and sockets.workers(server) == before
    assert said["200"] and said["400"]


def test_what_is_hidden_is_told_nowhere(tmp_path: Path) -> None:
    attack = leaks.run(tmp_path, 0, every=60)
    assert attack.wrong == []
    assert attack.answers.total() > 800
