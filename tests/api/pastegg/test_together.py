"""paste.gg's API beside what else gistd does: git, settings, expiry, two writers at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gistd.api.pastegg.shapes import PasteChangeIn
from gistd.index.models import TABLES
from tests.api.pastegg.client import Paster, body, outcome, packed, text
from tests.harness import Client, Git, Server, wait_until


def test_what_was_said_of_a_file_survives_a_push(pasters: dict[str, Paster], alice: Client, git: Git) -> None:
    paste = pasters["alice"].paste(
        text("one", "a/", highlight_language="rust"), packed("base64", "dHdv", name="b?"), visibility="public"
    )
    before = {file["name"]: file["id"] for file in paste["files"]}
    clone = git.clone(alice.clone_url(alice.read(paste["id"])))
    git.commit(clone, {"a": "one more", "c": "new"})
    git("mv", "b?", "d", cwd=clone)
    git.commit(clone, {})
    git("push", "-q", cwd=clone)
    files = {file["name"]: file for file in pasters["alice"].read(paste)["files"]}
    assert set(files) == {"a/", "c", "d"}
    assert files["a/"]["id"] == before["a/"] and files["a/"]["highlight_language"] == "rust"
    assert files["a/"]["content"] == {"format": "text", "value": "one more"}
    assert files["d"]["content"] == {"format": "text", "value": "two"}, "a file of that name is another one"
    assert files["d"]["id"] not in before.values()
    assert pasters["alice"].http.server.cli("doctor") == ""


def test_a_paste_is_a_gist(pasters: dict[str, Paster], alice: Client, nobody: Client) -> None:
    paste = pasters["alice"].paste(text("one", "a.py"), name="n", description="d", visibility="public")
    gist = nobody.read(paste["id"])
    assert (gist["title"], gist["description"], gist["visibility"]) == ("n", "d", "public")
    assert gist["owner"]["login"] == "alice" and gist["files"]["a.py"]["content"] == "one"
    alice.change(paste["id"], title="N", files={"a.py": {"filename": "b.py"}})
    read = pasters["nobody"].read(paste)
    assert (read["name"], read["files"][0]["name"]) == ("N", "b.py")
    assert read["files"][0]["id"] == paste["files"][0]["id"]
    answer = alice.request("DELETE", f"/api/gists/{paste['id']}")
    assert answer.status_code == 204
    assert outcome(pasters["nobody"].get(f"/pastes/{paste['id']}")) == (404, "missing_paste")


def test_columns_cannot_be_set(pasters: dict[str, Paster]) -> None:
    columns = {name: "1" for table in TABLES for name in table._meta.fields}
    kept = {"name": "n", "description": "d", "visibility": "unlisted", "files": [text("x")]}
    paste = pasters["alice"].paste(**{**columns, **kept})
    assert paste["author"]["username"] == "alice" and paste["id"] != "1"
    junk = {name: value for name, value in columns.items() if name not in PasteChangeIn().fields}
    assert pasters["alice"].send("PATCH", f"/pastes/{paste['id']}", junk).status_code == 204
    after = pasters["alice"].read(paste, full=False)
    assert {**after, "updated_at": ""} == {**paste, "updated_at": ""}


def test_files_that_are_added_at_once_are_all_there(pasters: dict[str, Paster], server: Server, alice: Client) -> None:
    paste = pasters["alice"].paste("first")
    key = pasters["alice"].key

    def add(number: int) -> Any:
        return outcome(Paster(server, "alice", key).send("POST", f"/pastes/{paste['id']}/files", text(str(number))))[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(16))) == [201] * 16
    files = pasters["alice"].read(paste)["files"]
    assert len({file["name"] for file in files}) == 17
    assert {file["content"]["value"] for file in files} == {"first", *map(str, range(16))}


def test_an_expired_paste_is_gone(pasters: dict[str, Paster], server: Server) -> None:
    alice, nobody = pasters["alice"], pasters["nobody"]
    paste = alice.paste("x", visibility="public")
    alice.send("PATCH", f"/pastes/{paste['id']}", {"expires": "2000-01-01T00:00:00Z"})
    path, file = f"/pastes/{paste['id']}", paste["files"][0]["id"]
    wait_until(lambda: outcome(nobody.get(path)) == (404, "missing_paste"), "it has expired")
    for who in (alice, nobody):
        for below in ("", "/files", f"/files/{file}", f"/files/{file}/raw"):
            assert outcome(who.get(path + below)) == (404, "missing_paste")
        assert paste["id"] not in who.get("/pastes?limit=100").text + who.get("/users/alice").text
    assert outcome(alice.send("PATCH", path, {"expires": None})) == (404, "missing_paste")
    assert nobody.http.get(f"/{paste['id']}").status_code == 404


def test_settings(own_server: Callable[..., Server]) -> None:
    limits = {"max_files": 2, "max_file_bytes": 100, "max_gist_bytes": 150, "max_request_bytes": 5000}
    server = own_server(anonymous_gists="false", max_failures_per_address=3, **limits).start()
    nobody, alice = Paster(server), Paster.of(server.user("alice"))

    def post(asked: Any, who: Paster = alice) -> Any:
        return outcome(who.send("POST", "/pastes", asked))

    assert post(body(), nobody) == post({"files": [text("x", "")]}, nobody) == (400, "must_be_authed")
    assert outcome(nobody.send("POST", "/pastes", data=b"{")) == (400, "bad_json")
    assert post(body("x", "y"))[0] == 201
    too_much = [body("x", "y", "z"), body("x" * 101), body("x" * 80, "y" * 80), body(packed("base64", "eHh4" * 34))]
    assert [post(asked) for asked in too_much] == [(400, "bad_json")] * 4
    assert post(body("x" * 5000)) == (413, "bad_json")
    paste = alice.paste("x", "y")
    assert outcome(alice.send("POST", f"/pastes/{paste['id']}/files", text("z"))) == (400, "bad_json")
    stranger = Paster(server, "", "0" * 32)
    assert [outcome(stranger.get("/pastes")) for _ in range(4)] == [(400, "bad_request")] * 3 + [(429, "bad_request")]
    assert int(stranger.get("/pastes").headers["Retry-After"]) > 0
    assert outcome(alice.get("/pastes"))[0] == 200, "a right key is always let in"


@pytest.mark.parametrize(("settings", "reading"), [({"api_enabled": "false"}, 403), ({"require_login": "true"}, 400)])
def test_closed(own_server: Callable[..., Server], settings: dict[str, str], reading: int) -> None:
    server = own_server(**settings).start()
    nobody = Paster(server)
    keys = {403: "forbidden", 400: "bad_request"}
    for path in ("/pastes", f"/pastes/{'0' * 32}", "/users/alice"):
        assert outcome(nobody.get(path)) == (reading, keys[reading])
    assert outcome(nobody.send("POST", "/pastes", body()))[0] == reading
