"""What a gist takes on the disk."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.floors import commit_bare, init_bare
from tests.benchmarks.report import Cells
from tests.benchmarks.subjects import gistd
from tests.benchmarks.texts import SIZES, USUAL, files
from tests.harness import Git


def rows(root: Path) -> Iterator[Cells]:
    yield "", "KiB", "inodes"
    server, speaker = gistd("gistd", root / "gistd")
    try:
        tiny = speaker.create({"hello.py": "print('hello')\n"})
        yield "gistd: new, 1 file of 15 bytes", *_weight(server.repository(tiny["id"]))
        yield "gistd: new, 3 files of 1.7 kB", *_weight(server.repository(speaker.create(files(USUAL))["id"]))
        grown = speaker.grow(Git(root / "git"), USUAL)
        yield "gistd: usual (5 revisions)", *_weight(server.repository(grown["id"]))
    finally:
        server.stop()
    content = {name: text.encode() for name, text in files(USUAL).items()}
    repository = init_bare(root / "pygit2")
    commit_bare(repository, content)
    yield "bare pygit2: new, 3 files of 1.7 kB", *_weight(Path(repository.path))
    for number in range(1, SIZES[USUAL].revisions):
        commit_bare(repository, {**content, "notes.md": b"%d\n%s" % (number, content["notes.md"])})
    yield "bare pygit2: usual (5 revisions)", *_weight(Path(repository.path))


def _weight(path: Path) -> tuple[str, str]:
    """What is allocated for a directory and all in it."""
    states = [path.stat(), *(entry.stat() for entry in path.rglob("*"))]
    return f"{sum(state.st_blocks for state in states) / 2:.0f}", str(len(states))
