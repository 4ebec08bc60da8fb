"""Whom HTTP asks: what all servers have in common, and those that speak Opengist's API, gistd first of all."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from itertools import cycle, repeat
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from tests.benchmarks.load import Busy, Connection, Sample, http_request, load
from tests.benchmarks.texts import SIZES, files
from tests.harness import Git

READ, READ_AS, SAME, PAGE, PAGE_AS = "read", "read, with a token", "read, 304", "page", "page, signed in"
RAW, LIST, SEARCH, CREATE, EDIT, LIKE = "raw", "list", "search", "create", "edit", "like"

Gist = dict[str, Any]
Measure = Callable[[float], Sample]


class Asks(NamedTuple):
    """What each of the clients, told by its number, asks again and again; and the status that is the right answer."""

    status: int
    requests: Callable[[int], Iterable[bytes]]


class Subject:
    """A server that knows how to ask itself for some of the works."""

    def __init__(self, name: str, url: str, busy: Busy) -> None:
        self.name = name
        self.url = url
        self.busy = busy

    def asks(self, work: str, size: str) -> Asks | None:
        """None where there is no such thing."""
        raise NotImplementedError

    def measure(self, work: str, size: str, clients: int) -> Measure | None:
        return partial(self._load, work, size, clients) if self.asks(work, size) else None

    def _load(self, work: str, size: str, clients: int, seconds: float) -> Sample:
        asks = self.asks(work, size)
        assert asks
        connections = [Connection(self.url, asks.status, asks.requests(number)) for number in range(clients)]
        return load(connections, self.busy, seconds)

    def once(self, asks: Asks) -> Connection:
        return Connection(self.url, asks.status, asks.requests(0)).once()

    def get(self, path: str, status: int = 200, **headers: str) -> Asks:
        return Asks(status, lambda _: repeat(http_request("GET", path, **headers)))

    def send(self, method: str, path: str, body: Any, status: int, **headers: str) -> Asks:
        return Asks(status, lambda _: repeat(http_request(method, path, body, **headers)))


class Opengist(Subject):
    """A server that speaks Opengist's API, and somebody who has gists of each size there."""

    def __init__(self, name: str, url: str, token: str, busy: Busy = lambda: None, cookie: str = "") -> None:
        super().__init__(name, url.rstrip("/"), busy)
        self.token = token
        self._authorization = f"Bearer {token}"
        self.cookie = cookie
        self.user = self._call("GET", "/api/user", None, 200)["login"]
        self.gists: dict[str, Gist] = {}
        self._own: dict[tuple[str, int], Gist] = {}
        self._refused: dict[str, bool] = {}

    # what prepares

    def prepare(self, git: Git, sizes: Iterable[str]) -> None:
        for size in sizes:
            if size not in self.gists:
                self.gists[size] = self.grow(git, size)

    def create(self, files: dict[str, str], **fields: Any) -> Gist:
        return self._call("POST", "/api/gists", {**_new(files), **fields}, 201)

    def change(self, gist: Gist, files: dict[str, str]) -> Gist:
        return self._call("PATCH", f"/api/gists/{gist['id']}", _new(files), 200)

    def grow(self, git: Git, size: str) -> Gist:
        """A new one; where it has a long history, that is pushed."""
        gist, revisions = self.create(files(size)), SIZES[size].revisions
        name, content = next(iter(files(size).items()))
        for number in range(1, revisions) if revisions < 100 else ():
            gist = self.change(gist, {name: f"{number}\n{content}"})
        if revisions >= 100:
            clone = git.clone(self.clone_url(gist))
            git("checkout", "-q", "-B", "main", cwd=clone)
            git.grow(clone, "count.txt", revisions - 1)
            git("push", "-q", self.clone_url(gist, secret=True), f"main:{self._branch(git, clone)}", cwd=clone)
            gist = self._call("GET", f"/api/gists/{gist['id']}", None, 200)
        return gist

    def clone_url(self, gist: Gist, secret: bool = False) -> str:
        """Where this server has it, whatever address it tells; with credentials, if they are wanted."""
        url = urlsplit(self.url)
        credentials = f"{self.user}:{self.token}@" if secret else ""
        return urlunsplit((url.scheme, credentials + url.netloc, urlsplit(gist["clone_url"]).path, "", ""))

    def _branch(self, git: Git, clone: Path) -> str:
        return git("rev-parse", "--abbrev-ref", "origin/HEAD", cwd=clone).strip().removeprefix("origin/")

    def _call(self, method: str, path: str, body: Any, status: int) -> Any:
        return json.loads(self.once(self.send(method, path, body, status, Authorization=self._authorization)).body)

    def _own_gist(self, size: str, number: int) -> Gist:
        """What one of the clients alone edits."""
        if SIZES[size].revisions >= 100:
            return self.gists[size]
        if (size, number) not in self._own:
            self._own[size, number] = self.create(files(size))
        return self._own[size, number]

    # what is asked

    def asks(self, work: str, size: str) -> Asks | None:
        gist = self.gists[size]
        path, page = f"/api/gists/{gist['id']}", urlsplit(gist["html_url"]).path
        match work:
            case "read" | "read, with a token":
                return self.get(path, Authorization=self._authorization if work == READ_AS else "")
            case "read, 304":
                return self._unchanged(path)
            case "page":
                return self.get(page, Accept="text/html")
            case "page, signed in":
                return self.get(page, Accept="text/html", Cookie=self.cookie) if self.cookie else None
            case "raw":
                return self.get(f"{page}/raw/HEAD/{quote(next(iter(files(size))))}")
            case "list":
                return self.get("/api/gists/public")
            case "search":
                return self._if_it_can(work, self.get(f"/api/gists/search?q={_seldom(size)}"))
            case "create":
                return self.send("POST", "/api/gists", _new(files(size)), 201, Authorization=self._authorization)
            case "edit":
                return self._if_it_can(work, Asks(200, partial(self._edits, size)))
            case "like":
                asks = self.send("PUT", f"{path}/like", None, 204, Authorization=self._authorization)
                return self._if_it_can(work, asks)
        raise AssertionError(work)

    def _unchanged(self, path: str) -> Asks | None:
        head = self.once(self.get(path)).head.decode()
        etag = next((line[6:] for line in head.splitlines() if line.lower().startswith("etag: ")), "")
        return self.get(path, 304, If_None_Match=etag) if etag else None

    def _edits(self, size: str, number: int) -> Iterable[bytes]:
        """One file of it, back and forth, so that there is always something to change."""
        path = f"/api/gists/{self._own_gist(size, number)['id']}"
        name, content = next(iter(files(size).items()))
        both = (_new({name: f"{word}\n{content}"}) for word in ("forth", "back"))
        return cycle([http_request("PATCH", path, body, Authorization=self._authorization) for body in both])

    def _if_it_can(self, work: str, asks: Asks) -> Asks | None:
        """Not everybody who speaks Opengist's API has all of it; gistd does."""
        if work not in self._refused:
            try:
                self.once(asks)
                self._refused[work] = False
            except AssertionError as error:
                self._refused[work] = True
                print(f"NOT MEASURED: {work}, by {self.name}: {str(error)[:100]}", flush=True)
        return None if self._refused[work] else asks


def _new(files: dict[str, str]) -> dict[str, Any]:
    return {"files": {name: {"content": content} for name, content in files.items()}}


def _seldom(size: str) -> str:
    """A word of the first file."""
    return next(iter(files(size).values())).split()[0]
