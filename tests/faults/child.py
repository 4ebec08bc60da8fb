"""A piece of work in a process of its own, forked from this one, which has read all of gistd and opened nothing.

So gistd starts in a few hundredths of a second, and a single process, of which nobody knows anything any more, can be
killed at any of its system calls.
"""

import os
import pickle
import signal
import socket
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness import wait_until

WAITING = b"w"


class Died(Exception):
    """The process was killed before it had said what came of its work."""


class Broke(Exception):
    """The work raised; what, and where."""


class Child:
    """`work` is called with a function that waits until `go`; what it returns, `result` does here."""

    def __init__(self, work: Callable[[Callable[[], None]], Any], log: Path) -> None:
        self._ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _live(work, log, theirs)
        theirs.close()

    def wait(self) -> "Child":
        """Until it waits; Broke or Died when it never does."""
        if self._ours.recv(1, socket.MSG_PEEK) != WAITING:
            self.result()
            raise Died
        self._ours.recv(1)
        return self

    def go(self) -> "Child":
        self._ours.send(b"g")
        return self

    def result(self) -> Any:
        """What the work returned. Raises Died or Broke."""
        with self._ours:
            told = b"".join(iter(lambda: self._ours.recv(65536), b""))
        os.waitpid(self.pid, 0)
        if not told:
            raise Died
        good, value = pickle.loads(told)
        if not good:
            raise Broke(value)
        return value


def _live(work: Callable[[Callable[[], None]], Any], log: Path, parent: socket.socket) -> None:
    """All that a child does. It speaks through a socket: faults are for files."""

    def pause() -> None:
        parent.send(WAITING)
        if not parent.recv(1):
            os._exit(1)

    try:
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for standard in (1, 2):
            os.dup2(words, standard)
        told = (True, work(pause))
    except BaseException:
        told = (False, traceback.format_exc())
    try:
        parent.sendall(pickle.dumps(told))
    finally:
        os._exit(0)


def run(work: Callable[[], Any], log: Path) -> Any:
    """Do the work in a process of its own."""
    return Child(lambda pause: work(), log).result()


@contextmanager
def traced(pid: int, words: Path, *options: str, threads: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Let strace look at a process during the block; `words` is where it writes what it sees."""
    errors = words.with_suffix(".strace")
    with errors.open("wb") as said:
        command = ["strace", *(["-f"] if threads else []), "-o", str(words), *options, "-p", str(pid)]
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        wait_until(lambda: b"attached" in errors.read_bytes() or process.poll() is not None, "strace is attached")
        assert process.poll() is None, errors.read_text()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # it lets go
        process.wait()
