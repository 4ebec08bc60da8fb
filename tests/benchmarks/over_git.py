"""Clone, fetch and push: from gistd, from git's own server, and from a path, without any server.

git's own server is `git http-backend` behind nginx and fcgiwrap. It has copies of gistd's gists, each in one pack as
cloning leaves it, and a push asks it for no credentials and syncs what git syncs by default, which at this size is
nothing. gistd asks git for its token, which costs a request more, and syncs every push.
"""

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pygit2

from tests.benchmarks.floors import commit_bare
from tests.benchmarks.http_backend import HttpBackend, programs
from tests.benchmarks.load import Busy, Connection, ask_until, busy_seconds
from tests.benchmarks.over_http import Extent
from tests.benchmarks.report import Cells, spread
from tests.benchmarks.subjects import Opengist
from tests.benchmarks.texts import LARGE, LONG, MANY_FILES, SMALL, USUAL
from tests.benchmarks.world import GISTD, World
from tests.harness import Git

HTTP_BACKEND, FLOOR = "http-backend", "file://"
CLONE, FETCH, PUSH = "clone", "fetch", "push"
TASKS = {
    CLONE: (SMALL, USUAL, MANY_FILES, LARGE, LONG),
    FETCH: (USUAL, LONG),
    PUSH: (USUAL, LONG),
}
WALL, CPU, RATE = "wall ms", "server's CPU ms", "clones a second"
CLIENTS = 4


class Hosted(NamedTuple):
    """A gist: where it is cloned from and pushed to, and where from if processor time is counted."""

    url: str
    push_url: str
    counted_url: str


@dataclass(frozen=True)
class Place:
    """Somewhere that gists are, told how a new one comes there."""

    name: str
    host: Callable[[str], Hosted]
    busy: Busy


Results = dict[tuple[str, str], dict[str, dict[str, list[float]]]]
"""By task and size, by place, by what was measured: a figure for each round."""


# ---------------------------------------------------------------------- places


def start(world: World) -> list[Place]:
    git, root = world.git, world.root
    places = [Place(speaker.name, partial(_host, git, speaker), speaker.busy) for speaker in world.speakers]
    copy = partial(_copy, git, world.gistd, count())
    (root / "copies").mkdir()
    places.append(Place(FLOOR, partial(copy, root / "copies", "file://", "file://"), lambda: None))
    if not programs():
        print(f"NOT MEASURED: {HTTP_BACKEND}: nginx and fcgiwrap are not installed (nginx-light, fcgiwrap)", flush=True)
        return places
    (root / "peer" / "repos").mkdir(parents=True)
    backend = HttpBackend(root / "peer").start()
    world.running.callback(backend.stop)
    assert backend.process
    host = partial(copy, root / "peer" / "repos", backend.url, f"{backend.url}/counted")
    return [*places, Place(HTTP_BACKEND, host, partial(busy_seconds, backend.process.pid))]


def _host(git: Git, speaker: Opengist, size: str) -> Hosted:
    gist = speaker.grow(git, size)
    return Hosted(speaker.clone_url(gist), speaker.clone_url(gist, secret=True), speaker.clone_url(gist))


def _copy(
    git: Git, speaker: Opengist, numbers: Iterator[int], folder: Path, base: str, counted: str, size: str
) -> Hosted:
    """A copy of what gistd has of this size."""
    if size not in speaker.gists:
        speaker.prepare(git, [size])
    path = folder / f"{next(numbers)}.git"
    git("clone", "-q", "--bare", speaker.clone_url(speaker.gists[size]), path)
    git("config", "http.receivepack", "true", cwd=path)
    url = f"{base}{path}" if base == "file://" else f"{base}/{path.name}"
    return Hosted(url, url, f"{counted}{path}" if base == "file://" else f"{counted}/{path.name}")


# ---------------------------------------------------------------------- tasks


class Job:
    """Something that git does again and again at one place."""

    def __init__(self, git: Git, place: Place, size: str) -> None:
        self._git = git
        self.place = place
        self.hosted = place.host(size)

    def ready(self, times: int) -> None:
        """Make what is wanted to do it so often."""

    def do(self, counted: bool) -> float:
        """Do it once; how many seconds git took."""
        raise NotImplementedError

    def _time(self, *arguments: str, cwd: Path | None = None) -> float:
        begun = time.perf_counter()
        self._git(*arguments, cwd=cwd)
        return time.perf_counter() - begun

    def _url(self, counted: bool) -> str:
        return self.hosted.counted_url if counted else self.hosted.url

    def _commit(self, clone: Path, words: bytes) -> str:
        """One file changed, in the repository of a clone."""
        repository = pygit2.Repository(str(clone))
        tree: Any = repository.head.peel(pygit2.Tree)
        files = {entry.name: entry.data for entry in tree}
        first = min(files)
        commit_bare(repository, {**files, first: words + files[first]})
        return str(repository.head.target)


class CloneJob(Job):
    def do(self, counted: bool) -> float:
        with tempfile.TemporaryDirectory(dir=self._git.home) as folder:
            return self._time("clone", "-q", self._url(counted), f"{folder}/clone")


class FetchJob(Job):
    """One commit, into copies of a clone that has all others."""

    def __init__(self, git: Git, place: Place, size: str) -> None:
        super().__init__(git, place, size)
        self._behind = git.clone(self.hosted.url)
        ahead = git.clone(self.hosted.url)
        commit = self._commit(ahead, b"one more\n")
        git("push", "-q", self.hosted.push_url, f"{commit}:{branch(git, ahead)}", cwd=ahead)

    def do(self, counted: bool) -> float:
        with tempfile.TemporaryDirectory(dir=self._git.home) as folder:
            clone = shutil.copytree(self._behind, Path(folder) / "clone")
            return self._time("fetch", "-q", self._url(counted), "+refs/heads/*:refs/remotes/origin/*", cwd=clone)


class PushJob(Job):
    """One commit after the other; made beforehand."""

    def __init__(self, git: Git, place: Place, size: str) -> None:
        super().__init__(git, place, size)
        self._clone = git.clone(self.hosted.url)
        self._branch = branch(git, self._clone)
        self._commits: list[str] = []

    def ready(self, times: int) -> None:
        self._commits = [self._commit(self._clone, b"push %d\n" % number) for number in range(times)]

    def do(self, counted: bool) -> float:
        url = self.hosted.counted_url if counted and self.place.name == HTTP_BACKEND else self.hosted.push_url
        return self._time("push", "-q", url, f"{self._commits.pop(0)}:{self._branch}", cwd=self._clone)


def branch(git: Git, clone: Path) -> str:
    return git("symbolic-ref", "HEAD", cwd=clone).strip()


JOBS: dict[str, type[Job]] = {CLONE: CloneJob, FETCH: FetchJob, PUSH: PushJob}


# ---------------------------------------------------------------------- measured


def measure(world: World, extent: Extent) -> Results:
    """Wall time and processor time are taken apart, as what a CGI takes is only told by a detour."""
    git = world.git
    times, batch = (1, 2) if extent.quick else (10, 50)
    results = Results()
    places = start(world)
    jobs = {
        (task, size): [JOBS[task](git, place, size) for place in places]
        for task, sizes in TASKS.items()
        for size in sizes
        if extent.only in f"{task}, {size}" and (size == USUAL or not extent.quick)
    }
    for some in jobs.values():
        _in_turns(some, 1, random.Random(0), counted=False)  # imports, caches, the first connections to the index
    for round in range(extent.rounds):
        order = random.Random(round)
        for key, some in order.sample([*jobs.items()], len(jobs)):
            seen = results.setdefault(key, {place.name: {} for place in places})
            few = batch if key[1] not in (LARGE, LONG) else max(2, batch // 5)
            for name, what, figure in _figures(git, key[0], some, times, few, extent.seconds, order):
                seen[name].setdefault(what, []).append(figure)
    return {key: results[key] for key in jobs}


def _figures(
    git: Git, task: str, jobs: list[Job], times: int, batch: int, seconds: float, order: random.Random
) -> Iterator[tuple[str, str, float]]:
    for name, walls in _in_turns(jobs, times, order, counted=False).items():
        yield name, WALL, statistics.median(walls) * 1000
    served = [job for job in jobs if job.place.busy() is not None]
    before = {job.place.name: job.place.busy() or 0 for job in served}
    _in_turns(served, batch, order, counted=True)
    for job in served:
        yield job.place.name, CPU, ((job.place.busy() or 0) - before[job.place.name]) * 1000 / batch
    if task == CLONE:
        for job in order.sample(served, len(served)):
            yield job.place.name, RATE, _clones(git, job.hosted.url, seconds)


def _in_turns(jobs: list[Job], times: int, order: random.Random, counted: bool) -> dict[str, list[float]]:
    """Each so many times, all in a random order, one at a time."""
    walls: dict[str, list[float]] = {job.place.name: [] for job in jobs}
    for job in jobs:
        job.ready(times)
    for job in order.sample(jobs, len(jobs) * times, counts=[times] * len(jobs)):
        walls[job.place.name].append(job.do(counted))
    return walls


def _clones(git: Git, url: str, seconds: float) -> float:
    """How many a second, by many clients without git."""
    requests = clone_requests(urlsplit(url).path, git("ls-remote", url, "HEAD").split()[0])
    connections: list[Connection] = [Cloner(url, requests) for _ in range(CLIENTS)]
    begun = time.perf_counter()
    times = ask_until(connections, begun + seconds)
    rate = len(times) / (time.perf_counter() - begun)
    for connection in connections:
        connection.socket.close()
    return rate


class Cloner(Connection):
    """A client with one connection, which asks what git asks when it clones, again and again."""

    def __init__(self, url: str, requests: list[bytes]) -> None:
        super().__init__(url, 200, requests)
        self._all = requests

    def ask(self) -> None:
        self._requests = iter(self._all)
        super().ask()

    def is_answered(self) -> bool:
        """Take what has come, and ask on; whether that completes the clone."""
        if not super().is_answered():
            return False
        request = next(self._requests, b"")
        assert request or b"PACK" in self.answer, self.answer
        if request:
            self.send(request)
        return not request


def clone_requests(path: str, head: str) -> list[bytes]:
    """What git asks, by protocol version 2, to clone."""
    headers = "Host: localhost\r\nGit-Protocol: version=2\r\n"
    post = f"POST {path}/git-upload-pack HTTP/1.1\r\n{headers}Content-Type: application/x-git-upload-pack-request\r\n"
    capabilities = _pkt("agent=git/2.39.5", "object-format=sha1")
    refs = _pkt("peel", "symrefs", "ref-prefix refs/heads/", "ref-prefix refs/tags/", "ref-prefix HEAD")
    pack = _pkt("thin-pack", "no-progress", "include-tag", "ofs-delta", f"want {head}", "done")
    requests = [f"GET {path}/info/refs?service=git-upload-pack HTTP/1.1\r\n{headers}\r\n"]
    for command, arguments in (("ls-refs", refs), ("fetch", pack)):
        body = f"{_pkt(f'command={command}')}{capabilities}0001{arguments}0000"
        requests.append(f"{post}Content-Length: {len(body)}\r\n\r\n{body}")
    return [request.encode() for request in requests]


def _pkt(*lines: str) -> str:
    return "".join(f"{len(line) + 5:04x}{line}\n" for line in lines)


# ---------------------------------------------------------------------- what it says


def parts_of(results: Results, key: tuple[str, str], what: str, other: str) -> list[float]:
    """What gistd takes of it, of what another takes, in each round; a batch too small may take no tick at all."""
    both = zip(results[key][GISTD].get(what, []), results[key].get(other, {}).get(what, []), strict=False)
    return [one / two for one, two in both if two]


def rows(results: Results) -> Iterator[Cells]:
    yield "", "", WALL, CPU, f"{RATE}, {CLIENTS} clients", "gistd's wall time, of it", "gistd's CPU, of it"
    for (task, size), places in results.items():
        title = task if size == USUAL else f"{task}, {size}"
        for name, figures in places.items():
            cells = [spread(figures.get(what, [])) for what in (WALL, CPU, RATE)]
            shares = ["" if name == GISTD else spread(parts_of(results, (task, size), it, name)) for it in (WALL, CPU)]
            yield title, name, *cells, *shares
            title = ""


def targets(results: Results) -> Iterator[Cells]:
    """What was to be reached."""
    for task, what, most in ((CLONE, CPU, 0.25), (FETCH, CPU, 0.3), (PUSH, CPU, 0.3), (CLONE, WALL, 0.85)):
        if (task, USUAL) in results and HTTP_BACKEND in results[task, USUAL]:
            shares = parts_of(results, (task, USUAL), what, HTTP_BACKEND)
            yield f"{task}: {what}, of {HTTP_BACKEND}'s", f"{most} or less", spread(shares)
