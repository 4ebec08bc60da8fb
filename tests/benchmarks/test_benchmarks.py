"""The benchmarks run, however little they measure here."""

import subprocess
import sys
from pathlib import Path

ROWS = [
    "gistd: GET, 1 client",
    "bare Flask: GET, 1 client",
    "gistd: POST, 1 client",
    "bare Flask: POST, 1 client",
    "gistd: GET, 8 clients",
    "bare Flask: GET, 8 clients",
    "gistd: POST, 8 clients",
    "bare Flask: POST, 8 clients",
    "pygit2: read",
    "pygit2: create, synced",
    "pygit2: create, not synced",
    "Store.create, 1 thread",
    "Store.create, 8 threads",
    "Repository.edit, 1 thread",
    "gistd: new, 1 file of 15 bytes",
    "gistd: new, 3 files",
    "gistd: 3 files, 5 revisions",
    "gistd: a new gist's share of the index",
    "pygit2: empty",
    "pygit2: new, 3 files",
    "pygit2: 3 files, 5 revisions",
]


def test_requests_per_second_prints_every_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.requests_per_second", "--rounds", "1", "--seconds", "0.3"]
    done = subprocess.run(
        [*command, "--directory", tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    cells = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    figures = {first.strip(): [cell.strip() for cell in others] for first, *others in cells}
    assert [name for name in figures if name in ROWS] == ROWS
    assert all(float(figures[name][0]) > 0 for name in ROWS)
    assert not list(tmp_path.iterdir()), "it takes away what it made"
