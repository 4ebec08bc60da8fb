"""Bad input gets a clear error in Opengist's shape, and leaves nothing behind."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness import Client, Server


def _files(*names: str, content: str = "x") -> dict[str, Any]:
    return {"files": {name: {"content": content} for name in names}}


BODIES: list[tuple[str, Any, str]] = [
    ("broken JSON", b'{"files": ', "could not bind data"),
    ("not UTF-8", b'{"files": {"\xff": {"content": "x"}}}', "could not bind data"),
    ("a list", b"[]", "could not bind data"),
    ("a string", b'"x"', "could not bind data"),
    ("null", b"null", "could not bind data"),
    ("NaN", b'{"title": NaN}', "could not bind data"),
    ("a very large number", b'{"title": ' + b"9" * 5000 + b"}", "could not bind data"),
    ("very deep", b'{"files": ' * 100_000, "could not bind data"),
    ("a key twice", b'{"files": {"a": {"content": "x"}, "a": {"content": "y"}}}', "duplicate key"),
    ("nothing", b"", "at least one file"),
    ("no files", {}, "at least one file"),
    ("no files at all", {"files": {}}, "at least one file"),
    ("files null", {"files": None}, "at least one file"),
    ("only empty files", _files("a", content=""), "at least one file"),
    ("files a list", {"files": [{"content": "x"}]}, "could not bind data: files"),
    ("a file a string", {"files": {"a": "x"}}, "could not bind data: files: a"),
    ("content a number", {"files": {"a": {"content": 1}}}, "could not bind data: files: a: content"),
    ("title a number", {**_files("a"), "title": 1}, "could not bind data: title"),
    ("title too long", {**_files("a"), "title": "x" * 251}, "title: longer than 250"),
    ("title with NUL", {**_files("a"), "title": "a\0b"}, "title: not valid text"),
    ("description too long", {**_files("a"), "description": "x" * 1001}, "description: longer than 1000"),
    ("half a character", b'{"files": {"a": {"content": "\\ud800"}}}', "half a character"),
    ("half a character in the title", b'{"files": {"a": {"content": "x"}}, "title": "\\ud800"}', "half a character"),
    ("half a character in a name", b'{"files": {"\\ud800": {"content": "x"}}}', "half a character"),
    ("half a character as a key", b'{"files": {"\\ud800": 5}}', "could not bind data"),
    ("half a character as a key of a key", b'{"files": {"\\ud800": {"content": 5}}}', "could not bind data"),
    ("unknown visibility", {**_files("a"), "visibility": "pubic"}, "visibility"),
    ("visibility a number", {**_files("a"), "visibility": 0}, "visibility"),
    ("unknown lifetime", {**_files("a"), "expire": "2days"}, "expire"),
    ("custom without a time", {**_files("a"), "expire": "custom"}, "expire"),
    ("expiry in the past", {**_files("a"), "expires_at": "2020-01-01T00:00:00Z"}, "expires_at: not in the future"),
    ("expiry no time", {**_files("a"), "expires_at": "soon"}, "expires_at"),
    ("expiry before all times", {**_files("a"), "expires_at": "0001-01-01T00:00:00+10:00"}, "expires_at"),
    ("expiry a number", {**_files("a"), "expires_at": 5}, "expires_at"),
    ("too many topics", {**_files("a"), "topics": ["t"] * 11}, "topics: at most 10"),
    ("a topic with a space", {**_files("a"), "topics": ["a b"]}, "topics: a topic is"),
    ("a slug with a slash", {**_files("a"), "slug": "a/b"}, "slug"),
    ("a slug like an id", {**_files("a"), "slug": "0" * 32}, "slug"),
    ("too many files", _files(*(f"{number}" for number in range(301))), "at most 300 files"),
    ("same name but for case", _files("README", "readme"), "have the same name"),
    ("same name but for Unicode form", _files("\u00e9", "e\u0301"), "have the same name"),
    ("same name but for spaces", _files("a", " a "), "duplicate filename"),
    ("a file and a folder", _files("a", "a/b"), "cannot be a file and a folder"),
    *(
        (f"the name {name[:24]!r}", _files(name), "file name")
        for name in (
            *("../x", "..", ".", "a/../b", "/etc/passwd", "a//b", "a/", ".git/config", ".git", ".GIT/x", "git~1"),
            *("x/.git/config", ".gitmodules", ".g\u200cit/config", ".git./x", ".git::$INDEX_ALLOCATION/x"),
            *("a\0b", "a\nb", "a\rb", "a\x1bb", "a\x7fb", "a\u0085b", "a\u2028b", "a\u202eb", "a\\b", "..\\x"),
            *("x" * 300, "\u00e9" * 200, "a/ b", "/".join("abcdefghij")),
        )
    ),
]


@pytest.mark.parametrize(("body", "words"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_bad_drafts(alice: Client, server: Server, body: Any, words: str) -> None:
    before, total = server.on_disk(), alice.get("/api/gists?per_page=1").headers["X-Total"]
    options = (
        {"data": body, "headers": {"Content-Type": "application/json"}} if isinstance(body, bytes) else {"json": body}
    )
    response = alice.request("POST", "/api/gists", **options)
    assert response.status_code == 422, response.text
    assert set(response.json()) - {"errors"} == {"message", "status"}
    assert response.json()["status"] == 422
    assert words in response.json()["message"]
    assert alice.get("/api/gists?per_page=1").headers["X-Total"] == total
    assert server.on_disk() == before


@pytest.mark.parametrize(("body", "words"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_bad_changes(alice: Client, server: Server, body: Any, words: str) -> None:
    gist = alice.create()
    before = server.on_disk()
    options = (
        {"data": body, "headers": {"Content-Type": "application/json"}} if isinstance(body, bytes) else {"json": body}
    )
    response = alice.request("PATCH", f"/api/gists/{gist['id']}", **options)
    if response.status_code == 200:  # what is an empty file or a lifetime in a draft is fine or passed over in a change
        assert any(part in words for part in ("at least one file", "expire", "duplicate filename")), response.text
        return
    assert response.status_code == 422, response.text
    assert response.json()["status"] == 422
    assert alice.read(gist["id"]) == gist
    assert server.on_disk() == before


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_other_content_types(alice: Client, type: str) -> None:
    response = alice.request(
        "POST", "/api/gists", data=b'{"files":{"a":{"content":"x"}}}', headers={"Content-Type": type}
    )
    assert response.status_code == 422
    assert "application/json" in response.json()["message"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer og_" + "0" * 64,
        "bearer TOKEN",
        "Basic TOKEN",
        "Token  TOKEN",
        "TOKEN",
        "",
        "Bearer \xff",
    ],
)
def test_a_bad_credential_is_refused_even_where_none_is_needed(alice: Client, nobody: Client, header: str) -> None:
    value = header.replace("TOKEN", alice.token).encode("latin-1")
    for method, path in (("GET", "/api/gists"), ("POST", "/api/gists"), ("GET", f"/api/gists/{'0' * 32}")):
        response = nobody.request(method, path, headers={"Authorization": value})
        assert response.status_code == 401
        assert response.json() == {"message": "Bad credentials", "status": 401}


def test_both_schemes(alice: Client, nobody: Client) -> None:
    for scheme in ("Bearer", "Token"):
        headers = {"Authorization": f"{scheme} {alice.token}"}
        assert nobody.get("/api/user", headers=headers).json()["username"] == "alice"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"), ("GET", "/api/"), ("GET", "/api/nothing"), ("POST", "/api/user"), ("PUT", "/api/gists"),
        ("HEAD", "/api/gists"), ("GET", "/api/gists/%00"), ("GET", "/api/gists/%ff"),
        ("GET", f"/api/gists/{'A' * 32}"), ("GET", "/api/gists/1"), ("DELETE", f"/api/gists/{'0' * 32}"),
    ],
)  # fmt: skip
def test_unknown_paths(alice: Client, method: str, path: str) -> None:
    response = alice.request(method, path)
    assert response.status_code == 404
    if method != "HEAD":
        assert response.json()["status"] == 404
        assert response.json()["message"] in ("Not found", "Gist not found")


def test_a_trailing_slash_is_no_other_path(alice: Client) -> None:
    assert alice.get("/api/gists/").status_code == 200
    assert alice.get(f"/api/gists/{alice.create()['id']}/").status_code == 200


def test_limits_are_settings(own_server: Callable[..., Server]) -> None:
    server = own_server(max_file_bytes=100, max_gist_bytes=250, max_files=3, max_request_bytes=2000).start()
    alice = server.user("alice")
    before = server.on_disk()
    for body, status in (
        (_files("a", content="x" * 101), 422),
        (_files("a", "b", "c", content="x" * 100), 422),
        (_files("a", "b", "c", "d"), 422),
        (_files("a", content="x" * 3000), 413),
    ):
        response = alice.request("POST", "/api/gists", json=body)
        assert (response.status_code, response.json()["status"]) == (status, status), response.text
    assert server.on_disk() == before
    assert alice.create({"a": "x" * 100, "b": "x" * 100})


def test_cors(nobody: Client) -> None:
    response = nobody.request("OPTIONS", "/api/gists", headers={"Origin": "https://example.org"})
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_the_api_can_be_switched_off(own_server: Callable[..., Server]) -> None:
    server = own_server(api_enabled="false").start()
    alice = server.user("alice")
    for client in (alice, server.nobody):
        for path in ("/api/gists", "/api/user", f"/api/gists/{'0' * 32}"):
            assert client.get(path).json() == {"message": "API is disabled", "status": 403}
    assert server.nobody.get("/api/nothing").status_code == 404
    assert server.nobody.get("/").status_code == 200


@pytest.mark.parametrize("host", ["..", "a" * 300, "xn--a", "a b", "a/b", "é", "[::1", "a:b"])
def test_a_host_that_is_none(nobody: Client, host: str) -> None:
    for path in ("/api/gists", "/", "/-/health"):
        assert nobody.get(path, headers={"Host": host.encode()}).status_code == 400


def test_broken_chunks(server: Server, alice: Client) -> None:
    import socket

    address, port = server.url.removeprefix("http://").split(":")
    for chunk in (b"zz\r\nx\r\n", b"-1\r\n", b"5\r\nab"):
        with socket.create_connection((address, int(port)), timeout=30) as connection:
            connection.sendall(
                b"POST /api/gists HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Authorization: Bearer " + alice.token.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
            )
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), (chunk, answer)


def test_a_file_that_leads_patterns_astray(alice: Client, nobody: Client) -> None:
    gist = alice.create({"x.svg": "<!---->" * 70 + "<", "y": "<!" * 200, "z": "<?xml " * 80})
    assert nobody.get(f"/alice/{gist['id']}").status_code == 200
    assert (
        alice.create({"x": "<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE svg>\n<svg/>"})["files"]["x"]["type"]
        == "image/svg+xml"
    )
