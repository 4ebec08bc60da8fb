"""An index of as many gists as one likes: a few are real, the others rows, with the repositories of these.

Made in the file itself, while no server has it. What an index grows to in years is drawn from a few distributions:
words and topics are as common as words are (Zipf's law), a few people make most of the gists, the likes go to a few of
them. Of all gists `person1` has one in fifty, a fifth are hidden, one in fifty will expire, one in five hundred has.
"""

import hashlib
import random
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any

from peewee import sqlite3  # type: ignore[attr-defined]

from gistd import index
from gistd.core.languages import spoken
from tests.benchmarks.finding import COMMON, ENDINGS, WORDS
from tests.harness import Server

RARE, RARELY = "nostalrhetid", 12
"""A word of common parts that is in so many gists, however many there are: in title, path and text."""

SLOTS = 1 << 20
YEARS = 3
_REAL, _EACH, _LIKED = 20, 10_000, 200
_WORDS_EACH = 20
_HIDDEN = ("unlisted", "private")
_LANGUAGES = {ending: spoken(f"a.{ending}", None) for ending in ENDINGS}
_CHOICE = random.Random(2)
_SHARES = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
_DAY = 24 * 3600 * 10**6

Row = tuple[Any, ...]


def text() -> str:
    return texts(1)[0]


def texts(number: int) -> list[str]:
    words = _CHOICE.choices(WORDS, cum_weights=_SHARES, k=_WORDS_EACH * number)
    return [" ".join([COMMON, *words[at : at + _WORDS_EACH]]) for at in range(0, len(words), _WORDS_EACH)]


def fill(server: Server, number: int) -> None:
    """So many gists, by a twentieth as many people."""
    server.start()
    alice = server.user("person1")
    real = [alice.create({"program.py": text() + "\n"})["id"] for _ in range(_REAL)]
    server.stop()
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as connection:
        for pragma in ("synchronous = off", "journal_mode = memory", "cache_size = -1000000", "temp_store = memory"):
            connection.execute(f"PRAGMA {pragma}")
        people = max(number // 20, 20)
        _insert(connection, "account", "id uuid username name_key email is_admin created_at", _people(people))
        head, blob = connection.execute(
            "SELECT head, blob FROM file JOIN gist ON number = gist_id WHERE gist.id = ?", real[:1]
        ).fetchone()
        indexes = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        dropped = [(name, sql) for name, sql in indexes.fetchall() if " UNIQUE " not in sql]
        for name, _ in dropped:
            connection.execute(f'DROP INDEX "{name}"')
        for first in range(_REAL + 1, number + 1, _EACH):
            ids = _put(connection, range(first, min(first + _EACH, number + 1)), number, people, head, blob)
            _link(server, ids, server.repository(real[0]))
        liked = range(1, number + 1, max(1, number // _LIKED))
        _insert(connection, "liked", "user_id gist_id created_at", [(1, gist, 0) for gist in liked])
        for _, sql in dropped:
            connection.execute(sql)
        connection.commit()
        connection.execute("PRAGMA journal_mode = wal")
    index.connect(f"sqlite:///{server.repos}/index.sqlite3")
    index.tallies.count_again()
    index.close()


def _people(number: int) -> list[Row]:
    names = ((each, f"person{each}") for each in range(2, number + 1))
    return [(each, uuid.UUID(int=each).hex, name, name, "", False, 0) for each, name in names]


def _put(connection: Any, numbers: Sequence[int], of: int, people: int, head: str, blob: str) -> list[str]:
    """A part of all; returns their ids."""
    gists, files, topics, words, ids = [], [], [], [], []
    now = time.time_ns() // 1000
    span = YEARS * 365 * _DAY
    titles = _CHOICE.choices(WORDS, k=3 * len(numbers))
    for place, (number, content) in enumerate(zip(numbers, texts(len(numbers)), strict=True)):
        id = uuid.UUID(int=_CHOICE.getrandbits(128)).hex
        ids.append(id)
        created = now - span + span * number // (of + 1)
        updated = created if _CHOICE.random() < 0.7 else created + int((now - created) * _CHOICE.random() ** 3)
        visibility = "public" if _CHOICE.random() < 0.8 else _CHOICE.choice(_HIDDEN)
        owner = 1 if _CHOICE.random() < 0.02 else 1 + int(people * _CHOICE.random() ** 2)
        dice = _CHOICE.random()
        ends = None if dice > 0.022 else now + (int(_DAY * 9000 * dice) + _DAY if dice > 0.002 else -_DAY)
        times = (created, updated, ends, ends is None or ends > now)
        title = " ".join(titles[3 * place : 3 * place + 3])
        ending = _CHOICE.choice(ENDINGS)
        path = f"{_CHOICE.choice(WORDS)}.{ending}"
        if number % max(1, of // RARELY) == 0:
            title, path, content = f"{title} {RARE}", f"{RARE}-{path}", f"{content} {RARE}"
        sha = hashlib.sha1(id.encode()).hexdigest()
        private_id = None if visibility == "public" else id[:20]
        likes = int(_CHOICE.paretovariate(1)) - 1
        gists.append(
            (number, id, f"{number:06x}", sha, owner, "", visibility, title, True, "", False, *times,
             private_id, likes, head, 1, 200,
             _CHOICE.randrange(1, number) if owner == 1 and number % 20 == 0 else None)
        )  # fmt: skip
        files.append((f"{number:032x}", number, path, blob, 200, _LANGUAGES[ending], True, 1))
        named = set(_CHOICE.choices(WORDS, cum_weights=_SHARES, k=2))
        topics += [(number, topic) for topic in sorted(named)]
        words += [(number * SLOTS, "\n".join([title, *sorted(named), path])), (number * SLOTS + 1, content)]
    _insert(connection, "gist", _GIST, gists)
    _insert(connection, "file", "id gist_id path blob size language named slot", files)
    _insert(connection, "topic", "gist_id name", topics)
    _insert(connection, "search", "rowid words", words)
    connection.commit()
    return ids


_GIST = (
    "number id ident sha owner_id slug visibility title titled description archived created_at updated_at expires_at "
    "counted private_id like_count head file_count size fork_of_id"
)


def _link(server: Server, ids: Sequence[str], real: Path) -> None:
    for id in ids:
        place = server.repository(id)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(real)


def _insert(connection: Any, table: str, columns: str, rows: Sequence[Row]) -> None:
    names = columns.split()
    connection.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})", rows)
