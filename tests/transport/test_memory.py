"""Big pushes and clones cost memory in proportion, and what is too big is refused in words at no higher price."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness import Client, Git, Server, require, wait_until
from tests.transport.watch import Memory, is_on_disk

MIB = 1024 * 1024
BIG = 4
"""Files of 10 MiB, which is just what a file may have; six would be more than a push may."""
ALLOWED = 4 * BIG * 10 * MIB
ROUNDS = 1

BODIES = {"chunked": "64k", "with Content-Length": "512m"}
"""http.postBuffer: what fits in is sent as one piece, all else in chunks."""


def quick_git(home: Path) -> Git:
    """It does not try to pack noise, nor wait for the disk."""
    git = Git(home)
    for setting in ("core.compression 0", "core.bigFileThreshold 1m", "core.fsync none", "gc.auto 0"):
        git("config", "--global", *setting.split())
    return git


@pytest.fixture
def git(tmp_path: Path) -> Iterator[Git]:
    """Its clones do not wait on the disk for the end of all tests."""
    yield quick_git(tmp_path / "git")
    shutil.rmtree(tmp_path / "git")


def commit_noise(git: Git, clone: Path, files: int, bytes: int = 10 * MIB) -> str:
    for number in range(files):
        (clone / f"noise {number}.bin").write_bytes(os.urandom(bytes))
    return git.commit(clone, {})


def commit_zeros(git: Git, clone: Path, files: int, bytes: int) -> str:
    """Much that is little on its way."""
    git("config", "core.compression", "1", cwd=clone)
    for number in range(files):
        (clone / f"zeros {number}.bin").write_bytes(b"%d" % number + bytes * b"\0")
    return git.commit(clone, {})


def warm_up(alice: Client, git: Git) -> None:
    """Each verb once, so that what the server holds afterwards is what it always needs."""
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"warm.txt": "up"})
    git("push", "-q", cwd=clone)
    for version in "02":
        git("-c", f"protocol.version={version}", "clone", "-q", "--depth=1", gist["clone_url"], git.home / version)


@contextmanager
def serving(owner: Client) -> Iterator[None]:
    """A server of one worker, fresh."""
    owner.server.start("--workers", "1")
    try:
        yield
    finally:
        owner.session.close()  # a server that is to stop waits for those who are still there
        assert owner.server.stop() == 0


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """On a server that does not run yet."""
    require("procfs", Path("/proc/self/clear_refs").exists())
    server = Server(tmp_path_factory.mktemp("server"), rate_limits=False).as_program()
    yield server.user("alice")
    assert "Traceback" not in server.log.read_text(), "the server met something it did not expect"


@pytest.fixture
def alice(owner: Client, git: Git) -> Iterator[Client]:
    """The same owner and data in each test, but a fresh worker."""
    with serving(owner):
        warm_up(owner, git)
        yield owner


TOO_BIG: dict[str, Callable[[Git, Path], str]] = {
    "a push of 60 MiB": lambda git, clone: commit_noise(git, clone, 6),
    "a push of 180 MiB": lambda git, clone: commit_noise(git, clone, 18),
    "a file of 11 MiB": lambda git, clone: commit_noise(git, clone, 1, 11 * MIB),
    "a gist of 54 MiB": lambda git, clone: commit_zeros(git, clone, 6, 9 * MIB),
    "a file of 200 MiB that is small on its way": lambda git, clone: commit_zeros(git, clone, 1, 200 * MIB),
}


@pytest.mark.parametrize("what", TOO_BIG)
def test_what_is_too_big_is_refused_in_words(alice: Client, git: Git, what: str) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    TOO_BIG[what](git, clone)
    before = alice.server.on_disk()
    for name, body in BODIES.items():
        with Memory(alice.server) as memory:
            done = git.try_("-c", f"http.postBuffer={body}", "push", "-q", cwd=clone)
        assert done.returncode != 0, name
        assert "remote rejected" in done.stderr and re.search("too large|larger than", done.stderr), (name, done.stderr)
        assert memory.added <= ALLOWED, name
        wait_until(lambda: is_on_disk(alice.server, before), "nothing of the push is on the disk")
    assert list(alice.read(gist["id"])["files"]) == ["hello.py"]


@pytest.fixture(scope="module")
def big(owner: Client, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The id and the head of a gist of 40 MiB."""
    git = quick_git(tmp_path_factory.mktemp("big") / "git")
    with serving(owner):
        gist = owner.create()
        clone = git.clone(owner.clone_url(gist))
        head = commit_noise(git, clone, BIG)
        git("push", "-q", cwd=clone)
    shutil.rmtree(clone)
    return gist["id"], head


@pytest.mark.parametrize("body", BODIES)
def test_a_push(alice: Client, git: Git, body: str) -> None:
    gists = [alice.create() for _ in range(ROUNDS)]
    clone = git.clone(alice.clone_url(gists[0]))
    head = commit_noise(git, clone, BIG)
    with Memory(alice.server) as memory:
        for gist in gists:
            to = [alice.clone_url(gist), "HEAD:main"]
            git("-c", f"http.postBuffer={BODIES[body]}", "push", "-q", "--force", *to, cwd=clone)
    assert {alice.read(gist["id"])["commits"][0]["version"] for gist in gists} == {head}
    assert memory.added <= ALLOWED


def url(alice: Client, id: str) -> str:
    """Without a request, which would cost memory too."""
    return f"{alice.server.url}/alice/{id}.git"


@pytest.mark.parametrize("options", [[], ["--depth=1"]], ids=["whole", "shallow"])
@pytest.mark.parametrize("version", ["0", "2"])
def test_a_fetch(big: tuple[str, str], alice: Client, git: Git, version: str, options: list[str]) -> None:
    id, head = big
    with Memory(alice.server) as memory:
        for number in range(ROUNDS):
            target = git.home / f"fetched-{number}"
            git("init", "-q", target)
            git("-c", f"protocol.version={version}", "fetch", "-q", *options, url(alice, id), "main", cwd=target)
            assert git("rev-parse", "FETCH_HEAD", cwd=target).strip() == head
    assert memory.added <= ALLOWED


def test_a_clone(big: tuple[str, str], alice: Client, git: Git) -> None:
    id, head = big
    with Memory(alice.server) as memory:
        clones = [git.clone(url(alice, id)) for _ in range(ROUNDS)]
    assert {git("rev-parse", "HEAD", cwd=clone).strip() for clone in clones} == {head}
    assert memory.added <= ALLOWED
