"""Many processes write at once to one index: each write takes place, or is answered with 503, and none is lost.

python -m tests.faults.writers [--writers N] [--writes N] [--lock SECONDS]

Each process makes gists, changes a gist that all of them change, and likes it or not. With `--lock`, somebody else
holds the index for so long at the beginning.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import scene
from tests.faults.child import Child
from tests.faults.points import Sweep
from tests.faults.scene import Answer, Asker

Held = Callable[[Path], AbstractContextManager[None]]


@dataclass
class Written:
    """What became of the writes of one process, or of all."""

    statuses: Counter[str] = field(default_factory=Counter)
    made: int = 0
    changed: int = 0
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0

    def take(self, kind: str, answer: Answer, seconds: float) -> None:
        self.statuses[f"{kind} {answer.status}"] += 1
        self.longest = max(self.longest, seconds)
        if not answer.acknowledged and (answer.status != 503 or "Retry-After" not in answer.headers):
            self.wrong.append(f"{kind}: {answer.status} {answer.body[:200]!r}")
        if b"locked" in answer.body:
            self.wrong.append(f"{kind}: {answer.body[:200]!r}")
        self.made += kind == "create" and answer.acknowledged
        self.changed += kind == "change" and answer.acknowledged

    def add(self, other: "Written") -> None:
        self.statuses += other.statuses
        self.made, self.changed = self.made + other.made, self.changed + other.changed
        self.wrong += other.wrong
        self.longest = max(self.longest, other.longest)


def _write(asker: Asker, number: int, writes: int) -> Written:
    """The work of one process."""
    chance, written, id = random.Random(number), Written(), asker.id("changed")
    for turn in range(writes):
        kind = chance.choice(["create", "create", "change", "like", "dislike"])
        files = {f"{number}.txt": {"content": f"{turn}\n"}}
        began = time.monotonic()
        if kind == "create":
            answer = asker.send("POST", "/api/gists", json={"files": files})
        elif kind == "change":
            answer = asker.send("PATCH", f"/api/gists/{id}", json={"files": files})
        else:
            answer = asker.send("PUT" if kind == "like" else "DELETE", f"/api/gists/{id}/like")
        written.take(kind, answer, time.monotonic() - began)
    return written


def run(root: Path, writers: int, writes: int, held: Held = lambda index: nullcontext()) -> Written:
    """`held` is entered with the index while they write."""
    sweep, total = Sweep(root).furnish(), Written()
    scene.copy(sweep.base, sweep.work)

    def work(number: int) -> Callable[[Callable[[], None]], Written]:
        def of_one(pause: Callable[[], None]) -> Written:
            asker = Asker(sweep.work, sweep.people)
            pause()
            return _write(asker, number, writes)

        return of_one

    children = [Child(work(number), sweep.log).wait() for number in range(writers)]
    with held(sweep.work / "index.sqlite3"):
        for child in children:
            child.go()
        for child in children:
            total.add(child.result())
    _compare(sweep, total)
    return total


def _compare(sweep: Sweep, total: Written) -> None:
    """What was acknowledged is there; then all of it must be sound."""
    with closing(sqlite3.connect(sweep.work / "index.sqlite3")) as index:
        [made] = index.execute("SELECT count(*) FROM gist").fetchone()
        assert index.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    furnished = len(sweep.people.gists)
    if not 0 <= made - furnished - total.made <= sum(n for what, n in total.statuses.items() if "503" in what):
        total.wrong.append(f"{made - furnished} gists were made, {total.made} acknowledged")
    revisions = Child(lambda pause: _revisions(sweep), sweep.log).result()
    if revisions < 1 + total.changed:
        total.wrong.append(f"{revisions} revisions of the gist that {total.changed} changes were made to")


def _revisions(sweep: Sweep) -> int:
    asker = Asker(sweep.work, sweep.people)
    assert [finding for finding in scene.doctor.examine(repair=True) if not finding.mended] == []
    id, number = asker.id("changed"), 0
    while page := asker.read(f"/api/gists/{id}/commits?per_page=100&page={number // 100 + 1}"):
        number += len(page)
    return number


@contextmanager
def hold(index: Path, seconds: float) -> Iterator[None]:
    """Somebody else has the index for themselves, from the beginning, for so long."""
    with closing(sqlite3.connect(index, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        end = threading.Timer(seconds, lambda: other.execute("COMMIT"))
        end.start()
        yield
        end.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--lock", type=float, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        total = run(Path(root), asked.writers, asked.writes, lambda index: hold(index, asked.lock))
    answers = ", ".join(f"{number} x {what}" for what, number in sorted(total.statuses.items()))
    print(f"{asked.writers} processes, {time.monotonic() - began:.0f} s, the longest write {total.longest:.1f} s")
    print(answers, *total.wrong[:20], f"{len(total.wrong)} wrong", sep="\n")
    sys.exit(1 if total.wrong else 0)


if __name__ == "__main__":
    main()
