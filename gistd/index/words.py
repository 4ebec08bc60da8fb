"""What search finds gists by: their own words, and the text of each of their files."""

from collections.abc import Iterator, Sequence
from typing import Any

import peewee

from .connection import database, write
from .models import File, Gist, Search
from .prepared import Prepared
from .streams import Part

TRIGRAM = 3
"""How many letters a term must have for an index to help to find it; a shorter one is looked for gist by gist."""

_MERGED_PAGES = 500


def of(gist: Gist) -> str | None:
    """What search finds the gist by, beside the texts of its files."""
    found = _WORDS.first(_row(gist))
    return None if found is None else str(found[0])


def kept(gists: Sequence[Gist]) -> dict[int, dict[int, str]]:
    """All that search finds these gists by, by their numbers and its slots."""
    found: dict[int, dict[int, str]] = {gist.number: {} for gist in gists}
    first, last = min(found, default=0), max(found, default=-1)
    for row, words in _BETWEEN.all(first * Search.SLOTS, (last + 1) * Search.SLOTS - 1):
        number, slot = divmod(row, Search.SLOTS)
        if number in found:
            found[number][slot] = words
    return found


def fetch(term: str, upto: int, size: int, own: bool = False) -> Part:
    """Those of so many gists whose words contain the term, in small letters and long enough; or what is their `own`
    beside the texts of their files."""
    first = max(upto - size, 0) + 1
    rows = _matching(term, first * Search.SLOTS, (upto + 1) * Search.SLOTS - 1)
    numbers = dict.fromkeys(row // Search.SLOTS for row in rows if not own or not row % Search.SLOTS)
    return Part([*numbers][::-1], first)


def _matching(term: str, first: int, last: int) -> list[int]:
    """The rows in between that contain it, in their order."""
    if isinstance(database.obj, peewee.SqliteDatabase):  # FTS5: a phrase of trigrams, without a look at the text itself
        return [row for (row,) in _MATCHING.all('"{}"'.format(term.replace('"', '""')), first, last)]
    rows: Any = Search.select(Search.rowid).where(Search.words.contains(term), Search.rowid.between(first, last))
    return [row for (row,) in rows.order_by(Search.rowid).tuples()]


def found_by(term: str) -> Any:
    """The gists whose words contain the term, in small letters, as a condition that looks at each."""
    first = Gist.number * Search.SLOTS
    of_gist = Search.rowid.between(first, first + Search.SLOTS - 1)
    return peewee.fn.EXISTS(Search.select(Search.rowid).where(of_gist, Search.words.contains(term)))


def in_title(term: str) -> Any:
    """The gists whose title contains the term, in small letters, as a condition."""
    return peewee.fn.LOWER(Gist.title).contains(term)


def in_path(term: str) -> Any:
    """The gists that have a file whose path contains the term, in small letters, as a condition."""
    there = File.select(File.id).where(File.gist == Gist.number, peewee.fn.LOWER(File.path).contains(term))
    return peewee.fn.EXISTS(there)


# ---------------------------------------------------------------------- writing


def add(gist: Gist, words: str) -> None:
    """Let a new gist be found by these words."""
    _PUT.run(_row(gist), words)


def put(gist: Gist, words: str) -> None:
    """Let a gist be found by these words, beside the texts of its files."""
    if of(gist) != words:
        _put(_row(gist), words)


def put_text(gist: Gist, slot: int | None, text: str | None, slots: Iterator[int]) -> int | None:
    """Let a file be found by this text, not by what is in the slot; returns the slot that has it: that one, or the
    first of those that are free."""
    if not text:
        if slot:
            _FORGET.run(_row(gist, slot))
        return None if text is None else 0
    if slot:
        _put(_row(gist, slot), text)
        return slot
    slot = next(slots)
    _PUT.run(_row(gist, slot), text)
    return slot


def forget(gist: Gist) -> None:
    """Let search not find the gist any more, until it is written anew."""
    with write():
        forget_all(gist)
        File.update(slot=None).where(File.gist == gist).execute()


def forget_all(gist: Gist) -> None:
    """Drop all that a gist is found by, in the caller's transaction."""
    first = _row(gist)
    Search.delete().where(Search.rowid.between(first, first + Search.SLOTS - 1)).execute()


def merge() -> None:
    """Let the search index forget what was deleted from it; a little at a time, so that writers get in between.

    SQLite's deletes by noting that something is gone (FTS5, the `merge` command); others do not need this.
    """
    if not isinstance(database.obj, peewee.SqliteDatabase):
        return
    pages, changed = -_MERGED_PAGES, 2
    while changed >= 2:
        with write():
            before = _changes()
            database.execute_sql("INSERT INTO search(search, rank) VALUES ('merge', ?)", [pages])
            changed = _changes() - before
        pages = _MERGED_PAGES


def _changes() -> int:
    return int(database.execute_sql("SELECT total_changes()").fetchone()[0])


def _put(row: int, words: str) -> None:
    _FORGET.run(row)
    _PUT.run(row, words)


def _row(gist: Gist, slot: int = 0) -> int:
    return gist.number * Search.SLOTS + slot


_MATCHING = Prepared(
    lambda phrase, first, last: (
        Search.select(Search.rowid)
        .where(
            peewee.Expression(Search.words, "MATCH", peewee.Value(phrase)),
            Search.rowid >= first,
            Search.rowid <= last,
        )
        .order_by(Search.rowid)
    )
)
_WORDS = Prepared(lambda row: Search.select(Search.words).where(Search.rowid == row))
_BETWEEN = Prepared(
    lambda first, last: Search.select(Search.rowid, Search.words).where(Search.rowid >= first, Search.rowid <= last)
)
_PUT = Prepared(lambda row, words: Search.insert(rowid=row, words=words))
_FORGET = Prepared(lambda row: Search.delete().where(Search.rowid == row))
