"""More than one `gistd serve` on what there is: on PostgreSQL any number, on SQLite one."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness import Client, Server

from .two_nodes import nodes_at, run


@pytest.fixture
def empty(postgresql: str) -> Iterator[str]:
    """The URL of a database of its own."""
    with psycopg.connect(postgresql, autocommit=True) as main:
        main.execute("DROP DATABASE IF EXISTS nodes")
        main.execute("CREATE DATABASE nodes")
    yield postgresql.replace("/postgres?", "/nodes?")


def test_nothing_is_lost_when_one_of_two_nodes_is_killed(tmp_path: Path, empty: str) -> None:
    """More of it is `python -m tests.faults.two_nodes`."""
    acknowledged, wrong = run(tmp_path, empty, kills=2, clients=4)
    assert wrong == [] and acknowledged >= 100


def test_throttles_count_for_all_nodes(tmp_path: Path, empty: str) -> None:
    """A password is guessed as often as one node would let it."""
    nodes = nodes_at(tmp_path, empty)
    for node in nodes:
        node.environment.update(GISTD_RATE_LIMITS="true", GISTD_MAX_FAILURES_PER_ACCOUNT="4")
        node.start("--workers", "1")
    nodes[0].user("alice")
    place = {"Authorization": "Basic YWxpY2U6d3Jvbmc="}  # alice:wrong
    statuses = [
        Client(nodes[turn % 2], "", "").get("/alice/x.git/info/refs?service=git-upload-pack", headers=place).status_code
        for turn in range(8)
    ]
    assert statuses == [401] * 4 + [429] * 4
    for node in nodes:
        node.stop()


def test_a_second_server_on_sqlite_is_refused(own_server: Callable[..., Server]) -> None:
    """On another machine it would destroy the index: SQLite's WAL is shared memory. The first serves on."""
    server = own_server().start()
    assert "another gistd serves" in server.cli("serve", "--port", "0", code=1)
    assert server.nobody.get("/-/health").status_code == 200
    assert server.process
    server.process.send_signal(signal.SIGKILL)  # its workers end by themselves, in a moment
    server.process.wait()
    server.start()
    assert server.nobody.get("/-/health").status_code == 200
