"""Signing in and out, and the page of access tokens."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.harness import PASSWORD, Client, Server, chromium, require

from . import screenshots

TOKENS = "/-/settings/access-tokens"


@pytest.fixture
def visitor(server: Server, alice: Client) -> Client:
    """Somebody at a browser, not signed in."""
    return server.nobody


def _sign_in(visitor: Client, name: str = "alice", password: str = PASSWORD, next: str = "/") -> int:
    form = {"username": name, "password": password, "next": next}
    return visitor.request("POST", "/-/login", data=form).status_code


def test_sign_in_and_out(alice: Client, visitor: Client) -> None:
    secret = alice.create(visibility="private", title="canary")
    page = f"/alice/{secret['id']}"
    assert visitor.get(page).status_code == 404
    assert _sign_in(visitor) == 303
    assert "canary" in visitor.get(page).text
    assert "canary" in visitor.get("/alice").text and "canary" not in visitor.get("/").text
    assert "Sign out" in visitor.get("/").text
    kept = dict(visitor.session.cookies)
    assert visitor.request("POST", "/-/logout").status_code == 303
    visitor.session.cookies.update(kept)
    assert visitor.get(page).status_code == 404, "a session that is over stays over"


def test_each_sign_in_has_a_session_of_its_own(visitor: Client) -> None:
    def sign_in(cookie: str) -> str:
        form = {"username": "alice", "password": PASSWORD}
        answer = Client(visitor.server, "", "").request(
            "POST", "/-/login", data=form, headers={"Cookie": f"gistd_session={cookie}"}
        )
        return answer.cookies["gistd_session"]

    first = sign_in("planted")
    second = sign_in(first)
    assert len({"planted", first, second}) == 3
    for secret, words in (("planted", "Sign in"), (first, "Sign in"), (second, "Sign out")):
        assert words in visitor.get("/", headers={"Cookie": f"gistd_session={secret}"}).text


def test_the_cookie_is_well_guarded(visitor: Client, own_server: Callable[..., Server]) -> None:
    form = {"username": "alice", "password": PASSWORD}
    cookie = visitor.request("POST", "/-/login", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    behind_tls = own_server(external_url="https://gists.example.org").start()
    behind_tls.user("alice")
    assert "Secure" in behind_tls.nobody.request("POST", "/-/login", data=form).headers["Set-Cookie"]


def test_wrong_words_let_nobody_in(visitor: Client) -> None:
    for name, password in (("alice", "wrong"), ("nobody", PASSWORD), ("", ""), ("alice", "\0"), ("\ud800", "x")):
        answer = visitor.request(
            "POST", "/-/login", data={"username": name.encode("utf-8", "replace"), "password": password}
        )
        assert answer.status_code == 401 and "Bad credentials" in answer.text
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("next", "there"),
    [
        ("/alice", "/alice"), ("/alice?page=2", "/alice?page=2"), ("", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example", "/"), ("https:evil.example", "/"), ("alice", "/"),
        ("javascript:alert(1)", "/"), ("/\t/evil.example", "/"), ("/a\r\nX: y", "/"), ("///evil.example", "/"),
        ("/%09/evil.example", "/%09/evil.example"), ("/%5cevil.example", "/%5cevil.example"), ("/é", "/"),
    ],
)  # fmt: skip
def test_where_to_after_signing_in(visitor: Client, next: str, there: str) -> None:
    answer = visitor.request("POST", "/-/login", data={"username": "alice", "password": PASSWORD, "next": next})
    assert answer.headers["Location"] == there


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True), ({"Sec-Fetch-Site": "same-origin"}, True), ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False), ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "HERE"}, True), ({"Origin": "null"}, False), ({"Origin": "https://evil.example"}, False),
        ({"Origin": "HERE.evil.example"}, False), ({"Origin": "HERE", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)  # fmt: skip
def test_forms_of_other_sites_are_refused(visitor: Client, headers: dict[str, str], allowed: bool) -> None:
    _sign_in(visitor)
    headers = {name: value.replace("HERE", visitor.server.url) for name, value in headers.items()}
    form = {"name": "x", "scope": "gist:read"}
    assert visitor.request("POST", TOKENS, data=form, headers=headers).status_code == (201 if allowed else 403)
    assert visitor.request("POST", "/-/logout", headers=headers).status_code == (303 if allowed else 403)


def test_a_token_is_made_shown_once_and_revoked(visitor: Client) -> None:
    assert visitor.get(TOKENS).headers["Location"] == "/-/login?next=/-/settings/access-tokens"
    _sign_in(visitor)
    form = {"name": "<laptop>", "scope": ["gist:read", "user:read"], "expires_at": "2090-01-31"}
    page = visitor.request("POST", TOKENS, data=form)
    assert page.status_code == 201 and page.headers["Cache-Control"] == "no-store"
    token = re.search(r"og_[0-9a-f]{64}", page.text)
    assert token
    tool = Client(visitor.server, "alice", token[0])
    assert tool.get("/api/user").status_code == 200
    assert tool.request("POST", "/api/gists", json={}).status_code == 403
    again = visitor.get(TOKENS).text
    assert "og_" not in again and "&lt;laptop&gt;" in again and "31 Jan 2090, 23:59 UTC" in again
    assert "last used" in again
    number = re.search(r"access-tokens/(\d+)/revoke", again)
    assert number
    assert visitor.request("POST", f"{TOKENS}/{number[1]}/revoke").status_code == 303
    assert tool.get("/api/user").status_code == 401
    assert visitor.request("POST", f"{TOKENS}/{number[1]}/revoke").status_code == 404
    assert visitor.request("POST", f"{TOKENS}/{'9' * 30}/revoke").status_code == 404


def test_nobody_revokes_what_is_not_theirs(bob: Client, visitor: Client) -> None:
    _sign_in(visitor, "bob")
    visitor.request("POST", TOKENS, data={"name": "bobs", "scope": "gist:read"})
    number = re.search(r"access-tokens/(\d+)/revoke", visitor.get(TOKENS).text)
    assert number
    other = visitor.server.nobody
    _sign_in(other, "alice")
    assert other.request("POST", f"{TOKENS}/{number[1]}/revoke").status_code == 404
    assert "bobs" in visitor.get(TOKENS).text


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
def test_forms_that_are_not_filled_in(visitor: Client, form: dict, words: str) -> None:
    _sign_in(visitor)
    answer = visitor.request("POST", TOKENS, data=form)
    assert answer.status_code == 422 and words in answer.text and "og_" not in answer.text


def test_the_api_does_not_look_at_cookies(visitor: Client) -> None:
    _sign_in(visitor)
    assert visitor.get("/api/user").status_code == 401
    assert visitor.request("POST", "/api/gists", json={}).status_code == 401


@pytest.fixture
def limited(own_server: Callable[..., Server]) -> Iterator[Server]:
    server = own_server(max_failures_per_account=3, max_failures_per_address=6)
    server.start("--workers", "3")
    server.user("alice"), server.user("bob")
    yield server


def test_guessing_is_limited_over_all_workers_and_restarts(limited: Server) -> None:
    visitor = limited.nobody
    answers = [_sign_in(visitor, password="wrong") for _ in range(6)]
    assert answers == [401, 401, 401, 429, 429, 429]
    refused = visitor.request("POST", "/-/login", data={"username": "alice", "password": PASSWORD})
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 900, "nor the right one now"
    assert "too many wrong credentials" in refused.text
    assert _sign_in(visitor, "bob") == 303, "others are not locked out"
    limited.stop()
    limited.start()
    assert _sign_in(visitor, password=PASSWORD) == 429


def test_tokens_that_are_wrong_are_limited_and_right_ones_never(limited: Server) -> None:
    alice = limited.client("alice")
    wrong = Client(limited, "", "og_" + "0" * 64)
    assert [wrong.get("/api/gists").status_code for _ in range(8)] == [401] * 6 + [429] * 2
    assert wrong.get("/api/gists").json()["status"] == 429
    assert alice.get("/api/gists").status_code == 200
    assert limited.nobody.get("/api/gists").status_code == 200


def test_limits_can_be_switched_off(own_server: Callable[..., Server]) -> None:
    server = own_server(max_failures_per_account=1, rate_limits="false").start()
    server.user("alice")
    assert [_sign_in(server.nobody, password="wrong") for _ in range(3)] == [401] * 3


@pytest.mark.parametrize("scripts", [True, False])
def test_in_a_browser(server: Server, alice: Client, scripts: bool) -> None:
    require("chromium", chromium())
    with screenshots.browser() as running:
        page = screenshots.open_page(running, server.url + TOKENS, 320, "dark", scripts=scripts)
        page.fill("#username", "alice")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(server.url + TOKENS)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320 if scripts else True
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


def test_the_way_back_after_signing_in(own_server: Callable[..., Server]) -> None:
    server = own_server(require_login="true").start()
    gist = server.user("alice").create({"é b%41.txt": "found"})
    visitor = server.nobody
    path = f"/alice/{gist['id']}/raw/HEAD/%C3%A9%20b%2541.txt"
    form = visitor.get(visitor.get(path).headers["Location"]).text
    next = re.search(r'name="next" value="([^"]*)"', form)
    assert next and next[1] == path
    answer = visitor.request("POST", "/-/login", data={"username": "alice", "password": PASSWORD, "next": next[1]})
    assert visitor.get(answer.headers["Location"]).text == "found"
