"""Lists of gists: which ones, in which order, a page at a time, and how many there are of them.

What lists show to whom is for `access` to say; every count is of the list that it stands with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gistd import index
from gistd.index import Gist, User

from . import access, search
from .access import Actor

_EACH = 100


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
    such a number."""

    gists: list[Gist]
    total: int
    next: int | None = None


def page(actor: Actor, listing: Listing, number: int, size: int) -> Page:
    """A page of gists. Pages count from 1. Raises Invalid for words that are no query."""
    return _page(_shown(actor, listing), number, size, listing.liked_by, listing.sort, listing.ascending)


def page_from(actor: Actor, listing: Listing, start: int | None, size: int) -> Page:
    """A page of gists, what was made last first: from the one with the number `start` on, or from the newest."""
    shown = _shown(actor, listing)
    here = shown if start is None else [condition & (Gist.number <= start) for condition in shown]
    rows = index.gists.page(*here, limit=size + 1, offset=0, sort=Sort.CREATED)
    next = rows[size].number if len(rows) > size else None
    return Page(index.gists.complete(rows[:size], access.public), _count(shown), next)


def each(actor: Actor, listing: Listing) -> Iterator[Gist]:
    """All gists of a listing, one after the other; asked for page by page."""
    number, found = 1, page(actor, listing, 1, _EACH)
    while found.gists:
        yield from found.gists
        number += 1
        found = page(actor, listing, number, _EACH)


def inventory(actor: Actor, owner: User | None, number: int, size: int) -> Page:
    """A page of all gists that there are, or all of one owner's, for an admin."""
    condition = access.everything(actor)
    return _page([condition if owner is None else condition & (Gist.owner == owner)], number, size)


def parent(actor: Actor, gist: Gist) -> Gist | None:
    """The gist that this one was forked from, if lists show that to the actor."""
    condition = access.listed(actor) & (Gist.number == gist.fork_of_id)
    found = _page([condition], 1, 1).gists if gist.fork_of_id else []
    return found[0] if found else None


def forks(actor: Actor, gist: Gist, number: int, size: int) -> Page:
    """A page of the forks of a gist that lists show to the actor."""
    if not gist.fork_count and (actor.user is None or actor.owns(gist)):
        return Page([], 0)  # there are no public ones, and nobody has a fork of their own gist
    return _page([access.listed(actor) & (Gist.fork_of == gist)], number, size)


def fork_of(actor: Actor, gist: Gist) -> Gist | None:
    """The fork of a gist that is the actor's own, if there is one."""
    found = _page([(Gist.fork_of == gist) & (Gist.owner == actor.user)], 1, 1).gists
    return found[0] if found else None


def _shown(actor: Actor, listing: Listing) -> list[Any]:
    """What a listing shows the actor, as conditions of which no gist meets two."""
    if listing.public_only:
        shown = [access.public()]
    elif listing.owner is not None:
        shown = [access.listed(actor)]  # there is an index of what is whose
    else:
        shown = access.listed_apart(actor)
    for wanted in _conditions(listing):
        shown = [condition & wanted for condition in shown]
    return shown


def _conditions(listing: Listing) -> Iterator[Any]:
    if listing.owner is not None:
        yield Gist.owner == listing.owner
    if listing.forks_only:
        yield Gist.fork_of.is_null(False)
    if listing.visibility is not None:
        yield Gist.visibility == listing.visibility
    if listing.since is not None:
        yield Gist.updated_at >= listing.since
    if listing.topic is not None:
        yield index.facets.with_topic(listing.topic)
    if listing.language is not None:
        yield index.facets.in_language(listing.language)
    if listing.words is not None:
        yield search.condition(listing.words)


def _page(
    conditions: list[Any],
    number: int,
    size: int,
    liked_by: User | None = None,
    sort: Sort = Sort.UPDATED,
    ascending: bool = False,
) -> Page:
    offset = (number - 1) * size
    rows = index.gists.page(*conditions, limit=size, offset=offset, liked_by=liked_by, sort=sort, ascending=ascending)
    return Page(index.gists.complete(rows, access.public), _count(conditions, liked_by))


def _count(conditions: list[Any], liked_by: User | None = None) -> int:
    return sum(index.gists.count(condition, liked_by=liked_by) for condition in conditions)
