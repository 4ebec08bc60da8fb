"""Whether lists, pages, searches and writes stay as quick with many gists as they are with few.

    python -m tests.benchmarks.scale [--gists 1000,100000,1000000] [--rounds 100] [--keep FOLDER] [--plans] [--write]

A server of each size, all at once, with one worker and without the memory it has of answers, which would hide what
grows. They are asked over loopback for the same thing one after the other, in another order each round; then gists are
made. `--plans` tells of each query that was asked how SQLite goes about it; `--write` puts the figures into
docs/performance.md, and the curves into docs/images/growth.svg.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.benchmarks import growth, report
from tests.benchmarks.filling import RARE, fill, text
from tests.benchmarks.finding import COMMON, OFTEN, WORDS
from tests.harness import Client, Server
from tests.web.people import Person

LIST, PAGE, SEARCH, WRITE = "lists", "pages", "searches", "create"
_CHOICE = random.Random(3)
_PASTES = "{ pastes { results { id files { filename } } cursor } }"


class Asked(NamedTuple):
    """What is asked for: a path, by a browser that is signed in or by a tool with a token, or a query of GraphQL."""

    kind: str
    path: str
    query: str = ""

    @property
    def is_for_tools(self) -> bool:
        return self.path.startswith(("/api/", "/paste/", "/query", "/v1/"))


def asked(last: int, seldom: str) -> dict[str, Asked]:
    """All lists, pages and searches; `last` is a page of the list of all, deep down or the last, `seldom` a topic."""
    lists = {
        "home": "/",
        "all": "/-/all",
        "all, page 30": "/-/all?page=30",
        "all, page 1,000 or the last": f"/-/all?page={last}",
        "all, by likes": "/-/all?sort=likes",
        "all, by likes, page 30": "/-/all?sort=likes&page=30",
        "all, the oldest first": "/-/all?sort=created&order=asc",
        "a person": "/person1",
        "a person, by likes": "/person1?sort=likes",
        "a person, public ones": "/person1?visibility=public",
        "forks of one's own": "/-/forked",
        "liked": "/-/liked",
        "a topic": f"/-/topics/{WORDS[0]}",
        "a topic, by likes": f"/-/topics/{WORDS[0]}?sort=likes",
        "a topic that is seldom": f"/-/topics/{seldom}",
        "a language": "/-/languages/python",
        "a language, page 3": "/-/languages/python?page=3",
        "feed": "/-/all.atom",
        "feed of a topic": f"/-/topics/{WORDS[0]}.atom",
        "Opengist: public": "/api/gists/public",
        "Opengist: public, page 7 of 100 each": "/api/gists/public?per_page=100&page=7",
        "Opengist: one's own": "/api/gists",
        "Opengist: a person's": "/api/users/person2/gists",
        "paste.gg: public": "/api/v1/pastes",
        "paste.gg: a person's": "/api/v1/users/person1",
        "ownpaste: public": "/paste/",
        "ownpaste: public, page 30": "/paste/?page=30",
        "sourcehut: one's own": "/api/pastes",
    }
    pages = {"topics": "/-/topics", "topics, page 3": "/-/topics?page=3", "languages": "/-/languages"}
    pages |= {"people": "/-/users", "people called so": "/-/users?q=person"}
    queries = {
        "seldom": RARE,
        "often": OFTEN,
        "everywhere": COMMON,
        "three words": f"{OFTEN} {WORDS[1]} {WORDS[2]}",
        "a phrase": f'"{COMMON} {OFTEN}"',
        "nowhere, of common parts": f"{WORDS[0]}{WORDS[0]}",
        "in a language": f"lang:python {OFTEN}",
        "a language": "lang:python",
        "a person's": f"user:person1 {OFTEN}",
        "about a topic": f"topic:{WORDS[0]} {OFTEN}",
        "a title": f"title:{RARE}",
        "a path": f"file:{RARE}",
    }
    searches = {f"search: {name}": f"/-/search?{urlencode({'q': query})}" for name, query in queries.items()}
    searches["search: often, by likes"] = f"/-/search?{urlencode({'q': OFTEN, 'sort': 'likes'})}"
    searches["Opengist: search, often"] = f"/api/gists/search?{urlencode({'q': OFTEN})}"
    found = {name: Asked(LIST, path) for name, path in lists.items()}
    found["sourcehut: one's own, GraphQL"] = Asked(LIST, "/query", _PASTES)
    found |= {name: Asked(PAGE, path) for name, path in pages.items()}
    return found | {name: Asked(SEARCH, path) for name, path in searches.items()}


class House(NamedTuple):
    """A server with so many gists, and who asks it: person1 with a tool, and at a browser."""

    gists: int
    server: Server
    tool: Client
    browser: Person
    asked: Mapping[str, Asked]

    def ask(self, what: Asked) -> float:
        """Ask for it; returns how many milliseconds it took."""
        client = self.tool if what.is_for_tools else self.browser
        began = time.perf_counter()
        if what.query:
            answer: requests.Response = client.request("POST", what.path, json={"query": what.query})
        else:
            answer = client.get(what.path)
        took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200 and '"errors"' not in answer.text[:20], (what, answer.text[:500])
        return took

    def create(self) -> float:
        began = time.perf_counter()
        self.tool.create({"program.py": text() + "\n"})
        return (time.perf_counter() - began) * 1000

    @property
    def memory(self) -> float:
        """What its worker has in memory, in MiB."""
        assert self.server.process is not None
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children").read_text().split()
        sizes = (Path(f"/proc/{child}/status").read_text().partition("VmRSS:")[2].split()[0] for child in children)
        return max(int(size) for size in sizes) / 1024


def made(root: Path, gists: int) -> Server:
    """A server with so many gists; one that was filled before is taken as it is."""
    server = Server(root, rate_limits=False, answer_cache_bytes=0)
    if not (root / "filled").exists():
        root.mkdir(exist_ok=True)
        began = time.perf_counter()
        fill(server, gists)
        (root / "filled").touch()
        print(f"{gists:,} gists made in {time.perf_counter() - began:.0f} s", flush=True)
    return server


def opened(server: Server, gists: int) -> House:
    server.start("--workers", "1")
    tool, browser = server.client("person1"), Person(server, "person1")
    tool.session.headers["Accept"] = "application/json"
    assert browser.sign_in().status_code == 303
    return House(gists, server, tool, browser, asked(min(1000, gists * 4 // 5 // 20), _seldom_topic(server)))


def _seldom_topic(server: Server) -> str:
    """One that fills a page, and hardly more: with as many gists as it may be, the page is the same."""
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as connection:
        query = "SELECT name FROM tally WHERE kind = 'topic' AND scope = 0 AND number >= 20 ORDER BY number LIMIT 1"
        found = connection.execute(query).fetchone()
    return found[0] if found else WORDS[0]


Figures = dict[str, list[list[float]]]
"""Of each row the times in each house, in the order of these."""


def measure(houses: list[House], rounds: int) -> Figures:
    """One round more is to warm up."""
    names = [*houses[0].asked]
    took: Figures = {name: [[] for _ in houses] for name in (*names, WRITE)}
    for turn in range(rounds + 1):
        for name in _CHOICE.sample([*names, WRITE], len(names) + 1):
            for place in _CHOICE.sample(range(len(houses)), len(houses)):
                house = houses[place]
                times = [house.create() for _ in range(3)] if name == WRITE else [house.ask(house.asked[name])]
                took[name][place] += times if turn else []
    return took


def worst(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def rows(houses: list[House], took: Figures) -> Iterator[tuple[str, ...]]:
    yield ("ms, median; 99th percentile", *(f"{house.gists:,}" for house in houses), "ratio")
    for name, times in took.items():
        medians, ends = [statistics.median(each) for each in times], [worst(each) for each in times]
        figures = (f"{report.figure(one)}; {report.figure(two)}" for one, two in zip(medians, ends, strict=True))
        yield name, *figures, f"{medians[-1] / medians[0]:.2f}; {ends[-1] / ends[0]:.2f}"
    memory = [house.memory for house in houses]
    yield "memory of the worker, MiB", *(f"{each:.0f}" for each in memory), f"{memory[-1] / memory[0]:.2f}"


def curves(houses: list[House], took: Figures) -> list[growth.Curve]:
    kinds = {name: what.kind for name, what in houses[0].asked.items()} | {WRITE: WRITE}
    return [growth.Curve(kinds[name], name, [*map(statistics.median, times)]) for name, times in took.items()]


# ---------------------------------------------------------------------- how SQLite goes about it


def plans(root: Path, gists: int, asked: Mapping[str, Asked]) -> dict[str, list[str]]:
    """The queries that are asked of the index for all of that, each with the steps that SQLite takes."""
    from gistd import create_app, index
    from gistd.core import accounts, credentials
    from gistd.core.access import ALL_SCOPES
    from gistd.index import connection
    from gistd.settings import Settings
    from tests.harness import PASSWORD

    statements: dict[str, Any] = {}
    execute: Callable[..., Any] = connection._Sqlite.execute_sql

    def noted(self: Any, sql: str, params: Any = None) -> Any:
        statements.setdefault(sql, params)
        return execute(self, sql, params)

    app = create_app(Settings(repos=root / "repos", answer_cache_bytes=0))
    user = accounts.user("person1")
    assert user is not None
    token = {"Authorization": f"Bearer {credentials.issue_token(user, ALL_SCOPES)}", "Accept": "application/json"}
    browser, tool = app.test_client(), app.test_client(use_cookies=False)
    form = {"username": "person1", "password": PASSWORD}
    assert browser.post("/-/login", data=form, headers={"Origin": "http://localhost"}).status_code == 303
    connection._Sqlite.execute_sql = noted  # type: ignore[method-assign]
    try:
        for what in asked.values():
            if what.query:
                answer = tool.post(what.path, json={"query": what.query}, headers=token)
            else:
                answer = tool.get(what.path, headers=token) if what.is_for_tools else browser.get(what.path)
            assert answer.status_code == 200, what
    finally:
        connection._Sqlite.execute_sql = execute  # type: ignore[method-assign]
    found = {}
    for sql, params in statements.items():
        if sql.startswith("SELECT"):
            found[sql] = [row[3] for row in index.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params)]
    index.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gists", default="1000,100000,1000000", help="how many, several with commas")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--directory", type=Path, help="where the data goes, and is taken away again")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where it stays, for the next time")
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sizes = [int(size) for size in options.gists.split(",")]
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=options.directory))
        )
        servers = [made(folder / str(size), size) for size in sizes]
        houses = []
        for size, server in zip(sizes, servers, strict=True):
            stack.callback(lambda server=server: server.process and server.stop())
            houses.append(opened(server, size))
        took = measure(houses, options.rounds)
        table = report.table(rows(houses, took))
        words = f"{report.conditions(folder)} Rounds: {options.rounds}.\n\n{table}"
        print(words)
        if options.write:
            report.write("growth", words)
            growth.draw(sizes, curves(houses, took))
        if options.plans:
            for sql, steps in plans(folder / str(sizes[-1]), sizes[-1], houses[-1].asked).items():
                print(f"\n{sql}\n" + "\n".join(f"    {step}" for step in steps))


if __name__ == "__main__":
    main()
