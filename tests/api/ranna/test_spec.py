"""ranna's snippets, statement by statement. Each row names a section of the specification and one thing a client can see.

Rows marked BUG hold that a hole of the original is closed.
"""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.api.ranna.client import GUID, IDENT, MASTERKEY, TIME, Cast, Snipper, outcome

Check = Callable[[Cast], Any]
UNAUTHORIZED, NOT_FOUND, UNFIT = (
    (401, "Unauthorized"),
    (404, "Not Found"),
    (400, "One or more validation errors occurred."),
)
NO_LANGUAGE, NO_CODE = (400, "Language must be specified"), (400, "Code must be specified")
BAD_NAME, TAKEN = (400, "Invalid username pattern"), (400, "Username already exists")
NOBODYS = "01234567-89ab-cdef-0123-456789abcdef"
ZERO_WIDTH = "\u200b"


def posted(**fields: Any) -> Check:
    """The outcome of a new snippet of nobody's."""
    return lambda c: c.nobody.post({"language": "go", "code": "x", **fields})


def kept(name: str, **fields: Any) -> Check:
    return lambda c: c.nobody.get(c.nobody.snippet(**fields))[1][name]


def problem(asked: Any, path: str = "/snippets") -> Check:
    """All of an error but the trace and the words for single members."""

    def check(c: Cast) -> Any:
        answer = c.alice.send("POST", path, asked).json()
        answer.pop("traceId")
        return {**answer, "errors": sorted(answer.pop("errors"))}

    return check


def with_auth(value: str, method: str = "GET", path: str = "/snippets", asked: Any = None) -> Check:
    return lambda c: outcome(c.nobody.send(method, path.format(c.snippet["ident"]), asked, auth=value.format(c=c)))[0]


def spelt(spell: Callable[[str], str]) -> Check:
    return lambda c: c.nobody.send("GET", f"/snippets/{spell(c.snippet['id'])}").status_code


def strangers(method: str, name: str, asked: Any = None) -> Check:
    """What bert and nobody get who ask for it, of anna's snippet and of nobody's, and that both are as they were."""

    def check(c: Cast) -> Any:
        outcomes = []
        for snippet in (c.snippet, c.anonymous):
            before = c.nobody.get(snippet)
            for who in (c.bob, c.nobody):
                outcomes.append(outcome(who.send(method, f"/snippets/{snippet[name]}", asked)))
            assert c.nobody.get(snippet) == before
        return outcomes

    return check


def basic(user: str, key: str) -> str:
    return f"basic {base64.b64encode(f'{user}:{key}'.encode()).decode()}"


def deleted(auth: Callable[[Snipper], str]) -> Check:
    """The outcome of deleting an account with two snippets, and whether these are gone."""

    def check(c: Cast) -> Any:
        who = c.newcomer
        mine = [who.snippet(), who.snippet()]
        got = outcome(who.send("DELETE", f"/users/{who.name}", auth=auth(who)))
        return got, [c.nobody.get(snippet)[0] for snippet in mine]

    return check


def exchanged(auth: Callable[[Snipper], str]) -> Check:
    return lambda c: outcome(c.nobody.send("POST", f"/users/{c.newcomer.name}/apitoken", auth=auth(c.newcomer)))[0]


ROWS: list[tuple[str, Check, Any]] = [
    # ------------------------------------------------------------------ 1 paths
    *((f"1 mounted at {mount or '/'}", lambda c, mount=mount: c.nobody.send("GET", f"!{mount}/snippets/{c.snippet['ident']}").status_code, 200) for mount in ("/v1", "/v1.0", "")),
    *((f"1 making one at {mount or '/'}", lambda c, mount=mount: c.nobody.send("POST", f"!{mount}/snippets", {"language": "go", "code": "x"}).status_code, 200) for mount in ("/v1", "/v1.0", "")),
    *((f"1 users at {mount or '/'}", lambda c, mount=mount: c.nobody.send("POST", f"!{mount}/users/anna/apitoken", auth=f"bearer {c.alice.masterkey}").status_code, 200) for mount in ("/v1", "/v1.0", "")),
    *((f"1 no version {version}", lambda c, version=version: c.nobody.send("GET", f"!/{version}/snippets/{c.snippet['ident']}").status_code, 404) for version in ("v2", "v0", "v1.1")),
    ("1 a slash at the end", lambda c: c.nobody.send("GET", f"/snippets/{c.snippet['ident']}/").status_code, 200),
    ("1 a slash at the end of the list", lambda c: c.alice.send("GET", "/snippets/").status_code, 200),
    *((f"1 {method} {path} is 405", lambda c, method=method, path=path: outcome(c.alice.send(method, path)), (405, "Method Not Allowed")) for method, path in (("PUT", "/snippets"), ("DELETE", "/snippets"), ("PUT", "/snippets/abcdef"), ("PATCH", "/snippets/abcdef"), ("GET", "/users/anna/apitoken"), ("PUT", "/users/anna/apitoken"), ("POST", "!/users/anna"), ("GET", "!/users/anna"))),
    ("1 405 says what is allowed", lambda c: {"DELETE", "GET", "POST"} <= set(c.nobody.send("PUT", "/snippets/abcdef").headers["Allow"].split(", ")), True),
    *((f"1 no such endpoint: {path}", lambda c, path=path: c.alice.send("GET", path).status_code, 404) for path in ("/snippets/abcdef/raw", "/users", "!/users/anna/x", "/search")),
    ("1 unknown paths in its shape", lambda c: outcome(c.nobody.send("GET", "/snippets/a/b")), NOT_FOUND),
    # ------------------------------------------------------------------ 2 formats
    ("2 JSON in UTF-8", lambda c: c.nobody.send("GET", f"/snippets/{c.snippet['ident']}").headers["Content-Type"], "application/json; charset=utf-8"),
    ("2 nulls are there", lambda c: [c.anonymous[name] for name in ("owner", "displayname")], [None, None]),
    ("2 ids", lambda c: [bool(GUID.fullmatch(each["id"])) for each in (c.snippet, c.snippet["owner"])], [True, True]),
    ("2 timestamps", lambda c: [bool(TIME.fullmatch(each["timestamp"])) for each in (c.snippet, c.snippet["owner"])], [True, True]),
    ("2 timestamps can be read", lambda c: datetime.fromisoformat(c.snippet["timestamp"]).utcoffset().total_seconds(), 0.0),
    ("2 a charset", lambda c: c.raw(b'{"language":"go","code":"x"}', **{"Content-Type": "application/json; charset=utf-8"}).status_code, 200),
    *((f"2 {type!r} is not JSON", lambda c, type=type: outcome(c.raw(b'{"language":"go","code":"x"}', **{"Content-Type": type})), (415, "Unsupported Media Type")) for type in ("text/plain", "application/x-www-form-urlencoded", "")),
    ("2 nor is it where one is changed", lambda c: outcome(c.alice.send("POST", f"/snippets/{c.snippet['ident']}", data=b"{}", headers={"Content-Type": "text/plain"}))[0], 415),
    ("2 the case of members does not count", lambda c: c.nobody.post({"LANGUAGE": "go", "Code": "x"})[0], 200),
    ("2 unknown members are passed over", lambda c: posted(id="x", ident="y", owner={"username": "bert"}, timestamp=5, junk=[])(c)[0], 200),
    ("2 and are not taken", lambda c: (s := c.nobody.snippet(ident="aaaaaa", owner=c.snippet["owner"]), s["ident"] != "aaaaaa", s["owner"])[1:], (True, None)),
    ("2 a user", lambda c: sorted(c.snippet["owner"]), ["id", "timestamp", "username"]),
    ("2 a new user", lambda c: sorted(c.nobody.send("PUT", "/users/members").json()), ["id", "masterkey", "timestamp", "username"]),
    ("2 a token", lambda c: sorted(c.alice.send("POST", "/users/anna/apitoken", auth=f"bearer {c.alice.masterkey}").json()), ["token"]),
    ("2 a snippet", lambda c: sorted(c.snippet), ["code", "displayname", "id", "ident", "language", "owner", "timestamp"]),
    ("2 a snippet of a list", lambda c: (c.snippet, sorted(c.alice.send("GET", "/snippets").json()[0]))[1], ["displayname", "id", "ident", "language", "timestamp"]),
    ("2 the same when it is read", lambda c: c.nobody.get(c.snippet), lambda c: (200, c.snippet)),
    # ------------------------------------------------------------------ 3 errors
    ("3 401", lambda c: {**c.nobody.send("GET", "/snippets").json(), "traceId": ""}, {"type": "https://tools.ietf.org/html/rfc7235#section-3.1", "title": "Unauthorized", "status": 401, "traceId": "", "code": 401, "message": "Unauthorized"}),
    ("3 401 never challenges", lambda c: c.nobody.send("GET", "/snippets").headers.get("WWW-Authenticate"), None),
    ("3 the type of 401", lambda c: c.nobody.send("GET", "/snippets").headers["Content-Type"], "application/problem+json; charset=utf-8"),
    ("3 the type of own errors", lambda c: c.nobody.send("GET", "/snippets/abcdef").headers["Content-Type"], "application/json; charset=utf-8"),
    ("3 404", lambda c: {**c.nobody.send("GET", "/snippets/abcdef").json(), "traceId": ""}, {"type": "https://tools.ietf.org/html/rfc7231#section-6.5.4", "title": "Not Found", "status": 404, "traceId": "", "code": 404, "message": "Not Found"}),
    ("3 what is unfit", problem({"language": "c++", "code": 5, "displayname": []}), {"type": "https://tools.ietf.org/html/rfc7231#section-6.5.1", "title": UNFIT[1], "status": 400, "code": 400, "message": UNFIT[1], "errors": ["Code", "Displayname", "Language"]}),
    ("3 its type", lambda c: c.nobody.send("POST", "/snippets", {"language": 5}).headers["Content-Type"], "application/problem+json; charset=utf-8"),
    ("3 traces differ", lambda c: len({c.nobody.send("GET", "/snippets").json()["traceId"] for _ in range(2)}), 2),
    *((f"3 a body that is {data!r}", lambda c, data=data: outcome(c.raw(data)), UNFIT) for data in (b"", b"{", b"[]", b'"x"', b"null", b"1", b"\xff", b'{"code":NaN}', b'{"code":"\\ud800"}', b'{"code":"a","code":"b"}', b"[" * 9999)),
    ("3 that is said of all of it", lambda c: list(c.raw(b"{").json()["errors"]), ["$"]),
    ("3 a bad language before a blank code", posted(language="c++", code=""), UNFIT),
    ("3 language first", lambda c: c.nobody.post({}), NO_LANGUAGE),
    *((f"3 language {word!r}", posted(language=word), NO_LANGUAGE) for word in (None, "", " ", "\t\n")),
    *((f"3 code {word!r}", posted(code=word), NO_CODE) for word in (None, "", " \n")),
    ("3 no code", lambda c: c.nobody.post({"language": "go"}), NO_CODE),
    # ------------------------------------------------------------------ 4 users
    ("4 a new user", lambda c: (who := c.nobody.send("PUT", "/users/newest"), who.status_code, who.json()["username"])[1:], (200, "newest")),
    ("4 a body is passed over", lambda c: c.nobody.send("PUT", "/users/bodied", data=b"{").status_code, 200),
    ("4 so is a token", lambda c: c.nobody.send("PUT", "/users/tokened", auth="bearer x").status_code, 200),
    ("4 the masterkey", lambda c: bool(MASTERKEY.fullmatch(c.newcomer.masterkey)), True),
    ("4 its 128 bytes", lambda c: len(base64.b64decode(c.newcomer.masterkey[:-1].replace("_", "").replace("-", "+") + "=")), 128),
    *((f"4 the name {name!r}", lambda c, name=name: outcome(c.nobody.send("PUT", f"/users/{name}")), BAD_NAME) for name in ("a", "Anna", "x" * 33, "a.b", "é1", "a b", "a%00b")),
    *((f"4 a name of {len(name)}", lambda c, name=name: c.nobody.send("PUT", f"/users/{name}").status_code, 200) for name in ("_-", "y" * 31 + "z")),
    ("4 a reserved name", lambda c: outcome(c.nobody.send("PUT", "/users/snippets"))[0], 400),
    ("4 a name that is taken", lambda c: outcome(c.nobody.send("PUT", "/users/anna")), TAKEN),
    ("4 nothing is shown again", lambda c: c.alice.masterkey in json.dumps(c.alice.snippet()), False),
    ("4 a token is exchanged", exchanged(lambda who: f"bearer {who.masterkey}"), 200),
    ("4 earlier tokens stay good", lambda c: (c.newcomer.exchange(), c.newcomer.send("GET", "/snippets").status_code)[1], 200),
    ("4 the new one is good", lambda c: (token := c.newcomer.exchange(), token != c.newcomer.token, c.nobody.send("GET", "/snippets", auth=f"bearer {token}").status_code)[1:], (True, 200)),
    *((f"4 no exchange for {name}", lambda c, auth=auth: outcome(c.nobody.send("POST", "/users/anna/apitoken", auth=auth(c))), UNAUTHORIZED) for name, auth in (("nothing", lambda c: None), ("an API token", lambda c: f"bearer {c.alice.token}"), ("somebody else's", lambda c: f"bearer {c.bob.masterkey}"), ("a part of it", lambda c: f"bearer {c.alice.masterkey[:-1]}"), ("an empty one", lambda c: "bearer "), ("another scheme", lambda c: f"token {c.alice.masterkey}"))),
    ("4 unknown user", lambda c: outcome(c.nobody.send("POST", "/users/nosuch/apitoken", auth=f"bearer {c.alice.masterkey}")), UNAUTHORIZED),
    ("4 deleting a user and what is theirs", deleted(lambda who: f"bearer {who.masterkey}"), ((204, None), [404, 404])),
    ("4 by basic", deleted(lambda who: f"Basic {who.masterkey}"), ((204, None), [404, 404])),
    ("4 by real basic", deleted(lambda who: basic(who.name, who.masterkey)), ((204, None), [404, 404])),
    ("4 not by an API token", deleted(lambda who: f"bearer {who.token}"), (UNAUTHORIZED, [200, 200])),
    ("4 not by nothing", deleted(lambda who: ""), (UNAUTHORIZED, [200, 200])),
    ("4 not by another's", lambda c: outcome(c.nobody.send("DELETE", f"/users/{c.newcomer.name}", auth=f"bearer {c.alice.masterkey}")), UNAUTHORIZED),
    ("4 the name is free again", lambda c: (c.newcomer.send("DELETE", f"/users/{c.newcomer.name}", auth=f"bearer {c.newcomer.masterkey}"), c.nobody.send("PUT", f"/users/{c.newcomer.name}").status_code)[1], 200),
    # ------------------------------------------------------------------ 5 the header
    *((f"5 scheme {scheme}", with_auth(scheme + " {c.alice.token}"), 200) for scheme in ("bearer", "Bearer", "BEARER")),
    ("5 one character is dropped", with_auth("bearer:{c.alice.token}"), 200),
    ("5 one only", with_auth("bearer  {c.alice.token}"), 401),
    *((f"5 {value!r} is nobody", with_auth(value, "GET", "/snippets/{}"), 200) for value in ("Basic YTpi", "Token x", "Digest x", "x")),
    *((f"5 {value!r} is nobody where a token is needed", with_auth(value), 401) for value in ("Basic YTpi", "Token x")),
    *((f"5 BUG: {value!r}: {method} {path}", with_auth(value, method, path, asked), 401) for value in ("bearer", "Bearer ") for method, path, asked in (("GET", "/snippets", None), ("GET", "/snippets/{}", None), ("POST", "/snippets", {"language": "go", "code": "x"}))),
    *((f"5 a wrong token: {method} {path}", with_auth("bearer wrong", method, path, asked), 401) for method, path, asked in (("GET", "/snippets", None), ("GET", "/snippets/{}", None), ("POST", "/snippets", {"language": "go", "code": "x"}), ("POST", "/snippets/{}", {}), ("DELETE", "/snippets/{}", None), ("GET", "/snippets/nosuch", None))),
    ("5 a masterkey is no token", with_auth("bearer {c.alice.masterkey}"), 401),
    ("5 a token that was tampered with", with_auth("bearer x{c.alice.token}"), 401),
    ("5 a token whose user is gone", lambda c: (c.newcomer.send("DELETE", f"/users/{c.newcomer.name}", auth=f"bearer {c.newcomer.masterkey}"), outcome(c.newcomer.send("GET", f"/snippets/{c.snippet['ident']}")))[1], UNAUTHORIZED),
    # ------------------------------------------------------------------ 6 tokens
    ("6 issued anew each time", lambda c: c.newcomer.exchange() != c.newcomer.exchange(), True),
    ("6 opaque: only letters that a header takes", lambda c: c.alice.token.isascii() and " " not in c.alice.token, True),
    ("6 taken back", lambda c: (who := c.newcomer, outcome(who.send("DELETE", f"/users/{who.name}/apitoken", auth=f"bearer {who.masterkey}")), outcome(who.send("GET", "/snippets")))[1:], ((204, None), UNAUTHORIZED)),
    ("6 not by a token", lambda c: outcome(c.newcomer.send("DELETE", f"/users/{c.newcomer.name}/apitoken")), UNAUTHORIZED),
    # ------------------------------------------------------------------ 7 making one
    ("7 200", lambda c: c.alice.post({"language": "go", "code": "x"})[0], 200),
    ("7 the owner", lambda c: c.snippet["owner"]["username"], "anna"),
    ("7 nobody", lambda c: c.anonymous["owner"], None),
    ("7 the ident", lambda c: bool(IDENT.fullmatch(c.snippet["ident"])), True),
    ("7 idents differ", lambda c: len({c.nobody.snippet()["ident"] for _ in range(3)}), 3),
    *((f"7 language {word!r}", kept("language", language=word), word) for word in ("go", "golang", "Ωmega", "a_b-c:d.e", "x" * 50, "GO")),
    *((f"7 language {word!r} is refused", posted(language=word), UNFIT) for word in ("c++", "c#", "a b", "x" * 51, "go\n", "a/b", ZERO_WIDTH, 5, True, [])),
    *((f"7 code {code!a}", kept("code", code=code), code) for code in ("x", " x ", "a\r\nb", "é\U0001f600\n", "\0", "no newline", "\ufeffx", "\n\nx\n\n")),
    ("7 code of 500,000", kept("code", code="x" * 500_000), "x" * 500_000),
    ("7 code of 500,001", posted(code="x" * 500_001), UNFIT),
    ("7 UTF-16 counts", posted(code="\U0001f600" * 250_001), UNFIT),
    ("7 it counts right", lambda c: posted(code="\U0001f600" * 250_000)(c)[0], 200),
    *((f"7 code {code!r}", posted(code=code), UNFIT) for code in (5, [], {}, True)),
    ("7 a display name is passed over", kept("displayname", displayname="a title"), None),
    ("7 of 512", lambda c: posted(displayname="x" * 512)(c)[0], 200),
    *((f"7 a display name {word!r:.20}", posted(displayname=word), UNFIT) for word in ("x" * 513, 5, "\0")),
    # ------------------------------------------------------------------ 7 reading one
    ("7 by ident", lambda c: c.bob.get(c.snippet)[0], 200),
    ("7 idents are exact", lambda c: c.nobody.send("GET", f"/snippets/{c.snippet['ident'].swapcase()}").status_code if c.snippet["ident"].swapcase() != c.snippet["ident"] else 404, 404),
    *((f"7 by GUID, {name}", spelt(spell), 200) for name, spell in (("hyphenated", str), ("upper case", str.upper), ("digits", lambda id: id.replace("-", "")), ("braces", "{{{}}}".format), ("parentheses", "({})".format))),
    *((f"7 no GUID: {name}", spelt(spell), 404) for name, spell in (("half a brace", "{{{}".format), ("mixed", "{{{})".format), ("urn", "urn:uuid:{}".format), ("short", lambda id: id[:-1]))),
    *((f"7 unknown: {ident}", lambda c, ident=ident: outcome(c.nobody.send("GET", f"/snippets/{ident}")), NOT_FOUND) for ident in ("nosuch", NOBODYS, "x", "%00", "é", "abcdefg")),
    # ------------------------------------------------------------------ 7 the list
    ("7 the list needs a token", lambda c: outcome(c.nobody.send("GET", "/snippets")), UNAUTHORIZED),
    ("7 an empty list", lambda c: outcome(c.newcomer.send("GET", "/snippets")), (200, [])),
    ("7 the list", lambda c: [c.newcomer.snippet(str(n))["ident"] for n in range(3)] == [s["ident"] for s in c.newcomer.send("GET", "/snippets").json()], True),
    ("7 no paging", lambda c: ([c.newcomer.snippet() for _ in range(101)], len(c.newcomer.send("GET", "/snippets").json()))[1], 101),
    ("7 mine only", lambda c: (c.anonymous, c.snippet, outcome(c.newcomer.send("GET", "/snippets")))[2], (200, [])),
    # ------------------------------------------------------------------ 7 changing one
    ("7 200 with all of it", lambda c: c.changed({"displayname": "T", "code": "two"}), lambda c: (200, {**c.snippet, "displayname": "T", "code": "two"})),
    ("7 BUG: the code is text, then and later", lambda c: (c.changed({"code": "two\né"})[1]["code"], c.nobody.get(c.snippet)[1]["code"]), ("two\né", "two\né")),
    ("7 only the display name", lambda c: c.changed({"displayname": "T"}), lambda c: (200, {**c.snippet, "displayname": "T"})),
    ("7 only the code", lambda c: c.changed({"code": "two"}), lambda c: (200, {**c.snippet, "code": "two"})),
    ("7 language is never changed", lambda c: c.changed({"language": "rust", "code": "two"})[1]["language"], "go"),
    ("7 language is checked", lambda c: c.changed({"language": "c++"}), UNFIT),
    ("7 blank stays", lambda c: c.changed({"displayname": " ", "code": "\n", "language": ""}), lambda c: (200, c.snippet)),
    ("7 null stays", lambda c: c.changed({"displayname": None, "code": None, "language": None}), lambda c: (200, c.snippet)),
    ("7 a title cannot be removed", lambda c: (c.changed({"displayname": "T"}), c.changed({"displayname": ""}))[1][1]["displayname"], "T"),
    ("7 a title of 512", lambda c: c.changed({"displayname": "é" * 512})[1]["displayname"], "é" * 512),
    ("7 a whole snippet is taken back", lambda c: c.changed({**c.snippet, "displayname": "T"}), lambda c: (200, {**c.snippet, "displayname": "T"})),
    *((f"7 {asked!r:.30} is unfit", lambda c, asked=asked: c.changed(asked), UNFIT) for asked in ({"code": 5}, {"code": "x" * 500_001}, {"displayname": "x" * 513}, [])),
    ("7 by GUID", lambda c: outcome(c.alice.send("POST", f"/snippets/{c.snippet['id']}", {"code": "two"}))[0], 200),
    ("7 unknown", lambda c: c.alice.post({"code": "x"}, "/snippets/nosuch"), NOT_FOUND),
    ("7 order: the token, the body, the snippet", lambda c: [outcome(who.send("POST", "/snippets/nosuch", {"code": 5})) for who in (c.nobody, c.alice)], [UNAUTHORIZED, UNFIT]),
    ("7 BUG: strangers change nothing", strangers("POST", "ident", {"code": "evil", "displayname": "evil"}), [NOT_FOUND, UNAUTHORIZED] * 2),
    ("7 BUG: nor by GUID", strangers("POST", "id", {"code": "evil", "displayname": "evil"}), [NOT_FOUND, UNAUTHORIZED] * 2),
    # ------------------------------------------------------------------ 7 deleting one
    ("7 204, and gone", lambda c: (outcome(c.alice.send("DELETE", f"/snippets/{c.snippet['ident']}")), c.alice.get(c.snippet)), ((204, None), NOT_FOUND)),
    ("7 deleted by GUID", lambda c: (outcome(c.alice.send("DELETE", f"/snippets/{c.snippet['id']}")), c.alice.get(c.snippet)), ((204, None), NOT_FOUND)),
    ("7 strangers delete nothing; nobody's stays", strangers("DELETE", "ident"), [NOT_FOUND, UNAUTHORIZED] * 2),
    ("7 BUG: nor by GUID: deleting", strangers("DELETE", "id"), [NOT_FOUND, UNAUTHORIZED] * 2),
    ("7 deleting what is not there", lambda c: outcome(c.alice.send("DELETE", "/snippets/nosuch")), NOT_FOUND),
    # ------------------------------------------------------------------ 8 scripts of other sites
    ("8 an origin is told that it may", lambda c: (r := c.nobody.send("GET", f"/snippets/{c.snippet['ident']}", headers={"Origin": "https://a.example"}), r.headers["Access-Control-Allow-Origin"], r.headers["Access-Control-Allow-Credentials"], "Origin" in r.headers["Vary"])[1:], ("https://a.example", "true", True)),
    ("8 also of errors", lambda c: c.nobody.send("GET", "/snippets/a/b", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"], "https://a.example"),
    ("8 a browser asks before", lambda c: (r := c.nobody.send("OPTIONS", "/snippets", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}), r.status_code, "POST" in r.headers["Access-Control-Allow-Methods"], "Authorization" in r.headers["Access-Control-Allow-Headers"])[1:], (200, True, True)),
    ("8 cookies are nobody's", lambda c: outcome(c.nobody.send("GET", "/snippets", headers={"Cookie": f"session={c.alice.token}"})), UNAUTHORIZED),
]  # fmt: skip


def test_rows_have_names_of_their_own() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) > 200 and [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[ascii(row[0]) for row in ROWS])
def test_statement(snippers: dict[str, Snipper], check: Check, expected: Any) -> None:
    cast = Cast(snippers)
    got = check(cast)
    assert got == (expected(cast) if callable(expected) else expected)
