"""Apps that ask people for something, as somebody would write them."""

import base64
import hashlib
import html
import secrets
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.harness import Client
from tests.web.people import Person, found

PASTES, PROFILE = "paste.sr.ht/PASTES:RW", "paste.sr.ht/PROFILE:RO"
BACK = "https://app.example/back?from=gistd"


class Form(HTMLParser):
    """The form of a page that is sent to this address: its hidden fields, and its boxes that are ticked."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.action, self.inside = action, False
        self.hidden: dict[str, str] = {}
        self.boxes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("action") == self.action
        if tag == "input" and self.inside:
            if given["type"] == "hidden":
                self.hidden[given["name"]] = given["value"]
            elif "checked" in given and "disabled" not in given:
                self.boxes.append(given["name"])


def said(answer: requests.Response) -> dict[str, str]:
    """What an app is told by the address that people are sent back to."""
    assert answer.status_code in (302, 303), answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def pkce() -> tuple[str, dict[str, str]]:
    """A verifier, and what is asked with."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "S256"}


class App:
    """One that was registered on the page for it."""

    def __init__(
        self, owner: Person, back: str = BACK, name: str = "Notes", legacy: bool = False, public: bool = False
    ) -> None:
        self.owner, self.back, self.name, self.legacy = owner, back, name, legacy
        place = "/oauth/register" if legacy else "/oauth2/register"
        form = {"client-name": name, "redirect-uri": back, **({"public": "on"} if public else {})}
        page = owner.post(place, **form)
        assert page.status_code == 201, page.text
        self.id = found(r"<code>([0-9a-f]{16}|[0-9a-f-]{36})</code>", page.text)
        self.secret = "" if public else secret_in(page)

    def ask(self, person: Person, **asked: str | None) -> requests.Response:
        """Send somebody to the page that asks them; what is None is left out."""
        usual = {"response_type": "code", "client_id": self.id, "scope": f"{PASTES} {PROFILE}", "state": "x y&z"}
        if self.legacy:
            usual = {"client_id": self.id, "scopes": "pastes:write", "state": "x y&z"}
        query = urlencode({name: value for name, value in {**usual, **asked}.items() if value is not None})
        return person.get(f"{self.place}?{query}")

    @property
    def place(self) -> str:
        return "/oauth/authorize" if self.legacy else "/oauth2/authorize"

    def let_in(
        self, person: Person, boxes: list[str] | None = None, button: str = "accept", **asked: str | None
    ) -> requests.Response:
        """Somebody is asked, ticks these boxes or leaves all as they are, and presses a button."""
        page = self.ask(person, **asked)
        if page.status_code == 302:
            return page
        assert page.status_code == 200, page.text
        form = Form(page.text, self.place)
        ticked = dict.fromkeys(form.boxes if boxes is None else boxes, "on")
        return person.post(self.place, **form.hidden, **ticked, **{button: button})

    def code(self, person: Person, **asked: str | None) -> str:
        return said(self.let_in(person, **asked))["exchange" if self.legacy else "code"]

    def spend(self, code: str, auth: Any = True, **sent: str) -> requests.Response:
        """Ask for a token."""
        if self.legacy:
            body = {"client_id": self.id, "client_secret": self.secret, "exchange": code, **sent}
            return requests.post(f"{self.owner.server.url}/oauth/exchange", json=body, timeout=60)
        form = {"grant_type": "authorization_code", "code": code, **sent}
        if auth is True:
            auth = (self.id, self.secret) if self.secret else None
            form |= {} if self.secret else {"client_id": self.id}
        return self.post("/oauth2/access-token", auth, **form)

    def post(self, path: str, auth: Any = None, **form: str) -> requests.Response:
        return requests.post(f"{self.owner.server.url}{path}", data=form, auth=auth, timeout=60)

    def token(self, person: Person, **asked: str | None) -> str:
        """Let in, and given a token."""
        verifier, challenge = pkce()
        asked = asked if self.legacy else {**challenge, **asked}
        sent = {} if self.legacy else {"code_verifier": verifier}
        answer = self.spend(self.code(person, **asked), **sent)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token" if self.legacy else "access_token"])

    def client(self, person: Person, **asked: str | None) -> Client:
        """The app, as it acts in somebody's name."""
        return Client(person.server, person.name, self.token(person, **asked))


def secret_in(page: requests.Response) -> str:
    return html.unescape(found(r'id="secret"[^>]*value="([^"]+)"', page.text))


def is_good(person: Person, token: str) -> bool:
    """Whether the token opens anything."""
    return Client(person.server, person.name, token).get("/api/gists").status_code == 200
