"""How fast gistd is, beside what it cannot be faster than, and beside others that do the same.

    python -m tests.benchmarks [reading] [writing] [git] [disk] [memory] [--quick] [--peer URL --token TOKEN]

Starts what it measures, prints tables, and with --write puts them into docs/performance.md. The load comes from this
machine, over loopback, and shares its cores with the servers: trust the ratios more than the figures. `--peer` is a
server that runs already and speaks Opengist's API; it gets some hundred gists, in the name of whose token it is.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import disk, memory, over_git, over_http, report
from tests.benchmarks.over_http import Extent
from tests.benchmarks.report import Cells
from tests.benchmarks.world import World

PARTS = ["reading", "writing", "git", "disk", "memory"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="a moment of everything that needs nothing installed")
    parser.add_argument("--peer", metavar="URL", help="a server that speaks Opengist's API")
    parser.add_argument("--token", default="", help="what the peer knows you by, with which you may write gists")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="for each row in each round")
    parser.add_argument("--requests", type=int, help="after which the memory has been looked at for the last time")
    parser.add_argument("--only", default="", metavar="WORDS", help="works and sizes that have these words in them")
    parser.add_argument("--directory", type=Path, help="where the data goes; in memory nothing is ever synced")
    parser.add_argument("--write", action="store_true", help="the tables into docs/performance.md, too")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(unknown)}")
    return asked


def main() -> None:
    asked = options()
    extent = Extent(
        rounds=asked.rounds or (1 if asked.quick else 3),
        seconds=asked.seconds or (0.1 if asked.quick else 1),
        quick=asked.quick,
        only=asked.only,
    )
    peer = (asked.peer, asked.token) if asked.peer else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # not without taking away what it made
    parts = asked.parts or PARTS
    where = report.conditions(asked.directory or Path(tempfile.gettempdir()))
    how = f"Rounds: {extent.rounds}; {extent.seconds:g} s a row"
    print(f"{', '.join(parts)}: {where} {how}; load before: {os.getloadavg()[0]:.2f}\n", flush=True)
    with ExitStack() as running:
        folder = tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=asked.directory)
        world = World(Path(running.enter_context(folder)), running, peer)
        requests = asked.requests or (400 if asked.quick else 200_000)
        for part, tables in measured(parts, world, extent, requests):
            words = f"{where} {how}.\n\n" + "\n".join(map(report.table, tables))
            print(f"## {part}\n\n{words}", flush=True)
            if asked.write:
                report.write(part, words)


def measured(parts: list[str], world: World, extent: Extent, requests: int) -> Iterator[tuple[str, list[list[Cells]]]]:
    """Each part, and its tables: what was wanted, and all."""
    if "memory" in parts:  # of a server that was just started
        yield "memory", [[*memory.rows(world, requests, 20 if extent.quick else 300)]]
    by_http = [part for part in parts if part in over_http.WORKS]
    results = over_http.measure(by_http, world, extent) if by_http else {}
    for part in by_http:
        yield part, [[*wanted(over_http.targets(results, part))], [*over_http.rows(results, part)]]
    if "git" in parts:
        figures = over_git.measure(world, extent)
        yield "git", [[*wanted(over_git.targets(figures))], [*over_git.rows(figures)]]
    if "disk" in parts:
        yield "disk", [[*disk.rows(world)]]


def wanted(targets: Iterator[Cells]) -> Iterator[Cells]:
    yield "what was wanted", "", "median (lowest to highest)"
    yield from targets


if __name__ == "__main__":
    main()
