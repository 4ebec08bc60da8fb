"""Opengist's API, statement by statement. Each row names a section of the specification and one thing a client can see.

Who may do what is in test_matrix.py, refused input in test_bad_input.py, the merge of files in test_gists.py.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness import Client, Server

Check = Callable[["Cast"], Any]


class Cast:
    """alice, bob and nobody, with gists made for the row that asks."""

    def __init__(self, server: Server, alice: Client, bob: Client, nobody: Client) -> None:
        self.server, self.alice, self.bob, self.nobody = server, alice, bob, nobody
        self._gist: dict | None = None

    @property
    def gist(self) -> dict:
        """A public gist of alice's; the same one for the length of a row."""
        self._gist = self._gist or self.alice.create({"a.py": "print(1)\n", "b.txt": "two\n"}, description="d")
        return self._gist

    @property
    def path(self) -> str:
        return f"/api/gists/{self.gist['id']}"

    @property
    def sha(self) -> str:
        return str(self.gist["commits"][0]["version"])

    def get(self, path: str, client: Client | None = None, **options: Any) -> Any:
        return (client or self.nobody).get(path, **options)

    def send(self, method: str, path: str, client: Client | None = None, **options: Any) -> Any:
        return (client or self.alice).request(method, path, **options)

    def fork(self) -> Any:
        return self.send("POST", f"{self.path}/forks", self.bob)

    def own(self, *scopes: str) -> Client:
        return self.server.client("alice", ",".join(scopes))


def _liked_twice(c: Cast) -> list[int]:
    counts = []
    for _ in range(3):
        c.send("PUT", f"{c.path}/like", c.bob)
        counts.append(c.get(c.path).json()["like_count"])
    return counts


def _unliked_twice(c: Cast) -> list[int]:
    c.send("PUT", f"{c.path}/like", c.bob)
    return [c.send("DELETE", f"{c.path}/like", c.bob).status_code for _ in range(2)] + [
        c.get(c.path).json()["like_count"]
    ]


def _ids(answer: Any) -> list[str]:
    return [gist["id"] for gist in answer.json()]


def _if_match(c: Cast) -> list[int]:
    tag = c.get(c.path, c.alice).headers["ETag"]
    body = {"files": {"a.py": {"content": "print(2)\n"}}}
    return [
        c.send("PATCH", c.path, json=body, headers={"If-Match": value}).status_code for value in ('"x"', tag, tag, "*")
    ] + [c.send("DELETE", c.path, headers={"If-Match": tag}).status_code]


def _fork_of_a_fork(c: Cast) -> bool:
    fork = c.fork().json()
    carol = c.server.client("carol") if c.get("/api/users/carol").status_code == 200 else c.server.user("carol")
    again = carol.request("POST", f"/api/gists/{fork['id']}/forks").json()
    return c.get(f"/api/gists/{again['id']}").json()["fork_of"]["id"] == fork["id"]


def _expiry_edited(c: Cast) -> list[Any]:
    def expiry(**fields: Any) -> Any:
        return c.alice.change(c.gist["id"], **fields)["expires_at"]

    return [
        expiry(expires_at="2090-01-01T00:00:00Z"), expiry(title="t"), expiry(expires_at=None),
        expiry(expires_at="2091-01-01T00:00:00Z"), expiry(expire="never"),
    ]  # fmt: skip


def _base64(c: Cast) -> list[Any]:
    body = {
        "files": {
            "x.png": {"content": "iVBORw0KGgoA", "encoding": "base64"},
            "t": {"content": "dA==", "encoding": "utf-8"},
        }
    }
    made = c.send("POST", "/api/gists", json=body).json()["files"]
    return [made["x.png"]["encoding"], made["x.png"]["content"], made["x.png"]["type"], made["t"]["content"]]


def _renamed(c: Cast) -> list[Any]:
    name = "dave" if c.get("/api/users/dave").status_code == 404 else "dave2"
    dave = c.server.user(name)
    gist = dave.create()
    new = c.send("PATCH", "/api/user", dave, json={"username": f"{name}-renamed", "email": " Dave@Example.ORG "}).json()
    return [
        new["username"] == f"{name}-renamed", new["email"], c.get(f"/api/users/{name}").status_code,
        c.get(f"/{name}-renamed/{gist['id']}").status_code, dave.get("/api/user").json()["username"] == f"{name}-renamed",
        c.send("PATCH", "/api/user", dave, json={"username": f"{name}-RENAMED"}).json()["username"] == f"{name}-renamed",
        c.send("PATCH", "/api/user", dave, json={"email": ""}).json()["email"],
    ]  # fmt: skip


ROWS: list[tuple[str, Check, Any]] = [
    # ---- 1 transport
    ("1 JSON without a charset", lambda c: c.get("/api/gists").headers["Content-Type"], "application/json"),
    ("1 JSON ends with a newline", lambda c: c.get("/api/gists").text[-1], "\n"),
    ("1 <, > and & are escaped", lambda c: r"\u003c\u003e\u0026" in c.send("POST", "/api/gists", json={
        "files": {"a": {"content": "<>&"}}}).text, True),
    ("1 UTF-8 as it is", lambda c: "é" in c.send("POST", "/api/gists", json={"files": {"a": {"content": "é"}}}).text, True),
    ("1 parameters of the Content-Type are passed over", lambda c: c.send("POST", "/api/gists", data=b'{"files":{"a":{"content":"x"}}}',
        headers={"Content-Type": "application/json; charset=utf-8"}).status_code, 201),
    ("1 another type is 422", lambda c: c.send("POST", "/api/gists", data=b"x", headers={"Content-Type": "text/plain"}).status_code, 422),
    ("1 no body is no fields", lambda c: c.send("PATCH", c.path).status_code, 422),
    ("1 unknown fields are passed over", lambda c: c.send("PATCH", c.path, json={"title": "t", "x": 1}).status_code, 200),
    ("1 times are RFC 3339 in UTC, whole seconds", lambda c: bool(re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", c.gist["created_at"])), True),
    ("1 a trailing slash is stripped", lambda c: c.get(c.path + "/").status_code, 200),
    ("1 an unknown path", lambda c: c.get("/api/nothing").json(), {"message": "Not found", "status": 404}),
    ("1 a wrong method is 404, never 405", lambda c: c.send("POST", c.path).json(), {"message": "Not found", "status": 404}),
    ("1 HEAD is 404", lambda c: c.send("HEAD", "/api/gists").status_code, 404),
    ("1 CORS: any origin", lambda c: c.get("/api/gists").headers["Access-Control-Allow-Origin"], "*"),
    ("1 CORS: exposed headers", lambda c: "X-Total-Pages" in c.get("/api/gists").headers["Access-Control-Expose-Headers"], True),
    ("1 CORS: a preflight is 204", lambda c: c.send("OPTIONS", "/api/gists").status_code, 204),
    ("1 CORS: credentials are never allowed", lambda c: "Access-Control-Allow-Credentials" in c.get("/api/gists").headers, False),
    ("1 nosniff", lambda c: c.get("/api/gists").headers["X-Content-Type-Options"], "nosniff"),
    ("1 not in other sites' frames", lambda c: c.get("/api/gists").headers["X-Frame-Options"], "SAMEORIGIN"),
    ("1 no method override", lambda c: c.send("POST", c.path, data={"_method": "DELETE"}).status_code, 404),
    ("1.1 the error body", lambda c: c.get(f"/api/gists/{'0' * 32}").json(), {"message": "Gist not found", "status": 404}),
    ("1.1 validation names the field", lambda c: c.send("POST", "/api/gists", json={"title": "x" * 251, "files": {"a": {"content": "x"}}}
        ).json()["errors"], {"title": ["longer than 250 characters"]}),
    ("1.1 who is nobody", lambda c: c.send("POST", "/api/gists", c.nobody, json={}).json()["message"], "Requires authentication"),
    ("1.1 who lacks a scope", lambda c: c.send("POST", "/api/gists", c.own("gist:read"), json={}).json()["message"], "token lacks required scope/permission"),
    ("1.1 who is not the owner", lambda c: c.send("DELETE", c.path, c.bob).json(), {"message": "You are not the owner of this gist", "status": 403}),
    ("1.3 a bad credential is refused where none is needed", lambda c: c.get("/api/gists", headers={"Authorization": "Bearer x"}).status_code, 401),
    ("1.3 the scheme is case-sensitive", lambda c: c.get("/api/user", headers={"Authorization": f"bearer {c.alice.token}"}).status_code, 401),
    ("1.3 Basic is refused", lambda c: c.get("/api/gists", auth=("alice", c.alice.token), headers={}).status_code, 401),
    ("1.3 the Token scheme", lambda c: c.get("/api/user", headers={"Authorization": f"Token {c.alice.token}"}).status_code, 200),
    ("1.3 scope before existence", lambda c: c.send("PATCH", f"/api/gists/{'0' * 32}", c.own("gist:read"), json={}).status_code, 403),
    ("1.3 visibility before ownership", lambda c: c.send("PATCH", f"/api/gists/{'0' * 32}", json={}).status_code, 404),
    ("1.3 ownership before the body", lambda c: c.send("PATCH", c.path, c.bob, json={}).status_code, 403),
    # ---- 2 tokens and identifiers
    ("2.1 a token is og_ and 64 digits", lambda c: bool(re.fullmatch(r"og_[0-9a-f]{64}", c.alice.token)), True),
    ("2.1 write implies read", lambda c: c.own("user:write").get("/api/user").status_code, 200),
    ("2.1 read does not imply write", lambda c: c.send("PATCH", "/api/user", c.own("user:read"), json={"email": ""}).status_code, 403),
    ("2.4 an id is exact: no prefix", lambda c: c.get(c.path[:-1]).status_code, 404),
    ("2.4 an id is exact: no capitals", lambda c: c.get(f"/api/gists/{c.gist['id'].upper()}").status_code, 404),
    ("2.4 an id is exact: no dashes", lambda c: c.get(f"/api/gists/{c.gist['id'][:8]}-{c.gist['id'][8:]}").status_code, 404),
    ("2.4 a slug is not an id", lambda c: c.get("/api/gists/" + c.alice.create(slug="s" + c.gist["id"][:8])["slug_url"]).status_code, 404),
    ("2.4 user names ignore case", lambda c: c.get("/api/users/ALICE").json()["username"], "alice"),
    # ---- 3 objects
    ("3.1 SimpleUser", lambda c: set(c.get("/api/users/alice").json()), {"id", "login", "username", "avatar_url", "type", "created_at"}),
    ("3.1 login is the username", lambda c: c.get("/api/users/alice").json()["login"], "alice"),
    ("3.1 no e-mail for others", lambda c: "email" in c.get("/api/users/alice").json(), False),
    ("3.2 e-mail for oneself", lambda c: "email" in c.get("/api/user", c.alice).json(), True),
    ("3.3 html_url", lambda c: c.gist["html_url"] == f"{c.server.url}/alice/{c.gist['id']}", True),
    ("3.3 clone_url", lambda c: c.gist["clone_url"] == f"{c.gist['html_url']}.git", True),
    ("3.3 ssh_url is empty without SSH", lambda c: c.gist["ssh_url"], ""),
    ("3.3 topics everywhere", lambda c: [c.get(f"/api/gists/{g['id']}").json()["topics"] for g in [c.alice.create(topics=["t"])]], [["t"]]),
    ("3.4 fork_of is null", lambda c: c.gist["fork_of"], None),
    ("3.4 keys are always there", lambda c: {"fork_of", "forks", "files", "commits", "truncated"} <= set(c.gist), True),
    ("3.5 language by name", lambda c: c.gist["files"]["a.py"]["language"], "Python"),
    ("3.5 size", lambda c: c.gist["files"]["b.txt"]["size"], 4),
    ("3.5 spaces in names stay", lambda c: list(c.alice.create({"a  b": "x"})["files"]), ["a  b"]),
    ("3.5 a notebook is never cut", lambda c: c.alice.create({"a.ipynb": "x" * 600_000})["files"]["a.ipynb"]["truncated"], False),
    ("3.6 a commit", lambda c: set(c.gist["commits"][0]), {"version", "author", "user", "change_status", "committed_at"}),
    ("3.6 its author is the account", lambda c: c.gist["commits"][0]["user"]["username"], "alice"),
    ("3.7 visibility by number", lambda c: [c.alice.create(visibility=n)["visibility"] for n in "012"], ["public", "unlisted", "private"]),
    ("3.7 a time without a zone is the server's own", lambda c: [bool(c.alice.create(expires_at=t)["expires_at"])
        for t in ("2090-01-02T03:04", "2090-01-02T03:04:05")], [True, True]),
    ("3.7 expires_at wins over expire", lambda c: c.alice.create(expires_at="2090-01-02T03:04:05Z", expire="1hour")["expires_at"], "2090-01-02T03:04:05Z"),
    ("3.7 unknown visibility is 422 [BUG]", lambda c: c.send("PATCH", c.path, json={"visibility": "pubic"}).status_code, 422),
    # ---- 4 endpoints
    ("4.2 liked: mine", lambda c: [c.send("PUT", f"{c.path}/like", c.bob).status_code, c.gist["id"] in _ids(c.get("/api/gists/liked", c.bob))], [204, True]),
    ("4.2 liked: alias starred", lambda c: _ids(c.get("/api/gists/starred", c.bob)) == _ids(c.get("/api/gists/liked", c.bob)), True),
    ("4.2 liked: an unlisted one of somebody else does not show", lambda c: [c.send("PUT", f"{c.path}/like", c.bob).status_code,
        c.alice.change(c.gist["id"], visibility="unlisted")["visibility"], c.gist["id"] in _ids(c.get("/api/gists/liked", c.bob))], [204, "unlisted", False]),
    ("4.2 forked: mine", lambda c: c.fork().json()["id"] in _ids(c.get("/api/gists/forked", c.bob)), True),
    ("4.2 of a user", lambda c: c.gist["id"] in _ids(c.get("/api/users/Alice/gists")), True),
    ("4.2 of a user: hidden ones for the owner", lambda c: [c.alice.change(c.gist["id"], visibility="private")["id"] in _ids(c.get("/api/users/alice/gists", who))
        for who in (c.alice, c.bob, c.own("user:read"))], [True, False, False]),
    ("4.2 liked by a user", lambda c: [c.send("PUT", f"{c.path}/like", c.bob).status_code, c.gist["id"] in _ids(c.get("/api/users/bob/liked")),
        c.gist["id"] in _ids(c.get("/api/users/bob/starred"))], [204, True, True]),
    ("4.2 forked by a user", lambda c: c.fork().json()["id"] in _ids(c.get("/api/users/bob/forked")), True),
    ("4.2 an unknown user", lambda c: c.get("/api/users/nobody-here/gists").json()["message"], "User not found"),
    ("4.2 forks of a gist", lambda c: _ids(c.get(f"{c.path}/forks")) == [c.fork().json()["id"]] if c.fork() else None, True),
    ("4.3 Location", lambda c: c.send("POST", "/api/gists", json={"files": {"a": {"content": "x"}}}).headers["Location"].startswith(f"{c.server.url}/api/gists/"), True),
    ("4.3 the entry's own filename is passed over", lambda c: list(c.send("POST", "/api/gists", json={"files": {"a": {"content": "x", "filename": "b"}}}).json()["files"]), ["a"]),
    ("4.6 topics survive a PATCH [BUG]", lambda c: c.alice.change(c.alice.create(topics=["x"])["id"], title="t")["topics"], ["x"]),
    ("4.6 limits hold without files [BUG]", lambda c: c.send("PATCH", c.path, json={"description": "x" * 1001}).status_code, 422),
    ("4.6 a .gitignore drops nothing [BUG]", lambda c: set(c.alice.change(c.alice.create({".gitignore": "*"})["id"], files={"b": {"content": "x"}})["files"]), {".gitignore", "b"}),
    ("4.6 a change of words bumps updated_at", lambda c: c.alice.change(c.gist["id"], title="t")["updated_at"] >= c.gist["updated_at"], True),
    ("4.7 forks survive their parent", lambda c: [f := c.fork().json(), c.send("DELETE", c.path).status_code, c.get(f"/api/gists/{f['id']}").json()["fork_of"]][1:], [204, None]),
    ("4.8 a fork is 201 with a Location", lambda c: [(r := c.fork()).status_code, r.headers["Location"].endswith(r.json()["id"])], [201, True]),
    ("4.8 the same one again is 200", lambda c: [c.fork().json()["id"] == c.fork().json()["id"], c.fork().status_code], [True, 200]),
    ("4.8 not one's own", lambda c: c.send("POST", f"{c.path}/forks").json(), {"message": "cannot fork your own gist", "status": 422}),
    ("4.8 the parent is the immediate one", _fork_of_a_fork, True),
    ("4.8 fork_count follows", lambda c: [c.fork().status_code, c.get(c.path).json()["fork_count"]], [201, 1]),
    ("4.7 a deleted fork is not counted any more", lambda c: [c.send("DELETE", f"/api/gists/{c.fork().json()['id']}", c.bob).status_code,
        c.get(c.path).json()["fork_count"]], [204, 0]),
    ("4.8 what a fork copies, and what not", lambda c: [c.alice.change(c.gist["id"], title="T", visibility="unlisted", topics=["t"], slug=f"f{c.gist['id'][:9]}", expire="1day")["title"],
        f := c.fork().json(), (f["title"], f["description"], f["visibility"], f["topics"], f["slug_url"] == f["id"], f["expires_at"], f["like_count"])][2],
        ("T", "d", "unlisted", ["t"], True, None, 0)),
    ("4.8 a fork has the files and the history", lambda c: [f := c.get(f"/api/gists/{c.fork().json()['id']}").json(),
        (set(f["files"]), [e["version"] for e in f["commits"]] == [c.sha])][1], ({"a.py", "b.txt"}, True)),
    ("4.8 a fresh fork is found by search [BUG]", lambda c: [w := f"w{c.gist['id'][:12]}", c.alice.change(c.gist["id"], title=w)["title"], f := c.fork().json()["id"],
        f in _ids(c.get(f"/api/gists/search?q={w}"))][3], True),
    ("4.10 PUT toggles", _liked_twice, [1, 0, 1]),
    ("4.10 not liked is an empty 404", lambda c: [(r := c.get(f"{c.path}/like", c.bob)).status_code, r.content], [404, b""]),
    ("4.10 missing is the same", lambda c: [(r := c.get(f"/api/gists/{'0' * 32}/star", c.bob)).status_code, r.content], [404, b""]),
    ("4.10 liking what is not there is too", lambda c: [(r := c.send("PUT", f"/api/gists/{'0' * 32}/like", c.bob)).status_code, r.content], [404, b""]),
    ("4.10 DELETE unlikes, twice too (an extension)", _unliked_twice, [204, 204, 0]),
    ("4.10 one's own can be liked", lambda c: [c.send("PUT", f"{c.path}/star").status_code, c.get(f"{c.path}/star", c.alice).status_code], [204, 204]),
    ("4.10 a like does not bump updated_at", lambda c: [c.send("PUT", f"{c.path}/like", c.bob).status_code, c.get(c.path).json()["updated_at"] == c.gist["updated_at"]], [204, True]),
    ("4.12 a user by number", lambda c: c.get("/api/user/1").json()["username"], "alice"),
    ("4.12 a number that is none", lambda c: c.get("/api/user/x").json(), {"message": "Invalid user id", "status": 400}),
    ("4.12 nobody of that number", lambda c: c.get("/api/user/99999").json()["message"], "User not found"),
    ("4.12 renaming", _renamed, [True, "dave@example.org", 404, 200, True, True, ""]),
    ("4.12 a name that is taken", lambda c: c.send("PATCH", "/api/user", c.bob, json={"username": "Alice"}).json(), {"message": "username already taken", "status": 409}),
    ("4.12 a name that is reserved", lambda c: c.send("PATCH", "/api/user", c.bob, json={"username": "api"}).status_code, 422),
    ("4.12 names are shorter and simpler here", lambda c: [c.send("PATCH", "/api/user", c.bob, json={"username": name}).status_code
        for name in ("x" * 25, "a_b", "a.b", "", "é", "a\n")], [422] * 6),
    ("4.12 nothing set", lambda c: "at least one of username or email must be set" in c.send("PATCH", "/api/user", json={}).json()["message"], True),
    ("4.13 bytes", lambda c: c.get(f"{c.path}/files/{c.sha}/a.py").content, b"print(1)\n"),
    ("4.13 type of text", lambda c: c.get(f"{c.path}/files/{c.sha}/a.py").headers["Content-Type"], "text/plain; charset=utf-8"),
    ("4.13 disposition", lambda c: c.get(f"{c.path}/files/{c.sha}/a.py").headers["Content-Disposition"], 'inline; filename="a.py"'),
    ("4.13 a short id will do", lambda c: c.get(f"{c.path}/files/{c.sha[:7]}/a.py").status_code, 200),
    ("4.13 HEAD is no revision", lambda c: c.get(f"{c.path}/files/HEAD/a.py").json()["message"], "Invalid revision format"),
    ("4.13 an unknown file", lambda c: c.get(f"{c.path}/files/{c.sha}/x").json(), {"message": "File not found", "status": 404}),
    ("4.13 an unknown revision", lambda c: c.get(f"{c.path}/files/{'f' * 40}/a.py").json(), {"message": "File not found", "status": 404}),
    ("4.13 names are decoded once [BUG]", lambda c: [g := c.alice.create({"50%25 a/ü.txt": "x"}), c.get(
        f"/api/gists/{g['id']}/files/{g['commits'][0]['version']}/50%2525%20a/%C3%BC.txt").text][1], "x"),
    ("4.13 PDF", lambda c: [g := c.alice.create({"a": "%PDF-1.4"}), (r := c.get(f"/api/gists/{g['id']}/files/{g['commits'][0]['version']}/a"
        )).headers["Content-Type"], r.headers["Content-Security-Policy"]][1:], ["application/pdf", "default-src 'none'; style-src 'unsafe-inline'"]),
    ("4.13 a range", lambda c: [(r := c.get(f"{c.path}/files/{c.sha}/a.py", headers={"Range": "bytes=0-4"})).status_code, r.text, r.headers["Content-Range"]],
        [206, "print", "bytes 0-4/9"]),
    ("4.13 a range that is not there", lambda c: c.get(f"{c.path}/files/{c.sha}/a.py", headers={"Range": "bytes=99-"}).status_code, 416),
    ("4.13 SVG is sandboxed", lambda c: [g := c.alice.create({"a.svg": "<svg></svg>"}), (r := c.get(f"/api/gists/{g['id']}/files/{g['commits'][0]['version']}/a.svg"
        )).headers["Content-Type"], "sandbox" in r.headers["Content-Security-Policy"]][1:], ["image/svg+xml", True]),
    # ---- extensions
    ("+ 304 on every GET", lambda c: [c.get(p, c.alice, headers={"If-None-Match": c.get(p, c.alice).headers["ETag"]}).status_code for p in (
        c.path, "/api/gists", f"{c.path}/commits", f"{c.path}/{c.sha}", f"{c.path}/forks", "/api/user", "/api/users/alice",
        f"{c.path}/files/{c.sha}/a.py", "/api/openapi.yaml")], [304] * 9),
    ("+ If-Match", _if_match, [412, 200, 412, 200, 412]),
    ("+ no 304 for what is hidden", lambda c: [t := c.get(c.path, c.alice).headers["ETag"], c.alice.change(c.gist["id"], visibility="private"),
        c.get(c.path, headers={"If-None-Match": t}).status_code][2], 404),
    ("+ expiry can be changed", _expiry_edited, ["2090-01-01T00:00:00Z", "2090-01-01T00:00:00Z", None, "2091-01-01T00:00:00Z", None]),
    ("+ expiry must be in the future", lambda c: c.send("PATCH", c.path, json={"expires_at": "2020-01-01T00:00:00Z"}).status_code, 422),
    ("+ base64 both ways", _base64, ["base64", "iVBORw0KGgoA", "image/png", "dA=="]),
    ("+ base64 that is none", lambda c: c.send("PATCH", c.path, json={"files": {"a": {"content": "!", "encoding": "base64"}}}).status_code, 422),
    ("+ an unknown encoding", lambda c: c.send("PATCH", c.path, json={"files": {"a": {"content": "x", "encoding": "rot13"}}}).status_code, 422),
    ("+ search", lambda c: [c.alice.change(c.gist["id"], files={"a.py": {"content": f"needle {c.gist['id'][:9]}"}})["id"],
        _ids(c.get(f"/api/gists/search?q=NEEDLE+{c.gist['id'][:9]}")) == [c.gist["id"]]][1], True),
    ("+ search needs words", lambda c: c.get("/api/gists/search?q=ab").json()["status"], 422),
    ("+ a slug that is taken", lambda c: [c.alice.create(slug=f"x{c.gist['id'][:9]}")["id"], c.send("PATCH", c.path, json={"slug": f"X{c.gist['id'][:9]}"}).status_code][1], 409),
    ("+ a page for people", lambda c: "GET</span> /api/gists" in c.get("/-/api").text, True),
]  # fmt: skip


@pytest.mark.parametrize(("check", "due"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_statement(server: Server, alice: Client, bob: Client, nobody: Client, check: Check, due: Any) -> None:
    assert check(Cast(server, alice, bob, nobody)) == due
