"""Load, and what it took: raw requests over keep-alive connections from this process, or calls in threads of it."""

import json
import os
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.harness import DEADLINE

MOST = 50_000
"""Calls in one measurement, however much time is left."""
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSES = re.compile(rb"(?i)\r\nconnection: *close")
_BODILESS = (b"204", b"304")


@dataclass(frozen=True)
class Sample:
    """One measurement: how many were done in a second; ms that one took; processor time, in ms each, of who did it."""

    rate: float
    p50: float
    p99: float
    busy: float | None


Busy = Callable[[], float | None]
"""The processor time, in seconds, that a server has taken so far, if that can be told."""


def sample(times: list[float], took: float, busy: float | None) -> Sample:
    ordered = sorted(times)
    p50, p99 = (ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99))
    return Sample(len(times) / took, p50 * 1000, p99 * 1000, None if busy is None else busy * 1000 / len(times))


# ---------------------------------------------------------------------- over HTTP


def http_request(method: str, path: str, body: Any = None, **headers: str) -> bytes:
    """A request; a body that is not bytes goes as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if content or method == "POST":
        headers = {"Content-Type": "application/json", **headers, "Content-Length": str(len(content))}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Connection:
    """A client with one connection, which asks again as soon as it has its answer; another status ends the run."""

    def __init__(self, url: str, status: int, requests: Iterable[bytes]) -> None:
        self._url = urlsplit(url)
        self._status = b"HTTP/1.1 %d " % status
        self._requests = iter(requests)
        self._length: int | None = None
        self._head = 0
        self._closes = False
        self.answer = bytearray()
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection((self._url.hostname, self._url.port or 80), DEADLINE)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.send(next(self._requests))

    def send(self, request: bytes) -> None:
        self.answer, self._head, self._length = bytearray(), 0, None
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come; whether that completes the answer."""
        received = self.socket.recv(1 << 18)
        self.answer += received
        if not self._head:
            assert received and self.answer.startswith(self._status[: len(self.answer)]), self.answer[:2000]
            self._head = self.answer.find(b"\r\n\r\n") + 4
            if self._head < 4:
                self._head = 0
                return False
            head = bytes(self.answer[: self._head])
            found = _LENGTH.search(head)
            self._length = 0 if self._status[9:12] in _BODILESS else int(found[1]) if found else None
            self._closes = _CLOSES.search(head) is not None
        assert received, "the answer ended early"
        if self._length is None:
            return self.answer.endswith(b"\r\n0\r\n\r\n")  # chunked
        return len(self.answer) >= self._head + self._length

    @property
    def body(self) -> bytes:
        return bytes(self.answer[self._head :])

    @property
    def head(self) -> bytes:
        return bytes(self.answer[: self._head])

    def renew(self) -> bool:
        """Connect anew if the server has said that it hangs up; whether it was so."""
        if self._closes:
            self.socket.close()
            self.socket = self._connect()
        return self._closes

    def once(self) -> "Connection":
        """Ask once, and wait for the answer."""
        self.ask()
        while not self.is_answered():
            pass
        self.socket.close()
        return self


def load(connections: list[Connection], busy: Busy, seconds: float) -> Sample:
    """Ask by all of these for some seconds."""
    before, begun = busy(), time.perf_counter()
    times = ask_until(connections, begun + seconds)
    took, after = time.perf_counter() - begun, busy()
    for connection in connections:
        connection.socket.close()
    return sample(times, took, None if before is None or after is None else after - before)


def ask_until(connections: list[Connection], end: float, most: int = MOST) -> list[float]:
    """How long each answer took; returns once the last one is there."""
    times: list[float] = []
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        while waiting.get_map():
            ready = waiting.select(DEADLINE)
            assert ready, "the server does not answer"
            for connection in (key.data for key, _ in ready):
                if not connection.is_answered():
                    continue
                now = time.perf_counter()
                times.append(now - connection.asked)
                if now >= end or len(times) >= most:
                    waiting.unregister(connection.socket)
                    continue
                old = connection.socket
                if connection.renew():
                    waiting.unregister(old)
                    waiting.register(connection.socket, selectors.EVENT_READ, connection)
                connection.ask()
    return times


def busy_seconds(group: int) -> float:
    """The processor time taken so far by a process group, and by all that its processes have started and waited for."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            columns = file.read_text().rpartition(")")[2].split()
            if int(columns[2]) == group:
                ticks += sum(map(int, columns[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------- without HTTP


def repeat(call: Callable[[], Any], threads: int, seconds: float) -> Sample:
    """Call it again and again for some seconds, in so many threads of this process."""
    busy, begun = time.process_time(), time.perf_counter()

    def one_thread(_: int) -> Iterator[float]:
        now = begun
        while now < begun + seconds:
            start = time.perf_counter()
            call()
            now = time.perf_counter()
            yield now - start

    with ThreadPoolExecutor(threads) as pool:
        times = [one for many in pool.map(lambda number: list(one_thread(number)), range(threads)) for one in many]
    return sample(times, time.perf_counter() - begun, time.process_time() - busy)
