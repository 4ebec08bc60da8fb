"""The benchmarks run, however little they measure here."""

import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.finding import LISTED, QUERIES
from tests.benchmarks.http_backend import programs
from tests.harness import require

ROOT = Path(__file__).parents[2]
GISTD, COLD, FLASK, PYGIT2, PACK = "gistd", "gistd, nothing kept", "bare Flask", "bare pygit2", "bare synced pack"
BOTH = [GISTD, COLD, FLASK]
READING = {
    f"{work}, 8 clients": BOTH
    for work in ("read", "read, with a token", "read, 304", "page", "page, signed in", "raw", "list", "search")
}
WRITING = {
    "create, 1 client": [*BOTH, PYGIT2, PACK],
    "create, 8 clients": [*BOTH, PACK],
    "edit, 1 client": [*BOTH, PYGIT2],
    "edit, 8 clients": BOTH,
    "like, 1 client": BOTH,
    "like, 8 clients": BOTH,
}
TRANSPORT = {key: [GISTD, COLD, "file://", "http-backend"] for key in ["clone", "fetch", "push"]}


def run(module: str, directory: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "--directory", directory, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(directory.iterdir()), "it takes away what it made"
    return done.stdout


def tables(part: str) -> list[list[list[str]]]:
    """The tables of one part of the output: lines of cells, without the first two."""
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        for table in re.findall(r"(?:^\|.*\n)+", part, re.MULTILINE)
    ]


def test_everything_is_measured(tmp_path: Path) -> None:
    require("nginx or fcgiwrap", programs())
    words = run("tests.benchmarks", tmp_path, "--quick")
    parts = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", words, re.MULTILINE | re.DOTALL))
    for part, rows in (("reading", READING), ("writing", WRITING), ("git", TRANSPORT)):
        wanted, measured = tables(parts[part])
        assert all(re.fullmatch(r"[\d.]+( or less| or more)?", cell) for _, *cells in wanted for cell in cells), wanted
        seen: dict[str, list[str]] = {}
        for title, name, figure, *_ in measured:
            seen.setdefault(title or list(seen)[-1], []).append(name)
            assert float(figure.replace(",", "")) > 0
        assert seen.keys() == rows.keys()
        assert {title: sorted(names) for title, names in seen.items()} == {
            title: sorted(names) for title, names in rows.items()
        }
    (disk,) = tables(parts["disk"])
    assert all(float(figure) > 0 for _, *figures in disk for figure in figures)
    assert "NOT MEASURED: pinnwand" in words
    assert str(tmp_path) not in words


def test_finding_prints_every_row(tmp_path: Path) -> None:
    words = run("tests.benchmarks.finding", tmp_path, "--gists", "20", "--rounds", "1")
    (measured,) = tables(words)
    assert [name for name, *_ in measured] == [*LISTED, *QUERIES]
    assert all(float(figure) > 0 for _, figure, _ in measured)
