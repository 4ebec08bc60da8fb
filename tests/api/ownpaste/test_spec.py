"""ownpaste's API, statement by statement. Each row names a section of the specification and one thing a client can see.

Rows marked BUG hold that a hole or a failure of the original is closed.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from pygments.lexers import guess_lexer

from tests.api.ownpaste.client import Cast, Digest, Paster, outcome, status

Check = Callable[[Cast], Any]
SHORT = ["file_content_preview", "file_name", "language", "paste_id", "private", "private_id", "pub_timestamp"]
FULL = ["file_content", *SHORT[1:]]
JSON, HTML = "200 application/json", "200 text/html"
LONG = "".join(f"{number}\n" for number in range(9))


def digest(c: Cast, algorithm: str = "MD5") -> Digest:
    return Digest(c.alice, algorithm)


def answered(**parts: Any) -> Check:
    """The status for a POST with an answer to a challenge that has these parts."""
    return lambda c: digest(c).post(**parts)


def challenge(c: Cast, header: str | None = None, path: str = "/paste/") -> list[str]:
    """The challenges to a POST with that Authorization header."""
    response = c.nobody.send("POST", path, {"file_content": "x"}, headers={"Authorization": header})
    return [re.sub(r'nonce="[^"]+"', "N", word) for word in response.raw.headers.getlist("WWW-Authenticate")]


OFFERED = [f'Digest realm="ownpaste", N, qop="auth", algorithm={name}' for name in ("MD5", "SHA-256")]
STALE = [f"{word}, stale=true" for word in OFFERED]


def replayed(c: Cast, *, method: str = "POST", path: str = "/paste/") -> tuple[int, list[str]]:
    """An answer that was good for once, sent again: its status, and the challenges."""
    by_hand = digest(c)
    header = by_hand.header()
    assert by_hand.send(header).status_code == 200
    again = by_hand.send(header, method, path)
    return status(again), [
        re.sub(r'nonce="[^"]+"', "N", word) for word in again.raw.headers.getlist("WWW-Authenticate")
    ]


def counted(*numbers: int) -> Check:
    """The statuses of answers to one challenge with these counts."""

    def check(c: Cast) -> list[int]:
        by_hand = digest(c).challenge()
        return [by_hand.post(nc=f"{number:08x}") for number in numbers]

    return check


def listing(c: Cast, query: str = "", who: str = "nobody") -> dict[str, Any]:
    return outcome(getattr(c, who).get(f"/paste/{query}"))[1]


def ids(found: dict[str, Any]) -> list[int]:
    return [paste["paste_id"] for paste in found["pastes"]]


def guessed(content: str, **fields: Any) -> Check:
    return lambda c: c.alice.paste(content, **fields)["language"]


def preview(content: str) -> Check:
    return lambda c: c.alice.paste(content)["file_content_preview"]


def twice_private(c: Cast) -> list[bool]:
    """What becomes of private ids: kept, gone with its address, another one."""
    first = c.private["private_id"]
    kept = c.changed(c.private, private=True)["private_id"] == first
    gone = (
        c.changed(c.private, private=False)["private_id"] is None
        and c.nobody.get(f"/paste/{first}/").status_code == 404
    )
    another = c.changed(c.private, private=True)["private_id"]
    return [kept, gone, another not in (None, first)]


def fetched(action: str, content: str = "x", **fields: Any) -> Callable[[Cast], Any]:
    return lambda c: c.nobody.get(f"/paste/{c.alice.paste(content, **fields)['paste_id']}/{action}/")


def header(name: str, get: Callable[[Cast], Any]) -> Check:
    return lambda c: get(c).headers.get(name)


def unsaved(c: Cast, **fields: Any) -> tuple[int, bool]:
    """The status of a PATCH, and whether the paste is what it was."""
    before = c.alice.read(c.public)
    got = status(c.alice.send("PATCH", c.path, fields))
    return got, c.alice.read(c.public) == before


ROWS: list[tuple[str, Check, Any]] = [
    # ------------------------------------------------------------------ 1 routes
    *((f"1 no authentication for GET {path}", lambda c, path=path: status(c.nobody.get(path)), 200) for path in ("/", "/paste/")),
    *((f"1 no authentication for GET /paste/<id>{below}", lambda c, below=below: c.nobody.get(c.path[:-1] + below).status_code, 200) for below in ("/", "/raw/", "/download/")),
    *((f"1 authentication for {method} {name}", lambda c, method=method, path=path: status(c.nobody.send(method, path(c), {"file_content": "x"})), 401) for method, name, path in (("POST", "/paste/", lambda c: "/paste/"), ("PATCH", "an item", lambda c: c.path), ("DELETE", "an item", lambda c: c.path), ("GET", "?private=1", lambda c: "/paste/?private=1"))),
    *((f"1 {path} is CSS", lambda c, path=path: c.nobody.http.session.get(c.nobody.http.server.url + path).headers["Content-Type"].partition(";")[0], "text/css") for path in ("/pygments.css", "/static/styles.css")),
    *((f"1 without the slash at the end: {method} {name}", lambda c, method=method, path=path, asked=asked: status(c.alice.send(method, path(c)[:-1], asked)), 200) for method, name, path, asked in (("GET", "/paste", lambda c: "/paste/", None), ("POST", "/paste", lambda c: "/paste/", {"file_content": "x"}), ("GET", "an item", lambda c: c.path, None), ("PATCH", "an item", lambda c: c.path, {}), ("DELETE", "an item", lambda c: c.path, None))),
    ("1 without the slash: raw", lambda c: c.nobody.get(f"{c.path}raw").text, "one\ntwo\n"),
    *((f"1 405: {method} {name}", lambda c, method=method, path=path: status(c.alice.send(method, path(c))), 405) for method, name, path in (("PUT", "/paste/", lambda c: "/paste/"), ("DELETE", "/paste/", lambda c: "/paste/"), ("PATCH", "/paste/", lambda c: "/paste/"), ("POST", "an item", lambda c: c.path), ("PUT", "an item", lambda c: c.path), ("POST", "raw", lambda c: f"{c.path}raw/"))),
    ("1 HEAD", lambda c: [(c.nobody.send("HEAD", path).status_code, c.nobody.send("HEAD", path).content) for path in ("/", "/paste/", c.path)], [(200, b"")] * 3),
    ("1 OPTIONS", lambda c: sorted(c.nobody.send("OPTIONS", c.path).headers["Allow"].split(", ")), ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]),
    *((f"1 another action: {word}", lambda c, word=word: status(c.nobody.get(f"{c.path}{word}/")), 404) for word in ("html", "RAW", "raw/x")),
    # ------------------------------------------------------------------ 2 HTML or JSON
    *((f"2 Accept: {accept}", lambda c, accept=accept: c.accepting(accept), kind) for accept, kind in (
        ("application/json", JSON), ("application/*", JSON), ("application/json, text/html;q=0.5", JSON), ("application/json, */*;q=0.1", JSON),
        ("application/json, */*", HTML), ("application/json, text/plain, */*", HTML), ("*/*", HTML), (None, HTML), ("", HTML), ("text/html,application/json", HTML),
        ("text/plain", HTML), ("application/json;q=0.5, text/html", HTML), ("application/json;q=0.9,text/html;q=0.8", JSON), ("text/html", HTML))),
    *((f"2 a page for people: {name}", lambda c, path=path: c.nobody.send("GET", path(c), headers={"Accept": "text/html"}).headers["Location"].startswith("/"), True) for name, path in (("/paste/", lambda c: "/paste/"), ("an item", lambda c: c.path), ("a private item", lambda c: c.named))),
    *((f"2 errors follow Accept: {code} {path}", lambda c, method=method, path=path, code=code: [c.accepting(accept, path, method) for accept in ("application/json", "text/html", "*/*")], [f"{code} application/json", f"{code} text/html", f"{code} text/html"]) for code, method, path in ((404, "GET", "/paste/nosuch/"), (404, "GET", "/paste/1/x/y"), (405, "PUT", "/paste/"), (401, "POST", "/paste/"), (400, "GET", "/paste/?page=x"))),
    *((f"2 {method} answers JSON whatever is accepted", lambda c, method=method, path=path, asked=asked: [c.alice.send(method, path(c), asked, headers={"Accept": accept}).json()["status"] for accept in ("text/html",)], ["ok"]) for method, path, asked in (("POST", lambda c: "/paste/", {"file_content": "x"}), ("PATCH", lambda c: c.path, {}), ("DELETE", lambda c: c.path, None))),
    ("2 their errors follow it", lambda c: c.alice.send("POST", "/paste/", {}, headers={"Accept": "*/*"}).headers["Content-Type"], "text/html; charset=utf-8"),
    *((f"2 {action} ignores it", lambda c, action=action: [c.accepting(accept, f"{c.path}{action}/") for accept in ("application/json", "text/html")], [kind] * 2) for action, kind in (("raw", "200 text/plain"), ("download", "200 text/x-python"))),
    ("2 caches are told", lambda c: "Accept" in c.nobody.get("/").headers["Vary"], True),
    # ------------------------------------------------------------------ 3 digest
    ("3 the challenge", challenge, OFFERED),
    ("3 it comes with an HTML error, too", lambda c: c.nobody.send("POST", "/paste/", headers={"Accept": "*/*"}).headers["WWW-Authenticate"].startswith('Digest realm="ownpaste"'), True),
    ("3 its words", lambda c: outcome(c.nobody.send("POST", "/paste/", {})), (401, None)),
    ("3 another nonce each time", lambda c: digest(c).challenge().nonce != digest(c).challenge().nonce, True),
    *((f"3 a right answer with {name}", lambda c, name=name: digest(c, name).post(), 200) for name in ("MD5", "SHA-256")),
    ("3 no algorithm is MD5", answered(algorithm=None), 200),
    ("3 the response ignoring case", lambda c: (lambda d: d.send(re.sub(r'response="(\w+)"', lambda m: m[0].upper().replace("RESPONSE", "response"), d.header())).status_code)(digest(c)), 200),
    ("3 a quoted qop", lambda c: (lambda d: d.send(d.header().replace("qop=auth", 'qop="auth"')).status_code)(digest(c)), 200),
    ("3 the realm of the header is not looked at", answered(realm="elsewhere"), 200),
    *((f"3 wrong: {name}", answered(**parts), 401) for name, parts in (("response", {"response": "0" * 32}), ("response that is no hex", {"response": "é"}), ("username", {"username": "nosuch"}), ("another user's", {"username": "bob"}), ("the name in other letters", {"username": "Alice"}), ("no username", {"username": None}), ("no response", {"response": None}), ("qop", {"qop": "auth-int"}), ("algorithm", {"algorithm": "MD5-sess"}), ("an algorithm that is none", {"algorithm": "é"}), ("no count", {"nc": None}), ("a count that is none", {"nc": "zzzzzzzz"}), ("no cnonce", {"cnonce": None}), ("NUL", {"username": "a\\\0"[:1]}))),
    ("3 wrong: the secret", lambda c: status(Paster(c.alice.http.server, "alice", "nonsense").send("POST", "/paste/", {"file_content": "x"})), 401),
    ("3 wrong: the password", lambda c: status(Paster(c.alice.http.server, "alice", "correct horse").send("POST", "/paste/", {"file_content": "x"})), 401),
    *((f"3 {word!r} is challenged", lambda c, word=word: challenge(c, word), OFFERED) for word in ("Basic YWxpY2U6YmF0dGVyeSBzdGFwbGU=", "Bearer og_x", "garbage", "Digest", "Digest username", 'Digest username="alice"', "Digest =,=,", "Digest username*=x''y")),
    ("3 an access token is none", lambda c: challenge(c, f"Bearer {c.alice.http.server.clients[0].token}"), OFFERED),
    ("3 BUG: no qop (RFC 2069) is wrong, no 500", answered(qop=None, nc=None, cnonce=None), 401),
    ("3 BUG: a wrong nonce is 401 and stale, no 400", lambda c: (lambda d: (setattr(d, "nonce", "0123456789abcdef"), challenge(c, d.header()))[1])(digest(c)), STALE),
    ("3 BUG: after a success no invented nonce is taken", lambda c: (lambda d: [d.post(), d.post(nonce="0123456789abcdef"), d.post(nonce=f"{d.nonce[:-8]}{'A' if d.nonce[-8] != 'A' else 'B'}{d.nonce[-7:]}")])(digest(c)), [200, 401, 401]),
    ("3 BUG: an answer is good for once", replayed, (401, STALE)),
    ("3 BUG: nor for another method", lambda c: replayed(c, method="PATCH", path=c.path)[0], 401),
    ("3 BUG: nor for another path", lambda c: (lambda d: status(d.send(d.header("DELETE", "/paste/1/"), "DELETE", c.path)))(digest(c)), 400),
    ("3 BUG: nor for another query", lambda c: (lambda d: status(d.send(d.header("GET", "/paste/"), "GET", "/paste/?private=1")))(digest(c)), 400),
    ("3 BUG: the paste is still there", lambda c: (c.public, (lambda d: d.send(d.header("DELETE", "/paste/1/"), "DELETE", c.path))(digest(c)), status(c.nobody.get(c.path)))[-1], 200),
    ("3 BUG: counts rise", counted(1, 2, 7, 7, 3, 8), [200, 200, 200, 401, 401, 200]),
    ("3 BUG: two clients from one address do not disturb each other", lambda c: (lambda a, b: [a.challenge().nonce != b.challenge().nonce, a.post(), b.post(), a.post()])(digest(c), Digest(c.bob)), [True, 200, 200, 200]),
    ("3 what needs no authentication does not look at the header", lambda c: [c.nobody.send("GET", path, headers={"Authorization": "Digest nonsense"}).status_code for path in ("/", "/paste/", c.path, f"{c.path}raw/", c.named)], [200] * 5),
    # ------------------------------------------------------------------ 4 JSON
    ("4 status ok", lambda c: c.nobody.get("/paste/").json()["status"], "ok"),
    ("4 status fail, error", lambda c: sorted(c.nobody.get("/paste/0/").json()), ["error", "status"]),
    *((f"4 the words of {code}", lambda c, ask=ask: status(ask(c)), code) for code, ask in ((400, lambda c: c.alice.send("POST", "/paste/", {})), (401, lambda c: c.nobody.send("POST", "/paste/", {})), (403, lambda c: c.bob.send("DELETE", c.path)), (404, lambda c: c.nobody.get("/paste/999999/")), (405, lambda c: c.nobody.send("PUT", "/paste/")), (413, lambda c: c.alice.send("POST", "/paste/", {"file_content": "x" * (10 * 2**20 + 1)})), (415, lambda c: c.alice.send("POST", "/paste/")))),
    ("4 the type", lambda c: [c.nobody.get(path).headers["Content-Type"] for path in ("/", "/paste/0/")], ["application/json"] * 2),
    ("4 keys are sorted, non-ASCII escaped, a newline at the end", lambda c: (lambda t: (t[:16], "\\u00e9" in t, t[-1]))(c.nobody.get(f"/paste/{c.alice.paste('é')['paste_id']}/").text), ('{"file_content":', True, "\n")),
    ("4 every success is 200", lambda c: [c.posted()[0], status(c.alice.send("PATCH", c.path, {})), status(c.alice.send("DELETE", c.path))], [200] * 3),
    # ------------------------------------------------------------------ 5 GET /
    ("5 keys", lambda c: sorted(c.nobody.get("/").json()), ["api_version", "language", "languages", "status", "version"]),
    ("5 both spellings are the same", lambda c: (lambda about: about["language"] == about["languages"])(c.nobody.get("/").json()), True),
    ("5 versions", lambda c: (lambda about: (about["api_version"], about["version"]))(c.nobody.get("/").json()), ("1", "0.2.2")),
    *((f"5 the alias {alias}", lambda c, alias=alias: c.nobody.get("/").json()["languages"][alias], name) for alias, name in (("python", "Python"), ("py", "Python"), ("text", "Text only"), ("c++", "C++"), ("js", "JavaScript"))),
    ("5 all of them", lambda c: len(c.nobody.get("/").json()["languages"]) > 800, True),
    ("5 a page for people", lambda c: "gistd" in c.nobody.send("GET", "/", headers={"Accept": "text/html"}).text, True),
    # ------------------------------------------------------------------ 6 the list
    ("6 keys", lambda c: sorted(c.nobody.get("/paste/").json()), ["page", "pages", "pastes", "per_page", "status", "total"]),
    ("6 per_page is no parameter", lambda c: listing(c, "?per_page=3")["per_page"], 20),
    ("6 keys of an item", lambda c: (c.public, sorted(listing(c)["pastes"][0]))[1], SHORT),
    ("6 an item is what POST answered", lambda c: (c.public, {**listing(c)["pastes"][0], "status": "ok"} == c.public)[1], True),
    ("6 newest first", lambda c: (c.public, ids(listing(c)) == sorted(ids(listing(c)), reverse=True))[1], True),
    ("6 by number, not by change", lambda c: (c.public["paste_id"], c.alice.paste("later")["paste_id"], c.changed(language="c"), ids(listing(c))[1] == c.public["paste_id"])[-1], True),
    ("6 public ones only", lambda c: (c.private["paste_id"] in ids(listing(c)), {paste["private"] for paste in listing(c)["pastes"]}), (False, {False})),
    ("6 total counts what is listed", lambda c: (lambda before: (c.private, listing(c)["total"] - before, c.public, listing(c)["total"] - before))(listing(c)["total"])[1::2], (0, 1)),
    ("6 private=1: together", lambda c: (c.public, c.private, ids(listing(c, "?private=1", "alice"))[:2] == [c.private["paste_id"], c.public["paste_id"]])[-1], True),
    ("6 private=1: total", lambda c: (c.private, listing(c, "?private=1", "alice")["total"] > listing(c)["total"])[1], True),
    ("6 private=1: nobody else's", lambda c: c.private["paste_id"] in ids(listing(c, "?private=1", "bob")), False),
    *((f"6 private={word} is passed over", lambda c, word=word: (c.private, c.private["paste_id"] in ids(listing(c, f"?private={word}", "alice")))[1], False) for word in ("true", "0", "", "01", "yes")),
    ("6 page=0 is 1", lambda c: listing(c, "?page=0")["page"], 1),
    *((f"6 page={word}", lambda c, word=word: status(c.nobody.get(f"/paste/?page={word}")), 404) for word in ("-1", "9999", "999999999999999999999", "-999999999999999999999")),
    *((f"6 BUG: page={word!r} is no 500", lambda c, word=word: status(c.nobody.get("/paste/", params={"page": word})), 400) for word in ("x", "", "1.5", "²", "1_0", " ", "\0")),
    ("6 pages", lambda c: (lambda found: found["pages"] == -(-found["total"] // 20))(listing(c)), True),
    ("6 a second page", lambda c: ([c.alice.paste(str(n)) for n in range(max(0, 21 - listing(c)["total"]))], len(listing(c)["pastes"]), listing(c, "?page=2")["page"])[1:], (20, 2)),
    ("6 pages do not overlap", lambda c: set(ids(listing(c))) & set(ids(listing(c, "?page=2"))), set()),
    # ------------------------------------------------------------------ 7 the object
    ("7 keys in full", lambda c: sorted(outcome(c.nobody.get(c.path))[1]), FULL),
    ("7 paste_id rises", lambda c: c.private["paste_id"] < c.public["paste_id"], True),
    ("7 a private id", lambda c: bool(re.fullmatch(r"[A-Za-z0-9]{20}", c.private["private_id"])), True),
    ("7 none of a public one", lambda c: (c.public["private"], c.public["private_id"]), (False, None)),
    ("7 private ids come and go", twice_private, [True] * 3),
    ("7 leading zeros", lambda c: outcome(c.nobody.get(f"/paste/000{c.public['paste_id']}/"))[1]["paste_id"] == c.public["paste_id"], True),
    *((f"7 BUG: {word!r} is no paste, no 500", lambda c, word=word: status(c.nobody.get(f"/paste/{word}/")), 404) for word in ("²", "١", "0", "-1", "1.0", "9" * 18, "9" * 400, "%00", "a" * 20, "é", "%F0%9F%98%80", "%FF")),
    *((f"7 {method} by either id", lambda c, method=method, asked=asked: [status(c.alice.send(method, path, asked)) for path in (c.numbered, (setattr(c, "private", c.alice.paste(private=True)), c.named)[1])], [200] * 2) for method, asked in (("PATCH", {}), ("DELETE", None))),
    ("7 lookup before authentication: GET", lambda c: c.nobody.get("/paste/999999/").headers.get("WWW-Authenticate"), None),
    *((f"7 authentication before lookup: {method}", lambda c, method=method: status(c.nobody.send(method, "/paste/999999/", {})), 401) for method in ("PATCH", "DELETE")),
    *((f"7 private by its private id{below}", lambda c, below=below: c.nobody.get(c.named[:-1] + below).status_code, 200) for below in ("/", "/raw/", "/download/")),
    *((f"7 private by its number{below}", lambda c, below=below: [who.get(c.numbered[:-1] + below).status_code for who in (c.nobody, c.alice)], [401, 200]) for below in ("/", "/raw/", "/download/")),
    ("7 private by its number, another user", lambda c: [status(c.bob.send(method, c.numbered, {})) for method in ("GET", "PATCH", "DELETE")], [404] * 3),
    ("7 a public one's other addresses", lambda c: status(c.nobody.get(f"/paste/{c.alice.http.session.get(c.alice.http.server.url + '/api/gists').json()[0]['id']}/")), 404),
    ("7 pub_timestamp", lambda c: abs(c.public["pub_timestamp"] - time.time()) < 60, True),
    ("7 pub_timestamp stays", lambda c: c.changed(file_content="x")["pub_timestamp"] == c.public["pub_timestamp"], True),
    ("7 the preview: 5 lines", preview(LONG), "0\n1\n2\n3\n4"),
    ("7 the preview: no newline at its end", preview("a\n"), "a"),
    ("7 the preview: every kind of line", preview("a\r\nb\r\nc\x0bd\x0ce\u2028f"), "a\nb\nc\nd\ne"),
    *((f"7 the preview: {separator!r} ends a line", preview(separator.join("abcdef")), "a\nb\nc\nd\ne") for separator in ("\r", "\x1c", "\x1d", "\x1e", "\x85", "\u2029")),
    ("7 the preview: nothing", preview(""), ""),
    ("7 the content as it was sent", lambda c: c.alice.read(c.alice.paste("é\r\n\0\x0b \n\n"))["file_content"], "é\r\n\0\x0b \n\n"),
    ("7 POST and PATCH answer the short form", lambda c: [sorted(c.posted()[1]), sorted(outcome(c.alice.send("PATCH", c.path, {}))[1])], [SHORT] * 2),
    # ------------------------------------------------------------------ 8 POST
    ("8 no content", lambda c: status(c.alice.send("POST", "/paste/", {"file_name": "a"})), 400),
    ("8 empty content", lambda c: c.alice.read(c.alice.paste(""))["file_content"], ""),
    *((f"8 BUG: the content {value!r} is no 500", lambda c, value=value: c.posted(value)[0], 400) for value in (None, 1, True, [], {}, ["x"])),
    *((f"8 the name {name!r}", lambda c, name=name: c.alice.read(c.alice.paste("x", file_name=name))["file_name"], name) for name in (None, "", "a.py", "a/b", "/etc/passwd", "../../x", "..", ".git", " a ", "a\nb", "\u202ex", "x" * 300, "é" * 255, "a\\b", "pastefile1", "-rf", "CON")),
    ("8 no name", lambda c: c.alice.paste()["file_name"], None),
    *((f"8 no name is {value!r}", lambda c, value=value: c.posted(file_name=value)[0], 400) for value in (1, [], True, "a\0b", "x" * 5000)),
    *((f"8 the language {word!r} is kept", lambda c, word=word: c.alice.read(c.alice.paste("x", language=word))["language"], word) for word in ("python", "nosuch", "Python", "", "é x")),
    *((f"8 no language is {value!r}", lambda c, value=value: c.posted(language=value)[0], 400) for value in (1, [], False, "\0", "x" * 300)),
    *((f"8 private: {value!r}", lambda c, value=value: c.posted(private=value)[1]["private"], value) for value in (True, False)),
    ("8 public if not said", lambda c: c.posted()[1]["private"], False),
    *((f"8 private is not {value!r}", lambda c, value=value: c.posted(private=value)[0], 400) for value in (1, 0, "yes", "true", None, [], 1.0)),
    ("8 what is unknown is passed over", lambda c: c.posted(paste_id=1, private_id="x", pub_timestamp=1, user_id=1)[0], 200),
    *((f"8 415: {name}", lambda c, data=data, kind=kind: c.raw_post(data, kind), 415) for name, data, kind in (("another type", b'{"file_content":"x"}', "text/plain"), ("a form", b"file_content=x", "application/x-www-form-urlencoded"), ("no type", b'{"file_content":"x"}', None), ("no body", b"", "application/json"), ("null", b"null", "application/json"))),
    ("8 a charset", lambda c: c.raw_post(b'{"file_content":"x"}', "application/json; charset=UTF-8"), 200),
    *((f"8 malformed: {data!r}", lambda c, data=data: c.raw_post(data), 400) for data in (b"{", b'{"file_content":"x"', b"\xff", b'{"file_content":"\\ud800"}', b'{"file_content":"x","file_content":"y"}', b"nonsense", b'{"file_content":NaN}')),
    *((f"8 BUG: {data!r} at the top is no 500", lambda c, data=data: c.raw_post(data), 400) for data in (b"[]", b'"x"', b"1", b"true", b'[{"file_content":"x"}]')),
    ("8 nested deeply", lambda c: c.raw_post(b"[" * 100_000), 400),
    ("8 authentication comes first", lambda c: [status(c.nobody.send("POST", "/paste/", data=data)) for data in (b"{", b"", b"null")], [401] * 3),
    ("8 a language of null is guessed", guessed("x", language=None, file_name="m.py"), "python"),
    *((f"8 guessed by the name {name}", guessed("x", file_name=name), language) for name, language in (("m.py", "python"), ("m.txt", "text"), ("m.c", "c"), ("m.h", "c"), ("m.html", "html"), ("m.md", "markdown"), ("m.json", "json"), ("", "text"), ("no-ending", "text"))),
    *((f"8 guessed from {content!r}", guessed(content), language) for content, language in (("import os\nprint(1)", "python"), ("package main", guess_lexer("package main").aliases[0]), ("int main(){return 0;}", "teratermmacro"), ("nothing to tell", "text"), ("", "text"))),
    ("8 guessed from the content where no name matches", guessed("import os\nprint(1)", file_name="x.nosuch"), "python"),
    # ------------------------------------------------------------------ 9 PATCH
    ("9 nothing", lambda c: c.changed() == c.alice.read(c.public), True),
    *((f"9 {name}: {value!r}", lambda c, name=name, value=value: c.changed(**{name: value})[name], value) for name, value in (("file_content", "other\n"), ("file_content", ""), ("file_name", "b.c"), ("file_name", ""), ("file_name", "../x"), ("language", "rust"), ("language", "nosuch"), ("private", True), ("private", False))),
    ("9 the rest stays", lambda c: {**c.changed(file_name="z"), "file_name": "a.py"} == c.alice.read({**c.public, "private_id": None}) | {"file_name": "a.py"}, True),
    ("9 all at once", lambda c: [c.changed(file_content="x", file_name="y", language="z", private=True)[name] for name in ("file_content", "file_name", "language", "private")], ["x", "y", "z", True]),
    *((f"9 null leaves {name}", lambda c, name=name: c.changed(**{name: None}) == c.alice.read(c.public), True) for name in ("file_content", "file_name", "language", "private")),
    ("9 no name cannot be had again", lambda c: c.changed(file_name=None)["file_name"], "a.py"),
    *((f"9 nothing is saved: {fields}", lambda c, fields=fields: unsaved(c, **fields), (400, True)) for fields in ({"private": 1, "file_name": "z"}, {"private": "yes", "file_content": "z"}, {"file_content": 1, "language": "c"}, {"file_content": [], "private": True}, {"file_name": 1, "language": "c"}, {"file_name": "\0", "language": "c"})),
    ("9 the language is not guessed again", lambda c: c.changed(file_name="z.rb", file_content="package main")["language"], "python"),
    ("9 nor of what was guessed without a name", lambda c: c.changed(c.private, file_name="z.rb")["language"], "text"),
    ("9 unknown", lambda c: status(c.alice.send("PATCH", "/paste/999999/", {})), 404),
    ("9 another user's", lambda c: status(c.bob.send("PATCH", c.path, {"file_content": "x"})), 403),
    *((f"9 415: {name}", lambda c, data=data, kind=kind: c.raw_post(data, kind, "PATCH", c.path), 415) for name, data, kind in (("another type", b"{}", "text/plain"), ("no body", b"", "application/json"), ("null", b"null", "application/json"))),
    *((f"9 400: {data!r}", lambda c, data=data: c.raw_post(data, "application/json", "PATCH", c.path), 400) for data in (b"{", b"[]", b'"x"')),
    # ------------------------------------------------------------------ 10 DELETE
    ("10 the answer", lambda c: c.alice.send("DELETE", c.path).json(), {"status": "ok"}),
    ("10 it is gone", lambda c: (c.alice.send("DELETE", c.path), status(c.alice.get(c.path)), status(c.alice.send("DELETE", c.path)))[1:], (404, 404)),
    ("10 unknown", lambda c: status(c.alice.send("DELETE", "/paste/nosuch/")), 404),
    ("10 another user's", lambda c: (status(c.bob.send("DELETE", c.path)), status(c.nobody.get(c.path))), (403, 200)),
    # ------------------------------------------------------------------ 11 raw and download
    ("11 raw", lambda c: fetched("raw", "é\r\n\0")(c).content, "é\r\n\0".encode()),
    ("11 raw: the type", header("Content-Type", fetched("raw", file_name="a.html")), "text/plain; charset=utf-8"),
    ("11 raw: nothing is run or sniffed", lambda c: [fetched("raw", "<script>")(c).headers[name] for name in ("X-Content-Type-Options", "Content-Security-Policy")], ["nosniff", "default-src 'none'; sandbox"]),
    ("11 download", lambda c: fetched("download", "é\n")(c).content, "é\n".encode()),
    *((f"11 download: the type of {language}", lambda c, language=language: fetched("download", language=language)(c).headers["Content-Type"].partition(";")[0], kind) for language, kind in (("python", "text/x-python"), ("text", "text/plain"), ("html", "text/html"), ("json", "application/json"), ("nosuch", "application/octet-stream"))),
    *((f"11 download: called {name!r}", lambda c, name=name: fetched("download", file_name=name)(c).headers["Content-Disposition"].partition("; filename*")[0], f"attachment; filename=\"{called}\"") for name, called in ((None, "untitled.txt"), ("", "untitled.txt"), ("a.py", "a.py"), ("x/y/a.py", "a.py"), ("x/", "untitled.txt"), ('a"b\r\nX: y', "a_b__X: y"))),
    ("11 download: called in any letters", lambda c: "filename*=UTF-8''%E2%86%92.py" in fetched("download", file_name="→.py")(c).headers["Content-Disposition"], True),
    ("11 unknown", lambda c: [status(c.nobody.get(f"/paste/{id}/{action}/")) for id in ("999999", "nosuch") for action in ("raw", "download")], [404] * 4),
    # ------------------------------------------------------------------ 12 pages
    ("12 the page of a paste shows it", lambda c: "two" in c.nobody.http.session.get(c.nobody.http.server.url + c.path).text, True),
    ("12 the list has a page", lambda c: c.nobody.http.session.get(f"{c.nobody.http.server.url}/paste/").headers["Content-Type"], "text/html; charset=utf-8"),
    ("12 a private one by its number", lambda c: c.accepting("text/html", c.numbered), "401 text/html"),
]  # fmt: skip


def test_rows_have_names_of_their_own() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) > 300 and [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[ascii(row[0]) for row in ROWS])
def test_statement(pasters: dict[str, Paster], check: Check, expected: Any) -> None:
    assert check(Cast(pasters)) == expected
