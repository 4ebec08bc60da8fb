"""What README.md and docs/ say is what happens: their commands are run, one page a shell session."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Server
from tests.make_docs import settings_page

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

# What a test cannot run here: it would install gistd into the environment that the test runs in, or run the tests.
# .ci/run does both from nothing.
ELSEWHERE = ("pip install . && gistd serve", "pip install -e '.[test]' && pytest", "bash .ci/run")


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    for page in PAGES:
        for language in re.findall(r"^```(\w*)$(?=\n[^\n])", page.read_text(), re.MULTILINE):
            assert language in ("", "sh", "json", "text", "toml", "python"), (page, language)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_work(page: Path, own_server: Callable[..., Server], tmp_path: Path) -> None:
    commands = [block for block in _blocks(page, "sh") if block.strip() not in ELSEWHERE]
    if not commands:
        return
    server = own_server().start()
    script = "set -e\n" + "\n".join(commands).replace("http://127.0.0.1:6157", server.url)
    script = script.replace("127.0.0.1:6157", server.url.removeprefix("http://"))
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        **server.environment,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(work),
        "GIT_AUTHOR_NAME": "Reader", "GIT_AUTHOR_EMAIL": "reader@example.org",
        "GIT_COMMITTER_NAME": "Reader", "GIT_COMMITTER_EMAIL": "reader@example.org",
        "GIT_TERMINAL_PROMPT": "0",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", script], cwd=work, env=environment, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    for shown in _blocks(page, "text"):
        for line in shown.splitlines():
            assert _as_pattern(line).search(done.stdout + done.stderr), (
                f"{line!r} is not in\n{done.stdout}{done.stderr}"
            )


def _as_pattern(line: str) -> re.Pattern[str]:
    """A line of printed output, where … stands for whatever it was this time."""
    return re.compile(".*".join(map(re.escape, line.split("…"))))


def test_every_link_inside_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), (page, target)


def test_the_settings_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert page == settings_page(), "python -m tests.make_docs"


def test_the_readme_begins_with_its_two_commands() -> None:
    words = (ROOT / "README.md").read_text()
    run, test = words.index("pip install . && gistd serve"), words.index("pip install -e '.[test]' && pytest")
    assert 0 < words.index("](docs/") < run < test < 2500
