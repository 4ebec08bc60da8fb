"""What search finds gists by: their own words, and the text of each of their files."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import peewee

from . import trigrams
from .connection import database, is_a_file
from .models import File, Gist, Search, Searched, Unfiled
from .prepared import Prepared, insert
from .streams import Part, Stream
from .writing import write

_UNFILED_ROWS, _UNFILED_BYTES = 32, 64 * 1024
"""How much waits to be filed at most: every search reads all of it."""

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


def having(term: str, own: bool = False) -> Stream:
    """The gists whose words contain the term, in small letters and long enough; or what is their `own` beside the texts
    of their files."""
    fetch = _Having(term, own) if is_a_file() else partial(_among, term, own)
    return Stream(fetch, found_by(term) if term.isascii() and not own else None)


class _Having:
    """SQLite's full-text index is asked for the last rows first, and no further than there is need; for a seldom part
    of the term only, where there is one, and the text of what has that is looked at. So is all that is not filed yet.
    """

    def __init__(self, term: str, own: bool) -> None:
        self._term, self._own, self._part = term, own, ""

    def __call__(self, upto: int, size: int) -> Part:
        last = (upto + 1) * Search.SLOTS - 1
        self._part = self._part or trigrams.seldom_part(self._term, trigrams.sample(last))
        phrase = '"{}"'.format(self._part.replace('"', '""'))
        checked = self._part != self._term
        rows = _last(checked, self._own).all(phrase, last, size, self._term, Search.SLOTS - 1, 0)
        numbers = [*dict.fromkeys(row // Search.SLOTS for (row,) in rows)]
        return Part(numbers, numbers[-1] if len(rows) == size else 0)


def _among(term: str, own: bool, upto: int, size: int) -> Part:
    """In PostgreSQL: those of so many gists."""
    upto = min(upto, _HIGHEST.first()[0] or 0)
    first = max(upto - size, 0) + 1
    between = Search.rowid.between(first * Search.SLOTS, (upto + 1) * Search.SLOTS - 1)
    rows: Any = Search.select(Search.rowid).where(Search.words.contains(term), between).order_by(Search.rowid.desc())
    numbers = dict.fromkeys(row // Search.SLOTS for (row,) in rows.tuples() if not own or not row % Search.SLOTS)
    return Part([*numbers], first)


def found_by(term: str) -> Any:
    """The gists whose words contain the term, in small letters, as a condition that looks at each."""
    if is_a_file():
        return _there(Unfiled, term) | _there(Search, term, _as_filed())
    return _there(Search, term)


def _there(table: Any, term: str, *conditions: Any) -> Any:
    first = Gist.number * Search.SLOTS  # a view of both tables would be read from its beginning, for each gist
    of_gist = table.rowid.between(first, first + Search.SLOTS - 1)
    contains = _read(table, term) if is_a_file() and term.isascii() else table.words.contains(term)
    return peewee.fn.EXISTS(table.select(table.rowid).where(of_gist, contains, *conditions))


def _read(table: Any, term: Any) -> Any:
    """The words that contain it, which is ASCII, as FTS5 has them, to whom the long s is an s."""
    return peewee.fn.INSTR(peewee.fn.REPLACE(table.words, "ſ", "s"), peewee.Value(term))


def _as_filed() -> Any:
    """What is in SQLite's full-text index and is not another thing by now."""
    return Search.rowid.not_in(Unfiled.select(Unfiled.rowid))


def in_title(term: str) -> Any:
    """The gists whose title contains the term, in small letters, as a condition."""
    return peewee.fn.LOWER(Gist.title).contains(term)


def in_path(term: str) -> Any:
    """The gists that have a file whose path contains the term, in small letters, as a condition."""
    there = File.select(File.id).where(File.gist == Gist.number, peewee.fn.LOWER(File.path).contains(term))
    return peewee.fn.EXISTS(there)


# ---------------------------------------------------------------------- writing


def add(gist: Gist, words: Mapping[int, str]) -> None:
    """Let a gist be found by these words, too, in slots that are free. Comes after what is `put` of it."""
    insert(Unfiled if is_a_file() else Search, [(_row(gist, slot), text) for slot, text in words.items()])
    if is_a_file():
        rows, size = _WAITING.first()
        if rows > _UNFILED_ROWS or (size or 0) > _UNFILED_BYTES:
            _file()


def put(gist: Gist, words: str) -> None:
    """Let a gist be found by these words, beside the texts of its files."""
    if of(gist) != words:
        _put(_row(gist), words)


def put_text(gist: Gist, slot: int | None, text: str | None, slots: Iterator[int]) -> int | None:
    """Let a file be found by this text, not by what is in the slot; returns the slot that has it: that one, or the
    first of those that are free, where it is the caller's to `add`."""
    if not text:
        if slot:
            _forget(_row(gist, slot), _row(gist, slot))
        return None if text is None else 0
    if slot:
        _put(_row(gist, slot), text)
        return slot
    return next(slots)


def forget(gist: Gist) -> None:
    """Let search not find the gist any more, until it is written anew."""
    with write():
        forget_all(gist)
        File.update(slot=None).where(File.gist == gist).execute()


def forget_all(gist: Gist) -> None:
    """Drop all that a gist is found by, in the caller's transaction."""
    _forget(_row(gist), _row(gist, Search.SLOTS - 1))


def file() -> None:
    """File what waits for it."""
    if is_a_file() and _WAITING.first()[0]:
        with write():
            _file()


def _file() -> None:
    # In the order of the rows: each step back would be an end of what FTS5 writes at once.
    database.execute_sql("DELETE FROM search WHERE rowid IN (SELECT rowid FROM unfiled)")
    database.execute_sql("INSERT INTO search (rowid, words) SELECT rowid, words FROM unfiled ORDER BY rowid")
    database.execute_sql("DELETE FROM unfiled")


def merge() -> None:
    """Let the search index forget what was deleted from it; a little at a time, so that writers get in between.

    SQLite's deletes by noting that something is gone (FTS5, the `merge` command); others do not need this.
    """
    if not is_a_file():
        return
    file()
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
    """Let these be the words of a row, whatever they were."""
    (_WAIT if is_a_file() else _CHANGE).run(row, words)


def tables() -> list[Any]:
    """Where rows are that search finds gists by: one may be in both of SQLite's."""
    return [Search, Unfiled] if is_a_file() else [Search]


def _forget(first: int, last: int) -> None:
    for table in tables():
        _forgetting(table).run(first, last)


def _row(gist: Gist, slot: int = 0) -> int:
    return gist.number * Search.SLOTS + slot


@cache
def _last(checked: bool, own: bool) -> Prepared:
    """The last rows, up to one, in which there is a phrase, with those that are not filed and have the term; `checked`
    for the term, and those only that are a gist's `own`. Its values: the phrase, that row, how many, the term, and what
    a row has of its slot, and which slot."""

    def query(phrase: int, last: int, limit: int, term: int, mask: int, slot: int) -> Any:
        matching = peewee.Expression(Search.words, "MATCH", peewee.Value(phrase))
        filed: Any = Search.select(Search.rowid).where(matching, Search.rowid <= last, _as_filed())
        folded = peewee.fn.INSTR(peewee.fn.FOLDED(Unfiled.words), peewee.fn.FOLDED(peewee.Value(term)))
        waiting: Any = Unfiled.select(Unfiled.rowid).where(Unfiled.rowid <= last, folded)
        if checked:
            filed = filed.where(_read(Search, term))
        if own:
            filed = filed.where(Search.rowid.bin_and(mask) == slot)
            waiting = waiting.where(Unfiled.rowid.bin_and(mask) == slot)
        return filed.union_all(waiting).order_by(peewee.SQL("rowid").desc()).limit(limit)

    return Prepared(query)


@cache
def _forgetting(table: Any) -> Prepared:
    return Prepared(lambda first, last: table.delete().where(table.rowid >= first, table.rowid <= last))


_HIGHEST = Prepared(lambda: Gist.select(peewee.fn.MAX(Gist.number)))
_WORDS = Prepared(lambda row: Searched.select(Searched.words).where(Searched.rowid == row))
_BETWEEN = Prepared(
    lambda first, last: Searched.select(Searched.rowid, Searched.words).where(
        Searched.rowid >= first, Searched.rowid <= last
    )
)
_WAITING = Prepared(
    lambda: Unfiled.select(peewee.fn.COUNT(Unfiled.rowid), peewee.fn.SUM(peewee.fn.OCTET_LENGTH(Unfiled.words)))
)
_WAIT = Prepared(lambda row, words: Unfiled.replace(rowid=row, words=words))
_CHANGE = Prepared(
    lambda row, words: Search.insert(rowid=row, words=words).on_conflict(
        conflict_target=[Search.rowid], update={Search.words: peewee.EXCLUDED.words}
    )
)
