"""The pictures in the docs, taken of real pages: `python -m tests.web.screenshots` writes docs/images/."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import PASSWORD, Client, Server, chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDE, NARROW = 1100, 320
PICTURES = ("gist", "home", "editor", "changes", "search")

_PRIMES = '''"""Prime numbers, one after the other."""

from collections.abc import Iterator
from itertools import count


def primes() -> Iterator[int]:
    """Yield 2, 3, 5, 7 … for as long as anybody asks."""
    found: list[int] = []
    for number in count(2):
        if all(number % prime for prime in found if prime * prime <= number):
            found.append(number)
            yield number
'''
_README = "# primes\n\nThe shortest sieve that I can still *read*.\n\n    python -c 'import primes'\n"


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium that talks to nobody but the server under test."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=[*quiet, "--disable-sync"])
        try:
            yield running
        finally:
            running.close()


def open_page(running: Browser, url: str, width: int, scheme: str, scripts: bool = False) -> Page:
    context = running.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        java_script_enabled=scripts,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(url)
    return page


def furnish(alice: Client) -> str:
    """Gists worth looking at; returns the path of one."""
    for title, name, content in (
        ("Backup, the short way", "backup.sh", "#!/bin/sh\nset -eu\nrsync -a --delete ~/ backup:\n"),
        ("nginx in front of gistd", "gistd.conf", "location / {\n    proxy_pass http://127.0.0.1:6157;\n}\n"),
        ("Bread", "bread.md", "# Bread\n\n- 500 g flour\n- 350 g water\n- 10 g salt\n"),
    ):
        alice.create({name: content}, title=title, topics=[name.partition(".")[2]])
    gist = alice.create({"primes.py": _PRIMES.replace(" for as long as anybody asks", "")}, title="Primes, lazily",
                        description="A generator of prime numbers, with a note on how to use it.",
                        topics=["python", "math"], slug="primes")  # fmt: skip
    alice.change(gist["id"], files={"primes.py": {"content": _PRIMES}})
    alice.change(gist["id"], files={"README.md": {"content": _README}})
    return "/alice/primes"


def take(server: Server, path: str, folder: Path) -> None:
    with browser() as running:
        for scheme in ("light", "dark"):
            page = open_page(running, f"{server.url}/-/login", WIDE, scheme, scripts=True)
            page.fill("#username", "alice")
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_url(f"{server.url}/")
            page.goto(f"{server.url}{path}/revisions")
            changes = page.locator(".revisions .message").nth(1).get_attribute("href") or ""
            places = {
                "gist": path,
                "home": "/",
                "editor": f"{path}/edit",
                "changes": changes,
                "search": "/-/search?q=prime",
            }
            for name in PICTURES:
                page.goto(server.url + places[name])
                page.screenshot(path=folder / f"{name}-{scheme}.png")
            page.context.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), external_url="https://gists.example.org").start()
        take(server, furnish(server.user("alice")), IMAGES)
        server.stop()
