"""Where gists stand in lists: by who may see them, whose they are, what they are about; on each shelf in every order.

A page is taken from an index that has all that a list asks for, and only its gists are looked up: what comes before it
is passed over there. Several shelves are read side by side, each in its order.
"""

import operator
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache, reduce
from typing import Any, NamedTuple

import peewee

from .models import PUBLIC, Facet, Gist, live, now
from .prepared import Prepared


class Shelf(NamedTuple):
    """The gists that are as visible as this, of everybody or of the owner with that id."""

    visibility: str
    owner: int | None = None


class Narrowed(NamedTuple):
    """What else holds of the gists of a list.

    `facet` is a kind of `Facet` and a name, `since` when they were updated at the earliest, `upto` their highest
    number. With `over` those that have expired are in the list, too.
    """

    facet: tuple[str, str] | None = None
    since: datetime | None = None
    upto: int | None = None
    forks: bool = False
    over: bool = False


_ORDERS = {"updated": ("updated_at", "number"), "created": ("number",), "likes": ("like_count", "number")}
"""Each has an index behind it that the number, which breaks ties, stands in too."""

_EVER = -(1 << 62)
_NOW, _LIMIT, _OFFSET, _OWNER, _SINCE, _UPTO, _KIND, _NAME, _PLACES = range(9)


def page(
    shelves: Sequence[Shelf], narrowed: Narrowed, *, limit: int, offset: int, sort: str, ascending: bool = False
) -> list[int]:
    """The numbers of a part of what is on these shelves: the last, or the most, first unless `ascending`. No gist may
    be on two of them, and those with an owner have the same."""
    query = _page(*_shape(shelves, narrowed), sort, ascending)
    return [row[-1] for row in query.all(*_values(shelves, narrowed, limit, offset))]


def count(shelves: Sequence[Shelf], narrowed: Narrowed) -> int:
    """How many there are, one by one: for what no tally is kept of."""
    return sum(row[0] for row in _counts(*_shape(shelves, narrowed)).all(*_values(shelves, narrowed, 0, 0)))


def _shape(shelves: Sequence[Shelf], narrowed: Narrowed) -> tuple[tuple[Shelf, ...], Narrowed]:
    """What makes another text of a query: which values it has, not what they are."""
    facet, since, upto, forks, _ = narrowed
    places = (Shelf(visibility, None if owner is None else _OWNER) for visibility, owner in shelves)
    return tuple(places), Narrowed(facet and ("", ""), since and datetime.min, upto and 1, forks)


def _values(shelves: Sequence[Shelf], narrowed: Narrowed, limit: int, offset: int) -> list[Any]:
    moment = _EVER if narrowed.over else Gist.expires_at.db_value(now())
    owner = next((shelf.owner for shelf in shelves if shelf.owner is not None), None)
    since = Gist.updated_at.db_value(narrowed.since)
    return [moment, limit, offset, owner, since, narrowed.upto, *(narrowed.facet or (None, None))]


@cache
def _page(shelves: tuple[Shelf, ...], shape: Narrowed, sort: str, ascending: bool) -> Prepared:
    """The numbers of the gists of a part, behind the other columns that they go by."""
    columns = _ORDERS[sort]
    order = [peewee.SQL(f"{place} {'ASC' if ascending else 'DESC'}") for place in range(1, len(columns) + 1)]

    def query(*_: Any) -> Any:
        # SQLite puts the first two in order, then these and the next: what is most, that of everybody, comes last.
        legs = reduce(operator.add, reversed([*_legs(shelves, shape, columns)]))
        return legs.order_by(*order).limit(_LIMIT).offset(_OFFSET)

    return Prepared(query, number=_PLACES)


@cache
def _counts(shelves: tuple[Shelf, ...], shape: Narrowed) -> Prepared:
    """How many gists each of the shelves has."""
    return Prepared(lambda *_: reduce(operator.add, _legs(shelves, shape, ())), number=_PLACES)


def _legs(shelves: tuple[Shelf, ...], shape: Narrowed, columns: Sequence[str]) -> Iterator[Any]:
    """A query of these columns for each shelf, of their number if none is given; values are told by their places."""
    if shape.facet is None:
        for visibility, owner in shelves:
            place = Gist.visibility == visibility
            yield _leg(Gist, Gist.number, place if owner is None else (Gist.owner == owner) & place, shape, columns)
        return
    assert not shape.forks and all((owner is None) == (visibility == PUBLIC) for visibility, owner in shelves)
    about = (Facet.kind == _KIND) & (Facet.name == _NAME)
    for scope in sorted({owner or 0 for _, owner in shelves}):
        yield _leg(Facet, Facet.gist, about & (Facet.scope == (scope or peewee.SQL("0"))), shape, columns)


def _leg(table: Any, number: Any, place: Any, shape: Narrowed, columns: Sequence[str]) -> Any:
    selected = [number if name == "number" else getattr(table, name) for name in columns]
    query = table.select(*(selected or [peewee.fn.COUNT(number)])).where(place, live(table, _NOW))
    if shape.since is not None:
        query = query.where(table.updated_at >= _SINCE)
    if shape.upto is not None:
        query = query.where(number <= _UPTO)
    return query.where(Gist.fork_of.is_null(False)) if shape.forks else query
