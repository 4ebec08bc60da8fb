"""The conformance checklist for clients of paste.sr.ht, row by row: each row names its number there.

What is held elsewhere, with a receiver or a browser, is named by its test.
"""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api.sourcehut.client import (
    NO_AUTHORIZATION,
    NOT_FOUND,
    UNAUTHORIZED,
    Cast,
    Check,
    Sender,
    at,
    blob_at,
    blob_id,
    lacks,
)
from tests.web.people import Person

TESTS = Path(__file__).parents[2]
FILE = {"filename": "a.py", "contents": "x\n"}
NAMELESS = {"contents": "x\n"}


def times(c: Cast) -> list[bool]:
    """Whether clients in Go can read each of the times that a paste and its blob have."""
    told = [c.paste, c.alice.ask("GET", at(c.paste))[1], *c.alice.ask("GET", "/pastes")[1]["results"]]
    told.append(c.alice.ask("GET", blob_at(c.paste))[1])
    return [bool(re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}\+00:00", each["created"])) for each in told]


def cursors(c: Cast) -> list[Any]:
    """The `next` of each page, walked as the clients do that begin with -1."""
    found, start = [], "-1"
    while start is not None:
        start = c.paula.ask("GET", f"/pastes?start={start}")[1]["next"]
        found.append(start)
    return found


def deleted(c: Cast, **options: Any) -> Any:
    answer = c.alice.send("DELETE", at(c.paste), headers={"Content-Type": "application/json"}, **options)
    return answer.status_code, answer.content, c.alice.ask("GET", at(c.paste))


def hidden(c: Cast, kind: str) -> list[Any]:
    """What bob gets who reads, deletes and changes a paste of alice's, and reads its blob."""
    paste = c.alice.paste(visibility=kind)
    asked = (("GET", at(paste), None), ("GET", blob_at(paste), None), ("DELETE", at(paste), None))
    return [c.bob.ask(*each) for each in (*asked, ("PUT", at(paste), {"visibility": "public"}))]


ROWS: list[tuple[int, str, Check, Any]] = [
    (1, "+00:00 everywhere", lambda c: set(times(c)), {True}),
    (1, "it is now, in UTC", lambda c: abs((datetime.fromisoformat(c.paste["created"]) - datetime.now(UTC)).total_seconds()) < 60, True),
    (2, "`next` is a string, and null on the last page", lambda c: [type(each).__name__ for each in cursors(c)], ["str", "str", "NoneType"]),
    (2, "it is no number in JSON", lambda c: re.search(r'"next": ("\d+"|null)', c.paula.send("GET", "/pastes").text) is not None, True),
    (3, "201 with the paste", lambda c: [(made := c.alice.post(FILE))[0], c.alice.ask("GET", at(made[1]))[1] == made[1]], [201, True]),
    (3, "204, empty", lambda c: deleted(c), (204, b"", NOT_FOUND)),
    (4, "blob_id is what git says", lambda c: c.alice.paste("hello world\n")["files"][0]["blob_id"], "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"),
    (4, "and not the SHA-1 of the contents", lambda c: c.alice.ask("GET", f"/blobs/{hashlib.sha1(b'hello world' + bytes([10])).hexdigest()}"), NOT_FOUND),
    *((5, f"{method} {path} is {expected[0]}", lambda c, r=(method, path, body): c.alice.ask(*r), expected) for method, path, body, expected in (
        ("GET", "/pastes/0000", None, NOT_FOUND), ("GET", "/blobs/0000", None, NOT_FOUND), ("DELETE", f"/pastes/{'0' * 40}", None, NOT_FOUND),
        ("GET", "/pastes/a/b/c", None, NOT_FOUND), ("GET", "/blobs", None, NOT_FOUND), ("GET", "/user/~nosuch", None, NOT_FOUND),
        ("PATCH", "/pastes", None, (405, ["405 method not allowed"])), ("POST", "/pastes", {}, (400, ["files: files is required"])),
        ("POST", "/pastes", {"files": [FILE] * 301}, (413, ["files: files: at most 300"])), ("GET", "/pastes?start=x", None, (400, ["start: start should be an int"])))),
    (5, "the words that a cleanup looks for", lambda c: "404 not found" in c.alice.send("DELETE", f"/pastes/{'0' * 40}").text, True),
    (6, 'DELETE with the body ""', lambda c: deleted(c, data='""'), (204, b"", NOT_FOUND)),
    (6, "DELETE in pieces", lambda c: deleted(c, data=iter([b'"', b'"'])), (204, b"", NOT_FOUND)),
    (7, "POST without a visibility", lambda c: [c.alice.post(FILE)[n] if n == 0 else c.alice.post(FILE)[1]["visibility"] for n in (0, 1)], [201, "unlisted"]),
    *((8, f"a filename of {name}", lambda c, file=file: c.alice.post({**NAMELESS, **file})[1]["files"], [{"filename": None, "blob_id": blob_id("x\n")}]) for name, file in (("null", {"filename": None}), ("nothing", {"filename": ""}), ("none", {}))),
    (8, "several without a name", lambda c: [file["filename"] for file in c.alice.post(NAMELESS, FILE, NAMELESS)[1]["files"]], [None, "a.py", None]),
    *((9, scheme, lambda c, scheme=scheme: [c.nobody.ask(*each, auth=f"{scheme} {c.alice.token}")[0] for each in (("GET", "/pastes"), ("POST", "/pastes", {"files": [FILE]}), ("GET", blob_at(c.paste)), ("DELETE", at(c.paste)))], [200, 201, 200, 204]) for scheme in ("token", "Bearer")),
    (10, "401 without a token", lambda c: c.nobody.ask("POST", "/pastes", {"files": [FILE]}), NO_AUTHORIZATION),
    (10, "403 without the scope", lambda c: c.narrow["gist:read"].ask("POST", "/pastes", {"files": [FILE]}), lacks("pastes:write")),
    *((11, f"{scope} reads no {what}", lambda c, scope=scope, path=path: c.narrow[scope].ask("GET", path.format(c.paste["sha"], c.paste["files"][0]["blob_id"])), lacks("pastes:read")) for scope in ("user:read", "user:write") for what, path in (("list", "/pastes"), ("paste", "/pastes/{0}"), ("blob", "/blobs/{1}"))),
    *((11, f"{scope} reads", lambda c, scope=scope: [c.narrow[scope].ask("GET", path)[0] for path in ("/pastes", at(c.paste), blob_at(c.paste))], [200] * 3) for scope in ("gist:read", "gist:write")),
    (12, "another's private paste, and its blob", lambda c: hidden(c, "private"), [NOT_FOUND] * 4),
    *((12, f"another's {kind} paste", lambda c, kind=kind: [answer if number > 1 else answer[0] for number, answer in enumerate(hidden(c, kind))], [200, 200, UNAUTHORIZED, UNAUTHORIZED]) for kind in ("public", "unlisted")),
    (22, "`start=-1` is the beginning", lambda c: c.paula.ask("GET", "/pastes?start=-1"), lambda c: c.paula.ask("GET", "/pastes")),
    (22, "so is an empty one", lambda c: c.paula.ask("GET", "/pastes?start=")[1]["results"][0]["sha"], lambda c: c.shelf[0]),
]  # fmt: skip
ELSEWHERE = {
    13: ("api/sourcehut/test_webhooks.py", "4 the list is that of this very token"),
    14: ("webhooks/test_deliveries.py", "def test_the_vector"),
    15: ("webhooks/test_deliveries.py", "def test_who_does_not_answer_in_time", "def test_what_waits_is_shown"),
    16: ("api/sourcehut/test_graphql.py", "7.4 without a name, 600 kB"),
    17: ("api/sourcehut/test_graphql.py", "7.4 a name: {name}"),
    18: ("api/sourcehut/test_graphql.py", "7.4 two, the last one first"),
    19: ("api/sourcehut/test_graphql.py", "7.2 whatever is accepted: {type}"),
    20: ("api/sourcehut/test_graphql.py", "7.1 the URL of a file", "7.1 a blob"),
    21: ("oauth/test_legacy.py", "def test_a_token_to_the_field"),
}
"""What stands on the list beside these, and which rows and tests hold it."""


def test_all_of_it_is_held() -> None:
    assert sorted({number for number, *_ in ROWS} | set(ELSEWHERE)) == [*range(1, 23)]
    names = [row[:2] for row in ROWS]
    assert [name for name in names if names.count(name) > 1] == []
    for path, *tests in ELSEWHERE.values():
        text = (TESTS / path).read_text()
        assert [test for test in tests if test not in text] == []


@pytest.mark.parametrize(("check", "expected"), [row[2:] for row in ROWS], ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_row(
    senders: dict[str, Sender], people: dict[str, Person], shelf: list[str], check: Check, expected: Any
) -> None:
    cast = Cast(senders, people, shelf)
    got = check(cast)
    assert got == (expected(cast) if callable(expected) else expected)
