"""Backups while others write: each is restored, passes `gistd doctor`, has all that was acknowledged before it began.

python -m tests.backups [--rounds N] [--writers N] [--seed N]
"""

import argparse
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness import Client, Git, Server

Files = dict[str, str]

LIVING = 10
"""Above it a writer deletes where it would make another gist."""


@dataclass
class Known:
    """A gist: what it was made or asked to be, oldest first, None when deleted; how many of these were acknowledged."""

    id: str
    states: list[Files | None] = field(default_factory=list)
    acknowledged: int = 0


class Writer(threading.Thread):
    """Makes, changes, deletes and pushes gists of its own until it is told to stop, and keeps book."""

    def __init__(self, client: Client, git: Git, seed: str, stop: threading.Event) -> None:
        super().__init__()
        self.client, self.git, self.stop, self.random = client, git, stop, random.Random(seed)
        self.gists: list[Known] = []
        self.pushed: Known | None = None
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._begin_pushing()
            while not self.stop.is_set():
                full = len(self._living()) > LIVING
                self.random.choice([self._delete if full else self._create, self._change, self._change, self._push])()
        except Exception as error:  # told by whoever joins
            self.failure = error

    def _files(self) -> Files:
        return {f"{number}.txt": f"{self.random.getrandbits(64):x}\n" for number in range(self.random.randint(1, 3))}

    def _create(self) -> Known:
        files = self._files()
        known = Known(self.client.create(files)["id"], [files], 1)
        self.gists.append(known)
        return known

    def _living(self) -> list[Known]:
        return [known for known in self.gists if known.states[-1] is not None and known is not self.pushed]

    def _change(self) -> None:
        for known in self.random.sample(self._living(), min(1, len(self._living()))):
            files = {**(known.states[-1] or {}), **self._files()}
            known.states.append(files)
            self.client.change(known.id, files={name: {"content": text} for name, text in files.items()})
            known.acknowledged = len(known.states)

    def _delete(self) -> None:
        known = self.random.choice(self._living())
        known.states.append(None)
        assert self.client.request("DELETE", f"/api/gists/{known.id}").status_code == 204
        known.acknowledged = len(known.states)

    def _begin_pushing(self) -> None:
        self.pushed = self._create()
        gist = self.client.read(self.pushed.id)
        self.clone = self.git.clone(self.client.clone_url(gist))

    def _push(self) -> None:
        assert self.pushed is not None
        files = {**(self.pushed.states[-1] or {}), **self._files()}
        self.git.commit(self.clone, dict(files))
        self.pushed.states.append(files)
        self.git("push", "-q", cwd=self.clone)
        self.pushed.acknowledged = len(self.pushed.states)


def run(root: Path, rounds: int, number: int, seed: int) -> str:
    """Raises AssertionError for the first backup that is not good."""
    server = Server(root, rate_limits="false").start()
    stop = threading.Event()
    writers = []
    for each in range(number):
        client = server.user(f"writer{each}")
        writers.append(Writer(client, Git(root / f"git{each}"), f"{seed}/{each}", stop))
    for writer in writers:
        writer.start()
    checked = 0
    try:
        for round in range(rounds):
            time.sleep(random.Random(seed + round).random() / 2)
            before = [(known, known.acknowledged) for writer in writers for known in list(writer.gists)]
            target = root / ("folder" if round % 2 else f"{round}.tar.zst")
            server.cli("backup", str(target))
            checked += _check(root / f"restored{round}", target, before, writers[0].client.token)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        server.stop()
    for writer in writers:
        if writer.failure:
            raise writer.failure
    writes = sum(known.acknowledged for writer in writers for known in writer.gists)
    return f"{rounds} backups beside {writes} acknowledged writes; {checked} gists in them compared, none lost"


def _check(root: Path, target: Path, before: list[tuple[Known, int]], token: str) -> int:
    root.mkdir()
    restored = Server(root, rate_limits="false")
    restored.cli("restore", str(target))
    assert restored.cli("doctor") == ""
    restored.start("--workers", "1")
    reader = Client(restored, "writer0", token)
    for known, acknowledged in before:
        allowed = known.states[acknowledged - 1 :]
        answer = reader.get(f"/api/gists/{known.id}")
        if answer.status_code == 404:
            assert None in allowed, f"{known.id} is lost"
            continue
        files = {name: file["content"] for name, file in answer.json()["files"].items()}
        assert files in allowed, f"{known.id} is {files}, not one of {allowed}"
    assert restored.stop() == 0
    return len(before)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        print(run(Path(root), asked.rounds, asked.writers, asked.seed))


if __name__ == "__main__":
    main()
