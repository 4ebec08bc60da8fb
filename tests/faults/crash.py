"""kill -9 at random while clients write through every face: what was acknowledged is all there.

python -m tests.faults.crash [--rounds N] [--writes N] [--workers N] [--seed N]

Most rounds kill one worker, which is replaced while the others go on; some kill all of gistd, which is started again,
and everything that there is is looked at. Each client has an account of its own, and knows to the byte what must be in
it: what was acknowledged, and the one write, if any, that was in flight when its connection broke, or not.
"""

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.harness import Client, Git, Server, wait_until
from tests.real_files import assert_sound, fsck, git_revisions
from tests.test_cross_dialect import NAME, ByGit, Dialect, Opengist, Ownpaste, PasteGG, Ranna, Sourcehut, Web, answered
from tests.transport import packs, watch
from tests.web.people import Person, found

SHORTEST, LONGEST = 0.005, 0.5
TREE_EVERY = 25
"""One round in so many kills all of gistd, not one worker."""
TOLD_EVERY = 50
FEWEST, MOST = 3, 8
"""Gists that a client has at least before it deletes any, and at most."""

Broken = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)


class BreakableGit(Git):
    """One whose server may go away at any time."""

    _GONE = re.compile(
        r"unexpected disconnect|RPC failed|Failed to connect|Couldn't connect|Empty reply|hung up|Recv failure|"
        r"early EOF|expected flush|Connection reset|transfer closed|invalid server response|unable to access|"
        # So it calls a connection, too, that broke after the challenge.
        r"Authentication failed"
    )

    def try_(self, *arguments: Any, cwd: Path | None = None, **environment: str) -> Any:
        done = super().try_(*arguments, cwd=cwd, **environment)
        if done.returncode and self._GONE.search(done.stderr):
            raise requests.ConnectionError(done.stderr)
        return done


class Pushing(ByGit):
    """Makes gists at addresses of their own: what git sends again, its connection being broken, is the same push."""

    def __init__(self, client: Client, git: Git) -> None:
        super().__init__(client, git)
        self.client = client

    def make(self, content: bytes) -> str:
        slug = f"new-{next(self.numbers)}"
        clone = self.git.home / slug
        self.git("init", "-q", "-b", "main", clone)
        self.git.commit(clone, {NAME: content})
        self.git("push", "-q", f"{self.host}/{self.client.name}/{slug}.git", "main", cwd=clone)
        return str(self.client.get("/api/gists?per_page=1").json()[0]["id"])


class ByHand(Opengist):
    """Pushes made without git, which takes a tenth of the time."""

    def make(self, content: bytes) -> str:
        objects = packs.revision({NAME: content})
        answer = self._push("/init", packs.NOTHING, objects)
        return found(r"set-url origin \S+/([0-9a-f]{32})\.git", answer.said)

    def change(self, id: str, content: bytes) -> None:
        url = f"/gist/{id}.git"
        offer = self.client.get(f"{url}/info/refs?service=git-receive-pack", auth=(self.client.name, self.client.token))
        [head] = re.findall(rb"([0-9a-f]{40}) refs/heads/main", answered(offer, 200).content)
        self._push(url, head.decode(), packs.revision({NAME: content}, head.decode()))

    def _push(self, url: str, old: str, objects: list[packs.Obj]) -> packs.Answer:
        body = packs.request([packs.command(old, objects[-1].id)], packs.pack(objects))
        answer = packs.push(self.client, url, body)
        assert answer.accepted, answer
        return answer


class Pasting(Ownpaste):
    """Where a paste is, only the answer says that made it; without that, it is read and changed in another dialect."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.other = Opengist(client)

    def read(self, id: str) -> bytes | None:
        return super().read(id) if id in self.paths else self.other.read(id)

    def change(self, id: str, content: bytes) -> None:
        (super() if id in self.paths else self.other).change(id, content)

    def delete(self, id: str) -> None:
        (super() if id in self.paths else self.other).delete(id)


def faces(server: Server, root: Path) -> dict[str, tuple[Client, Dialect]]:
    """Somebody for each face, with an account of their own."""
    people = {
        name: Person(server, name).sign_up() for name in ("og", "pgg", "own", "ran", "srht", "git", "hand", "web")
    }
    clients = {name: person.api() for name, person in people.items()}
    return {
        "Opengist": (clients["og"], Opengist(clients["og"])),
        "paste.gg": (clients["pgg"], PasteGG(clients["pgg"])),
        "ownpaste": (clients["own"], Pasting(clients["own"])),
        "ranna": (clients["ran"], Ranna(clients["ran"])),
        "sourcehut": (clients["srht"], Sourcehut(clients["srht"])),
        "git": (clients["git"], Pushing(clients["git"], BreakableGit(root / "git"))),
        "push": (clients["hand"], ByHand(clients["hand"])),
        "web": (clients["web"], Web(people["web"])),
    }


class Lost(Exception):
    """Something is not as it must be."""


@dataclass
class Known:
    """A gist: its content at each revision, oldest first."""

    id: str
    history: list[bytes] = field(default_factory=list)


@dataclass
class InFlight:
    """A write that was asked for and not answered. `gist` is None of one that is being made, `content` of one that is
    being deleted."""

    gist: Known | None
    content: bytes | None


@dataclass
class Totals:
    rounds: int = 0
    trees: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    landed: int = 0
    gists: int = 0
    revisions: int = 0
    orphans: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(self.acknowledged.items()))
        return (
            f"{self.rounds} rounds, {self.trees} of them with all of gistd killed, {self.seconds:.0f} s\n"
            f"{self.acknowledged.total()} writes acknowledged ({kinds}), 0 lost\n"
            f"{self.in_flight} in flight when their connection broke, {self.landed} of them had taken place\n"
            f"{self.gists} gists with {self.revisions} revisions compared byte for byte at the end, "
            f"{self.orphans} orphans in lost+found"
        )


class Writer:
    """Somebody who writes through one face until it is over, and keeps book."""

    def __init__(self, rig: "Rig", face: str, client: Client, dialect: Dialect) -> None:
        self.rig, self.face, self.dialect = rig, face, dialect
        self.client = client
        self.other = Opengist(client)
        self.random = random.Random(f"{rig.seed}/{face}")
        self.gists: list[Known] = []
        self.deleted: list[str] = []
        self.in_flight: InFlight | None = None
        self.unseen: list[InFlight] = []
        """What did not take place, as it seemed. A worker can die when its commit is on disk and not yet in the memory
        that it shares with the others: unless they write over it, that commit counts once all of gistd is started anew.
        """
        self.acknowledged: Counter[str] = Counter()
        self.broken = self.landed = 0

    def run(self) -> None:
        while not self.rig.over.is_set():
            self.rig.may_write.wait()
            with self.rig.working(self):
                try:
                    self.write()
                except Broken:
                    self.settle()

    def write(self) -> None:
        [kind] = self.random.choices(["create", "change", "delete"], [2, 6, len(self.gists) / 4])
        if len(self.gists) < FEWEST or (kind == "create" and len(self.gists) < MOST):
            self.create()
        elif kind == "delete" or len(self.gists) > MOST:
            self.delete(self.random.choice(self.gists))
        else:
            self.change(self.random.choice(self.gists))

    def create(self) -> None:
        content = self._text()
        self.in_flight = InFlight(None, content)
        id = self.dialect.make(content)
        self._acknowledge("create")
        self.gists.append(Known(id, [content]))

    def change(self, gist: Known) -> None:
        content = self._text()
        self.in_flight = InFlight(gist, content)
        self._who_can("change").change(gist.id, content)
        self._acknowledge("change")
        gist.history.append(content)

    def delete(self, gist: Known) -> None:
        self.in_flight = InFlight(gist, None)
        self._who_can("delete").delete(gist.id)
        self._acknowledge("delete")
        self.gists.remove(gist)
        self.deleted.append(gist.id)

    def _who_can(self, verb: str) -> Dialect:
        return self.dialect if getattr(type(self.dialect), verb) is not getattr(Dialect, verb) else self.other

    def _acknowledge(self, kind: str) -> None:
        self.in_flight = None
        self.unseen.clear()
        self.acknowledged[f"{self.face} {kind}"] += 1
        if isinstance(self.dialect, ByGit):
            for path in self.dialect.git.home.iterdir():
                shutil.rmtree(path)

    def _text(self) -> bytes:
        """A text that is written only this once."""
        lines = self.random.choice([1, 1, 10, 200])
        return f"{self.random.getrandbits(64):016x}\n".encode() + b"word " * 20 * lines + b"end\n"

    # ------------------------------------------------------------------ after a connection broke

    def settle(self) -> None:
        """Find out what became of the write in flight; whatever it is, the gist must take a new one."""
        while self.in_flight:
            self.broken += 1
            flight, self.in_flight = self.in_flight, None
            gist = self._retry(partial(self._settled, flight))
            try:
                if gist is not None:
                    self.change(gist)
            except Broken:
                continue

    def _settled(self, flight: InFlight) -> Known | None:
        """The gist that it was about, if it is there."""
        if flight.gist is None:
            return self._born(flight)
        gist, found = flight.gist, self.other.read(flight.gist.id)
        if found == gist.history[-1]:
            self.unseen.append(flight)
            return gist
        if found != flight.content:
            raise Lost(f"{self.face}: gist {gist.id} has {found!r} after {flight}")
        self.landed += 1
        if found is None:
            self.gists.remove(gist)
            return None
        gist.history.append(found)
        return gist

    def _born(self, flight: InFlight) -> Known | None:
        new = self.listed() - {gist.id for gist in self.gists}
        if not new:
            self.unseen.append(flight)
            return None
        [id] = new
        read, content = [self.other.read(id), self.dialect.read(id)], flight.content
        if content is None or read != [content, content]:
            raise Lost(f"{self.face}: gist {id} has {read}, not {content!r}")
        self.landed += 1
        self.gists.append(Known(id, [content]))
        return self.gists[-1]

    def _retry(self, work: Callable[[], Any]) -> Any:
        """Until nobody kills the server meanwhile."""

        def done() -> list[Any]:
            with suppress(*Broken):
                return [work()]
            return []  # it is being started

        return wait_until(done, "the server answers again")[0]

    def listed(self) -> set[str]:
        return {gist["id"] for gist in answered(self.client.get("/api/gists?per_page=100"), 200).json()}

    def look(self) -> None:
        """Hold everything against what must be there."""
        listed = self.listed()
        self._see(listed)
        if listed != {gist.id for gist in self.gists}:
            raise Lost(f"{self.face}: {listed} are listed, not {self.gists}")
        for gist in self.gists:
            commits = answered(self.client.get(f"/api/gists/{gist.id}/commits?per_page=100"), 200).json()
            if self.other.read(gist.id) != gist.history[-1]:
                raise Lost(f"{self.face}: gist {gist.id} is not what it was")
            if len(commits) != min(len(gist.history), 100):
                raise Lost(f"{self.face}: gist {gist.id} has {len(commits)} revisions, not {len(gist.history)}")
        for id in self.deleted[-20:]:
            if self.other.read(id) is not None or self.rig.server.repository(id).exists():
                raise Lost(f"{self.face}: gist {id} was deleted, and is there")

    def _see(self, listed: set[str]) -> None:
        """Some of what seemed not to have taken place may have."""
        for flight in self.unseen:
            if flight.gist is None:
                for id in listed - {gist.id for gist in self.gists}:
                    if self.other.read(id) == flight.content:
                        self.gists.append(Known(id, [flight.content or b""]))
                        self.landed += 1
            elif flight.content is None and flight.gist in self.gists and flight.gist.id not in listed:
                self.gists.remove(flight.gist)
                self.landed += 1
        self.unseen.clear()


class Rig:
    """One data directory, its server, and its writers."""

    def __init__(self, root: Path, workers: int, seed: int, tree_every: int) -> None:
        self.root, self.seed, self.workers, self.tree_every = root, seed, workers, tree_every
        self.random = random.Random(seed)
        self.server = Server(root, rate_limits=False)
        self.over, self.may_write = threading.Event(), threading.Event()
        self.writers: list[Writer] = []
        self.totals = Totals()
        self._busy: set[Writer] = set()
        self._quiet = threading.Condition()

    def working(self, writer: Writer) -> "_Busy":
        return _Busy(self, writer)

    def run(self, rounds: int, writes: int) -> Totals:
        began = time.monotonic()
        self.server.start("--workers", str(self.workers))
        try:
            self.writers = [Writer(self, face, *who) for face, who in faces(self.server, self.root).items()]
            self.may_write.set()
            with futures.ThreadPoolExecutor(len(self.writers)) as pool:
                running = [pool.submit(writer.run) for writer in self.writers]
                try:
                    while self.totals.rounds < rounds and not self.over.is_set():
                        self._round(writes * self.totals.rounds / rounds)
                finally:
                    self.over.set()
                    self.may_write.set()
                for each in running:
                    each.result()
            self._finish()
        finally:
            self.server.stop()
        self.totals.seconds = time.monotonic() - began
        return self.totals

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged.total() for writer in self.writers)

    def _round(self, writes: float) -> None:
        """`writes` are to be acknowledged by then."""
        wait_until(lambda: self.acknowledged >= writes or self.over.is_set(), "the writes of a round are acknowledged")
        time.sleep(self.random.uniform(SHORTEST, LONGEST))
        self.totals.rounds += 1
        if self.totals.rounds % self.tree_every == 0:
            self._kill_all()
        else:
            self._kill_one()
        if self.totals.rounds % TOLD_EVERY == 0:
            print(f"{self.totals.rounds} rounds, {self.acknowledged} writes acknowledged", file=sys.stderr, flush=True)

    def _kill_one(self) -> None:
        assert self.server.process
        master = self.server.process.pid
        there = watch.children(master)
        os.kill(self.random.choice(there), signal.SIGKILL)
        wait_until(lambda: len(set(watch.children(master)) - set(there)) == 1, "what was killed is replaced")

    def _kill_all(self) -> None:
        self.totals.trees += 1
        self.server.kill()
        self.may_write.clear()
        port = self.server.url.rpartition(":")[2]
        self.server.start("--workers", str(self.workers), "--port", port)
        with self._quiet:  # the writers find out what became of what they had asked for, and wait
            assert self._quiet.wait_for(lambda: not self._busy or self.over.is_set(), 120)
        self._at_once(Writer.look)
        self.may_write.set()

    def _at_once(self, work: Callable[[Writer], None]) -> None:
        with futures.ThreadPoolExecutor(len(self.writers)) as pool:
            list(pool.map(work, self.writers))

    def _finish(self) -> None:
        """The doctor mends what is left over; then every revision is compared as git sees it."""
        self._at_once(Writer.look)
        self.server.cli("doctor", "--repair")
        git = Git(self.root / "checks")
        assert_sound(self.server, git)
        assert list((self.server.repos / "tmp").iterdir()) == []
        self._at_once(Writer.look)
        for writer in self.writers:
            for gist in writer.gists:
                self._compare(git, writer, gist)
            self.totals.acknowledged.update(writer.acknowledged)
            self.totals.in_flight += writer.broken
            self.totals.landed += writer.landed
        self.totals.orphans = len(list((self.server.repos / "lost+found").iterdir()))
        assert self.server.stop() == 0
        assert "Traceback" not in self.server.log.read_text(), "the server met something it did not expect"

    def _compare(self, git: Git, writer: Writer, gist: Known) -> None:
        repository = self.server.repository(gist.id)
        fsck(git, repository)
        contents = [next(iter(files.values())) for _, files in git_revisions(git, repository)]
        if contents != gist.history:
            raise Lost(f"{writer.face}: gist {gist.id} has another history")
        self.totals.gists += 1
        self.totals.revisions += len(contents)


class _Busy:
    """Whoever is in here has a write in flight, or has not found out yet what became of one."""

    def __init__(self, rig: Rig, writer: Writer) -> None:
        self.rig, self.writer = rig, writer

    def __enter__(self) -> None:
        with self.rig._quiet:
            self.rig._busy.add(self.writer)

    def __exit__(self, *error: object) -> None:
        with self.rig._quiet:
            self.rig._busy.discard(self.writer)
            if error[0]:
                self.rig.over.set()
            self.rig._quiet.notify_all()


def run(root: Path, rounds: int, writes: int, workers: int = 3, seed: int = 1, tree_every: int = TREE_EVERY) -> Totals:
    """Raises Lost, at once, when something is not as it must be."""
    return Rig(root, workers, seed, tree_every).run(rounds, writes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--writes", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        print(run(Path(root), options.rounds, options.writes, options.workers, options.seed))


if __name__ == "__main__":
    main()
