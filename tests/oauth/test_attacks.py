"""What must not work, whoever tries."""

import io
import json
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.harness import PASSWORD, Server
from tests.web.people import Person

from .apps import PASTES, App, Form, is_good, pkce, said

REGISTERED = "https://app.example/back"

# Beside where an app was registered: what somebody hopes that we take for the same.
NOWHERE = [
    "https://evil.example/back",
    "https://app.example.evil.example/back",
    "https://evil-app.example/back",
    "https://evil.example/https://app.example/back",
    "https://evil.example/?https://app.example/back",
    "https://evil.example#https://app.example/back",
    "https://app.example@evil.example/back",
    "https://app.example:x@evil.example/back",
    "https://user@app.example/back",
    "https://:@app.example/back",
    "https://app.example:443/back",
    "https://app.example:8443/back",
    "https://app.example:/back",
    "https://app.example./back",
    "https://www.app.example/back",
    "https://app.exampl/back",
    "https://app.example",
    "https://app.example/",
    "https://app.example/bac",
    "https://app.example/backdoor",
    "https://app.example/back2/x",
    "https://app.example/back?x=1",
    "https://app.example/back#x",
    "https://app.example/back;x",
    "https://app.example/back\\x",
    "https://app.example\\back",
    "https://app.example//back",
    "https://app.example/./back",
    "https://app.example/back/../evil",
    "https://app.example/back/",
    "https://app.example/back/..",
    "https://app.example/back/.",
    "https://app.example/back/%2e%2e/evil",
    "https://app.example/back/..%2fevil",
    "https://app.example/back/%2F",
    "https://app.example/back/a//b",
    "https://app.example/back/a b",
    "https://app.example/back/\u00fc",
    "https://app.example/%62ack",
    "https://app.example/Back",
    "https://APP.example/back",
    "HTTPS://app.example/back",
    "http://app.example/back",
    "//app.example/back",
    "/back",
    "back",
    "javascript:alert(1)//https://app.example/back",
    "data:text/html,https://app.example/back",
    "https:app.example/back",
    "https:///app.example/back",
    "https://app.example/back\n",
    "https://app.example/back\r\nSet-Cookie: a=b",
    " https://app.example/back",
    "https://app.example/back\x00",
    "https://\uff41pp.example/back",
    "urn:ietf:wg:oauth:2.0:oob",
]
BELOW = ["https://app.example/back/a", "https://app.example/back/a/b-1.html"]


@pytest.fixture(scope="module")
def apps(dora: Person) -> dict[str, App]:
    return {kind: App(dora, back=REGISTERED, legacy=kind == "older") for kind in ("newer", "older")}


@pytest.mark.parametrize("kind", ["newer", "older"])
def test_people_are_sent_nowhere_else(apps: dict[str, App], ulla: Person, kind: str) -> None:
    assert len(NOWHERE) >= 40
    app = apps[kind]
    fine = Form(app.ask(ulla, redirect_uri=REGISTERED).text, app.place)
    for uri in NOWHERE:
        sent = {**fine.hidden, "redirect_uri": uri, PASTES: "on", "pastes:write": "on", "accept": "accept"}
        for answer in (app.ask(ulla, redirect_uri=uri), ulla.post(app.place, **sent)):
            assert answer.status_code == 400 and "Location" not in answer.headers, (uri, answer.headers)


def test_below_where_it_was_registered_in_the_older_flow_alone(apps: dict[str, App], ulla: Person) -> None:
    for uri in BELOW:
        assert apps["newer"].ask(ulla, redirect_uri=uri).status_code == 400, uri
        answer = apps["older"].let_in(ulla, redirect_uri=uri)
        assert answer.headers["Location"].startswith(f"{uri}?exchange="), uri


def test_a_code_sent_twice_at_once_is_good_for_nothing(app: App, ulla: Person) -> None:
    for _ in range(3):
        verifier, challenge = pkce()
        code = app.code(ulla, **challenge)
        with ThreadPoolExecutor(4) as pool:
            tries = [pool.submit(app.spend, code, code_verifier=verifier) for _ in range(4)]
        answers = [each.result() for each in tries]
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
        assert {answer.json().get("error") for answer in answers} == {None, "invalid_grant"}
        given = next(answer.json()["access_token"] for answer in answers if answer.status_code == 200)
        assert not is_good(ulla, given), "one of them has stolen the code: none keeps what it gave"


@pytest.mark.parametrize("wrong", [{}, {"code_verifier": "x" * 43}, {"redirect_uri": "https://evil.example/"}])
def test_a_code_that_comes_again_ends_what_it_gave(app: App, ulla: Person, wrong: dict[str, str]) -> None:
    verifier, challenge = pkce()
    code, kept = app.code(ulla, **challenge), app.token(ulla)
    token = app.spend(code, code_verifier=verifier).json()["access_token"]
    assert is_good(ulla, token)
    assert app.spend(code, **wrong).json()["error"] == "invalid_grant"
    assert not is_good(ulla, token) and is_good(ulla, kept)


@pytest.mark.parametrize(
    ("verifier", "error"),
    [(None, "invalid_request"), ("", "invalid_request"), ("short", "invalid_request"), ("x" * 43, "invalid_grant")],
)
@pytest.mark.parametrize("kind", ["app", "phone"])
def test_a_stolen_code_is_no_use_without_its_verifier(
    app: App, phone: App, ulla: Person, kind: str, verifier: str | None, error: str
) -> None:
    asking = {"app": app, "phone": phone}[kind]
    right, challenge = pkce()
    code = asking.code(ulla, **challenge)
    sent = {} if verifier is None else {"code_verifier": verifier}
    assert asking.spend(code, **sent).json()["error"] == error
    assert asking.spend(code, code_verifier=challenge["code_challenge"]).json()["error"] == "invalid_grant"
    assert asking.spend(code, code_verifier=right).status_code == 200


def test_a_code_of_another_app(app: App, phone: App, dora: Person, ulla: Person) -> None:
    other = App(dora, name="Thief")
    verifier, challenge = pkce()
    code = app.code(ulla, **challenge)
    for thief in (other, phone):
        assert thief.spend(code, code_verifier=verifier).json()["error"] == "invalid_grant"
    assert app.spend(code, (other.id, other.secret), code_verifier=verifier).json()["error"] == "invalid_grant"
    assert app.spend(code, code_verifier=verifier).status_code == 200


def _write(house: Server, change: str) -> None:
    index = sqlite3.connect(house.repos / "index.sqlite3")
    with index:
        index.execute(change)
    index.close()


def _rows(house: Server, query: str) -> list[Any]:
    index = sqlite3.connect(house.repos / "index.sqlite3")
    try:
        return list(index.execute(query))
    finally:
        index.close()


def test_codes_and_tokens_that_have_expired(app: App, old: App, ulla: Person, house: Server) -> None:
    code, exchange, token = app.code(ulla), old.code(ulla), app.token(ulla)
    _write(house, "UPDATE oauth_code SET expires_at = 1")  # in 1970
    assert app.spend(code).json()["error"] == "invalid_grant"
    assert old.spend(exchange).json() == {"errors": [{"reason": "Exchange token expired"}]}
    app.code(ulla)
    assert _rows(house, "SELECT count(*) FROM oauth_code") == [(1,)], "what is over is swept"
    old.token(ulla)
    _write(house, "UPDATE credential SET expires_at = 1 WHERE client_id IS NOT NULL")
    assert not is_good(ulla, token) and app.post("/oauth2/introspect", token=token).json() == {"active": False}
    assert app.post("/oauth2/revoke", (app.id, app.secret), token=token).status_code == 200
    assert old.ask(ulla).status_code == 200, "what has expired is asked for again"
    assert "There are none." in ulla.get("/oauth2").text


def test_codes_live_shortly(app: App, old: App, ulla: Person, house: Server) -> None:
    _write(house, "DELETE FROM oauth_code")
    app.code(ulla)
    old.code(ulla)
    query = "SELECT expires_at / 1000000 - strftime('%s', 'now') FROM oauth_code ORDER BY expires_at"
    (newer,), (older,) = _rows(house, query)
    assert 0 < newer <= 60 and 840 < older <= 900


def test_the_index_tells_no_secret(app: App, phone: App, old: App, ulla: Person, house: Server) -> None:
    verifier, challenge = pkce()
    code, exchange = app.code(ulla), old.code(ulla)
    phone_code = phone.code(ulla, **challenge)
    secrets = [app.secret, old.secret, code, exchange, phone_code, verifier, app.token(ulla), old.token(ulla)]
    kept = b"".join(path.read_bytes() for path in house.repos.glob("index.sqlite3*"))
    assert app.id.encode() in kept
    assert [secret for secret in secrets if secret.encode() in kept] == []


# ---------------------------------------------------------------------- of other sites, and of other people

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("kind", ["newer", "older"])
def test_another_site_does_not_say_yes(
    apps: dict[str, App], ulla: Person, kind: str, headers: dict[str, str | None]
) -> None:
    app = apps[kind]
    form = Form(app.ask(ulla, scopes="pastes:read").text, app.place)
    sent = {**form.hidden, PASTES: "on", "pastes:read": "on", "accept": "accept"}
    answer = ulla.request("POST", app.place, data=sent, headers=headers)
    assert answer.status_code == 403 and "Location" not in answer.headers


def test_an_address_does_not_say_yes(app: App, ulla: Person) -> None:
    """Nothing is granted by GET, and what stands in the address of the form is not looked at."""
    assert app.ask(ulla, accept="accept", **{PASTES: "on"}).status_code == 200
    query = app.ask(ulla).request.url or ""
    answer = ulla.post(query.removeprefix(ulla.server.url), accept="accept", **{PASTES: "on"})
    assert answer.status_code == 400 and "Location" not in answer.headers


def test_nobody_says_yes_who_is_not_signed_in(app: App, house: Server) -> None:
    nobody = Person(house, "nobody")
    answer = nobody.post(app.place, client_id=app.id, response_type="code", scope=PASTES, accept="y", **{PASTES: "on"})
    assert answer.status_code == 401 and "Location" not in answer.headers


def test_a_token_says_no_yes(app: App, ulla: Person) -> None:
    """Pages go by the session alone: an app does not let itself in any further."""
    holder = app.client(ulla, scope="gist:write user:write")
    for path in (app.place, "/oauth2", "/oauth2/personal-token", "/-/settings/apps"):
        assert holder.get(path).headers["Location"].startswith("/-/login"), path
    assert holder.request("POST", "/oauth2/personal-token", data={"comment": "x"}).status_code == 401


def test_the_apps_and_tokens_of_others(app: App, old: App, ulla: Person, house: Server) -> None:
    token, of_app = ulla.api().token, app.token(ulla)
    query = "SELECT max(credential.id) FROM credential JOIN account ON account.id = user_id WHERE username = 'ulla'"
    ((own,),) = _rows(house, f"{query} AND kind = 'token' AND client_id IS NULL")
    ((given,),) = _rows(house, f"{query} AND client_id IS NOT NULL")
    stranger = Person(house, "stranger").sign_up()
    for thing in (app, old):
        for method, what in (("GET", ""), ("POST", "/rotate"), ("POST", "/delete"), ("POST", "/forbid")):
            assert stranger.request(method, f"/-/settings/apps/{thing.id}{what}").status_code == 404, what
    for path in ("/oauth/revoke-token/{}", "/oauth2/revoke-personal/{}", "/-/settings/access-tokens/{}/revoke"):
        for number in (own, given, 2**31 - 1, 0):
            assert stranger.post(path.format(number)).status_code == 404
        assert ulla.post(path.format(given)).status_code == 404, "an app's token is none of the personal ones"
    assert is_good(ulla, token) and is_good(ulla, of_app)
    assert app.spend(app.code(ulla)).status_code == 200


def test_a_wrong_secret_is_tried_a_few_times_only(own_server: Callable[..., Server]) -> None:
    house = own_server(max_failures_per_address=3).start()
    dora = Person(house, "dora").sign_up()
    app, old = App(dora), App(dora, legacy=True)
    code = app.code(dora)
    assert [app.spend(code, (app.id, "wrong")).status_code for _ in range(3)] == [400, 400, 400]
    refused = app.spend(code, (app.id, "wrong"))
    assert refused.status_code == 429 and refused.headers["Retry-After"]
    assert refused.json()["error"] == "temporarily_unavailable"
    refused = old.spend(old.code(dora), client_secret="wrong")
    assert refused.status_code == 429 and set(refused.json()) == {"errors"}
    assert app.spend(code).status_code == 200, "who has it is let in"


def test_what_ends_with_an_account(house: Server, ulla: Person) -> None:
    """An app's owner goes, and with them the app, and with it the tokens of everybody; a user goes with their own."""
    maker, user = Person(house, "maker").sign_up(), Person(house, "leaver").sign_up()
    app = App(maker)
    mine, others, code = app.token(user), app.token(ulla), app.code(ulla)
    assert user.post("/-/settings/delete", current=PASSWORD).status_code == 303
    assert app.post("/oauth2/introspect", token=mine).json() == {"active": False} and is_good(ulla, others)
    assert maker.post("/-/settings/delete", current=PASSWORD).status_code == 303
    assert not is_good(ulla, others) and app.spend(code).status_code == 401
    assert app.ask(ulla).status_code == 400


def test_what_an_export_says_of_apps(ulla: Person, dora: Person) -> None:
    def account(person: Person) -> Any:
        archive = zipfile.ZipFile(io.BytesIO(person.get("/-/settings/export.zip").content))
        return json.loads(archive.read("account.json"))

    app = App(dora, name="Exported")
    token = app.token(ulla, scope="gist:read")
    of_dora, of_ulla = account(dora), account(ulla)
    assert app.id in {each["client_id"] for each in of_dora["apps"]} and of_ulla["apps"] == []
    assert {"client_id", "name", "created_at", "scopes", "expires_at"} == set(of_ulla["authorized_apps"][0])
    assert of_ulla["authorized_apps"][0]["scopes"] == ["gist:read"]
    assert app.secret not in str(of_dora) and token not in str(of_ulla)


def test_what_a_state_cannot_do(app: App, ulla: Person) -> None:
    for state in ("\r\nSet-Cookie: a=b", "&code=x", "#", "\u00fc\x00", "<script>"):
        answer = app.let_in(ulla, state=state)
        assert said(answer)["state"] == state and "Set-Cookie" not in answer.headers
        assert answer.headers["Location"].count("code=") == 1
