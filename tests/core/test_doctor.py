"""gistd doctor: rows against repositories, both ways."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable

import peewee
import pytest

from tests.harness import GISTD, Client, Git, Server


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Client, list[dict]]:
    """Alice, and the gists that she has made; her server does not run."""
    server = Server(tmp_path_factory.mktemp("healthy")).start("--workers", "1")
    alice = server.user("alice")
    made = [alice.create({"a": f"{n}"}) for n in range(2)]
    server.stop()
    return alice, made


@pytest.fixture
def ward(own_server: Callable[..., Server], healthy: tuple[Client, list[dict]]) -> Server:
    """With a copy of all that."""
    server = own_server()
    shutil.copytree(healthy[0].server.repos, server.repos)
    return server


@pytest.fixture
def alice(ward: Server, healthy: tuple[Client, list[dict]]) -> Client:
    return Client(ward, "alice", healthy[0].token)


@pytest.fixture
def gists(healthy: tuple[Client, list[dict]]) -> list[dict]:
    return healthy[1]


def test_all_is_well(ward: Server) -> None:
    assert ward.cli("doctor") == ""


def test_a_repository_without_a_row_is_moved_and_never_deleted(ward: Server, gists: list[dict]) -> None:
    gist = gists[0]
    orphan = "0123456789abcdef0123456789abcdef"
    shutil.copytree(ward.repository(gist["id"]), ward.repository(orphan))
    assert ward.cli("doctor", code=1) == f"found: {orphan}: repository without a row\n"
    assert f"mended: {orphan}: no row; moved to" in ward.cli("doctor", "--repair")
    assert (ward.repos / "lost+found" / f"{orphan}.git" / "HEAD").exists()
    assert ward.cli("doctor") == ward.cli("doctor", "--repair") == ""


def test_a_row_without_a_repository_is_named(ward: Server, alice: Client, gists: list[dict]) -> None:
    lost, kept = gists
    shutil.rmtree(ward.repository(lost["id"]))
    assert f"found: {lost['id']}: the repository is missing" in ward.cli("doctor", "--repair", code=1)
    ward.start("--workers", "1")
    answer = alice.get(f"/api/gists/{lost['id']}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["status"] == 503
    assert alice.get(f"/alice/{lost['id']}").status_code == 503
    assert alice.read(kept["id"]) and len(alice.get("/api/gists").json()) == 2
    assert alice.request("DELETE", f"/api/gists/{lost['id']}").status_code == 204


def test_an_index_that_lags_is_brought_up_to_date(ward: Server, gists: list[dict], git: Git) -> None:
    gist = gists[0]
    clone = git.clone(str(ward.repository(gist["id"])))
    git.commit(clone, {"b": "behind gistd's back"})
    git("push", "-q", cwd=clone)
    assert "the index is not up to date" in ward.cli("doctor", code=1)
    assert "mended" in ward.cli("doctor", "--repair")
    assert ward.cli("doctor") == ""


def test_leftovers_of_killed_processes(ward: Server, gists: list[dict]) -> None:
    gist = gists[0]
    (ward.repos / "tmp" / "half.git").mkdir()
    (ward.repository(gist["id"]) / "refs/heads").mkdir(exist_ok=True)
    (ward.repository(gist["id"]) / "refs/heads/main.lock").touch()
    (ward.repository(gist["id"]) / "objects/pack/tmp_1").mkdir()
    (ward.repository(gist["id"]) / "objects/pack/tmp_2").touch()
    found = ward.cli("doctor", code=1)
    assert "left by a killed process: objects/pack/tmp_1, objects/pack/tmp_2, refs/heads/main.lock" in found
    assert "mended" in ward.cli("doctor", "--repair")
    assert ward.cli("doctor") == ""
    assert list((ward.repos / "tmp").iterdir()) == []


@pytest.mark.parametrize("file", ["HEAD", "packed-refs", "objects/pack/*.pack", "objects/pack/*.idx"])
def test_a_damaged_repository_is_named_and_harms_no_other(
    ward: Server, alice: Client, gists: list[dict], file: str
) -> None:
    broken, whole = gists
    (path,) = ward.repository(broken["id"]).glob(file)
    path.chmod(0o644)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert broken["id"] in ward.cli("doctor", code=1)
    ward.start("--workers", "1")
    assert alice.get(f"/api/gists/{broken['id']}").status_code == 503
    assert alice.get(f"/alice/{broken['id']}").status_code == 503
    assert alice.read(whole["id"])["files"]["a"]["content"] == "1"


def test_without_repair_nothing_is_touched(ward: Server) -> None:
    (ward.repos / "tmp" / "half.git").mkdir()
    (ward.repos / "tmp" / "a file").touch()
    for _ in range(2):
        assert "leftover of a killed process" in ward.cli("doctor", code=1)


def test_search_words_that_are_missing_are_filled_in(ward: Server) -> None:
    with peewee.sqlite3.connect(ward.repos / "index.sqlite3") as index:  # type: ignore[attr-defined]
        index.execute("DELETE FROM search")
        index.execute("DELETE FROM unfiled")
    index.close()
    assert "not up to date with the repository: words, texts\n" in ward.cli("doctor", code=1)
    assert "mended" in ward.cli("doctor", "--repair")
    assert ward.cli("doctor") == ""


def test_what_is_wrong_with_the_index_alone(ward: Server, gists: list[dict]) -> None:
    first, second = gists
    file = ward.repos / "index.sqlite3"
    ward.cli("gc")  # what search finds by is in its index, not on the way there
    with peewee.sqlite3.connect(file) as index:  # type: ignore[attr-defined]
        index.execute("UPDATE gist SET like_count = 7 WHERE id = ?", [first["id"]])
        index.execute("UPDATE gist SET size = 9, head = ? WHERE id = ?", ["0" * 40, second["id"]])
        index.execute("UPDATE file SET language = 'Klingon' WHERE path = 'a'")
        index.execute("INSERT INTO search (rowid, words) VALUES (?, 'nobody''s')", [99 << 20])
        index.execute("DELETE FROM search_data WHERE id > 10")
    index.close()
    file.chmod(0o644)
    found = ward.cli("doctor", code=1).splitlines()
    assert len(found) == 9, "\n".join(found)  # the write-ahead log and its index are as open as the file
    assert f"found: {file} can be read by others on this machine" in found
    assert any("the index is damaged" in line and "search" in line for line in found)
    assert f"found: {first['id']}: has 0 likes, not 7" in found
    assert "found: topics, languages or the numbers of gists are not kept as there are" in found
    assert "found: search finds something by 1 rows that belong to no gist" in found
    assert f"found: {first['id']}: the index is not up to date with the repository: languages" in found
    assert f"found: {second['id']}: the index is not up to date with the repository: head, sizes, languages" in found
    assert all(line.startswith("mended: ") for line in ward.cli("doctor", "--repair").splitlines())
    assert ward.cli("doctor") == "" and file.stat().st_mode & 0o777 == 0o600


def test_an_index_from_before_a_delete_does_not_bring_it_back(ward: Server, alice: Client, gists: list[dict]) -> None:
    file, older = ward.repos / "index.sqlite3", ward.root / "older"
    deleted, kept = gists
    shutil.copy(file, older)
    ward.start("--workers", "1")
    alice.request("DELETE", f"/api/gists/{deleted['id']}")
    newer = alice.create({"a": "newer"})
    ward.stop()
    shutil.copy(older, file)
    found = ward.cli("doctor", "--repair").splitlines()
    assert found[0] == f"mended: {deleted['id']}: the index still has a gist that was deleted"
    assert found[1].startswith(f"mended: {newer['id']}: no row; moved to ") and len(found) == 2
    assert ward.cli("doctor") == ""
    # The older index again, and the repository of a gist that it does not know in lost+found.
    shutil.move(ward.repository(kept["id"]), ward.repos / "lost+found")
    assert ward.cli("doctor", "--repair") == f"mended: {kept['id']}: the repository was in lost+found\n"
    ward.start("--workers", "1")
    assert alice.get(f"/api/gists/{deleted['id']}").status_code == 404
    assert [gist["id"] for gist in alice.get("/api/gists").json()] == [kept["id"]]


def test_what_somebody_is_working_on_comes_last(ward: Server, gists: list[dict]) -> None:
    busy, idle = gists
    for gist in (busy, idle):
        (ward.repository(gist["id"]) / "HEAD.lock").touch()
    held = os.open(ward.repository(busy["id"]), os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    command = [*GISTD, "doctor", "--repair"]
    doctor = subprocess.Popen(command, cwd=ward.root, env=ward.environment, stdout=subprocess.PIPE, text=True)
    assert doctor.stdout and doctor.stdout.readline().startswith(f"mended: {idle['id']}: left by a killed process")
    os.close(held)
    assert doctor.communicate()[0].startswith(f"mended: {busy['id']}: left by a killed process")
    assert doctor.returncode == 0
