"""Who may clone, fetch, push, and create by pushing. The table is what is meant; it is computed from nothing.

Every cell is asked for without git, by the requests that git would make; the pushes that succeed, and one refusal
of each sort, are made once more by the real git.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator

import pytest
import requests

from tests.harness import PASSWORD, Client, Git, Server
from tests.transport.wire import FLUSH, NOTHING, RECEIVE, UPLOAD, Remote, fetch_request, line, pack

# Columns: who asks. Rows: what for. What has a star is 401 where a login is required, unless single gists are shown
# without one.
TABLE = """
                  nobody  wrong  stranger  password  token  no scope

clone  public     200*    401    200       200       200    200
clone  unlisted   200*    401    200       200       200    200
clone  private    401     401    404       200       200    404
clone  expired    401     401    404       404       404    404
clone  archived   200*    401    200       200       200    200
clone  missing    401     401    404       404       404    404

fetch  public     200*    401    200       200       200    200
fetch  unlisted   200*    401    200       200       200    200
fetch  private    401     401    404       200       200    404
fetch  expired    401     401    404       404       404    404
fetch  archived   200*    401    200       200       200    200
fetch  missing    401     401    404       404       404    404

push   public     401     401    403       200       200    403
push   unlisted   401     401    403       200       200    403
push   private    401     401    404       200       200    403
push   expired    401     401    404       404       404    403
push   archived   401     401    403       403       403    403
push   missing    401     401    404       404       404    403

# What is missing or private is 403 to a token of the owner's that must not write at all: it is not looked for.

# To /owner/<slug>.git. A slug that is taken is that gist's address: the push changes it by the same rules. A slug
# that is free makes a gist for the owner of the path, and an expired gist's slug is free again.
create public     401     401    403       200       200    403
create unlisted   401     401    403       200       200    403
create private    401     401    404       200       200    403
create expired    401     401    404       200       200    403
create archived   401     401    403       403       403    403
create missing    401     401    404       200       200    403

# /init is anybody's who has an account. It can only be pushed to.
push   init       401     401    200       200       200    403
clone  init       403*    401    403       403       403    403
"""
ACTORS = ("nobody", "wrong", "stranger", "password", "token", "no scope")
KINDS = ("public", "unlisted", "private", "expired", "archived")
POLICIES = {
    "off": {},
    "on": {"require_login": "true"},
    "on, single gists allowed": {"require_login": "true", "allow_gists_without_login": "true"},
}
Row = tuple[str, str]
"""What is done, and to which kind of gist."""


def _cells(policy: str) -> dict[Row, dict[str, int]]:
    table = {}
    for words in (text.split() for text in TABLE.splitlines()[2:]):
        if words and words[0] != "#":
            cells = [401 if "*" in word and policy == "on" else int(word.rstrip("*")) for word in words[2:]]
            table[words[0], words[1]] = dict(zip(ACTORS, cells, strict=True))
    return table


class Cast:
    """Everybody's credentials, and a gist of each kind, each with a slug like its kind. Made once."""

    def __init__(self, server: Server) -> None:
        self.server = server.start()
        self.owner, self.stranger = server.user("owner"), server.user("stranger")
        self.credentials = {
            "nobody": None,
            "wrong": ("owner", "og_nonsense"),
            "stranger": ("stranger", self.stranger.token),
            "password": ("owner", PASSWORD),
            "token": ("owner", self.owner.token),
            "no scope": ("owner", server.client("owner", "user:read").token),
        }
        self.gists = {kind: self._gist(kind) for kind in KINDS}
        self.gists["missing"] = {"id": "0" * 32}
        assert server.stop() == 0
        with sqlite3.connect(server.repos / "index.sqlite3", timeout=30) as index:
            index.execute("UPDATE gist SET archived = 1 WHERE title = 'archived'")
            index.execute("UPDATE gist SET expires_at = 1 WHERE title = 'expired'")  # time passes
        index.close()

    def _gist(self, kind: str) -> dict:
        visibility = kind if kind in ("public", "unlisted", "private") else "public"
        return self.owner.create(title=kind, slug=kind, visibility=visibility)


class World:
    """A server with its own copy of all that, under one of the policies."""

    def __init__(self, server: Server, cast: Cast, policy: str) -> None:
        shutil.copytree(cast.server.repos, server.repos)
        self.server = server.start()
        self.table = _cells(policy)
        self.credentials, self.gists = cast.credentials, cast.gists
        self.owner = Client(server, "owner", cast.owner.token)
        self.stranger = Client(server, "stranger", cast.stranger.token)

    def path(self, action: str, kind: str) -> str:
        if kind == "init":
            return "/init"
        return f"/owner/{kind if action == 'create' else self.gists[kind]['id']}.git"

    def url(self, actor: str, path: str) -> str:
        """The address with the credentials in it, for the real git."""
        known = self.credentials[actor]
        secret = f"{known[0]}:{known[1].replace(' ', '%20')}@" if known else ""
        return self.server.url.replace("http://", f"http://{secret}") + path

    def ask(self, actor: str, action: str, kind: str) -> list[requests.Response]:
        """The answers to the requests that git would make. None of them changes anything."""
        remote = Remote(self.server.nobody, self.path(action, kind), self.credentials[actor])
        commits = self.gists.get(kind, {}).get("commits")
        head = commits[0]["version"] if commits else "1" * 40
        if action == "clone":
            return [remote.refs(UPLOAD, version) for version in (0, 2)]
        if action == "fetch":
            return [remote.post(UPLOAD, fetch_request(version, [head]), version) for version in (0, 2)]
        # A branch that cannot be: whoever may push is told so in git's own words, with status 200.
        command = line(f"{NOTHING} {head} refs/heads/a..b\0report-status") + FLUSH + pack()
        return [remote.refs(RECEIVE), remote.post(RECEIVE, command), remote.post(RECEIVE, FLUSH)]


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return Cast(Server(tmp_path_factory.mktemp("cast")))


@pytest.fixture(scope="module", params=POLICIES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cast: Cast) -> Iterator[World]:
    server = Server(tmp_path_factory.mktemp("matrix"), rate_limits="false", **POLICIES[request.param])
    yield World(server, cast, request.param)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_every_cell(world: World) -> None:
    before = world.server.on_disk()
    wrong = []
    for (action, kind), cells in world.table.items():
        for actor, due in cells.items():
            got = [answer.status_code for answer in world.ask(actor, action, kind)]
            if got != [due] * len(got):
                wrong.append(f"{actor}: {action} {kind}: {got} instead of {due}")
    assert not wrong, "\n".join(wrong)
    assert world.server.on_disk() == before


@pytest.mark.parametrize("actor", ["nobody", "wrong", "stranger"])
def test_what_is_hidden_looks_like_what_never_was(world: World, actor: str) -> None:
    for action in ("clone", "fetch", "push", "create"):
        looks = {
            str([(answer.status_code, sorted(_headers(answer).items()), answer.content) for answer in answers])
            for answers in (world.ask(actor, action, kind) for kind in ("private", "expired", "missing"))
        }
        assert len(looks) == 1, (action, looks)


def _headers(answer: requests.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("Date", "X-Request-ID")}


def test_git_is_asked_for_credentials_in_plain_words(world: World) -> None:
    """401 says how to sign in, 403 and 404 say what is wrong, in text that git shows to its user."""
    for (action, kind), cells in world.table.items():
        for actor, due in cells.items():
            for answer in world.ask(actor, action, kind) if due >= 400 else ():
                where = (actor, action, kind, answer.text)
                assert answer.headers["Content-Type"] == "text/plain; charset=utf-8", where
                assert answer.text.strip() and "<" not in answer.text, where
                assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401), where


@pytest.fixture
def source(git: Git) -> Git:
    """Has something to push, in `git.home / "source"`."""
    git("init", "-q", "-b", "main", git.home / "source")
    return git


def test_the_pushes_that_succeed(world: World, source: Git) -> None:
    for (action, kind), cells in world.table.items():
        for actor in (actor for actor, due in cells.items() if due == 200 and action in ("push", "create")):
            cell = f"{action} {kind} {actor}"
            head = source.commit(source.home / "source", {"cell.txt": cell})
            said = source.try_(
                "push", "--force", world.url(actor, world.path(action, kind)), "main", cwd=source.home / "source"
            )
            assert said.returncode == 0, (cell, said.stderr)
            _is_there(world, action, kind, actor, head, said.stderr)


def _is_there(world: World, action: str, kind: str, actor: str, head: str, said: str) -> None:
    """The push arrived: in the gist of that kind, or in a new one whose address git was told, and it is deleted."""
    client = world.stranger if actor == "stranger" else world.owner
    known = world.gists.get(kind, {}).get("id")
    if kind != "init" and (action == "push" or kind not in ("missing", "expired")):
        assert client.read(known)["commits"][0]["version"] == head
        return
    printed = re.search(r"remote: .*(http://\S+)", said)
    assert printed, said
    made = next(item for item in client.get("/api/gists").json() if item["html_url"] == printed[1])
    assert made["id"] != known and made["visibility"] == "public"
    assert client.read(made["id"])["commits"][0]["version"] == head
    if kind != "init":
        assert (made["title"], made["html_url"]) == (kind, f"{world.server.url}/owner/{kind}")
    assert client.request("DELETE", f"/api/gists/{made['id']}").status_code == 204


@pytest.mark.parametrize(
    ("actor", "action", "kind", "words"),
    [
        ("nobody", "push", "public", "could not read Username"),
        ("nobody", "create", "missing", "could not read Username"),
        ("nobody", "clone", "private", "could not read Username"),
        ("wrong", "clone", "private", "Authentication failed"),
        ("wrong", "create", "missing", "Authentication failed"),
        ("stranger", "push", "public", "403"),
        ("stranger", "clone", "private", "not found"),
        ("stranger", "create", "missing", "not found"),
        ("no scope", "push", "public", "403"),
        ("no scope", "create", "missing", "403"),
        ("token", "push", "archived", "archived"),
        ("token", "clone", "expired", "not found"),
        ("token", "clone", "init", "403"),
    ],
)
def test_what_git_says_of_a_refusal(world: World, source: Git, actor: str, action: str, kind: str, words: str) -> None:
    clone = source.home / "source"
    source.commit(clone, {"x": "x"})
    url = world.url(actor, world.path(action, kind))
    done = source.try_("ls-remote", url) if action == "clone" else source.try_("push", url, "main", cwd=clone)
    assert done.returncode != 0 and words in done.stderr, done.stderr


def test_a_wrong_password_is_wrong_everywhere(world: World) -> None:
    for path in (world.path("clone", "public"), world.path("create", "missing")):
        answers = [
            Remote(world.server.nobody, path, ("owner", "wrong password")).refs(name) for name in (UPLOAD, RECEIVE)
        ]
        assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("name", ["a_b", "a.b", "x" * 33, "%C3%A9", "a%20b", ".."])
def test_a_name_that_is_no_slug_makes_nothing(world: World, name: str) -> None:
    before = world.server.on_disk()
    answer = Remote(world.owner, f"/owner/{name}.git").refs(RECEIVE)
    assert 400 <= answer.status_code < 500 and answer.text.strip(), (name, answer.status_code)
    assert world.server.on_disk() == before


def test_a_clone_without_credentials(world: World, source: Git) -> None:
    done = source.try_("clone", "-q", world.url("nobody", world.path("clone", "unlisted")), "copy")
    assert (done.returncode == 0) == (world.table["clone", "unlisted"]["nobody"] == 200), done.stderr
    source.clone(world.url("stranger", world.path("clone", "unlisted")))
