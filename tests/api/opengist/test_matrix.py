"""Who may do what, as one table: actors by endpoints by gists by settings (spec, sections 1.3, 2 and 4).

The table is the function `expected`; every cell is one request to a real server.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import Client, Server

ACTORS = (
    "nobody", "stranger", "owner", "gist:read", "gist:write", "user:read", "user:write",
    "expired", "revoked", "malformed",
)  # fmt: skip
GISTS = ("public", "unlisted", "private", "expired", "deleted")
POLICIES = {
    "off": {},
    "on": {"require_login": "true"},
    "on, single gists allowed": {"require_login": "true", "allow_gists_without_login": "true"},
}


@dataclass(frozen=True)
class Endpoint:
    """`needs`: the scope, "any token", or nothing; `is_single`: one gist, by its id; `owners`: for its owner only."""

    method: str
    path: str
    needs: str = ""
    is_single: bool = False
    owners: bool = False
    success: int = 200
    body: dict | None = None
    headers: dict | None = None


ANOTHER = {"If-Match": '"x"'}
"""Whoever may delete it is told that it is not the one they read: the next cells need it."""

SINGLE = (
    Endpoint("GET", "/gists/{id}", is_single=True),
    Endpoint("GET", "/gists/{id}/commits", is_single=True),
    Endpoint("GET", "/gists/{id}/{sha}", is_single=True),
    Endpoint("GET", "/gists/{id}/forks", is_single=True),
    Endpoint("GET", "/gists/{id}/files/{sha}/canary.txt", is_single=True),
    Endpoint("GET", "/gists/{id}/like", "any token", is_single=True, success=404),
    Endpoint("GET", "/gists/{id}/star", "any token", is_single=True, success=404),
    Endpoint("PUT", "/gists/{id}/like", "user:write", is_single=True, success=204),
    Endpoint("DELETE", "/gists/{id}/like", "user:write", is_single=True, success=204),
    Endpoint("PATCH", "/gists/{id}", "gist:write", is_single=True, owners=True, body={"description": "changed"}),
    Endpoint("DELETE", "/gists/{id}", "gist:write", is_single=True, owners=True, success=412, headers=ANOTHER),
    Endpoint("POST", "/gists/{id}/forks", "gist:write", is_single=True, success=201),
)
MULTI = (
    Endpoint("GET", "/gists"),
    Endpoint("POST", "/gists", "gist:write", success=201, body={"files": {"a": {"content": "x"}}}),
    Endpoint("GET", "/gists/public"),
    Endpoint("GET", "/gists/search?q=canary"),
    Endpoint("GET", "/gists/liked", "any token"),
    Endpoint("GET", "/gists/starred", "any token"),
    Endpoint("GET", "/gists/forked", "any token"),
    Endpoint("GET", "/user", "user:read"),
    Endpoint("PATCH", "/user", "user:write", body={"email": "new@example.org"}),
    Endpoint("GET", "/user/1"),
    Endpoint("GET", "/users/owner"),
    Endpoint("GET", "/users/owner/gists"),
    Endpoint("GET", "/users/owner/liked"),
    Endpoint("GET", "/users/owner/starred"),
    Endpoint("GET", "/users/owner/forked"),
)
SCOPES = {
    "stranger": {"gist:read", "gist:write", "user:read", "user:write"},
    "owner": {"gist:read", "gist:write", "user:read", "user:write"},
    "gist:read": {"gist:read"},
    "gist:write": {"gist:read", "gist:write"},
    "user:read": {"user:read"},
    "user:write": {"user:read", "user:write"},
}


def expected(actor: str, endpoint: Endpoint, gist: str, policy: str) -> int:
    """The status, by the order of checks of the spec's section 1.3."""
    if actor in ("expired", "revoked", "malformed"):
        return 401
    known = actor != "nobody"
    if not known and (endpoint.needs or policy == "on" or (policy != "off" and not endpoint.is_single)):
        return 401
    if endpoint.needs not in ("", "any token") and endpoint.needs not in SCOPES[actor]:
        return 403
    if endpoint.is_single:
        is_owner = known and actor != "stranger"
        reads_private = is_owner and "gist:read" in SCOPES[actor]
        if gist in ("expired", "deleted") or (gist == "private" and not reads_private):
            return 404
        if endpoint.owners and not is_owner:
            return 403
        if endpoint.path.endswith("/forks") and endpoint.method == "POST" and is_owner:
            return 422
    return endpoint.success


class World:
    """A server with an owner of one gist of each kind, a stranger, and everybody's credentials."""

    policy = ""

    def __init__(self, server: Server) -> None:
        self.server = server.start("--workers", "1")
        owner, stranger = server.user("owner"), server.user("stranger")
        self.actors = {"nobody": server.nobody, "stranger": stranger, "owner": owner}
        for scope in ("gist:read", "gist:write", "user:read", "user:write"):
            self.actors[scope] = server.client("owner", scope)
        self.actors["expired"] = self._token("--expires", "1m")
        self.actors["revoked"] = self._token()
        server.cli("token", "revoke", "owner", server.cli("token", "list", "owner").split()[0])
        self.actors["malformed"] = Client(server, "owner", "og_nonsense")
        self.gists = {kind: self._gist(owner, kind) for kind in GISTS}
        owner.request("DELETE", f"/api/gists/{self.gists['deleted']['id']}")
        server.stop()
        with sqlite3.connect(server.repos / "index.sqlite3") as index:  # time passes
            index.execute("UPDATE credential SET expires_at = 1 WHERE expires_at IS NOT NULL")
            index.execute("UPDATE gist SET expires_at = 1 WHERE title = 'expired'")
        index.close()

    def under(self, policy: str, root: Path) -> "World":
        """The same, served from a copy by another policy."""
        world = copy(self)
        world.policy = policy
        world.server = Server(root, rate_limits="false", **POLICIES[policy])
        shutil.copytree(self.server.repos, world.server.repos)
        world.server.start()
        world.actors = {name: Client(world.server, known.name, known.token) for name, known in self.actors.items()}
        return world

    def _token(self, *options: str) -> Client:
        token = self.server.cli("token", "create", "owner", "--scopes", "gist:write,user:write", *options)
        return Client(self.server, "owner", token.strip())

    def _gist(self, owner: Client, kind: str) -> dict:
        visibility = kind if kind in ("public", "unlisted", "private") else "public"
        return owner.create({"canary.txt": f"canary-{kind}"}, title=kind, visibility=visibility)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(Server(tmp_path_factory.mktemp("made"), rate_limits="false"))


@pytest.fixture(scope="module", params=POLICIES)
def world(request: pytest.FixtureRequest, made: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = made.under(request.param, tmp_path_factory.mktemp("matrix"))
    yield world
    world.server.stop()


def test_every_cell(world: World) -> None:
    wrong = []
    for actor, client in world.actors.items():
        for endpoint in (*SINGLE, *MULTI):
            for kind in GISTS if endpoint.is_single else ("public",):
                gist = world.gists[kind]
                path = "/api" + endpoint.path.format(id=gist["id"], sha=gist["commits"][0]["version"])
                answer = client.request(endpoint.method, path, json=endpoint.body, headers=endpoint.headers)
                if path.endswith("/forks") and answer.status_code == 201:
                    client.request("DELETE", f"/api/gists/{answer.json()['id']}")
                due = expected(actor, endpoint, kind, world.policy)
                if answer.status_code != due:
                    wrong.append((actor, endpoint.method, endpoint.path, kind, answer.status_code, due))
    assert not wrong


def test_nothing_hidden_shows_anywhere(world: World) -> None:
    """The content of a gist is seen by whoever may see it, and by nobody else, in no list and no count."""
    for actor, client in world.actors.items():
        owners = actor not in ("nobody", "stranger", "expired", "revoked", "malformed")
        reads = owners and "gist:read" in SCOPES[actor]
        for endpoint in (*SINGLE, *MULTI):
            if endpoint.method != "GET":
                continue
            for kind in GISTS:
                gist = world.gists[kind]
                path = "/api" + endpoint.path.format(id=gist["id"], sha=gist["commits"][0]["version"])
                answer = client.get(path)
                marks = {kind: (world.gists[kind]["id"], f"canary-{kind}") for kind in GISTS}
                shown = {kind for kind in GISTS if any(mark in answer.text for mark in marks[kind])}
                allowed = {"public"} | ({"unlisted"} if endpoint.is_single else set())
                assert shown <= (allowed | {"unlisted", "private"} if reads else allowed), (actor, path, shown)
                if not endpoint.is_single and "X-Total" in answer.headers:
                    assert int(answer.headers["X-Total"]) == len(answer.json())


def test_pages_and_git_follow_the_same_settings(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody, gist = world.server.nobody, world.gists["public"]
    policy = world.policy
    assert nobody.get("/").status_code == (200 if policy == "off" else 302)
    assert nobody.get(f"/owner/{gist['id']}").status_code == (302 if policy == "on" else 200)
    refs = f"/owner/{gist['id']}.git/info/refs?service=git-upload-pack"
    assert nobody.get(refs).status_code == (401 if policy == "on" else 200)
    assert nobody.get("/-/health").status_code == 200
    assert nobody.get("/-/login").status_code == 200
    assert nobody.get("/api/openapi.yaml").status_code == 200


def test_a_fork_of_what_is_hidden_now_tells_nothing(own_server: Callable[..., Server]) -> None:
    server = own_server().start()
    owner, stranger = server.user("owner"), server.user("stranger")
    parent = owner.create({"a": "x"}, title="canary-parent")
    fork = stranger.request("POST", f"/api/gists/{parent['id']}/forks").json()
    assert stranger.read(fork["id"])["fork_of"]["id"] == parent["id"]
    for visibility in ("unlisted", "private"):
        owner.change(parent["id"], visibility=visibility)
        for client in (stranger, server.nobody):
            assert client.read(fork["id"])["fork_of"] is None
        assert owner.read(fork["id"])["fork_of"]["id"] == parent["id"]
    stranger.change(fork["id"], visibility="private")
    owner.change(parent["id"], visibility="public")
    seen = server.nobody.read(parent["id"])
    assert (seen["fork_count"], seen["forks"]) == (0, [])
