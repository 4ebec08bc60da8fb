"""kill -9 in the middle of writes, round after round on one data directory: what was acknowledged is all there.

python -m tests.crash [--rounds N] [--clients N] [--seed N]
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.harness import Client, Git, Server
from tests.real_files import FileEdits, Files, api_files, assert_sound, edited, git_revisions

SHORTEST, LONGEST = 0.05, 0.6
LIVE_GISTS = 16
"""Above it more is deleted than made, so that every round can look at all that there is."""


class Crashed(Exception):
    """The server went away before it had answered."""


@dataclass(frozen=True)
class Write:
    """A write that was asked for: the files of the gist when it is done, and its revision if we know already."""

    kind: str
    files: Files
    revision: str | None = None


@dataclass
class Known:
    """A gist: the revisions that were acknowledged, oldest first, and the write that was not answered, if any."""

    id: str
    title: str
    revisions: list[tuple[str, Files]] = field(default_factory=list)
    in_flight: Write | None = None

    @property
    def head(self) -> str | None:
        return self.revisions[-1][0] if self.revisions else None

    @property
    def files(self) -> Files:
        return self.revisions[-1][1]


@dataclass
class Totals:
    rounds: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    landed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    orphans: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.rounds} rounds, {self.seconds:.0f} s",
                f"{_listed(self.acknowledged)} acknowledged, {len(self.lost)} lost",
                f"{_listed(self.in_flight)} in flight when the server was killed",
                f"{_listed(Counter(self.landed))} of them took place, {self.orphans} orphans in lost+found",
                *self.lost,
            ]
        )


def _listed(counts: Counter[str]) -> str:
    return f"{counts.total()} writes ({', '.join(f'{number} {kind}' for kind, number in sorted(counts.items()))})"


class Writer:
    """One client of one round: it writes until the server is gone, and keeps book."""

    def __init__(self, crash: "Crash", number: int, gists: list[Known]) -> None:
        self.crash = crash
        self.client = crash.client()
        self.random = random.Random(f"{crash.seed}/{crash.totals.rounds}/{number}")
        self.gists = gists
        self.deleted: list[Known] = []
        self.unborn: Known | None = None
        self.acknowledged: Counter[str] = Counter()
        self.pushes = number % 3 == 0

    def run(self) -> None:
        try:
            while True:
                if self.pushes and self.gists:
                    self.push(self.random.choice(self.gists[:2]))
                else:
                    self.write()
        except Crashed:
            assert self.crash.ending.is_set(), "the server died by itself"

    def write(self) -> None:
        full = len(self.crash.gists) > LIVE_GISTS
        [kind] = self.random.choices(["create", "change", "delete"], [1, 6, 3] if full else [3, 6, 1])
        if kind == "create" or not self.gists:
            self.create()
        elif kind == "change":
            self.change(self.random.choice(self.gists))
        else:
            self.delete(self.random.choice(self.gists))

    def create(self) -> None:
        title = f"gist {self.random.getrandbits(64):016x}"
        files = {f"file {number}.txt": self._text() for number in range(self.random.randint(1, 5))}
        gist = self.unborn = Known("", title, in_flight=Write("create", _bytes(files)))
        entries = {path: {"content": text} for path, text in files.items()}
        answer = self._ask("POST", "/api/gists", 201, json={"title": title, "files": entries})
        gist.id = answer.json()["id"]
        self._acknowledge(gist, answer.json()["commits"][0]["version"])
        self.unborn = None
        self.gists.append(gist)

    def change(self, gist: Known) -> None:
        changes = self._changes(gist.files)
        gist.in_flight = Write("change", edited(gist.files, changes))
        answer = self._ask("PATCH", f"/api/gists/{gist.id}", 200, json={"files": changes})
        self._acknowledge(gist, answer.json()["commits"][0]["version"])

    def delete(self, gist: Known) -> None:
        gist.in_flight = Write("delete", {})
        self._ask("DELETE", f"/api/gists/{gist.id}", 204)
        self._acknowledge(gist, None)
        self.gists.remove(gist)
        self.deleted.append(gist)

    def push(self, gist: Known) -> None:
        """A few pushes from one clone."""
        git, clone = self.crash.git, self.crash.clones / gist.id
        if not clone.exists():
            self._git("clone", "-q", self._url(gist.id), clone)
        else:
            self._git("pull", "-q", "--ff-only", cwd=clone)
        for _ in range(self.random.randint(1, 4)):
            pushed = _bytes({f"pushed {self.random.randint(1, 5)}.txt": self._text()})
            revision = git.commit(clone, dict(pushed))
            gist.in_flight = Write("push", gist.files | pushed, revision)
            self._git("push", "-q", cwd=clone)
            self._acknowledge(gist, revision)

    def _changes(self, files: Files) -> FileEdits:
        """Always a new text, and sometimes a file that goes or gets another name."""
        paths = self.random.sample(sorted(files), len(files))
        path = self.random.choice([paths[0], f"folder/file {self.random.randint(1, 5)}.txt"])
        changes: FileEdits = {path: {"content": self._text()}}
        for path in paths[1:3]:
            kind = self.random.choice(["keep", "delete", "rename"])
            if path not in changes and kind != "keep":
                renamed = {"filename": f"renamed {self.random.getrandbits(32):08x}.txt"}
                changes[path] = None if kind == "delete" else renamed
        return changes

    def _text(self) -> str:
        """A text that is written only this once."""
        lines, words = self.random.choice([1, 10, 100]), self.random.choice([3, 100])
        return f"{self.random.getrandbits(64):016x}\n" + ("word " * words + "\n") * lines

    def _ask(self, method: str, path: str, status: int, **options: Any) -> requests.Response:
        try:
            answer = self.client.request(method, path, **options)
        except requests.RequestException as error:
            raise Crashed from error
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer

    def _git(self, *arguments: Any, cwd: Path | None = None) -> None:
        done = self.crash.git.try_(*arguments, cwd=cwd)
        if done.returncode and self.crash.ending.is_set():
            raise Crashed
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)

    def _url(self, id: str) -> str:
        return f"{self.crash.server.url.replace('://', f'://alice:{self.crash.token}@')}/alice/{id}.git"

    def _acknowledge(self, gist: Known, revision: str | None) -> None:
        assert gist.in_flight is not None
        if revision is not None:
            gist.revisions.append((revision, gist.in_flight.files))
        self.acknowledged.update([gist.in_flight.kind])
        gist.in_flight = None


def _bytes(files: dict[str, str]) -> Files:
    return {path: text.encode() for path, text in files.items()}


class Crash:
    """One data directory, and what must be in it."""

    def __init__(self, root: Path, clients: int, seed: int) -> None:
        self.seed = seed
        self.clients = clients
        self.random = random.Random(seed)
        self.totals = Totals()
        self.server = Server(root, rate_limits=False)
        self.git = Git(root / "git")
        self.clones = root / "clones"
        self.token = ""
        self.ending = threading.Event()
        self.gists: list[Known] = []
        self.graves: list[Known] = []

    def start(self) -> None:
        self.server.start("--workers", "2")

    def round(self) -> None:
        """Write until the server is killed, start it again, and look at everything."""
        self.clones.mkdir()
        self.random.shuffle(self.gists)
        writers = [Writer(self, number, self.gists[number :: self.clients]) for number in range(self.clients)]
        self._work_until_killed(writers)
        shutil.rmtree(self.clones)
        self.totals.rounds += 1
        self.gists = [gist for writer in writers for gist in writer.gists]
        unborn = [writer.unborn for writer in writers if writer.unborn]
        deleted = [gist for writer in writers for gist in writer.deleted]
        self.graves += deleted
        for writer in writers:
            self.totals.acknowledged.update(writer.acknowledged)
        self.totals.in_flight.update(gist.in_flight.kind for gist in self.gists + unborn if gist.in_flight)
        self.start()
        self._check(unborn, deleted)

    def _work_until_killed(self, writers: list["Writer"]) -> None:
        self.ending.clear()
        with futures.ThreadPoolExecutor(self.clients) as pool:
            running = [pool.submit(writer.run) for writer in writers]
            try:
                futures.wait(running, self.random.uniform(SHORTEST, LONGEST), futures.FIRST_EXCEPTION)
            finally:
                self.ending.set()
                self.server.kill()
            for each in running:
                each.result()

    def _check(self, unborn: list[Known], deleted: list[Known]) -> None:
        """What is listed is what must be there, and each of it is whole."""
        listed = self._listed()
        for gist in unborn:
            gist.id = next((id for id, title in listed.items() if title == gist.title), "")
        self.gists += [gist for gist in unborn if gist.id]
        for id in listed.keys() - {gist.id for gist in self.gists}:
            self._lose(f"gist {id} is listed, which was deleted or never made")
        self._at_once(lambda gist: self._check_gist(gist, gist.id in listed), self.gists)
        self._check_deleted(deleted)
        gone = [gist for gist in self.gists if gist.in_flight and gist.in_flight.kind == "delete"]
        self.graves += gone
        self.gists = [gist for gist in self.gists if gist not in gone]

    def _listed(self) -> dict[str, str]:
        """The ids and titles in all pages of the public list."""
        listed: dict[str, str] = {}
        url = "/api/gists/public?per_page=100"
        while url:
            page = self.server.nobody.get(url)
            assert page.status_code == 200, page.text
            listed.update({gist["id"]: gist["title"] for gist in page.json()})
            url = page.links.get("next", {}).get("url", "")
        return listed

    def _check_gist(self, gist: Known, listed: bool) -> None:
        """Afterwards `in_flight` is set only if it was a deletion that took place."""
        client, write = self.client(), gist.in_flight
        answer, page = client.get(f"/api/gists/{gist.id}"), client.get(f"/alice/{gist.id}")
        status = 200 if listed else 404
        if (answer.status_code, page.status_code) != (status, status):
            return self._lose(f"gist {gist.id}: listed {listed}, API {answer.status_code}, page {page.status_code}")
        if not listed:
            if write is None or write.kind != "delete":
                return self._lose(f"gist {gist.id} is gone")
            return self._land(write)
        self._check_contents(gist, answer.json())
        gist.in_flight = None
        if write is not None:
            text = f"after {self.totals.rounds} crashes\n"
            changed = client.change(gist.id, files={"after.txt": {"content": text}})
            gist.revisions.append((changed["commits"][0]["version"], gist.files | {"after.txt": text.encode()}))
        return None

    def _check_contents(self, gist: Known, found: dict[str, Any]) -> None:
        """The id of a revision covers all that led to it: if the head is the one we know, so is its history."""
        write = gist.in_flight
        head, *before = [commit["version"] for commit in found["commits"]]
        follows = head != gist.head and (before[0] if before else None) == gist.head
        if write is not None and follows and write.revision in (None, head):
            self._land(write)
            gist.revisions.append((head, write.files))
        if head != gist.head:
            self._lose(f"gist {gist.id}: its head is {head}, not {gist.head}")
        elif api_files(found) != gist.files:
            self._lose(f"gist {gist.id}: its files are not those of {head}")

    def _check_deleted(self, gists: Iterable[Known]) -> None:
        for gist in gists:
            for path in (f"/api/gists/{gist.id}", f"/alice/{gist.id}"):
                if self.server.nobody.get(path).status_code != 404:
                    self._lose(f"gist {gist.id} was deleted and is there again at {path}")
            if self.server.repository(gist.id).exists():
                self._lose(f"gist {gist.id} was deleted, but not its repository")

    def finish(self) -> None:
        """The doctor mends what is left over; then every revision is compared as git sees it."""
        self.server.cli("doctor", "--repair")
        assert_sound(self.server, self.git)
        assert list((self.server.repos / "tmp").iterdir()) == []
        self.totals.orphans = len(list((self.server.repos / "lost+found").iterdir()))
        self._check_deleted(self.graves)
        self._at_once(self._check_history, self.gists)
        assert self.server.stop() == 0
        assert "Traceback" not in self.server.log.read_text(), "the server met something it did not expect"

    def _check_history(self, gist: Known) -> None:
        if git_revisions(self.git, self.server.repository(gist.id)) != gist.revisions:
            self._lose(f"gist {gist.id}: its history is not what it was")

    def client(self) -> Client:
        return Client(self.server, "alice", self.token)

    def _at_once(self, work: Callable[[Known], None], gists: list[Known]) -> None:
        with futures.ThreadPoolExecutor(self.clients) as pool:
            list(pool.map(work, gists))

    def _land(self, write: Write) -> None:
        self.totals.landed.append(write.kind)

    def _lose(self, words: str) -> None:
        self.totals.lost.append(f"round {self.totals.rounds}: {words}")


def run(root: Path, rounds: int, clients: int = 6, seed: int = 1) -> Totals:
    """Crash so many times; ends early when something is lost."""
    began = time.monotonic()
    crash = Crash(root, clients, seed)
    crash.start()
    try:
        crash.token = crash.server.user("alice").token
        while crash.totals.rounds < rounds and not crash.totals.lost:
            crash.round()
        if not crash.totals.lost:
            crash.finish()
    finally:
        crash.server.stop()
    crash.totals.seconds = time.monotonic() - began
    return crash.totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        totals = run(Path(root), options.rounds, options.clients, options.seed)
    print(totals)
    sys.exit(1 if totals.lost else 0)


if __name__ == "__main__":
    main()
