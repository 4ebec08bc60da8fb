"""Thousands of clients that say nothing, and hundreds that send a byte a second, while others work as ever.

`python -m tests.faults.slow_clients --silent 10000 --dripping 500 --seconds 60` prints how long requests took before
and meanwhile. Whoever is hung up on comes back at once, so that there are as many all the time.
"""

import argparse
import resource
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.harness import Client, Server, wait_until

POST = b"POST /api/gists HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BEGINNINGS = (
    b"G",
    POST + b"Content-Length: 60000\r\n\r\n{",
    POST + b"Content-Length: 9000000\r\n\r\n" + b" " * 40_000,
    POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n",
)
"""What comes first, at once: nothing of a head, or all of it and a part of the body."""


class Flood:
    """Clients that take their time, in a thread of their own."""

    def __init__(self, url: str, silent: int, dripping: int) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._address = host, int(port)
        self._wanted = [b""] * silent + [begin for begin, _ in zip(cycle(BEGINNINGS), range(dripping), strict=False)]
        self._open: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.hung_up = 0
        self.failed: list[str] = []

    def __enter__(self) -> "Flood":
        self._thread.start()
        wait_until(lambda: len(self._open) == len(self._wanted) or self.failed, "all slow clients are connected")
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()
        for each in self._open:
            each.close()

    @property
    def size(self) -> int:
        return len(self._open)

    def _run(self) -> None:
        try:
            for beginning in self._wanted:
                self._connect(beginning)
            while not self._stop.is_set():
                self._second()
        except OSError as error:
            self.failed.append(repr(error))

    def _connect(self, beginning: bytes) -> None:
        new = socket.create_connection(self._address, 30)
        new.setblocking(False)
        if beginning:
            with suppress(OSError):
                new.send(beginning)
        self._open[new] = beginning
        self._selector.register(new, selectors.EVENT_READ)

    def _second(self) -> None:
        """A byte from each that drips; and new clients for those that the server hung up on."""
        end = time.monotonic() + 1
        for each, beginning in list(self._open.items()):
            if beginning:
                with suppress(OSError):
                    each.send(b"x")
        while (left := end - time.monotonic()) > 0 and not self._stop.is_set():
            for key, _ in self._selector.select(left):
                self._hear(key.fileobj)

    def _hear(self, each: Any) -> None:
        with suppress(BlockingIOError, ConnectionError):
            if each.recv(65536):
                return
        self.hung_up += 1
        self._selector.unregister(each)
        each.close()
        self._connect(self._open.pop(each))


@dataclass
class Times:
    """How long each request took, in milliseconds, by what was asked; what failed did not count."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def p(self, percent: int, what: str) -> float:
        return statistics.quantiles(self.ms[what], n=100, method="inclusive")[percent - 1]

    @property
    def number(self) -> int:
        return sum(map(len, self.ms.values()))


def work(server: Server, alice: Client, gist: dict[str, Any], seconds: float, at_least: int) -> Times:
    """What people do, one after the other, each time on a connection of their own and on one that is kept."""
    times, end = Times(), time.monotonic() + seconds
    fresh = Client(server, alice.name, alice.token)
    fresh.session.headers["Connection"] = "close"
    files = {"a.txt": {"content": "x" * 3000}}
    asked: list[tuple[str, Client, str, str, dict[str, Any]]] = [
        ("GET /-/health", fresh, "GET", "/-/health", {}),
        ("GET a gist", alice, "GET", f"/api/gists/{gist['id']}", {}),
        ("GET its page", fresh, "GET", f"/alice/{gist['id']}", {}),
        ("POST a gist", fresh, "POST", "/api/gists", {"json": {"files": files}}),
    ]
    rounds = 0
    while rounds < at_least or time.monotonic() < end:
        rounds += 1
        for what, client, method, path, options in asked:
            start = time.perf_counter()
            try:
                status = client.request(method, path, **options).status_code
            except OSError as error:
                times.failed.append(f"{what}: {error!r}")
                continue
            times.ms.setdefault(what, []).append((time.perf_counter() - start) * 1000)
            if status >= 400:
                times.failed.append(f"{what}: {status}")
    return times


def more_files(wanted: int) -> None:
    """Let this process, and those that it starts, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(f"this takes {wanted} open files at once, and the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def run(root: Path, silent: int, dripping: int, seconds: float, at_least: int = 20) -> tuple[Times, Times, Flood]:
    more_files(silent + dripping + 200)
    with ExitStack() as stack:
        server = Server(root).start()
        stack.callback(server.stop)
        alice = server.user("alice")
        gist = alice.create()
        work(server, alice, gist, 0, 5)
        before = work(server, alice, gist, seconds / 4, at_least)
        flood = stack.enter_context(Flood(server.url, silent, dripping))
        meanwhile = work(server, alice, gist, seconds, at_least)
        meanwhile.failed += flood.failed
        if "Traceback" in server.log.read_text():
            meanwhile.failed.append("the server met something it did not expect")
        return before, meanwhile, flood


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--silent", type=int, default=10_000)
    parser.add_argument("--dripping", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before, meanwhile, flood = run(Path(folder), options.silent, options.dripping, options.seconds)
    print(f"{flood.size} slow clients, hung up on {flood.hung_up} times; {meanwhile.number} requests meanwhile")
    print(f"{'ms':16}{'before p50':>12}{'p95':>8}{'meanwhile p50':>15}{'p95':>8}{'p50 ratio':>12}{'p95':>8}")
    for what in before.ms:
        figures = before.p(50, what), before.p(95, what), meanwhile.p(50, what), meanwhile.p(95, what)
        ratios = figures[2] / figures[0], figures[3] / figures[1]
        print("{:16}{:12.1f}{:8.1f}{:15.1f}{:8.1f}{:12.2f}{:8.2f}".format(what, *figures, *ratios))
    for problem in meanwhile.failed[:20]:
        print(f"failed: {problem}")
    return 1 if meanwhile.failed else 0


if __name__ == "__main__":
    sys.exit(main())
