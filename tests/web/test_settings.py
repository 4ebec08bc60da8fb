"""What people decide about their own account."""

import io
import json
import re
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
import requests

from tests.harness import PASSWORD, Client, Git, Server, chromium, require

from . import screenshots
from .people import Person, found, on_record

TOKENS = "/-/settings/access-tokens"
KEYS = "/-/settings/api-keys"
SESSIONS = "/-/settings/sessions"
TWO_FACTOR = "/-/settings/two-factor"


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


@pytest.mark.parametrize(
    "page", ["profile", "password", "sessions", "access-tokens", "api-keys", "digest", "export", "export.zip", "delete"]
)
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


def test_an_api_key_is_made_shown_once_and_revoked(alice: Person, bob: Person) -> None:
    page = alice.post(KEYS, name="<paster>")
    assert page.status_code == 201
    key = found(r'value="([0-9a-f]{32})"', page.text)
    headers = {"Authorization": f"Key {key}"}

    def make() -> requests.Response:
        body = {"visibility": "private", "files": [{"content": {"format": "text", "value": "x"}}]}
        return alice.server.nobody.request("POST", "/api/v1/pastes", json=body, headers=headers)

    assert make().json()["result"]["author"]["username"] == "alice"
    again = alice.get(KEYS).text
    assert key not in again and "&lt;paster&gt;" in again
    number = found(r"api-keys/(\d+)/revoke", again)
    assert bob.post(f"{KEYS}/{number}/revoke").status_code == 404
    assert alice.post(f"{TOKENS}/{number}/revoke").status_code == 404, "that is another page's"
    assert alice.post(f"{KEYS}/{number}/revoke").status_code == 303
    assert make().status_code == 400
    assert alice.post(KEYS, name="").status_code == 422


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


# ---------------------------------------------------------------------- the second factor


def _codes(page: str) -> pyotp.TOTP:
    return pyotp.TOTP(found(r'id="secret">([A-Z2-7 ]+)<', page).replace(" ", ""))


def _step(codes: pyotp.TOTP, ahead: int) -> str:
    """The code of a step: 0 is now's, its neighbours are accepted, too."""
    return codes.at(time.time(), counter_offset=ahead)


def _second(person: Person, code: str, next: str = "/") -> int:
    return person.post("/-/login/second", code=code, next=next).status_code


def _with_second_factor(server: Server, name: str) -> tuple[Person, Callable[[int], str], list[str]]:
    """Somebody who has just turned it on, with the codes of steps to come (0 and 1 are good now) and for recovery."""
    person = Person(server, name).sign_up()
    assert person.post(TWO_FACTOR).status_code == 303
    codes = _codes(person.get(TWO_FACTOR).text)

    def turn_on() -> tuple[int, requests.Response]:
        now = codes.timecode(time.time())
        return now, person.post(f"{TWO_FACTOR}/on", code=codes.generate_otp(now - 1))

    now, page = turn_on()
    if page.status_code == 422:  # a step ended meanwhile
        now, page = turn_on()
    assert page.status_code == 200, page.text
    shown = page.text.partition("<textarea")[2].partition("</textarea")[0]
    return person, lambda ahead: codes.generate_otp(now + ahead), re.findall(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", shown)


def test_the_second_factor_is_set_up(server: Server) -> None:
    ida = Person(server, "ida").sign_up()
    tool, elsewhere = ida.api(), _signed_in(server, "ida")
    assert "Set it up" in ida.get(TWO_FACTOR).text
    assert ida.post(f"{TWO_FACTOR}/on", code="000000").status_code == 409
    ida.post(TWO_FACTOR)
    first = _codes(ida.get(TWO_FACTOR).text)
    assert Person(server, "ida").sign_in().headers["Location"] == "/", "it is not on yet"
    ida.post(TWO_FACTOR)
    page = ida.get(TWO_FACTOR).text
    codes = _codes(page)
    assert (
        codes.secret != first.secret
        and 'src="data:image/svg+xml' in page
        and "http://www.w3.org" not in page.partition("data:")[0]
    )
    for wrong in ("", "12345", _step(first, 0), _step(codes, -5), _step(codes, 5)):
        answer = ida.post(f"{TWO_FACTOR}/on", code=wrong)
        assert answer.status_code == 422 and 'id="code-problem"' in answer.text
    cookie = ida.session.cookies["gistd_session"]
    answer = ida.post(f"{TWO_FACTOR}/on", code=_step(codes, 0))
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert ida.session.cookies["gistd_session"] != cookie and ida.is_signed_in() and not elsewhere.is_signed_in()
    assert tool.get("/api/user").status_code == 200
    on = ida.get(TWO_FACTOR).text
    assert "It is on" in on and "10 recovery codes are left" in on and "data:image" not in on
    assert codes.secret not in str(on_record(server)) and codes.secret.encode() not in server.log.read_bytes()
    ida.post(TWO_FACTOR)
    assert "It is on" in ida.get(TWO_FACTOR).text, "setting up another does not turn this one off"


def test_signing_in_takes_both_and_a_code_only_once(server: Server) -> None:
    jack, codes, _ = _with_second_factor(server, "jack")
    jack.post("/-/logout")
    answer = jack.sign_in(next="/jack?page=2")
    assert answer.headers["Location"] == "/-/login/second?next=%2Fjack%3Fpage%3D2"
    assert "Max-Age=600" in answer.headers["Set-Cookie"]
    assert not jack.is_signed_in() and jack.get("/-/settings/profile").status_code == 302
    form = jack.get(answer.headers["Location"]).text
    assert 'name="next" value="/jack?page=2"' in form
    half = jack.session.cookies["gistd_session"]
    for wrong in ("", "000000", codes(-1), codes(9), "aaaa-aaaa-aaaa-aaaa", "x" * 5000, "\0"):
        answer = jack.post("/-/login/second", code=wrong, next="/jack?page=2")
        assert answer.status_code == 401 and 'role="alert"' in answer.text and not jack.is_signed_in(), wrong
    code = codes(0)
    answer = jack.post("/-/login/second", code=f"{code[:3]} {code[3:]}", next="//evil.example")
    assert answer.headers["Location"] == "/" and jack.is_signed_in()
    assert jack.session.cookies["gistd_session"] != half, "by a session of its own"
    late = Person(server, "jack", Cookie=f"gistd_session={half}")
    assert late.get("/-/login/second").headers["Location"].startswith("/-/login?next=")
    assert _second(late, codes(1)) == 303 and not late.is_signed_in()

    again = Person(server, "jack")
    again.sign_in()
    assert _second(again, code) == 401, "a code that was used is used up"
    assert _second(again, codes(1)) == 303 and again.is_signed_in()
    stranger = Person(server, "jack")
    assert _second(stranger, codes(1)) == 303 and not stranger.is_signed_in(), "nor is the code alone enough"


def test_recovery_codes_are_good_for_once(server: Server, bob: Person) -> None:
    kate, _, recovery = _with_second_factor(server, "kate")
    assert len(set(recovery)) == 10
    other, _, others = _with_second_factor(server, "liam")
    for code, status in (
        (others[0], 401),
        (recovery[0], 303),
        (recovery[0], 401),
        (recovery[1].upper().replace("-", " "), 303),
    ):
        visitor = Person(server, "kate")
        visitor.sign_in()
        assert _second(visitor, code) == status and visitor.is_signed_in() is (status == 303)
    assert "8 recovery codes are left" in kate.get(TWO_FACTOR).text
    assert kate.post(f"{TWO_FACTOR}/recovery-codes", current="wrong").status_code == 422
    page = kate.post(f"{TWO_FACTOR}/recovery-codes", current=PASSWORD)
    assert page.headers["Cache-Control"] == "no-store" and "10 recovery codes" in kate.get(TWO_FACTOR).text
    visitor = Person(server, "kate")
    visitor.sign_in()
    assert _second(visitor, recovery[2]) == 401, "the old ones are void"
    assert not any(code in str(on_record(server)) for code in recovery)
    assert other.is_signed_in()


def test_a_password_alone_is_none_for_programs(server: Server, git: Git) -> None:
    mona, _, _ = _with_second_factor(server, "mona")
    tool = mona.api()
    gist = tool.create(visibility="private")
    done = git.try_("clone", tool.clone_url(gist, PASSWORD.replace(" ", "%20")))
    assert done.returncode and "access token" in done.stderr, done.stderr
    assert (git.clone(tool.clone_url(gist)) / "hello.py").exists()
    refused = server.nobody.get(f"/mona/{gist['id']}.git/info/refs?service=git-upload-pack", auth=("mona", PASSWORD))
    assert refused.status_code == 401 and gist["title"] not in refused.text
    wrong = server.nobody.get(f"/mona/{gist['id']}.git/info/refs?service=git-upload-pack", auth=("mona", "wrong"))
    assert "access token" not in wrong.text, "who does not know the password does not learn of it"


def test_the_second_factor_is_turned_off(server: Server) -> None:
    nina, _, recovery = _with_second_factor(server, "nina")
    elsewhere = Person(server, "nina")
    elsewhere.sign_in()
    assert _second(elsewhere, recovery[0]) == 303
    assert nina.post(f"{TWO_FACTOR}/off", current="wrong").status_code == 422
    assert nina.post(f"{TWO_FACTOR}/off", current=PASSWORD).status_code == 303
    assert nina.is_signed_in() and not elsewhere.is_signed_in() and "Set it up" in nina.get(TWO_FACTOR).text
    assert Person(server, "nina").sign_in().headers["Location"] == "/"


def test_the_operator_helps(server: Server) -> None:
    otto, _, _ = _with_second_factor(server, "otto")
    server.cli("user", "reset-two-factor", "otto")
    assert not otto.is_signed_in()
    assert Person(server, "otto").sign_in().headers["Location"] == "/"
    assert "8 to 1024" in server.cli("user", "password", "otto", "--password-stdin", input="short\n", code=1)
    server.cli("user", "password", "otto", "--password-stdin", input="battery staple\n")
    assert Person(server, "otto").sign_in().status_code == 401
    assert Person(server, "otto").sign_in("battery staple").headers["Location"] == "/"
    assert "there is no user" in server.cli("user", "reset-two-factor", "nobody", code=1)


def test_codes_are_not_to_be_guessed(own_server: Callable[..., Server]) -> None:
    server = own_server(max_failures_per_account=3).start("--workers", "2")
    Person(server, "admin").sign_up()
    pia, codes, recovery = _with_second_factor(server, "pia")
    guessers = [Person(server, "pia") for _ in range(8)]
    for guesser in guessers:
        guesser.sign_in()  # the newest of them waits for its code
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: _second(guessers[-1], f"{number:06}"), range(8)))
    assert sorted(answers) == [401] * 3 + [429] * 5, "many at once are no more than one after the other"
    assert _second(guessers[-1], recovery[0]) == _second(guessers[-1], codes(0)) == 429
    assert pia.is_signed_in()


def test_no_secret_is_kept_or_logged(server: Server) -> None:
    password = "only for this test"
    rosa = Person(server, "rosa").sign_up(password=password, repeat=password)
    secrets = [password, rosa.session.cookies["gistd_session"], rosa.api().token]
    rosa.post(TWO_FACTOR)
    codes = _codes(rosa.get(TWO_FACTOR).text)
    page = rosa.post(f"{TWO_FACTOR}/on", code=_step(codes, 0)).text
    secrets += [codes.secret, *re.findall(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", page)]
    secrets += [rosa.session.cookies["gistd_session"]]
    rosa.sign_in(password)
    secrets += [rosa.session.cookies["gistd_session"]]
    assert rosa.post("/-/login/second", code="000000", next="/?canary").status_code == 401
    secrets += [secret.replace("-", "") for secret in secrets] + ["canary"]
    files = [*server.repos.glob("index.sqlite3*"), server.log]
    kept = b"".join(file.read_bytes() for file in files)
    assert b"rosa" in kept and not [secret for secret in secrets if secret.encode() in kept]


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
    server.cli("doctor")
    Person(server, "hugo").sign_up()  # the name is free again


def test_the_only_admin_stays(server: Server) -> None:
    admin = _signed_in(server, "admin")
    gist = admin.api().create()
    answer = admin.post("/-/settings/delete", current=PASSWORD)
    assert answer.status_code == 409 and "the only admin" in answer.text
    assert admin.get(f"/admin/{gist['id']}").status_code == 200, "nothing has gone"


# ---------------------------------------------------------------------- in a browser


@pytest.mark.parametrize(("scripts", "width", "scheme"), [(True, 1440, "light"), (False, 320, "dark")])
def test_the_life_of_an_account_in_a_browser(server: Server, scripts: bool, width: int, scheme: str) -> None:
    require("chromium", chromium())
    name = f"browser-{width}"
    with screenshots.browser() as running:
        page = screenshots.open_page(running, server.url + "/-/register", width, scheme, scripts=scripts)
        for field, words in (("username", name), ("password", PASSWORD), ("repeat", PASSWORD)):
            page.fill(f"#{field}", words)
        page.keyboard.press("Enter")
        page.click("text=Settings")
        page.click("text=Access tokens")
        page.fill("#name", "laptop")
        page.check("input[value='gist:write']")
        page.click("text=Create the token")
        tool = Client(server, name, page.input_value("#secret"))
        tool.create()
        page.click("[aria-label='Revoke laptop']")
        page.wait_for_selector("text=You have none")
        assert tool.get("/api/gists").status_code == 401

        page.click("text=Two-factor")
        page.click("text=Set it up")
        codes = pyotp.TOTP(page.inner_text("#secret").replace(" ", ""))
        page.fill("#code", codes.now())
        page.click("text=Turn it on")
        recovery = page.input_value("#codes").split()
        assert len(recovery) == 10
        with page.expect_download() as download:
            page.click("text=Download")
        assert download.value.path().read_text().split() == recovery
        page.click("text=Sign out")
        page.goto(server.url + TOKENS)
        page.fill("#username", name)
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.fill("#code", recovery[0])
        page.keyboard.press("Enter")
        page.wait_for_url(server.url + TOKENS)

        page.click("text=Export")
        with page.expect_download() as download:
            page.click("text=Download everything")
        assert zipfile.is_zipfile(download.value.path())
        page.click("text=Delete account")
        assert not scripts or page.evaluate("document.documentElement.scrollWidth") <= width
        page.fill("#current", PASSWORD)
        page.click("text=Delete my account")
        page.wait_for_selector("text=Sign in")
        assert server.nobody.get(f"/{name}").status_code == 404
