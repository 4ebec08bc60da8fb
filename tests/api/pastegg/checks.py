"""What the rows of test_spec.py are made of: each of these makes a check, or what a check looks at."""

import base64
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from tests.api.pastegg.client import Cast, Paster, outcome, text

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
