"""gistd backup and gistd restore, beside a server that goes on; and indexes and repositories of different times."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import backups
from tests.harness import GISTD, Client, Server, wait_until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = Server(tmp_path_factory.mktemp("house")).start("--workers", "1")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def alice(house: Server) -> Client:
    return house.user("alice")


@pytest.fixture
def elsewhere(own_server: Callable[..., Server]) -> Server:
    return own_server()


def test_backups_beside_writers(tmp_path: Path) -> None:
    assert "none lost" in backups.run(tmp_path, rounds=2, number=2, seed=1)


def test_only_what_is_new_is_written_and_what_is_gone_goes(house: Server, alice: Client, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder"
    same, changed, gone = (alice.create({"a": "1"}) for _ in range(3))
    house.cli("backup", str(target))
    before = _packs(target)
    alice.change(changed["id"], files={"a": {"content": "2"}})
    alice.request("DELETE", f"/api/gists/{gone['id']}")
    said = house.cli("backup", str(target))
    after = _packs(target)
    assert "read again and found as written" in said and "keep it where nobody else can read it" in said
    assert {path: inode for path, inode in before.items() if same["id"] in path}.items() <= after.items()
    assert {path for path in after if changed["id"] in path} > {path for path in before if changed["id"] in path}
    assert not any(gone["id"] in path for path in after)
    assert len(list(target.glob("20*T*"))) == 1
    assert all(path.stat().st_mode & 0o077 == 0 for path in target.rglob("*"))


def _packs(target: Path) -> dict[str, int]:
    return {str(path.relative_to(target)): path.stat().st_ino for path in target.rglob("*.pack")}


def test_a_backup_that_is_interrupted_leaves_the_one_before(
    house: Server, alice: Client, elsewhere: Server, tmp_path: Path
) -> None:
    gist = alice.create({"a": "kept"})
    folder, file = tmp_path / "folder", tmp_path / "file.tar.zst"
    for target in (folder, file):
        house.cli("backup", str(target))
        before = sorted(folder.glob("20*T*")) if target is folder else file.read_bytes()
        held = os.open(house.repository(gist["id"]), os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)  # so that it waits in the middle
            process = subprocess.Popen([*GISTD, "backup", str(target)], cwd=house.root, env=house.environment)
            partial = folder / "partial" if target is folder else tmp_path / "file.tar.zst.partial"
            wait_until(lambda partial=partial: (partial / "index.sqlite3").exists(), "it has begun")  # type: ignore[misc]
            assert "another backup is being written" in house.cli("backup", str(target), code=1)
            process.send_signal(signal.SIGKILL)
            process.wait()
        finally:
            os.close(held)
        assert before == (sorted(folder.glob("20*T*")) if target is folder else file.read_bytes())
        house.cli("backup", str(target))
        assert not partial.exists()
    elsewhere.cli("restore", str(file))
    assert elsewhere.cli("doctor") == ""


def test_what_cannot_be_restored_says_why(house: Server, alice: Client, elsewhere: Server, tmp_path: Path) -> None:
    gist = alice.create({"a": "1"})
    folder, file = tmp_path / "folder", tmp_path / "file.tar.zst"
    house.cli("backup", str(folder))
    house.cli("backup", str(file))
    (elsewhere.repos / "something").mkdir(parents=True)
    assert "or give --replace" in elsewhere.cli("restore", str(folder), code=1)
    assert "moved" not in elsewhere.cli("restore", "--replace", str(folder))
    assert list(elsewhere.repos.glob("lost+found/before-*/something")) and elsewhere.cli("doctor") == ""
    elsewhere.start("--workers", "1")
    assert alice.read(gist["id"])["files"] == Client(elsewhere, "alice", alice.token).read(gist["id"])["files"]
    elsewhere.stop()

    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read" in elsewhere.cli("restore", "--replace", str(file), code=1)
    [pack] = folder.glob(f"*/{gist['id']}.git/objects/pack/*.pack")
    pack.write_bytes(pack.read_bytes()[:-1] + b"?")
    assert "is not what was written" in elsewhere.cli("restore", "--replace", str(folder), code=1)
    assert "is not what was written" in house.cli("backup", str(folder), code=1)
    house.cli("backup", str(folder))  # it was put aside, so it is written again
    elsewhere.cli("restore", "--replace", str(folder))
    (tmp_path / "empty").mkdir()
    assert "there is no backup" in elsewhere.cli("restore", "--replace", str(tmp_path / "empty"), code=1)
    assert "another gistd serves" in house.cli("restore", "--replace", str(folder), code=1)
    assert "holds something that is no backup" in house.cli("backup", str(house.repos), code=1)
    shutil.copytree(folder, elsewhere.repos / "inside")
    assert "must not be in" in elsewhere.cli("restore", "--replace", str(elsewhere.repos / "inside"), code=1)
    assert "a folder, or a file whose name ends in .tar.zst" in house.cli("backup", str(tmp_path / "a.zip"), code=1)


def test_a_gist_that_cannot_be_read_stays_as_the_backup_before_has_it(
    own_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = own_server().start("--workers", "1")
    alice = server.user("alice")
    lost, kept = alice.create({"a": "lost"}), alice.create({"a": "kept"})
    server.cli("backup", str(tmp_path / "folder"))
    server.stop()
    shutil.rmtree(server.repository(lost["id"]))
    said = server.cli("backup", str(tmp_path / "folder"), code=1)
    assert f"not read: {lost['id']}: the repository of this gist is missing" in said
    server.cli("restore", "--replace", str(tmp_path / "folder"))
    server.start("--workers", "1")
    assert alice.read(lost["id"])["files"]["a"]["content"] == "lost" and alice.read(kept["id"])


@pytest.mark.parametrize("older", ["index", "repositories"])
def test_an_index_and_repositories_of_different_times(own_server: Callable[..., Server], older: str) -> None:
    """200 operations after a backup, then half of it is put back; held against what was written."""
    server = own_server(rate_limits="false").start("--workers", "1")
    alice, chosen = server.user("alice"), random.Random(older)
    now = {alice.create({"a": f"{n}"}, title=f"at first {n}")["id"]: f"{n}" for n in range(20)}
    then = dict(now)
    server.cli("backup", str(server.root / "backup"))
    for n in range(200):
        kind, id = chosen.choice(["create", "change", "change", "delete"]), chosen.choice(sorted(now))
        if kind == "create" or len(now) < 5:
            now[alice.create({"a": f"new {n}"})["id"]] = f"new {n}"
        elif kind == "change":
            alice.change(id, files={"a": {"content": f"changed {n}"}}, title=f"later {n}")
            now[id] = f"changed {n}"
        else:
            assert alice.request("DELETE", f"/api/gists/{id}").status_code == 204
            del now[id]
    server.stop()
    other = own_server(rate_limits="false")
    other.cli("restore", str(server.root / "backup"))
    if older == "index":
        for end in ("", "-wal", "-shm"):
            (server.repos / f"index.sqlite3{end}").unlink(missing_ok=True)
        shutil.copy(other.repos / "index.sqlite3", server.repos)
    else:
        for folder in server.repos.glob("[0-9a-f][0-9a-f]"):
            shutil.rmtree(folder)
            shutil.copytree(other.repos / folder.name, folder)
    _heal(server, since=now.keys() - then.keys() if older == "repositories" else set())
    server.start("--workers", "1")
    content, title = (now, "at first") if older == "index" else (then, "later")
    for id in now.keys() | then.keys():
        answer = alice.get(f"/api/gists/{id}")
        if id in now.keys() & then.keys():
            assert answer.json()["files"]["a"]["content"] == content[id]
            assert now[id] == then[id] or answer.json()["title"].startswith(title)
        elif older == "index":
            assert answer.status_code == 404
            assert (server.repos / "lost+found" / f"{id}.git").exists() == (id in now)
        else:
            assert answer.status_code == (503 if id in now else 404)
            assert (server.repos / "lost+found" / f"{id}.git").exists() == (id in then)
    listed = {gist["id"] for gist in alice.get("/api/gists?per_page=100").json()}
    assert listed == (now.keys() & then.keys() if older == "index" else now.keys())


def _heal(server: Server, since: set[str]) -> None:
    """Repair; what is left to be said, both times, are the gists whose repositories are nowhere."""
    server.cli("doctor", "--repair", code=1 if since else 0)
    again = server.cli("doctor", "--repair", code=1 if since else 0).splitlines()
    assert {line.split(": ")[1] for line in again} == since
    assert all("the repository is missing" in line for line in again)
