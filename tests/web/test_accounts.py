"""Signing up, in and out; what guards the cookie, the forms and the way back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import gistd
from gistd.settings import Settings
from tests.harness import PASSWORD, Client, Server

from .people import Person, found, on_record


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("accounts"), rate_limits="false", max_failures_per_account=1).start()
    Person(running, "alice").sign_up()
    Person(running, "bob").sign_up()
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def alice(server: Server) -> Person:
    """At a browser, not signed in."""
    return Person(server, "alice")


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("tls"), external_url="https://gists.example.org").start()
    yield running
    running.stop()


# ---------------------------------------------------------------------- up, in, out


def test_the_first_to_sign_up_is_an_admin_and_signed_in(own_server: Callable[..., Server]) -> None:
    server = own_server().start()
    first = Person(server, "First").sign_up(email="First@example.org")
    second = Person(server, "second").sign_up()
    assert first.is_signed_in() and second.is_signed_in()
    assert first.get("/-/admin").status_code == 200 and second.get("/-/admin").status_code == 404
    assert "first@example.org" in first.get("/-/settings/profile").text
    assert first.get("/-/register").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("form", "status", "field", "words"),
    [
        ({"username": "Alice"}, 409, "", "already taken"),
        ({"username": "a b"}, 422, "username", "1 to 32 letters"),
        ({"username": ""}, 422, "username", "1 to 32 letters"),
        ({"username": "settings"}, 422, "username", "reserved"),
        ({"password": "short", "repeat": "short"}, 422, "password", "8 to 1024"),
        ({"password": "og_" + "0" * 64, "repeat": "og_" + "0" * 64}, 422, "password", "not beginning with"),
        ({"repeat": "another one"}, 422, "repeat", "not the same"),
        ({"email": "x" * 256}, 422, "email", "at most 255"),
    ],
)
def test_what_is_no_account(server: Server, form: dict[str, str], status: int, field: str, words: str) -> None:
    before = on_record(server)
    asked = {"username": "carol", "password": PASSWORD, "repeat": PASSWORD, "email": "c@example.org", **form}
    answer = Person(server, "").post("/-/register", **asked, is_admin="1", id="1", uuid="0" * 32)
    assert answer.status_code == status and words in answer.text and "Set-Cookie" not in answer.headers
    assert found(r'role="alert">([^<]+)<', answer.text)
    marked = re.findall(r'<input id="(\w+)"[^>]*aria-invalid', answer.text)
    assert marked == ([field] if field else []), "the field is marked"
    assert f'value="{asked["username"]}"' in answer.text and f'value="{asked["email"]}"' in answer.text, "kept"
    assert asked["password"] not in answer.text.replace("og_</", ""), "but never a password"
    assert on_record(server) == before


def test_signing_up_can_be_off(own_server: Callable[..., Server]) -> None:
    server = own_server(signup="false").start()
    somebody = Person(server, "somebody")
    assert "/-/register" not in somebody.get("/").text + somebody.get("/-/login").text
    for answer in (somebody.get("/-/register"), somebody.post("/-/register", username="x", password=PASSWORD)):
        assert answer.status_code == 403 and "does not take new accounts" in answer.text
    assert not [row for row in on_record(server) if row[0] == "account"]


def test_sign_in_and_out(alice: Person) -> None:
    alice.sign_in()
    secret = alice.api().create(visibility="private", title="canary")
    page = f"/alice/{secret['id']}"
    assert "canary" in alice.get(page).text and "canary" in alice.get("/alice").text
    stranger = alice.server.nobody
    assert stranger.get(page).status_code == 404 and "canary" not in stranger.get("/alice").text
    kept = dict(alice.session.cookies)
    assert alice.post("/-/logout").status_code == 303 and not alice.is_signed_in()
    alice.session.cookies.update(kept)
    assert alice.get(page).status_code == 404, "a session that is over stays over"


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("nobody", PASSWORD), ("", ""), ("alice", "\0"), ("\udcff", "x"), ("alice", "x" * 5000)],
)
def test_wrong_words_let_nobody_in(server: Server, name: str, password: str) -> None:
    visitor = Person(server, name.encode("utf-8", "replace").decode())
    answer = visitor.sign_in(password)
    assert answer.status_code == 401 and "Bad credentials" in answer.text and "Set-Cookie" not in answer.headers


# ---------------------------------------------------------------------- sessions and cookies


def test_a_session_that_was_planted_is_not_taken_over(alice: Person) -> None:
    def sign_in(cookie: str) -> str:
        visitor = Person(alice.server, "alice", Cookie=f"gistd_session={cookie}")
        return visitor.sign_in().cookies["gistd_session"]

    first = sign_in("planted")
    second = sign_in(first)
    assert len({"planted", first, second}) == 3
    for secret, signed_in in (("planted", False), (first, False), (second, True)):
        assert Person(alice.server, "alice", Cookie=f"gistd_session={secret}").is_signed_in() is signed_in


def test_the_cookie_is_well_guarded(alice: Person, behind_tls: Server) -> None:
    name, _, rest = alice.sign_in().headers["Set-Cookie"].partition("=")
    assert name == "gistd_session" and "Secure" not in rest
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={30 * 24 * 3600}"):
        assert flag in rest
    secret = Person(behind_tls, "alice")
    cookie = secret.post("/-/register", username="alice", password=PASSWORD, repeat=PASSWORD).headers["Set-Cookie"]
    assert cookie.startswith("__Host-gistd_session=") and "Domain" not in cookie
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    value = cookie.partition(";")[0]
    assert Person(behind_tls, "", Cookie=value).is_signed_in()
    assert not Person(behind_tls, "", Cookie=value.removeprefix("__Host-")).is_signed_in(), "what others can set"


def test_the_api_does_not_look_at_cookies(alice: Person) -> None:
    alice.sign_in()
    assert alice.get("/api/user").status_code == 401
    assert alice.request("PATCH", "/api/user", json={"email": "x@example.org"}).status_code == 401


# ---------------------------------------------------------------------- where to


@pytest.mark.parametrize(
    ("next", "there"),
    [
        *((path, path) for path in (
            "/alice", "/alice?page=2", "/a%20b", "/-/new", "/a//b", "/@evil.example", "/a:b", "/?next=//evil.example",
            "/%09/evil.example", "/%5cevil.example", "/%2f/evil.example", "/.evil.example",
        )),
        *((away, "/") for away in (
            "", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
            "\\/evil.example", "/a\\b", "https://evil.example", "https:evil.example", "https:/evil.example",
            "http:///evil.example", "HTTPS://evil.example", "javascript:alert(1)", "data:text/html,x", "alice", ".",
            "?x", "#x", "@evil.example", "/\t/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example",
            "/a\r\nX: y", "/a\n", "/\0/evil.example", "/é", "/\u2028", "／／evil.example", "//evil.example\\@here",
        )),
    ],
)  # fmt: skip
def test_where_to_after_signing_in(alice: Person, next: str, there: str) -> None:
    assert f'name="next" value="{there}"' in alice.get("/-/login", params={"next": next}).text


def test_nobody_is_led_away(alice: Person) -> None:
    for next, there in (("/bob", "/bob"), ("//evil.example", "/"), ("/\\evil.example", "/")):
        assert alice.sign_in(next=next).headers["Location"] == there


def test_the_way_back_after_signing_in(own_server: Callable[..., Server]) -> None:
    server = own_server(require_login="true").start()
    alice = Person(server, "alice").sign_up()
    gist = alice.api().create({"é b%41.txt": "found"})
    alice.post("/-/logout")
    path = f"/alice/{gist['id']}/raw/HEAD/%C3%A9%20b%2541.txt"
    form = alice.get(alice.get(path).headers["Location"]).text
    next = found(r'name="next" value="([^"]*)"', form)
    assert next == path
    assert alice.get(alice.sign_in(next=next).headers["Location"]).text == "found"


# ---------------------------------------------------------------------- forms of other sites

_KINDS = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000000"}
_PARTS = {"username": "alice", "place": "alice", "revision": "HEAD", "path": "hello.py", "topic": "x", "filename": "x"}


def _routes(tmp_path: Path, *methods: str) -> list[tuple[str, str]]:
    """Method and path of every page, with something in the places that are left open."""
    app = gistd.create_app(Settings(repos=tmp_path))
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web.") and not rule.endpoint.endswith(".static"):
            path = re.sub(
                r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>",
                lambda m: _KINDS.get(m[1]) or _PARTS.get(m[2], "GIST"),
                rule.rule,
            )
            found += [(method, path) for method in rule.methods & set(methods)]
    return sorted(found)


OTHERS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "HERE.evil.example"},
    {"Origin": "https://evil.example", "Host": "evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "HERE", "Sec-Fetch-Site": "cross-site"},
]


def test_no_page_takes_a_form_of_another_site(alice: Person, tmp_path: Path) -> None:
    alice.sign_in()
    gist = alice.api().create()
    routes = _routes(tmp_path, "POST", "PUT", "PATCH", "DELETE")
    assert len(routes) > 10
    before = on_record(alice.server)
    for method, path in routes:
        for name in (gist["id"], "x.js") if "GIST" in path else ("",):  # no exception by what a gist is called
            for headers in OTHERS:
                sent = {"Origin": None, **{k: v.replace("HERE", alice.server.url) for k, v in headers.items()}}
                answer = alice.request(method, path.replace("GIST", name), headers=sent, data={"_method": "DELETE"})
                assert answer.status_code == 403, (method, path, headers)
                assert "Set-Cookie" not in answer.headers
    assert on_record(alice.server) == before


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "HERE"}, {"Origin": None}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
)
def test_our_own_forms_are_taken(alice: Person, headers: dict[str, str | None]) -> None:
    alice.sign_in()
    sent = {name: value and value.replace("HERE", alice.server.url) for name, value in headers.items()}
    assert alice.request("POST", "/-/logout", headers=sent).status_code == 303
    assert not alice.is_signed_in()


def test_looking_changes_nothing(alice: Person, tmp_path: Path) -> None:
    alice.sign_in()
    gist = alice.api().create({"hello.py": "print()\n"})
    before = on_record(alice.server)
    for _, path in _routes(tmp_path, "GET"):
        for method in ("GET", "HEAD"):
            answer = alice.request(method, path.replace("GIST", gist["id"]) + "?_method=POST")
            assert answer.status_code < 500, (path, answer.text)
            answer = alice.request(method, path.replace("GIST", gist["id"]), headers={"X-HTTP-Method-Override": "POST"})
            assert answer.status_code < 500, path
    assert on_record(alice.server) == before


def test_no_page_can_be_framed_and_each_has_scripts_of_its_own(alice: Person, tmp_path: Path) -> None:
    alice.sign_in()
    gist = alice.api().create()
    nonces = []
    for _, path in _routes(tmp_path, "GET"):
        headers = alice.get(path.replace("GIST", gist["id"])).headers
        if not headers.get("Content-Type", "").startswith("text/html") or "/embed" in path:
            continue
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and headers["X-Frame-Options"] == "DENY", path
        assert "default-src 'none'" in policy and "unsafe" not in policy and "base-uri 'none'" in policy, path
        nonces.append(found(r"'nonce-([\w-]{22})'", policy))
    assert len(nonces) > 10 and len(set(nonces)) == len(nonces)


# ---------------------------------------------------------------------- the Host header


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=https"},
        {"X-Forwarded-Server": "evil.example"}, {"X-Host": "evil.example"}, {"X-Original-Host": "evil.example"},
        {"Host": "evil.example:80"}, {"Host": "gists.example.org@evil.example"}, {"Host": "evil.example/x"},
        {"X-Forwarded-Prefix": "//evil.example"}, {"X-Original-URL": "//evil.example"}, {"Host": "evil.example#"},
    ],
)  # fmt: skip
def test_no_header_says_where_we_are(behind_tls: Server, headers: dict[str, str]) -> None:
    nobody = behind_tls.nobody
    for path in ("/", "/-/login", "/-/register", "/alice", "/nobody-here", "/-/settings", "/api/gists"):
        answer = nobody.get(path, headers=headers)
        assert "evil.example" not in answer.text + str(answer.headers), path


# ---------------------------------------------------------------------- limits


@pytest.fixture
def limited(own_server: Callable[..., Server]) -> Server:
    server = own_server(max_failures_per_account=3, max_failures_per_address=6, max_signups_per_address=2)
    server.start("--workers", "3")
    Person(server, "alice").sign_up()
    Person(server, "bob").sign_up()
    return server


def test_guessing_is_limited_over_all_workers_and_restarts(limited: Server) -> None:
    alice = Person(limited, "alice")
    assert [alice.sign_in("wrong").status_code for _ in range(6)] == [401, 401, 401, 429, 429, 429]
    refused = alice.sign_in()
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 900, "nor the right one now"
    assert "Too many wrong credentials" in refused.text
    assert alice.request("POST", "/-/login", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 401
    assert alice.post("/-/login", username="ALICE", password=PASSWORD).status_code == 429, "by any spelling"
    assert Person(limited, "bob").sign_in().status_code == 303, "others are not locked out"
    limited.stop()
    limited.start()
    assert Person(limited, "alice").sign_in().status_code == 429
    answer = Person(limited, "carol").post("/-/register", username="carol", password=PASSWORD, repeat=PASSWORD)
    assert answer.status_code == 429 and "Too many new accounts" in answer.text, "alice and bob came from there"


def test_tokens_that_are_wrong_are_limited_and_right_ones_never(limited: Server) -> None:
    alice = limited.client("alice")
    wrong = Client(limited, "", "og_" + "0" * 64)
    assert [wrong.get("/api/gists").status_code for _ in range(8)] == [401] * 6 + [429] * 2
    assert wrong.get("/api/gists").json()["status"] == 429
    assert alice.get("/api/gists").status_code == 200
    assert limited.nobody.get("/api/gists").status_code == 200


def test_limits_can_be_switched_off(alice: Person) -> None:
    assert [alice.sign_in("wrong").status_code for _ in range(3)] == [401] * 3


def test_nothing_leads_to_another_host(alice: Person) -> None:
    alice.sign_in()
    for path in ("/-/settings", "/-/register"):
        assert not urlsplit(alice.get(path).headers["Location"]).netloc
