"""Opengist's gists: made, read, changed and deleted by REST (spec sections 3 and 4)."""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness import Client, Git

SIMPLE_KEYS = {
    "id", "slug_url", "owner", "title", "html_url", "description", "public", "visibility", "like_count", "fork_count",
    "clone_url", "ssh_url", "topics", "archived", "created_at", "updated_at", "expires_at",
}  # fmt: skip
FULL_KEYS = SIMPLE_KEYS | {"fork_of", "forks", "files", "commits", "truncated"}


def test_a_new_gist_to_the_field(alice: Client) -> None:
    response = alice.request(
        "POST", "/api/gists", json={"files": {"b.py": {"content": "x = 1\n"}, "a.md": {"content": "#"}}}
    )
    gist = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{alice.server.url}/api/gists/{gist['id']}"
    assert response.headers["Content-Type"] == "application/json"
    assert response.text.endswith("\n")
    assert set(gist) == FULL_KEYS
    assert re.fullmatch(r"[0-9a-f]{32}", gist["id"])
    assert gist["slug_url"] == gist["id"]
    assert gist["title"] == "a.md", "without a title the first file gives it"
    assert gist["html_url"] == f"{alice.server.url}/alice/{gist['id']}"
    assert gist["clone_url"] == gist["html_url"] + ".git"
    assert (gist["public"], gist["visibility"], gist["expires_at"]) == (True, "public", None)
    assert (gist["forks"], gist["fork_of"], gist["topics"], gist["truncated"]) == ([], None, [], False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", gist["created_at"])
    assert set(gist["owner"]) == {"id", "login", "username", "avatar_url", "type", "created_at"}
    assert gist["files"]["b.py"] == {
        "filename": "b.py", "type": "text/plain", "language": "Python", "size": 6, "truncated": False,
        "content": "x = 1\n", "encoding": "utf-8",
    }  # fmt: skip
    assert gist == alice.read(gist["id"])


def test_the_commits_of_a_gist(alice: Client) -> None:
    gist = alice.create({"a": "1\n2\n3\n"})
    alice.change(gist["id"], files={"a": {"content": "1\n3\n4\n5\n"}})
    commits = alice.get(f"/api/gists/{gist['id']}/commits").json()
    assert [entry["change_status"] for entry in commits] == [
        {"files_changed": 1, "additions": 2, "deletions": 1, "total": 3},
        {"files_changed": 1, "additions": 3, "deletions": 0, "total": 3},
    ]
    assert commits == alice.read(gist["id"])["commits"]
    assert commits[0]["user"]["username"] == commits[0]["author"]["name"] == "alice"
    assert commits[0]["author"]["email"].endswith(".invalid"), "nobody's address is told to readers"


def test_the_commits_page_by_page(alice: Client) -> None:
    gist = alice.create({"a": "0"})
    for number in range(4):
        alice.change(gist["id"], files={"a": {"content": f"{number} again"}})
    pages = [alice.get(f"/api/gists/{gist['id']}/commits?per_page=2&page={page}") for page in (1, 2, 3, 4)]
    assert [len(page.json()) for page in pages] == [2, 2, 1, 0]
    assert ["next" in page.headers.get("Link", "") for page in pages] == [True, True, False, False]
    assert "X-Total" not in pages[0].headers
    assert len({entry["version"] for page in pages for entry in page.json()}) == 5


def test_a_revision(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a": "old"})
    first = gist["commits"][0]["version"]
    alice.change(gist["id"], files={"a": {"content": "new"}})
    for sha in (first, first[:7], first[:4].upper()):
        seen = nobody.get(f"/api/gists/{gist['id']}/{sha}").json()
        assert seen["files"]["a"]["content"] == "old"
        assert [entry["version"] for entry in seen["commits"]] == [first]
    for sha, status in (("HEAD", 400), ("main", 400), ("abc", 400), ("f" * 41, 400), (":/x", 404), ("f" * 40, 404)):
        assert nobody.get(f"/api/gists/{gist['id']}/{sha}").status_code == status, sha
    blob_of_old = "489b3b0a1b1d2a3c0e1d4b7f2a39f3b0a1b1d2a3"
    assert nobody.get(f"/api/gists/{gist['id']}/{blob_of_old}").json()["message"] == "Revision not found"


CHANGES: list[tuple[str, Any, dict[str, str] | None]] = [
    ("null deletes", {"a": None}, {"b": "B"}),
    ("an empty object deletes", {"a": {}}, {"b": "B"}),
    ("two nulls delete", {"a": {"content": None, "filename": None}}, {"b": "B"}),
    ("content replaces", {"a": {"content": "new"}}, {"a": "new", "b": "B"}),
    ("empty content makes an empty file", {"a": {"content": ""}}, {"a": "", "b": "B"}),
    ("filename renames", {"a": {"filename": "c"}}, {"b": "B", "c": "A"}),
    ("both rename and replace", {"a": {"filename": "c", "content": "C"}}, {"b": "B", "c": "C"}),
    ("into a folder", {"a": {"filename": "x/y/c"}}, {"b": "B", "x/y/c": "A"}),
    ("two names exchanged", {"a": {"filename": "b"}, "b": {"filename": "a"}}, {"a": "B", "b": "A"}),
    ("an unknown name with content adds", {"c": {"content": "C"}}, {"a": "A", "b": "B", "c": "C"}),
    ("its filename wins", {"c": {"content": "C", "filename": "d"}}, {"a": "A", "b": "B", "d": "C"}),
    ("an unknown name without content does nothing", {"c": None}, {"a": "A", "b": "B"}),
    ("nor with a filename alone", {"c": {"filename": "d"}}, {"a": "A", "b": "B"}),
    ("the last files cannot go", {"a": None, "b": None}, None),
    ("a name that is there", {"a": {"filename": "b"}}, None),
    ("a name that differs in case", {"c": {"content": "C", "filename": "B"}}, None),
    ("an empty name", {"a": {"filename": " "}}, None),
    ("a file and a folder", {"c": {"content": "C", "filename": "a/c"}}, None),
    ("a way out", {"a": {"filename": "../a"}}, None),
]


@pytest.mark.parametrize(("files", "after"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_the_merge_of_files(alice: Client, files: Any, after: dict[str, str] | None) -> None:
    gist = alice.create({"a": "A", "b": "B"})
    response = alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": files})
    seen = alice.read(gist["id"])
    assert response.status_code == (422 if after is None else 200), response.text
    assert {name: file["content"] for name, file in seen["files"].items()} == (after or {"a": "A", "b": "B"})
    changed = after not in (None, {"a": "A", "b": "B"})
    assert len(seen["commits"]) == (2 if changed else 1), "what changes nothing makes no revision"


def test_a_change_of_words_alone_makes_no_revision(alice: Client) -> None:
    gist = alice.create(topics=["one", "two"])
    changed = alice.change(gist["id"], title="T", description="D", visibility="unlisted")
    assert (changed["title"], changed["description"], changed["visibility"]) == ("T", "D", "unlisted")
    assert changed["commits"] == gist["commits"]
    assert changed["topics"] == ["one", "two"], "Opengist loses them here"
    assert alice.change(gist["id"], topics=["three"], slug="the-slug")["html_url"].endswith("/alice/the-slug")
    assert alice.read(gist["id"])["topics"] == ["three"]
    assert alice.change(gist["id"], title="")["title"] == ""


@pytest.mark.parametrize("body", [{}, {"files": {}}, {"files": None}, {"unknown": 1}])
def test_a_change_of_nothing_is_an_error(alice: Client, body: dict) -> None:
    gist = alice.create()
    response = alice.request("PATCH", f"/api/gists/{gist['id']}", json=body)
    assert response.status_code == 422
    assert "at least one of description, title, visibility, or files must be set" in response.json()["message"]


def test_delete(alice: Client, nobody: Client) -> None:
    gist = alice.create()
    response = alice.request("DELETE", f"/api/gists/{gist['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert not alice.server.repository(gist["id"]).exists()
    for path in (f"/api/gists/{gist['id']}", f"/alice/{gist['id']}", f"/api/gists/{gist['id']}/commits"):
        assert nobody.get(path).status_code == 404
    assert alice.request("DELETE", f"/api/gists/{gist['id']}").status_code == 404


def test_files_without_content_are_dropped_and_names_are_made(alice: Client) -> None:
    files = {"": {"content": "x"}, "empty": {"content": ""}, "none": None, "nothing": {}, " z ": {"content": "z"}}
    response = alice.request("POST", "/api/gists", json={"files": files})
    assert set(response.json()["files"]) == {"gistfile1.txt", "z"}


def test_large_and_many_files_are_cut(alice: Client) -> None:
    gist = alice.create({"big": "é" * 300_000, **{f"{number:03}": "x" for number in range(55)}})
    assert gist["truncated"] is True
    assert len(gist["files"]) == 50
    big = alice.create({"big": "a" + "é" * 300_000})["files"]["big"]
    assert (big["truncated"], big["size"]) == (True, 600_001)
    assert big["content"] == "a" + "é" * ((524_288 - 1) // 2)


def test_what_is_not_utf8_comes_as_base64(alice: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    files = {"latin": "é".encode("latin-1"), "utf16": "é".encode("utf-16"), "pic.png": b"\x89PNG\r\n\x1a\n\0\0"}
    git.commit(clone, files)
    git("push", "-q", cwd=clone)
    seen = alice.read(gist["id"])["files"]
    for name, content in files.items():
        assert seen[name]["encoding"] == "base64"
        assert base64.b64decode(seen[name]["content"]) == content
    assert (seen["pic.png"]["type"], seen["pic.png"]["language"]) == ("image/png", "Image (PNG)")


@pytest.mark.parametrize(
    ("name", "content", "type", "language", "encoding"),
    [
        ("a.json", '{"a": 1}', "application/json", "JSON", ""),
        ("a.svg", "<svg xmlns='x'></svg>", "image/svg+xml", "SVG", ""),
        ("a.html", "<!DOCTYPE html><p>", "text/html", "HTML", "utf-8"),
        ("a.csv", "a,b\n", "text/plain", "CSV", "utf-8"),
        ("a.unknown", "x", "text/plain", "Text", "utf-8"),
        ("Makefile", "all:\n", "text/plain", "Makefile", "utf-8"),
    ],
)
def test_types(alice: Client, name: str, content: str, type: str, language: str, encoding: str) -> None:
    file = alice.create({name: content})["files"][name]
    assert (file["type"], file["language"], file["encoding"]) == (type, language, encoding)


def test_expiry(alice: Client, nobody: Client) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    gist = alice.create(expire="1day")
    assert abs(datetime.fromisoformat(gist["expires_at"]) - soon) < timedelta(minutes=1)
    gist = alice.create(expires_at="2090-01-02T03:04:05+02:00", expire="custom")
    assert gist["expires_at"] == "2090-01-02T01:04:05Z"


def test_an_expired_gist_is_gone_everywhere(alice: Client, nobody: Client, git: Git) -> None:
    from tests.harness import wait_until

    at = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    gist = alice.create(expires_at=at)
    listed = [entry["id"] for entry in alice.get("/api/gists").json()]
    assert gist["id"] in listed
    wait_until(lambda: alice.get(f"/api/gists/{gist['id']}").status_code == 404, "the gist expires")
    for client in (alice, nobody):
        for path in ("", "/commits", f"/{gist['commits'][0]['version']}"):
            assert client.get(f"/api/gists/{gist['id']}{path}").status_code == 404
        assert gist["id"] not in client.get("/api/gists?per_page=100").text
        assert client.request("PATCH", f"/api/gists/{gist['id']}", json={"title": "x"}).status_code in (401, 404)
    assert nobody.get(f"/alice/{gist['id']}").status_code == 404
    assert git.try_("ls-remote", alice.clone_url(gist)).returncode != 0


def test_the_user(alice: Client, nobody: Client) -> None:
    seen = alice.get("/api/user").json()
    assert set(seen) == {"id", "login", "username", "avatar_url", "type", "created_at", "email"}
    assert (seen["login"], seen["type"]) == ("alice", "User")
    assert nobody.get("/api/user").status_code == 401
    assert alice.server.client("alice", "gist:write").get("/api/user").status_code == 403
