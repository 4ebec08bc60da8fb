"""What people decide about their own account."""

import io
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import PASSWORD, Client, Git, Server, chromium, require

from . import screenshots
from .people import Person, found, on_record

TOKENS = "/-/settings/access-tokens"
SESSIONS = "/-/settings/sessions"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("settings"), rate_limits="false").start()
    Person(running, "admin").sign_up()
    Person(running, "alice").sign_up()
    Person(running, "bob").sign_up()
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


def _signed_in(server: Server, name: str, **headers: str) -> Person:
    person = Person(server, name, **headers)
    assert person.sign_in().status_code == 303
    return person


@pytest.fixture
def alice(server: Server) -> Person:
    return _signed_in(server, "alice")


@pytest.fixture
def bob(server: Server) -> Person:
    return _signed_in(server, "bob")


@pytest.mark.parametrize("page", ["profile", "password", "sessions", "access-tokens", "export", "export.zip", "delete"])
def test_settings_are_for_whoever_is_signed_in(server: Server, alice: Person, page: str) -> None:
    path = f"/-/settings/{page}"
    assert server.nobody.get(path).headers["Location"] == f"/-/login?next={path}"
    answer = alice.get(path)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert page.endswith(".zip") or f'href="{path}" aria-current="page"' in answer.text


# ---------------------------------------------------------------------- profile


def test_another_name_and_address(server: Server) -> None:
    dora = Person(server, "dora").sign_up()
    gist = dora.api().create(title="moves along", slug="here")
    form = {"username": "Dora-2", "email": " New@Example.org", "is_admin": "1", "id": "1", "password_hash": "x"}
    answer = dora.post("/-/settings/profile", **form)
    assert answer.headers["Location"] == "/-/settings/profile?saved=1"
    page = dora.get("/-/settings/profile?saved=1").text
    assert 'value="Dora-2"' in page and 'value="new@example.org"' in page and 'role="status"' in page
    assert dora.get("/-/admin").status_code == 404, "only what the form is about can be changed by it"
    assert dora.get(f"/dora/{gist['id']}").status_code == 404
    assert "moves along" in dora.get("/Dora-2/here").text
    assert Person(server, "dora-2").sign_in().status_code == 303


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"username": "BOB"}, 409, "already taken"), ({"username": "a/b"}, 422, "1 to 32 letters"),
        ({"username": "api"}, 422, "reserved"), ({"username": "alice", "email": "x" * 256}, 422, "at most 255"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be(alice: Person, form: dict[str, str], status: int, words: str) -> None:
    before = on_record(alice.server)
    answer = alice.post("/-/settings/profile", **form)
    assert answer.status_code == status and words in answer.text and f'value="{form["username"]}"' in answer.text
    assert on_record(alice.server) == before


# ---------------------------------------------------------------------- password and sessions


def test_another_password(server: Server) -> None:
    emil = Person(server, "emil").sign_up()
    tool = emil.api()
    elsewhere = _signed_in(server, "emil")
    before = on_record(server)
    for form, field in (
        ({"current": "wrong", "password": "battery staple", "repeat": "battery staple"}, "current"),
        ({"current": PASSWORD, "password": "short", "repeat": "short"}, "password"),
        ({"current": PASSWORD, "password": "battery staple", "repeat": "battery stable"}, "repeat"),
    ):
        answer = emil.post("/-/settings/password", **form)
        assert answer.status_code == 422 and f'id="{field}-problem"' in answer.text
        assert "staple" not in answer.text
    assert on_record(server) == before
    cookie = emil.session.cookies["gistd_session"]
    answer = emil.post("/-/settings/password", current=PASSWORD, password="battery staple", repeat="battery staple")
    assert answer.status_code == 303
    assert emil.is_signed_in() and emil.session.cookies["gistd_session"] != cookie, "here, by a new session"
    assert not elsewhere.is_signed_in()
    assert not Person(server, "emil", Cookie=f"gistd_session={cookie}").is_signed_in()
    assert tool.get("/api/user").status_code == 200, "tokens stay"
    assert Person(server, "emil").sign_in().status_code == 401
    assert Person(server, "emil").sign_in("battery staple").status_code == 303


AGENTS = [
    ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
    ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
    ("<b>curl</b>/8.0 " + "x" * 500, "&lt;b&gt;curl&lt;/b&gt;/8.0 " + "x" * 44 + "<"),
    ("", "an unknown device"),
]


def test_sessions_are_listed_and_ended(server: Server) -> None:
    fay = Person(server, "fay").sign_up()
    others = [_signed_in(server, "fay", **{"User-Agent": agent}) for agent, _ in AGENTS]
    page = fay.get(SESSIONS).text
    for _, device in AGENTS:
        assert device in page
    assert page.count("this one") == 1 and page.count("127.0.0.1") == len(AGENTS) + 1
    newest = found(r"sessions/(\d+)/end", page)
    assert fay.post(f"{SESSIONS}/{newest}/end").status_code == 303
    assert [other.is_signed_in() for other in others] == [True] * 5 + [False]
    assert fay.post(f"{SESSIONS}/{newest}/end").status_code == 404
    cookie = fay.session.cookies["gistd_session"]
    assert fay.post(f"{SESSIONS}/end-others").status_code == 303
    assert fay.is_signed_in() and not any(other.is_signed_in() for other in others)
    assert cookie not in str(on_record(server)), "what is kept is a hash"


# ---------------------------------------------------------------------- access tokens


def test_a_token_is_made_shown_once_and_revoked(alice: Person) -> None:
    form = {"name": "<laptop>", "scope": ["gist:read", "user:read"], "expires_at": "2090-01-31"}
    page = alice.post(TOKENS, **form)
    assert page.status_code == 201
    tool = Client(alice.server, "alice", found(r"(og_[0-9a-f]{64})", page.text))
    assert tool.get("/api/user").status_code == 200
    assert tool.request("POST", "/api/gists", json={}).status_code == 403
    again = alice.get(TOKENS).text
    assert "og_" not in again and "&lt;laptop&gt;" in again and "31 Jan 2090, 23:59 UTC" in again
    assert "last used" in again
    number = found(r"access-tokens/(\d+)/revoke", again)
    assert alice.post(f"{TOKENS}/{number}/revoke").status_code == 303
    assert tool.get("/api/user").status_code == 401
    assert alice.post(f"{TOKENS}/{number}/revoke").status_code == 404
    assert alice.post(f"{TOKENS}/{'9' * 30}/revoke").status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "x"}, "choose at least one"),
        ({"name": "x", "scope": "everything"}, "choose at least one"),
        ({"scope": "gist:read"}, "give it a name"),
        ({"name": "x" * 256, "scope": "gist:read"}, "at most 255 characters"),
        ({"name": "x", "scope": "gist:read", "expires_at": "soon"}, "a day is written"),
        ({"name": "x", "scope": "gist:read", "expires_at": "2020-01-01"}, "over already"),
        ({"name": "x", "scope": "gist:read", "expires_at": "10000-01-01"}, "a day is written"),
    ],
)
def test_forms_that_are_not_filled_in(alice: Person, form: dict[str, str], words: str) -> None:
    answer = alice.post(TOKENS, **form)
    assert answer.status_code == 422 and words in answer.text and "og_" not in answer.text


def test_nobody_ends_or_revokes_what_is_not_theirs(alice: Person, bob: Person) -> None:
    bob.post(TOKENS, name="bobs", scope="gist:read")
    _signed_in(bob.server, "bob")
    numbers = re.findall(r"/(\d+)/(?:end|revoke)", bob.get(SESSIONS).text + bob.get(TOKENS).text)
    assert len(numbers) >= 2
    before = on_record(alice.server)
    for number in numbers:
        for path in (f"{SESSIONS}/{number}/end", f"{TOKENS}/{number}/revoke"):
            assert alice.post(path).status_code == 404
    assert on_record(alice.server) == before and bob.is_signed_in()


# ---------------------------------------------------------------------- export and the end


def test_an_export_is_everything_of_ones_own_and_nothing_else(
    server: Server, bob: Person, git: Git, tmp_path: Path
) -> None:
    gina = Person(server, "gina").sign_up(email="gina@example.org")
    tool, others = gina.api(), bob.api()
    secret = tool.create({"src/a.py": "first\n", "b": "x"}, title="mine", visibility="private", topics=["tea"])
    tool.change(secret["id"], files={"src/a.py": {"content": "second\n"}})
    liked = others.create({"b.txt": "canary"}, title="canary")
    hidden = others.create({"b.txt": "canary"}, title="canary", visibility="private")
    forked = others.create({"fork me": "canary"}, title="to be hidden")
    fork = tool.request("POST", f"/api/gists/{forked['id']}/forks").json()
    for gist in (liked, forked):
        assert tool.request("PUT", f"/api/gists/{gist['id']}/like").status_code < 300
    others.change(forked["id"], visibility="private")

    answer = gina.get("/-/settings/export.zip")
    assert (
        answer.headers["Content-Type"] == "application/zip" and "gistd-gina-2" in answer.headers["Content-Disposition"]
    )
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    tops = {name.split("/")[1].split(".")[0] for name in archive.namelist() if name.startswith("gists/")}
    assert tops == {secret["id"], fork["id"]}, "her own, and no name of anybody else's"
    for entry in archive.infolist():
        assert ".." not in entry.filename and not entry.filename.startswith("/"), entry
        assert not stat.S_ISLNK(entry.external_attr >> 16)
    account = json.loads(archive.read("account.json"))
    assert account["username"] == "gina" and account["email"] == "gina@example.org"
    assert account["likes"] == [f"bob/{liked['id']}"], "what she cannot see any more is not named"
    kept = json.loads(archive.read(f"gists/{secret['id']}.json"))
    assert (kept["title"], kept["visibility"], kept["topics"]) == ("mine", "private", ["tea"])
    assert kept["files"] == ["b", "src/a.py"]
    assert json.loads(archive.read(f"gists/{fork['id']}.json"))["forked_from"] is None
    written = b"".join(archive.read(name) for name in archive.namelist())
    assert hidden["id"].encode() not in written and b"bob@" not in written and b"og_" not in written

    archive.extractall(tmp_path)
    clone = git.clone(str(tmp_path / "gists" / f"{secret['id']}.git"))
    assert (clone / "src" / "a.py").read_text() == "second\n"
    assert git("rev-list", "--count", "HEAD", cwd=clone).strip() == "2"
    git("fsck", "--strict", cwd=tmp_path / "gists" / f"{secret['id']}.git")


def test_an_account_is_deleted_with_all_that_is_its_own(server: Server, bob: Person) -> None:
    hugo = Person(server, "hugo").sign_up()
    tool, others = hugo.api(), bob.api()
    mine = [tool.create(visibility=visibility) for visibility in ("public", "unlisted", "private")]
    fork = others.request("POST", f"/api/gists/{mine[0]['id']}/forks").json()
    theirs = others.create(title="liked by two")
    for fan in (tool, server.client("alice")):
        fan.request("PUT", f"/api/gists/{theirs['id']}/like")
    elsewhere = _signed_in(server, "hugo")

    before = on_record(server)
    refused = hugo.post("/-/settings/delete", current="wrong")
    assert refused.status_code == 422 and 'id="current-problem"' in refused.text
    assert on_record(server) == before and hugo.is_signed_in()

    answer = hugo.post("/-/settings/delete", current=PASSWORD)
    assert answer.status_code == 303 and not hugo.is_signed_in() and not elsewhere.is_signed_in()
    assert Person(server, "hugo").sign_in().status_code == 401 and tool.get("/api/user").status_code == 401
    assert server.nobody.get("/hugo").status_code == 404
    for gist in mine:
        assert not server.repository(gist["id"]).exists()
    assert others.read(fork["id"])["files"], "what others forked is theirs"
    assert "1 like" in bob.get("/bob").text, "and what is left of the likes is counted anew"
    server.cli("doctor")
    Person(server, "hugo").sign_up()  # the name is free again


def test_the_only_admin_stays(server: Server) -> None:
    admin = _signed_in(server, "admin")
    gist = admin.api().create()
    answer = admin.post("/-/settings/delete", current=PASSWORD)
    assert answer.status_code == 409 and "the only admin" in answer.text
    assert admin.get(f"/admin/{gist['id']}").status_code == 200, "nothing has gone"


# ---------------------------------------------------------------------- in a browser


@pytest.mark.parametrize("scripts", [True, False])
def test_tokens_in_a_browser(server: Server, alice: Person, scripts: bool) -> None:
    require("chromium", chromium())
    with screenshots.browser() as running:
        page = screenshots.open_page(running, server.url + TOKENS, 320, "dark", scripts=scripts)
        page.fill("#username", "alice")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(server.url + TOKENS)
        page.fill("#name", f"by browser {scripts}")
        page.check("input[value='gist:write']")
        page.click("text=Create the token")
        token = page.input_value("#secret")
        assert Client(server, "alice", token).get("/api/gists").status_code == 200
        page.click(f"[aria-label='Revoke by browser {scripts}']")
        page.wait_for_url(server.url + TOKENS)
        assert Client(server, "alice", token).get("/api/gists").status_code == 401
        page.click("text=Sign out")
        page.wait_for_selector("text=Sign in")
