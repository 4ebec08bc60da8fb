"""All pages, as people reach them: with a screen reader's eyes (axe-core), by keyboard alone, by day and by night."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.harness import PASSWORD, Client, Server, chromium, require
from tests.oauth.apps import App

from . import screenshots
from .people import Person


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    require("chromium", chromium())
    with screenshots.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    server = Server(tmp_path_factory.mktemp("walk"), rate_limits="false").start()
    yield server, screenshots.furnish(server.user("alice"))
    server.stop()


@pytest.fixture(scope="module")
def asked(house: tuple[Server, str]) -> list[str]:
    """The pages of apps: those that ask, and those of who registered them."""
    alice = Person(house[0], "alice")
    alice.sign_in()
    old, new = App(alice, legacy=True), App(alice)
    new.token(alice)
    questions = [
        f"{old.place}?client_id={old.id}&scopes=pastes:write,profile",
        f"{new.place}?response_type=code&client_id={new.id}&scope=gist:write+user:read",
        f"{new.place}?response_type=code&client_id=unknown",
    ]
    return [*questions, f"/-/settings/apps/{old.id}", f"/-/settings/apps/{new.id}"]


@pytest.fixture(scope="module")
def hooks(house: tuple[Server, str]) -> list[str]:
    """The pages of a webhook, and of something that it was told."""
    alice = Person(house[0], "alice")
    alice.sign_in()
    made = alice.post("/-/settings/webhooks", url="http://receiver.invalid/hook", event="gist:create")
    place = made.headers["Location"].partition("?")[0]
    return [place, alice.post(f"{place}/ping").headers["Location"]]


def sign_in(page: Page, server: Server, name: str) -> None:
    page.goto(f"{server.url}/-/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{server.url}/")


def context(running: Browser, width: int, scheme: str, scripts: bool = True) -> Page:
    made: Any = running.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=scripts,
    )
    page: Page = made.new_page()
    return page


def pages_of(path: str, alice: Client) -> list[str]:
    gists = alice.get("/api/gists?username=alice").json()
    primes = next(each for each in gists if each["title"].startswith("Primes"))
    revision = alice.read(primes["id"])["commits"][0]["version"]
    return [
        "/",
        "/-/all",
        "/-/topics",
        "/-/topics/python",
        "/-/languages",
        "/-/languages/Python",
        "/-/users",
        "/alice",
        "/-/search",
        "/-/search?q=prime",
        "/-/search?q=nothing-has-it",
        "/-/api",
        path,
        f"{path}/rev/{revision}",
        f"{path}/revisions",
        f"{path}/compare/..{revision}",
        f"{path}/likes",
        f"{path}/forks",
        f"{path}/embed",
        "/nobody-here",
        "/-/new",
    ]


OWN = [
    "/",
    "/-/settings/profile",
    "/-/settings/password",
    "/-/settings/sessions",
    "/-/settings/access-tokens",
    "/-/settings/api-keys",
    "/-/settings/two-factor",
    "/-/settings/export",
    "/-/settings/delete",
    "/-/settings/digest",
    "/-/settings/apps",
    "/oauth/register",
    "/oauth2/register",
    "/oauth/personal-token",
    "/oauth2/personal-token",
    "/oauth2/personal-token?grants=paste.sr.ht/PASTES:RW",
    "/-/settings/webhooks",
    "/-/admin",
    "/-/admin/users",
    "/-/admin/gists",
    "/-/admin/settings",
    "/-/liked",
    "/-/forked",
    "/-/new",
    "{path}",
    "{path}/edit",
    "{path}/delete",
]


LOOKS = [(True, 320, "dark"), (False, 320, "light"), (True, 1440, "light"), (False, 1440, "dark")]


def look_with_axe(page: Page) -> list[str]:
    """What axe finds on the page, with its folds open; of the hundred on the page of the APIs, which are alike, with
    every ninth or so."""
    folds = page.query_selector_all("details:not([open]) > summary")
    for folded in folds[:: len(folds) // 12 + 1]:
        folded.click()
    return [f"{each['id']} {each['nodes'][0]['html'][:150]}" for each in Axe().run(page).response["violations"]]


@pytest.mark.parametrize(("scripts", "width", "scheme"), LOOKS)
def test_each_page_opens_and_axe_finds_nothing(
    running: Browser,
    house: tuple[Server, str],
    asked: list[str],
    hooks: list[str],
    scripts: bool,
    width: int,
    scheme: str,
) -> None:
    server, path = house
    page = context(running, width, scheme, scripts)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    def look(where: str, with_axe: bool = scripts) -> None:  # which is a script
        answer = page.goto(server.url + where)
        assert answer is not None
        wrong = {"/nobody-here": 404, asked[2]: 400}
        assert answer.status == wrong.get(where, 200), where
        assert page.locator("h1").count() >= 1, where
        if with_axe:
            problems.extend(f"{where}: {found}" for found in look_with_axe(page))
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append(f"{where}: wider than the screen")

    pages = pages_of(path, server.client("alice"))
    for where in [*pages, "/-/login", "/-/register"]:
        look(where)
    sign_in(page, server, "alice")
    for where in pages:
        look(where, with_axe=False)
    for where in [*(each.format(path=path) for each in OWN), *asked, *hooks]:
        look(where)
    page.context.close()
    assert [words for words in problems if "404" not in words and "400" not in words] == []


def press_until(page: Page, selector: str, key: str = "Tab") -> None:
    """Press the key until what is wanted has the focus."""
    for _ in range(150):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached by keyboard at {page.url}")


def press(page: Page, selector: str) -> None:
    """Go there and press Enter, which leads to another page."""
    press_until(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize(("scripts", "width", "scheme"), LOOKS)
def test_the_keyboard_is_enough(
    running: Browser, house: tuple[Server, str], scripts: bool, width: int, scheme: str
) -> None:
    """Create, edit, compare, like, search."""
    server, _ = house
    name = f"keys{scripts}{width}".lower()
    server.user(name)
    page = context(running, width, scheme, scripts)
    sign_in(page, server, name)
    press(page, "header a[href='/-/new']")
    press_until(page, "input[name=title]")
    page.keyboard.type(f"By {name}")
    press_until(page, "input[name^=name-]")
    page.keyboard.type("poem.txt")
    press_until(page, "textarea[name^=text-]")
    page.keyboard.type(f"roses are {name}")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    press(page, "button[type=submit]:not([tabindex='-1']), .editor .actions button, button.save")
    assert f"roses are {name}" in page.inner_text("main")
    press(page, ".actions a[href$='/edit']")
    press_until(page, "textarea[name^=text-]")
    page.keyboard.press("Control+End")
    page.keyboard.type(" and red")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    press(page, "button[type=submit]:not([tabindex='-1']), .editor .actions button, button.save")
    press(page, ".choices a[href$='/revisions']")
    press(page, ".revisions form button")
    assert "+1" in page.inner_text("main") and "and red" in page.inner_text(".came")
    press(page, ".actions button[aria-pressed=false]")
    assert "Likes: 1" in page.inner_text("main")
    press_until(page, "header input[type=search]")
    page.keyboard.type(f'"{name} and red"')
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert f"By {name}" in page.inner_text("main")
    page.context.close()


def test_a_range_of_lines_has_an_address(running: Browser, house: tuple[Server, str]) -> None:
    server, path = house
    page = context(running, 1440, "light")
    page.goto(f"{server.url}{path}#file-2-L3-L5")
    page.wait_for_selector(".chosen")
    assert page.locator(".chosen").count() == 3
    page.click("#file-2-L7 th a")
    page.click("#file-2-L4 th a", modifiers=["Shift"])
    expect(page.locator(".chosen")).to_have_count(4)
    assert page.url.endswith("#file-2-L7-L4")
    page.context.close()


class Blog(BaseHTTPRequestHandler):
    """Somebody's page, at another origin, with what `page` says."""

    page = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_a_page_elsewhere_shows_a_gist(running: Browser, house: tuple[Server, str]) -> None:
    server, path = house
    Blog.page = f"<!doctype html><p>Before</p><script src='{server.url}{path}.js?file=primes.py'></script><p>After</p>"
    blog = HTTPServer(("127.0.0.1", 0), Blog)
    Thread(target=blog.serve_forever, daemon=True).start()
    page = context(running, 1440, "light")
    page.goto(f"http://127.0.0.1:{blog.server_port}/")
    frame = page.frame_locator("iframe")
    frame.locator("text=yield").first.wait_for()
    assert frame.locator("section.file").count() == 1
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 300")
    page.context.close()
    blog.shutdown()
    blog.server_close()


def test_what_a_page_weighs(house: tuple[Server, str]) -> None:
    """Less than 60 KiB besides the gist itself, with all that it needs."""
    server, path = house
    nobody = server.nobody
    page = nobody.get(path)
    parts = [page.content, *(nobody.get(f"/-/static/{name}").content for name in ("style.css", "gist.js", "icon.svg"))]
    assert sum(map(len, parts)) < 60 * 1024
