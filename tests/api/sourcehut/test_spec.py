"""sourcehut's pastes and blobs, statement by statement. Each row names a section of the specification and one thing a
client can see."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.api.sourcehut.client import (
    BAD_TOKEN,
    INVALID_AUTHORIZATION,
    NO_AUTHORIZATION,
    NOT_FOUND,
    SHA,
    TIME,
    UNAUTHORIZED,
    Cast,
    Check,
    Sender,
    at,
    blob_at,
    blob_id,
    lacks,
    masked,
    outcome,
    token,
)
from tests.harness import PASSWORD, Server
from tests.web.people import Person, found

FILE = {"filename": "a.py", "contents": "x\n"}
GOOD = json.dumps({"files": [FILE]}).encode()
INVALID_JSON, NO_OBJECT = (400, ["Invalid JSON provided"]), (400, ["Expected JSON dictionary"])
NO_FILES = (400, ["files: files is required"])
NOBODYS = "0" * 40
ENDPOINTS: list[tuple[str, str, Any]] = [
    ("GET", "/pastes", None),
    ("POST", "/pastes", {"files": [FILE]}),
    ("GET", "/pastes/{sha}", None),
    ("PUT", "/pastes/{sha}", {"visibility": "unlisted"}),
    ("DELETE", "/pastes/{sha}", None),
    ("GET", "/blobs/{blob}", None),
    ("GET", "/user/~alice", None),
]
"""All that needs a token, but for `/user`, which is Opengist's without `token`."""


def asked(method: str, path: str, body: Any, who: str = "alice", **options: Any) -> Check:
    """The outcome for somebody, of a public paste of alice's where it needs one."""

    def check(c: Cast) -> Any:
        where = path.format(sha=c.public["sha"], blob=c.public["files"][0]["blob_id"])
        return {**vars(c), **c.narrow}[who].ask(method, where, body, **options)

    return check


def status(check: Check) -> Check:
    return lambda c: check(c)[0]


def posted(*files: Any, **fields: Any) -> Check:
    return lambda c: c.alice.post(*files, **fields)


def wrong(field: str, reason: str, *more: str) -> tuple[int, list[str]]:
    return 400, [f"{field}: {reason}", *(f"{field}: {each}" for each in more)]


def with_header(value: str, path: str = "/pastes") -> Check:
    return lambda c: c.nobody.ask("GET", path, auth=value.format(token=c.alice.token))


def kept(name: str | None) -> Check:
    """What a file is called that was sent with that name, when it is made and when it is read again."""

    def check(c: Cast) -> Any:
        made = c.alice.post({"filename": name, "contents": "x"})[1]
        assert c.alice.ask("GET", at(made)) == (200, made)
        return made["files"][0]["filename"]

    return check


def named(name: str | None, reason: str) -> tuple[str, Check, Any]:
    shown = ascii(name) if name is None or len(name) < 50 else f"{len(name)} characters"
    return f"3.5 the name {shown}", posted({"filename": name, "contents": "x"}), wrong("files[0].filename", reason)


def held(content: str) -> Check:
    """What a blob holds, and its id, of a paste of this content."""

    def check(c: Cast) -> Any:
        paste = c.alice.paste(content)
        status, blob = c.alice.ask("GET", blob_at(paste))
        return status, blob["contents"] == content, blob["sha"] == paste["files"][0]["blob_id"] == blob_id(content)

    return check


def strangers(kind: str, method: str, path: str, body: Any = None) -> Check:
    """What bob gets who asks for a paste of alice's or its blob; that it is as it was; and, if it is private, that he
    cannot tell it from one that never was."""

    def check(c: Cast) -> Any:
        paste = c.alice.paste(visibility=kind)
        where = path.format(sha=paste["sha"], blob=paste["files"][0]["blob_id"])
        answer = c.bob.send(method, where, body)
        assert c.alice.ask("GET", at(paste)) == (200, paste)
        if kind == "private":
            never = c.bob.send(method, path.format(sha=NOBODYS, blob=NOBODYS), body)
            same = [masked(r, paste["sha"]) for r in (answer, never)]
            assert same[0] == same[1]
        return outcome(answer)

    return check


def page(who: str, start: str | None = None) -> Check:
    """A page, its results as hashes."""

    def check(c: Cast) -> Any:
        _, found = vars(c)[who].ask("GET", "/pastes" if start is None else f"/pastes?start={start}")
        return {**found, "results": [paste["sha"] for paste in found["results"]]}

    return check


def walked(c: Cast) -> list[list[str]]:
    """paula's pages, by their cursors."""
    pages, start = [], "-1"
    while start is not None:
        found = page("paula", start)(c)
        pages.append(found["results"])
        start = found["next"]
    return pages


def browse(who: str, path: str, **options: Any) -> Check:
    """(status, where it leads) for somebody with a browser."""

    def check(c: Cast) -> Any:
        where = path.format(paste=c.paste["sha"], private=c.private["sha"], public=c.public["sha"])
        answer = c.people[who].get(where, **options)
        return answer.status_code, answer.headers.get("Location", "").removeprefix(c.server.url)

    return check


def shown(who: str, kind: str) -> Check:
    """(status, type, words) of the page of a blob."""

    def check(c: Cast) -> Any:
        paste = c.alice.paste(visibility=kind)
        answer = c.people[who].get(f"/blob/{paste['files'][0]['blob_id']}")
        is_it = blob_id(answer.content) == paste["files"][0]["blob_id"]
        return answer.status_code, answer.headers["Content-Type"].partition(";")[0], is_it

    return check


def by_grants(grants: str) -> Check:
    """What a personal token of OAuth 2 with these grants gets of the list, a private paste of its owner's, its blob and a
    new one."""

    def check(c: Cast) -> Any:
        page = c.people["alice"].post("/oauth2/personal-token", literal_grants=grants)
        auth = f"Bearer {found(r'(og_[0-9a-f]{64})', page.text)}"
        reads = [c.nobody.ask("GET", path, auth=auth)[0] for path in ("/pastes", at(c.private), blob_at(c.private))]
        return [*reads, c.nobody.ask("POST", "/pastes", {"files": [FILE]}, auth=auth)[0]]

    return check


LONG = {"canonical_name", "name", "email", "url", "location", "bio"}
WRONG_TYPES = [5, 1.5, ["x"], {"a": 1}, True]

ROWS: list[tuple[str, Check, Any]] = [
    # ------------------------------------------------------------------ 1.1 base, media types
    *((f"1.1 {method} {path} answers JSON", lambda c, r=(method, path, body): (p := c.alice.paste(), c.alice.send(r[0], r[1].format(sha=p["sha"], blob=p["files"][0]["blob_id"]), r[2]).headers["Content-Type"])[1], "application/json") for method, path, body in ENDPOINTS if method != "DELETE"),
    *((f"1.1 a body of type {type!r}", lambda c, type=type: c.alice.raw(GOOD, type)[0], 201) for type in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.example+json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", None)),
    ("1.1 sniffed behind white space", lambda c: c.alice.raw(b" \r\n\t" + GOOD, None)[0], 201),
    ("1.1 sniffed where it is changed", lambda c: outcome(c.alice.send("PUT", at(c.paste), data=b'{"visibility":"public"}'))[1]["visibility"], "public"),
    *((f"1.1 malformed: {data[:20]!r}", lambda c, data=data: c.alice.raw(data), INVALID_JSON) for data in (b"", b"{", b'{"files":[}', b'{"files":NaN}', b"\xff\xfe", b'{"a":"\xff"}', b"{} {}", b"[" * 9999, b'{"files":[],"files":[]}', b"x")),
    ("1.1 malformed and sniffed", lambda c: c.alice.raw(b"{", None), INVALID_JSON),
    ("1.1 malformed where it is changed", lambda c: outcome(c.alice.send("PUT", at(c.paste), data=b"{", headers={"Content-Type": "application/json"})), INVALID_JSON),
    *((f"1.1 no object: {data!r}", lambda c, data=data: c.alice.raw(data), NO_OBJECT) for data in (b"[]", b'"x"', b"null", b"1", b"true", b'[{"files":[]}]')),
    ("1.1 a form: something is missing", lambda c: c.alice.raw(b"visibility=public", "application/x-www-form-urlencoded"), NO_FILES),
    ("1.1 a form cannot hold a list", lambda c: c.alice.raw(b"files=x", "application/x-www-form-urlencoded"), wrong("files", "files should be a list")),
    ("1.1 a form: wrong visibility", lambda c: c.alice.raw(b"visibility=x&files=x", "application/x-www-form-urlencoded")[1], ["visibility: visibility should be a valid PasteVisibility", "files: files should be a list"]),
    ("1.1 nothing at all", lambda c: c.alice.raw(b"", None), NO_FILES),
    ("1.1 text is no form", lambda c: c.alice.raw(b"files=x", "text/plain"), NO_FILES),
    ("1.1 a list that is not said to be JSON is no form", lambda c: c.alice.raw(b"[]", None), NO_FILES),
    ("1.1 a form changes the visibility", lambda c: outcome(c.alice.send("PUT", at(c.paste), data={"visibility": "private"}))[1]["visibility"], "private"),
    ("1.1 so does multipart", lambda c: outcome(c.alice.send("PUT", at(c.paste), files={"visibility": (None, "private")}))[1]["visibility"], "private"),
    *((f"1.1 DELETE with the body {data!r}", lambda c, data=data: outcome(c.alice.send("DELETE", at(c.alice.paste()), data=data, headers={"Content-Type": "application/json"})), (204, None)) for data in (b'""', b"{", b"[1]", b"")),
    ("1.1 no CSRF", lambda c: c.alice.send("POST", "/pastes", {"files": [FILE]}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).status_code, 201),
    *((f"1.1 no {name} header", lambda c, name=name: [name in c.alice.send("GET", path, headers={"Origin": "https://a.example"}).headers for path in ("/pastes", at(c.paste), blob_at(c.paste), "/version", "/user", "/pastes/x")], [False] * 6) for name in ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "X-RateLimit-Limit", "Link", "ETag")),
    ("1.1 no CORS for OPTIONS", lambda c: "Access-Control-Allow-Origin" in c.nobody.send("OPTIONS", "/pastes", headers={"Origin": "https://a.example"}).headers, False),
    ("1.1 unknown fields are passed over", posted({**FILE, "size": [], "blob_id": NOBODYS}, title=5, sha=NOBODYS, created={}), lambda c: (201, {**c.alice.ask("GET", "/pastes")[1]["results"][0]})),
    ("1.1 and are not taken", lambda c: c.alice.post(FILE, sha=NOBODYS)[1]["sha"] != NOBODYS, True),
    ("1.1 HEAD", lambda c: (r := c.alice.send("HEAD", "/pastes"), r.status_code, r.content)[1:], (200, b"")),
    ("1.1 it is not for caches", lambda c: [c.alice.send("GET", "/pastes").headers[name] for name in ("Cache-Control", "Vary")], ["private, no-cache", "Authorization"]),
    ("1.1 nobody sniffs", lambda c: c.alice.send("GET", blob_at(c.paste)).headers["X-Content-Type-Options"], "nosniff"),
    # ------------------------------------------------------------------ 1.2 authorization
    *((f"1.2 {value!r}", status(with_header(value)), 200) for value in ("token {token}", "Bearer {token}", "Token {token}", "TOKEN {token}", "bearer {token}", "BEARER {token}")),
    *((f"1.2 {value!r} is another scheme", with_header(value), NO_AUTHORIZATION) for value in ("Basic YTpi", "{token}", "Internal {token}", "Digest x", "tokens {token}", "token:{token}", "token={token}", "Key {token}")),
    *((f"1.2 {value!r} has not two parts", with_header(value), INVALID_AUTHORIZATION) for value in ("token", "Bearer", "token {token} x", "token  {token}", "Bearer a b c")),
    ("1.2 X-Srht-Authorization is not heard", lambda c: c.nobody.ask("GET", "/pastes", headers={"X-Srht-Authorization": f"token {c.alice.token}"}), NO_AUTHORIZATION),
    *((f"1.2 without a header: {method} {path}", asked(method, path, body, "nobody"), NO_AUTHORIZATION) for method, path, body in ENDPOINTS),
    *((f"1.2 an unknown token: {method} {path}", asked(method, path, body, "nobody", auth="token 0123456789abcdef0123456789abcdef"), BAD_TOKEN) for method, path, body in (*ENDPOINTS, ("GET", "/user", None))),
    *((f"1.2 {value!r} is no token", with_header(value), BAD_TOKEN) for value in ("token x", "token {token}x", "token og_", "Bearer null", "token ~alice")),
    ("1.2 a token that has expired", lambda c: (t := token(c.people["alice"], "gist:write"), c.over(t), with_header(f"token {t}")(c))[2], BAD_TOKEN),
    ("1.2 a token that was revoked", lambda c: (t := token(c.people["alice"], "gist:write"), c.revoke(t), with_header(f"token {t}")(c))[2], BAD_TOKEN),
    ("1.2 an API key of paste.gg's is none", lambda c: with_header(f"token {c.server.cli('key', 'create', 'alice').strip()}")(c), BAD_TOKEN),
    *((f"1.2 no challenge for {value!r}", lambda c, value=value: c.nobody.send("GET", "/pastes", auth=value).headers.get("WWW-Authenticate"), None) for value in ("", "token", "token x", "Basic YTpi")),
    *((f"1.2 {scope}: {method} {path}", asked(method, path, body, scope), lacks(needed)) for scope, rows in (("gist:read", ("POST", "PUT", "DELETE")), ("user:read", ("GET", "POST", "PUT", "DELETE")), ("user:write", ("GET", "POST", "PUT", "DELETE"))) for method, path, body in ENDPOINTS if method in rows and "user" not in path for needed in ["pastes:read" if method == "GET" else "pastes:write"]),
    *((f"1.2 {scope} is enough: {method} {path}", status(asked(method, path, body, scope)), good) for scope, methods in (("gist:read", ("GET",)), ("gist:write", ("GET", "POST", "PUT", "DELETE"))) for method, path, body in ENDPOINTS if method in methods for good in [{"POST": 201, "DELETE": 204}.get(method, 200)]),
    *((f"1.2 {scope} is enough for {path}", lambda c, scope=scope, path=path: c.narrow[scope].ask("GET", path)[0], 200) for scope in ("gist:read", "gist:write", "user:read", "user:write") for path in ("/user", "/user/~bob")),
    *((f"1.2 a personal token of OAuth 2 for {grants!r}", by_grants(grants), expected) for grants, expected in (("paste.sr.ht/PROFILE:RO", [403] * 4), ("paste.sr.ht/PASTES:RO", [200, 200, 200, 403]), ("paste.sr.ht/PASTES:RW", [200, 200, 200, 201]), ("", [200, 200, 200, 201]))),
    ("1.2 the header before the token", with_header("token x y"), INVALID_AUTHORIZATION),
    ("1.2 the token before the scope", lambda c: c.nobody.ask("POST", "/pastes", {}, auth="token x"), BAD_TOKEN),
    ("1.2 the scope before the body", lambda c: c.narrow["gist:read"].ask("POST", "/pastes", {"files": 5}), lacks("pastes:write")),
    ("1.2 the scope before a body that is no JSON", lambda c: c.narrow["gist:read"].raw(b"{"), lacks("pastes:write")),
    *((f"1.2 the scope before what is not there: {method} {path}", lambda c, r=(method, path): c.narrow["user:read"].ask(r[0], r[1].format(sha=NOBODYS, blob=NOBODYS)), lacks("pastes:read" if method == "GET" else "pastes:write")) for method, path, _ in ENDPOINTS if "{" in path),
    ("1.2 the token before what is not there", lambda c: c.nobody.ask("GET", f"/pastes/{NOBODYS}"), NO_AUTHORIZATION),
    ("1.2 the token before a hash that is none", lambda c: c.nobody.ask("GET", "/pastes/x"), NO_AUTHORIZATION),
    ("1.2 the token before the cursor", lambda c: c.nobody.ask("GET", "/pastes?start=x"), NO_AUTHORIZATION),
    *((f"1.2 no sessions: {path}", lambda c, path=path: outcome(c.people["alice"].get(f"/api{path}")), NO_AUTHORIZATION) for path in ("/pastes", "/blobs/x", "/user/~alice")),
    ("1.2 no sessions: making one", lambda c: outcome(c.people["alice"].request("POST", "/api/pastes", json={"files": [FILE]})), NO_AUTHORIZATION),
    ("1.2 not even what is public is anonymous", lambda c: [c.nobody.ask("GET", path) for path in (at(c.public), blob_at(c.public))], [NO_AUTHORIZATION] * 2),
    ("1.2 no token in the address", lambda c: c.nobody.ask("GET", f"/pastes?token={c.alice.token}&access_token={c.alice.token}"), NO_AUTHORIZATION),
    *((f"1.2 the version is for everybody: {value!r}", lambda c, value=value: c.nobody.ask("GET", "/version", auth=value)[0], 200) for value in ("", "token x", "Basic x", "token")),
    ("1.2 no X-OAuth headers in answers", lambda c: [name for name in c.alice.send("GET", "/pastes").headers if name.startswith("X-OAuth")], []),
    ("1.2 an account that is gone takes its tokens along", lambda c: (p := Person(c.server, "gone").sign_up(), t := token(p, "gist:write"), p.post("/-/settings/delete", current=PASSWORD), with_header(f"token {t}")(c))[3], BAD_TOKEN),
    # ------------------------------------------------------------------ 1.3 errors
    ("1.3 the field is left out where there is none", lambda c: c.alice.send("GET", "/pastes/x").json(), {"errors": [{"reason": "404 not found"}]}),
    ("1.3 a field", lambda c: c.alice.send("POST", "/pastes", {}).json(), {"errors": [{"field": "files", "reason": "files is required"}]}),
    ("1.3 several at once", posted(visibility="x"), (400, ["visibility: visibility should be a valid PasteVisibility", "files: files is required"])),
    ("1.3 of several files", posted({"contents": ""}, FILE, {"filename": 5}), (400, ["files[0].contents: contents is required", "files[2].filename: filename should be a str", "files[2].contents: contents is required"])),
    ("1.3 401 of a handler", lambda c: c.bob.ask("DELETE", at(c.public)), UNAUTHORIZED),
    *((f"1.3 404: {path}", lambda c, path=path: c.alice.ask("GET", path), NOT_FOUND) for path in ("/pastes/x", "/pastes/a/b", "/blobs", "/blobs/x", "/blobs/a/b", "/version/x", "/user/~nosuch", f"/pastes/{NOBODYS}", f"/blobs/{NOBODYS}", "/pastes/%00", "/blobs/%ff", "/user/~")),
    *((f"1.3 405: {method} {path}", lambda c, r=(method, path): c.alice.ask(*r), (405, ["405 method not allowed"])) for method, path in (("PUT", "/pastes"), ("PATCH", "/pastes"), ("DELETE", "/pastes"), ("POST", f"/pastes/{NOBODYS}"), ("PATCH", f"/pastes/{NOBODYS}"), ("POST", "/version"), ("DELETE", f"/blobs/{NOBODYS}"), ("PUT", f"/blobs/{NOBODYS}"), ("POST", "/user/~alice"))),
    ("1.3 405 tells what is allowed", lambda c: {"GET", "POST"} <= set(c.alice.send("PUT", "/pastes").headers["Allow"].split(", ")), True),
    ("1.3 a body that is cut off", lambda c: outcome(c.alice.send("POST", "/pastes", data=iter([b'{"files":']), headers={"Content-Type": "application/json"})), INVALID_JSON),
    ("1.3 required and missing", posted(), NO_FILES),
    ("1.3 required and absent", lambda c: c.alice.ask("POST", "/pastes", {"visibility": "public"}), NO_FILES),
    ("1.3 required and null", lambda c: c.alice.ask("POST", "/pastes", {"files": None}), wrong("files", "files may not be null", "files is required")),
    ("1.3 required, wrong and falsy", lambda c: [c.alice.ask("POST", "/pastes", {"files": value}) for value in (0, "", {})], [wrong("files", "files should be a list", "files is required")] * 3),
    ("1.3 booleans are exempt", lambda c: c.alice.ask("POST", "/pastes", {"files": False}), wrong("files", "files should be a list")),
    *((f"1.3 files of {value!r}", lambda c, value=value: c.alice.ask("POST", "/pastes", {"files": value}), wrong("files", "files should be a list")) for value in (5, 1.5, "x", {"a": 1}, True)),
    *((f"1.3 contents of {value!r}", posted({"contents": value}), wrong("files[0].contents", "contents should be a str")) for value in WRONG_TYPES),
    *((f"1.3 contents of {value!r}: falsy", posted({"contents": value}), wrong("files[0].contents", "contents should be a str", "contents is required")) for value in (0, [], {})),
    ("1.3 contents of false", posted({"contents": False}), wrong("files[0].contents", "contents should be a str")),
    ("1.3 contents of null", posted({"contents": None}), wrong("files[0].contents", "contents may not be null", "contents is required")),
    ("1.3 contents that are missing", posted({"filename": "a"}), wrong("files[0].contents", "contents is required")),
    ("1.3 contents that are empty", posted({"contents": ""}), wrong("files[0].contents", "contents is required")),
    *((f"1.3 a filename of {value!r}", posted({"filename": value, "contents": "x"}), wrong("files[0].filename", "filename should be a str")) for value in (*WRONG_TYPES, 0, [], False)),
    *((f"1.3 a visibility of {value!r}", posted(FILE, visibility=value), wrong("visibility", "visibility should be an str")) for value in (*WRONG_TYPES, 0)),
    *((f"1.3 a visibility of {value!r}: unknown", posted(FILE, visibility=value), wrong("visibility", "visibility should be a valid PasteVisibility")) for value in ("", "x", "secret", "publi", " public", "0", "hidden", "\ud83d\ude00", "public\x00")),
    ("1.3 a visibility of null", posted(FILE, visibility=None), wrong("visibility", "visibility may not be null")),
    *((f"1.3 a file of {value!r}", posted(FILE, value), wrong("files[1]", "files[1] should be a dict")) for value in (5, "x", [], True, 0, "")),
    ("1.3 a file of null", posted(FILE, None), wrong("files[1]", "files[1] may not be null")),
    # ------------------------------------------------------------------ 1.4 statuses
    *((f"1.4 {method} {path}", status(asked(method, path, body)), {"POST": 201, "DELETE": 204}.get(method, 200)) for method, path, body in ENDPOINTS),
    ("1.4 201 has the resource", lambda c: c.alice.ask("GET", at(c.paste)), lambda c: (200, c.paste)),
    ("1.4 204 is empty", lambda c: c.alice.send("DELETE", at(c.paste)).content, b""),
    # ------------------------------------------------------------------ 1.5 pagination
    ("1.5 a page", lambda c: sorted(c.alice.ask("GET", "/pastes")[1]), ["next", "results", "results_per_page", "total"]),
    ("1.5 an empty one", lambda c: Sender(c.server, "empty", token(Person(c.server, "empty").sign_up(), "gist:read")).ask("GET", "/pastes"), (200, {"next": None, "results": [], "results_per_page": 50, "total": 0})),
    ("1.5 50 each", lambda c: [len(each) for each in walked(c)], [50, 50, 2]),
    ("1.5 newest first, none twice, none left out", lambda c: [sha for shown in walked(c) for sha in shown], lambda c: c.shelf),
    ("1.5 `next` is a string", lambda c: isinstance(page("paula")(c)["next"], str), True),
    ("1.5 of digits", lambda c: page("paula")(c)["next"].isdigit(), True),
    ("1.5 null on the last page", lambda c: page("paula", c.start(100))(c)["next"], None),
    ("1.5 null where just 50 are left", lambda c: (p := page("paula", c.start(52))(c), len(p["results"]), p["next"])[1:], (50, None)),
    ("1.5 where 51 are left", lambda c: (p := page("paula", c.start(51))(c), len(p["results"]), p["next"] == c.start(101))[1:], (50, True)),
    ("1.5 it is the first of the next page", lambda c: page("paula")(c)["next"], lambda c: c.start(50)),
    ("1.5 `start` is inclusive", lambda c: page("paula", c.start(7))(c)["results"][0], lambda c: c.shelf[7]),
    ("1.5 `start` beyond the newest", lambda c: page("paula", str(int(c.start(0)) + 1000))(c)["results"], lambda c: c.shelf[:50]),
    *((f"1.5 the beginning: {start!r}", page("paula", start), page("paula")) for start in ("-1", "", "999999999999999999")),
    *((f"1.5 before everything: {start}", lambda c, start=start: (p := page("paula", start)(c), p["results"], p["next"], p["total"])[1:], ([], None, 102)) for start in ("0", "-2", "-999999999999999999")),
    *((f"1.5 `start` {start!r} is no number", lambda c, start=start: c.paula.ask("GET", f"/pastes?start={start}"), wrong("start", "start should be an int")) for start in ("x", "1.5", "1e3", "0x10", "%201", "1%20", "١", "--1", "9" * 19, "9" * 3000, "None", "1_0", "+1")),
    ("1.5 `total` counts all pages", lambda c: [page("paula", start)(c)["total"] for start in (None, c.start(60), c.start(101), "0")], [102] * 4),
    ("1.5 `results_per_page` is 50 always", lambda c: [page("paula", start)(c)["results_per_page"] for start in (None, c.start(101))], [50] * 2),
    *((f"1.5 no page size by {name}", lambda c, name=name: len(c.paula.ask("GET", f"/pastes?{name}=2")[1]["results"]), 50) for name in ("results_per_page", "count", "limit", "per_page")),
    ("1.5 `total` without what has expired", lambda c: (before := page("alice")(c)["total"], c.paste, c.expire(c.paste), page("alice")(c)["total"] - before)[3], 0),
    # ------------------------------------------------------------------ 1.6 times
    ("1.6 whole seconds and +00:00", lambda c: bool(TIME.fullmatch(c.paste["created"])), True),
    ("1.6 of a blob", lambda c: bool(TIME.fullmatch(c.alice.ask("GET", blob_at(c.paste))[1]["created"])), True),
    ("1.6 UTC", lambda c: (c.date(c.paste, 86399), c.alice.ask("GET", at(c.paste))[1]["created"])[1], "1970-01-01T23:59:59+00:00"),
    ("1.6 it can be read", lambda c: datetime.fromisoformat(c.paste["created"]).utcoffset().total_seconds(), 0.0),
    ("1.6 the same wherever it is told", lambda c: [paste["created"] for paste in (c.alice.ask("GET", at(c.paste))[1], c.alice.ask("GET", "/pastes")[1]["results"][0])], lambda c: [c.paste["created"]] * 2),
    # ------------------------------------------------------------------ 1.7 users
    ("1.7 the short form", lambda c: c.paste["user"], {"canonical_name": "~alice", "name": "alice"}),
    ("1.7 the long form", lambda c: set(c.alice.ask("GET", "/user")[1]), LONG),
    ("1.7 its names", lambda c: [c.alice.ask("GET", "/user")[1][name] for name in ("canonical_name", "name")], ["~alice", "alice"]),
    ("1.7 what nobody keeps is null", lambda c: [c.alice.ask("GET", "/user")[1][name] for name in ("url", "location", "bio")], [None] * 3),
    ("1.7 the address of a page", lambda c: browse("alice", f"/{c.paste['user']['canonical_name']}/{c.paste['sha']}")(c), lambda c: (302, f"/alice/{c.id_of(c.paste['sha'])}")),
    # ------------------------------------------------------------------ 1.8 what every service has
    ("1.8 the version", lambda c: c.nobody.ask("GET", "/version"), (200, {"version": "0.1.0"})),
    ("1.8 the version with a token", lambda c: c.alice.ask("GET", "/version")[0], 200),
    ("1.8 you", lambda c: c.alice.ask("GET", "/user")[1]["email"], "alice@example.org"),
    ("1.8 you by your name", lambda c: c.alice.ask("GET", "/user/~alice"), lambda c: c.alice.ask("GET", "/user")),
    ("1.8 you by a token that is not for it", lambda c: [c.narrow[scope].ask("GET", "/user")[1]["email"] for scope in ("gist:read", "gist:write", "user:read", "user:write")], [None, None, *["alice@example.org"] * 2]),
    ("1.8 another", lambda c: c.alice.ask("GET", "/user/~bob"), (200, {"canonical_name": "~bob", "name": "bob", "email": None, "url": None, "location": None, "bio": None})),
    ("1.8 nobody learns an address", lambda c: c.bob.ask("GET", "/user/~alice")[1]["email"], None),
    ("1.8 case does not count", lambda c: c.bob.ask("GET", "/user/~ALICE")[1]["name"], "alice"),
    *((f"1.8 {name!r} is nobody", lambda c, name=name: c.alice.ask("GET", f"/user/{name}"), NOT_FOUND) for name in ("alice", "~nosuch", "~", "~~alice", "1", "~anonymous", "~%00", "~a b")),
    ("1.8 by Bearer", lambda c: c.bob.ask("GET", "/user/~alice", auth=f"Bearer {c.bob.token}")[1]["name"], "alice"),
    *((f"1.8 /user by {scheme} is Opengist's", lambda c, scheme=scheme: "login" in c.bob.send("GET", "/user", auth=f"{scheme} {c.bob.token}").json(), True) for scheme in ("Bearer", "Token")),
    ("1.8 so is /user by nobody", lambda c: c.nobody.send("GET", "/user").json(), {"message": "Requires authentication", "status": 401}),
    ("1.8 and a user by number", lambda c: c.bob.send("GET", "/user/1", auth=f"Bearer {c.bob.token}").json()["username"], "admin"),
    ("1.8 a bad token by its scheme", lambda c: c.nobody.ask("GET", "/user", auth="token x"), BAD_TOKEN),
    # ------------------------------------------------------------------ 3.1 the paste
    ("3.1 its members", lambda c: sorted(c.paste), ["created", "files", "sha", "user", "visibility"]),
    ("3.1 those of a file", lambda c: sorted(c.paste["files"][0]), ["blob_id", "filename"]),
    ("3.1 those of its user", lambda c: sorted(c.paste["user"]), ["canonical_name", "name"]),
    ("3.1 the same in the list", lambda c: (c.paste, c.alice.ask("GET", "/pastes")[1]["results"][0] == c.paste)[1], True),
    ("3.1 the same by itself", lambda c: c.alice.ask("GET", at(c.paste)), lambda c: (200, c.paste)),
    ("3.1 no contents", lambda c: "secret words" in json.dumps(c.alice.paste("secret words")), False),
    ("3.1 files as they were sent", lambda c: [file["filename"] for file in c.alice.post(*({"filename": name, "contents": name} for name in "zaqb"))[1]["files"]], [*"zaqb"]),
    ("3.1 unnamed ones, too", lambda c: [file["blob_id"] for file in c.alice.paste(*map(str, range(1, 13)))["files"]], [blob_id(str(n)) for n in range(1, 13)]),
    ("3.1 in this order for ever", lambda c: (p := c.alice.post(*({"filename": name, "contents": f"{name}"} for name in ("b", None, "a", "c/d")))[1], c.bob.ask("GET", at(p))[1]["files"] == p["files"])[1], True),
    ("3.1 the hash", lambda c: bool(SHA.fullmatch(c.paste["sha"])), True),
    ("3.1 the hashes of blobs", lambda c: all(SHA.fullmatch(file["blob_id"]) for file in c.alice.paste("a", "b")["files"]), True),
    ("3.1 nobody's paste", lambda c: (p := c.anonymous, p["user"])[1], {"canonical_name": "~anonymous", "name": "anonymous"}),
    # ------------------------------------------------------------------ 3.2 the blob
    ("3.2 its members", lambda c: sorted(c.alice.ask("GET", blob_at(c.paste))[1]), ["contents", "created", "sha"]),
    ("3.2 its hash", lambda c: c.alice.ask("GET", blob_at(c.paste))[1]["sha"], lambda c: c.paste["files"][0]["blob_id"]),
    *((f"3.2 {content!r}", held(content), (200, True, True)) for content in ("x", "x\n", "x\r\ny\rz\n", "naïve \U0001f600 e\u0301\u2028中", "\t\x01\x1b[0m\x7f", " \n ", "\ufeffx", '"\\', "</script>", "{}")),
    ("3.2 created with the oldest that the caller sees: another's is older, but private", lambda c: c.oldest("private")["created"], "1970-01-02T00:00:00+00:00"),
    ("3.2 another's is older", lambda c: c.oldest("unlisted")["created"], "1970-01-01T00:00:01+00:00"),
    ("3.2 what is no text, as far as it is", lambda c: c.alice.ask("GET", f"/blobs/{c.kept(b'a' + bytes([255]))}")[1]["contents"], "a\ufffd"),
    # ------------------------------------------------------------------ 3.3 hashes
    *((f"3.3 the id that git gives {content!r}", lambda c, content=content: c.alice.paste(content)["files"][0]["blob_id"], id) for content, id in (("TEST_FILE_1\n", "d9aadb3ce8517865e502e55f56919e1496a31b57"), ("hello world\n", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"))),
    ("3.3 the hash of a paste is that of its id", lambda c: c.paste["sha"], lambda c: hashlib.sha1(c.id_of(c.paste["sha"]).encode()).hexdigest()),
    ("3.3 two that are the same have two", lambda c: len({c.alice.post(FILE)[1]["sha"] for _ in range(3)}), 3),
    ("3.3 capital letters", lambda c: [c.alice.ask("GET", path.upper().replace("/PASTES", "/pastes").replace("/BLOBS", "/blobs"))[0] for path in (at(c.paste), blob_at(c.paste))], [200, 200]),
    *((f"3.3 {what} is no hash", lambda c, spell=spell: [c.alice.ask("GET", f"{kind}/{spell(word)}") for kind, word in (("/pastes", c.paste["sha"]), ("/blobs", c.paste["files"][0]["blob_id"]))], [NOT_FOUND] * 2) for what, spell in (("a part of it", lambda word: word[:39]), ("the short form", lambda word: word[:7]), ("more", lambda word: word + "0"), ("a letter in it", lambda word: "g" + word[1:]), ("an id", lambda word: word[:32]), ("a wild card", lambda word: word[:39] + "%25"), ("other digits", lambda word: "\u0661" * 40))),
    ("3.3 the id of a gist is no hash", lambda c: c.alice.ask("GET", f"/pastes/{c.id_of(c.paste['sha'])}"), NOT_FOUND),
    ("3.3 a plain SHA-1 is no blob", lambda c: (c.alice.paste("plain\n"), c.alice.ask("GET", f"/blobs/{hashlib.sha1(b'plain' + bytes([10])).hexdigest()}"))[1], NOT_FOUND),
    *((f"3.3 the id of a {kind} is no blob", lambda c, kind=kind: c.alice.ask("GET", f"/blobs/{c.object(kind)}"), NOT_FOUND) for kind in ("commit", "tree")),
    # ------------------------------------------------------------------ 3.4 visibility
    *((f"3.4 {kind} is answered so", lambda c, kind=kind: c.alice.paste(visibility=kind)["visibility"], kind) for kind in ("public", "unlisted", "private")),
    *((f"3.4 {kind}: its owner", lambda c, kind=kind: (p := c.alice.paste(visibility=kind), c.alice.ask("GET", at(p))[0], c.alice.ask("GET", blob_at(p))[0])[1:], (200, 200)) for kind in ("public", "unlisted", "private")),
    ("3.4 public is on the page of the user", lambda c: c.id_of(c.public["sha"]) in c.people["bob"].get("/alice").text, True),
    *((f"3.4 {kind} is not", lambda c, kind=kind: c.id_of(c.alice.paste(visibility=kind)["sha"]) in c.people["bob"].get("/alice").text, False) for kind in ("unlisted", "private")),
    ("3.4 admins do not read what is private", lambda c: Sender(c.server, "admin", c.server.client("admin").token).ask("GET", at(c.private)), NOT_FOUND),
    *((f"3.4 PUT: {kind}", lambda c, kind=kind: c.alice.ask("PUT", at(c.paste), {"visibility": kind}), lambda c, kind=kind: (200, {**c.paste, "visibility": kind.lower()})) for kind in ("public", "unlisted", "private", "PUBLIC", "Private")),
    ("3.4 PUT stays", lambda c: (c.alice.ask("PUT", at(c.paste), {"visibility": "private"}), c.alice.ask("GET", at(c.paste))[1]["visibility"], c.bob.ask("GET", at(c.paste)))[1:], ("private", NOT_FOUND)),
    ("3.4 PUT of nothing", lambda c: c.alice.ask("PUT", at(c.paste), {}), wrong("visibility", "visibility is required")),
    ("3.4 PUT of an unknown one", lambda c: c.alice.ask("PUT", at(c.paste), {"visibility": "x"}), wrong("visibility", "visibility should be a valid PasteVisibility")),
    ("3.4 PUT of null", lambda c: c.alice.ask("PUT", at(c.paste), {"visibility": None}), wrong("visibility", "visibility may not be null")),
    ("3.4 PUT of a number", lambda c: c.alice.ask("PUT", at(c.paste), {"visibility": 1}), wrong("visibility", "visibility should be an str")),
    ("3.4 PUT changes nothing else", lambda c: c.alice.ask("PUT", at(c.paste), {"visibility": "public", "files": [], "created": 5}), lambda c: (200, {**c.paste, "visibility": "public"})),
    ("3.4 PUT of what is not there", lambda c: c.alice.ask("PUT", f"/pastes/{NOBODYS}", {"visibility": "public"}), NOT_FOUND),
    # ------------------------------------------------------------------ 3.5 endpoints
    ("3.5 the list is the caller's own", lambda c: [(c.public, c.private), {paste["user"]["name"] for paste in c.bob.ask("GET", "/pastes")[1]["results"]} <= {"bob"}][1], True),
    ("3.5 of all visibilities", lambda c: ([c.alice.paste(visibility=kind) for kind in ("public", "unlisted", "private")], [paste["visibility"] for paste in c.alice.ask("GET", "/pastes")[1]["results"][:3]])[1], ["private", "unlisted", "public"]),
    ("3.5 no list of another's", lambda c: c.alice.send("GET", "/~bob/pastes").status_code, 404),
    ("3.5 a change does not move it up", lambda c: (p := [c.alice.paste() for _ in range(2)], c.alice.ask("PUT", at(p[0]), {"visibility": "public"}), c.alice.ask("GET", "/pastes")[1]["results"][0]["sha"] == p[1]["sha"])[2], True),
    *((f"3.5 bob: {method} {path} of a {kind} one", strangers(kind, method, path, body), NOT_FOUND if kind == "private" else UNAUTHORIZED) for kind in ("public", "unlisted", "private") for method, path, body in (("GET", "/pastes/{sha}", None), ("GET", "/blobs/{blob}", None), ("DELETE", "/pastes/{sha}", None), ("PUT", "/pastes/{sha}", {"visibility": "public"})) if method != "GET" or kind == "private"),
    *((f"3.5 bob reads what is {kind}", lambda c, kind=kind: (p := c.alice.paste(visibility=kind), c.bob.ask("GET", at(p)) == (200, p), c.bob.ask("GET", blob_at(p))[0])[1:], (True, 200)) for kind in ("public", "unlisted")),
    ("3.5 without a visibility", lambda c: c.alice.post(FILE)[1]["visibility"], "unlisted"),
    *((f"3.5 visibility {kind}", lambda c, kind=kind: c.alice.post(FILE, visibility=kind)[1]["visibility"], kind.lower()) for kind in ("PUBLIC", "Unlisted", "pRIVATE")),
    ("3.5 no `files` but a `file`", lambda c: c.alice.ask("POST", "/pastes", {"file": FILE}), NO_FILES),
    ("3.5 CRLF is kept", lambda c: c.alice.ask("GET", blob_at(c.alice.paste("a\r\nb\r")))[1]["contents"], "a\r\nb\r"),
    *((f"3.5 no name: {file!r}", lambda c, file=file: c.alice.post({"contents": "x", **file})[1]["files"][0]["filename"], None) for file in ({}, {"filename": None}, {"filename": ""}, {"filename": "  \t"})),
    ("3.5 kept as pastefile<n>", lambda c: c.paths(c.alice.paste("a", "b", "c")), ["pastefile1", "pastefile2", "pastefile3"]),
    ("3.5 by their numbers", lambda c: c.paths(c.alice.post({"filename": "x", "contents": "x"}, {"contents": "y"})[1]), ["x", "pastefile2"]),
    ("3.5 beside one that is called so", lambda c: [(p := c.alice.post({"contents": "y"}, {"filename": "pastefile1", "contents": "x"})[1])["files"][n]["filename"] for n in (0, 1)] + sorted(c.paths(p)), [None, "pastefile1", "pastefile1", "pastefile2"]),
    *((f"3.5 the name {name!r} is kept", kept(name), name) for name in ("a.py", "src/a.py", "/etc/passwd", "../x", "..", ".", ".git", ".git/config", "a/", "a//b", "C:\\x", "*scratch*", "a b", "ä\U0001f600", "con", "x" * 1024, "\u202eabc", "a\u2028b", "-", "%2e", "pastefile1", "unnamed")),
    ("3.5 white space around a name", kept("  a b \n"), "a b"),
    *(named(name, reason) for name, reason in (("x" * 1025, "filename is longer than 1024 characters"), *((bad, "filename holds characters that no name has") for bad in ("a\x00b", "a\nb", "a\tb", "\x1b[0m", "a\x7f", "a\x85b", "a\ud800b")))),
    ("3.5 one name twice", lambda c: (p := c.alice.post(FILE, {**FILE, "contents": "other"}, FILE)[1], [file["filename"] for file in p["files"]], c.alice.ask("GET", at(p))[1] == p)[1:], (["a.py"] * 3, True)),
    ("3.5 names that differ in case only", lambda c: [file["filename"] for file in c.alice.post({**FILE, "filename": "A"}, {**FILE, "filename": "a"})[1]["files"]], ["A", "a"]),
    ("3.5 a file and a folder of one name", lambda c: [file["filename"] for file in c.alice.post({**FILE, "filename": "a"}, {**FILE, "filename": "a/b"})[1]["files"]], ["a", "a/b"]),
    ("3.5 many without a name", lambda c: [file["filename"] for file in c.alice.paste(*"abcdefghijkl")["files"]], [None] * 12),
    ("3.5 one content twice", lambda c: (p := c.alice.paste("same", "same"), len(p["files"]), len({file["blob_id"] for file in p["files"]}))[1:], (2, 1)),
    ("3.5 the same again is another paste", lambda c: (p := [c.alice.post(FILE)[1] for _ in range(2)], p[0]["sha"] != p[1]["sha"], p[0]["files"] == p[1]["files"])[1:], (True, True)),
    ("3.5 not UTF-8", lambda c: c.alice.raw(b'{"files":[{"contents":"\xe9"}]}'), INVALID_JSON),
    *((f"3.5 contents with {what}", lambda c, data=data: c.alice.raw(b'{"files":[{"contents":"' + data + b'"}]}'), wrong("files[0].contents", "contents is not text")) for what, data in (("half a character", b"\\ud800"), ("the other half", b"a\\udc00"), ("NUL", b"\\u0000"))),
    ("3.5 both halves are a character", lambda c: c.alice.ask("GET", blob_at(c.alice.raw(b'{"files":[{"contents":"\\ud83d\\ude00"}]}')[1]))[1]["contents"], "\U0001f600"),
    ("3.5 half a character elsewhere is passed over", lambda c: c.alice.raw(b'{"x":"\\ud800","files":[{"contents":"x"}]}')[0], 201),
    ("3.5 all or nothing", lambda c: (before := c.alice.ask("GET", "/pastes")[1]["total"], c.alice.post(FILE, {"contents": ""})[0], c.alice.ask("GET", "/pastes")[1]["total"] - before)[1:], (400, 0)),
    ("3.5 300 files", lambda c: len(c.alice.paste(*["x"] * 300)["files"]), 300),
    ("3.5 301 files", posted(*[FILE] * 301), (413, ["files: files: at most 300"])),
    ("3.5 a large file", lambda c: status(posted({"contents": "x" * (10 * 1024 * 1024 + 1)}))(c), 413),
    # ------------------------------------------------------------------ 3.6, 3.7 deletion
    ("3.7 gone", lambda c: (c.alice.ask("DELETE", at(c.paste)), [c.alice.ask("GET", path) for path in (at(c.paste), blob_at(c.paste))])[1], [NOT_FOUND] * 2),
    ("3.7 twice", lambda c: (c.alice.ask("DELETE", at(c.paste)), c.alice.ask("DELETE", at(c.paste)))[1], NOT_FOUND),
    ("3.7 not in the list", lambda c: (c.alice.ask("DELETE", at(c.paste)), c.paste["sha"] in str(c.alice.ask("GET", "/pastes")))[1], False),
    ("3.7 what was never there", lambda c: c.alice.ask("DELETE", f"/pastes/{NOBODYS}"), NOT_FOUND),
    ("3.7 what is no hash", lambda c: c.alice.ask("DELETE", "/pastes/x"), NOT_FOUND),
    ("3.7 capital letters", lambda c: c.alice.ask("DELETE", f"/pastes/{c.paste['sha'].upper()}"), (204, None)),
    ("3.7 a blob that another paste holds stays", lambda c: (p := [c.alice.paste("shared") for _ in range(2)], c.alice.ask("DELETE", at(p[0])), c.alice.ask("GET", blob_at(p[1]))[0])[2], 200),
    ("3.7 nobody's is nobody's to delete", lambda c: c.alice.ask("DELETE", at(c.anonymous)), UNAUTHORIZED),
    ("3.7 its repository is gone", lambda c: (r := c.server.repository(c.id_of(c.paste["sha"])), r.exists(), c.alice.ask("DELETE", at(c.paste)), r.exists())[1::2], (True, False)),
    # ------------------------------------------------------------------ 3.6 blobs, and who may read them
    ("3.6 private", lambda c: c.bob.ask("GET", blob_at(c.private)), NOT_FOUND),
    ("3.6 private, by its owner's own token without the scope", lambda c: c.narrow["user:write"].ask("GET", blob_at(c.private)), lacks("pastes:read")),
    *((f"3.6 private: {name} {value!r}", lambda c, h={name: value}: (headers := {k: v.format(c.private["files"][0]["blob_id"]) for k, v in h.items()}, c.bob.ask("GET", blob_at(c.private), headers=headers))[1], NOT_FOUND) for name, value in (("If-None-Match", '"{}"'), ("If-None-Match", "*"), ("If-Match", "*"), ("Range", "bytes=0-1"), ("If-Modified-Since", "Thu, 26 Nov 2037 00:00:00 GMT"))),
    ("3.6 no 304 of what one may read, either", lambda c: c.alice.ask("GET", blob_at(c.paste), headers={"If-None-Match": "*"})[0], 200),
    ("3.6 HEAD of what is private", lambda c: c.bob.send("HEAD", blob_at(c.private)).status_code, 404),
    ("3.6 after it has become private", lambda c: (c.bob.ask("GET", blob_at(c.paste))[0], c.alice.ask("PUT", at(c.paste), {"visibility": "private"})[0], c.bob.ask("GET", blob_at(c.paste)), c.alice.ask("GET", blob_at(c.paste))[0]), (200, 200, NOT_FOUND, 200)),
    ("3.6 after it is public again", lambda c: (c.alice.ask("PUT", at(c.private), {"visibility": "public"}), c.bob.ask("GET", blob_at(c.private))[0])[1], 200),
    ("3.6 after it is deleted", lambda c: (c.alice.ask("DELETE", at(c.public)), [who.ask("GET", blob_at(c.public)) for who in (c.alice, c.bob)])[1], [NOT_FOUND] * 2),
    ("3.6 after it has expired", lambda c: (c.expire(c.public), [who.ask("GET", path) for who in (c.alice, c.bob) for path in (at(c.public), blob_at(c.public))])[1], [NOT_FOUND] * 4),
    ("3.6 after it was edited away", lambda c: (c.edit(c.public, "other\n"), [who.ask("GET", blob_at(c.public)) for who in (c.alice, c.bob)])[1], [NOT_FOUND] * 2),
    ("3.6 what an edit brings", lambda c: (c.edit(c.public, "brought\n"), [who.ask("GET", f"/blobs/{blob_id('brought' + chr(10))}")[0] for who in (c.alice, c.bob)])[1], [200, 200]),
    ("3.6 whoever holds it, too, reads their own", lambda c: (c.alice.paste("both hold it", visibility="private"), b := c.bob.paste("both hold it", visibility="private"), c.bob.ask("GET", blob_at(b))[0])[2], 200),
    ("3.6 but no longer once theirs is gone", lambda c: (c.alice.paste("one holds it", visibility="private"), b := c.bob.paste("one holds it"), c.bob.ask("DELETE", at(b)), c.bob.ask("GET", blob_at(b)))[3], NOT_FOUND),
    ("3.6 a fork of what is private now", lambda c: c.forked(), [200, NOT_FOUND]),
    ("3.6 a blob that was pushed", lambda c: c.bob.ask("GET", f"/blobs/{c.kept(b'by git')}")[1]["contents"], "by git"),
    # ------------------------------------------------------------------ 3.8 the web
    *((f"3.8 a paste: {kind} for {who or 'nobody'}", lambda c, r=(kind, who): browse(r[1], f"/~alice/{getattr(c, r[0])['sha']}")(c), (lambda c, kind=kind: (302, f"/alice/{c.id_of(getattr(c, kind)['sha'])}")) if kind != "private" or who == "alice" else (404, "")) for kind in ("public", "paste", "private") for who in ("alice", "bob", "")),
    ("3.8 what is private as if it never was", lambda c: len({masked(c.people["bob"].get(f"/~alice/{sha}"), sha) for sha in (c.private["sha"], NOBODYS)}), 1),
    ("3.8 for nobody, too", lambda c: len({masked(c.people[""].get(f"/~alice/{sha}"), sha) for sha in (c.private["sha"], NOBODYS)}), 1),
    *((f"3.8 {path} is not there", browse("bob", path), (404, "")) for path in ("/~bob/{public}", "/~nosuch/{public}", "/~alice/x", "/~alice/{public}x", f"/~alice/{NOBODYS}", "/~anonymous/{public}", "/~api/{public}", "/~/{public}", "/~alice/%00")),
    ("3.8 the case of names and hashes", lambda c: browse("bob", f"/~ALICE/{c.public['sha'].upper()}")(c)[0], 302),
    ("3.8 nobody's paste", lambda c: browse("", f"/~anonymous/{c.anonymous['sha']}")(c)[1].startswith("/anonymous/"), True),
    ("3.8 it can be seen there", lambda c: c.people[""].get(browse("", "/~alice/{public}")(c)[1]).status_code, 200),
    *((f"3.8 {path} leads to {to}", browse("", path), (302, to)) for path, to in (("/~alice", "/alice"), ("/~bob", "/bob"), ("/~alice?page=2", "/alice?page=2"), ("/~nosuch", "/nosuch"))),
    ("3.8 one's own list", browse("alice", "/pastes"), (302, "/alice")),
    ("3.8 nobody's own list", browse("", "/pastes"), (302, "/-/login?next=/pastes")),
    *((f"3.8 a blob: {kind} for {who or 'nobody'}", shown(who, kind), (200, "text/plain", True) if kind != "private" or who == "alice" else (404, "text/html", False)) for kind in ("public", "unlisted", "private") for who in ("alice", "bob", "")),
    ("3.8 a blob by a token is as by nobody", lambda c: c.alice.send("GET", f"!/blob/{c.private['files'][0]['blob_id']}").status_code, 404),
    *((f"3.8 no private blob for {name} {value!r}", lambda c, h={name: value}: c.people["bob"].get(f"/blob/{(b := c.private['files'][0]['blob_id'])}", headers={k: v.format(b) for k, v in h.items()}).status_code, 404) for name, value in (("If-None-Match", '"{}"'), ("If-None-Match", "*"), ("Range", "bytes=0-0"))),
    ("3.8 a private blob as if it never was", lambda c: len({masked(c.people["bob"].get(f"/blob/{sha}"), sha) for sha in (c.private["files"][0]["blob_id"], NOBODYS)}), 1),
    ("3.8 a blob for whoever has it", lambda c: c.people["bob"].get(f"/blob/{(b := c.public['files'][0]['blob_id'])}", headers={"If-None-Match": f'"{b}"'}).status_code, 304),
    ("3.8 nothing in a blob is run", lambda c: (r := c.people[""].get(f"/blob/{c.alice.paste('<script>alert(1)</script>')['files'][0]['blob_id']}"), r.headers["Content-Type"], r.headers["X-Content-Type-Options"], "sandbox" in r.headers["Content-Security-Policy"])[1:], ("text/plain; charset=utf-8", "nosniff", True)),
    ("3.8 CRLF of a blob", lambda c: c.people[""].get(f"/blob/{c.alice.paste('a' + chr(13) + chr(10))['files'][0]['blob_id']}").content, b"a\r\n"),
    ("3.8 binary is to be kept", lambda c: (r := c.people[""].get(f"/blob/{c.kept(bytes(range(256)))}"), r.headers["Content-Type"], r.headers["Content-Disposition"].partition(";")[0], r.content == bytes(range(256)))[1:], ("application/octet-stream", "attachment", True)),
    *((f"3.8 /blob/{word} is not there", lambda c, word=word: c.people["alice"].get(f"/blob/{word}").status_code, 404) for word in ("x", NOBODYS, "%00", "3b18e51", "../x")),
    ("3.8 a blob in capital letters", lambda c: c.people[""].get(f"/blob/{c.public['files'][0]['blob_id'].upper()}").status_code, 200),
    ("3.8 a blob that has become private", lambda c: (b := c.public["files"][0]["blob_id"], c.people[""].get(f"/blob/{b}").status_code, c.alice.ask("PUT", at(c.public), {"visibility": "private"}), c.people[""].get(f"/blob/{b}").status_code)[1::2], (200, 404)),
]  # fmt: skip


def test_rows_have_names_of_their_own() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) > 450 and [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[ascii(row[0]) for row in ROWS])
def test_statement(
    senders: dict[str, Sender], people: dict[str, Person], shelf: list[str], check: Check, expected: Any
) -> None:
    cast = Cast(senders, people, shelf)
    got = check(cast)
    assert got == (expected(cast) if callable(expected) else expected)


def test_limits(own_server: Callable[..., Server]) -> None:
    server = own_server(max_request_bytes=1000, max_failures_per_address=2).start()
    alice = Sender(server, "alice", server.user("alice").token)
    large = json.dumps({"files": [{"contents": "x" * 1000}]}).encode()
    for data in (large, iter([large])):  # the latter without a Content-Length
        answer = alice.send("POST", "/pastes", data=data, headers={"Content-Type": "application/json"})
        assert outcome(answer) == (413, ["413 request entity too large"])
    wrong = [alice.send("GET", "/pastes", auth="token wrong") for _ in range(3)]
    assert [answer.status_code for answer in wrong] == [401, 401, 429]
    assert outcome(wrong[2])[1] and int(wrong[2].headers["Retry-After"]) > 0
    assert alice.ask("GET", "/pastes")[0] == 200, "a right token is let in"


def test_switched_off(own_server: Callable[..., Server]) -> None:
    server = own_server(api_enabled="false").start()
    alice = Sender(server, "alice", server.user("alice").token)
    for method, path, body in (*ENDPOINTS, ("GET", "/user", None), ("GET", "/version", None)):
        assert alice.ask(method, path.format(sha=NOBODYS, blob=NOBODYS), body) == (403, ["API is disabled"])
