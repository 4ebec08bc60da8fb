"""The benchmarks run, however little they measure here."""

import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.finding import LISTED, QUERIES
from tests.benchmarks.http_backend import programs
from tests.harness import Client, Server, require

ROOT = Path(__file__).parents[2]
GISTD, COLD, FLASK, PYGIT2, PACK = "gistd", "gistd, nothing kept", "bare Flask", "bare pygit2", "bare synced pack"
PEER = "peer"
BOTH = [GISTD, COLD, PEER, FLASK]
READING = {
    f"{work}, 8 clients": BOTH for work in ("read", "read, with a token", "read, 304", "page", "raw", "list", "search")
}
READING["page, signed in, 8 clients"] = [GISTD, COLD, FLASK]
WRITING = {
    "create, 1 client": [*BOTH, PYGIT2, PACK],
    "create, 8 clients": [*BOTH, PACK],
    "edit, 1 client": [*BOTH, PYGIT2],
    "edit, 8 clients": BOTH,
    "like, 1 client": BOTH,
    "like, 8 clients": BOTH,
}
TRANSPORT = {key: [GISTD, COLD, PEER, "file://", "http-backend"] for key in ["clone", "fetch", "push"]}


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


def test_everything_is_measured(tmp_path: Path, server: Server, alice: Client) -> None:
    """With another gistd in the place of the peer."""
    require("nginx or fcgiwrap", programs())
    words = run("tests.benchmarks", tmp_path, "--quick", "--peer", server.url, "--token", alice.token)
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
    (memory,) = tables(parts["memory"])
    assert len(memory) == 10
    assert all(0 < int(size) < 120 for _, *sizes in memory for size in sizes[:2])
    (disk,) = tables(parts["disk"])
    assert all(float(figure) > 0 for _, *figures in disk for figure in figures)
    assert "NOT MEASURED: pinnwand" in words
    assert str(tmp_path) not in words


def test_finding_prints_every_row(tmp_path: Path) -> None:
    words = run("tests.benchmarks.finding", tmp_path, "--gists", "20", "--rounds", "1")
    (measured,) = tables(words)
    assert [name for name, *_ in measured] == [*LISTED, *QUERIES]
    assert all(float(figure) > 0 for _, figure, _ in measured)


def test_nothing_is_read_through_that_grows_with_the_gists(tmp_path: Path) -> None:
    words = run("tests.benchmarks.scale", tmp_path, "--gists", "800", "--rounds", "1", "--plans")
    plans = {
        sql: steps.split("\n") for sql, steps in re.findall(r"^(SELECT .*)\n((?: {4}.*\n?)+)", words, re.MULTILINE)
    }
    assert len(plans) > 30
    for sql, steps in plans.items():
        if '"account"' in sql:
            continue  # people, who are fewer
        # What the full-text index (FTS5) matches (M), or reads from a row on (<), is no scan, however SQLite calls it.
        scanned = [step for step in steps if "SCAN" in step and not re.search(r"VIRTUAL TABLE INDEX \d+:(M|>?<)", step)]
        of_a_page = re.search(r'WHERE \("t1"\."(gist_id|number|fork_of_id)" IN \(', sql)
        sorted_ = [step for step in steps if "TEMP B-TREE" in step and not of_a_page]
        assert not scanned + sorted_, (sql, steps)
        assert all("(visibility=?)" not in step or "LIMIT" in sql for step in steps), ("all that is public", sql, steps)
