"""The processes of a server, seen from outside: its git children, its memory, its open files. Linux only."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.harness import Server

PROC = Path("/proc")
PAUSE = 0.003


def worker(server: Server) -> int:
    """The process that answers, of a server that was started with `--workers 1`."""
    assert server.process is not None
    return children(server.process.pid)[0]  # the process beside the workers is made after them


def descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from descendants(child)


def git_processes(server: Server) -> list[str]:
    """Every git that works for the server, also one that has lost its parent: each knows its repository."""
    assert server.process is not None
    ours, data = set(descendants(server.process.pid)), os.fsencode(server.repos)
    found = []
    for place in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if (place / "comm").read_text().startswith("git"):
                words = (place / "cmdline").read_bytes()
                if int(place.name) in ours or data in words + (place / "environ").read_bytes():
                    found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


def open_files(pid: int) -> list[str]:
    """What a process holds open, but for the index: each thread that ever worked keeps a connection to that."""
    found = []
    for link in (PROC / str(pid) / "fd").iterdir():
        with suppress(OSError):
            found.append(os.readlink(link))
    return [name for name in found if "index.sqlite3" not in name]


def is_on_disk(server: Server, files: dict[str, bytes]) -> bool:
    """Whether that, and nothing else, is in the data directory."""
    try:
        return server.on_disk() == files
    except FileNotFoundError:  # something was deleted while we looked
        return False


def has_read(pid: int) -> int:
    """How many bytes a git-remote-http has read so far; 0 for other processes."""
    with suppress(OSError):
        if (PROC / str(pid) / "comm").read_text().startswith("git-remote-http"):
            return int((PROC / str(pid) / "io").read_text().split()[1])
    return 0


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # it has just ended
        for task in (PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _kilobytes(pid: int, name: str) -> int:
    """A line of /proc/<pid>/status; 0 when the process is gone."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def _program(pid: int) -> str:
    try:
        return os.readlink(PROC / str(pid) / "exe")
    except OSError:
        return ""


class Memory:
    """The most that a server of one worker held in memory, its children included, beyond what it held at first.

    `with memory: …`, then look at `memory.added`. The peak of the worker is the kernel's; that of the children is
    the highest sum of their peaks, of all that lived at the same time. The two are added as if they coincided.
    """

    def __init__(self, server: Server) -> None:
        self._worker = worker(server)
        self._program = _program(self._worker)
        self._first = _kilobytes(self._worker, "VmRSS")
        self._children = 0
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.added = 0

    def __enter__(self) -> "Memory":
        (PROC / str(self._worker) / "clear_refs").write_text("5")  # the peak begins anew
        self._children = 0
        self._done.clear()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._done.set()
        self._thread.join()
        self.added = (_kilobytes(self._worker, "VmHWM") + self._children - self._first) * 1024

    def _sample(self) -> None:
        while not self._done.wait(PAUSE):
            # A child that runs the worker's own program has only just been forked, and shares the worker's memory.
            living = [pid for pid in descendants(self._worker) if _program(pid) != self._program]
            self._children = max(self._children, sum(_kilobytes(pid, "VmHWM") for pid in living))
