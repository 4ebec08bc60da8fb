"""Pushes changed at random, judged by gistd and by git: what git refuses, gistd must not accept.

    python -m tests.transport.fuzz_packs --rounds 5000 --seed 7

A round is made from the seed and its number alone: `--first 1234 --rounds 1` does that one again.
"""

import argparse
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness import Client, Git, Server

from . import packs
from .packs import Answer
from .random_packs import BASE, HEAD, LEVELS, Push

SAMPLE = 10
"""Of the pushes that gistd refuses, one in so many is shown to git, for the statistics."""


@dataclass
class Report:
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(level, who accepted it) -> rounds"""
    messages: Counter[str] = field(default_factory=Counter)
    """what gistd said to those it refused"""
    wrong: list[str] = field(default_factory=list)
    """rounds that break a promise"""

    def __str__(self) -> str:
        rows = [f"{count:6}  {level}: {verdict}" for (level, verdict), count in sorted(self.verdicts.items())]
        said = [f"{count:6}  {message}" for message, count in self.messages.most_common()]
        return "\n".join([*rows, "", *said, "", f"{len(self.wrong)} wrong", *self.wrong])


class Courtroom:
    """gistd with one gist, and a repository of git's own that holds the same."""

    def __init__(self, root: Path) -> None:
        self.git = Git(root / "git")
        self.reference, self.scratch = root / "reference.git", root / "scratch.git"
        self.git("init", "-q", "--bare", "--initial-branch=main", "--template=", self.reference)
        assert self._index(self.reference, packs.pack(BASE)) == 0
        self.git("update-ref", packs.MAIN, HEAD.id, cwd=self.reference)
        (root / "gistd").mkdir()
        self.server = Server(root / "gistd").start("--workers", "1")
        self.client: Client = self.server.user("alice")
        self.id = self.url = ""
        self.renew()

    def renew(self) -> None:
        """Another gist, that holds BASE."""
        if self.id:
            assert self.client.request("DELETE", f"/api/gists/{self.id}").status_code < 300
        gist = self.client.create()
        self.id, self.url = gist["id"], gist["clone_url"]
        first = packs.command(gist["commits"][0]["version"], HEAD.id)
        answer = packs.push(self.client, self.url, packs.request([first], packs.pack(BASE)))
        assert answer.accepted, answer

    def ask_gistd(self, push: Push) -> tuple[Answer, bool]:
        """(what it said, whether it took it in), by what is on its disk: one may ask it to say nothing."""
        before = self.server.on_disk()
        answer = packs.push(self.client, self.url, push.body())
        return answer, self.server.on_disk() != before

    def ask_git(self, push: Push) -> bool:
        shutil.rmtree(self.scratch, ignore_errors=True)
        shutil.copytree(self.reference, self.scratch)
        if self._index(self.scratch, push.pack) != 0:
            return False
        return (
            self.git.try_("rev-list", "--objects", "--quiet", push.new, "--not", HEAD.id, cwd=self.scratch).returncode
            == 0
        )

    def _index(self, repository: Path, pack: bytes) -> int:
        command = ["git", "index-pack", "--strict", "--stdin", "--fix-thin"]
        done = subprocess.run(command, cwd=repository, env=self.git.environment, input=pack, capture_output=True)
        return done.returncode

    def inspect(self) -> str:
        """What git says about gistd's own repository; empty when it is content."""
        done = self.git.try_("fsck", "--strict", "--no-dangling", cwd=self.server.repository(self.id))
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def head(self) -> str:
        return (self.server.repository(self.id) / packs.MAIN).read_text().strip()


def run(root: Path, rounds: int, seed: int, first: int = 0) -> Report:
    report, court = Report(), Courtroom(root)
    names = [name for name, (weight, _) in LEVELS.items() for _ in range(weight)]
    try:
        for number in range(first, first + rounds):
            dice = random.Random(f"{seed}/{number}")
            level = dice.choice(names)
            problem = judge(
                court, report, level, LEVELS[level][1](dice), sample=number % SAMPLE == 0 and level != "request"
            )
            if problem:
                report.wrong.append(f"--seed {seed} --first {number} ({level}): {problem}")
    finally:
        court.server.stop()
    if "Traceback" in court.server.log.read_text():
        report.wrong.append(f"a traceback in {court.server.log}")
    return report


def judge(court: Courtroom, report: Report, level: str, push: Push, sample: bool) -> str:
    """One round; returns what is wrong with it."""
    answer, taken = court.ask_gistd(push)
    if not taken:
        verdict = (
            "refused by gistd" if not sample else "refused by gistd only" if court.ask_git(push) else "refused by both"
        )
        report.verdicts[level, verdict] += 1
        report.messages[_family(answer.reason)] += 1
        return _wrong_refusal(level, answer)
    problem, fine = court.inspect(), court.ask_git(push)
    if court.head() != push.new:
        problem += "the branch is not where it should be"
    report.verdicts[level, "accepted by both" if fine and not problem else "ACCEPTED BY GISTD ONLY"] += 1
    court.renew()
    return problem or ("" if fine else "git refuses the pack")


def _wrong_refusal(level: str, answer: Answer) -> str:
    if answer.accepted:
        return "accepted, and nothing has changed"
    if answer.status >= 500 or not answer.reason.strip().isprintable():
        return f"{answer.status} {answer.text!r}"
    return f"a sound push is refused: {answer.reason}" if level == "sound" else ""


def _family(message: str) -> str:
    """A message without what differs from push to push."""
    message = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", message.strip())
    return re.sub(r"\b[0-9a-f]{7,40}\b|\d+", "…", message)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        report = run(Path(root), arguments.rounds, arguments.seed, arguments.first)
    print(report)
    raise SystemExit(bool(report.wrong))


if __name__ == "__main__":
    main()
