"""The house stands as docs/architecture.md draws it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import gistd
from gistd import http
from gistd.core import accounts
from gistd.core.access import NOBODY, Open
from gistd.settings import Settings

ROOT = Path(__file__).parent.parent
FACES = [
    f"gistd/{name}"
    for name in ("api/", "web/", "transport/", "http.py", "ops.py", "describe.py", "kept.py", "reference.py")
]
FACES += ["gistd/oauth2.py", "gistd/server/", "gistd/__init__.py", "gistd/app.py"]


def test_imports_only_go_down() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "rooms"),
    [
        (r"^\s*(import|from) pygit2\b", ["gistd/store/"]),
        (r"^\s*(import|from) subprocess\b", ["gistd/store/", "gistd/core/rendering/pool.py", "gistd/index/copies.py"]),
        (r"^\s*(import|from) (nh3|markdown_it|mdit_py_plugins)\b|pygments import highlight", ["gistd/markup/"]),
        (r"^\s*(import|from) authlib\b", ["gistd/oauth2.py"]),
        (r"^\s*(import|from) (peewee|playhouse)\b", ["gistd/index/"]),
        (r"^\s*from werkzeug.(?!security)|^\s*(import|from) flask", FACES),
        (r"\bos\.environ\b|\bgetenv\b", ["gistd/settings.py"]),
        (r"\brevparse", []),
        (r"shell=True|os\.system", []),
        (r"\| *safe\b|Markup\(", ["gistd/web/templates/file.html", "gistd/web/templates/edit/preview.html"]),
    ],
)  # fmt: skip
def test_each_thing_has_its_room(words: str, rooms: list[str]) -> None:
    files = [path for path in (ROOT / "gistd").rglob("*") if path.suffix in (".py", ".html")]
    found = {str(path.relative_to(ROOT)) for path in files if re.search(words, path.read_text(), re.MULTILINE)}
    assert not [path for path in found if not path.startswith(tuple(rooms))]


def test_a_route_without_a_scope_cannot_be_made() -> None:
    face = http.Face("x", lambda: NOBODY, lambda *_: None, "")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="declares no scope"):
        face.get("/x")(lambda actor: "")
    face.get("/y", scope=Open.ANYONE)(lambda actor: "")


def test_no_user_is_named_like_a_page(tmp_path: Path) -> None:
    app = gistd.create_app(Settings(repos=tmp_path))
    first_parts = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    words = {part for part in first_parts if re.fullmatch(http.PLACE, part)}
    assert words and words <= accounts.RESERVED


def test_nothing_unused_is_left_in_the_package() -> None:
    """Each module is imported by another, found by name, or the way in."""
    entries = {"cli", "__init__"}
    text = "\n".join(path.read_text() for path in (ROOT / "gistd").rglob("*.py"))
    for path in (ROOT / "gistd").rglob("*.py"):
        assert path.stem in entries or path.parent.name == "migrations" or re.search(rf"\b{path.stem}\b", text), path
