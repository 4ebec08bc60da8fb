"""What gistd cannot be faster than: answers that are there already, and git without anything around it."""

import pickle
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import flask
import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag, SortMode

from gistd import server as gistd_server
from gistd.settings import Settings
from gistd.store import Signature, Store
from tests.benchmarks.load import Sample, busy_seconds, repeat
from tests.benchmarks.subjects import CREATE, EDIT, READ, SAME, Asks, Measure, Opengist, Subject
from tests.benchmarks.texts import files
from tests.harness import Server, wait_until

FLASK, PYGIT2, PACK = "bare Flask", "bare pygit2", "bare synced pack"
_COMMAND = "from tests.benchmarks.floors import serve_flask; serve_flask()"
_ANSWERS = "answers"


class Answer(NamedTuple):
    method: str
    path: str
    status: int
    type: str
    body: bytes


# ---------------------------------------------------------------------- a Flask app that knows its answers


class BareFlask(Server):
    """In the gunicorn that gistd runs in: as many workers, threads, deadlines, and lines in the log."""

    def start(self, *arguments: str) -> "BareFlask":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, str(self.root)],
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


def serve_flask() -> None:
    def ready(host: str, port: int) -> None:
        print(f"the floor is at http://{host}:{port}", flush=True)

    root = Path(sys.argv[1])
    settings = Settings(repos=root)
    gistd_server.Server(settings, lambda _: flask_app(root), lambda *_: None, ready, "127.0.0.1", 0, None).run()


def flask_app(root: Path) -> flask.Flask:
    """A route for each answer."""
    app = flask.Flask(__name__)
    for number, answer in enumerate(pickle.loads((root / _ANSWERS).read_bytes())):
        app.add_url_rule(answer.path, str(number), _view(answer), methods=[answer.method])
    return app


def _view(answer: Answer) -> Any:
    def get() -> flask.Response:
        return flask.Response(answer.body, answer.status, content_type=answer.type)

    def write() -> flask.Response:
        if answer.method != "PUT":  # a like has no body
            flask.request.get_json()
        return get()

    return get if answer.method == "GET" else write


class Flask(Subject):
    """Is asked what gistd is asked, in its name; a write always as the first client would."""

    def __init__(self, url: str, server: BareFlask, gistd: Opengist) -> None:
        assert server.process
        super().__init__(FLASK, url, partial(busy_seconds, server.process.pid))
        self._gistd = gistd

    def asks(self, work: str, size: str) -> Asks | None:
        asks = self._gistd.asks(READ if work == SAME else work, size)
        assert asks
        return Asks(asks.status, lambda _: asks.requests(0))


def bare_flask(root: Path, gistd: Opengist, works: list[tuple[str, str]]) -> tuple[BareFlask, Flask]:
    """With the answers that gistd gives to these works."""
    root.mkdir()
    answers: dict[tuple[str, str], Answer] = {}
    for work, size in works:
        if work != SAME:
            asks = gistd.asks(work, size)
            assert asks
            method, target = next(iter(asks.requests(0))).split(b" ", 2)[:2]
            path = target.decode().partition("?")[0]
            if (method.decode(), path) not in answers:
                got = gistd.once(asks)
                type = re.search(r"(?i)\r\ncontent-type: *([^\r]*)", got.head.decode())
                answer = Answer(method.decode(), path, asks.status, type[1] if type else "", got.body)
                answers[answer.method, answer.path] = answer
    (root / _ANSWERS).write_bytes(pickle.dumps([*answers.values()]))
    server = BareFlask(root).start()
    return server, Flask(server.url, server, gistd)


# ---------------------------------------------------------------------- git without HTTP


def read_bare(path: Path, commits: int) -> None:
    """What has to be read of a repository to show its gist."""
    repository = pygit2.Repository(str(path), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH)
    head: Any = repository[repository.head.target]
    contents = [entry.data for entry in head.tree]
    messages = [commit.message for commit in islice(repository.walk(head.id, SortMode.NONE), commits)]
    assert contents
    assert len(messages) == commits


def commit_bare(repository: pygit2.Repository, files: Mapping[str, bytes]) -> None:
    tree = repository.TreeBuilder()
    for name, content in files.items():
        tree.insert(name, repository.create_blob(content), FileMode.BLOB)
    author = pygit2.Signature("alice", "alice@example.org")
    parents = [] if repository.head_is_unborn else [repository.head.target]
    repository.create_commit("HEAD", author, author, "Create gist", tree.write(), parents)


def init_bare(folder: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(folder / uuid.uuid4().hex), bare=True, initial_head="main")


class Pygit2:
    """What libgit2 takes for it, synced as libgit2 does; in this process."""

    name = PYGIT2

    def __init__(self, folder: Path, server: Server, gistd: Opengist) -> None:
        folder.mkdir()
        self._folder = folder
        self._server = server
        self._gistd = gistd
        pygit2.settings.enable_fsync_gitdir(True)

    def measure(self, work: str, size: str, clients: int) -> Measure | None:
        if clients > 1 or work not in (READ, CREATE, EDIT):
            return None
        if work == READ:
            gist = self._gistd.gists[size]
            return partial(repeat, partial(read_bare, self._server.repository(gist["id"]), len(gist["commits"])), 1)
        content = {name: text.encode() for name, text in files(size).items()}
        if work == CREATE:
            return partial(repeat, lambda: commit_bare(init_bare(self._folder), content), 1)
        return partial(self._edit, content)

    def _edit(self, content: dict[str, bytes], seconds: float) -> Sample:
        repository = init_bare(self._folder)
        commit_bare(repository, content)
        first = next(iter(content))
        return repeat(lambda: commit_bare(repository, {**content, first: uuid.uuid4().bytes}), 1, seconds)


class Pack:
    """A repository written as gistd writes it, one pack and every file and folder of it synced, without an index or
    HTTP; in threads of this process."""

    name = PACK

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder)
        self._store.prepare()

    def measure(self, work: str, size: str, clients: int) -> Measure | None:
        if work != CREATE or clients > 8:
            return None
        content = {name: text.encode() for name, text in files(size).items()}
        return partial(repeat, partial(self._create, content), clients)

    def _create(self, content: dict[str, bytes]) -> None:
        author = Signature("alice", "alice@example.org", datetime.now(UTC))
        with self._store.create(uuid.uuid4().hex, content, author, "Create gist"):
            pass
