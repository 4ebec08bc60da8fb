"""OAuth 2.0: each statement of what apps rely on, a row each, on a real server."""

import re
import time
from typing import Any

import pytest
import requests

from tests.harness import Client, Server
from tests.web.people import Person

from .apps import BACK, PASTES, PROFILE, App, Form, is_good, pkce, said, secret_in

ERROR_PAGES = "https://www.rfc-editor.org/rfc/rfc6749#section-"


def test_what_there_is_stands_in_the_metadata(house: Server) -> None:
    here, auth = house.url, ["client_secret_basic", "client_secret_post", "none"]
    answer = house.nobody.get("/.well-known/oauth-authorization-server")
    services = {"paste.sr.ht": ("PASTES", "PROFILE"), "meta.sr.ht": ("PROFILE",)}
    grants = [
        f"{service}/{name}:{way}" for service, names in services.items() for name in names for way in ("RO", "RW")
    ]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "issuer": here,
        "authorization_endpoint": f"{here}/oauth2/authorize",
        "token_endpoint": f"{here}/oauth2/access-token",
        "token_endpoint_auth_methods_supported": auth,
        "scopes_supported": [*grants, "gist:read", "gist:write", "user:read", "user:write"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{here}/-/api",
        "introspection_endpoint": f"{here}/oauth2/introspect",
        "introspection_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": f"{here}/oauth2/revoke",
        "revocation_endpoint_auth_methods_supported": auth,
    }


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"scope": None}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "paste.sr.ht/NOTHING:RO"}, "invalid_scope"),
        ({"scope": "pastes:read"}, "invalid_scope"),
        ({"scope": f"{PASTES} paste.sr.ht/PASTES:WO"}, "invalid_scope"),
        ({"scope": 'a"b\\ü\x00'}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": 'a"ü'}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": "x" * 43}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 42, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "x" * 129, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "ü" * 43, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_what_cannot_be_asked_for(app: App, ulla: Person, asked: dict[str, str], error: str) -> None:
    answer = app.ask(ulla, **asked)
    assert answer.headers["Location"].startswith(f"{BACK}&")
    told = said(answer)
    assert told.pop("error_description") and told.pop("error_uri").startswith(ERROR_PAGES)
    assert told == {"from": "gistd", "error": error, "state": "x y&z", "iss": app.owner.server.url}


def test_an_app_without_a_secret_must_use_pkce(phone: App, ulla: Person) -> None:
    assert said(phone.ask(ulla))["error"] == "invalid_request"
    assert is_good(ulla, phone.token(ulla))


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "00000000-0000-4000-8000-000000000000"},
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "\x00"},
        {"redirect_uri": "https://evil.example/"},
    ],
)
def test_who_is_not_known_is_told_nothing(app: App, ulla: Person, asked: dict[str, str | None]) -> None:
    answer = app.ask(ulla, **asked)
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_app_of_the_older_flow_is_none_of_this_one(app: App, old: App, ulla: Person) -> None:
    assert app.ask(ulla, client_id=old.id).status_code == 400
    assert old.ask(ulla, client_id=app.id).status_code == 400


def test_nothing_may_be_asked_twice(app: App, ulla: Person) -> None:
    for name in ("client_id", "redirect_uri", "scope", "state", "response_type"):
        asked = f"{app.place}?response_type=code&client_id={app.id}&scope={PASTES}&state=x&{name}=x&{name}=y"
        assert ulla.get(asked).status_code == 400, name


def test_who_is_not_signed_in_signs_in_and_comes_back(app: App, house: Server) -> None:
    stranger = Person(house, "ulla")
    sent = app.ask(stranger, state="a&b=c")
    assert sent.status_code == 302 and sent.headers["Location"].startswith("/-/login?next=")
    form = Form(stranger.get(sent.headers["Location"]).text, "/-/login")
    back = stranger.sign_in(next=form.hidden["next"])
    page = stranger.get(back.headers["Location"])
    assert Form(page.text, app.place).hidden["state"] == "a&b=c"


def test_the_page_says_who_asks_for_what(app: App, ulla: Person) -> None:
    _, challenge = pkce()
    page = app.ask(ulla, redirect_uri=BACK, accept="accept", **{PASTES: "on"}, **challenge)
    for words in (
        "Notes",
        "dora",
        "app.example",
        "ulla",
        "make, change, delete and fork gists",
        "private ones",
        "read your account",
    ):
        assert words in page.text, words
    form = Form(page.text, app.place)
    assert form.boxes == [PASTES, PROFILE]
    kept = {"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
    assert set(form.hidden) == kept, "what an app asks with must not answer for the user"
    assert 'name="accept"' in page.text and 'name="reject"' in page.text
    assert page.headers["X-Frame-Options"] == "DENY" and page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_a_code_and_a_token_to_the_field(app: App, ulla: Person) -> None:
    told = said(app.let_in(ulla))
    assert set(told) == {"from", "code", "state", "iss"} and told["state"] == "x y&z"
    assert re.fullmatch("[0-9a-f]{32}", told["code"]) and told["iss"] == app.owner.server.url
    answer = app.spend(told["code"])
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Pragma"] == "no-cache"
    given = answer.json()
    assert re.fullmatch(r"\S{32,}", given.pop("access_token")) and abs(given.pop("expires_in") - 366 * 24 * 3600) < 60
    assert given == {"token_type": "bearer", "scope": f"{PASTES} {PROFILE}"}


def test_without_a_state_none_comes_back(app: App, ulla: Person) -> None:
    assert set(said(app.let_in(ulla, state=None))) == {"from", "code", "iss"}


@pytest.mark.parametrize(
    ("asked", "boxes", "granted"),
    [
        (f"{PASTES} {PROFILE}", [PROFILE], PROFILE),
        (f"{PASTES} {PROFILE}", [PASTES, PROFILE], f"{PASTES} {PROFILE}"),
        ("paste.sr.ht/PASTES", ["paste.sr.ht/PASTES:RO"], "paste.sr.ht/PASTES:RO"),
        ("gist:write user:write", ["user:write"], "user:write"),
        (PROFILE, [PASTES, PROFILE, "gist:write"], PROFILE),
        (f"{PASTES} {PASTES}", [PASTES], PASTES),
    ],
)
def test_no_more_is_granted_than_was_asked_for_and_ticked(
    app: App, ulla: Person, asked: str, boxes: list[str], granted: str
) -> None:
    code = said(app.let_in(ulla, boxes, scope=asked))["code"]
    assert app.spend(code).json()["scope"] == granted


@pytest.mark.parametrize(
    ("boxes", "button"), [(None, "reject"), ([], "accept"), (["gist:write"], "accept"), (None, "x")]
)
def test_who_does_not_say_yes_says_no(app: App, ulla: Person, boxes: list[str] | None, button: str) -> None:
    told = said(app.let_in(ulla, boxes, button))
    assert told["error"] == "access_denied" and "code" not in told and told["state"] == "x y&z" and told["iss"]


def test_no_is_no_whatever_else_is_sent(app: App, ulla: Person) -> None:
    form = Form(app.ask(ulla).text, app.place)
    answer = ulla.post(app.place, **form.hidden, **{PASTES: "on"}, accept="accept", reject="reject")
    assert said(answer)["error"] == "access_denied"


TOKEN_ERRORS: list[tuple[dict[str, Any], int, str]] = [
    ({"code": "0" * 32}, 400, "invalid_grant"),
    ({"code": "\x00ü"}, 400, "invalid_grant"),
    ({"auth": ("ID", "wrong")}, 400, "invalid_grant"),
    ({"redirect_uri": f"{BACK}/"}, 400, "invalid_grant"),
    ({"redirect_uri": "https://evil.example/"}, 400, "invalid_grant"),
    ({"auth": None}, 401, "invalid_client"),
    ({"auth": None, "client_id": "ID"}, 401, "invalid_client"),
    ({"auth": ("00000000-0000-4000-8000-000000000000", "x")}, 401, "invalid_client"),
    ({"auth": ("ID", "")}, 401, "invalid_client"),
    ({"client_secret": "SECRET"}, 400, "invalid_request"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"code_verifier": "x" * 43}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
    ({"grant_type": 'ü"\\'}, 400, "unsupported_grant_type"),
]


@pytest.mark.parametrize(("sent", "status", "error"), TOKEN_ERRORS)
def test_no_token(app: App, ulla: Person, sent: dict[str, Any], status: int, error: str) -> None:
    def own(word: str) -> str:
        return {"ID": app.id, "SECRET": app.secret}.get(word, word)

    auth = sent.get("auth", True)
    form = {"code": app.code(ulla), **{name: own(word) for name, word in sent.items() if name != "auth"}}
    answer = app.spend(auth=tuple(map(own, auth)) if isinstance(auth, tuple) else auth, **form)
    assert answer.status_code == status and answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert told["error"] == error and told["error_description"] and told["error_uri"].startswith(ERROR_PAGES)
    assert set(told) == {"error", "error_description", "error_uri"}
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


RAW: list[tuple[str, dict[str, str], int, str]] = [
    ('{"grant_type":"authorization_code"}', {"Content-Type": "application/json"}, 400, "invalid_request"),
    ("grant_type=authorization_code&code=x", {"Content-Type": "text/plain"}, 400, "invalid_request"),
    ("grant_type=authorization_code&code=x&code=y", {}, 400, "invalid_request"),
    ("grant_type=authorization_code&code=x", {"Authorization": "Bearer x"}, 401, "invalid_client"),
    ("grant_type=authorization_code&code=x", {"Authorization": "Basic !"}, 401, "invalid_client"),
    ("grant_type=authorization_code&code=x", {"Authorization": "Basic /w=="}, 401, "invalid_client"),
    ("grant_type=authorization_code&code=x", {"Authorization": "Basic YQ=="}, 401, "invalid_client"),
    ("grant_type=authorization_code&code=x", {"Authorization": "Basic"}, 401, "invalid_client"),
    ("x" * 70_000, {}, 413, "invalid_request"),
]


@pytest.mark.parametrize(("body", "headers", "status", "error"), RAW)
def test_malformed_requests_for_a_token(
    house: Server, body: str, headers: dict[str, str], status: int, error: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = requests.post(f"{house.url}/oauth2/access-token", data=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_other_methods_are_refused_in_the_same_shape(house: Server) -> None:
    for path in ("/oauth2/access-token", "/oauth2/introspect", "/oauth2/revoke"):
        answer = house.nobody.get(path)
        assert answer.status_code == 405 and answer.json()["error"] == "invalid_request", path


def test_an_app_says_who_it_is_in_each_way(app: App, ulla: Person) -> None:
    """The secret has + / and =, which some escape in the header and others do not."""
    escaped = (requests.utils.quote(app.id, safe=""), requests.utils.quote(app.secret, safe=""))
    for auth, body in (((app.id, app.secret), {}), (escaped, {})):
        assert app.spend(app.code(ulla), auth, **body).status_code == 200
    in_body = {"client_id": app.id, "client_secret": app.secret}
    assert app.spend(app.code(ulla), None, **in_body).status_code == 200
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    sent = {"grant_type": "authorization_code", "code": app.code(ulla)}
    url = f"{app.owner.server.url}/oauth2/access-token"
    assert requests.post(url, sent, headers=headers, auth=(app.id, app.secret), timeout=60).status_code == 200
    assert re.fullmatch(r"[A-Za-z0-9+/]{86}==", app.secret)


def test_where_it_goes_may_be_left_out_or_said_the_same(app: App, ulla: Person) -> None:
    assert app.spend(app.code(ulla, redirect_uri=BACK), redirect_uri=BACK).status_code == 200
    assert app.spend(app.code(ulla), redirect_uri=BACK).status_code == 200
    assert app.spend(app.code(ulla, redirect_uri=BACK)).json()["error"] == "invalid_grant"


def test_a_token_is_good_on_every_face_within_its_scopes(app: App, ulla: Person, git: Any) -> None:
    gist = ulla.api().create({"a.txt": "a"}, visibility="private")
    reader = app.client(ulla, scope="paste.sr.ht/PASTES:RO")
    writer = app.client(ulla, scope=PASTES)
    profile = app.client(ulla, scope=PROFILE)
    assert reader.read(gist["id"]) and writer.change(gist["id"], title="by an app")
    assert reader.request("PATCH", f"/api/gists/{gist['id']}", json={"title": "x"}).status_code == 403
    assert profile.get(f"/api/gists/{gist['id']}").status_code == 404 and profile.get("/api/user").status_code == 200
    assert reader.get("/api/pastes").json()["results"] and profile.get("/api/pastes").status_code == 403
    clone = git.clone(writer.clone_url(gist))
    git.commit(clone, {"b.txt": "b"})
    git("push", "-q", cwd=clone)
    assert git.try_("push", writer.clone_url(gist, reader.token), "HEAD~:main", "-f", cwd=clone).returncode != 0


@pytest.mark.parametrize("kind", ["app", "old"])
def test_sourcehut_takes_the_tokens_of_either_flow(request: pytest.FixtureRequest, ulla: Person, kind: str) -> None:
    """Both schemes, 403 for a scope that it lacks, 401 for a token that is void."""
    asking: App = request.getfixturevalue(kind)
    token = asking.token(
        ulla, **{"scopes" if asking.legacy else "scope": "gist:read" if asking.legacy else PASTES[:-2] + "RO"}
    )
    for scheme in ("token", "Bearer"):

        def ask(method: str, scheme: str = scheme) -> tuple[int, str]:
            body = {"files": [{"contents": "x"}]} if method == "POST" else None
            headers = {"Authorization": f"{scheme} {token}"}
            answer = ulla.server.nobody.request(method, "/api/pastes", json=body, headers=headers)
            return answer.status_code, answer.text

        assert ask("GET")[0] == 200
        assert ask("POST")[0] == 403 and "(needs pastes:write)" in ask("POST")[1]
    ulla.post(f"/-/settings/apps/{asking.id}/forbid")
    assert ask("GET")[0] == 401 and "Invalid or expired OAuth token" in ask("GET")[1]


def test_tokens_of_one_app_stand_beside_each_other(app: App, ulla: Person) -> None:
    one, other = app.token(ulla), app.token(ulla)
    assert one != other and is_good(ulla, one) and is_good(ulla, other)


def test_introspection(app: App, phone: App, ulla: Person) -> None:
    def ask(**form: str) -> Any:
        answer = app.post("/oauth2/introspect", **form)
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json()

    token = app.token(ulla)
    status, told = ask(token=token, token_type_hint="refresh_token")
    assert status == 200 and abs(told.pop("iat") - time.time()) < 60
    assert abs(told.pop("exp") - time.time() - 366 * 24 * 3600) < 60
    assert told == {"active": True, "client_id": app.id, "username": "ulla", "token_type": "bearer"}
    own = ulla.api().token
    assert "client_id" not in ask(token=own)[1] and ask(token=own)[1]["username"] == "ulla"
    for unknown in ("x", "\x00", "og_" + "0" * 64):
        assert ask(token=unknown) == (200, {"active": False})
    by_bearer = {"Authorization": f"Bearer {own}"}  # which says nothing here, and is in nobody's way
    answer = requests.post(f"{ulla.server.url}/oauth2/introspect", {"token": own}, headers=by_bearer, timeout=60)
    assert answer.json()["active"] is True
    assert ask()[0] == 400 and ask()[1]["error"] == "invalid_request" and ask(token="")[0] == 400


def test_revocation(app: App, phone: App, dora: Person, ulla: Person) -> None:
    other = App(dora, name="Other")

    def end(token: str, by: App = app, auth: Any = True, **form: str) -> requests.Response:
        auth = (by.id, by.secret) if auth is True and by.secret else auth if auth is not True else None
        return by.post("/oauth2/revoke", auth, token=token, **form)

    token, of_phone = app.token(ulla), phone.token(ulla)
    for answer, status, error in (
        (end(token, auth=None), 401, "invalid_client"),
        (end(token, auth=(app.id, "wrong")), 400, "invalid_grant"),
        (end(token, by=other), 400, "invalid_grant"),
        (end(ulla.api().token), 400, "invalid_grant"),
        (end(""), 400, "invalid_request"),
        (end(token, by=phone, client_id=phone.id), 400, "invalid_grant"),
        (end(token, auth=None, client_id=app.id), 401, "invalid_client"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert is_good(ulla, token)
    for _ in range(2):  # what is not there any more is well, too
        assert end(token, token_type_hint="access_token").status_code == 200
    assert not is_good(ulla, token)
    assert end(of_phone, by=phone, client_id=phone.id).status_code == 200 and not is_good(ulla, of_phone)


@pytest.mark.parametrize(
    "path", ["/oauth2/access-token", "/oauth2/introspect", "/.well-known/oauth-authorization-server"]
)
def test_scripts_of_any_site_may_ask(house: Server, path: str) -> None:
    for method in ("OPTIONS", "GET" if "well-known" in path else "POST"):
        answer = house.nobody.request(method, path, headers={"Origin": "https://app.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "OPTIONS, GET, POST"
        assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert house.nobody.request("OPTIONS", path).status_code == 200


def test_nobody_else_is_open_to_all_sites(house: Server, ulla: Person) -> None:
    for path in ("/oauth2/authorize", "/oauth2/revoke", "/oauth/exchange", "/oauth", "/oauth2"):
        assert (
            "Access-Control-Allow-Origin" not in house.nobody.get(path, headers={"Origin": "https://x.example"}).headers
        )


def test_another_secret_and_the_end_of_an_app(dora: Person, ulla: Person) -> None:
    app = App(dora, name="Short-lived")
    token, code, place = app.token(ulla), app.code(ulla), f"/-/settings/apps/{app.id}"
    before, app.secret = app.secret, secret_in(dora.post(f"{place}/rotate"))
    assert app.secret != before and app.secret not in dora.get(place).text
    assert app.spend(code, (app.id, before)).json()["error"] == "invalid_grant"
    assert app.spend(code).status_code == 200 and is_good(ulla, token)
    left = app.code(ulla)
    assert dora.post(f"{place}/delete").status_code == 303
    assert not is_good(ulla, token)
    assert app.spend(left).status_code == 401 and app.ask(ulla).status_code == 400
    assert dora.get(place).status_code == 404 and "Short-lived" not in ulla.get("/oauth2").text


def test_people_take_back_what_they_allowed(app: App, dora: Person, ulla: Person) -> None:
    app = App(dora, name="Taken back")
    tokens, code = [app.token(ulla), app.token(ulla)], app.code(ulla)
    kept = app.token(dora)
    assert "Taken back" in ulla.get("/oauth2").text
    assert ulla.post(f"/-/settings/apps/{app.id}/forbid").status_code == 303
    assert not any(is_good(ulla, token) for token in tokens) and app.spend(code).json()["error"] == "invalid_grant"
    assert "Taken back" not in ulla.get("/oauth2").text and is_good(dora, kept)
    assert ulla.post(f"/-/settings/apps/{app.id}/forbid").status_code == 404


def test_the_apis_switched_off(own_server: Any) -> None:
    server = own_server(api_enabled="false").start()
    for method, path in (("POST", "/oauth2/access-token"), ("GET", "/.well-known/oauth-authorization-server")):
        answer = server.nobody.request(method, path)
        assert answer.status_code == 403 and answer.json()["error"] == "access_denied"
    assert server.nobody.request("POST", "/oauth/exchange").json() == {"errors": [{"reason": "API is disabled"}]}


def test_clients_of_ours_see_the_tokens_of_apps_nowhere_else(app: App, ulla: Person) -> None:
    """They are listed by app, not among the tokens that somebody made."""
    before = ulla.get("/-/settings/access-tokens").text.count("<li>")
    assert isinstance(app.client(ulla), Client)
    assert ulla.get("/-/settings/access-tokens").text.count("<li>") == before
