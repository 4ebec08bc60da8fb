"""Two nodes on one PostgreSQL and one directory, of which one is killed again and again in the middle of writes.

`python -m tests.faults.two_nodes --url postgresql://… --kills 20 --clients 6` prints how many writes were acknowledged,
and what of them is not there.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import requests

from tests.faults.crash import Broken
from tests.harness import Client, Git, Server, wait_until

BETWEEN = 25
"""Writes that are acknowledged between one kill and the next."""


class Balancer:
    """Asks any node; another one where nobody answers. What was sent to a node that went away may be done, or not."""

    def __init__(self, nodes: list[Server], name: str, token: str, seed: int) -> None:
        self._nodes, self._name, self._token = nodes, name, token
        self._random = random.Random(seed)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Raises ConnectionError when that is not known."""
        for node in self._random.sample(self._nodes, len(self._nodes)):
            client = Client(node, self._name, self._token)
            try:
                return client.request(method, path, **options)
            except requests.ConnectionError as error:
                if "refused" not in str(error):
                    raise
            finally:
                client.session.close()
                node.clients.remove(client)
        raise ConnectionError("no node answers")


class Writer(threading.Thread):
    """Makes gists, changes and deletes them; knows what each must hold, and may hold where no answer came."""

    def __init__(self, balancer: Balancer, stop: threading.Event) -> None:
        super().__init__()
        self._balancer, self._stopped = balancer, stop
        self.acknowledged = 0
        self.gists: dict[str, set[str | None]] = {}
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._write()
            except (ConnectionError, *Broken):
                continue

    def _write(self) -> None:
        content = os.urandom(6).hex()
        files = {"files": {"a": {"content": content}}}
        known = next((id for id, held in self.gists.items() if len(held) == 1 and None not in held), None)
        if known is None or len(self.gists) < 5:
            answer = self._balancer.ask("POST", "/api/gists", json=files)
            if self._is(answer, 201):
                self.gists[answer.json()["id"]] = {content}
            return
        method = "DELETE" if len(self.gists) > 8 and content < "4" else "PATCH"
        wanted = None if method == "DELETE" else content
        id = random.choice([id for id, held in self.gists.items() if None not in held])
        before = self.gists[id]
        self.gists[id] = before | {wanted}
        answer = self._balancer.ask(method, f"/api/gists/{id}", json=files if wanted else None)
        if self._is(answer, 204 if method == "DELETE" else 200):
            self.gists[id] = {wanted}

    def _is(self, answer: requests.Response, status: int) -> bool:
        if answer.status_code == status:
            self.acknowledged += 1
            return True
        if answer.status_code != 503:
            self.wrong.append(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:200]}")
        return False


def nodes_at(root: Path, url: str, number: int = 2) -> list[Server]:
    """Servers that share all that there is, each with a folder of its own for its log."""
    made = []
    for one in range(number):
        place = root / f"node-{one}"
        place.mkdir()
        node = Server(place, repos=root / "repos", database_url=url, secret_key="s" * 40, rate_limits=False)
        node.repos = root / "repos"
        made.append(node)
    return made


def run(root: Path, url: str, kills: int, clients: int) -> tuple[int, list[str]]:
    """How many writes were acknowledged; and what is wrong, which should be nothing."""
    nodes = nodes_at(root, url)
    for node in nodes:
        node.start("--workers", "2")
    alice = nodes[0].user("alice")
    stop = threading.Event()
    writers = [Writer(Balancer(nodes, "alice", alice.token, seed), stop) for seed in range(clients)]
    for writer in writers:
        writer.start()

    def acknowledged() -> int:
        return sum(writer.acknowledged for writer in writers)

    for kill in range(kills):
        for node in (nodes[kill % 2], None):
            before = acknowledged()
            wait_until(lambda before=before: acknowledged() >= before + BETWEEN, "writes are acknowledged")
            nodes[kill % 2].kill() if node else nodes[kill % 2].start("--workers", "2")
    stop.set()
    for writer in writers:
        writer.join()
    wrong = [each for writer in writers for each in writer.wrong]
    for node in nodes:
        wrong += [each for writer in writers for each in _missing(Client(node, "alice", alice.token), writer)]
    nodes[0].cli("doctor", "--repair")
    wrong += [line for line in nodes[1].cli("doctor", code=0).splitlines() if line]
    wrong += _unwritable(Client(nodes[1], "alice", alice.token), Git(root / "git"), writers)
    for node in nodes:
        if node.stop() or "Traceback" in node.log.read_text():
            wrong.append("a server met something it did not expect")
    return acknowledged(), wrong


def _missing(client: Client, writer: Writer) -> list[str]:
    found = []
    for id, may_hold in writer.gists.items():
        answer = client.get(f"/api/gists/{id}")
        holds = None if answer.status_code == 404 else answer.json()["files"]["a"]["content"]
        if holds not in may_hold:
            found.append(f"{id} holds {holds}, and should one of {may_hold}")
    return found


def _unwritable(client: Client, git: Git, writers: list[Writer]) -> list[str]:
    """Every gist takes one more write; one of them a push."""
    found, live = [], [id for writer in writers for id in writer.gists if client.get(f"/api/gists/{id}").ok]
    for id in live:
        if client.request("PATCH", f"/api/gists/{id}", json={"files": {"z": {"content": "z"}}}).status_code != 200:
            found.append(f"{id} takes no write")
    clone = git.clone(client.clone_url(client.read(live[0])))
    git.commit(clone, {"y": "y"})
    git("push", "-q", cwd=clone)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", required=True, help="an empty PostgreSQL")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        acknowledged, wrong = run(Path(folder), options.url, options.kills, options.clients)
    print(f"{options.kills} kills, {acknowledged} writes acknowledged, {len(wrong)} wrong")
    for each in wrong[:20]:
        print(each)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
