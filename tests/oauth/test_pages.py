"""What people decide about apps and personal tokens, and what developers register."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness import Client, Server
from tests.web.people import Person, found

from .apps import BACK, App, secret_in

NAMES = [
    ("", False),
    ("   ", False),
    ("x" * 101, False),
    ("a\nb", False),
    ("a\u202eb", False),
    ("a\x00b", False),
    ("x" * 100, True),
    ("Zettel \u2713 <script>", True),
]
ADDRESSES = [
    ("", False),
    ("https://", False),
    ("app.example/back", False),
    ("javascript:alert(1)", False),
    ("data:text/html,x", False),
    ("ftp://app.example/", False),
    ("https://app.example/#x", False),
    ("https://user@app.example/", False),
    ("https://app.example\\@evil.example/", False),
    ("https://app.example /", False),
    ("https://app.example/\u00fc", False),
    ("https://\u00fc.example/", False),
    ("https://app.example:0/", False),
    ("https://app.example:99999/", False),
    ("https://app.example:x/", False),
    ("https://[::1/", False),
    ("https://app.example/" + "x" * 2000, False),
    ("https://app.example/\r\nx: y", False),
    ("https://app.example", True),
    ("https://app.example/back?x=1&y=2", True),
    ("http://127.0.0.1:8000/back", True),
    ("http://[::1]:8000/back", True),
    ("urn:ietf:wg:oauth:2.0:oob", None),  # in the older flow
]


def _register(person: Person, legacy: bool, name: str, back: str) -> Any:
    place = "/oauth/register" if legacy else "/oauth2/register"
    return person.post(place, **{"client-name": name, "redirect-uri": back})


@pytest.mark.parametrize("legacy", [False, True])
def test_what_an_app_may_be_called_and_where_it_may_be(house: Server, legacy: bool) -> None:
    maker = Person(house, f"maker{legacy}").sign_up()
    for name, fine in NAMES:
        answer = _register(maker, legacy, name, BACK)
        assert answer.status_code == (201 if fine else 422), name
        assert ("client-name-problem" in answer.text) is not fine
    for back, allowed in ADDRESSES:
        answer = _register(maker, legacy, "Notes", back)
        fine = legacy if allowed is None else allowed
        assert answer.status_code == (201 if fine else 422), back
        assert ("redirect-uri-problem" in answer.text) is not fine
    page = maker.get("/-/settings/apps").text
    assert page.count("Notes</a>") == 4 + legacy
    assert "&lt;script&gt;" in page and "<script>" not in page


def test_there_is_an_end_to_apps(house: Server) -> None:
    maker = Person(house, "prolific").sign_up()
    answers = [_register(maker, True, f"App {number}", BACK).status_code for number in range(101)]
    assert answers == [201] * 100 + [422]


def test_a_secret_is_shown_once(house: Server, dora: Person) -> None:
    app = App(dora, name="Shown once")
    for path in (f"/-/settings/apps/{app.id}", "/-/settings/apps", "/oauth", "/oauth2"):
        page = dora.get(path)
        assert page.status_code == 200 and app.secret not in page.text and page.headers["Cache-Control"] == "no-store"
    public = App(dora, name="None at all", public=True)
    assert "rotate" not in dora.get(f"/-/settings/apps/{public.id}").text
    assert dora.post(f"/-/settings/apps/{public.id}/rotate").status_code == 422


def _made(person: Person, path: str, **form: Any) -> Client:
    page = person.post(path, **form)
    assert page.status_code == 201 and page.headers["Cache-Control"] == "no-store", page.text
    return Client(person.server, person.name, secret_in(page))


def _days_left(person: Person, label: str) -> float:
    item = found(rf"(?s)<h3>{label}</h3>(.*?)</li>", person.get("/oauth2").text)
    ends = datetime.fromisoformat(re.findall(r'datetime="([^"]+)"', item)[-1])
    return (ends - datetime.now(UTC)) / timedelta(days=1)


def test_a_personal_token_of_the_older_kind(house: Server) -> None:
    pia = Person(house, "pia").sign_up()
    assert 'name="comment"' in pia.get("/oauth/personal-token").text
    tool = _made(pia, "/oauth/personal-token", comment="older")
    assert tool.create() and tool.get("/api/user").status_code == 200 and 364.9 < _days_left(pia, "older") <= 365
    assert _made(pia, "/oauth/personal-token").create()
    assert _made(pia, "/oauth/personal-token", comment="x" * 127).create()
    assert pia.post("/oauth/personal-token", comment="x" * 128).status_code == 422
    number = found(r'action="/oauth2/revoke-personal/(\d+)"', pia.get("/oauth").text)
    assert pia.post(f"/oauth/revoke-token/{number}").headers["Location"] == "/oauth"


GRANTS: list[tuple[dict[str, Any], str]] = [
    ({}, "gist:read gist:write user:read user:write"),
    ({"literal_grants": "  "}, "gist:read gist:write user:read user:write"),
    ({"read_only": "on"}, "gist:read user:read"),
    ({"literal_grants": "paste.sr.ht/PASTES:RW paste.sr.ht/PROFILE:RO"}, "gist:write user:read"),
    ({"literal_grants": "paste.sr.ht/PASTES"}, "gist:read"),
    ({"literal_grants": "gist:write"}, "gist:write"),
    ({"grants": ["paste.sr.ht/PASTES"]}, "gist:write"),
    ({"grants": ["paste.sr.ht/PASTES", "paste.sr.ht/PROFILE"], "read_only": "on"}, "gist:read user:read"),
    ({"grants": ["paste.sr.ht/PASTES:RO"]}, "gist:read"),
    ({"grants": ["paste.sr.ht/PASTES"], "literal_grants": "user:read"}, "user:read"),
]


def test_a_personal_token_of_the_newer_kind(house: Server) -> None:
    pia = Person(house, "pia2").sign_up()
    for number, (form, scopes) in enumerate(GRANTS):
        _made(pia, "/oauth2/personal-token", comment=f"number {number}.", **form)
        item = found(rf"(?s)<h3>number {number}\.</h3>(.*?)</p>", pia.get("/oauth2").text)
        assert " ".join(sorted(re.findall(r"<code>([^<]+)</code>", item))) == scopes, form
    assert 365.9 < _days_left(pia, "number 0.") <= 366
    for wrong in (
        {"literal_grants": "x"},
        {"grants": ["x"]},
        {"literal_grants": "pastes:read"},
        {"comment": "x" * 128},
    ):
        assert pia.post("/oauth2/personal-token", **wrong).status_code == 422, wrong


def test_the_grants_that_a_tool_asks_for(house: Server) -> None:
    pia = Person(house, "pia3").sign_up()
    page = pia.get("/oauth2/personal-token?grants=paste.sr.ht/PASTES:RW+gist:read").text
    field = found(r'(<input id="literal_grants"[^>]*>)', page)
    assert 'value="paste.sr.ht/PASTES:RW gist:read"' in field and "readonly" in field and 'name="grants"' not in page


def test_a_token_is_revoked_on_either_page(house: Server) -> None:
    pia = Person(house, "pia4").sign_up()
    for path, back in (("/oauth/revoke-token", "/oauth"), ("/oauth2/revoke-personal", "/oauth2")):
        tool = _made(pia, "/oauth2/personal-token")
        number = found(r'action="/oauth2/revoke-personal/(\d+)"', pia.get(back).text)
        assert tool.get("/api/gists").status_code == 200
        answer = pia.post(f"{path}/{number}")
        assert answer.status_code == 303 and answer.headers["Location"] == back
        assert tool.get("/api/gists").status_code == 401 and pia.post(f"{path}/{number}").status_code == 404


def test_all_pages_want_somebody_who_is_signed_in(house: Server, app: App) -> None:
    for path in (
        "/oauth",
        "/oauth2",
        "/oauth/register",
        "/oauth2/register",
        "/oauth2/personal-token",
        "/oauth2/authorize",
    ):
        answer = house.nobody.get(path)
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/-/login?next=/oauth"), path


def test_nobody_is_called_like_these_pages(house: Server) -> None:
    for name in ("oauth", "OAuth2", ".well-known"):
        assert (
            Person(house, name)
            .post("/-/register", username=name, password="correct horse", repeat="correct horse")
            .status_code
            == 422
        )
