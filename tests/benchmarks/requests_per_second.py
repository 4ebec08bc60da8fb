"""Requests per second of gistd, beside what it cannot be faster than; and what a gist takes on the disk.

    python -m tests.benchmarks.requests_per_second [--rounds 3] [--seconds 2] [--clients 8] [--directory DIR]

Everything is measured in one run and in another order each round, so that whatever else the machine does hits
all rows alike. Trust the ratios more than the figures. The load comes from this process, over loopback; it
shares the cores with the servers. gistd and the floor run under the same gunicorn and log a line a request.
"""

import argparse
import json
import os
import platform
import random
import re
import selectors
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag, SortMode

from gistd import server as gistd_server
from gistd.settings import Settings
from gistd.store import FileChange, Limits, Signature, Store
from tests.harness import DEADLINE, Client, Server, wait_until

MOST = 50_000
"""Calls in one measurement, however much time is left."""
THREADS = 8
REVISIONS = 5
FLOOR_COMMAND = "from tests.benchmarks.requests_per_second import serve_floor; serve_floor()"
LIMITS = Limits(file_bytes=2**20, gist_bytes=2**20, files=100)

FLOOR_GET, FLOOR_POST = "bare Flask: GET", "bare Flask: POST"
READ, WRITE, WRITE_FAST = "pygit2: read", "pygit2: create, synced", "pygit2: create, not synced"


@dataclass(frozen=True)
class Sample:
    """One measurement. `busy` is the processor time of whoever did the work; all times in ms a call."""

    rate: float
    p50: float
    p99: float
    busy: float


@dataclass(frozen=True)
class Row:
    """Something to measure for some seconds, and the names of the rows that it is compared with."""

    name: str
    measure: Callable[[float], Sample]
    floor: str = ""
    bare: str = ""


# ---------------------------------------------------------------------- what a usual gist is


def words(size: int, seed: str) -> str:
    """About this many characters, in lines, as compressible as text is."""
    choice = random.Random(seed)
    vocabulary = ["".join(choice.choices("etaoinshrdlu", k=choice.randint(2, 9))) for _ in range(150)]
    lines = [" ".join(choice.choices(vocabulary, k=8)) for _ in range(size // 40)]
    return "\n".join(lines)[: size - 1] + "\n"


FILES = {name: words(1700, name) for name in ("program.py", "notes.md", "steps.txt")}
RAW_FILES = {name: content.encode() for name, content in FILES.items()}
NEW_GIST = {"files": {name: {"content": content} for name, content in FILES.items()}}


def grown_gist(client: Client) -> dict[str, Any]:
    gist = client.create(FILES)
    for number in range(1, REVISIONS):
        gist = client.change(gist["id"], files={"notes.md": {"content": f"{number}\n{FILES['notes.md']}"}})
    assert len(gist["commits"]) == REVISIONS
    return gist


# ---------------------------------------------------------------------- the floor: answers that are there already


class Floor(Server):
    """A Flask app that knows its answers, in the gunicorn that gistd runs in."""

    def start(self, *arguments: str) -> "Floor":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", FLOOR_COMMAND, str(self.root)],
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def address() -> Any:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            return re.search(r"the floor is at (http://\S+)", self.log.read_text())

        self.url = wait_until(address, "the floor prints its address")[1]
        return self


def serve_floor() -> None:
    def ready(host: str, port: int) -> None:
        print(f"the floor is at http://{host}:{port}", flush=True)

    settings = Settings(repos=Path(sys.argv[1]))
    gistd_server.Server(settings, lambda _: floor_app(), lambda *_: None, ready, "127.0.0.1", 0, None).run()


def floor_app() -> flask.Flask:
    answers = Path(sys.argv[1])
    read, made = (answers / "get.json").read_bytes(), (answers / "post.json").read_bytes()
    app = flask.Flask(__name__)

    @app.get("/api/gists/<id>")
    def get(id: str) -> flask.Response:
        return flask.Response(read, content_type="application/json")

    @app.post("/api/gists")
    def post() -> flask.Response:
        flask.request.get_json()
        return flask.Response(made, 201, content_type="application/json")

    return app


# ---------------------------------------------------------------------- load


class Connection:
    """A client with one connection, which asks again as soon as it has its answer."""

    def __init__(self, url: str, request: bytes, status: int) -> None:
        self.socket = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._status = b"HTTP/1.1 %d " % status

    def ask(self) -> None:
        self.asked, self.answer = time.perf_counter(), b""
        self.socket.sendall(self._request)

    def is_answered(self) -> bool:
        """Take what has come; whether that completes the answer."""
        received = self.socket.recv(1 << 18)
        self.answer += received
        head, gap, body = self.answer.partition(b"\r\n\r\n")
        assert received and head.startswith(self._status[: len(head)]), self.answer
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head) if gap else None
        return length is not None and len(body) >= int(length[1])


def http_request(method: str, path: str, token: str = "", body: Any = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"] if content else []
    return "\r\n".join([*lines, "", ""]).encode() + content


def load(server: Server, request: bytes, status: int, clients: int, seconds: float) -> Sample:
    """Ask a server for some seconds, by so many clients at once. Any other status than this one ends the run."""
    connections = [Connection(server.url, request, status) for _ in range(clients)]
    busy, begun = busy_seconds(server), time.perf_counter()
    times = ask_until(connections, begun + seconds)
    took, busy = time.perf_counter() - begun, busy_seconds(server) - busy
    for connection in connections:
        connection.socket.close()
    return sample(times, took, busy)


def ask_until(connections: list[Connection], end: float) -> list[float]:
    """How long each answer took; returns once the last one is there."""
    times: list[float] = []
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        while waiting.get_map():
            ready = waiting.select(DEADLINE)
            assert ready, "the server does not answer"
            for connection in (key.data for key, _ in ready):
                if not connection.is_answered():
                    continue
                now = time.perf_counter()
                times.append(now - connection.asked)
                if now < end and len(times) < MOST:
                    connection.ask()
                else:
                    waiting.unregister(connection.socket)
    return times


def busy_seconds(server: Server) -> float:
    """The processor time that the processes of a server have taken so far; 0 where there is no /proc to tell."""
    assert server.process is not None
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            columns = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(columns[2]) == server.process.pid:  # its process group
            ticks += int(columns[11]) + int(columns[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def repeat(call: Callable[[], Any], threads: int, seconds: float) -> Sample:
    """Call it again and again for some seconds, in so many threads of this process."""
    busy, begun = time.process_time(), time.perf_counter()

    def one_thread(_: int) -> list[float]:
        times: list[float] = []
        now = begun
        while now < begun + seconds and len(times) < MOST // threads:
            start = time.perf_counter()
            call()
            now = time.perf_counter()
            times.append(now - start)
        return times

    with ThreadPoolExecutor(threads) as pool:
        times = [one for many in pool.map(one_thread, range(threads)) for one in many]
    return sample(times, time.perf_counter() - begun, time.process_time() - busy)


def sample(times: list[float], took: float, busy: float) -> Sample:
    ordered = sorted(times)
    p50, p99 = (ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99))
    return Sample(len(times) / took, p50 * 1000, p99 * 1000, busy * 1000 / len(times))


# ---------------------------------------------------------------------- git without HTTP


def read_bare(path: Path) -> None:
    """What has to be read of a repository to show its gist."""
    repository = pygit2.Repository(str(path), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH)
    head: Any = repository[repository.head.target]
    contents = [entry.data for entry in head.tree]
    messages = [commit.message for commit in repository.walk(head.id, SortMode.NONE)]
    assert (len(contents), len(messages)) == (len(FILES), REVISIONS)


def commit_bare(repository: pygit2.Repository, files: Mapping[str, bytes]) -> None:
    tree = repository.TreeBuilder()
    for name, content in files.items():
        tree.insert(name, repository.create_blob(content), FileMode.BLOB)
    author = pygit2.Signature("alice", "alice@example.org")
    parents = [] if repository.head_is_unborn else [repository.head.target]
    repository.create_commit("HEAD", author, author, "Create gist", tree.write(), parents)


def init_bare(folder: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(folder / uuid.uuid4().hex), bare=True, initial_head="main")


def create_bare(folder: Path, synced: bool, seconds: float) -> Sample:
    pygit2.settings.enable_fsync_gitdir(synced)
    try:
        return repeat(lambda: commit_bare(init_bare(folder), RAW_FILES), 1, seconds)
    finally:
        pygit2.settings.enable_fsync_gitdir(True)  # as gistd has it


def author() -> Signature:
    return Signature("alice", "alice@example.org", datetime.now(UTC))


def store_create(store: Store) -> str:
    id = uuid.uuid4().hex
    with store.create(id, RAW_FILES, author(), "Create gist"):
        return id


def store_edit(store: Store, seconds: float) -> Sample:
    """Change one file of three, in a repository that is new in each round."""
    id = store_create(store)

    def edit() -> None:
        change = FileChange("notes.md", uuid.uuid4().hex.encode() + RAW_FILES["notes.md"])
        with store.lock(id) as repository:
            assert repository.edit([change], author(), "Update gist", LIMITS)

    return repeat(edit, 1, seconds)


# ---------------------------------------------------------------------- the rows


def http_rows(server: Server, floor: Server, alice: Client, gist: dict[str, Any], clients: int) -> Iterator[Row]:
    """GET needs no token, the gist being public; POST does."""
    get = http_request("GET", f"/api/gists/{gist['id']}")
    post = http_request("POST", "/api/gists", alice.token, NEW_GIST)
    for number in (1, clients):
        by = f", {number} client{'s' if number > 1 else ''}"
        yield Row(f"gistd: GET{by}", partial(load, server, get, 200, number), FLOOR_GET + by, READ)
        yield Row(FLOOR_GET + by, partial(load, floor, get, 200, number))
        yield Row(f"gistd: POST{by}", partial(load, server, post, 201, number), FLOOR_POST + by, WRITE)
        yield Row(FLOOR_POST + by, partial(load, floor, post, 201, number))


def git_rows(folder: Path, store: Store, gist: Path) -> Iterator[Row]:
    create = partial(store_create, store)
    yield Row(READ, partial(repeat, partial(read_bare, gist), 1))
    yield Row(WRITE, partial(create_bare, folder, True))
    yield Row(WRITE_FAST, partial(create_bare, folder, False))
    yield Row("Store.create, 1 thread", partial(repeat, create, 1), bare=WRITE)
    yield Row(f"Store.create, {THREADS} threads", partial(repeat, create, THREADS), bare=WRITE)
    yield Row("Repository.edit, 1 thread", partial(store_edit, store))


def measure(rows: list[Row], rounds: int, seconds: float) -> dict[str, list[Sample]]:
    for row in rows:
        row.measure(seconds / 10)  # imports, caches, the first connections to the index
    samples: dict[str, list[Sample]] = {row.name: [] for row in rows}
    for round in range(rounds):
        for row in random.Random(round).sample(rows, len(rows)):
            samples[row.name].append(row.measure(seconds))
    return samples


@contextmanager
def servers(root: Path) -> Iterator[tuple[Server, Server, Client, dict[str, Any]]]:
    """gistd and the floor, both running, with somebody who has a usual gist; the floor has gistd's answers."""
    for folder in ("gistd", "floor"):
        (root / folder).mkdir()
    server = Server(root / "gistd").start()
    floor = Floor(root / "floor")
    try:
        alice = server.user("alice")
        gist = grown_gist(alice)
        got = server.nobody.get(f"/api/gists/{gist['id']}")
        made = alice.request("POST", "/api/gists", json=NEW_GIST)
        (floor.root / "get.json").write_bytes(got.content)
        (floor.root / "post.json").write_bytes(made.content)
        yield server, floor.start(), alice, gist
    finally:
        for running in (server, floor):
            if running.process is not None:
                running.stop()


# ---------------------------------------------------------------------- on the disk


def weigh(path: Path) -> tuple[int, int]:
    """(bytes allocated, inodes) of a directory and all in it."""
    states = [path.stat(), *(entry.stat() for entry in path.rglob("*"))]
    return sum(state.st_blocks for state in states) * 512, len(states)


def sizes(folder: Path, server: Server, alice: Client, gist: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """(what, bytes allocated, inodes)"""
    small = alice.create({"hello.py": "print('hello')\n"})
    yield "gistd: new, 1 file of 15 bytes", *weigh(server.repository(small["id"]))
    yield "gistd: new, 3 files", *weigh(server.repository(alice.create(FILES)["id"]))
    yield f"gistd: 3 files, {REVISIONS} revisions", *weigh(server.repository(gist["id"]))
    yield "gistd: a new gist's share of the index", index_bytes(server), 0
    repository = init_bare(folder)
    yield "pygit2: empty", *weigh(Path(repository.path))
    commit_bare(repository, RAW_FILES)
    yield "pygit2: new, 3 files", *weigh(Path(repository.path))
    for number in range(1, REVISIONS):
        commit_bare(repository, {**RAW_FILES, "notes.md": b"%d\n%s" % (number, RAW_FILES["notes.md"])})
    yield f"pygit2: 3 files, {REVISIONS} revisions", *weigh(Path(repository.path))


def index_bytes(server: Server) -> int:
    pages = "SELECT page_count * page_size / (SELECT count(*) FROM gist) FROM pragma_page_count, pragma_page_size"
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as connection:
        return connection.execute(pages).fetchone()[0]


# ---------------------------------------------------------------------- the report


def compared(samples: dict[str, list[Sample]], name: str, other: str) -> str:
    """How many times as fast as the other row, in the middle of the rounds."""
    if not other:
        return ""
    pairs = zip(samples[name], samples[other], strict=True)
    return f"{statistics.median(one.rate / two.rate for one, two in pairs):.2f}"


def figures(rows: list[Row], samples: dict[str, list[Sample]]) -> Iterator[tuple[str, ...]]:
    yield "", "per second", "lowest to highest", "p50 ms", "p99 ms", "CPU ms", "x floor", "x pygit2"
    for row in rows:
        mine = samples[row.name]
        rates = [one.rate for one in mine]
        times = [statistics.median(getattr(one, name) for one in mine) for name in ("p50", "p99", "busy")]
        ratios = compared(samples, row.name, row.floor), compared(samples, row.name, row.bare)
        spread = f"{min(rates):.0f} to {max(rates):.0f}"
        yield row.name, f"{statistics.median(rates):.0f}", spread, *(f"{time:.2f}" for time in times), *ratios


def weights(rows: Iterator[tuple[str, int, int]]) -> Iterator[tuple[str, ...]]:
    yield "on the disk", "KiB", "inodes"
    for name, size, inodes in rows:
        yield name, f"{size / 1024:.1f}", str(inodes or "")


def print_table(rows: Iterator[tuple[str, ...]]) -> None:
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])))
    for first, *others in lines:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print(f"| {' | '.join(cells)} |")
    print()


def conditions(directory: Path, options: argparse.Namespace) -> str:
    filesystem = subprocess.run(["stat", "-f", "-c", "%T", directory], capture_output=True, text=True).stdout.strip()
    versions = f"Python {platform.python_version()}, pygit2 {pygit2.__version__}, libgit2 {pygit2.LIBGIT2_VERSION}"
    rounds = f"{options.rounds} rounds of {options.seconds:g} s a row"
    load_average = " ".join(f"{load:.2f}" for load in os.getloadavg())
    return f"{os.cpu_count()} cores, {versions}, {filesystem}; {rounds}; load before: {load_average}\n"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="for each row in each round")
    parser.add_argument("--clients", type=int, default=8, help="the many; one is measured as well")
    parser.add_argument("--directory", type=Path, help="where the data goes; in memory nothing is ever synced")
    return parser.parse_args()


def main() -> None:
    asked = options()
    with tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=asked.directory) as name:
        root = Path(name)
        print(conditions(root, asked))
        bare = root / "bare"
        bare.mkdir()
        store = Store(root / "store")
        store.prepare()
        with servers(root) as (server, floor, alice, gist):
            by_http = http_rows(server, floor, alice, gist, asked.clients)
            rows = [*by_http, *git_rows(bare, store, server.repository(gist["id"]))]
            samples = measure(rows, asked.rounds, asked.seconds)
            print_table(figures(rows, samples))
            print_table(weights(sizes(bare, server, alice, gist)))


if __name__ == "__main__":
    main()
