"""Reloads while clients work: nothing fails, whatever goes on.

`python -m tests.faults.reloads --reloads 50 --clients 6` prints how many requests there
were meanwhile, and what failed.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.harness import Client, Git, Server, wait_until

KINDS = 4


class Clients:
    """Some that go on asking until they are told to stop; `done` counts what was answered well."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self.failed: list[str] = []
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, what: str, step: Callable[[], Any]) -> None:
        def go_on() -> None:
            while not self.stop.is_set():
                try:
                    step()
                except (AssertionError, OSError, requests.RequestException) as error:
                    self.failed.append(f"{what}: {error!r}"[:500])
                self.done[what] = self.done.get(what, 0) + 1

        self._threads.append(threading.Thread(target=go_on))
        self._threads[-1].start()

    def have_gone_on_since(self, then: dict[str, int]) -> bool:
        return len(self.done) == KINDS and all(number > then.get(what, 0) for what, number in self.done.items())

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()


def start_working(clients: Clients, server: Server, alice: Client, git: Git, number: int) -> dict[str, str]:
    """Readers, makers, changers and a pusher; returns what each gist that was made must hold, as it grows."""
    made: dict[str, str] = {}
    for one in range(number):
        client = Client(server, alice.name, alice.token)
        if one % 2:
            client.session.headers["Connection"] = "close"

        def make(client: Client = client) -> None:
            content = os.urandom(8).hex()
            made[client.create({"a": content})["id"]] = content

        gist = client.create()["id"]
        clients.add("create", make)
        clients.add("read", lambda client=client, gist=gist: client.read(gist))  # type: ignore[misc]
        clients.add("page", lambda client=client, gist=gist: _page(client, gist))  # type: ignore[misc]
    clone = git.clone(alice.clone_url(alice.create()))

    def push() -> None:
        git.commit(clone, {"big": os.urandom(200_000), "n": os.urandom(4).hex()})
        git("push", "-q", cwd=clone)
        git("ls-remote", "origin", cwd=clone)

    clients.add("push", push)
    return made


def _page(client: Client, gist: str) -> None:
    answer = client.get(f"/{client.name}/{gist}")
    assert answer.status_code == 200, answer.status_code


def workers(server: Server) -> set[str]:
    assert server.process
    pid = server.process.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def reload(server: Server) -> None:
    """Tell the server to, and wait until all that were there are gone."""
    assert server.process
    before = workers(server)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not before & workers(server), "the old workers are gone")


def run(root: Path, reloads: int, number: int) -> Clients:
    server = Server(root).start("--workers", "2")
    alice, clients = server.user("alice"), Clients()
    made = start_working(clients, server, alice, Git(root / "git"), number)
    try:
        for _ in range(reloads):
            begun = dict(clients.done)
            wait_until(lambda begun=begun: clients.have_gone_on_since(begun), "everybody has done something")
            reload(server)
    finally:
        clients.end()
    for id, content in made.items():
        if alice.read(id)["files"]["a"]["content"] != content:
            clients.failed.append(f"{id} is not what was made")
    if server.stop() != 0 or "Traceback" in server.log.read_text():
        clients.failed.append("the server met something it did not expect")
    return clients


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        clients = run(Path(folder), options.reloads, options.clients)
    print(
        f"{options.reloads} reloads in {time.monotonic() - start:.0f} s: {clients.done}, {len(clients.failed)} failed"
    )
    for problem in clients.failed[:20]:
        print(f"failed: {problem}")
    return 1 if clients.failed else 0


if __name__ == "__main__":
    sys.exit(main())
