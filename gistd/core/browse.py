"""What there is to go by from list to list: topics, languages, people, and how many gists lists show the actor of each.

Every count is of the list that it leads to.
"""

from collections.abc import Callable
from typing import NamedTuple

from gistd import index
from gistd.index import Facet, Shelf, User

from . import access
from .access import Actor


class Tally(NamedTuple):
    """A topic or a language, and how many gists have it."""

    name: str
    gists: int


class Person(NamedTuple):
    user: User
    gists: int


class People(NamedTuple):
    """A page of users, and whether there are more behind it. `total` counts all pages; not `is_all` that are called so
    where there are more than are counted."""

    users: list[Person]
    total: int
    is_all: bool
    more: bool


def topics(actor: Actor, number: int, size: int) -> tuple[list[Tally], bool]:
    """A page of the topics that there are, the most common first, and whether there are more. Pages count from 1."""
    return _tallies(actor, Facet.TOPIC, number, size)


def languages(actor: Actor, number: int, size: int) -> tuple[list[Tally], bool]:
    """A page of the languages that there are files in, as `topics`."""
    return _tallies(actor, Facet.LANGUAGE, number, size)


def _tallies(actor: Actor, kind: str, number: int, size: int) -> tuple[list[Tally], bool]:
    own = access.shelves(actor)[-1].owner
    rows = index.tallies.most_common(kind, own, limit=size + 1, offset=(number - 1) * size)
    return [Tally(*row) for row in rows[:size]], len(rows) > size


def people(actor: Actor, words: str, number: int, size: int) -> People:
    """A page of the users whose name contains the words. Pages count from 1."""
    return counted(lambda user: access.shelves(actor, user), words, number, size)


def counted(shelves: Callable[[User], list[Shelf]], words: str, number: int, size: int, over: bool = False) -> People:
    """As `people`, with those of their gists counted that are on the shelves; with `over` those that have expired."""
    users, total, is_all = index.accounts.page(words, limit=size + 1, offset=(number - 1) * size)
    of = {user.id: shelves(user) for user in users[:size]}
    counts = index.tallies.numbers([shelf for each in of.values() for shelf in each], over)
    found = [Person(user, sum(counts[shelf] for shelf in of[user.id])) for user in users[:size]]
    return People(found, total, is_all, len(users) > size)


def visibilities(actor: Actor, owner: User) -> dict[str, int]:
    """How many gists of the owner's there are of each visibility."""
    counts = index.tallies.numbers(access.shelves(actor, owner))
    return {shelf.visibility: number for shelf, number in counts.items() if number}
