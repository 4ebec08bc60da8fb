"""gistd gc: repositories become small, nothing that counts gets lost, what was pushed away goes in time."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness import Client, Git, Server

THREE_WEEKS = 21 * 24 * 3600


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server.user("alice")
    assert server.cli("doctor") == ""
    assert server.stop() == 0 and "Traceback" not in server.log.read_text()


def _packs(repository: Path) -> list[Path]:
    return sorted((repository / "objects" / "pack").glob("*.pack"))


def _holds(git: Git, repository: Path, id: str) -> bool:
    return git.try_("cat-file", "-e", id, cwd=repository).returncode == 0


def _push_away_a_secret(git: Git, alice: Client, gist: dict) -> str:
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"secret.txt": "hunter2"})
    git("push", "-q", cwd=clone)
    secret = git("rev-parse", "HEAD:secret.txt", cwd=clone).strip()
    git("reset", "-q", "--hard", "HEAD^", cwd=clone)
    git("push", "-q", "--force", cwd=clone)
    return secret


def _let_time_pass(repository: Path) -> None:
    for path in repository.rglob("*.lost"):
        at = path.stat().st_mtime - THREE_WEEKS
        os.utime(path, (at, at))


def test_a_gist_that_is_changed_often_stays_small_by_itself(home: Client, git: Git) -> None:
    gist = home.create({"a": "0\n"})
    repository = home.server.repository(gist["id"])
    for number in range(34):
        home.change(gist["id"], files={"a": {"content": f"{number + 1}\n"}})
        assert len(_packs(repository)) <= 32
    assert len(_packs(repository)) < 15
    assert git("rev-list", "--count", "main", cwd=repository) == "35\n"
    assert git("fsck", "--strict", cwd=repository) == ""


def test_many_packs_become_one(home: Client, git: Git) -> None:
    gist = home.create({"a": "0\n" * 1000})
    for number in range(20):
        home.change(gist["id"], files={"a": {"content": f"{number + 1}\n" * 1000}})
    repository = home.server.repository(gist["id"])
    assert len(_packs(repository)) == 21
    before = sum(pack.stat().st_size for pack in _packs(repository))
    assert " bytes before, " in home.server.cli("gc")
    assert sum(pack.stat().st_size for pack in _packs(repository)) < before
    assert len(_packs(repository)) == 1
    assert git("rev-list", "--count", "main", cwd=repository) == "21\n"
    assert git("fsck", "--strict", cwd=repository) == ""
    home.change(gist["id"], files={"a": {"content": "and on"}})


def test_what_was_pushed_away_goes_after_two_weeks(home: Client, git: Git) -> None:
    gist = home.create()
    repository = home.server.repository(gist["id"])
    secret = _push_away_a_secret(git, home, gist)
    home.server.cli("gc")
    assert _holds(git, repository, secret), "it may have been a mistake"
    home.server.cli("gc")
    assert _holds(git, repository, secret) and len(_packs(repository)) == 2
    _let_time_pass(repository)
    home.server.cli("gc")
    assert not _holds(git, repository, secret) and len(_packs(repository)) == 1
    assert home.read(gist["id"])["files"] and git("fsck", "--strict", cwd=repository) == ""


def test_what_comes_back_stays(home: Client, git: Git) -> None:
    gist = home.create()
    repository = home.server.repository(gist["id"])
    secret = _push_away_a_secret(git, home, gist)
    home.server.cli("gc")
    home.change(gist["id"], files={"again.txt": {"content": "hunter2"}})
    _let_time_pass(repository)
    home.server.cli("gc")
    assert _holds(git, repository, secret)
    assert home.read(gist["id"])["files"]["again.txt"]["content"] == "hunter2"


def test_all_of_a_history_that_comes_back_stays(home: Client, git: Git) -> None:
    """A pack is named by its bytes: that of what is reached again is the one that was set aside."""
    gist = home.create()
    repository = home.server.repository(gist["id"])
    clone = git.clone(home.clone_url(gist))
    first = git("rev-parse", "HEAD", cwd=clone).strip()
    git("commit", "-q", "--amend", "-m", "another beginning", cwd=clone)
    git.commit(clone, {"hello.py": "another\n"})
    git("reset", "-q", "--soft", git("commit-tree", "HEAD^{tree}", "-m", "no parent", cwd=clone).strip(), cwd=clone)
    other = git("rev-parse", "HEAD", cwd=clone).strip()
    for head in (other, first, other, first):
        git("push", "-q", "--force", "origin", f"{head}:main", cwd=clone)
        home.server.cli("gc")
        assert home.read(gist["id"])["commits"][0]["version"] == head
    _let_time_pass(repository)
    home.server.cli("gc")
    assert home.read(gist["id"])["commits"][0]["version"] == first
    assert git("fsck", "--strict", cwd=repository) == ""
    git("push", "-q", "--force", "origin", f"{other}:main", cwd=clone)
    home.server.cli("gc", "--purge", gist["id"])
    assert home.read(gist["id"])["commits"][0]["version"] == other


def test_a_purge_does_not_wait(home: Client, git: Git) -> None:
    gist = home.create()
    repository = home.server.repository(gist["id"])
    secret = _push_away_a_secret(git, home, gist)
    home.server.cli("gc", "--purge", gist["id"])
    assert not _holds(git, repository, secret)
    assert list(home.read(gist["id"])["files"]) == ["hello.py"]
    assert "there is no gist" in home.server.cli("gc", "--purge", "0" * 32, code=1)


def test_many_writes_keep_what_was_set_aside_apart(home: Client, git: Git) -> None:
    gist = home.create()
    repository = home.server.repository(gist["id"])
    secret = _push_away_a_secret(git, home, gist)
    home.server.cli("gc")
    for number in range(40):  # more than are left apart: the small ones become one
        home.change(gist["id"], files={"hello.py": {"content": f"{number}"}})
    assert len(_packs(repository)) < 40
    _let_time_pass(repository)
    home.server.cli("gc")
    assert not _holds(git, repository, secret)


def test_it_is_safe_while_serving(home: Client, git: Git) -> None:
    gists = [home.create({"a": f"{number}"}) for number in range(3)]
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            home.server.cli("gc")

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for number in range(6):
            for gist in gists:
                home.change(gist["id"], files={"a": {"content": f"round {number}"}})
                clone = git.clone(home.clone_url(gist))
                assert (clone / "a").read_text() == f"round {number}"
                git.commit(clone, {"b": f"pushed {number}"})
                git("push", "-q", cwd=clone)
    finally:
        stop.set()
        collector.join()
    for gist in gists:
        assert git("rev-list", "--count", "main", cwd=home.server.repository(gist["id"])) == "13\n"
        assert git("fsck", "--strict", cwd=home.server.repository(gist["id"])) == ""


def test_one_that_is_damaged_does_not_stop_the_others(home: Client) -> None:
    broken, fine = home.create(), home.create()
    home.change(fine["id"], files={"hello.py": {"content": "2"}})
    (pack,) = _packs(home.server.repository(broken["id"]))
    stray = pack.with_name(f"pack-{'0' * 40}.pack")
    stray.write_bytes(pack.read_bytes())
    stray.with_suffix(".idx").write_bytes(b"\xfftOc")
    said = home.server.cli("gc")
    assert f"{broken['id']}: the repository of this gist cannot be read" in said and "bytes before" in said
    assert len(_packs(home.server.repository(fine["id"]))) == 1
    stray.unlink()
    stray.with_suffix(".idx").unlink()
    assert home.read(broken["id"])


def test_the_search_index_forgets_what_was_deleted(home: Client) -> None:
    """Of what is deleted it keeps the trigrams until it is tidied up."""
    word = "\ua66e\ua66f\ua66e\ua66f"
    gist = home.create({"secret": word}, visibility="private")
    home.server.cli("gc")  # by now it is there
    home.change(gist["id"], files={"secret": {"content": f"{word} {word}"}})
    assert home.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204

    def remembered() -> bool:
        with closing(sqlite3.connect(home.server.repos / "index.sqlite3")) as index:
            return any("\ua66e".encode() in block for (block,) in index.execute("SELECT block FROM search_data"))

    assert remembered(), "or else there is nothing to test"
    home.server.cli("gc")
    assert not remembered()
    assert home.create({"a": "found again"}) and home.get("/api/gists/search?q=found").status_code in (200, 404)
