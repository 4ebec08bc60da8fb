"""Reading and writing over HTTP: which works, how large, by how many clients; of gistd and of whatever else does them.

Everything is measured in turns: what is compared follows on each other, in another order each round, so that whatever
else the machine does hits all alike.
"""

import random
import statistics
from collections.abc import Iterable, Iterator
from subprocess import CalledProcessError, TimeoutExpired
from typing import NamedTuple, Protocol

from tests.benchmarks.floors import FLASK, PACK, PYGIT2, Pack, Pygit2, bare_flask
from tests.benchmarks.load import Sample
from tests.benchmarks.pastebins import PASTEBINS
from tests.benchmarks.report import Cells, figure, spread
from tests.benchmarks.subjects import (
    CREATE,
    EDIT,
    LIKE,
    LIST,
    PAGE,
    PAGE_AS,
    RAW,
    READ,
    READ_AS,
    SAME,
    SEARCH,
    Measure,
)
from tests.benchmarks.texts import LARGE, LONG, MANY_FILES, SMALL, USUAL
from tests.benchmarks.world import GISTD, World

ALL = (SMALL, USUAL, MANY_FILES, LARGE, LONG)
WORKS = {
    "reading": {
        READ: ALL,
        READ_AS: ALL,
        SAME: (USUAL,),
        PAGE: ALL,
        PAGE_AS: ALL,
        RAW: (SMALL, USUAL, LARGE),
        LIST: (USUAL,),
        SEARCH: (USUAL,),
    },
    "writing": {CREATE: (SMALL, USUAL, MANY_FILES, LARGE), EDIT: ALL, LIKE: (USUAL,)},
}
"""By part: each work, and the sizes that it is done with."""
CLIENTS = (1, 8, 64)
"""Of the usual size; one writes, and eight read, what is of another."""


class Taker(Protocol):
    """Whoever takes part: it has a name, and can measure itself at some of the works."""

    name: str

    def measure(self, work: str, size: str, clients: int) -> Measure | None: ...


class Group(NamedTuple):
    """What is compared."""

    work: str
    size: str
    clients: int

    def __str__(self) -> str:
        who = f"{self.clients} client{'s' if self.clients > 1 else ''}"
        return f"{self.work}, {who}" if self.size == USUAL else f"{self.work}, {self.size}, {who}"


Results = dict[Group, dict[str, list[Sample]]]
"""By what is compared, by who did it: a sample for each round."""


class Extent(NamedTuple):
    """How much is measured."""

    rounds: int
    seconds: float
    quick: bool
    only: str = ""


def groups(part: str, extent: Extent) -> list[Group]:
    few = {"reading": (8,), "writing": (1, 8) if extent.quick else (1,)}[part]
    return [
        Group(work, size, clients)
        for work, sizes in WORKS[part].items()
        for size in sizes
        if extent.only in f"{work}, {size}" and (size == USUAL or not extent.quick)
        for clients in (CLIENTS if size == USUAL and not extent.quick else few)
    ]


def measure(parts: list[str], world: World, extent: Extent) -> Results:
    wanted = [group for part in parts for group in groups(part, extent)]
    subjects = takers(world, wanted, extent)
    rows = {group: dict(_rows(group, subjects)) for group in wanted}
    for group in wanted:
        for run in rows[group].values():
            run(extent.seconds / 10)  # imports, caches, the first connections to the index
    results: Results = {group: {name: [] for name in rows[group]} for group in wanted}
    for round in range(extent.rounds):
        order = random.Random(round)
        for group in order.sample(wanted, len(wanted)):
            for name, run in order.sample([*rows[group].items()], len(rows[group])):
                results[group][name].append(run(extent.seconds))
    return results


def _rows(group: Group, subjects: Iterable[Taker]) -> Iterator[tuple[str, Measure]]:
    for subject in subjects:
        run = subject.measure(*group)
        if run:
            yield subject.name, run


def takers(world: World, wanted: list[Group], extent: Extent) -> list[Taker]:
    """Everybody who takes part."""
    for speaker in world.speakers:
        speaker.prepare(world.git, sorted({group.size for group in wanted}))
    works = sorted({(group.work, group.size) for group in wanted})
    floor, flask = bare_flask(world.root / "flask", world.gistd, works)
    world.running.callback(floor.stop)
    bare = Pygit2(world.root / "pygit2", world.server, world.gistd), Pack(world.root / "pack")
    return [*world.speakers, flask, *bare, *_pastebins(world, extent)]


def _pastebins(world: World, extent: Extent) -> Iterator[Taker]:
    for name, kind in PASTEBINS.items():
        if extent.quick:
            print(f"NOT MEASURED: {name}: a quick run installs nothing", flush=True)
            continue
        (world.root / name).mkdir()
        pastebin = kind(world.root / name)
        try:
            pastebin.start()
        except (CalledProcessError, TimeoutExpired) as error:
            print(f"NOT MEASURED: {name}, which cannot be installed: {error}\n{error.stderr!r}", flush=True)
            continue
        world.running.callback(pastebin.stop)
        yield pastebin.subject()


# ---------------------------------------------------------------------- what it says


def ratios(results: Results, group: Group, name: str, other: str, of: Group | None = None) -> list[float]:
    """How many times as fast as another, in each round."""
    pairs = zip(results[group][name], results[of or group][other], strict=True)
    return [one.rate / two.rate for one, two in pairs]


def rows(results: Results, part: str) -> Iterator[Cells]:
    yield "", "", "a second", "p50 ms", "p99 ms", "CPU ms", "gistd is × as fast"
    for group in (group for group in results if group.work in WORKS[part]):
        title = str(group)
        for name, samples in results[group].items():
            p50, p99 = (figure(statistics.median(getattr(one, it) for one in samples)) for it in ("p50", "p99"))
            busy = [one.busy for one in samples if one.busy is not None]
            compared = "" if name == GISTD else spread(ratios(results, group, GISTD, name))
            cpu = figure(statistics.median(busy)) if busy else ""
            yield title, name, spread([one.rate for one in samples]), p50, p99, cpu, compared
            title = ""


def targets(results: Results, part: str) -> Iterator[Cells]:
    """What was to be reached."""
    usual = {work: Group(work, USUAL, 8) for work in (READ, SAME, PAGE, CREATE)}
    if part == "reading" and all(usual[work] in results for work in (READ, SAME, PAGE)):
        for work, of, least in ((READ, READ, 0.5), (SAME, READ, 0.8), (PAGE, PAGE, 0.4)):
            said = f"{work}, 8 clients: requests a second, of the bare Flask route's"
            yield said, f"{least} or more", spread(ratios(results, usual[work], GISTD, FLASK, usual[of]))
    if part == "writing" and usual[CREATE] in results:
        one = results[Group(CREATE, USUAL, 1)]
        both = zip(one[GISTD], one[PYGIT2], one[FLASK], strict=True)
        times = [mine.p50 / (git.p50 + flask.p50) for mine, git, flask in both]
        yield "create, 1 client: time, of bare pygit2 and the bare Flask route together", "2 or less", spread(times)
        said = "create, 8 clients: how many, of the bare synced packs"
        yield said, "0.5 or more", spread(ratios(results, usual[CREATE], GISTD, PACK))
