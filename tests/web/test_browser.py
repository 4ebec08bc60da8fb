"""The pages in a real browser: readable on a phone and on a screen, by day and by night."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.harness import Server, chromium, require

from . import screenshots


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    require("chromium", chromium())
    with screenshots.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    server = Server(tmp_path_factory.mktemp("browser")).start()
    yield server, screenshots.furnish(server.user("alice"))
    server.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_pages_fit_and_ask_nobody_else(
    running: Browser, furnished: tuple[Server, str], width: int, scheme: str
) -> None:
    server, path = furnished
    for where in ("/", "/alice", path, "/nobody-here", "/-/topics", "/-/users", "/-/search", "/-/search?q=yield"):
        asked: list[str] = []
        problems: list[str] = []
        context = running.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, problems=problems: problems.append(message.text))
        page.goto(server.url + where)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        assert all(url.startswith(server.url) for url in asked), asked
        assert [words for words in problems if "404" not in words] == []
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(22, 26, 25)") is (scheme == "dark")
        context.close()


def test_the_first_tab_leads_to_the_content(running: Browser, furnished: tuple[Server, str]) -> None:
    server, path = furnished
    page = screenshots.open_page(running, server.url + path, 1440, "light")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.context.close()


def test_a_line_can_be_linked_to(running: Browser, furnished: tuple[Server, str]) -> None:
    server, path = furnished
    page = screenshots.open_page(running, server.url + path, 1440, "light")
    page.click("#file-2-L3 a")
    assert page.url.endswith("#file-2-L3")
    marked = "getComputedStyle(document.querySelector('#file-2-L3')).backgroundColor"
    assert page.evaluate(marked) == "rgb(244, 239, 211)"
    page.context.close()


def test_the_keyboard_leads_from_words_to_the_line_that_has_them(
    running: Browser, furnished: tuple[Server, str]
) -> None:
    server, path = furnished
    page = screenshots.open_page(running, f"{server.url}/-/search", 1440, "light")
    page.focus("main input[type=search]")
    page.keyboard.type("yield lang:python")
    page.keyboard.press("Enter")
    page.wait_for_url("**/-/search?q=*")
    page.focus(".hits th a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}{path}#file-*-L*")
    assert "yield" in page.inner_text(":target").lower()
    page.context.close()


def test_nothing_in_a_gist_runs(running: Browser, furnished: tuple[Server, str]) -> None:
    server, _ = furnished
    alice = server.client("alice")
    evil = "<script>document.title = 'gotcha'</script><img src=x onerror=\"document.title='gotcha'\">"
    names = ("x.html", "x.svg", "x.md", "x.js", "x")
    gist = alice.create(dict.fromkeys(names, evil), title=evil[:200], description=evil)
    for where in (f"/alice/{gist['id']}", "/", *(f"/alice/{gist['id']}/raw/HEAD/{name}" for name in names)):
        page = screenshots.open_page(running, server.url + where, 1440, "light", scripts=True)
        assert page.title() != "gotcha", where
        page.context.close()


def test_the_pictures_of_the_docs_can_be_taken(running: Browser, furnished: tuple[Server, str], tmp_path: Path) -> None:
    server, path = furnished
    for name in screenshots.PICTURES:
        for scheme in ("light", "dark"):
            assert (screenshots.IMAGES / f"{name}-{scheme}.png").exists(), "python -m tests.web.screenshots"
    page = screenshots.open_page(running, server.url + path, screenshots.WIDE, "dark")
    page.screenshot(path=tmp_path / "gist.png")
    assert (tmp_path / "gist.png").read_bytes().startswith(b"\x89PNG")
    page.context.close()
