"""Lists of gists: which ones, in which order, a page at a time, and how many there are of them.

What lists show to whom is for `access` to say; every count is of the list that it stands with.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial, reduce
from itertools import islice
from typing import Any

from gistd import index
from gistd.index import Facet, Gist, Narrowed, Shelf, Stream, User
from gistd.index.streams import Found

from . import access, search
from .access import NOBODY, Actor

FOUND = 200
"""How many gists a search finds at most: of those that meet it the ones that were made last."""

_EACH = 100
_LOOKED_AT = 100


class Sort(StrEnum):
    """What lists go by. What was last updated, made last or liked most comes first."""

    UPDATED = "updated"
    CREATED = "created"
    LIKES = "likes"


@dataclass(frozen=True)
class Listing:
    """Which gists of those that the actor may see: all, or the ones that meet every condition given; in which order.

    `words` is a query of `search`, `language` the name of one as `languages.named` tells it.
    """

    owner: User | None = None
    liked_by: User | None = None
    forks_only: bool = False
    public_only: bool = False
    visibility: str | None = None
    since: datetime | None = None
    topic: str | None = None
    language: str | None = None
    words: str | None = None
    sort: Sort = Sort.UPDATED
    ascending: bool = False


@dataclass(frozen=True)
class Page:
    """`total` counts all pages; `next` is the number of the gist that the next one begins with, if it was asked for by
    such a number. Not `is_all` of what was searched for is on them where more than `FOUND` was found."""

    gists: list[Gist]
    total: int
    next: int | None = None
    is_all: bool = True


def page(actor: Actor, listing: Listing, number: int, size: int) -> Page:
    """A page of gists. Pages count from 1. Raises Invalid for words that are no query."""
    offset = (number - 1) * size
    if not _is_on_shelves(listing):
        return _found(actor, listing, size, offset)
    return _taken(_shelves(actor, listing), _narrowed(listing), size, offset, listing.sort, listing.ascending)


def page_from(actor: Actor, listing: Listing, start: int | None, size: int) -> Page:
    """A page of gists, be it of one owner, what was made last first: from the one with the number `start` on, or from
    the newest."""
    shelves = _shelves(actor, listing)
    numbers = index.shelves.page(shelves, Narrowed(upto=start), limit=size + 1, offset=0, sort=Sort.CREATED)
    rows = index.gists.by_numbers(numbers[:size])
    next = numbers[size] if len(numbers) > size else None
    return Page(index.gists.complete(rows, access.public), _count(shelves, Narrowed()), next)


def each(actor: Actor, listing: Listing) -> Iterator[Gist]:
    """All gists of a listing, one after the other; asked for page by page."""
    number, found = 1, page(actor, listing, 1, _EACH)
    while found.gists:
        yield from found.gists
        number += 1
        found = page(actor, listing, number, _EACH)


def inventory(actor: Actor, owner: User | None, number: int, size: int) -> Page:
    """A page of all gists that there are, or all of one owner's, for an admin."""
    shelves = access.everything(actor, owner)
    return _taken(shelves, Narrowed(over=True), size, (number - 1) * size, Sort.UPDATED, False)


def parent(actor: Actor, gist: Gist) -> Gist | None:
    """The gist that this one was forked from, if lists show that to the actor."""
    condition = access.listed(actor) & (Gist.number == gist.fork_of_id)
    found = _page(condition, 1, 1).gists if gist.fork_of_id else []
    return found[0] if found else None


def forks(actor: Actor, gist: Gist, number: int, size: int) -> Page:
    """A page of the forks of a gist that lists show to the actor."""
    if not gist.fork_count and (actor.user is None or actor.owns(gist)):
        return Page([], 0)  # there are no public ones, and nobody has a fork of their own gist
    return _page(access.listed(actor) & (Gist.fork_of == gist), number, size)


def fork_of(actor: Actor, gist: Gist) -> Gist | None:
    """The fork of a gist that is the actor's own, if there is one."""
    found = _page((Gist.fork_of == gist) & (Gist.owner == actor.user), 1, 1).gists
    return found[0] if found else None


# ---------------------------------------------------------------------- from the shelves


def _is_on_shelves(listing: Listing) -> bool:
    """Whether there are shelves for what is asked: by one thing that gists are about, or by an owner."""
    about = [listing.topic, listing.language, listing.owner, listing.forks_only or None, listing.visibility]
    both = listing.topic is not None or listing.language is not None
    return listing.liked_by is None and listing.words is None and not (both and len(about) - about.count(None) > 1)


def _shelves(actor: Actor, listing: Listing) -> list[Shelf]:
    shelves = access.shelves(NOBODY if listing.public_only else actor, listing.owner)
    return [shelf for shelf in shelves if listing.visibility in (None, shelf.visibility)]


def _narrowed(listing: Listing) -> Narrowed:
    facet = None
    if listing.topic is not None:
        facet = (Facet.TOPIC, listing.topic)
    elif listing.language is not None:
        facet = (Facet.LANGUAGE, listing.language)
    return Narrowed(facet, listing.since, forks=listing.forks_only)


def _taken(shelves: list[Shelf], narrowed: Narrowed, size: int, offset: int, sort: Sort, ascending: bool) -> Page:
    if not shelves or (narrowed.facet and not index.is_text(narrowed.facet[1])):
        return Page([], 0)
    numbers = index.shelves.page(shelves, narrowed, limit=size, offset=offset, sort=sort, ascending=ascending)
    rows = index.gists.by_numbers(numbers)
    return Page(index.gists.complete(rows, access.public), _count(shelves, narrowed))


def _count(shelves: list[Shelf], narrowed: Narrowed) -> int:
    if narrowed.since is not None or narrowed.forks:
        return index.shelves.count(shelves, narrowed)
    if narrowed.facet is not None:
        return index.tallies.about(narrowed.facet, shelves[-1].owner)
    return sum(index.tallies.numbers(shelves, narrowed.over).values())


# ---------------------------------------------------------------------- by words, or by several things


def _found(actor: Actor, listing: Listing, size: int, offset: int) -> Page:
    most = None if listing.words is None else FOUND
    found = list(islice(_matches(actor, listing), most and most + 1))
    kept = sorted(found[:most], key=_KEYS[listing.sort], reverse=not listing.ascending)
    rows = index.gists.by_numbers([gist.number for gist in kept[offset : offset + size]])
    return Page(index.gists.complete(rows, access.public), len(kept), is_all=len(kept) == len(found))


_KEYS: dict[Sort, Callable[[Found], tuple[int, ...]]] = {
    Sort.UPDATED: lambda gist: (gist.updated_at, gist.number),
    Sort.CREATED: lambda gist: (gist.number,),
    Sort.LIKES: lambda gist: (gist.like_count, gist.number),
}


def _matches(actor: Actor, listing: Listing) -> Iterator[Found]:
    """What is in a listing, what was made last first."""
    query = None if listing.words is None else search.parse(listing.words)
    shown = access.public() if listing.public_only else access.listed(actor)
    others = search.conditions(query) if query else ()
    streams = [*_streams(actor, listing), *(search.streams(actor, query) if query else ())]
    conditions = [shown, *_conditions(listing), *others]
    for some, met in index.streams.common(streams or [search.on(access.shelves(actor))], _LOOKED_AT):
        yield from sorted(index.streams.meeting(some, reduce(operator.and_, [*conditions, *met])), reverse=True)


def _streams(actor: Actor, listing: Listing) -> Iterator[Stream]:
    if listing.liked_by is not None:
        yield Stream(partial(index.gists.liked, listing.liked_by))
    if listing.owner is not None:
        yield search.on(access.shelves(actor, listing.owner))
    if listing.topic is not None:
        yield search.on(access.shelves(actor), (Facet.TOPIC, listing.topic))
    if listing.language is not None:
        yield search.on(access.shelves(actor), (Facet.LANGUAGE, listing.language))


def _conditions(listing: Listing) -> Iterator[Any]:
    if listing.forks_only:
        yield Gist.fork_of.is_null(False)
    if listing.visibility is not None:
        yield Gist.visibility == listing.visibility
    if listing.since is not None:
        yield Gist.updated_at >= listing.since


# ---------------------------------------------------------------------- by a condition


def _page(condition: Any, number: int, size: int) -> Page:
    rows = index.gists.page(condition, limit=size, offset=(number - 1) * size)
    return Page(index.gists.complete(rows, access.public), index.gists.count(condition))
