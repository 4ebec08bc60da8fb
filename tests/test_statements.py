"""How much is asked of the index: each main request has a number of statements that it does not exceed, whatever is in
the index; and what is hidden costs what a thing costs that never was."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gistd
from gistd import index
from gistd.core import accounts, credentials
from gistd.core.access import ALL_SCOPES
from gistd.settings import Settings
from gistd.store.objects import blob_id
from tests.transport.packs import revision
from tests.transport.wire import FLUSH, entry, line, pack

Ask = Callable[..., Any]


class House:
    """The application in this process, with nothing kept, and two users: alice has a public and a private gist."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()
        self.browser = app.test_client()
        accounts.create_user("alice", "correct horse")
        accounts.create_user("bob")
        self.alice, self.bob = (self._token(name) for name in ("alice", "bob"))
        form = {"username": "alice", "password": "correct horse"}
        assert self.browser.post("/-/login", data=form, headers={"Origin": "http://localhost"}).status_code == 303
        files = {name: {"content": f"words of {name}\n"} for name in ("a.py", "b.md", "c.txt")}
        body = {"title": "Public", "topics": ["one", "two"], "files": files}
        self.public = self.client.post("/api/gists", json=body, headers=self.alice).json
        secret = {**files, "d": {"content": "of the private one only\n"}}
        hidden = {**body, "visibility": "private", "files": secret}
        self.private = self.client.post("/api/gists", json=hidden, headers=self.alice).json
        for number in range(3):
            files = {"a.py": {"content": f"{number}\n"}}
            self.client.patch(f"/api/gists/{self.public['id']}", json={"files": files}, headers=self.alice)

    def _token(self, name: str) -> dict[str, str]:
        user = accounts.user(name)
        assert user is not None
        return {"Authorization": f"Bearer {credentials.issue_token(user, ALL_SCOPES)}"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    plain = {"answer_cache_bytes": 0, "max_rendered_bytes": 1, "rate_limits": False}
    settings = Settings(repos=tmp_path_factory.mktemp("statements"), **plain)
    yield House(gistd.create_app(settings))
    index.close()


@pytest.fixture
def statements(caplog: pytest.LogCaptureFixture) -> Callable[[Ask], tuple[Any, list[str]]]:
    """Asks twice, as the first time something may be noted that is noted once a while; the answer to the second, and
    the statements that it took."""
    caplog.set_level(logging.DEBUG, "peewee")

    def run(ask: Ask) -> tuple[Any, list[str]]:
        ask()
        caplog.clear()
        answer = ask()
        said = [record.msg for record in caplog.records if record.name == "peewee"]
        made = [words[0] if isinstance(words, tuple) else str(words) for words in said]
        return answer, [words for words in made if words not in ("SAVEPOINT part", "RELEASE part")]  # as with BEGIN

    return run


def read(path: str, **options: Any) -> Callable[[House], Ask]:
    return lambda house: lambda: house.client.get(path.format(id=house.public["id"]), **options)


def as_alice(method: str, path: str, **options: Any) -> Callable[[House], Ask]:
    def asked(house: House) -> Ask:
        return lambda: house.client.open(
            path.format(id=house.public["id"]), method=method, headers=house.alice, **options
        )

    return asked


def signed_in(path: str) -> Callable[[House], Ask]:
    return lambda house: lambda: house.browser.get(path.format(id=house.public["id"]))


def edit(house: House) -> Ask:
    bodies = iter([{"files": {"a.py": {"content": words}}} for words in ("before\n", "after\n")])
    return lambda: house.client.patch(f"/api/gists/{house.public['id']}", json=next(bodies), headers=house.alice)


def push(house: House) -> Ask:
    gist = house.client.post("/api/gists", json={"files": {"a": {"content": "x"}}}, headers=house.alice).json
    heads = [gist["commits"][0]["version"]]
    token = house.alice["Authorization"].removeprefix("Bearer ")
    credentials = "Basic " + b64encode(f"alice:{token}".encode()).decode()

    def ask() -> Any:
        objects = revision({"a": b"%d\n" % len(heads)}, heads[-1])
        command = line(f"{heads[-1]} {objects[-1].id} refs/heads/main\0report-status") + FLUSH
        body = command + pack(*(entry(each.kind, each.content) for each in objects))
        heads.append(objects[-1].id)
        headers = {"Authorization": credentials, "Content-Type": "application/x-git-receive-pack-request"}
        answer = house.client.post(f"/alice/{gist['id']}.git/git-receive-pack", data=body, headers=headers)
        assert b"ok refs/heads/main" in answer.data, answer.data
        return answer

    return ask


NEW = {"files": {"a.py": {"content": "one\n"}, "b.md": {"content": "two\n"}}}
MOST: dict[str, tuple[Callable[[House], Ask], int]] = {
    "read": (read("/api/gists/{id}"), 3),
    "read, with a token": (as_alice("GET", "/api/gists/{id}"), 4),
    "page": (read("/alice/{id}"), 4),
    "page, signed in": (signed_in("/alice/{id}"), 6),
    "raw": (read("/alice/{id}/raw/HEAD/a.py"), 3),
    "revisions": (read("/alice/{id}/revisions"), 3),
    "list": (read("/api/gists/public"), 6),
    "list, a user's": (as_alice("GET", "/api/gists"), 7),
    "home page": (read("/"), 6),
    "home page, signed in": (signed_in("/"), 15),
    "search": (read("/api/gists/search?q=words"), 6),
    "search page": (read("/-/search?q=words"), 6),
    "clone: references": (read("/alice/{id}.git/info/refs?service=git-upload-pack"), 1),
    "create": (as_alice("POST", "/api/gists", json=NEW), 9),
    "edit": (edit, 20),
    "like": (as_alice("PUT", "/api/gists/{id}/like"), 9),
    "push": (push, 16),
}


@pytest.mark.parametrize("name", MOST)
def test_a_request_takes_no_more_statements_than_this(
    name: str, house: House, statements: Callable[[Ask], tuple[Any, list[str]]]
) -> None:
    ask, most = MOST[name]
    answer, made = statements(ask(house))
    assert answer.status_code < 300, answer.data
    assert len(made) <= most, made


HIDDEN = {
    "API": "/api/gists/{id}",
    "API: revisions": "/api/gists/{id}/commits",
    "API: a file": "/api/gists/{id}/files/HEAD/a.py",
    "page": "/alice/{id}",
    "revisions": "/alice/{id}/revisions",
    "raw": "/alice/{id}/raw/HEAD/a.py",
    "archive": "/alice/{id}/archive/HEAD.zip",
    "paste.gg": "/v1/pastes/{id}",
    "git": "/alice/{id}.git/info/refs?service=git-upload-pack",
    "short link": "/-/s/{ident}",
    "ownpaste": "/paste/{number}",
    "ranna": "/v1/snippets/{ident}",
    "sourcehut": "/api/pastes/{sha}",
    "sourcehut: a blob": "/api/blobs/{blob}",
}
NEVER = {
    "id": "0123456789abcdef" * 2,
    "ident": "Never1",
    "number": 9999,
    "sha": "0123456789" * 4,
    "blob": "9876543210" * 4,
}


@pytest.mark.parametrize("who", ["nobody", "bob"])
@pytest.mark.parametrize("path", HIDDEN.values(), ids=HIDDEN)
def test_what_is_private_takes_the_statements_of_what_never_was(
    path: str, who: str, house: House, statements: Callable[[Ask], tuple[Any, list[str]]]
) -> None:
    headers = {} if who == "nobody" else house.bob
    there = index.gists.by_id(house.private["id"])
    assert there
    hidden = {name: getattr(there, name, None) for name in NEVER}
    hidden["blob"] = blob_id(b"of the private one only\n")
    asked = [
        statements(lambda names=names: house.client.get(path.format_map(names), headers=headers))
        for names in (hidden, NEVER)
    ]
    (private, made), (never, others) = asked
    assert private.status_code == never.status_code
    assert private.status_code in (401, 404), private.data
    assert made == others
