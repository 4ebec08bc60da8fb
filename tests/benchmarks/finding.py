"""How long lists, searches and feeds take with many gists.

    python -m tests.benchmarks.finding [--gists 10000] [--rounds 20] [--directory DIR]

The gists are made in this process, not synced, then served by `gistd serve`; pages are asked for over loopback, one
after the other, in another order each round. Words are as common in them as words are (Zipf's law), and each line
begins with the same one, which is as common as a word can be.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from gistd import index
from gistd.core import accounts, gists, house
from gistd.core.access import ALL_SCOPES, Actor
from gistd.core.drafts import Draft
from gistd.settings import Settings
from tests.harness import Server
from tests.web.people import Person

PEOPLE = 100
ENDINGS = ["py", "go", "md", "js", "rs", "txt", "c", "html", "css", "sh"]
_CHOICE = random.Random(1)
WORDS = ["".join(_CHOICE.choices("etaoinshrdlu", k=_CHOICE.randint(4, 9))) for _ in range(4000)]
WEIGHTS = [1 / rank for rank in range(1, len(WORDS) + 1)]
COMMON, OFTEN, SELDOM = "import", WORDS[0], WORDS[3000]
LISTED = [
    "/",
    "/-/all",
    "/-/all?sort=created&order=asc",
    "/-/all?sort=likes",
    "/-/topics",
    "/-/languages",
    "/-/users",
    "/person1",
]
LISTED += [f"/-/topics/{WORDS[0]}", "/-/languages/python", "/-/all.atom"]
QUERIES = [SELDOM, OFTEN, COMMON, f"{OFTEN} {WORDS[1]} {WORDS[2]}", f'"{OFTEN} {WORDS[1]}"', "nowhere-at-all"]
QUERIES += [
    "lang:python",
    f"lang:python {COMMON}",
    f"user:person1 {OFTEN}",
    f"title:{SELDOM}",
    "file:a",
    f"{COMMON} a b c",
]


def fill(root: Path, number: int) -> None:
    """So many gists by a hundred people, a fifth of them hidden."""
    house.open(Settings(repos=root))
    accounts.create_user("person1", "correct horse")
    names = (f"person{each}" for each in range(PEOPLE))
    people = [Actor(accounts.user(name) or accounts.create_user(name), ALL_SCOPES) for name in names]
    fsync, os.fsync = os.fsync, lambda _: None
    try:
        for _ in range(number):
            gists.create(_CHOICE.choice(people), _draft())
    finally:
        os.fsync = fsync
        index.close()


def _draft() -> Draft:
    def line() -> str:
        return " ".join([COMMON, *_CHOICE.choices(WORDS, WEIGHTS, k=8)]) + "\n"

    names = {f"{_CHOICE.choice(WORDS)}{each}.{_CHOICE.choice(ENDINGS)}" for each in range(_CHOICE.randint(1, 4))}
    return Draft(
        files={name: "".join(line() for _ in range(_CHOICE.randint(5, 60))).encode() for name in sorted(names)},
        title=" ".join(_CHOICE.choices(WORDS, k=3)),
        description=" ".join(_CHOICE.choices(WORDS, k=8)),
        topics=_CHOICE.sample(WORDS[:300], 2),
        visibility=_CHOICE.choices(["public", "unlisted", "private"], [8, 1, 1])[0],
    )


def measure(server: Server, rounds: int) -> dict[str, list[float]]:
    """How long each page took, in ms, for somebody who is signed in; one round more is to warm up."""
    reader = Person(server, "person1")
    assert reader.sign_in().status_code == 303
    pages = {path: path for path in LISTED} | {query: f"/-/search?{urlencode({'q': query})}" for query in QUERIES}
    took: dict[str, list[float]] = {name: [] for name in pages}
    for turn in range(rounds + 1):
        for name, path in _CHOICE.sample([*pages.items()], len(pages)):
            began = time.perf_counter()
            assert reader.get(path).status_code == 200, path
            if turn:
                took[name].append((time.perf_counter() - began) * 1000)
    return took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gists", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--directory", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=asked.directory) as name:
        server = Server(Path(name))
        fill(server.repos, asked.gists)
        server.start()
        took = measure(server, asked.rounds)
        server.stop()
        print(f"| {asked.gists} gists, ms | p50 | p95 |\n|---|---:|---:|")
        for page, times in took.items():
            print(f"| {page} | {statistics.median(times):.1f} | {sorted(times)[int(len(times) * 0.95)]:.1f} |")


if __name__ == "__main__":
    main()
