"""Whether lists, pages, searches and writes stay as quick with many gists as they are with few.

    python -m tests.benchmarks.scale [--gists 1000,100000] [--rounds 20] [--directory DIR]

A few gists are real; the others are rows of the index, which is all that lists look at, and share the repositories of
these. Pages are asked for over loopback by somebody who is signed in, one after the other, in another order each round;
then gists are made. Words are as common as words are (Zipf's law), and each text begins with the same one.
"""

import argparse
import hashlib
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from peewee import sqlite3  # type: ignore[attr-defined]

from gistd.core.languages import spoken
from tests.benchmarks.finding import COMMON, ENDINGS, OFTEN, SELDOM, WEIGHTS, WORDS
from tests.harness import Client, Server
from tests.web.people import Person

PEOPLE, REAL, EACH = 1000, 20, 10_000
SLOTS = 1 << 20
_CHOICE = random.Random(2)
LISTED = {
    "home": "/",
    "all": "/-/all",
    "all, page 30": "/-/all?page=30",
    "all, by likes": "/-/all?sort=likes",
    "all, the oldest first": "/-/all?sort=created&order=asc",
    "topics": "/-/topics",
    "languages": "/-/languages",
    "people": "/-/users",
    "a person": "/person1",
    "a topic": f"/-/topics/{WORDS[0]}",
    "a language": "/-/languages/python",
    "feed": "/-/all.atom",
    "API: all": "/api/gists/public",
    "API: a person's": "/api/users/person1/gists",
}
QUERIES = {"seldom": SELDOM, "often": OFTEN, "everywhere": COMMON, "three words": f"{OFTEN} {WORDS[1]} {WORDS[2]}"}
QUERIES |= {"nowhere": "nowhere-at-all", "in a language": f"lang:python {OFTEN}", "a person's": f"user:person1 {OFTEN}"}
PAGES = LISTED | {f"search: {name}": f"/-/search?{urlencode({'q': query})}" for name, query in QUERIES.items()}
CREATE = "create, by the API"

COLUMNS = (
    "number id ident sha owner_id slug visibility title titled description archived created_at updated_at private_id "
    "like_count head file_count size"
)

Row = tuple[Any, ...]


def text() -> str:
    return " ".join([COMMON, *_CHOICE.choices(WORDS, WEIGHTS, k=20)])


def fill(server: Server, number: int) -> tuple[Client, str]:
    """So many gists by a thousand people, a fifth of them hidden; returns one of these people and the id of a gist."""
    alice = server.user("person1")
    real = [alice.create({"program.py": text() + "\n"})["id"] for _ in range(REAL)]
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as connection:
        connection.execute("PRAGMA synchronous = off")
        people = [(uuid.uuid4().hex, f"person{each}", f"person{each}", "", False, 0) for each in range(2, PEOPLE + 1)]
        insert(connection, "account", "uuid username name_key email is_admin created_at", people)
        head, blob = connection.execute(
            "SELECT head, blob FROM file JOIN gist ON number = gist_id WHERE gist.id = ?", real[:1]
        ).fetchone()
        numbers = iter(range(REAL + 1, number + 1))
        while some := list(islice(numbers, EACH)):
            put(connection, server, some, real[0], head, blob)
    return alice, real[0]


def put(connection: Any, server: Server, numbers: list[int], real: str, head: str, blob: str) -> None:
    gists, files, topics, words = [], [], [], []
    now = time.time_ns() // 1000 - 10**10
    for number in numbers:
        id, at = uuid.uuid4().hex, now + number * 1000
        visibility = _CHOICE.choices(["public", "unlisted", "private"], [8, 1, 1])[0]
        title = " ".join(_CHOICE.choices(WORDS, k=3))
        sha = hashlib.sha1(id.encode()).hexdigest()
        private_id = None if visibility == "public" else uuid.uuid4().hex[:20]
        likes = int(_CHOICE.paretovariate(1)) - 1
        owner = _CHOICE.randint(1, PEOPLE)
        named = (title, True, "", False, at, at)
        gists.append((number, id, f"{number:06x}", sha, owner, "", visibility, *named, private_id, likes, head, 1, 200))
        path = f"{_CHOICE.choice(WORDS)}.{_CHOICE.choice(ENDINGS)}"
        files.append((uuid.uuid4().hex, number, path, blob, 200, spoken(path, None), True, 1))
        topics += [(number, topic) for topic in _CHOICE.sample(WORDS[:300], 2)]
        words += [(number * SLOTS, f"{title}\n{path}"), (number * SLOTS + 1, text())]
        place = server.repository(id)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(server.repository(real))
    insert(connection, "gist", COLUMNS, gists)
    insert(connection, "file", "id gist_id path blob size language named slot", files)
    insert(connection, "topic", "gist_id name", topics)
    insert(connection, "search", "rowid words", words)
    connection.commit()


def insert(connection: Any, table: str, columns: str, rows: list[Row]) -> None:
    names = columns.split()
    connection.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})", rows)


def measure(server: Server, alice: Client, id: str, rounds: int) -> dict[str, list[float]]:
    """How long each page and each new gist took, in ms; one round more is to warm up."""
    reader = Person(server, "person1")
    assert reader.sign_in().status_code == 303
    pages = {**PAGES, "a gist": f"/person1/{id}", "API: a gist": f"/api/gists/{id}"}
    took: dict[str, list[float]] = {name: [] for name in (*pages, CREATE)}
    for turn in range(rounds + 1):
        for name, path in _CHOICE.sample([*pages.items()], len(pages)):
            client = alice if path.startswith("/api/") else reader
            began = time.perf_counter()
            answer = client.get(path)
            if turn:
                took[name].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (path, answer.text[:500])
        for _ in range(5):
            began = time.perf_counter()
            alice.create({"program.py": text() + "\n"})
            if turn:
                took[CREATE].append((time.perf_counter() - began) * 1000)
    return took


def memory(server: Server) -> int:
    """The most memory that one of its workers has had, in MiB."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    peaks = (Path(f"/proc/{child}/status").read_text().partition("VmHWM:")[2].split()[0] for child in children)
    return max(int(peak) for peak in peaks) // 1024


def figures(sizes: list[int], results: list[dict[str, list[float]]]) -> Iterator[list[str]]:
    yield ["ms, median / 99th percentile", *(f"{size:,} gists" for size in sizes), "ratio"]
    for name in results[0]:
        medians = [statistics.median(result[name]) for result in results]
        worst = [sorted(result[name])[int(len(result[name]) * 0.99)] for result in results]
        ratios = f"{medians[-1] / medians[0]:.2f} / {worst[-1] / worst[0]:.2f}"
        yield [name, *(f"{one:.1f} / {two:.1f}" for one, two in zip(medians, worst, strict=True)), ratios]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gists", default="1000,100000", help="how many, several with commas")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--directory", type=Path)
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.gists.split(",")]
    results = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="gistd-benchmark-", dir=asked.directory) as name:
            server = Server(Path(name), rate_limits=False)
            server.start()
            try:
                began = time.perf_counter()
                alice, id = fill(server, size)
                print(f"{size} gists made in {time.perf_counter() - began:.0f} s", flush=True)
                results.append(measure(server, alice, id, asked.rounds))
                print(f"a worker took {memory(server)} MiB at most", flush=True)
            finally:
                server.stop()
    for cells in figures(sizes, results):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
