"""A disk that is full, broken or read-only, an index that is locked or damaged: clear words, and all is well again.

See errors.py, which tries every system call.
"""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from gistd.errors import GistdError
from gistd.index import connection
from tests.api.ownpaste.client import Paster as Digester
from tests.api.pastegg.client import Paster, text
from tests.faults import child, errors, points, scene
from tests.faults.points import Sweep
from tests.faults.scene import Answer, Asker
from tests.harness import GISTD, Client, Git, Server, permit, wait_until
from tests.test_allowance import EDIT, ways
from tests.transport import packs, watch
from tests.web.people import Person

_PAGE = 4096


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return Sweep(tmp_path_factory.mktemp("errors")).furnish()


def test_the_disk_says_no_to_a_system_call(tmp_path: Path) -> None:
    points.require_strace()
    totals = errors.sweep_all(tmp_path, ["create", "push"], list(errors.KINDS), every=75)
    print(totals)
    assert totals.points.total() >= 3 and totals.wrong == []


# ---------------------------------------------------------------------- a disk of a few megabytes


@pytest.fixture
def small(own_server: Callable[..., Server]) -> Iterator[Server]:
    """A server whose data directory is a disk of its own."""
    server = own_server(rate_limits=False, min_free_bytes=0)
    server.repos.mkdir()
    permit("mount", "mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", server.repos)
    yield server
    if server.process is not None:
        server.stop()
    subprocess.run(["umount", server.repos], check=True)


def _fill(server: Server) -> Path:
    """Take all the room there is."""
    ballast = server.repos / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return ballast


def test_a_full_disk(small: Server, git: Git) -> None:
    """gistd usually stops writing before; this is for whatever else fills the disk."""
    small.start("--workers", "1")
    person = Person(small, "alice").sign_up()
    client = person.api()
    gist = client.create()
    clone = git.clone(client.clone_url(gist))
    git.commit(clone, {"hello.py": "pushed\n"})
    pastegg, ownpaste = Paster.of(client), Digester.of(client)  # their keys are made before, too
    made = {
        **ways(person, client),
        "paste.gg": lambda: pastegg.send("POST", "/pastes", {"files": [text("x" * 2000)]}),
        "ownpaste": lambda: ownpaste.send("POST", "/paste/", {"file_content": "x" * 2000}),
    }
    for make in made.values():  # what each needs is there before the disk is full
        assert make().status_code < 400
    ballast = _fill(small)
    before = client.get("/api/gists?per_page=100").json()
    for dialect, make in made.items():
        answer = make()
        assert answer.status_code in (503, 507), (dialect, answer.text)
        assert dialect == "web" or answer.headers["Retry-After"]
    assert client.request("PATCH", f"/api/gists/{gist['id']}", json=EDIT).status_code in (503, 507)
    pushed = git.try_("push", cwd=clone)
    assert pushed.returncode and "no room" in pushed.stderr, pushed.stderr
    assert client.read(gist["id"])["files"] == gist["files"]
    assert client.get("/api/gists?per_page=100").json() == before
    ballast.unlink()
    for make in made.values():
        assert make().status_code < 400
    git("push", "-q", cwd=clone)
    small.cli("doctor", "--repair")
    assert small.cli("doctor") == ""
    assert small.stop() == 0
    assert "Traceback" not in small.log.read_text()


def test_a_read_only_disk_at_the_start(small: Server) -> None:
    small.start("--workers", "1")
    assert small.stop() == 0
    remount = ["mount", "-o", "remount,ro", small.repos]
    wait_until(lambda: subprocess.run(remount, capture_output=True).returncode == 0, "nobody writes there any more")
    done = subprocess.run(
        [*GISTD, "serve", "--port", "0"], cwd=small.root, env=small.environment, capture_output=True, text=True
    )
    subprocess.run(["mount", "-o", "remount,rw", small.repos], check=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "cannot" in done.stderr
    small.start("--workers", "1")


# ---------------------------------------------------------------------- the index


def test_an_index_that_somebody_has_locked(sweep: Sweep) -> None:
    """Writers wait for half a minute; here for less. Readers do not."""
    scene.copy(sweep.base, sweep.work)

    def work(pause: Callable[[], None]) -> tuple[Answer, Answer, scene.Gists, Answer]:
        connection._PRAGMAS[0] = ("busy_timeout", 200)
        asker = Asker(sweep.work, sweep.people)
        pause()
        refused = scene.WRITES["create"](asker), scene.WRITES["like"](asker)
        seen = asker.look()
        pause()
        return (*refused, seen, scene.WRITES["create"](asker))

    writer = child.Child(work, sweep.log).wait()
    with closing(sqlite3.connect(sweep.work / "index.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        writer.go().wait()
        other.execute("COMMIT")
    created, liked, seen, again = writer.go().result()
    assert seen == sweep.before
    for answer in (created, liked):
        assert answer.status == 503 and answer.headers["Retry-After"] and b"busy" in answer.body, answer
    assert again.status == 201
    scene.recover(sweep.work, sweep.people, sweep.log)


def test_an_index_that_could_not_be_opened_for_writing(sweep: Sweep) -> None:
    """SQLite opens it for reading then, without a word; it is written as soon as it can be."""
    points.require_strace()
    after = sweep.after("change")
    opened = [
        number for call, number in points.calls(sweep.asked("change", warm=True), sweep.words) if call == "openat"
    ]
    for number in reversed(opened):  # it is opened late: to be read it was before
        outcome = errors.failed(sweep, "change", errors.KINDS["full for a moment"], "openat", number, after)
        if b"the index cannot be written" in outcome.first.body:
            break
    assert outcome.first.status == 503
    assert outcome.between == after, "what was written to the repository is in the index with the next read"


def test_a_damaged_index(sweep: Sweep) -> None:
    """Page after page of the file: whatever was asked for, nothing is answered but that, or clear words."""
    size = (sweep.base / "index.sqlite3").stat().st_size
    statuses: set[int] = set()
    for page in range(0, size // _PAGE, 15):
        scene.copy(sweep.base, sweep.work)
        with (sweep.work / "index.sqlite3").open("r+b") as file:
            file.seek(page * _PAGE)
            flipped = bytes(byte ^ 0xFF for byte in file.read(200))
            file.seek(page * _PAGE)
            file.write(flipped)
        statuses |= child.run(lambda: _ask_around(sweep), sweep.log)
    assert statuses <= {0, 200, 204, 401, 404, 503} and {200, 503} <= statuses, statuses


def _ask_around(sweep: Sweep) -> set[int]:
    """What it answers; 0 where it does not even start, but says so."""
    try:
        asker = Asker(sweep.work, sweep.people)
    except GistdError as error:
        assert "index" in error.message, error
        return {0}
    paths = ["/api/gists", "/api/gists/public", f"/api/gists/{asker.id('packed')}", "/alice", "/-/search?q=packed", "/"]
    answers = [asker.send("GET", path) for path in paths]
    answers += [scene.WRITES[write](asker) for write in ("change", "delete")]
    assert not [answer for answer in answers if b"Traceback" in answer.body]
    return {answer.status for answer in answers}


def test_a_damaged_index_is_named_to_the_operator(sweep: Sweep, own_server: Callable[..., Server]) -> None:
    server = own_server()
    scene.copy(sweep.base, server.repos)
    (server.repos / "index.sqlite3").write_bytes(b"no database" * 1000)
    for command in ("doctor", "serve"):
        said = server.cli(command, code=1)
        assert "the index is damaged" in said and "Traceback" not in said


# ---------------------------------------------------------------------- in the middle of a push


def test_a_worker_killed_in_the_middle_of_a_push(own_server: Callable[..., Server]) -> None:
    server = own_server(rate_limits=False).start("--workers", "1")
    alice = server.user("alice")
    gist = alice.create()
    objects = packs.revision({"a.bin": os.urandom(4 * 1024 * 1024)}, gist["commits"][0]["version"])
    body = packs.request([packs.command(gist["commits"][0]["version"], objects[-1].id)], packs.pack(objects))
    for part in range(1, 4):
        there = watch.children(server.process.pid)

        def halves(cut: int = len(body) * part // 4, there: list[int] = there) -> Iterator[bytes]:
            yield body[:cut]
            for process in there:
                os.kill(process, signal.SIGKILL)
            yield body[cut:]

        with pytest.raises(requests.ConnectionError):
            _push(alice, gist["id"], halves())
        wait_until(lambda: len(watch.children(server.process.pid)) == 2, "others have come")
        assert watch.git_processes(server) == []
        assert alice.read(gist["id"])["files"] == gist["files"]
    for _ in range(2):  # as git does that has lost the answer
        assert "ok refs/heads/main" in _push(alice, gist["id"], iter([body]))
    assert server.cli("doctor") == ""


def _push(client: Client, id: str, body: Iterator[bytes]) -> str:
    kind = "application/x-git-receive-pack-request"
    answer = client.request(
        "POST", f"/gist/{id}.git/git-receive-pack", data=body, headers={"Content-Type": kind},
        auth=(client.name, client.token),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.text
