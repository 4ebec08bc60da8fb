"""What a gist takes on the disk."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.floors import commit_bare, init_bare
from tests.benchmarks.report import Cells
from tests.benchmarks.texts import SIZES, USUAL, files
from tests.benchmarks.world import World


def rows(world: World) -> Iterator[Cells]:
    yield "", "KiB", "inodes"
    speaker = world.gistd
    tiny = speaker.create({"hello.py": "print('hello')\n"})
    yield "gistd: new, 1 file of 15 bytes", *_weight(world.server.repository(tiny["id"]))
    yield "gistd: new, 3 files of 1.7 kB", *_weight(world.server.repository(speaker.create(files(USUAL))["id"]))
    yield "gistd: usual (5 revisions)", *_weight(world.server.repository(speaker.grow(world.git, USUAL)["id"]))
    content = {name: text.encode() for name, text in files(USUAL).items()}
    repository = init_bare(world.root)
    commit_bare(repository, content)
    yield "bare pygit2: new, 3 files of 1.7 kB", *_weight(Path(repository.path))
    for number in range(1, SIZES[USUAL].revisions):
        commit_bare(repository, {**content, "notes.md": b"%d\n%s" % (number, content["notes.md"])})
    yield "bare pygit2: usual (5 revisions)", *_weight(Path(repository.path))


def _weight(path: Path) -> tuple[str, str]:
    """What is allocated for a directory and all in it."""
    states = [path.stat(), *(entry.stat() for entry in path.rglob("*"))]
    return f"{sum(state.st_blocks for state in states) / 2:.0f}", str(len(states))
