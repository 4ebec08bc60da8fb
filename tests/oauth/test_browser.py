"""Both flows in a real browser, driven by client libraries that others wrote; and what other sites try there."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from playwright.sync_api import Browser, Page
from requests_oauthlib import OAuth2Session as OAuthlibSession

from tests.harness import PASSWORD, Server, chromium, require
from tests.web import screenshots
from tests.web.people import Person

from .apps import App, Form, is_good

WORDS = "paste.sr.ht/PASTES:RW paste.sr.ht/PROFILE:RO"


class Site(BaseHTTPRequestHandler):
    """An app's, or somebody else's: a page at its root, and an address that people are sent back to, which sends them
    on to another host, as many do."""

    page = ""
    asked: list[str] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        on = f"http://localhost:{self.server.server_address[1]}/welcome"
        self.send_response(302 if self.path.startswith("/back") else 200)
        self.send_header("Location", on)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(type(self).page.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked, Site.page = [], "<!doctype html><h1>Welcome</h1>"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    require("chromium", chromium())
    with screenshots.browser() as browser:
        yield browser


@pytest.fixture
def page(running: Browser) -> Iterator[Page]:
    context = running.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.fill("#username", "ulla")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def sent_back(page: Page) -> str:
    """Where the app was told something, with all that it was told."""
    page.wait_for_url("**/welcome")
    (told,) = [path for path in Site.asked if path.startswith("/back")]
    return told


def press(page: Page, selector: str, key: str) -> None:
    """By keyboard alone."""
    for _ in range(60):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
            return page.keyboard.press(key)
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is out of reach")


def by_authlib(app: App, where: Server, ask: Callable[[str], str]) -> tuple[Any, Any]:
    verifier = generate_token(48)
    session = AuthlibSession(
        app.id,
        app.secret or None,
        scope=WORDS,
        redirect_uri=app.back,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if app.secret else "none",
    )
    session.trust_env = False
    url, _ = session.create_authorization_url(f"{where.url}/oauth2/authorize", code_verifier=verifier)
    token = session.fetch_token(
        f"{where.url}/oauth2/access-token", authorization_response=ask(url), code_verifier=verifier
    )
    return session, token


def by_requests_oauthlib(app: App, where: Server, ask: Callable[[str], str]) -> tuple[Any, Any]:
    session = OAuthlibSession(app.id, scope=WORDS.split(), redirect_uri=app.back, pkce="S256")
    session.trust_env = False
    url, _ = session.authorization_url(f"{where.url}/oauth2/authorize")
    how = {"client_secret": app.secret} if app.secret else {"include_client_id": True}
    token = session.fetch_token(f"{where.url}/oauth2/access-token", authorization_response=ask(url), **how)
    return session, token


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("library", [by_authlib, by_requests_oauthlib])
def test_a_library_gets_its_token(
    house: Server,
    dora: Person,
    ulla: Person,
    page: Page,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
    library: Any,
    public: bool,
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    app = App(dora, back=f"{site}/back?x=1", name="A library's", public=public)

    def ask(url: str) -> str:
        page.goto(url)
        sign_in(page)
        page.wait_for_url(f"{house.url}/oauth2/authorize?*")
        assert "A library's" in page.inner_text("main") and site.removeprefix("http://") in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.click("button[name=accept]")
        return site + sent_back(page)

    session, token = library(app, house, ask)
    assert token["token_type"] == "bearer" and WORDS.split()[0] in token["scope"]
    assert session.get(f"{house.url}/api/user").json()["login"] == "ulla"
    made = session.post(f"{house.url}/api/gists", json={"files": {"a.txt": {"content": "by an app"}}})
    assert made.status_code == 201, made.text


def test_the_keyboard_is_enough(house: Server, dora: Person, ulla: Person, running: Browser, site: str) -> None:
    app = App(dora, back=f"{site}/back", name="Keys")
    page = running.new_context(color_scheme="dark").new_page()
    query = {"response_type": "code", "client_id": app.id, "scope": WORDS, "state": "s"}
    page.goto(f"{house.url}/oauth2/authorize?{urlencode(query)}")
    sign_in(page)
    page.wait_for_url(f"{house.url}/oauth2/authorize?*")
    press(page, f"input[name='{WORDS.split()[0]}']", "Space")
    press(page, "button[name=accept]", "Enter")
    told = dict(parse_qsl(urlsplit(sent_back(page)).query))
    assert app.spend(told["code"]).json()["scope"] == WORDS.split()[1] and told["iss"] == house.url
    Site.asked.clear()
    page.goto(f"{house.url}/oauth2/authorize?{urlencode(query)}")
    press(page, "button[name=reject]", "Enter")
    assert "error=access_denied" in sent_back(page)
    page.context.close()


def test_the_older_flow(house: Server, dora: Person, ulla: Person, page: Page, running: Browser, site: str) -> None:
    app = App(dora, back=f"{site}/back", name="Older", legacy=True)
    url = f"{house.url}/oauth/authorize?client_id={app.id}&scopes=pastes:write&state=s"
    page.goto(url)
    sign_in(page)
    page.wait_for_url(f"{house.url}/oauth/authorize?*")
    page.click("button[name=accept]")
    told = dict(parse_qsl(urlsplit(sent_back(page)).query))
    assert told["scopes"] == "pastes:write,profile:read" and told["state"] == "s"
    assert is_good(ulla, app.spend(told["exchange"]).json()["token"])
    Site.asked.clear()
    other = running.new_context().new_page()  # in another browser there is a sign-in, but no question
    other.goto(url)
    sign_in(other)
    assert "exchange=" in sent_back(other)
    other.context.close()


def test_a_page_elsewhere_cannot_frame_the_question(
    house: Server, dora: Person, ulla: Person, running: Browser, site: str
) -> None:
    apps = App(dora, back=f"{site}/back"), App(dora, back=f"{site}/back", legacy=True)
    page = running.new_context().new_page()
    page.goto(f"{house.url}/-/login")
    sign_in(page)
    page.wait_for_url(f"{house.url}/")
    for app in apps:
        asked = urlencode({"response_type": "code", "client_id": app.id, "scope": WORDS, "scopes": "pastes:read"})
        Site.page = f"<!doctype html><iframe src='{house.url}{app.place}?{asked}'></iframe>"
        page.goto(f"{site}/")
        page.wait_for_load_state("networkidle")
        assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
    page.context.close()


def test_a_page_elsewhere_cannot_say_yes(
    house: Server, dora: Person, ulla: Person, running: Browser, site: str
) -> None:
    app = App(dora, back=f"{site}/back")
    fields = {**Form(app.ask(ulla).text, app.place).hidden, WORDS.split()[0]: "on", "accept": "accept"}
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
    page = running.new_context().new_page()
    page.goto(f"{house.url}/-/login")
    sign_in(page)
    page.wait_for_url(f"{house.url}/")
    Site.page = f"<!doctype html><form method='post' action='{house.url}{app.place}'>{inputs}</form>"
    page.goto(f"{site}/")
    with page.expect_navigation() as sent:
        page.evaluate("document.forms[0].submit()")
    assert sent.value is not None and sent.value.status == 403
    assert not [path for path in Site.asked if path.startswith("/back")]
    page.context.close()
