"""Who may see, change and delete what, in every dialect and on the pages: actors by kinds of gists by routes.

What is meant stands in two tables: what becomes of an action, and how each face says that. Opengist's API and git have
tables of their own, with the settings that require a login (`tests/api/opengist/test_matrix.py`,
`tests/transport/test_matrix.py`).
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import requests
from peewee import sqlite3  # type: ignore[attr-defined]
from requests.auth import HTTPDigestAuth

from tests.harness import Server
from tests.web.people import Person

KINDS = ("public", "unlisted", "private", "expired", "archived")
SECRET = "battery staple"  # for HTTP digest

# What becomes of an action: rows are who does what, columns the kinds of gists. `reader` and `blind` are tokens of the
# owner's, for reading gists and for neither reading nor writing them.
OUTCOMES = """
                  public   unlisted  private  expired  archived

view   nobody     yes      yes       hidden   hidden   yes
view   stranger   yes      yes       hidden   hidden   yes
view   owner      yes      yes       yes      hidden   yes
view   reader     yes      yes       yes      hidden   yes
view   blind      yes      yes       hidden   hidden   yes

edit   nobody     who      who       who      who      who
edit   stranger   theirs   theirs    hidden   hidden   theirs
edit   owner      yes      yes       yes      hidden   frozen
edit   reader     scope    scope     scope    scope    scope
edit   blind      scope    scope     scope    scope    scope

delete nobody     who      who       who      who      who
delete stranger   theirs   theirs    hidden   hidden   theirs
delete owner      yes      yes       yes      hidden   yes
delete reader     scope    scope     scope    scope    scope
delete blind      scope    scope     scope    scope    scope

like   nobody     who      who       who      who      who
like   stranger   yes      yes       hidden   hidden   yes
like   owner      yes      yes       yes      hidden   yes

fork   nobody     who      who       who      who      who
fork   stranger   yes      yes       hidden   hidden   yes
fork   owner      own      own       own      hidden   own

# Reading where nobody may without a token, as sourcehut has it.
known  nobody     who      who       who      who      who
known  stranger   yes      yes       hidden   hidden   yes
known  owner      yes      yes       yes      hidden   yes
known  reader     yes      yes       yes      hidden   yes
known  blind      scope    scope     scope    scope    scope

# By its number, which can be counted through, only the owner finds what is unlisted. For what is private nobody is even
# asked who they are, as for what is not there, and clients of HTTP digest do not tell unasked.
number nobody     yes      who       hidden   hidden   yes
number stranger   yes      hidden    hidden   hidden   yes
number owner      yes      yes       hidden   hidden   yes

# On pages that show a gist to everybody the same: frames and scripts on other sites.
shared nobody     yes      yes       hidden   hidden   yes
shared stranger   yes      yes       hidden   hidden   yes
shared owner      yes      yes       hidden   hidden   yes
"""


def _outcomes() -> dict[tuple[str, str], dict[str, str]]:
    rows = (line.split() for line in OUTCOMES.splitlines()[2:] if line and not line.startswith("#"))
    return {(action, actor): dict(zip(KINDS, cells, strict=True)) for action, actor, *cells in rows}


class Route(NamedTuple):
    """A request, what it does, and the status if it may."""

    method: str
    path: str
    action: str
    success: int
    body: Any = None


class Face(NamedTuple):
    """A dialect, or the pages: how it says each outcome, who there is in it, its routes.

    `looks_first`: what is hidden is not there for nobody either; others ask who it is before they look for anything.
    """

    words: dict[str, int]
    actors: tuple[str, ...]
    routes: tuple[Route, ...]
    looks_first: bool = False


PEOPLE = ("nobody", "stranger", "owner")
_PASTEGG = {"hidden": 404, "theirs": 403, "who": 400, "frozen": 403}
_TEXT = {"content": {"format": "text", "value": "x"}}
FACES = {
    "paste.gg": Face(
        _PASTEGG,
        PEOPLE,
        (
            Route("GET", "/api/v1/pastes/{id}", "view", 200),
            Route("GET", "/v0/pastes/{id}?full=true", "view", 200),
            Route("GET", "/api/v1/pastes/{id}/files", "view", 200),
            Route("GET", "/api/v1/pastes/{id}/files/{file}", "view", 200),
            Route("GET", "/api/v1/pastes/{id}/files/{file}/raw", "view", 200),
            Route("GET", "/p/owner/{id}/files/{file}/raw", "view", 200),
            Route("GET", "/{id}", "view", 303),
            Route("PATCH", "/api/v1/pastes/{id}", "edit", 204, {"description": "d"}),
            Route("POST", "/api/v1/pastes/{id}/files", "edit", 201, _TEXT),
            Route("PATCH", "/api/v1/pastes/{id}/files", "edit", 204, [{"id": "{file}", "highlight_language": None}]),
            Route("PATCH", "/api/v1/pastes/{id}/files/{file}", "edit", 204, {"highlight_language": None}),
            Route("DELETE", "/api/v1/pastes/{id}", "delete", 204),
        ),
    ),
    "ranna": Face(
        {"hidden": 404, "theirs": 404, "who": 401, "frozen": 403, "scope": 403},
        (*PEOPLE, "reader", "blind"),
        (
            Route("GET", "/v1/snippets/{ident}", "view", 200),
            Route("GET", "/snippets/{id}", "view", 200),
            Route("POST", "/v1/snippets/{ident}", "edit", 200, {"displayname": "n"}),
            Route("DELETE", "/v1/snippets/{ident}", "delete", 204),
        ),
    ),
    "sourcehut": Face(
        {"hidden": 404, "theirs": 401, "who": 401, "frozen": 403, "scope": 403},
        (*PEOPLE, "reader", "blind"),
        (
            Route("GET", "/api/pastes/{sha}", "known", 200),
            Route("GET", "/api/blobs/{blob}", "known", 200),
            Route("GET", "/query/blob/{blob}", "known", 200),
            Route("PUT", "/api/pastes/{sha}", "edit", 200, {"visibility": "{visibility}"}),
            Route("DELETE", "/api/pastes/{sha}", "delete", 204),
        ),
    ),
    "ownpaste": Face(
        {"hidden": 404, "theirs": 403, "who": 401, "frozen": 403},
        PEOPLE,
        (
            Route("GET", "/paste/{number}/", "number", 200),
            Route("GET", "/paste/{number}/raw/", "number", 200),
            Route("GET", "/paste/{number}/download/", "number", 200),
            Route("PATCH", "/paste/{secret}/", "edit", 200, {}),
            Route("DELETE", "/paste/{secret}/", "delete", 200),
        ),
    ),
    "pages": Face(
        {"hidden": 404, "theirs": 403, "who": 302, "frozen": 403, "own": 422},
        (*PEOPLE, "admin"),
        (
            Route("GET", "/owner/{id}", "view", 200),
            Route("GET", "/owner/{slug}", "view", 200),
            Route("GET", "/gist/{id}", "view", 200),
            Route("GET", "/owner/{id}/rev/{head}", "view", 200),
            Route("GET", "/owner/{id}/revisions", "view", 200),
            Route("GET", "/owner/{id}/compare?from={head}&to={head}", "view", 302),
            Route("GET", "/owner/{id}/compare/..{head}", "view", 200),
            Route("GET", "/owner/{id}/raw/HEAD/a.svg", "view", 200),
            Route("GET", "/owner/{id}/download/{head}/a.svg", "view", 200),
            Route("GET", "/owner/{id}/svg/{head}/a.svg", "view", 200),
            Route("GET", "/owner/{id}/archive/HEAD.zip", "view", 200),
            Route("GET", "/owner/{id}/archive/{head}.tar.gz", "view", 200),
            Route("GET", "/owner/{id}/forks", "view", 200),
            Route("GET", "/owner/{id}/likes", "view", 200),
            Route("GET", "/owner/{id}.git", "view", 302),
            Route("GET", "/-/s/{ident}", "view", 302),
            Route("GET", "/owner/{id}.js", "shared", 200),
            Route("GET", "/owner/{id}/embed", "shared", 200),
            Route("GET", "/owner/{id}/edit", "edit", 200),
            Route("GET", "/owner/{id}/delete", "delete", 200),
            Route("POST", "/owner/{id}/like", "like", 303, {}),
            Route("POST", "/owner/{id}/fork", "fork", 303, {}),
            Route("POST", "/owner/{id}/archived", "archive", 303, {}),
            Route("POST", "/owner/{id}/delete", "delete", 303, {}),
        ),
        looks_first=True,
    ),
}  # fmt: skip


class Cast:
    """Everybody, by face and by name, and a gist of each kind."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients: dict[tuple[str, str], Callable[..., requests.Response]] = {}
        for face in FACES:
            self.clients[face, "nobody"] = self._with({"Accept": "application/json"} if face == "ownpaste" else {})
        people = {name: Person(server, name).sign_up() for name in ("admin", "owner", "stranger")}
        for name, person in people.items():
            person.set_digest(SECRET)
            self.clients["pages", name] = person.request
            self.clients["paste.gg", name] = self._with({"Authorization": f"Key {person.key()}"})
            self.clients["ownpaste", name] = self._digested(name)
            self._token(name, person.api().token)
        self.owner = people["owner"].api()
        self._token("reader", people["owner"].api("gist:read").token)
        self._token("blind", people["owner"].api("user:write").token)
        self.gists = {kind: self.gist(kind) for kind in KINDS}

    def _token(self, name: str, token: str) -> None:
        self.clients["ranna", name] = self._with({"Authorization": f"bearer {token}"})
        self.clients["sourcehut", name] = self._with({"Authorization": f"token {token}"})

    def _with(self, headers: dict[str, str]) -> Callable[..., requests.Response]:
        return lambda method, path, **options: self.server.nobody.request(method, path, headers=headers, **options)

    def _digested(self, name: str) -> Callable[..., requests.Response]:
        def ask(method: str, path: str, **options: Any) -> requests.Response:
            options["headers"] = {"Accept": "application/json"}
            return self.server.nobody.request(method, path, auth=HTTPDigestAuth(name, SECRET), **options)

        return ask

    def gist(self, kind: str) -> dict[str, str]:
        """A new one, and all that it is called by."""
        visibility = kind if kind in ("public", "unlisted", "private") else "public"
        made = self.owner.create({"a.svg": f"<svg>{kind}</svg>"}, visibility=visibility)
        made = self.owner.change(made["id"], slug=f"s-{made['id'][:20]}", files={"b": {"content": "b"}})
        index = sqlite3.connect(self.server.repos / "index.sqlite3", timeout=30)
        with index:
            set = {"archived": "archived = 1", "expired": "expires_at = 1"}.get(kind, "title = title")
            index.execute(f"UPDATE gist SET {set} WHERE id = ?", (made["id"],))
            row = index.execute(
                "SELECT ident, sha, number, coalesce(private_id, number), file.id, blob FROM gist "
                "JOIN file ON gist_id = number WHERE path = 'a.svg' AND gist.id = ?", (made["id"],)
            ).fetchone()  # fmt: skip
        index.close()
        names = dict(zip(("ident", "sha", "number", "secret", "file", "blob"), map(str, row), strict=True))
        head = made["commits"][0]["version"]
        return {**names, "id": made["id"], "slug": made["slug_url"], "head": head, "visibility": visibility}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    server = Server(tmp_path_factory.mktemp("visibility"), rate_limits="false").start()
    yield Cast(server)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def _cells(face: Face) -> Iterator[tuple[Route, str, str, str]]:
    """(route, actor, kind, what becomes of it); to delete comes last, and an archived gist stays one."""
    outcomes = _outcomes()
    for route in face.routes:
        for actor in face.actors:
            known = "stranger" if actor == "admin" else actor
            for kind in KINDS:
                outcome = outcomes["delete" if route.action == "archive" else route.action, known][kind]
                is_there = outcomes["view", known][kind] == "yes"
                looks = face.looks_first and route.action != "archive"
                yield route, actor, kind, "hidden" if looks and outcome == "who" and not is_there else outcome


@pytest.mark.parametrize("name", FACES)
def test_every_cell(cast: Cast, name: str) -> None:
    face, wrong, number = FACES[name], [], 0
    for route, actor, kind, outcome in _cells(face):
        due = route.success if outcome == "yes" else face.words[outcome]
        if outcome == "who" and name == "pages" and route.method == "POST":
            due = 401
        is_fresh = outcome == "yes" and (route.method == "DELETE" or route.path.endswith(("/delete", "/archived")))
        names = cast.gist(kind) if is_fresh else cast.gists[kind]
        options: dict[str, Any] = {}
        if route.body is not None:
            options["data" if name == "pages" else "json"] = _filled(route.body, names)
        answer = cast.clients[name, actor](route.method, route.path.format(**names), **options)
        number += 1
        if answer.status_code != due:
            wrong.append(
                f"{actor}: {route.method} {route.path} of what is {kind}: {answer.status_code} instead of {due}"
            )
    print(f"{name}: {number} cells")
    assert not wrong, "\n".join(wrong)


def _filled(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(each, names) for each in body]
    return body.format(**names) if isinstance(body, str) else body
