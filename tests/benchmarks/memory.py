"""What a worker's memory comes to over many requests of all kinds, by several clients at once: whether it stays flat.
It is the only worker, so that all of them are its own.

Clones, pages, searches, lists, feeds, raw files, diffs and archives of some hundred gists in ten languages; new gists,
edits, likes and pushes; somebody signed in, somebody with a token, and nobody.
"""

import random
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.load import Connection, ask_until, http_request
from tests.benchmarks.over_git import clone_requests
from tests.benchmarks.report import Cells
from tests.benchmarks.subjects import Gist, Opengist
from tests.benchmarks.texts import words
from tests.benchmarks.world import GISTD, World, in_the_name_of_alice
from tests.harness import Server
from tests.transport.packs import NOTHING, Obj, revision
from tests.transport.wire import FLUSH, entry, line, pack

CLIENTS, ROWS = 8, 10
ENDINGS = ["py", "go", "md", "js", "rs", "txt", "c", "html", "css", "sh"]
Asked = tuple[int, bytes]
"""The status that is the right answer, and the request."""


class Mixed(Connection):
    """A client that asks for something else each time."""

    def __init__(self, url: str, asked: Iterator[Asked]) -> None:
        super().__init__(url, 200, ())
        self._asked = asked

    def send(self, request: bytes) -> None:
        self._status = b"HTTP/1.1 %d " % self._expected
        super().send(request)

    def ask(self) -> None:
        self._expected, request = next(self._asked)
        self._requests = iter([request])
        super().ask()


class Visitor:
    """Asks for all kinds of things in a random order; has a gist of its own to change, and one to push to."""

    def __init__(self, speaker: Opengist, gists: list[Gist], number: int) -> None:
        self._choice = random.Random(number)
        self._gists = gists
        self._as = {"Authorization": f"Bearer {speaker.token}"}
        self._cookie = {"Cookie": speaker.cookie}
        pushed = speaker.create({"pushed.txt": "0\n"})
        self._edited = speaker.create({"edited.txt": "0\n"})
        self._pushed_to, self._head = urlsplit(pushed["clone_url"]).path, pushed["commits"][0]["version"]
        self._credentials = "Basic " + b64encode(f"{speaker.user}:{speaker.token}".encode()).decode()
        self._numbers = count()

    def asks(self) -> Iterator[Asked]:
        kinds = [
            (20, self._reads), (4, self._lists), (4, self._searches), (3, self._clones), (4, self._looks_closer),
            (2, self._creates), (2, self._edits), (1, self._likes), (2, self._pushes),
        ]  # fmt: skip
        weights = [weight for weight, _ in kinds]
        while True:
            (kind,) = self._choice.choices([kind for _, kind in kinds], weights)
            yield from kind()

    def _page(self) -> str:
        return urlsplit(self._choice.choice(self._gists)["html_url"]).path

    def _get(self, path: str, **headers: str) -> Asked:
        return 200, http_request("GET", path, **headers)

    def _reads(self) -> Iterator[Asked]:
        gist = self._choice.choice(self._gists)
        page = urlsplit(gist["html_url"]).path
        yield self._get(page, **self._choice.choice([{}, self._cookie]))
        yield self._get(f"/api/gists/{gist['id']}", **self._choice.choice([{}, self._as]))
        yield self._get(f"{page}/raw/HEAD/{next(iter(gist['files']))}")

    def _lists(self) -> Iterator[Asked]:
        yield self._get(self._choice.choice(["/", "/-/all", "/-/all.atom", "/alice", "/-/topics", "/-/languages"]))
        yield self._get(f"/api/gists/public?page={self._choice.randint(1, 5)}")

    def _searches(self) -> Iterator[Asked]:
        gist = self._choice.choice(self._gists)
        content = next(iter(gist["files"].values()))["content"]
        word = self._choice.choice([word for word in content.split() if len(word) > 3])
        yield self._get(f"/-/search?q={word}")
        yield self._get(f"/api/gists/search?q={word}", **self._as)

    def _looks_closer(self) -> Iterator[Asked]:
        page = self._page()
        yield self._get(page + self._choice.choice(["/revisions", "/archive/HEAD.zip", ".js"]))
        yield 404, http_request("GET", f"/api/gists/{self._choice.getrandbits(128):032x}")

    def _clones(self) -> Iterator[Asked]:
        gist = self._choice.choice(self._gists)
        for request in clone_requests(urlsplit(gist["clone_url"]).path, gist["commits"][0]["version"]):
            yield 200, request

    def _creates(self) -> Iterator[Asked]:
        name = f"made.{self._choice.choice(ENDINGS)}"
        content = {"content": words(1000, str(self._choice.random()))}
        yield 201, http_request("POST", "/api/gists", {"files": {name: content}}, **self._as)

    def _edits(self) -> Iterator[Asked]:
        body = {"files": {"edited.txt": {"content": f"{next(self._numbers)}\n"}}}
        yield 200, http_request("PATCH", f"/api/gists/{self._edited['id']}", body, **self._as)

    def _likes(self) -> Iterator[Asked]:
        yield 204, http_request("PUT", f"/api/gists/{self._edited['id']}/like", **self._as)

    def _pushes(self) -> Iterator[Asked]:
        objects = revision({"pushed.txt": b"%d\n" % next(self._numbers)}, self._head)
        yield self._push(objects)
        self._head = objects[-1].id

    def _push(self, objects: list[Obj]) -> Asked:
        command = line(f"{self._head or NOTHING} {objects[-1].id} refs/heads/main\0report-status") + FLUSH
        body = command + pack(*(entry(each.kind, each.content) for each in objects))
        headers = {"Authorization": self._credentials, "Content-Type": "application/x-git-receive-pack-request"}
        return 200, http_request("POST", f"{self._pushed_to}/git-receive-pack", body, **headers)


def rows(world: World, requests: int, gists: int) -> Iterator[Cells]:
    yield "requests", "worker, MiB", "beside, MiB", "those that render, MiB"
    speaker = in_the_name_of_alice(GISTD, world.one_worker)
    made = [speaker.create(_files(number), topics=[f"topic{number % 30}"]) for number in range(gists)]
    visitors = [Visitor(speaker, made, number) for number in range(CLIENTS)]
    connections: list[Connection] = [Mixed(speaker.url, visitor.asks()) for visitor in visitors]
    done = 0
    for _ in range(ROWS):
        done += len(ask_until(connections, float("inf"), requests // ROWS))
        cells = f"{done:,}", *_resident(world.one_worker)
        print(*cells, sep="; ", flush=True)
        yield cells
    for connection in connections:
        connection.socket.close()


def _files(number: int) -> dict[str, str]:
    ending = ENDINGS[number % len(ENDINGS)]
    return {f"file{each}.{ending}": words(500 * (1 + number % 8), f"{number} {each}") for each in range(1 + number % 4)}


def _resident(server: Server) -> tuple[str, ...]:
    """What is resident of the worker, of the process beside it, and of all that render, as Linux counts it."""
    assert server.process
    worker, beside = sorted(_children(server.process.pid))  # in the order in which they were started
    sizes = _mib(worker), _mib(beside), sum(map(_mib, _children(worker)))
    return tuple(f"{size:.0f}" for size in sizes)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _mib(pid: int) -> float:
    status: Any = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
