"""The power goes: all that was not synced by then is lost, and what was acknowledged is there all the same.

python -m tests.faults.power [--every N] [--only WRITE …]

A process is asked for one write, looked at by strace, and killed at one of its system calls, or when it has answered.
Then the disk is made what it would be at worst: of each file that was written and not synced, the bytes from before, or
none; of each name that was made, moved or taken away in a directory that was not synced since, what was there before.
gistd is started again on that. No device is needed that loses writes; this is the model of one that loses all it may.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.faults import scene
from tests.faults.child import Died, traced
from tests.faults.order import CALL, NAMES, NAMING, OPEN, WRITING
from tests.faults.points import CALLS, Sweep, Totals, calls

WRITES = ("create", "change", "push", "push-create", "fork", "delete")


@dataclass
class Disk:
    """What is on a disk under `root` that was as `base` before."""

    root: Path
    base: Path
    bytes: set[Path] = field(default_factory=set)
    """Files that were written since they were synced."""
    names: set[Path] = field(default_factory=set)
    """What was made, moved or taken away since the directory was synced."""

    def read(self, lines: Iterable[str]) -> "Disk":
        """Follow the system calls until the answer begins."""
        for line in lines:
            match = CALL.match(line)
            if match and match["name"] in ("sendto", "sendmsg"):
                break
            if match and int(match["result"]) >= 0:
                self._take(match["name"], match["rest"])
        return self

    def _take(self, call: str, rest: str) -> None:
        opened = OPEN.match(rest)
        path = Path(opened["path"]) if opened else None
        named = [each for each in map(Path, NAMES.findall(rest)) if each.is_relative_to(self.root)]
        if path and call in ("fsync", "fdatasync"):
            self.bytes.discard(path)
            self.names -= {name for name in self.names if name.parent == path}
        elif path and call in WRITING and path.is_relative_to(self.root):
            self.bytes.add(path)
        elif call == "openat" and "O_CREAT" in rest:
            self.names |= {name for name in named if not self._before(name).exists()}
        elif call in NAMING and call != "openat":
            if call.startswith("rename"):
                self._move(*named)
            self.names |= {*named}
        elif call in ("unlink", "unlinkat", "rmdir"):
            for name in named:
                self.bytes = {each for each in self.bytes if not each.is_relative_to(name)}
                self.names = {each for each in self.names if not each.is_relative_to(name)} | {name}

    def _move(self, old: Path, new: Path) -> None:
        for paths in (self.bytes, self.names):
            for path in [each for each in paths if each.is_relative_to(old)]:
                paths.remove(path)
                paths.add(new / path.relative_to(old))

    def _before(self, path: Path) -> Path:
        return self.base / path.relative_to(self.root)

    def lose(self) -> None:
        """Everything that was not synced."""
        for path in self.bytes:
            if path.is_file():
                before = self._before(path)
                path.write_bytes(before.read_bytes() if before.is_file() else b"")
        for name in sorted(self.names):
            _remove(name)
            before = self._before(name)
            if before.is_dir():
                shutil.copytree(before, name)
            elif before.exists() and name.parent.exists():
                shutil.copy2(before, name)
        _remove(self.root / "index.sqlite3-shm")  # is memory


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def cut(sweep: Sweep, write: str, call: str = "", number: int = 0) -> tuple[bool, Disk]:
    """Ask for the write, and cut the power at this call, or when it has answered. Whether it did, and what was lost."""
    child = sweep.asked(write)
    inject = ("-e", f"inject={call}:signal=SIGKILL:when={number}") if call else ()
    answered = True
    with traced(
        child.pid, sweep.words, "-y", "-s", "300", "-e", f"trace={','.join([*CALLS, 'sendto', 'sendmsg'])}", *inject
    ):
        try:
            assert child.go().result().acknowledged
        except Died:
            answered = False
    disk = Disk(sweep.work, sweep.base).read(sweep.words.read_text().splitlines())
    disk.lose()
    return answered, disk


def prove(sweep: Sweep, write: str, after: scene.Gists, call: str = "", number: int = 0) -> None:
    """Raises AssertionError if something that was acknowledged is lost, or anything is half there."""
    answered, disk = cut(sweep, write, call, number)
    recovered = scene.recover(sweep.work, sweep.people, sweep.log)
    may_be = [after] if answered else scene.outcomes(write, sweep.before, after)
    assert recovered.seen in may_be, (sorted(map(str, disk.bytes | disk.names)), recovered.seen)


def sweep_all(root: Path, writes: Iterable[str], every: int) -> Totals:
    """Cut the power at each point, or at every so many-th, and after the answer."""
    began, totals, turn = time.monotonic(), Totals(), count()
    sweep = Sweep(root).furnish()
    for write in writes:
        after = sweep.after(write)
        points = [point for point in calls(sweep.asked(write), sweep.words) if next(turn) % every == 0]
        for call, number in [("", 0), *points]:
            try:
                prove(sweep, write, after, call, number)
            except Exception as error:
                totals.wrong.append(f"{write}, the power cut at {call or 'the answer'} {number}: {error}")
            totals.points[write] += 1
        print(totals, file=sys.stderr, flush=True)
    totals.seconds = time.monotonic() - began
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(scene.WRITES), default=WRITES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        totals = sweep_all(Path(root), options.only, options.every)
    print(totals, *totals.wrong, sep="\n")
    sys.exit(1 if totals.wrong else 0)


if __name__ == "__main__":
    main()
