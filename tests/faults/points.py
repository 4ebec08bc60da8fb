"""kill -9 at every system call with which a write changes files: nothing that was acknowledged is lost.

python -m tests.faults.points [--every N] [--only WRITE …]

A process that has been asked for one write is killed by strace as it enters the k-th call of a kind; then gistd is
started again on what it left. That is done for every k and every kind, until the write gets through.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from gistd.app import create_app
from gistd.settings import Settings
from tests.faults import scene
from tests.faults.child import Child, Died, run, traced
from tests.faults.scene import Answer, Asker, Gists, People
from tests.harness import permit, require

CALLS = (
    "write", "writev", "pwrite64", "pwritev", "copy_file_range", "sendfile", "fsync", "fdatasync", "rename", "renameat",
    "renameat2", "link", "linkat", "symlink", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "ftruncate",
    "truncate", "fallocate", "openat", "fchmod", "chmod", "fchmodat", "utimensat",
)  # fmt: skip
"""All with which anything of gistd's, of libgit2's or of SQLite's could change a file."""


def require_strace() -> None:
    require("strace", shutil.which("strace"))
    permit("trace processes", "strace", "-o", "/dev/null", "true")


@dataclass
class Sweep:
    """Faults at every point of writes, on copies of one data directory."""

    root: Path
    people: People = field(default_factory=People)
    before: Gists = field(default_factory=dict)

    @property
    def base(self) -> Path:
        return self.root / "base"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def words(self) -> Path:
        """What strace saw."""
        return self.root / "words"

    @property
    def log(self) -> Path:
        return self.root / "child.log"

    def furnish(self) -> "Sweep":
        self.people = scene.furnish(self.base)
        self.before = run(lambda: Asker(self.base, self.people).look(), self.log)
        return self

    def asked(self, write: str, warm: bool = False) -> Child:
        """A process that is about to do the write on a new copy; it has been asked before if it is warm."""
        scene.copy(self.base, self.work)
        ask = scene.WRITES[write]

        def work(pause: Callable[[], None]) -> Answer:
            asker = Asker(self.work, self.people)
            if warm:
                asker.look()
            pause()
            answer = ask(asker)
            assert answer.acknowledged, answer
            return answer

        return Child(work, self.log).wait()

    def after(self, write: str) -> Gists:
        """What there is to see when nothing goes wrong."""
        assert self.asked(write).go().result().acknowledged
        return run(lambda: Asker(self.work, self.people).look(), self.log)


def calls(child: Child, words: Path) -> Iterator[tuple[str, int]]:
    """The calls with which a child changes files, each with its number among those of its kind."""
    with traced(child.pid, words, "-e", f"trace={','.join(CALLS)}"):
        child.go().result()
    numbers: Counter[str] = Counter()
    for line in words.read_text().splitlines():
        if match := re.match(r"\d+ +(\w+)\(", line):
            numbers[match[1]] += 1
            if match[1] != "openat" or "O_CREAT" in line:
                yield match[1], numbers[match[1]]


@dataclass
class Totals:
    points: Counter[str] = field(default_factory=Counter)
    took_place: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        points = ", ".join(f"{number} {write}" for write, number in self.points.items())
        mended = "; ".join(f"{number} x {words}" for words, number in self.mended.most_common())
        return (
            f"{self.points.total()} points ({points}), {self.seconds:.0f} s: {len(self.wrong)} wrong\n"
            f"{self.took_place} had taken place without an answer; the doctor mended: {mended or 'nothing'}"
        )


def killed(child: Child, words: Path, call: str, number: int) -> bool:
    """Let the child go; whether it died at this call."""
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    with traced(child.pid, words, "-e", f"trace={call}", "-e", inject):
        try:
            child.go().result()
        except Died:
            return True
    return False


def sweep_all(root: Path, writes: list[str], every: int = 1) -> Totals:
    """Kill each of these writes at every point, or at every so many-th."""
    began, totals = time.monotonic(), Totals()
    sweep = Sweep(root).furnish()
    turn = count()
    for write in writes:
        after = sweep.after(write)
        for call, number in list(calls(sweep.asked(write), sweep.words)):
            if next(turn) % every:
                continue
            try:
                dead = killed(sweep.asked(write), sweep.words, call, number)
                recovered = scene.recover(sweep.work, sweep.people, sweep.log)
                may_be = scene.outcomes(write, sweep.before, after) if dead else [after]
                assert recovered.seen in may_be, recovered.seen
            except Exception as error:
                totals.wrong.append(f"{write}, killed at {call} {number}: {error}")
                continue
            totals.points[write] += dead  # there are not always as many calls
            totals.took_place += dead and recovered.seen == after != sweep.before
            totals.mended.update(re.sub(r"[0-9a-f]{32}|/\S+", "…", words) for words in recovered.mended)
        print(totals, file=sys.stderr, flush=True)
    if "Traceback" in (said := sweep.log.read_text()):
        totals.wrong.append(said)
    totals.seconds = time.monotonic() - began
    return totals


def sweep_first_start(root: Path, every: int = 1) -> int:
    """Kill the first start, which makes the folders, the key and the index: the second one does what is left. Returns
    the number of points."""
    place, words, log = root / "first", root / "words", root / "first.log"

    def asked() -> Child:
        shutil.rmtree(place, ignore_errors=True)

        def work(pause: Callable[[], None]) -> None:
            pause()
            create_app(Settings(repos=place))

        return Child(work, log).wait()

    points = list(calls(asked(), words))[::every]
    for call, number in points:
        killed(asked(), words, call, number)
        run(lambda: scene.use(place), log)
    return len(points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(scene.WRITES), default=list(scene.WRITES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        totals = sweep_all(Path(root), options.only, options.every)
        print(totals, *totals.wrong, sep="\n")
        print(f"{sweep_first_start(Path(root), options.every)} points of the first start")
    sys.exit(1 if totals.wrong else 0)


if __name__ == "__main__":
    main()
