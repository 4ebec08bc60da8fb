"""Which part of a term SQLite's full-text index (FTS5) finds the quickest: it has a list of rows for each trigram, goes
through those of all trigrams of what it is asked for, and the lists of common ones are long."""

import json
from collections.abc import Collection, Sequence

import peewee

from .connection import database
from .models import Search
from .prepared import Prepared

TRIGRAM = 3
"""How many letters a term must have for an index to help to find it; a shorter one is looked for gist by gist."""

_PART = 5
"""How many letters of a term are looked for where that says enough: three trigrams."""

_SAMPLED = 64
"""How many rows tell how common trigrams are."""

_COMPARED = 8
"""How many parts that are seldom among these are compared by how long the lists of their trigrams are."""


def sample(last: int) -> list[str]:
    """The words of some rows, up to one, by the beginning of each: enough to tell which trigrams are common."""
    return [words for (words,) in _SAMPLE.all(last, _SAMPLED)]


def seldom_part(term: str, sample: Sequence[str]) -> str:
    """The part of a term that is the quickest to look for: a few trigrams that are seldom by the words of some rows, as
    many as there are side by side; all of it if none is."""
    if not term.isascii():  # FTS5 and Python do not take the same letters of all scripts for one
        return term
    often = {trigram: sum(trigram in words for words in sample) for trigram in _parts(term, TRIGRAM)}
    for length in range(min(_PART, len(term)), TRIGRAM - 1, -1):
        counts = {part: [often[trigram] for trigram in _parts(part, TRIGRAM)] for part in _parts(term, length)}
        seldom = [part for part, each in counts.items() if max(each) <= _SAMPLED // 8]
        if seldom:
            return _quickest(sorted(seldom, key=lambda part: sum(counts[part]))[:_COMPARED])
    return term


def _quickest(parts: Sequence[str]) -> str:
    """The part whose trigrams have the shortest lists: what is in none of some rows may be in few or in many of all."""
    if len(parts) == 1:
        return parts[0]
    trigrams = {part: _parts(part, TRIGRAM) for part in parts}
    pages = _pages({trigram for each in trigrams.values() for trigram in each})
    return min(parts, key=lambda part: sum(pages[trigram] for trigram in trigrams[part]))


def _parts(term: str, length: int) -> list[str]:
    return [term[at : at + length] for at in range(len(term) - length + 1)]


def _pages(trigrams: Collection[str]) -> dict[str, int]:
    """How many pages the list of each trigram takes, at most: FTS5 keeps which term is the first that begins on a page
    of its index (`search_idx`, by segments; numbers of pages are twice what they are)."""
    return dict(database.execute_sql(_PAGES, [json.dumps(sorted(trigrams))]).fetchall())


_SAMPLE = Prepared(
    lambda last, limit: (
        Search.select(peewee.SQL("substr(words, 1, 4000)"))
        .where(Search.rowid <= last)
        .order_by(Search.rowid.desc())
        .limit(limit)
    )
)
_PAGES = """
WITH RECURSIVE segment(id) AS (
    SELECT MIN(segid) FROM search_idx
    UNION ALL SELECT (SELECT MIN(segid) FROM search_idx WHERE segid > id) FROM segment WHERE id IS NOT NULL
), trigram(name, term) AS (SELECT value, CAST('0' || value AS BLOB) FROM json_each(?))
SELECT name, COALESCE(SUM(
    (SELECT pgno FROM search_idx WHERE segid = id AND search_idx.term > trigram.term ORDER BY term LIMIT 1) / 2 -
    (SELECT pgno FROM search_idx WHERE segid = id AND search_idx.term <= trigram.term ORDER BY term DESC LIMIT 1) / 2
), 0) FROM trigram CROSS JOIN segment GROUP BY name
"""
