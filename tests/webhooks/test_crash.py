"""What was written down is sent, whoever is killed in between; with a queue in a file, and with one in Redis."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from shutil import which

import pytest

from tests.harness import GISTD, Client, Server, require, wait_until
from tests.webhooks.hooks import QUICK, deliveries, paste, settled, subscribe
from tests.webhooks.receiver import Receiver

SETTINGS = {**QUICK, "webhook_seconds": 1, "webhook_attempts": 20}
"""Whoever was killed while sending is thought to be gone after five times so long."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis that runs for these tests only."""
    program = which("redis-server")
    require("redis", program)
    root = tmp_path_factory.mktemp("redis")
    socket = root / "socket"
    command = [str(program), "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", root]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    wait_until(socket.exists, "Redis listens")
    yield f"unix://{socket}"
    process.terminate()
    process.wait()


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)
    handler.close_connection = True


def beside(server: Server) -> int:
    """The number of the process that sends: the youngest child of the server."""
    assert server.process is not None
    tasks = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return max(map(int, tasks.read_text().split()))


def all_arrive(tool: Client, webhook: int, receiver: Receiver, path: str, pastes: list[str]) -> None:
    """Each paste was told, and the index knows it."""

    def statuses() -> list[int]:
        return [each["response_status"] for each in deliveries(tool, webhook)]

    wait_until(lambda: statuses() == [200] * len(pastes), "all have arrived")
    assert {got.told["sha"] for got in receiver.got(path)} == set(pastes)


@pytest.mark.parametrize("kind", ["file", "redis"])
def test_nothing_is_lost_with_the_server(
    request: pytest.FixtureRequest, own_server: Callable[..., Server], receiver: Receiver, kind: str
) -> None:
    """kill -9 while one is sent and others wait; and while they wait, Redis forgets them all."""
    more = {"queue_url": request.getfixturevalue("redis")} if kind == "redis" else {}
    server = own_server(**SETTINGS, **more).start()
    tool = server.user("alice")
    first = subscribe(tool, receiver.url(f"quick-{kind}", 200))
    webhook = subscribe(tool, receiver.url(f"slow-{kind}", hang, 200))
    made = [paste(tool)["sha"] for _ in range(4)]
    wait_until(lambda: receiver.got(f"slow-{kind}"), "one is being sent")
    assert deliveries(tool, webhook)[0]["response_status"] == -2
    server.kill()
    (server.repos / "queue.sqlite3").unlink(missing_ok=True)
    if kind == "redis":
        subprocess.run(["redis-cli", "-s", more["queue_url"].removeprefix("unix://"), "FLUSHALL"], check=True)
    tool.server.start()
    all_arrive(tool, webhook, receiver, f"slow-{kind}", made)
    all_arrive(tool, first, receiver, f"quick-{kind}", made)
    assert (server.repos / "queue.sqlite3").exists() == (kind == "file")


def test_who_sends_is_killed_and_there_is_another_one(own_server: Callable[..., Server], receiver: Receiver) -> None:
    server = own_server(**SETTINGS).start()
    tool = server.user("alice")
    webhook = subscribe(tool, receiver.url("killed", hang, 200))
    made = [paste(tool)["sha"] for _ in range(2)]
    wait_until(lambda: receiver.got("killed"), "one is being sent")
    killed = beside(server)
    os.kill(killed, signal.SIGKILL)
    all_arrive(tool, webhook, receiver, "killed", made)
    another = beside(server)
    assert another != killed
    assert server.stop() == 0
    wait_until(lambda: not Path(f"/proc/{another}").exists(), "it is gone with the server")


def test_a_worker_by_itself(own_server: Callable[..., Server], receiver: Receiver) -> None:
    """`gistd worker` does what `gistd serve` does beside the requests, and what it is doing it brings to its end."""
    server = own_server(**SETTINGS).start()
    tool = server.user("alice")
    webhook = subscribe(tool, receiver.url("alone", 200))
    os.kill(server.process.pid, signal.SIGSTOP)  # type: ignore[union-attr]  # it starts no other one
    os.kill(beside(server), signal.SIGKILL)
    worker = subprocess.Popen([*GISTD, "worker"], cwd=server.root, env=server.environment)
    made = paste(tool)["sha"]
    assert settled(tool, webhook, 200)["payload"].count(made) == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    os.kill(server.process.pid, signal.SIGCONT)  # type: ignore[union-attr]
