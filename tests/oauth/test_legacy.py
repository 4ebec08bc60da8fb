"""sourcehut's older flow: each statement of what its apps rely on, a row each, on a real server."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.harness import Server
from tests.web.people import Person, found

from .apps import BACK, App, Form, is_good, said, secret_in

OOB = "urn:ietf:wg:oauth:2.0:oob"


@pytest.fixture
def guest(house: Server, dora: Person) -> Person:
    """Somebody who has let nobody in yet."""
    return Person(house, f"guest{datetime.now(UTC):%H%M%S%f}").sign_up()


def test_what_an_app_of_this_flow_is_given(old: App) -> None:
    assert re.fullmatch("[0-9a-f]{16}", old.id) and re.fullmatch("[0-9a-f]{32}", old.secret)


def test_the_page_says_who_asks_for_what(old: App, guest: Person) -> None:
    page = old.ask(guest, scopes="pastes:write,profile:read", accept="accept", **{"pastes:read": "on"})
    form = Form(page.text, "/oauth/authorize")
    assert form.boxes == ["pastes:write"] and set(form.hidden) == {"client_id", "state"}
    assert re.search(r'name="profile:read" checked disabled', page.text)
    for words in ("Old", "dora", "app.example", 'name="accept"', 'name="reject"'):
        assert words in page.text
    assert page.headers["X-Frame-Options"] == "DENY" and page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "boxes", "granted"),
    [
        ("pastes:write", ["pastes:write"], "pastes:write,profile:read"),
        ("pastes", ["pastes:read"], "pastes:read,profile:read"),
        ("paste:read", ["pastes:read"], "pastes:read,profile:read"),
        ("paste.sr.ht/pastes:write", ["paste.sr.ht/pastes:write"], "paste.sr.ht/pastes:write,profile:read"),
        ("pastes:write,profile:read", ["pastes:write"], "pastes:write,profile:read"),
        ("pastes:read,gist:write", ["gist:write"], "gist:write,profile:read"),
        ("pastes:read", [], "profile:read"),
        ("*", ["*"], "*,profile:read"),
    ],
)
def test_what_was_granted_comes_back(old: App, guest: Person, asked: str, boxes: list[str], granted: str) -> None:
    told = said(old.let_in(guest, boxes, scopes=asked))
    assert re.fullmatch("[0-9a-f]{12}", told.pop("exchange"))
    assert told == {"from": "gistd", "scopes": granted, "state": "x y&z"}


def test_the_other_name_of_the_scopes(old: App, guest: Person) -> None:
    assert said(old.let_in(guest, scopes=None, scope="pastes:read"))["scopes"] == "pastes:read,profile:read"


@pytest.mark.parametrize(
    "scopes",
    ["", "pastes:", "pastes:rw", "keys:read", "a/b/pastes", "evil/pastes", "paste.sr.ht/PASTES:RO", "ü", "x" * 999],
)
def test_scopes_that_there_are_not(old: App, ulla: Person, scopes: str) -> None:
    told = said(old.ask(ulla, scopes=scopes))
    assert told.pop("details") and told == {"from": "gistd", "error": "invalid_scope", "state": "x y&z"}


def test_who_says_no(old: App, guest: Person) -> None:
    told = said(old.let_in(guest, button="reject"))
    assert told.pop("details") and told == {"from": "gistd", "error": "user_declined", "state": "x y&z"}
    form = Form(old.ask(guest).text, old.place)
    both = guest.post(old.place, **form.hidden, **{"pastes:write": "on"}, accept="accept", reject="reject")
    assert said(both)["error"] == "user_declined"


@pytest.mark.parametrize("client_id", ["0" * 16, "", None, "\x00"])
def test_an_unknown_app_is_a_page(old: App, ulla: Person, client_id: str | None) -> None:
    answer = old.ask(ulla, client_id=client_id)
    assert answer.status_code == 400 and "Unknown client ID" in answer.text and "Location" not in answer.headers


def test_a_token_to_the_field(old: App, guest: Person) -> None:
    answer = old.spend(old.code(guest))
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.json()
    assert set(given) == {"token", "expires"} and re.fullmatch(r"\S{32,}", given["token"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", given["expires"])
    left = datetime.fromisoformat(given["expires"]) - datetime.now(UTC)
    assert timedelta(days=364, hours=23) < left <= timedelta(days=365)
    used = requests.get(
        f"{guest.server.url}/api/pastes", headers={"Authorization": f"token {given['token']}"}, timeout=60
    )
    assert used.status_code == 200


def test_it_may_be_asked_for_by_a_form_and_without_a_type(old: App, guest: Person) -> None:
    url = f"{guest.server.url}/oauth/exchange"
    sent = {"client_id": old.id, "client_secret": old.secret}
    assert requests.post(url, {**sent, "exchange": old.code(guest)}, timeout=60).status_code == 200
    for kind in ("application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/plain", ""):
        body = '{"client_id":"%s","client_secret":"%s","exchange":"%s"}' % (old.id, old.secret, old.code(guest))  # noqa: UP031
        answer = requests.post(url, body, headers={"Content-Type": kind} if kind else {}, timeout=60)
        assert answer.status_code == 200, kind


WRONG: list[tuple[Any, list[dict[str, str]]]] = [
    ({"client_id": "0" * 16}, [{"reason": "Unknown client ID"}]),
    ({"client_id": "\x00"}, [{"reason": "Unknown client ID"}]),
    ({"client_secret": "0" * 32}, [{"reason": "Invalid client secret"}]),
    ({"exchange": "0" * 12}, [{"reason": "Exchange token expired"}]),
    ({"exchange": ""}, [{"field": "exchange", "reason": "exchange is required"}]),
    ({"exchange": None}, [{"field": "exchange", "reason": "exchange is required"}]),
    ({"exchange": 5}, [{"field": "exchange", "reason": "exchange should be a str"}]),
    ({"client_id": ["x"]}, [{"field": "client_id", "reason": "client_id should be a str"}]),
    ({}, [{"field": name, "reason": f"{name} is required"} for name in ("client_id", "client_secret", "exchange")]),
    ("{", [{"reason": "Invalid JSON provided"}]),
    ("[]", [{"reason": "Expected JSON dictionary"}]),
]


@pytest.mark.parametrize(("sent", "errors"), WRONG)
def test_no_token(old: App, ulla: Person, sent: Any, errors: list[dict[str, str]]) -> None:
    url, headers = f"{ulla.server.url}/oauth/exchange", {"Content-Type": "application/json"}
    right = {"client_id": old.id, "client_secret": old.secret, "exchange": "0" * 12} if sent else {}
    if isinstance(sent, str):
        answer = requests.post(url, sent, headers=headers, timeout=60)
    else:
        answer = requests.post(url, json={**right, **sent}, timeout=60)
    assert answer.status_code == 400 and answer.json() == {"errors": errors}


def test_it_is_spent_once(old: App, guest: Person) -> None:
    code = old.code(guest)
    token = old.spend(code).json()["token"]
    again = old.spend(code)
    assert again.status_code == 400 and again.json() == {"errors": [{"reason": "Exchange token expired"}]}
    assert is_good(guest, token)


def test_an_exchange_token_of_another_app(old: App, dora: Person, guest: Person) -> None:
    other = App(dora, name="Another", legacy=True)
    code = old.code(guest)
    assert other.spend(code).json() == {"errors": [{"reason": "Exchange token expired"}]}
    assert old.spend(code).status_code == 200


def test_a_new_token_takes_the_place_of_the_old_one(old: App, guest: Person) -> None:
    first = old.client(guest)
    webhook = first.request(
        "POST", "/api/pastes/webhooks", json={"url": "https://a.example/", "events": ["paste:create"]}
    )
    second = old.client(guest)
    assert not is_good(guest, first.token) and is_good(guest, second.token)
    assert guest.get("/oauth").text.count("Let it in no more") == 1
    listed = second.get("/api/pastes/webhooks").json()["results"]
    assert [each["id"] for each in listed] == [webhook.json()["id"]], "it keeps its number, and so what hangs on it"


def test_nobody_is_asked_the_same_twice(old: App, guest: Person) -> None:
    assert old.ask(guest).status_code == 200
    first = old.token(guest)
    told = said(old.ask(guest))
    assert set(told) == {"from", "exchange", "scopes", "state"}
    assert is_good(guest, first), "only the app decides when"
    for other in ("pastes:read", "pastes:write,profile:write", "*"):
        assert old.ask(guest, scopes=other).status_code == 200
    guest.post(f"/-/settings/apps/{old.id}/forbid")
    assert old.ask(guest).status_code == 200


def test_an_app_without_an_address(dora: Person, guest: Person) -> None:
    app = App(dora, back=OOB, name="Terminal", legacy=True)
    assert "no address" in app.ask(guest).text
    page = app.let_in(guest)
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store"
    exchange = found(r'id="secret"[^>]*value="([0-9a-f]{12})"', page.text)
    assert is_good(guest, app.spend(exchange).json()["token"])
    assert app.ask(guest).status_code == 200, "it is asked each time"
    for wrong in (app.let_in(guest, button="reject"), app.ask(guest, scopes="x")):
        assert wrong.status_code == 400 and "Location" not in wrong.headers
    assert app.ask(guest, redirect_uri=BACK).status_code == 400


def test_another_secret_and_the_end_of_an_app(dora: Person, guest: Person) -> None:
    app = App(dora, name="Short-lived, old", legacy=True)
    token, before = app.token(guest), app.secret
    app.secret = secret_in(dora.post(f"/-/settings/apps/{app.id}/rotate"))
    assert app.spend(app.code(guest), client_secret=before).json() == {"errors": [{"reason": "Invalid client secret"}]}
    token = app.token(guest)
    dora.post(f"/-/settings/apps/{app.id}/delete")
    assert not is_good(guest, token) and app.ask(guest).status_code == 400
