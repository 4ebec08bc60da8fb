"""Thousands of attempts, in a real browser: nothing of them runs, and nothing is asked for elsewhere."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.harness import Client, Git, Server, chromium, require

from . import hostile, screenshots

PER_GIST = 50


class Watch:
    """A browser that remembers what should not have happened."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self._server, self._page = server, context.new_page()
        self.happened: list[str] = []
        self.shown = 0
        self._page.on(
            "dialog", lambda dialog: (self.happened.append(f"a dialog at {self._page.url}"), dialog.dismiss())
        )
        context.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self._server.url, "data:", "blob:")):
            self.happened.append(f"asked for {url} at {self._page.url}")

    def visit(self, path: str, number: int) -> None:
        """Look at a page that shows so many attempts."""
        self._page.goto(self._server.url + path)
        self.shown += number


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("hostile"), rate_limits="false").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mallory(house: Server) -> Client:
    return house.user("mallory")


@pytest.fixture
def watch(house: Server) -> Iterator[Watch]:
    require("chromium", chromium())
    with screenshots.browser() as running:
        yield Watch(running.new_context(accept_downloads=False), house)


def test_the_watch_sees_what_should_not_happen(watch: Watch) -> None:
    page = watch._page
    page.goto("data:text/html,nothing of ours")  # which have policies that forbid it
    page.evaluate("alert(1)")
    page.evaluate(
        f"new Promise((done) => {{ const i = new Image(); i.onerror = done; i.src = '{hostile.OUTSIDE}/x.png'; }})"
    )
    assert len(watch.happened) == 2


def test_nothing_that_strangers_write_runs(house: Server, mallory: Client, watch: Watch) -> None:
    files = list(hostile.documents().items())
    for first in range(0, len(files), PER_GIST):
        some = dict(files[first : first + PER_GIST])
        gist = mallory.create(some)
        watch.visit(f"/mallory/{gist['id']}", len(some))
        assert watch.happened == []
    print(f"{watch.shown} attempts in files")

    named = mallory.create(dict.fromkeys(hostile.names(), "x"))
    last = named["commits"][0]["version"]
    for place in ("", "/revisions", f"/compare/..{last}", "/edit", "/embed"):
        watch.visit(f"/mallory/{named['id']}{place}", len(hostile.names()))
    for tag in hostile.tags()[::3]:
        mallory.create({"a.txt": tag}, title=tag[:250], description=tag)
        watch.shown += 3
    for path in (
        "/",
        *(f"/-/all?page={page}" for page in range(1, 8)),
        "/mallory",
        "/-/search?q=alert(1)",
        "/-/all.atom",
    ):
        watch.visit(path, 0)
    assert watch.happened == []
    assert watch.shown >= 2000
    print(f"{watch.shown} attempts in all")


def test_nothing_that_is_opened_by_itself_runs(mallory: Client, watch: Watch, git: Git) -> None:
    files = dict(hostile.raw())
    gist = mallory.create()
    clone = git.clone(mallory.clone_url(gist))
    last = git.commit(clone, files)
    git("push", "-q", cwd=clone)
    for name in files:
        answer = mallory.get(f"/mallory/{gist['id']}/raw/{last}/{name}")
        if answer.headers["Content-Disposition"].startswith("inline"):  # what is saved is not opened
            watch.visit(f"/mallory/{gist['id']}/raw/{last}/{name}", 1)
        if name.endswith(".svg") and mallory.get(f"/mallory/{gist['id']}/svg/{last}/{name}").status_code == 200:
            watch.visit(f"/mallory/{gist['id']}/svg/{last}/{name}", 1)
    assert watch.happened == [] and watch.shown > 50


def test_nothing_that_a_pusher_is_called_runs(mallory: Client, watch: Watch, git: Git) -> None:
    gist = mallory.create()
    clone = git.clone(mallory.clone_url(gist))
    for number, tag in enumerate(hostile.tags()[::9]):
        author = (
            tag.replace("<", "\uff1c").replace(">", "\uff1e") if number % 2 else "x"
        )  # git takes the real ones away
        message = tag.replace("\n", " ")
        (clone / "a").write_text(str(number))
        git("add", "-A", cwd=clone)
        git("-c", f"user.name={author[:100]}", "commit", "-qm", message, cwd=clone)
    git("push", "-q", cwd=clone)
    for place in ("", "/revisions", "/revisions?page=2"):
        watch.visit(f"/mallory/{gist['id']}{place}", 30)
    assert watch.happened == []


def test_what_is_too_much_is_shown_harmlessly(mallory: Client, watch: Watch) -> None:
    long = mallory.create({"long.html": "<script>alert(1)</script>" * 200_000})  # one line of 5 MB
    many = mallory.create({f"{number:03}.html": "<script>alert(1)</script>" for number in range(300)})
    watch.visit(f"/mallory/{long['id']}", 1)
    for page in range(1, 7):
        watch.visit(f"/mallory/{many['id']}?page={page}", 50)
    assert watch.happened == []
