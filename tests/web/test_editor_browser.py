"""The editor in a real browser, with JavaScript and without."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.harness import Client, Server, chromium, require

from . import screenshots
from .people import Person
from .test_editor import ODD_TEXTS, PNG

TEXT = ".card:first-child textarea"
DROP = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  const where = document.querySelector("#editor");
  where.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
PASTE = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector("textarea[name=text-1]").dispatchEvent(event);
}"""


faults: list[str] = []


@pytest.fixture(autouse=True)
def no_fault_in_the_console() -> Iterator[None]:
    faults.clear()
    yield
    assert [words for words in faults if "the server responded with a status of 4" not in words] == []


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    require("chromium", chromium())
    with screenshots.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("editor-browser"), rate_limits="false").start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    return Person(server, "alice").sign_up()


@pytest.fixture(scope="module")
def tool(alice: Person) -> Client:
    return alice.api()


def _open(browser: Browser, person: Person, path: str, scripts: bool = True, **options: Any) -> Page:
    context = browser.new_context(java_script_enabled=scripts, **options)
    cookie = person.session.cookies.get("gistd_session")
    if cookie:
        context.add_cookies([{"name": "gistd_session", "value": cookie, "url": person.server.url}])
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(person.server.url + path)
    return page


@pytest.fixture
def page(running: Browser, alice: Person) -> Iterator[Page]:
    """A new gist, with JavaScript."""
    page = _open(running, alice, "/-/new")
    yield page
    page.context.close()


def _files(tool: Client, page: Page) -> dict[str, bytes]:
    """The files of the gist that the browser is at."""
    path = page.url.removeprefix(tool.server.url)
    names = tool.read(path.rpartition("/")[2])["files"]
    return {name: tool.get(f"{path}/raw/HEAD/{name}").content for name in names}


def _save(page: Page) -> None:
    with page.expect_navigation():
        page.click(".actions button")


def test_without_scripts_files_are_added_and_kept(running: Browser, alice: Person, tool: Client) -> None:
    page = _open(running, alice, "/-/new", scripts=False)
    page.fill("#name-1", "src/a.py")
    page.fill(TEXT, "\n\na = 1\n")
    page.click("[value=add]")
    page.fill("#name-2", "b.md")
    page.fill("#text-2", "# B")
    odd = [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in ODD_TEXTS.items()]
    page.set_input_files("#uploads", [*odd, {"name": "p.png", "mimeType": "image/png", "buffer": PNG}])  # type: ignore[list-item]
    with page.expect_popup() as opened:
        page.click(".card:nth-child(2) [name=preview]")
    assert opened.value.locator("#preview h1").inner_text() == "B"
    _save(page)
    made = {"src/a.py": b"\n\na = 1\n", "b.md": b"# B", "p.png": PNG, **ODD_TEXTS}
    assert _files(tool, page) == made
    page.goto(f"{page.url}/edit")
    page.fill("#message", "Nothing else changed")
    page.locator("fieldset", has=page.locator("[value='b.md']")).get_by_label("Remove this file").check()
    page.fill(f"#text-{page.locator('[id^=name-][value=lf]').get_attribute('id').partition('-')[2]}", "other\n")  # type: ignore[union-attr]
    _save(page)
    del made["b.md"]
    assert _files(tool, page) == {**made, "lf": b"other\n"}
    page.context.close()


def test_a_keyboard_alone_makes_and_changes_a_gist(page: Page, tool: Client) -> None:
    def tab_to(what: str) -> None:
        for _ in range(60):
            if page.evaluate("what => document.activeElement.matches(what)", what):
                return
            if page.evaluate("document.activeElement.matches('.card textarea')"):
                page.keyboard.press("Escape")
            page.keyboard.press("Tab")
        pytest.fail(f"Tab does not lead to {what}")

    tab_to("#title")
    page.keyboard.type("By keyboard")
    tab_to("#name-1")
    page.keyboard.type("f.py")
    tab_to("#text-1")
    page.keyboard.type("def f():\nreturn 1\n\nend", delay=0)
    page.keyboard.press("Escape")
    tab_to("#topics")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alice/*")
    assert _files(tool, page) == {"f.py": b"def f():\n    return 1\n    \n    end"}
    page.goto(f"{page.url}/edit")
    tab_to("[value=add]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "name-2"
    page.keyboard.type("two")
    tab_to("#remove-1")
    page.keyboard.press("Space")
    assert not page.is_visible("#text-1")
    tab_to("#message")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/edit"))
    assert _files(tool, page) == {"two": b""}


TYPED = [
    ("Tab indents", "a", ["Tab"], "a    "),
    ("the step of the text", "  a\nb", ["Tab"], "  a\nb  "),
    ("tabs where there are tabs", "\ta\nb", ["Tab"], "\ta\nb\t"),
    ("lines that are chosen", "a\n\nb", ["Control+A", "Tab"], "    a\n\n    b"),
    ("and back", "    a\n  b\n\tc", ["Control+A", "Shift+Tab"], "a\nb\nc"),
    ("back where the caret is", "    a", ["Shift+Tab"], "a"),
    ("Enter keeps the indentation", "  a", ["Enter", "b"], "  a\n  b"),
    ("Enter goes one deeper", "  if {", ["Enter", "b"], "  if {\n    b"),
    ("it can be undone", "a", ["Tab", "Control+Z"], "a"),
    ("Shift+Enter is a plain end of line", "  a", ["Shift+Enter", "b"], "  a\nb"),
]


def test_typing(page: Page) -> None:
    for what, text, keys, then in TYPED:
        page.fill(TEXT, text)
        for key in keys:
            page.keyboard.press(key)
        assert page.input_value(TEXT) == then, what
    page.keyboard.press("Escape")
    assert "next field" in page.inner_text("#told")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") != "TEXTAREA"


def test_finding_and_replacing(page: Page) -> None:
    page.fill(TEXT, "Tea, tea.* and TEA\n" * 2)
    page.focus(TEXT)
    page.keyboard.press("Control+F")
    page.keyboard.type("tea")

    def chosen() -> tuple[int, int]:
        return tuple(page.evaluate(f"(a => [a.selectionStart, a.selectionEnd])(document.querySelector('{TEXT}'))"))

    page.keyboard.press("Enter")
    first = chosen()
    assert first == (0, 3) and page.inner_text(".finder output") == "1 of 6"
    page.keyboard.press("Enter")
    assert chosen() == (5, 8)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    assert page.inner_text(".finder output") == "6 of 6"
    page.fill("[data-find=what]", "tea.*")
    page.click("[data-do=next]")
    page.fill("[data-find=by]", "$& milk")
    page.click("[data-do=replace]")
    assert page.input_value(TEXT) == "Tea, $& milk and TEA\nTea, tea.* and TEA\n"
    page.fill("[data-find=what]", "TEA")
    page.click("[data-do=all]")
    assert page.input_value(TEXT).count("TEA") == 0 and page.inner_text(".finder output") == "Replaced: 2"
    page.fill("[data-find=what]", "nowhere")
    page.click("[data-do=next]")
    assert page.inner_text(".finder output") == "Not found"
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not page.is_visible(".finder") and page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_files_are_dropped_and_pasted(page: Page, tool: Client) -> None:
    page.fill("#name-1", "read.md")
    page.fill(TEXT, "See ")
    for name, content in (("plain.txt", b"lf\n"), ("crlf.txt", b"one\r\ntwo"), ("bom", ODD_TEXTS["mark"])):
        page.evaluate(DROP, [name, list(content)])
        page.wait_for_function("name => document.querySelector('#told').textContent.includes(name)", arg=name)
    page.focus(TEXT)
    page.keyboard.press("End")
    page.evaluate(PASTE, ["image.png", list(PNG)])
    page.wait_for_function("() => document.querySelector('#text-1').value.includes('![]')")
    assert page.locator(".card").count() == 5
    _save(page)
    assert _files(tool, page) == {
        "read.md": b"See ![](image.png)", "plain.txt": b"lf\n", "crlf.txt": b"one\r\ntwo",
        "bom": ODD_TEXTS["mark"], "image.png": PNG,
    }  # fmt: skip


def test_preview_in_place(page: Page) -> None:
    page.fill("#name-1", "x.md")
    page.fill(TEXT, "# Hi <script>document.title='gotcha'</script>\n\n<img src=x onerror=\"document.title='gotcha'\">")
    page.click("[name=preview]")
    assert page.inner_text(".previewed h1").startswith("Hi") and not page.is_visible(TEXT)
    assert "preview is shown" in page.inner_text("#told") and page.title() != "gotcha"
    page.click("[name=preview]")
    assert page.is_visible(TEXT) and page.locator(".previewed").count() == 0


def test_unsaved_work_is_not_left_by_accident(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{server.url}/-/new")
    assert asked == [], "nothing was typed"
    page.locator(TEXT).press_sequentially("work")
    page.goto(server.url)
    assert asked == ["beforeunload"]
    page.goto(f"{server.url}/-/new")
    page.fill("#name-1", "../x")
    page.locator(TEXT).press_sequentially("work")
    with page.expect_response(lambda answer: answer.status == 422):
        page.locator(".actions button").click(no_wait_after=True)
    page.wait_for_selector("[role=alert]")
    assert page.evaluate("document.activeElement.id") == "name-1", "what must be mended"
    assert asked == ["beforeunload"], "saving is not leaving"


@pytest.mark.parametrize("scripts", [True, False])
def test_two_who_edit_at_once(running: Browser, alice: Person, tool: Client, scripts: bool) -> None:
    gist = tool.create({"both": "1\n", "mine": "1"})
    page = _open(running, alice, f"/alice/{gist['id']}/edit", scripts)
    tool.change(gist["id"], files={"both": {"content": "theirs\n"}})
    for name in ("both", "mine"):
        page.locator("fieldset.card", has=page.locator(f"[value={name}]")).locator("textarea").fill(f"my {name}\n")
    with page.expect_navigation():
        page.locator(".actions button").click()
    assert page.locator(".clash").count() == 1 and "theirs" in page.inner_text(".clash")
    page.get_by_label("Leave it as it is there").check()
    _save(page)
    assert _files(tool, page) == {"both": b"theirs\n", "mine": b"my mine\n"}
    page.context.close()


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_fits(running: Browser, alice: Person, tool: Client, width: int, scheme: str) -> None:
    gist = tool.create({f"{'folder/' * 8}{'x' * 100}.md": "long " * 200}, title="t" * 250)
    options: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    for where in ("edit", "delete"):
        page = _open(running, alice, f"/alice/{gist['id']}/{where}", **options)
        if where == "edit":
            page.click("[data-do=find]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        small = page.evaluate(
            "[...document.querySelectorAll('main :is(button, input, select, textarea, summary)')]"
            ".filter(e => e.checkVisibility() && e.tabIndex >= 0)"
            ".filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 24).map(e => e.outerHTML)"
        )
        assert small == []
        page.context.close()


def test_files_are_put_in_order_where_they_stand(page: Page, tool: Client) -> None:
    page.fill("#name-1", "a")
    page.fill("#text-1", "1")
    page.click("[value=add]")
    page.fill("#name-2", "b")
    page.focus("[value=up-2]")
    page.keyboard.press("Enter")
    assert page.inner_text("#told") == "b is file 1 of 2 now"
    assert page.evaluate("document.activeElement.value") == "up-2"
    _save(page)
    assert page.locator("section.file h2").all_inner_texts() == ["b", "a"]
