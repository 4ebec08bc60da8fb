"""Talking to gistd as the clients of paste.sr.ht do."""

import base64
import hashlib
import itertools
import re
import subprocess
from collections.abc import Callable
from functools import cached_property
from typing import Any

import requests
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.harness import Client, Server
from tests.web.people import Person, found

SHA = re.compile(r"[0-9a-f]{40}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
NO_AUTHORIZATION = (401, ["No authorization supplied (expected an OAuth token)"])
INVALID_AUTHORIZATION = (401, ["Invalid authorization supplied"])
BAD_TOKEN = (401, ["Invalid or expired OAuth token"])
NOT_FOUND, UNAUTHORIZED = (404, ["404 not found"]), (401, ["401 unauthorized"])
Answer = tuple[int, Any]

_NUMBERS = itertools.count(1)


def blob_id(content: str | bytes) -> str:
    """The id that git gives to a content."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def lacks(scope: str) -> Answer:
    return 403, [f"Your OAuth token is not permitted to use this endpoint (needs {scope})"]


class Sender:
    """Requests with somebody's token, or none; below /api unless the path begins with `!`."""

    def __init__(self, server: Server, name: str = "", token: str = "") -> None:
        self.server, self.name, self.token = server, name, token
        self.http: Client = server.nobody

    def send(self, method: str, path: str, json: Any = None, auth: str | None = None, **options: Any) -> Any:
        given = auth if auth is not None else f"token {self.token}" if self.token else None
        headers = {**({"Authorization": given} if given else {}), **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        path = path[1:] if path.startswith("!") else f"/api{path}"
        return self.http.request(method, path, headers=headers, **options)

    def ask(self, method: str, path: str, json: Any = None, **options: Any) -> Answer:
        return outcome(self.send(method, path, json, **options))

    def raw(self, data: bytes, type: str | None = "application/json", path: str = "/pastes") -> Answer:
        """A POST of these bytes, said to be of that type."""
        return outcome(self.send("POST", path, data=data, headers={"Content-Type": type} if type else {}))

    def post(self, *files: Any, **fields: Any) -> Answer:
        return self.ask("POST", "/pastes", {"files": list(files), **fields})

    def paste(self, *contents: str, **fields: Any) -> dict[str, Any]:
        """A paste of files that have no name."""
        files = [{"filename": None, "contents": each} for each in contents or (f"paste {next(_NUMBERS)}\n",)]
        status, paste = self.ask("POST", "/pastes", {"files": files, **fields})
        assert status == 201, paste
        return paste


def token(person: Person, *scopes: str) -> str:
    """A new token of somebody's, for this only."""
    page = person.post("/-/settings/access-tokens", name="a tool", scope=scopes)
    return found(r"(og_[0-9a-f]{64})", page.text)


def outcome(response: requests.Response) -> Answer:
    """The status, with what was answered, or with what is wrong: `field: reason`, or the reason alone."""
    if response.status_code < 400:
        return response.status_code, response.json() if response.content else None
    assert response.headers["Content-Type"] == "application/json", response.text
    answer = response.json()
    assert set(answer) == {"errors"} and answer["errors"], answer
    for error in answer["errors"]:
        assert set(error) in ({"reason"}, {"field", "reason"}) and all(error.values()), error
    return response.status_code, [": ".join(filter(None, (e.get("field"), e["reason"]))) for e in answer["errors"]]


def at(paste: dict[str, Any]) -> str:
    return f"/pastes/{paste['sha']}"


def blob_at(paste: dict[str, Any], number: int = 0) -> str:
    return f"/blobs/{paste['files'][number]['blob_id']}"


class Cast:
    """Everybody, and pastes made for the row that asks. `shelf` are the hashes of paula's, newest first."""

    def __init__(self, senders: dict[str, Sender], people: dict[str, Person], shelf: list[str]) -> None:
        self.alice, self.bob, self.nobody, self.paula = (senders[name] for name in ("alice", "bob", "", "paula"))
        self.narrow = {name: sender for name, sender in senders.items() if ":" in name}
        self.people, self.shelf = people, shelf
        self.server = self.alice.server

    @cached_property
    def paste(self) -> dict[str, Any]:
        return self.alice.paste()

    @cached_property
    def private(self) -> dict[str, Any]:
        return self.alice.paste(visibility="private")

    @cached_property
    def public(self) -> dict[str, Any]:
        return self.alice.paste(visibility="public")

    @cached_property
    def anonymous(self) -> dict[str, Any]:
        """Made without an account, by another dialect."""
        made = self.nobody.send("POST", "!/v1/snippets", {"language": "go", "code": "x"}).json()
        sha = hashlib.sha1(made["id"].replace("-", "").encode()).hexdigest()
        return self.alice.ask("GET", f"/pastes/{sha}")[1]

    # What others do with it.

    def opengist(self, method: str, path: str, asked: Any = None, who: Sender | None = None) -> Any:
        who = who or self.alice
        answer = who.send(method, f"/gists{path}", asked, auth=f"Bearer {who.token}")
        assert answer.status_code < 300, answer.text
        return answer.json()

    def kept(self, content: bytes) -> str:
        """The id of a blob that is public."""
        coded = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        self.opengist("POST", "", {"files": {"a.bin": coded}, "visibility": "public"})
        return blob_id(content)

    def paths(self, paste: dict[str, Any]) -> list[str]:
        return list(self.opengist("GET", f"/{self.id_of(paste['sha'])}")["files"])

    def edit(self, paste: dict[str, Any], content: str) -> None:
        path = self.paths(paste)[0]
        self.opengist("PATCH", f"/{self.id_of(paste['sha'])}", {"files": {path: {"content": content}}})

    def forked(self) -> list[Answer]:
        """What bob gets for the blob of a paste that became private after he forked it: while he has the fork, and when
        he has deleted it."""
        self.opengist("POST", f"/{self.id_of(self.public['sha'])}/forks", who=self.bob)
        self.alice.ask("PUT", at(self.public), {"visibility": "private"})
        before = self.bob.ask("GET", blob_at(self.public))
        fork = self.bob.ask("GET", "/pastes")[1]["results"][0]
        self.bob.ask("DELETE", at(fork))
        return [before[0], self.bob.ask("GET", blob_at(self.public))]

    def oldest(self, kind: str) -> dict[str, Any]:
        """A blob as bob reads it, whose paste is a day older than 1970; alice has an older one, as visible as this."""
        content = f"oldest {next(_NUMBERS)}"
        hers, his = self.alice.paste(content, visibility=kind), self.bob.paste(content)
        self.date(hers, 1), self.date(his, 86400)
        return self.bob.ask("GET", blob_at(his))[1]

    def object(self, kind: str) -> str:
        """The id of the commit or the tree of a paste."""
        repository = self.server.repository(self.id_of(self.paste["sha"]))
        command = ["git", "-C", repository, "rev-parse", f"HEAD^{{{kind}}}"]
        return subprocess.run(command, text=True, capture_output=True, check=True).stdout.strip()

    # What the index has.

    def id_of(self, sha: str) -> str:
        return str(self._record("SELECT id FROM gist WHERE sha = ?", sha))

    def start(self, place: int) -> str:
        """The cursor that is at this place of the shelf."""
        return str(self._record("SELECT number FROM gist WHERE sha = ?", self.shelf[place]))

    def expire(self, paste: dict[str, Any]) -> None:
        self._record("UPDATE gist SET expires_at = 1 WHERE sha = ?", paste["sha"])  # in 1970

    def date(self, paste: dict[str, Any], second: int) -> None:
        """Let a paste have been made so many seconds after 1970 began."""
        self._record("UPDATE gist SET created_at = ? WHERE sha = ?", second * 1_000_000, paste["sha"])

    def over(self, token: str) -> None:
        """Let a token have expired."""
        self._record("UPDATE credential SET expires_at = 1 WHERE secret_hash = ?", _digest(token))

    def revoke(self, token: str) -> None:
        """One of alice's, on the page."""
        number = self._record("SELECT id FROM credential WHERE secret_hash = ?", _digest(token))
        assert self.people["alice"].post(f"/-/settings/access-tokens/{number}/revoke").status_code == 303

    def _record(self, query: str, *values: Any) -> Any:
        index = sqlite3.connect(self.server.repos / "index.sqlite3")
        with index:
            row = index.execute(query, values).fetchone()
        index.close()
        return row and row[0]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def masked(response: requests.Response, sha: str) -> Any:
    """An answer without what was asked for, and without what differs each time."""
    differs = ("Date", "Content-Security-Policy", "X-Request-ID")
    headers = {name: value for name, value in response.headers.items() if name not in differs}
    words = re.sub(r'nonce="[^"]*"', "", response.text.replace(sha, ""))
    return response.status_code, words, str(sorted(headers.items())).replace(sha, "")


Check = Callable[[Cast], Any]
