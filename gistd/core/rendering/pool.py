"""Processes that render, and can be killed: strangers' text can be made to take a library hours, or all memory.

They are started when there is something to do, with nothing of this process in them, and end with it.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from gistd.markup import LENGTH

_PACKAGES = str(Path(__file__).parents[3])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gistd.markup.child import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)
_CHUNK = 65536


class TooMuch(Exception):
    """There is no answer: it took too long, it became too large, or the library failed. `given` is how many seconds
    there were for it."""

    def __init__(self, given: float) -> None:
        super().__init__()
        self.given = given


class Pool:
    """At most so many processes. The limits are for each job: seconds, bytes of memory, bytes of the answer."""

    def __init__(self, processes: int, seconds: int, memory_bytes: int, answer_bytes: int) -> None:
        self._limits = [str(memory_bytes), str(seconds)]
        self._seconds, self._answer_bytes = seconds, answer_bytes
        self._places = BoundedSemaphore(processes)
        self._idle: list[_Child] = []  # appending and popping are atomic

    def run(self, until: float, kind: str, *arguments: Any) -> bytes:
        """What the job answers, as JSON. Raises TooMuch, also when no process was free until then (monotonic time)."""
        with self._place(until):
            began = time.monotonic()
            end = min(until, began + self._seconds)
            try:
                child = self._idle.pop() if self._idle else _Child(self._limits)
            except IndexError:  # another thread took the last one
                child = _Child(self._limits)
            try:
                answer = child.ask(json.dumps([kind, arguments]).encode(), end, self._answer_bytes)
            except OSError:
                child.kill()
                raise TooMuch(time.monotonic() - began if time.monotonic() >= end else self._seconds) from None
            self._idle.append(child)
        if answer == b"null":
            raise TooMuch(self._seconds)
        return answer

    @contextmanager
    def _place(self, until: float) -> Iterator[None]:
        if not self._places.acquire(timeout=max(0, until - time.monotonic())):
            raise TooMuch(0)
        try:
            yield
        finally:
            self._places.release()


class _Child:
    def __init__(self, limits: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _PACKAGES, *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)

    def ask(self, job: bytes, end: float, most_bytes: int) -> bytes:
        """The answer. OSError (TimeoutError, BrokenPipeError …) when there is none until then, or a longer one."""
        unsent = memoryview(LENGTH.pack(len(job)) + job)
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        poll.register(self._in, select.POLLOUT)
        received, size = bytearray(), LENGTH.size
        while len(received) < size:
            ready = poll.poll(max(0, end - time.monotonic()) * 1000)
            if not ready:
                raise TimeoutError
            for descriptor, _ in ready:
                if descriptor == self._in:
                    unsent = unsent[os.write(self._in, unsent) :]
                    if not unsent:
                        poll.unregister(self._in)
                elif chunk := os.read(self._out, _CHUNK):
                    received += chunk
                else:
                    raise BrokenPipeError
            if size == LENGTH.size and len(received) >= size:
                size += LENGTH.unpack_from(received)[0]
            if size > most_bytes:
                raise BrokenPipeError
        return bytes(received[LENGTH.size :])

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
