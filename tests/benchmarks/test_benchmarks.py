"""The benchmarks run, however little they measure here."""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.finding import LISTED, QUERIES
from tests.benchmarks.git_transport import peer_programs
from tests.harness import require

REQUESTS_PER_SECOND = [
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

GIT_TRANSPORT = [
    "clone s1x1: file://",
    "clone s1x1: gistd",
    "clone s1x1: http-backend",
    "clone s3x5: file://",
    "clone s3x5: gistd",
    "clone s3x5: http-backend",
    "clone s3x5, each gist once: gistd",
    "clone s5x20: file://",
    "clone s5x20: gistd",
    "clone s5x20: http-backend",
    "fetch s3x5: file://",
    "fetch s3x5: gistd",
    "fetch s3x5: http-backend",
    "push s3x5: file://",
    "push s3x5: gistd",
    "push s3x5: http-backend",
]
RATIOS = [
    "clones per second, clone s1x1",
    "clones per second, clone s3x5",
    "clones per second, clone s5x20",
    "server CPU ms, clone s1x1",
    "server CPU ms, clone s3x5",
    "server CPU ms, clone s5x20",
    "server CPU ms, fetch s3x5",
    "server CPU ms, push s3x5",
    "wall ms, clone s1x1",
    "wall ms, clone s3x5",
    "wall ms, clone s5x20",
    "wall ms, fetch s3x5",
    "wall ms, push s3x5",
]


def run(name: str, directory: Path, *options: str) -> dict[str, list[str]]:
    """Run a benchmark; returns the cells of its rows."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", "--directory", directory, "--rounds", "1", *options],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert not list(directory.iterdir()), "it takes away what it made"
    cells = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    return {first.strip(): [cell.strip() for cell in others] for first, *others in cells}


def test_requests_per_second_prints_every_row(tmp_path: Path) -> None:
    figures = run("requests_per_second", tmp_path, "--seconds", "0.3")
    assert [name for name in figures if name in REQUESTS_PER_SECOND] == REQUESTS_PER_SECOND
    assert all(float(figures[name][0]) > 0 for name in REQUESTS_PER_SECOND)


def test_git_transport_prints_every_row(tmp_path: Path) -> None:
    require("nginx or fcgiwrap", peer_programs())
    figures = run("git_transport", tmp_path, "--times", "1", "--batch", "2", "--seconds", "0.2")
    assert [name for name in figures if name in GIT_TRANSPORT + RATIOS] == GIT_TRANSPORT + RATIOS
    assert all(float(figures[name][0]) > 0 for name in GIT_TRANSPORT)
    served = [f"clone {gist}: {server}" for gist in ("s1x1", "s3x5", "s5x20") for server in ("gistd", "http-backend")]
    assert all(float(figures[name][4]) > 0 for name in served), "clones per second"


def test_finding_prints_every_row(tmp_path: Path) -> None:
    figures = run("finding", tmp_path, "--gists", "20")
    rows = [*LISTED, *QUERIES]
    assert [name for name in figures if name in rows] == rows
    assert all(float(figures[name][0]) > 0 for name in rows)
