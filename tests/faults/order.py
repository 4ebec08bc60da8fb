"""What was changed on the disk was synced before the first byte of the answer: a proof from the system calls.

python -m tests.faults.order [--only WRITE …]

A process is asked for one write, looked at by strace, and answers through a socket. Of each file that it wrote, a sync
must follow; of each name that it made, moved or took away, one of the directory; both before the answer. What was
deleted again, and what nobody needs (temporary files, locks, memory shared by processes), needs none. And the files of
a repository are synced before anything of the index, which may lag behind it, never lead.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.child import traced
from tests.faults.points import CALLS, Sweep

CALL = re.compile(r"\d+ +(?P<name>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+)")
OPEN = re.compile(r"^\d+<(?P<path>[^>]*)>")
NAMES = re.compile(r'"((?:[^"\\]|\\.)*)"')
WRITING = ("write", "writev", "pwrite64", "pwritev", "copy_file_range", "sendfile", "ftruncate", "fallocate")
NAMING = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "mkdir", "mkdirat", "openat")
_UNSHARED = re.compile(r"\.sqlite3(-shm|\.lock)$|/queue\.")
"""What is not to last: the memory that SQLite shares, the lock beside it; and the queue, which may lose what it has."""


@dataclass
class Trace:
    """What happened below a directory until the answer began: the paths that still needed a sync, and what was synced,
    in its order."""

    unsynced: set[Path] = field(default_factory=set)
    synced: list[Path] = field(default_factory=list)
    answered: bool = False


def read(lines: Iterator[str], root: Path) -> Trace:
    trace = Trace()
    for line in lines:
        match = CALL.match(line)
        if match is None or int(match["result"]) < 0:
            continue
        name, rest = match["name"], match["rest"]
        if name in ("sendto", "sendmsg"):
            trace.answered = True
            return trace
        _take(trace, name, rest, root)
    return trace


def _take(trace: Trace, name: str, rest: str, root: Path) -> None:
    opened = OPEN.match(rest)
    named = [path for path in map(Path, NAMES.findall(rest)) if path.is_relative_to(root)]
    if opened and name in ("fsync", "fdatasync"):
        trace.unsynced.discard(Path(opened["path"]))
        trace.synced.append(Path(opened["path"]))
    elif opened and name in WRITING and Path(opened["path"]).is_relative_to(root):
        _needs(trace, Path(opened["path"]))
    elif name in NAMING and (name != "openat" or "O_CREAT" in rest):
        for path in named:
            _needs(trace, path.parent, path)
        if name.startswith("rename"):
            _moved(trace, *named)
    elif name in ("unlink", "unlinkat", "rmdir"):
        for path in named:
            trace.unsynced -= {each for each in trace.unsynced if each.is_relative_to(path)}


def _needs(trace: Trace, path: Path, why: Path | None = None) -> None:
    if not _UNSHARED.search(str(why or path)):
        trace.unsynced.add(path)


def _moved(trace: Trace, old: Path, new: Path) -> None:
    """What was below the old name is below the new one."""
    for path in [each for each in trace.unsynced if each.is_relative_to(old)]:
        trace.unsynced.remove(path)
        trace.unsynced.add(new / path.relative_to(old))


def traced_write(sweep: Sweep, write: str) -> Trace:
    child = sweep.asked(write)
    calls = ",".join([*CALLS, "sendto", "sendmsg"])
    with traced(child.pid, sweep.words, "-y", "-s", "300", "-e", f"trace={calls}"):
        assert child.go().result().acknowledged
    return read(iter(sweep.words.read_text().splitlines()), sweep.work)


def prove(sweep: Sweep, write: str) -> Trace:
    """Raises AssertionError unless all of the write was synced in its order before it was answered."""
    trace = traced_write(sweep, write)
    assert trace.answered, "no answer was seen"
    # A directory in tmp/ is gone after a crash, be its name synced or not.
    left = {
        path for path in trace.unsynced if path != sweep.work / "tmp" and not path.is_relative_to(sweep.work / "tmp")
    }
    assert not left, f"{write}: answered before these were synced: {sorted(map(str, left))}"
    index = [place for place, path in enumerate(trace.synced) if path.name == "index.sqlite3-wal"]
    repository = [place for place, path in enumerate(trace.synced) if ".git" in str(path)]
    assert index, f"{write}: the index was not synced"
    if write not in ("delete", "like", "hide"):  # what goes, and what is hidden, goes from the index first
        assert repository, f"{write}: no repository was synced"
        assert max(repository) < max(index), f"{write}: the index leads its repository"
    return trace


WRITES = ("create", "change", "change again", "push", "push-create", "fork", "delete", "hide", "like")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=WRITES, default=WRITES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        sweep = Sweep(Path(root)).furnish()
        for write in options.only:
            synced = [str(path.relative_to(sweep.work)) for path in prove(sweep, write).synced]
            print(f"{write}: " + ", ".join(re.sub("[0-9a-f]{32,40}", "…", path) for path in synced))


if __name__ == "__main__":
    main()
