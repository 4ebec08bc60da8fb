"""What clone, fetch and push of a small gist cost: gistd beside git's own server, and beside no server at all.

    python -m tests.benchmarks.git_transport [--rounds 3] [--times 20] [--batch 100] [--seconds 2] [--directory DIR]

git's own server is `git http-backend` behind nginx and fcgiwrap. It has exact copies of gistd's gists, each in one
pack as cloning leaves it, and a push asks it for no credentials and syncs what git syncs by default, which at this
size is nothing. gistd asks git for its token, which costs a request more, and syncs every push.

Everything is measured in one run and in another order each round, so that whatever else the machine does hits all
alike. Trust the ratios more than the figures. The clients share the cores with the servers.
"""

import argparse
import ctypes
import os
import platform
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pygit2

from tests.benchmarks.requests_per_second import Connection, ask_until, commit_bare, print_table, words
from tests.harness import Client, Git, Server, wait_until

GISTD, PEER, COUNTED, FLOOR = "gistd", "http-backend", "http-backend, counted", "file://"
WALL, CPU, RATE = "wall ms", "server CPU ms", "clones per second"
WANTED = {(CPU, "clone s3x5"): "0.3 or less", (CPU, "push s3x5"): "0.4 or less", (WALL, "clone s3x5"): "0.9 or less"}
SHAPES = {"s1x1": (1, 1), "s3x5": (3, 5), "s5x20": (5, 20)}  # files, revisions
PUSHES = 50  # in a row to one gist, then to the next

Gist = dict[str, Any]
Calls = dict[str, Callable[[], float]]
"""By place: do it once more there; returns how many seconds git took."""
Prepare = Callable[[int, list[str]], Calls]
"""Makes what git is to do, told how many times it will do it at each place, and at which."""
Figure = tuple[str, str, float]  # what, where, how much
Results = dict[tuple[str, str, str], list[float]]  # (what, of which task, where): a figure for each round


@dataclass(frozen=True)
class World:
    """The servers, somebody with gists, and a git."""

    git: Git
    server: Server
    peer: "Peer"
    alice: Client

    def grow(self, name: str) -> Gist:
        files, revisions = SHAPES[name]
        gist = self.alice.create({f"file{number}.md": words(1700, str(number)) for number in range(files)})
        for number in range(1, revisions):
            gist = self.change(gist, number)
        return gist

    def change(self, gist: Gist, number: int) -> Gist:
        name, file = list(gist["files"].items())[number % len(gist["files"])]
        return self.alice.change(gist["id"], files={name: {"content": f"{number}\n{file['content']}"}})

    def url(self, place: str, gist: Gist) -> str:
        """Where the gist is; at other places than gistd as it was when this was asked for the first time."""
        if place == GISTD:
            return gist["clone_url"]
        path = (self.git.home / "floor" if place == FLOOR else self.peer.repos) / f"{gist['id']}.git"
        if not path.exists():
            self.git("clone", "-q", "--bare", gist["clone_url"], path)
            self.git("config", "http.receivepack", "true", cwd=path)
        if place == FLOOR:
            return f"file://{path}"
        return f"{self.peer.url}{'/counted' if place == COUNTED else ''}/{path.name}"

    def clone(self, urls: Iterator[str]) -> float:
        with tempfile.TemporaryDirectory(dir=self.git.home) as folder:
            return self._time("clone", "-q", next(urls), f"{folder}/clone")

    def fetch(self, behind: Path, url: str) -> float:
        """What a clone does not have yet, into a copy of it."""
        with tempfile.TemporaryDirectory(dir=self.git.home) as folder:
            clone = shutil.copytree(behind, Path(folder) / "clone")
            return self._time("fetch", "-q", url, "+refs/heads/*:refs/remotes/origin/*", cwd=clone)

    def push(self, steps: Iterator[tuple[Path, str, str]]) -> float:
        clone, commit, url = next(steps)
        return self._time("push", "-q", url, f"{commit}:refs/heads/main", cwd=clone)

    def _time(self, *arguments: str, cwd: Path | None = None) -> float:
        begun = time.perf_counter()
        self.git(*arguments, cwd=cwd)
        return time.perf_counter() - begun


def prepare_clone(world: World, gist: Gist, times: int, places: list[str]) -> Calls:
    return {place: partial(world.clone, repeat(world.url(place, gist))) for place in places}


def prepare_clone_once(world: World, times: int, places: list[str]) -> Calls:
    """From gistd, gists that nobody has asked for yet: what it may remember of other clones is of no use."""
    urls = [world.url(GISTD, world.grow("s3x5")) for _ in range(times)]
    return {GISTD: partial(world.clone, iter(urls))}


def prepare_fetch(world: World, times: int, places: list[str]) -> Calls:
    """One commit, into clones that have all others."""
    gist = world.grow("s3x5")
    behind = world.git.clone(gist["clone_url"])
    gist = world.change(gist, 5)
    return {place: partial(world.fetch, behind, world.url(place, gist)) for place in places}


def prepare_push(world: World, times: int, places: list[str]) -> Calls:
    """The same commits to every place, one by one; made beforehand."""
    steps: dict[str, list[tuple[Path, str, str]]] = {place: [] for place in places}
    for first in range(0, times, PUSHES):
        gist = world.grow("s3x5")
        clone = world.git.clone(gist["clone_url"])
        urls = {place: world.alice.clone_url(gist) if place == GISTD else world.url(place, gist) for place in places}
        repository, files = pygit2.Repository(str(clone)), {name: (clone / name).read_bytes() for name in gist["files"]}
        for number in range(min(PUSHES, times - first)):
            commit_bare(repository, {**files, "file0.md": b"push %d\n%s" % (number, files["file0.md"])})
            for place, url in urls.items():
                steps[place].append((clone, str(repository.head.target), url))
    return {place: partial(world.push, iter(steps[place])) for place in places}


def in_turns(calls: Calls, times: int, order: random.Random) -> dict[str, list[float]]:
    """Each so many times, all in a random order, one at a time."""
    walls: dict[str, list[float]] = {place: [] for place in calls}
    for place in order.sample(list(calls), len(calls) * times, counts=[times] * len(calls)):
        walls[place].append(calls[place]())
    return walls


def costs(world: World, prepare: Prepare, order: random.Random, asked: argparse.Namespace) -> Iterator[Figure]:
    """Wall time and processor time are taken apart, as the peer's CGI is only counted by a detour."""
    for place, walls in in_turns(prepare(asked.times, [GISTD, PEER, FLOOR]), asked.times, order).items():
        yield WALL, place, statistics.median(walls) * 1000
    servers: dict[str, Server] = {GISTD: world.server, COUNTED: world.peer}
    calls = prepare(asked.batch, list(servers))
    before = {place: busy_seconds(servers[place]) for place in calls}
    in_turns(calls, asked.batch, order)
    for place in calls:
        busy = busy_seconds(servers[place]) - before[place]
        yield CPU, PEER if place == COUNTED else place, busy * 1000 / asked.batch


def rates(world: World, gist: Gist, order: random.Random, asked: argparse.Namespace) -> Iterator[Figure]:
    """Many clients, without git."""
    for place in order.sample([GISTD, PEER], 2):
        url = world.url(place, gist)
        requests = clone_requests(urlsplit(url).path, gist["commits"][0]["version"])
        connections = [Cloner(url, requests) for _ in range(asked.clients)]
        begun = time.perf_counter()
        times = ask_until(connections, begun + asked.seconds)
        yield RATE, place, len(times) / (time.perf_counter() - begun)
        for connection in connections:
            connection.socket.close()


def measure(world: World, asked: argparse.Namespace) -> Results:
    gists = {name: world.grow(name) for name in SHAPES}
    todo: dict[str, Prepare] = {f"clone {name}": partial(prepare_clone, world, gist) for name, gist in gists.items()}
    todo["clone s3x5, each gist once"] = partial(prepare_clone_once, world)
    todo["fetch s3x5"] = partial(prepare_fetch, world)
    todo["push s3x5"] = partial(prepare_push, world)
    results = Results()
    for prepare in todo.values():
        in_turns(prepare(1, [GISTD, PEER]), 1, random.Random(0))  # imports, caches, the first connections to the index
    for round in range(asked.rounds):
        order = random.Random(round)
        jobs = [(name, partial(costs, world, prepare)) for name, prepare in todo.items()]
        jobs += [(f"clone {name}", partial(rates, world, gist)) for name, gist in gists.items()]
        for name, job in order.sample(jobs, len(jobs)):
            for what, place, figure in job(order, asked):
                results.setdefault((what, name, place), []).append(figure)
    return results


DETOUR = "#!/bin/sh\nexec 3<&0; ./http-backend <&3 3<&- &\n"
"""fcgiwrap waits for nothing that it starts. This leaves an orphan, which serve_peer waits for and so is told of."""


class Peer(Server):
    """nginx, and fcgiwrap with `git http-backend`."""

    def start(self, *arguments: str) -> "Peer":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        git = Git(self.root / "home")
        command = "from tests.benchmarks.git_transport import serve_peer; serve_peer()"
        (self.root / "http-backend").symlink_to(git("--exec-path").strip() + "/git-http-backend")
        (self.root / "counted").write_text(DETOUR)
        (self.root / "counted").chmod(0o755)
        (self.root / "nginx.conf").write_text(nginx_conf(self.root, port))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", command, str(self.root), *peer_programs()],
                cwd=Path(__file__).parents[2],
                env=git.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: all((self.root / it).exists() for it in ("fcgi", "nginx.pid")), "nginx and fcgiwrap listen")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def stop(self) -> int:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGTERM)
        return super().stop()


def serve_peer() -> None:
    """Start both, and wait until they have ended and so has every orphan that they left."""
    root, nginx, fcgiwrap = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: None)  # the others end by it; who waits for them is the last
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
    os.chdir(root)  # the name of a Unix socket must be short
    os.spawnv(os.P_NOWAIT, fcgiwrap, [fcgiwrap, "-c", "4", "-s", "unix:fcgi"])
    os.spawnv(os.P_NOWAIT, nginx, [nginx, "-e", "error.log", "-c", f"{root}/nginx.conf"])
    with suppress(ChildProcessError):
        while True:
            os.wait()


def peer_programs() -> list[str]:
    """nginx and fcgiwrap; nothing unless both are installed."""
    found = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("nginx", "fcgiwrap")]
    return [program for program in found if program] if all(found) else []


def nginx_conf(root: Path, port: int) -> str:
    """What git's documentation asks for, with the detour below /counted/; all else as nginx comes."""
    names = "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR"
    folders = "client_body", "fastcgi", "proxy", "scgi", "uwsgi"
    return f"""
        daemon off; worker_processes auto; pid {root}/nginx.pid; {"user root;" if os.getuid() == 0 else ""}
        events {{}}
        http {{
            access_log {root}/access.log; {" ".join(f"{name}_temp_path {root}/{name};" for name in folders)}
            map $uri $program {{ ~^/counted/ {root}/counted; default {root}/http-backend; }}
            map $uri $path {{ ~^/counted(?<rest>/.*)$ $rest; default $uri; }}
            server {{
                listen 127.0.0.1:{port}; client_max_body_size 0; keepalive_requests 1000000;
                {" ".join(f"fastcgi_param {name} ${name.lower()};" for name in names)}
                fastcgi_param SCRIPT_FILENAME $program; fastcgi_param PATH_INFO $path;
                fastcgi_param GIT_PROJECT_ROOT {root}/repos; fastcgi_param GIT_HTTP_EXPORT_ALL 1;
                location / {{ fastcgi_pass unix:fcgi; }}
            }}
        }}
    """


def busy_seconds(server: Server) -> float:
    """The processor time taken so far by the processes of a server, and by all that they started and waited for."""
    assert server.process is not None
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            columns = file.read_text().rpartition(")")[2].split()
            if int(columns[2]) == server.process.pid:  # its process group
                ticks += sum(map(int, columns[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Cloner(Connection):
    """A client with one connection, which asks what git asks when it clones, again and again."""

    def __init__(self, url: str, requests: list[bytes]) -> None:
        super().__init__(url, requests[0], 200)
        self._requests = requests

    def ask(self) -> None:
        self._others = iter(self._requests[1:])
        super().ask()

    def is_answered(self) -> bool:
        """Take what has come, and ask on; whether that completes the clone."""
        received = self.socket.recv(1 << 18)
        self.answer += received
        assert received and self.answer.startswith(b"HTTP/1.1 200 "[: len(self.answer)]), self.answer
        if not is_whole(self.answer):
            return False
        request = next(self._others, b"")
        assert request or b"PACK" in self.answer, self.answer
        if request:
            self.answer = b""
            self.socket.sendall(request)
        return not request


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return len(body) >= int(length[1]) if length else answer.endswith(b"\r\n0\r\n\r\n")


def clone_requests(path: str, head: str) -> list[bytes]:
    """What git asks, by protocol version 2, to clone."""
    headers = "Host: localhost\r\nGit-Protocol: version=2\r\n"
    post = f"POST {path}/git-upload-pack HTTP/1.1\r\n{headers}Content-Type: application/x-git-upload-pack-request\r\n"
    capabilities = pkt("agent=git/2.39.5", "object-format=sha1")
    refs = pkt("peel", "symrefs", "ref-prefix refs/heads/", "ref-prefix refs/tags/", "ref-prefix HEAD")
    pack = pkt("thin-pack", "no-progress", "include-tag", "ofs-delta", f"want {head}", "done")
    requests = [f"GET {path}/info/refs?service=git-upload-pack HTTP/1.1\r\n{headers}\r\n"]
    for command, arguments in (("ls-refs", refs), ("fetch", pack)):
        body = f"{pkt(f'command={command}')}{capabilities}0001{arguments}0000"
        requests.append(f"{post}Content-Length: {len(body)}\r\n\r\n{body}")
    return [request.encode() for request in requests]


def pkt(*lines: str) -> str:
    return "".join(f"{len(line) + 5:04x}{line}\n" for line in lines)


def spread(figures: list[float]) -> tuple[str, str]:
    """(median, lowest to highest)"""
    if not figures:
        return "", ""
    low, middle, high = (f"{one:.3g}" for one in (min(figures), statistics.median(figures), max(figures)))
    return middle, f"{low} to {high}"


def table(results: Results, clients: int) -> Iterator[tuple[str, ...]]:
    between = "lowest to highest"
    yield "", WALL, between, CPU, between, f"{RATE}, {clients} clients", between
    for task, place in sorted({(task, place) for _, task, place in results}):
        cells = [spread(results.get((what, task, place), [])) for what in (WALL, CPU, RATE)]
        yield f"{task}: {place}", *(cell for pair in cells for cell in pair)


def ratios(results: Results) -> Iterator[tuple[str, ...]]:
    yield f"{GISTD} / {PEER}", "ratio", "lowest to highest", "wanted"
    for what, task, place in sorted(results):
        if place == PEER:
            pairs = zip(results[what, task, GISTD], results[what, task, PEER], strict=True)
            rounds = [one / two for one, two in pairs if two]  # a batch too small may take no tick at all
            yield f"{what}, {task}", *spread(rounds), WANTED.get((what, task), "")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=20, help="each is done in a round, for the wall time")
    parser.add_argument("--batch", type=int, default=100, help="as many for the processor time, told in ticks of 10 ms")
    parser.add_argument("--seconds", type=float, default=2, help="of load by many clients, for each gist and server")
    parser.add_argument("--clients", type=int, default=4, help="the many")
    parser.add_argument("--directory", type=Path, help="where the data goes; in memory nothing is ever synced")
    return parser.parse_args()


@contextmanager
def world(root: Path) -> Iterator[World]:
    for folder in ("gistd", "peer", "peer/repos"):
        (root / folder).mkdir()
    server, peer = Server(root / "gistd"), Peer(root / "peer")
    try:
        yield World(Git(root / "git"), server.start(), peer.start(), server.user("alice"))
    finally:
        for running in (server, peer):
            if running.process is not None:
                running.stop()


def main() -> None:
    asked = options()
    if not peer_programs():
        sys.exit("nginx and fcgiwrap are needed; on Debian: apt install nginx-light fcgiwrap")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # not without taking away what it made
    with tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=asked.directory) as name, world(Path(name)) as all:
        each = f"{asked.times} times for the wall time, {asked.batch} for the CPU, {asked.seconds:g} s for the rate"
        print(
            f"{os.cpu_count()} cores, Python {platform.python_version()}, {all.git('version').strip()}; "
            f"{asked.rounds} rounds, in each {each}; load before: {os.getloadavg()[0]:.2f}\n"
        )
        results = measure(all, asked)
        print_table(table(results, asked.clients))
        print_table(ratios(results))


if __name__ == "__main__":
    main()
