"""How many gists there are, kept beside them: by visibility, by owner, by topic, by language.

Written in the transaction of what it follows from, at the end of it, and always in the same order, with the rows of the
gists locked before: writers of a PostgreSQL that want the same rows wait for each other, but never in a circle. A gist
that has expired is taken out of what is live by whoever writes next; until then those who read do it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import peewee

from .connection import database
from .models import PUBLIC, VISIBILITIES, Facet, File, Gist, Tally, Topic, now
from .prepared import Prepared, insert, rows_of
from .shelves import Shelf
from .writing import write

_SETTLED = 50
"""How many gists that have expired a write takes along."""

_AHEAD = 2
"""How many times as many of the most common are read as are wanted, where somebody's own are added to all: what comes
behind these is not among those for a few more, and to read on is quicker than to look up where a name stands."""


class Key(NamedTuple):
    """That of a row, in the order in which they are written."""

    kind: str
    name: str
    scope: int


class Sum(NamedTuple):
    """How many gists, and how many bytes the files at their heads have."""

    number: int
    size: int


class Held(NamedTuple):
    """What a gist counts for, and under which facets it is filed."""

    counts: Mapping[Key, Sum]
    facets: frozenset[Key]


NOTHING = Held({}, frozenset())


class _Lapsed(NamedTuple):
    """A gist that is counted as what it was until it expired, or as expired though the clock says not yet."""

    number: int
    counted: bool
    visibility: str
    owner: int | None

    @property
    def change(self) -> int:
        return -1 if self.counted else 1


# ---------------------------------------------------------------------- reading


def numbers(shelves: Iterable[Shelf], over: bool = False) -> dict[Shelf, int]:
    """How many gists there are on each of the shelves; with `over` those that have expired, too."""
    found = dict.fromkeys(shelves, 0)
    kinds = [Tally.LIVE, Tally.OVER if over else Tally.LIVE]
    scopes = sorted({shelf.owner or 0 for shelf in found})
    for visibility, scope, number in _of_scopes(len(scopes)).all(*kinds, *scopes) if found else ():
        if (shelf := Shelf(visibility, scope or None)) in found:
            found[shelf] += number
    for gist in [] if over else _lapsed():
        for shelf in {Shelf(gist.visibility), Shelf(gist.visibility, gist.owner)} & found.keys():
            found[shelf] += gist.change
    return found


def sums(owner: int = 0) -> dict[str, Sum]:
    """How much there is of each visibility, of all or of one owner, with what has expired."""
    found = {visibility: Sum(int(number), int(size)) for visibility, number, size in _SUMS.all(owner)}
    return {visibility: sum for visibility, sum in found.items() if sum.number}


def about(facet: tuple[str, str], owner: int | None) -> int:
    """How many gists are found under a facet: public ones, and those of the owner that are not."""
    scopes = [0] if owner is None else [0, owner]
    found = sum(number for (number,) in _ABOUT.all(*facet, 0, owner or 0))
    return found + sum(change for key, change in _lapsed_facets(scopes).items() if key[:2] == facet)


def most_common(kind: str, owner: int | None, *, limit: int, offset: int) -> list[tuple[str, int]]:
    """What the gists are found under that `about` counts, with how many of them are: the most common first."""
    wanted = limit + offset
    found = Counter(dict(_MOST.all(kind, 0, wanted, 0))) if owner is None else _with_own(kind, owner, wanted)
    for key, change in _lapsed_facets([0] if owner is None else [0, owner]).items():
        if key.kind == kind and key.name in found:
            found[key.name] += change
    rows = sorted(((name, number) for name, number in found.items() if number > 0), key=lambda row: (-row[1], row[0]))
    return rows[offset:wanted]


def _with_own(kind: str, owner: int, wanted: int) -> Counter[str]:
    """The most common with the owner's own, at least so many if there are, and what else comes near them. The owner's
    are read on until what is left of both cannot be among them; who may be is looked up where they were not met."""
    of_all, most = _first(kind, 0, wanted * _AHEAD)
    depth = wanted
    while True:
        depth *= _AHEAD
        own, rest = _first(kind, owner, depth)
        found = Counter(of_all) + Counter(own)
        needed = sorted(found.values(), reverse=True)[wanted - 1] if len(found) >= wanted else 0
        if not rest or most + rest < needed:
            break
    for scope, met, more in ((0, of_all, most), (owner, own, rest)):
        near = [name for name in found if more and name not in met and found[name] + more >= needed]
        if near:
            found.update(dict(_of_names(len(near)).all(kind, scope, *near)))
    return found


def _first(kind: str, scope: int, depth: int) -> tuple[dict[str, int], int]:
    """So many of the most common, and how many there are at most of what is not among them."""
    found = dict(_MOST.all(kind, scope, depth, 0))
    return found, min(found.values()) if len(found) == depth else 0


def _lapsed() -> list[_Lapsed]:
    moment = Gist.expires_at.db_value(now())
    return [_Lapsed(*row) for row in _LAPSING.all(moment, moment)]


def _lapsed_facets(scopes: list[int]) -> Counter[Key]:
    lapsed = {gist.number: gist.change for gist in _lapsed()}
    changes: Counter[Key] = Counter()
    if lapsed:
        facets: Any = Facet.select(Facet.gist, Facet.kind, Facet.name, Facet.scope)
        for gist, *key in facets.where(Facet.gist.in_(list(lapsed)), Facet.scope.in_(scopes)).tuples():
            changes[Key(*key)] += lapsed[gist]
    return changes


@cache
def _of_scopes(number: int) -> Prepared:
    def query(first: int, second: int, *scopes: int) -> Any:
        rows = Tally.select(Tally.name, Tally.scope, Tally.number)
        return rows.where(Tally.kind.in_([first, second]), Tally.name.in_(VISIBILITIES), Tally.scope.in_(scopes))

    return Prepared(query, number=number + 2)


_ABOUT = Prepared(
    lambda kind, name, everybody, owner: Tally.select(Tally.number).where(
        Tally.kind == kind, Tally.name == name, Tally.scope.in_([everybody, owner])
    )
)


@cache
def _of_names(number: int) -> Prepared:
    def query(kind: int, scope: int, *names: int) -> Any:
        rows = Tally.select(Tally.name, Tally.number)
        return rows.where(Tally.kind == kind, Tally.scope == scope, Tally.name.in_(names))

    return Prepared(query, number=number + 2)


_MOST = Prepared(
    lambda kind, scope, limit, offset: (
        Tally.select(Tally.name, Tally.number)
        .where(Tally.kind == kind, Tally.scope == scope)
        .order_by(Tally.number.desc(), Tally.name)
        .limit(limit)
        .offset(offset)
    )
)
_SUMS = Prepared(
    lambda scope: (
        Tally.select(Tally.name, peewee.fn.SUM(Tally.number), peewee.fn.SUM(Tally.size))
        .where(Tally.kind.in_([Tally.LIVE, Tally.OVER]), Tally.name.in_(VISIBILITIES), Tally.scope == scope)
        .group_by(Tally.name)
    )
)


def _lapsing(over: int, again: int) -> Any:
    counted, not_counted = (peewee.Expression(Gist.counted, "=", peewee.SQL(word)) for word in ("TRUE", "FALSE"))
    return (counted & (Gist.expires_at <= over)) | (not_counted & (Gist.expires_at > again))


_LAPSING = Prepared(
    lambda over, again: Gist.select(Gist.number, Gist.counted, Gist.visibility, Gist.owner).where(_lapsing(over, again))
)

# ---------------------------------------------------------------------- writing


def held(number: int) -> Held:
    """What the gist with this number counts for, before it is changed, in the caller's transaction."""
    gist = _GIST.first(number)
    if gist is None:
        return NOTHING
    facets = frozenset(Key(*row) for row in _FACETS.all(number))
    return Held(_counts(gist, facets), facets)


def settle(number: int, before: Held = NOTHING) -> None:
    """Let what counted for `before` count for what the gist is now, in the caller's transaction: at its end."""
    changes: dict[Key, Sum] = {}
    _file(changes, number, before)
    _settle(changes)


def settle_new(gist: Gist, names: Iterable[tuple[str, str]]) -> None:
    """As `settle`, for a gist that was just inserted: all of it is known, and what it is found under, by kind."""
    changes: dict[Key, Sum] = {}
    columns = [field.db_value(gist.__data__.get(field.name)) for field in _COLUMNS]
    _file_as(changes, gist.number, columns, names, NOTHING)
    _settle(changes)


def settle_lapsed() -> None:
    """Let some of those that have expired count as such, in the caller's transaction: at its end."""
    _settle({})


def _settle(changes: dict[Key, Sum]) -> None:
    moment = Gist.expires_at.db_value(now())
    for (number,) in _SOME_LAPSED.all(moment, moment):
        _file(changes, number, held(number))
    changed = [(*key, *change) for key, change in sorted(changes.items()) if change != (0, 0)]
    if changed:
        _adding(len(changed)).run(*chain.from_iterable(changed))
    for *key, number, _ in changed:
        if number < 0:
            _DROP.run(*key)


def _counts(gist: Any, facets: Iterable[Key]) -> dict[Key, Sum]:
    visibility, owner, size, counted, *_ = gist
    scopes = (0,) if owner is None else (0, owner)
    counts = {Key(Tally.LIVE if counted else Tally.OVER, visibility, scope): Sum(1, size) for scope in scopes}
    return counts | (dict.fromkeys(facets, Sum(1, 0)) if counted else {})


def _file(changes: dict[Key, Sum], number: int, before: Held) -> None:
    gist = _GIST.first(number)
    _file_as(changes, number, gist, _NAMES.all(number, number) if gist else [], before)


def _file_as(
    changes: dict[Key, Sum], number: int, gist: Sequence[Any] | None, names: Iterable[tuple[str, str]], before: Held
) -> None:
    """File a gist, of which there are these columns, under its facets, see whether it has expired, and add what it
    counts for now, not for what it did before."""
    facets, counts = frozenset[Key](), {}
    if gist is not None:
        visibility, owner, size, counted, *copied = gist
        is_live = copied[-1] is None or copied[-1] > Gist.expires_at.db_value(now())
        if is_live != bool(counted):
            _COUNTED[is_live].run(number)
        scope = 0 if visibility == PUBLIC else owner
        facets = frozenset(Key(kind, name, scope) for kind, name in names if scope is not None)
        for facet in before.facets - facets:
            _FACET_OUT.run(number, *facet)
        if added := [(number, *facet, *copied) for facet in facets - before.facets]:
            insert(Facet, added)
        counts = _counts((visibility, owner, size, is_live), facets)
    for held, sign in ((before.counts, -1), (counts, 1)):
        for key, sum in held.items():
            had = changes.get(key, Sum(0, 0))
            changes[key] = Sum(had.number + sign * sum.number, had.size + sign * sum.size)


def _locked(query: Any, skip: bool = False) -> Any:
    """The rows until the end of the transaction; a SQLite that is written to is locked as a whole."""
    return query if isinstance(database.obj, peewee.SqliteDatabase) else query.for_update(skip_locked=skip)


_SOME_LAPSED = Prepared(
    lambda over, again: _locked(
        Gist.select(Gist.number).where(_lapsing(over, again)).limit(peewee.SQL(str(_SETTLED))), skip=True
    )
)
_COLUMNS: list[Any] = [
    Gist.visibility, Gist.owner, Gist.size, Gist.counted, Gist.updated_at, Gist.like_count, Gist.expires_at,
]  # fmt: skip
_GIST = Prepared(lambda number: _locked(Gist.select(*_COLUMNS).where(Gist.number == number)))
_NAMES = Prepared(
    lambda topics, files: (
        Topic.select(peewee.Value(Facet.TOPIC), Topic.name).where(Topic.gist == topics)
        | File.select(peewee.Value(Facet.LANGUAGE), File.language).where(File.gist == files, File.language != "")
    )
)
_FACETS = Prepared(lambda gist: Facet.select(Facet.kind, Facet.name, Facet.scope).where(Facet.gist == gist))
_FACET_OUT = Prepared(
    lambda gist, kind, name, scope: Facet.delete().where(
        Facet.gist == gist, Facet.kind == kind, Facet.name == name, Facet.scope == scope
    )
)


@cache
def _adding(number: int) -> Prepared:
    def query(*places: int) -> Any:
        new = peewee.EXCLUDED
        more = {Tally.number: Tally.number + new.number, Tally.size: Tally.size + new.size}
        return rows_of(Tally, places).on_conflict(conflict_target=[Tally.kind, Tally.name, Tally.scope], update=more)

    return Prepared(query, number=number * 5)


def _counting(counted: Any) -> Prepared:
    return Prepared(lambda number: Gist.update({Gist.counted: counted}).where(Gist.number == number))


_COUNTED = {counted: _counting(peewee.SQL("TRUE" if counted else "FALSE")) for counted in (False, True)}
_DROP = Prepared(
    lambda kind, name, scope: Tally.delete().where(
        Tally.kind == kind, Tally.name == name, Tally.scope == scope, Tally.number == peewee.SQL("0")
    )
)

# ---------------------------------------------------------------------- looking after them

_COPIED = "CASE WHEN g.visibility = 'public' THEN 0 ELSE g.owner_id END, g.updated_at, g.like_count, g.expires_at"
_LISTED = "(g.visibility = 'public' OR g.owner_id IS NOT NULL)"
_FACETS_THERE = f"""
SELECT t.gist_id, 'topic', t.name, {_COPIED} FROM topic t JOIN gist g ON g.number = t.gist_id WHERE {_LISTED}
UNION SELECT f.gist_id, 'language', f.language, {_COPIED} FROM file f JOIN gist g ON g.number = f.gist_id
WHERE f.language <> '' AND {_LISTED}
"""  # noqa: S608 (nothing of anybody)
_KIND = "CASE WHEN counted THEN 'live' ELSE 'over' END"
_SUM = "COUNT(*), CAST(SUM(size) AS BIGINT)"
_TALLIES_THERE = f"""
SELECT {_KIND}, visibility, 0, {_SUM} FROM gist GROUP BY counted, visibility
UNION ALL SELECT {_KIND}, visibility, owner_id, {_SUM} FROM gist WHERE owner_id IS NOT NULL
GROUP BY counted, visibility, owner_id
UNION ALL SELECT f.kind, f.name, f.scope, COUNT(*), 0 FROM facet f JOIN gist g ON g.number = f.gist_id
WHERE g.counted GROUP BY f.kind, f.name, f.scope
"""  # noqa: S608
_KEPT = {
    "facet": ("gist_id, kind, name, scope, updated_at, like_count, expires_at", _FACETS_THERE),
    "tally": ("kind, name, scope, number, size", _TALLIES_THERE),
}


def wrong() -> bool:
    """Whether any of them is not what there is."""
    return any(_differ(table, *kept) for table, kept in _KEPT.items())


def _differ(table: str, columns: str, there: str) -> bool:
    kept, there = f"SELECT {columns} FROM {table}", f"SELECT * FROM ({there}) AS there"  # noqa: S608
    found = (database.execute_sql(f"{one} EXCEPT {other} LIMIT 1") for one, other in ((kept, there), (there, kept)))
    return any(cursor.fetchone() for cursor in found)


def count_again() -> None:
    """Make them anew, all in one."""
    with write():
        for table, (columns, there) in _KEPT.items():
            database.execute_sql(f"DELETE FROM {table}")  # noqa: S608
            database.execute_sql(f"INSERT INTO {table} ({columns}) {there}")
