"""paste.gg's API, statement by statement. Each row names a section of the specification and one thing a client can see.

Rows marked BUG hold that a hole of the original is closed. Bombs are in test_bombs.py.
"""

import base64
import gzip
import lzma
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.pastegg.client import Cast, Paster, body, outcome, packed, text

Check = Callable[[Cast], Any]
NOBODYS_UUID = "0123456789abcdef0123456789abcdef"
MISSING, NOT_FOUND, NOT_ALLOWED = (404, "missing_paste"), (404, "not_found"), (403, "not_allowed")
BAD_REQUEST, BAD_JSON, INVALID_FILE = (400, "bad_request"), (400, "bad_json"), (400, "invalid_file")
MISSING_FILE = (404, "missing_file")
HEX = re.compile(r"[0-9a-f]{32}")
HYPHENATED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}|\d{6}))?Z")
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
TINY_PNG = b"\x89PNG\r\n\x1a\n\0"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def hyphens(id: str) -> str:
    return str(uuid.UUID(id))


def message(response: Any) -> Any:
    return response.json().get("message")


def names(paste: dict[str, Any]) -> list[str]:
    return [file["name"] for file in paste["files"]]


def made_of(*files: Any) -> Check:
    """The contents of the files of a paste that is made of these."""
    return lambda c: [file["content"] for file in c.made(*files)["files"]]


def refused(asked: Any) -> Check:
    return lambda c: c.post(asked)


def says(asked: Any, who: str = "nobody") -> Check:
    return lambda c: message(getattr(c, who).send("POST", "/pastes", asked))


def with_auth(value: str, method: str = "GET", path: str = "/pastes") -> Check:
    return lambda c: outcome(c.nobody.send(method, path, headers={"Authorization": value}))


def language(word: Any) -> Check:
    return lambda c: c.made(text("x", "a", highlight_language=word))["files"][0]["highlight_language"]


def expiry(word: Any) -> Check:
    return lambda c: c.nobody.paste("x", expires=word)["expires"]


def deleted_with(paste: str, key: Callable[[Cast], str]) -> Check:
    """The outcome, and whether the paste is gone."""

    def check(c: Cast) -> Any:
        found = getattr(c, paste)
        got = c.delete(found, key(c))
        return got, outcome(c.alice.get(f"/pastes/{found['id']}"))[0] == 404

    return check


def multipart(c: Cast, *parts: tuple[str, Any], **headers: str) -> Any:
    path = headers.pop("path", "/pastes")
    headers = headers or {"X-Paste": "1"}
    return c.nobody.send("POST", path, files=list(parts), headers=headers)


def metadata(**fields: Any) -> tuple[str, Any]:
    import json

    return "metadata", (None, json.dumps(fields), "application/json")


def uploaded(c: Cast, *parts: tuple[str, Any]) -> list[tuple[str, Any]]:
    response = multipart(c, metadata(), *parts)
    assert response.status_code == 201, response.text
    return [(file["name"], file["content"]) for file in c.nobody.read(response.json()["result"])["files"]]


def newest(c: Cast, limit: str) -> int:
    for _ in range(7 - len(c.nobody.get("/pastes", params={"limit": "7"}).json()["result"])):
        c.alice.paste("x", visibility="public")
    return len(c.nobody.get(f"/pastes?limit={limit}").json()["result"])


def bulk(c: Cast, ids: Any, who: Paster | None = None, **options: Any) -> Any:
    return outcome((who or c.alice).send("DELETE", "/pastes/ids", ids, **options))


def is_there(c: Cast, paste: dict[str, Any]) -> bool:
    return c.alice.get(f"/pastes/{paste['id']}").status_code == 200


def changed_file(asked: Any) -> Check:
    """The first file after a PATCH of it alone."""

    def check(c: Cast) -> Any:
        after = c.changed(asked, f"/files/{c.a['id']}")["files"]
        return next(file for file in after if file["id"] == c.a["id"])

    return check


def in_array(*elements: Callable[[Cast], dict[str, Any]]) -> Check:
    return lambda c: c.patch([element(c) for element in elements], path="/files")


def names_after(*elements: Callable[[Cast], dict[str, Any]]) -> Check:
    return lambda c: names(c.changed([element(c) for element in elements], "/files"))


def of_a(**fields: Any) -> Callable[[Cast], dict[str, Any]]:
    return lambda c: {"id": c.a["id"], **fields}


def of_b(**fields: Any) -> Callable[[Cast], dict[str, Any]]:
    return lambda c: {"id": c.b["id"], **fields}


def new(**fields: Any) -> Callable[[Cast], dict[str, Any]]:
    return lambda _: {"content": {"format": "text", "value": "new"}, **fields}


def strangers(method: str, path: Callable[[Cast], str], asked: Any = None) -> Check:
    """What bob gets who asks for it: of alice's public, unlisted and private paste, and of nobody's."""

    def check(c: Cast) -> Any:
        outcomes = []
        for paste in (c.alice.paste("x", visibility="public"), c.paste, c.private, c.anonymous):
            c.paste = paste
            outcomes.append(outcome(c.bob.send(method, path(c), asked)))
            assert is_there(c, paste) and len(c.alice.read(paste)["files"]) == len(paste["files"])
        return outcomes

    return check


WRITES_REFUSED = [NOT_ALLOWED, NOT_ALLOWED, MISSING, NOT_ALLOWED]

ROWS: list[tuple[str, Check, Any]] = [
    # ------------------------------------------------------------------ 1 transport
    *((f"1 mounted at {mount}", lambda c, mount=mount: c.alice.get(f"{mount}{c.path}").status_code, 200) for mount in ("/api/v1", "/api/v0", "/v1", "/v0")),
    *((f"1 {path} is the list", lambda c, path=path: outcome(c.nobody.get(path))[0], 200) for path in ("/api/v1/pastes/", "/v1/pastes/", "//api//v1//pastes", "/api/v1/pastes//")),
    ("1 POST with a slash at the end", lambda c: outcome(c.nobody.send("POST", "/v1/pastes/", body()))[0], 201),
    ("1 HEAD where GET is", lambda c: (c.alice.send("HEAD", c.path).status_code, c.alice.send("HEAD", c.path).content), (200, b"")),
    *((f"1 {method} {path} is no 405", lambda c, method=method, path=path: outcome(c.alice.send(method, path.format(c.path))), NOT_FOUND) for method, path in (("PUT", "/pastes"), ("DELETE", "/pastes"), ("POST", "{}"), ("PUT", "{}/files"), ("PATCH", "/users/alice"), ("OPTIONS", "{}"), ("OPTIONS", "/pastes"))),
    ("1 an unknown path", lambda c: outcome(c.nobody.get("/nosuch")), NOT_FOUND),
    ("1 an unknown path of the alias", lambda c: outcome(c.nobody.get("/v1/pastes/a/b/c/d")), NOT_FOUND),
    ("1 a charset is ignored", lambda c: c.raw_post(b'{"files":[]}', **{"Content-Type": "application/json; charset=UTF-8"}), BAD_JSON),
    ("1 lenient: another type is read as JSON", lambda c: outcome(c.nobody.send("POST", "/pastes", data=b'{"files":[{"content":{"format":"text","value":"x"}}]}', headers={"Content-Type": "text/plain"}))[0], 201),
    ("1 lenient: no type", lambda c: outcome(c.alice.send("PATCH", c.path, data=b'{"name":"z"}')), (204, None)),
    ("1 DELETE does not read a body", lambda c: outcome(c.alice.send("DELETE", c.path, data=b"{", headers={"Content-Type": "application/json"})), (204, None)),
    ("1 CORS", lambda c: c.nobody.get("/pastes").headers["Access-Control-Allow-Origin"], "*"),
    ("1 CORS on errors", lambda c: c.nobody.get("/nosuch").headers["Access-Control-Allow-Origin"], "*"),
    *((f"1 header {name}", lambda c, name=name: c.nobody.get("/pastes").headers.get(name), value) for name, value in (("X-Frame-Options", "DENY"), ("X-XSS-Protection", "1; mode=block"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "strict-origin-when-cross-origin"), ("ETag", None), ("Link", None))),
    ("1 type of a success", lambda c: c.nobody.get("/pastes").headers["Content-Type"], "application/json"),
    ("1 type of an error", lambda c: c.nobody.get("/nosuch").headers["Content-Type"], "application/json"),
    # ------------------------------------------------------------------ 2 envelope
    ("2 success", lambda c: sorted(c.nobody.get("/pastes").json()), ["result", "status"]),
    ("2 204 has no body", lambda c: c.alice.send("PATCH", c.path, {}).content, b""),
    ("2 error with a message", lambda c: sorted(c.nobody.send("POST", "/pastes", {}).json()), ["error", "message", "status"]),
    ("2 error without", lambda c: sorted(c.nobody.get("/nosuch").json()), ["error", "status"]),
    ("2 messages of parse failures", says({"files": 5}), "could not parse json: files: Not a valid list."),
    ("2 no message when it is not UTF-8", lambda c: message(c.nobody.send("POST", "/pastes", data=b'{"name":"\xff"}')), None),
    # ------------------------------------------------------------------ 3 authentication
    *((f"3 Authorization: {word.format('…')}", lambda c, word=word: with_auth(word.format(c.alice.key))(c)[0], 200) for word in ("Key {}", "KEY {}", "key {}", "kEy {}")),
    ("3 upper-case hex", lambda c: with_auth(f"Key {c.alice.key.upper()}")(c)[0], 200),
    ("3 hyphenated", lambda c: with_auth(f"Key {hyphens(c.alice.key)}")(c)[0], 200),
    ("3 urn", lambda c: with_auth(f"Key urn:uuid:{hyphens(c.alice.key)}")(c)[0], 200),
    ("3 two spaces", lambda c: with_auth(f"Key  {c.alice.key}")(c), BAD_REQUEST),
    *((f"3 {word!r} is no key: absent", with_auth(word), None) for word in ("Bearer og_x", "Basic YTpi", "Key", "Keys x")),
    ("3 of several the first that is a key", lambda c: with_auth(f"Bearer x,Key {c.alice.key}", "PATCH", c.path)(c), BAD_JSON),
    ("3 keys are 32 hex digits", lambda c: bool(HEX.fullmatch(c.alice.key)), True),
    *((f"3 optional, not a UUID: {method} {path}", with_auth("Key nonsense", method, path), BAD_REQUEST) for method, path in (("GET", "/pastes"), ("POST", "/pastes"), ("GET", "/users/alice"), ("GET", f"/pastes/{NOBODYS_UUID}/files"), ("GET", f"/pastes/{NOBODYS_UUID}/files/{NOBODYS_UUID}/raw"))),
    *((f"3 optional, unknown: {method} {path}", with_auth(f"Key {NOBODYS_UUID}", method, path), BAD_REQUEST) for method, path in (("GET", "/pastes"), ("POST", "/pastes"), ("GET", f"/pastes/{NOBODYS_UUID}"), ("GET", "/users/alice"))),
    *((f"3 required, absent: {method} {path}", lambda c, method=method, path=path: outcome(c.nobody.send(method, path.format(c.path, c.a["id"]), {})), BAD_REQUEST) for method, path in (("PATCH", "{0}"), ("POST", "{0}/files"), ("PATCH", "{0}/files"), ("PATCH", "{0}/files/{1}"), ("DELETE", "{0}/files/{1}"), ("DELETE", "/pastes/ids"), ("DELETE", "{0}"))),
    *((f"3 required, unknown: {method} {path}", lambda c, method=method, path=path: with_auth(f"Key {NOBODYS_UUID}", method, path.format(c.path, c.a["id"]))(c), BAD_REQUEST) for method, path in (("PATCH", "{0}"), ("POST", "{0}/files"), ("PATCH", "{0}/files"), ("PATCH", "{0}/files/{1}"), ("DELETE", "{0}/files/{1}"), ("DELETE", "/pastes/ids"))),
    ("3 deletion, not a UUID", lambda c: c.delete(c.paste, "nonsense"), BAD_REQUEST),
    ("3 never a challenge", lambda c: c.nobody.send("PATCH", c.path, {}).headers.get("WWW-Authenticate"), None),
    ("3 an access token is no API key", lambda c: with_auth(f"Key {c.alice.http.server.clients[0].token}")(c), BAD_REQUEST),
    ("3 order: bad auth beats a bad id", with_auth("Key x", "GET", "/pastes/zz"), BAD_REQUEST),
    ("3 order: bad auth beats bad JSON", lambda c: outcome(c.nobody.send("POST", "/pastes", data=b"{", headers={"Authorization": "Key x"})), BAD_REQUEST),
    ("3 order: a bad id beats bad JSON", lambda c: outcome(c.alice.send("PATCH", "/pastes/zz", data=b"{")), NOT_FOUND),
    *((f"3 order: bad JSON beats an unknown paste: {method} {path}", lambda c, method=method, path=path: outcome(c.alice.send(method, f"/pastes/{NOBODYS_UUID}{path}", data=b"{")), BAD_JSON) for method, path in (("PATCH", ""), ("POST", "/files"), ("PATCH", "/files"), ("PATCH", f"/files/{NOBODYS_UUID}"))),
    # ------------------------------------------------------------------ 4 identifiers and times
    ("4 ids are 32 digits", lambda c: [bool(HEX.fullmatch(id)) for id in (c.paste["id"], c.paste["author"]["id"], c.a["id"])], [True] * 3),
    *((f"4 an id as {name}", lambda c, spell=spell: c.alice.get(f"/pastes/{spell(c.paste['id'])}").status_code, 200) for name, spell in (("hyphenated", hyphens), ("upper case", str.upper), ("urn", lambda id: f"urn:uuid:{hyphens(id)}"))),
    *((f"4 {id!r} is no id", lambda c, id=id: outcome(c.nobody.get(f"/pastes/{id}")), NOT_FOUND) for id in ("x", "abc123", "0" * 31, "0" * 33, "1", "é" * 32)),
    ("4 a file id that is none", lambda c: c.get("/files/x"), NOT_FOUND),
    ("4 no id in a body", in_array(lambda _: {"id": "x"}), BAD_JSON),
    ("4 any spelling in a body", lambda c: names(c.changed([{"id": hyphens(c.a["id"]).upper(), "name": "z"}], "/files")), ["b.txt", "z"]),
    ("4 a deletion key has hyphens", lambda c: bool(HYPHENATED.fullmatch(c.anonymous["deletion_key"])), True),
    ("4 times", lambda c: [bool(TIME.fullmatch(c.paste[name])) for name in ("created_at", "updated_at")], [True] * 2),
    ("4 updated_at moves", lambda c: c.changed({"name": "z"})["updated_at"] > c.paste["updated_at"], True),
    ("4 a language is no update", lambda c: c.changed({"highlight_language": "go"}, f"/files/{c.a['id']}")["updated_at"] == c.paste["updated_at"], True),
    ("4 created_at stays", lambda c: c.changed({"name": "z"})["created_at"] == c.paste["created_at"], True),
    # ------------------------------------------------------------------ 5.1 the object
    ("5.1 keys of a paste", lambda c: list(c.paste), ["id", "author", "name", "description", "visibility", "created_at", "updated_at", "files"]),
    ("5.1 keys of a new one of nobody's", lambda c: list(c.anonymous), ["id", "name", "description", "visibility", "created_at", "updated_at", "deletion_key", "files"]),
    ("5.1 keys of one that expires", lambda c: list(c.made("x", expires="2099-01-01T00:00:00Z")), ["id", "author", "name", "description", "visibility", "created_at", "updated_at", "expires", "files"]),
    ("5.1 author", lambda c: (sorted(c.paste["author"]), c.paste["author"]["username"]), (["id", "name", "username"], "alice")),
    ("5.1 no author of nobody's", lambda c: "author" in c.anonymous, False),
    ("5.1 a deletion key once only", lambda c: "deletion_key" in c.nobody.read(c.anonymous), False),
    ("5.1 null for no name and description", lambda c: (c.anonymous["name"], c.anonymous["description"]), (None, None)),
    ("5.1 keys of a file", lambda c: list(c.a), ["id", "name", "highlight_language", "content"]),
    ("5.1 a new one has no content", lambda c: list(c.anonymous["files"][0]), ["id", "name", "highlight_language"]),
    ("5.1 content", lambda c: c.a["content"], {"format": "text", "value": "one"}),
    # ------------------------------------------------------------------ 5.2 making one
    ("5.2 201", lambda c: c.post(body())[0], 201),
    ("5.2 unknown keys are passed over", refused({**body(), "debug": 1, "apiKey": "x", "id": 5, "created_at": 5}), None),
    ("5.2 in files", refused({"files": [{**text("x"), "junk": 1}]}), None),
    ("5.2 in content", refused({"files": [{"content": {"format": "text", "value": "x", "junk": 1}}]}), None),
    ("5.2 name and description", lambda c: (c.paste["name"], c.paste["description"]), ("n", "d")),
    ("5.2 null", lambda c: c.nobody.paste("x", name=None, description=None, expires=None)["name"], None),
    ("5.2 empty", refused({**body(), "name": "", "description": ""}), None),
    *((f"5.2 {field}: 255 graphemes", lambda c, field=field: c.nobody.paste("x", **{field: FAMILY * 255})[field], FAMILY * 255) for field in ("name", "description")),
    *((f"5.2 {field}: 256 graphemes", refused({**body(), field: FAMILY * 256}), BAD_JSON) for field in ("name", "description")),
    ("5.2 25,600 bytes", lambda c: len(c.nobody.paste("x", name="e" + "\u0301" * 12_799)["name"].encode()), 25_599),
    ("5.2 25,601 bytes", refused({**body(), "name": "e" + "\u0301" * 12_800}), BAD_JSON),
    ("5.2 unlisted", lambda c: c.anonymous["visibility"], "unlisted"),
    *((f"5.2 visibility {word}", lambda c, word=word: c.alice.paste("x", visibility=word)["visibility"], word) for word in ("public", "unlisted", "private")),
    *((f"5.2 visibility {word!r}", refused({**body(), "visibility": word}), BAD_JSON) for word in (None, "Public", "secret", 0, "")),
    ("5.2 expires", expiry("2099-01-02T03:04:05Z"), "2099-01-02T03:04:05Z"),
    ("5.2 expires in another zone", expiry("2099-01-02T03:04:05+05:30"), "2099-01-01T21:34:05Z"),
    ("5.2 expires in small letters", expiry("2099-01-02t03:04:05z"), "2099-01-02T03:04:05Z"),
    ("5.2 expires in milliseconds", expiry("2099-01-02T03:04:05.120Z"), "2099-01-02T03:04:05.120Z"),
    ("5.2 expires in nanoseconds", expiry("2099-01-02T03:04:05.123456789Z"), "2099-01-02T03:04:05.123456Z"),
    ("5.2 expires at the end of time", expiry("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z"),
    *((f"5.2 expires {word!r}", refused({**body(), "expires": word}), BAD_JSON) for word in ("2099-01-02T03:04:05", "2099-01-02", "2099-01-02 03:04:05Z", 4070908800, "soon", "", "2099-13-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "2099-W01-1T00:00:00Z")),
    ("5.2 no files", says({}), "you must upload at least one file"),
    ("5.2 an empty list", says({"files": []}), "you must upload at least one file"),
    ("5.2 null files", refused({"files": None}), BAD_JSON),
    ("5.2 an unnamed file", lambda c: names(c.anonymous), ["pastefile1"]),
    ("5.2 null for no name", lambda c: names(c.nobody.paste(text("a"), {**text("b"), "name": None})), ["pastefile1", "pastefile2"]),
    ("5.2 an empty name", refused({"files": [text("x", "")]}), INVALID_FILE),
    ("5.2 its words", says({"files": [text("x", "")]}), "names cannot be empty (for no name, omit the name field)"),
    ("5.2 a name of 256 graphemes", refused({"files": [text("x", "x" * 256)]}), BAD_JSON),
    ("5.2 a language beside the content", language("rust"), "rust"),
    ("5.2 an unknown one", refused({"files": [text("x", highlight_language="nosuch")]}), BAD_JSON),
    ("5.2 no content", refused({"files": [{"name": "a"}]}), BAD_JSON),
    ("5.2 content null", refused({"files": [{"name": "a", "content": None}]}), BAD_JSON),
    ("5.2 no value", refused({"files": [{"content": {"format": "text"}}]}), BAD_JSON),
    ("5.2 content in the place of value, as the document has it", refused({"files": [{"content": {"format": "base64", "content": "eA=="}}]}), BAD_JSON),
    ("5.2 no format", refused({"files": [{"content": {"value": "x"}}]}), BAD_JSON),
    *((f"5.2 the format {word!r}", refused({"files": [packed(word, "x")]}), BAD_JSON) for word in ("zip", "Text", "", None, 1)),
    ("5.2 text", made_of(text("é\0\n")), [{"format": "text", "value": "é\0\n"}]),
    ("5.2 base64", made_of(packed("base64", b64(b"\0\xff"))), [{"format": "base64", "value": b64(b"\0\xff")}]),
    ("5.2 gzip", made_of(packed("gzip", b64(gzip.compress(b"\0x")))), [{"format": "base64", "value": b64(b"\0x")}]),
    ("5.2 gzip: the first member only", made_of(packed("gzip", b64(gzip.compress(b"1") + gzip.compress(b"2")))), [{"format": "base64", "value": b64(b"1")}]),
    ("5.2 xz", made_of(packed("xz", b64(lzma.compress(b"\0x")))), [{"format": "base64", "value": b64(b"\0x")}]),
    ("5.2 xz -9", made_of(packed("xz", b64(lzma.compress(b"x", preset=9)))), [{"format": "base64", "value": b64(b"x")}]),
    *((f"5.2 base64 {word!r}", refused({"files": [packed("base64", word)]}), BAD_JSON) for word in ("eA", "eA=", "eA===", "e A==", "eA==\n", "eB==", "eHl=", "_-==", "é", "=", "eA==eA==", "eHg")),
    *((f"5.2 corrupt {format}: {name}", refused({"files": [packed(format, b64(content))]}), BAD_JSON) for format, name, content in (("gzip", "nothing", b""), ("gzip", "no gzip", b"plain"), ("gzip", "cut", gzip.compress(b"x" * 99)[:-4]), ("gzip", "checksum", gzip.compress(b"x")[:-8] + b"\0" * 8), ("gzip", "xz", lzma.compress(b"x")), ("xz", "nothing", b""), ("xz", "no xz", b"plain"), ("xz", "cut", lzma.compress(b"x" * 99)[:-4]), ("xz", "legacy", lzma.compress(b"x", format=lzma.FORMAT_ALONE)), ("xz", "gzip", gzip.compress(b"x")))),
    ("5.2 order: an empty name before private", lambda c: c.post({"files": [text("x", "")], "visibility": "private"}), INVALID_FILE),
    ("5.2 order: private before no files", says({"visibility": "private"}), "cannot make anonymous private pastes"),
    ("5.2 order: no files before expiry", says({"expires": "2000-01-01T00:00:00Z"}), "you must upload at least one file"),
    ("5.2 order: expiry before duplicates", says({"expires": "2000-01-01T00:00:00Z", "files": [text("x", "a"), text("x", "a")]}), "paste expiry date cannot be in the past"),
    ("5.2 order: duplicates before emptiness", says({"files": [text("", "a"), text("", "a")]}), "duplicate file names are not allowed"),
    ("5.2 order: emptiness", says({"files": [text("x"), text("")]}), "file content must not be empty"),
    ("5.2 empty when unpacked", says({"files": [packed("gzip", b64(gzip.compress(b"")))]}), "file content must not be empty"),
    ("5.2 order: corrupt content before all of that", says({"files": [packed("base64", "é"), text("x", "")]}), "could not parse json: content: not valid base64"),
    ("5.2 an unnamed second file beside one called pastefile2", refused({"files": [text("x", "pastefile2"), text("x")]}), BAD_JSON),
    ("5.2 duplicates are exact", lambda c: names(c.made(text("1", "a"), text("2", "A"))), ["A", "a"]),
    *((f"5.2 the name {name!r}", lambda c, name=name: [(file["name"], file["content"]["value"]) for file in c.made(text("x", name))["files"]], [(name, "x")]) for name in ("a/b", "/", "..", "../../etc/passwd", ".", " ", " a ", ".git", "git~1", "a\\b", "a\nb", "\u202etxt.exe", "x" * 255, "é" * 255, "CON", "a/../b", "\x1b[2J", "-rf")),
    ("5.2 NUL in a name", refused({"files": [text("x", "a\0b")]}), BAD_JSON),
    ("5.2 NUL in the paste's name", refused({**body(), "name": "\0"}), BAD_JSON),
    ("5.2 files sorted bytewise", lambda c: names(c.alice.paste(text("1", "b"), text("2", "README.md"), text("3", "a"), text("4", "é"))), ["README.md", "a", "b", "é"]),
    ("5.2 no deletion key for users", lambda c: "deletion_key" in c.alice.paste("x"), False),
    ("5.2 a paste of a user's may be private", lambda c: c.private["visibility"], "private"),
    # ------------------------------------------------------------------ 5.2 multipart
    ("5.2 multipart", lambda c: multipart(c, metadata(name="form"), ("a.txt", (None, "text", "text/plain"))).json()["result"]["name"], "form"),
    ("5.2 multipart: text", lambda c: uploaded(c, ("a.txt", (None, "text", "text/plain"))), [("a.txt", {"format": "text", "value": "text"})]),
    ("5.2 multipart: the field's name, not the file's", lambda c: uploaded(c, ("field", ("file.txt", "x"))), [("field", {"format": "text", "value": "x"})]),
    ("5.2 multipart: without a name", lambda c: uploaded(c, ("", ("file.txt", "x"))), [("pastefile1", {"format": "text", "value": "x"})]),
    ("5.2 multipart: an image is binary", lambda c: uploaded(c, ("a.svg", (None, "<svg/>", "image/svg+xml"))), [("a.svg", {"format": "base64", "value": b64(b"<svg/>")})]),
    ("5.2 multipart: what is no UTF-8 is binary", lambda c: uploaded(c, ("a", (None, b"\xff", "text/plain"))), [("a", {"format": "base64", "value": b64(b"\xff")})]),
    ("5.2 multipart: files of the JSON are kept", lambda c: names(multipart(c, metadata(files=[text("x", "in")]), ("out", (None, "y"))).json()["result"]), ["in", "out"]),
    ("5.2 multipart without X-Paste", lambda c: outcome(multipart(c, metadata(), ("a", (None, "x")), other="1")), NOT_FOUND),
    ("5.2 multipart at v0", lambda c: outcome(c.nobody.send("POST", "/api/v0/pastes", files=[metadata(), ("a", (None, "x"))], headers={"X-Paste": "1"})), NOT_FOUND),
    ("5.2 multipart: first part not JSON", lambda c: outcome(multipart(c, ("a", (None, "x", "text/plain")))), (400, "bad_multipart")),
    ("5.2 multipart: bad JSON", lambda c: outcome(multipart(c, ("metadata", (None, "{", "application/json")))), (400, "bad_multipart")),
    ("5.2 multipart: no form at all", lambda c: outcome(c.nobody.send("POST", "/pastes", data=b"x", headers={"Content-Type": "multipart/form-data; boundary=x", "X-Paste": "1"})), (400, "bad_multipart")),
    ("5.2 multipart: no boundary", lambda c: outcome(c.nobody.send("POST", "/pastes", data=b"x", headers={"Content-Type": "multipart/form-data", "X-Paste": "1"})), (400, "bad_multipart")),
    ("5.2 multipart: cut off", lambda c: outcome(c.nobody.send("POST", "/pastes", data=b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', headers={"Content-Type": "multipart/form-data; boundary=x", "X-Paste": "1"})), (400, "bad_multipart")),
    ("5.2 multipart: the same checks", lambda c: outcome(multipart(c, metadata(), ("a", (None, "")))), BAD_JSON),
    ("5.2 multipart: no files", lambda c: outcome(multipart(c, metadata())), BAD_JSON),
    # ------------------------------------------------------------------ 5.3 the list
    ("5.3 keys", lambda c: (c.alice.paste("x", visibility="public"), list(c.nobody.get("/pastes").json()["result"][0]))[1], ["id", "name", "description", "visibility", "created_at", "updated_at"]),
    ("5.3 newest first", lambda c: [c.alice.paste("x", visibility="public")["id"] for _ in range(2)][::-1] == [paste["id"] for paste in c.nobody.get("/pastes?limit=2").json()["result"]], True),
    ("5.3 by creation, not by change", lambda c: [(old := c.alice.paste("x", visibility="public")), c.alice.paste("y", visibility="public"), c.alice.send("PATCH", f"/pastes/{old['id']}", {"name": "z"}), c.nobody.get("/pastes?limit=1").json()["result"][0]["id"] == old["id"]][-1], False),
    ("5.3 public only, also for the owner", lambda c: (c.private, c.paste, {paste["visibility"] for paste in c.alice.get("/pastes?limit=100").json()["result"]})[2], {"public"}),
    *((f"5.3 limit={word}", lambda c, word=word: newest(c, word), number) for word, number in (("", 5), ("0", 0), ("1", 1), ("6", 6), ("007", 7), ("-1", 5), ("256", 5), ("x", 5), ("1.5", 5), ("²", 5), ("99999999999999999999", 5))),
    ("5.3 no more than 100", lambda c: len(c.nobody.get("/pastes?limit=255").json()["result"]) <= 100, True),
    ("5.3 another parameter is ignored", lambda c: newest(c, "6&page=2"), 6),
    # ------------------------------------------------------------------ 5.4 one paste
    ("5.4 no content", lambda c: list(c.get()[1]["files"][0]), ["id", "name", "highlight_language"]),
    *((f"5.4 full={word}", lambda c, word=word: "content" in c.get(f"?full={word}")[1]["files"][0], there) for word, there in (("true", True), ("on", True), ("1", False), ("True", False), ("", False), ("yes", False), ("false", False), ("true&x=1", True))),
    ("5.4 private, not the owner", lambda c: [outcome(who.get(f"/pastes/{c.private['id']}")) for who in (c.bob, c.nobody)], [MISSING] * 2),
    ("5.4 private, the owner", lambda c: outcome(c.alice.get(f"/pastes/{c.private['id']}"))[0], 200),
    ("5.4 unlisted, anybody", lambda c: [c.get(who=who)[0] for who in (c.bob, c.nobody)], [200] * 2),
    ("5.4 unknown", lambda c: outcome(c.nobody.get(f"/pastes/{NOBODYS_UUID}")), MISSING),
    ("5.4 README first", lambda c: names(c.made(text("1", "a"), text("2", "readme.md"), text("3", "README"), text("4", "Readme.x.y"), text("5", "B"))), ["README", "Readme.x.y", "readme.md", "B", "a"]),
    # ------------------------------------------------------------------ 5.5 formats of answers
    ("5.5 text that came as gzip", made_of(packed("gzip", b64(gzip.compress(b"text")))), [{"format": "base64", "value": b64(b"text")}]),
    ("5.5 text that came as base64", made_of(packed("base64", b64(b"text"))), [{"format": "base64", "value": b64(b"text")}]),
    ("5.5 BUG: binary put into a text file", lambda c: changed_file(packed("base64", b64(b"\0\xff")))(c)["content"], {"format": "base64", "value": b64(b"\0\xff")}),
    ("5.5 BUG: and text into that", lambda c: (c.changed(packed("base64", b64(b"\0\xff")), f"/files/{c.a['id']}"), changed_file(packed("text", "t"))(c)["content"])[1], {"format": "text", "value": "t"}),
    ("5.5 the same bytes in another format", lambda c: changed_file(packed("base64", b64(b"one")))(c)["content"], {"format": "base64", "value": b64(b"one")}),
    # ------------------------------------------------------------------ 5.6 PATCH of a paste
    ("5.6 set", lambda c: (lambda p: (p["name"], p["description"]))(c.changed({"name": "N", "description": "D"})), ("N", "D")),
    ("5.6 keep", lambda c: (lambda p: (p["name"], p["description"]))(c.changed({"name": "N"})), ("N", "d")),
    ("5.6 unset", lambda c: (lambda p: (p["name"], p["description"]))(c.changed({"name": None, "description": None})), (None, None)),
    ("5.6 the same limits", lambda c: c.patch({"name": "x" * 256}), BAD_JSON),
    ("5.6 visibility", lambda c: c.changed({"visibility": "public"})["visibility"], "public"),
    ("5.6 visibility null is ignored", lambda c: c.changed({"visibility": None})["visibility"], "unlisted"),
    ("5.6 visibility nonsense", lambda c: c.patch({"visibility": "secret"}), BAD_JSON),
    ("5.6 expires", lambda c: c.changed({"expires": "2099-01-01T00:00:00Z"})["expires"], "2099-01-01T00:00:00Z"),
    ("5.6 expires null", lambda c: (c.changed({"expires": "2099-01-01T00:00:00Z"}), c.changed({"expires": None}).get("expires"))[1], None),
    ("5.6 expires without a zone", lambda c: c.patch({"expires": "2099-01-01T00:00:00"}), BAD_JSON),
    ("5.6 expires in the past is taken", lambda c: c.patch({"expires": "2000-01-01T00:00:00Z"}), (204, None)),
    ("5.6 nothing", lambda c: c.changed({})["updated_at"] == c.paste["updated_at"], True),
    ("5.6 unknown keys", lambda c: c.patch({"files": [], "id": 1}), (204, None)),
    ("5.6 a list", lambda c: c.patch([]), BAD_JSON),
    ("5.6 unknown paste", lambda c: outcome(c.alice.send("PATCH", f"/pastes/{NOBODYS_UUID}", {})), MISSING),
    ("5.6 BUG: strangers", strangers("PATCH", lambda c: c.path, {"name": "x"}), WRITES_REFUSED),
    ("5.6 BUG: a deletion key changes nothing", lambda c: with_auth(f"Key {c.anonymous['deletion_key']}", "PATCH", f"/pastes/{c.anonymous['id']}")(c), BAD_REQUEST),
    # ------------------------------------------------------------------ 5.7 DELETE
    ("5.7 unknown paste, API key", lambda c: c.delete({"id": NOBODYS_UUID}, c.alice.key), MISSING),
    ("5.7 unknown paste, any UUID", lambda c: c.delete({"id": NOBODYS_UUID}, NOBODYS_UUID), MISSING),
    ("5.7 anonymous, right key", deleted_with("anonymous", lambda c: c.anonymous["deletion_key"]), ((204, None), True)),
    ("5.7 anonymous, right key without hyphens", deleted_with("anonymous", lambda c: c.anonymous["deletion_key"].replace("-", "").upper()), ((204, None), True)),
    ("5.7 anonymous, wrong key", deleted_with("anonymous", lambda c: NOBODYS_UUID), (NOT_ALLOWED, False)),
    ("5.7 anonymous, another paste's key", deleted_with("anonymous", lambda c: c.nobody.paste("x")["deletion_key"]), (NOT_ALLOWED, False)),
    ("5.7 anonymous, no key", lambda c: c.delete(c.anonymous, ""), BAD_REQUEST),
    ("5.7 owned, owner's key", deleted_with("paste", lambda c: c.alice.key), ((204, None), True)),
    ("5.7 owned, private, another user", deleted_with("private", lambda c: c.bob.key), (MISSING, False)),
    ("5.7 owned, not private, another user", deleted_with("paste", lambda c: c.bob.key), (NOT_ALLOWED, False)),
    ("5.7 BUG: owned, a UUID that is no API key", deleted_with("paste", lambda c: NOBODYS_UUID), (NOT_ALLOWED, False)),
    ("5.7 BUG: owned, private, a UUID that is no API key", deleted_with("private", lambda c: NOBODYS_UUID), (MISSING, False)),
    ("5.7 BUG: owned, the id of the paste", deleted_with("paste", lambda c: c.paste["id"]), (NOT_ALLOWED, False)),
    ("5.7 BUG: anonymous, an API key", deleted_with("anonymous", lambda c: c.bob.key), (NOT_ALLOWED, False)),
    # ------------------------------------------------------------------ 5.8 bulk
    ("5.8 several", lambda c: (bulk(c, [c.paste["id"], hyphens(c.private["id"])]), is_there(c, c.paste), is_there(c, c.private)), ((204, None), False, False)),
    ("5.8 none", lambda c: bulk(c, []), (204, None)),
    ("5.8 one twice", lambda c: bulk(c, [c.paste["id"]] * 2), (204, None)),
    ("5.8 fifteen unknown", lambda c: bulk(c, [NOBODYS_UUID] * 15), MISSING),
    ("5.8 sixteen", lambda c: bulk(c, [NOBODYS_UUID] * 16), (400, "bad_parameters")),
    ("5.8 its words", lambda c: message(c.alice.send("DELETE", "/pastes/ids", [NOBODYS_UUID] * 16)), "up to 15 pastes can be deleted at a time"),
    ("5.8 all or none: unknown", lambda c: (bulk(c, [c.paste["id"], NOBODYS_UUID]), is_there(c, c.paste)), (MISSING, True)),
    ("5.8 all or none: somebody else's", lambda c: (bulk(c, [(mine := c.bob.paste("x"))["id"], c.paste["id"]], c.bob), is_there(c, mine)), (NOT_ALLOWED, True)),
    ("5.8 private of somebody else", lambda c: bulk(c, [c.private["id"]], c.bob), MISSING),
    ("5.8 nobody's", lambda c: bulk(c, [c.anonymous["id"]]), NOT_ALLOWED),
    ("5.8 bad JSON", lambda c: bulk(c, None, data=b"{"), BAD_REQUEST),
    ("5.8 wrong types", lambda c: [bulk(c, asked) for asked in ({"ids": []}, [1], ["x"], "x")], [(422, "bad_request")] * 4),
    # ------------------------------------------------------------------ 6 files
    ("6 list has content and language", lambda c: [list(file) for file in c.get("/files")[1]], [["id", "name", "highlight_language", "content"]] * 2),
    ("6 list README first", lambda c: [(p := c.alice.paste(text("1", "a"), text("2", "readme")))["id"], [file["name"] for file in outcome(c.alice.get(f"/pastes/{p['id']}/files"))[1]]][1], ["readme", "a"]),
    ("6 one file", lambda c: c.get(f"/files/{c.a['id']}"), lambda c: (200, c.a)),
    ("6 a file of another paste", lambda c: c.get(f"/files/{c.private['files'][0]['id']}"), MISSING_FILE),
    ("6 an unknown file", lambda c: c.get(f"/files/{NOBODYS_UUID}"), MISSING_FILE),
    ("6 raw", lambda c: (r := c.alice.get(f"{c.path}/files/{c.a['id']}/raw"), r.content, r.headers.get("Content-Type"))[1:], (b"one", None)),
    ("6 raw of what is unlisted needs no key", lambda c: c.nobody.get(f"{c.path}/files/{c.a['id']}/raw").content, b"one"),
    ("6 raw of what is private", lambda c: outcome(c.bob.get(f"/pastes/{c.private['id']}/files/{c.private['files'][0]['id']}/raw")), MISSING),
    ("6 BUG: raw of an unknown file", lambda c: c.get(f"/files/{NOBODYS_UUID}/raw"), MISSING_FILE),
    *((f"6 {path}: unknown or private paste", lambda c, path=path: [outcome(c.bob.get(f"/pastes/{id}{path}")) for id in (NOBODYS_UUID, c.private["id"])], [MISSING] * 2) for path in ("/files", f"/files/{NOBODYS_UUID}", f"/files/{NOBODYS_UUID}/raw")),
    ("6 POST", lambda c: (lambda got: (got[0], sorted(got[1]), got[1]["name"]))(outcome(c.alice.send("POST", f"{c.path}/files", text("x", "c.txt")))), (201, ["highlight_language", "id", "name"], "c.txt")),
    ("6 POST language", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", text("x", highlight_language="go")))[1]["highlight_language"], "go"),
    ("6 POST unnamed", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", text("x")))[1]["name"], "pastefile3"),
    ("6 POST a name that is taken", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", text("x", "a.py"))), INVALID_FILE),
    ("6 POST its words", lambda c: message(c.alice.send("POST", f"{c.path}/files", text("x", "a.py"))), "duplicate file name"),
    ("6 POST an empty name", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", text("x", ""))), INVALID_FILE),
    ("6 POST empty content", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", text(""))), BAD_JSON),
    ("6 POST no content", lambda c: outcome(c.alice.send("POST", f"{c.path}/files", {"name": "x"})), BAD_JSON),
    ("6 POST a name that differs in case", lambda c: (c.alice.send("POST", f"{c.path}/files", text("x", "A.PY")), names(c.alice.read(c.paste)))[1], ["A.PY", "a.py", "b.txt"]),
    ("6 BUG: POST by strangers", strangers("POST", lambda c: f"{c.path}/files", text("x")), WRITES_REFUSED),
    ("6 DELETE", lambda c: (outcome(c.alice.send("DELETE", f"{c.path}/files/{c.a['id']}")), names(c.alice.read(c.paste))), ((204, None), ["b.txt"])),
    ("6 BUG: DELETE an unknown file", lambda c: outcome(c.alice.send("DELETE", f"{c.path}/files/{NOBODYS_UUID}")), MISSING_FILE),
    ("6 BUG: DELETE the last file deletes the paste", lambda c: (outcome(c.alice.send("DELETE", f"/pastes/{c.private['id']}/files/{c.private['files'][0]['id']}")), is_there(c, c.private)), ((204, None), False)),
    ("6 BUG: DELETE by strangers", strangers("DELETE", lambda c: f"{c.path}/files/{c.paste['files'][0]['id']}"), WRITES_REFUSED),
    # ------------------------------------------------------------------ 6 PATCH array
    ("6 array: nothing", in_array(), BAD_JSON),
    ("6 array: the words for nothing", lambda c: message(c.alice.send("PATCH", f"{c.path}/files", [])), "array cannot be empty"),
    ("6 array: an object", lambda c: c.patch({}, path="/files"), BAD_JSON),
    ("6 array: a new name", names_after(of_a(name="z.py")), ["b.txt", "z.py"]),
    ("6 array: ids stay", lambda c: {file["id"] for file in c.changed([{"id": c.a["id"], "name": "z"}], "/files")["files"]} == {c.a["id"], c.b["id"]}, True),
    ("6 array: a language, set", lambda c: c.changed([{"id": c.a["id"], "highlight_language": "cpp"}], "/files")["files"][0]["highlight_language"], "cpp"),
    ("6 array: a language, unset", lambda c: (c.changed([{"id": c.a["id"], "highlight_language": "cpp"}], "/files"), c.changed([{"id": c.a["id"], "highlight_language": None}], "/files")["files"][0]["highlight_language"])[1], None),
    ("6 array: a language stays", lambda c: (c.changed([{"id": c.a["id"], "highlight_language": "cpp"}], "/files"), c.changed([{"id": c.a["id"], "name": "a0"}], "/files")["files"][0]["highlight_language"])[1], "cpp"),
    ("6 array: content", lambda c: c.changed([{"id": c.a["id"], **text("new")}], "/files")["files"][0]["content"]["value"], "new"),
    ("6 array: content null deletes", names_after(of_a(content=None)), ["b.txt"]),
    ("6 array: all deleted", lambda c: (in_array(of_a(content=None), of_b(content=None))(c), is_there(c, c.paste)), ((204, None), False)),
    ("6 array: a new file", names_after(new(name="c")), ["a.py", "b.txt", "c"]),
    ("6 array: new files without names", names_after(new(), new()), ["a.py", "b.txt", "pastefile3", "pastefile4"]),
    ("6 array: a name that cannot be a path", names_after(of_a(name="../x")), ["../x", "b.txt"]),
    ("6 array: an unknown id", in_array(lambda _: {"id": NOBODYS_UUID, "name": "x"}), (400, "missing_file")),
    ("6 array: a file of another paste", in_array(lambda c: {"id": c.private["files"][0]["id"], "name": "x"}), (400, "missing_file")),
    ("6 array: the name of another", in_array(of_a(name="b.txt")), INVALID_FILE),
    ("6 array: its own name", in_array(of_a(name="a.py")), INVALID_FILE),
    ("6 array: a new file of that name", in_array(new(name="a.py")), INVALID_FILE),
    ("6 array: no id and no content", in_array(lambda _: {"name": "x"}), INVALID_FILE),
    ("6 array: its words", lambda c: message(c.alice.send("PATCH", f"{c.path}/files", [{"name": "x"}])), "new files must have content"),
    ("6 array: nothing is changed when one is refused", lambda c: (in_array(of_a(name="z"), lambda _: {"id": NOBODYS_UUID})(c), names(c.alice.read(c.paste)))[1], ["a.py", "b.txt"]),
    ("6 array: one file twice, deletion last", names_after(of_a(content=None), of_a(name="z")), ["b.txt"]),
    ("6 array: one file twice, both count", lambda c: [(file["name"], file["content"]["value"]) for file in c.changed([{"id": c.a["id"], **text("new")}, {"id": c.a["id"], "name": "z"}], "/files")["files"]], [("b.txt", "two"), ("z", "new")]),
    ("6 array: two files of one new name", names_after(new(name="z"), new(name="z")), ["a.py", "b.txt", "z", "z"]),
    ("6 array: name null", names_after(of_a(name=None)), ["b.txt", "pastefile1"]),
    ("6 array: an empty name", in_array(of_a(name="")), INVALID_FILE),
    ("6 array: a long name", in_array(of_a(name="x" * 256)), BAD_JSON),
    ("6 array: bad content", in_array(of_a(content={"format": "base64", "value": "é"})), BAD_JSON),
    ("6 array: one revision for all", lambda c: (c.changed([{"id": c.a["id"], "name": "z"}, text("new")], "/files"), len(c.alice.http.get(f"/api/gists/{c.paste['id']}/commits").json()))[1], 2),
    ("6 array: its message", lambda c: (c.changed([{"id": c.a["id"], "name": "z"}], "/files"), "update paste" in c.alice.http.server.client("alice").get(f"/alice/{c.paste['id']}").text)[1], True),
    ("6 BUG: array by strangers", strangers("PATCH", lambda c: f"{c.path}/files", [text("x", "new")]), WRITES_REFUSED),
    # ------------------------------------------------------------------ 6 PATCH of one file
    ("6 single: the most used call", lambda c: c.patch(packed("text", "new"), path=f"/files/{c.a['id']}"), (204, None)),
    ("6 single: content", lambda c: changed_file(packed("text", "new"))(c)["content"]["value"], "new"),
    ("6 single: the id stays", lambda c: changed_file({"name": "z"})(c)["id"] == c.a["id"], True),
    ("6 single: nothing", lambda c: c.patch({}, path=f"/files/{c.a['id']}"), (204, None)),
    ("6 single: the same id", lambda c: c.patch({"id": hyphens(c.a["id"])}, path=f"/files/{c.a['id']}"), (204, None)),
    ("6 single: another id", lambda c: c.patch({"id": c.b["id"]}, path=f"/files/{c.a['id']}"), INVALID_FILE),
    ("6 single: its words", lambda c: message(c.alice.send("PATCH", f"{c.path}/files/{c.a['id']}", {"id": c.b["id"]})), "IDs must match"),
    ("6 single BUG: an unknown file", lambda c: c.patch({}, path=f"/files/{NOBODYS_UUID}"), MISSING_FILE),
    ("6 single BUG: the language", lambda c: changed_file({"highlight_language": "onec"})(c)["highlight_language"], "1c"),
    ("6 single: name null", lambda c: changed_file({"name": None})(c)["name"], "pastefile1"),
    ("6 single: content null deletes", lambda c: names(c.changed({"content": None}, f"/files/{c.a['id']}")), ["b.txt"]),
    ("6 single: a name that is taken", lambda c: c.patch({"name": "b.txt"}, path=f"/files/{c.a['id']}"), INVALID_FILE),
    ("6 single: an unknown paste", lambda c: outcome(c.alice.send("PATCH", f"/pastes/{NOBODYS_UUID}/files/{NOBODYS_UUID}", {})), MISSING),
    ("6 BUG: single by strangers", strangers("PATCH", lambda c: f"{c.path}/files/{c.paste['files'][0]['id']}", {"name": "x"}), WRITES_REFUSED),
    # ------------------------------------------------------------------ 7 users
    ("7 keys", lambda c: (c.alice.paste("x", visibility="public"), list(outcome(c.nobody.get("/users/alice"))[1][0]))[1], ["id", "author", "name", "description", "visibility", "created_at", "updated_at", "files"]),
    ("7 case of the name", lambda c: c.nobody.get("/users/ALICE").status_code, 200),
    ("7 newest first", lambda c: (new_one := c.alice.paste("x", visibility="public"), outcome(c.nobody.get("/users/alice"))[1][0]["id"] == new_one["id"])[1], True),
    ("7 public only for others", lambda c: (c.paste, c.private, {paste["visibility"] for paste in outcome(c.bob.get("/users/alice"))[1]})[2], {"public"}),
    ("7 all for the owner", lambda c: (c.private, outcome(c.alice.get("/users/alice"))[1][0]["id"] == c.private["id"])[1], True),
    ("7 page=0", lambda c: outcome(c.nobody.get("/users/alice?page=0")), (400, "bad_parameters")),
    ("7 its words", lambda c: message(c.nobody.get("/users/alice?page=0")), "page number must be greater than 0"),
    ("7 page=x", lambda c: outcome(c.nobody.get("/users/bob?page=x"))[0], 200),
    ("7 unknown", lambda c: outcome(c.nobody.get("/users/nosuch")), (404, "missing_user")),
    ("7 past the end", lambda c: outcome(c.nobody.get("/users/alice?page=999")), MISSING),
    ("7 nothing", lambda c: outcome(c.nobody.get("/users/bob")), (200, [])),
    ("7 preview", lambda c: (c.alice.paste(text("hello", "b"), packed("base64", "AAAA", name="a"), visibility="public"), [file.get("content") for file in outcome(c.nobody.get("/users/alice"))[1][0]["files"]])[1], [None, {"format": "text", "value": "hello"}]),
    *((f"7 preview of {len(words.encode())} bytes", lambda c, words=words: (c.alice.paste(words, visibility="public"), outcome(c.nobody.get("/users/alice"))[1][0]["files"][0]["content"]["value"])[1], shown) for words, shown in (("x" * 256, "x" * 256), ("x" * 257, "x" * 256), ("é" * 129, "é" * 128), ("xé" + "é" * 128, "xé" + "é" * 126), ("a\nb\n" + "x" * 300, "a\nb"))),
    # ------------------------------------------------------------------ 8 links
    ("8 /<id>", lambda c: (r := c.nobody.http.get(f"/{c.paste['id']}"), r.status_code, r.headers["Location"])[1:], lambda c: (303, f"/p/alice/{c.paste['id']}")),
    ("8 /<id> of nobody's", lambda c: c.nobody.http.get(f"/{hyphens(c.anonymous['id'])}").headers["Location"], lambda c: f"/p/anonymous/{c.anonymous['id']}"),
    ("8 /<id> of what is private", lambda c: c.nobody.http.get(f"/{c.private['id']}").status_code, 404),
    ("8 /p/<user>/<id>", lambda c: c.nobody.http.get(c.nobody.get(f"/p/alice/{c.paste['id']}").headers["Location"]).status_code, 200),
    ("8 /p/anonymous/<id>", lambda c: c.nobody.http.get(c.nobody.get(f"/p/anonymous/{c.anonymous['id']}").headers["Location"]).status_code, 200),
    ("8 /u/<user>", lambda c: c.nobody.get("/u/alice?page=2").headers["Location"], "/alice?page=2"),
    ("8 raw", lambda c: (r := c.nobody.get(f"/p/alice/{c.paste['id']}/files/{c.a['id']}/raw"), r.content, r.headers["Content-Type"])[1:], (b"one", "text/plain; charset=utf-8")),
    ("8 raw, wrong user", lambda c: c.nobody.get(f"/p/bob/{c.paste['id']}/files/{c.a['id']}/raw").status_code, 404),
    ("8 raw, unknown file", lambda c: c.nobody.get(f"/p/alice/{c.paste['id']}/files/{NOBODYS_UUID}/raw").status_code, 404),
    ("8 raw of what is private", lambda c: c.nobody.get(f"/p/alice/{c.private['id']}/files/{c.private['files'][0]['id']}/raw").status_code, 404),
    ("8 raw of binary", lambda c: (p := c.alice.paste(packed("base64", b64(TINY_PNG))), r := c.nobody.get(f"/p/alice/{p['id']}/files/{p['files'][0]['id']}/raw"), r.content, r.headers.get("Content-Type"), r.headers["Content-Disposition"])[2:], (TINY_PNG, None, "attachment")),
    *((f"8 raw of {name}{query}", lambda c, name=name, query=query: (p := c.alice.paste(text("<svg/>", name)), c.nobody.get(f"/p/alice/{p['id']}/files/{p['files'][0]['id']}/raw{query}").headers["Content-Type"])[1], type) for name, query, type in (("a.svg", "", "text/plain; charset=utf-8"), ("a.svg", "?svg=true", "image/svg+xml"), ("a.txt", "?svg=true", "text/plain; charset=utf-8"))),
    ("8 an image cannot run scripts", lambda c: (p := c.alice.paste(text("<svg/>", "a.svg")), "sandbox" in c.nobody.get(f"/p/alice/{p['id']}/files/{p['files'][0]['id']}/raw?svg=true").headers["Content-Security-Policy"])[1], True),
    ("8 no way out of the site", lambda c: c.nobody.http.get(f"/p/%5Cevil.example/{c.paste['id']}").status_code, 404),
    # ------------------------------------------------------------------ 9 languages
    *((f"9 {given} is answered as {shown}", language(given), shown) for given, shown in (("onec", "1c"), ("clojurerepl", "clojure-repl"), ("cplusplus", "cpp"), ("csharp", "cs"), ("embeddedruby", "erb"), ("erlangrepl", "erlang-repl"), ("jbosscli", "jboss-cli"), ("juliarepl", "julia-repl"), ("lindenscriptinglanguage", "lsl"), ("protocolbuffers", "protobuf"), ("standardml", "sml"), ("vbscripthtml", "vbscript-html"))),
    *((f"9 {word} is taken back", language(word), word) for word in ("1c", "cpp", "cs", "vbscript-html", "python", "zephir", "abnf")),
    *((f"9 {word!r} is none", refused({"files": [text("x", highlight_language=word)]}), BAD_JSON) for word in ("Python", "text", "plaintext", "html", "c", "toml", "", "null")),
    *((f"9 {word!r} inside of content is no error", lambda c, word=word: c.made({"content": {"format": "text", "value": "x", "highlight_language": word}})["files"][0]["highlight_language"], shown) for word, shown in ((None, None), ("null", None), ("txt", None), (5, None), ([], None), ("rust", "rust"))),
    # ------------------------------------------------------------------ 11 JSON
    *((f"11 {data!r}", lambda c, data=data: c.raw_post(data), BAD_JSON) for data in (b"", b"{", b"[]", b'"x"', b"null", b"1", b'{"files":[],"files":[]}', b'{"name":NaN}', b'{"name":Infinity}', b'{"name":"\\ud800"}', b'{"name":"\xff"}', b'{"name":1}', b'{"description":[]}', b'{"files":{}}', b'{"files":[1]}', b'{"files":[{"content":"x"}]}', b'{"files":[{"content":{"format":"text","value":1}}]}', b'{"a":1e999}', b"[" * 9999)),
    ("11 whole characters in two halves", lambda c: c.made(text("\U0001f600", "\U0001f600"))["files"][0]["content"]["value"], "\U0001f600"),
]  # fmt: skip


def test_rows_have_names_of_their_own() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) > 480 and [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[ascii(row[0]) for row in ROWS])
def test_statement(pasters: dict[str, Paster], check: Check, expected: Any) -> None:
    cast = Cast(pasters)
    got = check(cast)
    if expected is None and isinstance(got, tuple) and len(got) == 2:
        assert got[0] in (200, 201), got  # taken
    else:
        assert got == (expected(cast) if callable(expected) else expected)
