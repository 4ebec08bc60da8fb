"""The disk says no at every system call with which a write changes files: it is full, broken or read-only.

python -m tests.faults.errors [--every N] [--only WRITE …] [--kinds KIND …]

A process that has been asked for one write gets an error, from strace, at the k-th call of a kind. It must answer in
clear words, or have done it all; and, once the disk is well again, the same process does it when it is asked again.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.faults import scene
from tests.faults.child import Child, traced
from tests.faults.points import Sweep, calls
from tests.faults.scene import Answer, Asker, Gists


@dataclass(frozen=True)
class Kind:
    """An error, the calls that can end with it, and whether it lasts."""

    error: str
    calls: tuple[str, ...]
    lasts: bool


_WRITING = ("write", "pwrite64", "mkdir", "rename", "link", "ftruncate", "fallocate")
KINDS = {
    "full": Kind("ENOSPC", _WRITING, lasts=True),
    "full for a moment": Kind("ENOSPC", (*_WRITING, "openat"), lasts=False),
    "broken": Kind("EIO", ("fsync", "fdatasync"), lasts=False),
    "broken for good": Kind("EIO", ("fsync", "fdatasync", "pwrite64"), lasts=True),
    "read-only": Kind("EROFS", (*_WRITING, "unlink", "rmdir"), lasts=True),
}


@dataclass(frozen=True)
class Outcome:
    first: Answer
    between: Gists
    second: Answer
    afterwards: Gists


@dataclass
class Totals:
    points: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        points = ", ".join(f"{number} {what}" for what, number in self.points.items())
        answers = ", ".join(f"{number} x {what}" for what, number in self.answers.most_common())
        told = f"{self.points.total()} points ({points}), {self.seconds:.0f} s: {len(self.wrong)} wrong"
        return f"{told}\nanswered: {answers}"


def failed(sweep: Sweep, write: str, kind: Kind, call: str, number: int, after: Gists) -> Outcome:
    """Ask for the write while this goes wrong; and, unless it was done, once more when all is well again."""
    scene.copy(sweep.base, sweep.work)
    ask = scene.WRITES[write]

    def work(pause: Callable[[], None]) -> Outcome:
        asker = Asker(sweep.work, sweep.people)
        asker.look()  # a server that has been running for a while
        pause()
        first = ask(asker)
        pause()
        between = asker.look()
        return Outcome(first, between, first if between == after else ask(asker), asker.look())

    child = Child(work, sweep.log).wait()
    inject = f"inject={call}:error={kind.error}:when={number}{'+' if kind.lasts else ''}"
    with traced(child.pid, sweep.words, "-e", f"trace={call}", "-e", inject):
        child.go().wait()
    outcome: Outcome = child.go().result()
    return outcome


def refused(answer: Answer) -> str:
    """What was answered, in one word; an AssertionError if those are no clear words."""
    if answer.acknowledged:
        return "done"
    if b"ng refs/" in answer.body:
        [words] = re.findall(rb"ng refs/heads/main ([^\n]+)", answer.body)
        assert b"cannot be" in words or b"no room" in words or b"try again" in words, answer
        return "refused push"
    assert answer.status in (503, 507), answer
    assert answer.headers["Retry-After"], answer
    if answer.headers.get("Content-Type") == "application/json":
        assert json.loads(answer.body)["message"], answer
    assert answer.body, answer
    return str(answer.status)


def _tried(sweep: Sweep, write: str, kind: Kind, call: str, number: int, after: Gists) -> str:
    """What was answered, in one word, where all is as it must be meanwhile and afterwards."""
    outcome = failed(sweep, write, kind, call, number, after)
    said = refused(outcome.first)
    may_be = [after] if said == "done" else scene.outcomes(write, sweep.before, after)
    assert outcome.between in may_be, outcome.between
    assert outcome.second.acknowledged or outcome.between == after, outcome.second
    assert outcome.afterwards == after, outcome.afterwards
    recovered = scene.recover(sweep.work, sweep.people, sweep.log)
    assert recovered.seen == after, recovered.seen
    return said


def sweep_all(root: Path, writes: list[str], kinds: list[str], every: int = 1) -> Totals:
    began, totals = time.monotonic(), Totals()
    sweep = Sweep(root).furnish()
    turn = count()
    for write in writes:
        after = sweep.after(write)
        points = list(calls(sweep.asked(write, warm=True), sweep.words))
        for name in kinds:
            kind = KINDS[name]
            for call, number in points:
                if call not in kind.calls or next(turn) % every:
                    continue
                try:
                    said = _tried(sweep, write, kind, call, number, after)
                except Exception as error:
                    totals.wrong.append(f"{write}, {name}: {call} {number}: {error}")
                    continue
                totals.points[name] += 1
                totals.answers[said] += 1
        print(totals, file=sys.stderr, flush=True)
    totals.seconds = time.monotonic() - began
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(scene.WRITES), default=list(scene.WRITES))
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        totals = sweep_all(Path(root), options.only, options.kinds, options.every)
        print(totals, *totals.wrong, sep="\n")
    sys.exit(1 if totals.wrong else 0)


if __name__ == "__main__":
    main()
