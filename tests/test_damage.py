"""R8 and R9 of the fault matrix: damaged and missing files of repositories, and what each face makes of them.

tests/damage.py does it byte by byte.
"""

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import damage
from tests.harness import Client, Git, Server, wait_until
from tests.web.form import Form
from tests.web.people import Person

SOUND, DAMAGED = "one that is sound\n", "this one will be damaged\n"
FAULTS: dict[str, Callable[[Path], object]] = {
    "a flipped bit": lambda file: file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "zeros": lambda file: file.write_bytes(b"\0" * file.stat().st_size),
    "empty": lambda file: file.write_bytes(b""),
    "deleted": lambda file: file.unlink(),
}
GONE: dict[str, Callable[[Path, Path], object]] = {
    "moved away": lambda place, aside: None,
    "a file": lambda place, aside: place.write_bytes(b""),
    "an empty folder": lambda place, aside: place.mkdir(),
    "a link to nowhere": lambda place, aside: place.symlink_to(aside.parent / "nowhere"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("house"), rate_limits="false").start("--workers", "1")
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def alice(house: Server) -> Client:
    return house.user("alice")


def test_every_kind_of_damage_is_found_and_nothing_is_answered_wrongly(tmp_path: Path) -> None:
    totals = damage.run(tmp_path, step=31)
    assert not totals.overlooked and not totals.wrong
    whole = {kind for kind in totals.found if totals.found[kind] == totals.mended[kind]}
    assert whole == {".idx", "HEAD", "main", "packed-refs"}


def _with_a_damaged_file(house: Server, alice: Client) -> dict[str, Any]:
    """A gist of two files of which one is damaged; of its history nothing else is."""
    gist = alice.create({"a.txt": SOUND, "b.txt": "before\n"}, title=f"gist {house.root.name}")
    packs = house.repository(gist["id"]) / "objects" / "pack"
    before = set(packs.glob("*.pack"))
    gist = alice.change(gist["id"], files={"b.txt": {"content": DAMAGED}})
    [pack] = set(packs.glob("*.pack")) - before
    broken = bytearray(pack.read_bytes())
    broken[16:24] = bytes(8)  # of the first object: the blob
    pack.chmod(0o644)
    pack.write_bytes(broken)
    os.utime(pack, (0, 0))  # what is damaged is old: libgit2 takes the newest of two packs, by whole seconds
    return gist


def test_of_a_gist_with_a_damaged_file_the_others_are_served(house: Server, alice: Client, git: Git) -> None:
    gist = _with_a_damaged_file(house, alice)
    id, head = gist["id"], gist["commits"][0]["version"]
    listed = {file["name"]: file["id"] for file in alice.get(f"/api/v1/pastes/{id}").json()["result"]["files"]}
    page = f"/alice/{id}"
    served = [
        f"/api/gists/{id}", "/api/gists", f"/api/gists/{id}/commits", f"/api/gists/{id}/files/{head}/a.txt",
        "/api/gists/search?q=sound", f"/api/v1/pastes/{id}?full=true", f"/api/v1/pastes/{id}/files",
        f"/api/v1/pastes/{id}/files/{listed['a.txt']}", f"/api/v1/pastes/{id}/files/{listed['a.txt']}/raw",
        "/api/v1/users/alice", "/v1/snippets", f"/api/pastes/{gist['id']}", "/api/pastes",
        page, f"{page}/raw/HEAD/a.txt", f"{page}/revisions", f"{page}/embed", "/-/search?q=sound",
        "/alice", "/", f"{page}/archive/HEAD.zip", f"{page}/archive/HEAD.tar.gz",
    ]  # fmt: skip
    unknown = [f"/api/pastes/{id}"]  # sourcehut's are called by a hash
    for path in served:
        answer = alice.get(path)
        assert answer.status_code == 200 or path in unknown, (path, answer.status_code, answer.text)
    refused = [
        f"/api/gists/{id}/files/{head}/b.txt", f"/api/v1/pastes/{id}/files/{listed['b.txt']}",
        f"/api/v1/pastes/{id}/files/{listed['b.txt']}/raw", f"{page}/raw/HEAD/b.txt", f"{page}/download/HEAD/b.txt",
    ]  # fmt: skip
    for path in refused:
        answer = alice.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), (path, answer.text)
        assert "damaged" in answer.text or "/v1/" in path, (path, answer.text)
    files = alice.read(id)["files"]
    assert files["a.txt"]["content"] == SOUND
    assert (files["b.txt"]["content"], files["b.txt"]["truncated"]) == ("", True)
    full = alice.get(f"/api/v1/pastes/{id}?full=true").json()["result"]["files"]
    assert [file["content"]["value"] for file in full if "content" in file] == [SOUND]
    assert "damaged and cannot be read" in alice.get(page).text and SOUND.strip() in alice.get(page).text
    with zipfile.ZipFile(io.BytesIO(alice.get(f"{page}/archive/HEAD.zip").content)) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
    assert names == ["a.txt", "b.txt.damaged"]
    assert git.try_("clone", "-q", alice.clone_url(gist), "clone").returncode != 0


def test_the_editor_leaves_a_damaged_file_as_it_is(house: Server) -> None:
    carol = Person(house, "carol").sign_up()
    gist = _with_a_damaged_file(house, carol.api())
    page = f"/carol/{gist['id']}"
    form = Form(carol.get(f"{page}/edit").text)
    form.set(**{f"text-{form.key('a.txt')}": "edited\n"})
    assert f"text-{form.key('b.txt')}" not in form
    assert form.send(carol, f"{page}/edit").status_code == 303
    assert carol.get(f"{page}/raw/HEAD/a.txt").text == "edited\n"
    assert "damaged and cannot be read" in carol.get(page).text


def test_a_damaged_file_is_whole_again_when_somebody_brings_it_again(house: Server, alice: Client) -> None:
    gist = _with_a_damaged_file(house, alice)
    raw = f"/alice/{gist['id']}/raw/HEAD/b.txt"
    alice.change(gist["id"], files={"a.txt": {"content": "changed beside it\n"}})
    assert alice.get(raw).status_code == 503
    said = house.cli("doctor", code=1)
    assert f"found: {gist['id']}: file 'b.txt' is damaged or missing" in said
    commits = len(alice.read(gist["id"])["commits"])
    alice.change(gist["id"], files={"b.txt": {"content": DAMAGED}})
    wait_until(lambda: alice.get(raw).text == DAMAGED, "it can be read")
    assert len(alice.read(gist["id"])["commits"]) == commits
    house.cli("gc")
    assert gist["id"] not in house.cli("doctor", code=1)  # the other test's is still damaged


def test_whatever_is_damaged_nothing_is_a_mistake_of_the_server(
    house: Server, alice: Client, git: Git, tmp_path: Path
) -> None:
    gist = alice.create({"a.txt": SOUND})
    alice.change(gist["id"], files={"b.txt": {"content": DAMAGED}})
    neighbour = alice.create({"n.txt": "not concerned\n"})
    place, kept = house.repository(gist["id"]), tmp_path / "kept"
    shutil.copytree(place, kept)
    for file in [path.relative_to(kept) for path in sorted(kept.rglob("*")) if path.is_file()]:
        for fault, harm in FAULTS.items():
            (place / file).chmod(0o644)
            harm(place / file)
            _look(alice, gist, f"{file}: {fault}")
            cloned = git.try_("clone", "-q", alice.clone_url(gist), tmp_path / "clone")
            assert cloned.returncode == 128 or (tmp_path / "clone" / "a.txt").read_text() == SOUND
            shutil.rmtree(tmp_path / "clone", ignore_errors=True)
            shutil.rmtree(place)
            shutil.copytree(kept, place)
    assert alice.read(neighbour["id"])["files"]["n.txt"]["content"] == "not concerned\n"
    wait_until(lambda: alice.get(f"/api/gists/{gist['id']}").status_code == 200, "all is well again")


def _look(alice: Client, gist: dict[str, Any], what: str) -> None:
    id = gist["id"]
    for path in (f"/api/gists/{id}", f"/alice/{id}", f"/alice/{id}/raw/HEAD/a.txt", f"/alice/{id}/revisions"):
        answer = alice.get(path)
        assert answer.status_code in (200, 404, 503), (what, path, answer.status_code, answer.text)
        if answer.status_code == 200 and "/raw/" in path:
            assert answer.text == SOUND, what
    edit = alice.request("PATCH", f"/api/gists/{id}", json={"files": {"c.txt": {"content": what}}})
    assert edit.status_code in (200, 503), (what, edit.status_code, edit.text)


def test_a_repository_that_is_not_where_it_should_be(house: Server, alice: Client, git: Git, tmp_path: Path) -> None:
    gist = alice.create({"a.txt": SOUND})
    place, aside = house.repository(gist["id"]), tmp_path / "aside"
    for what, put in GONE.items():
        place.rename(aside)
        put(place, aside)
        for path in (f"/api/gists/{gist['id']}", f"/alice/{gist['id']}"):
            assert alice.get(path).status_code == 503, (what, path)
        cloned = git.try_("clone", "-q", alice.clone_url(gist), "clone")
        assert "503" in cloned.stderr, (what, cloned)
        for path in ("/api/gists", "/alice", "/", "/api/v1/users/alice", "/api/pastes", "/v1/snippets"):
            assert alice.get(path).status_code < 500, (what, path)
        edit = alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": {"b": {"content": "x"}}})
        assert edit.status_code == 503
        assert gist["id"] in house.cli("doctor", code=1), what
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        else:
            place.unlink(missing_ok=True)
        aside.rename(place)
    assert alice.read(gist["id"])["files"]["a.txt"]["content"] == SOUND
