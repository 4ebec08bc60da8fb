"""What there is to go by from list to list: topics, languages, people, and how many gists lists show the actor of each.

Every count comes from the condition of the list that it leads to.
"""

from typing import Any, NamedTuple

from gistd import index
from gistd.index import Gist, User

from . import access
from .access import Actor


class Tally(NamedTuple):
    """A topic or a language, and how many gists have it."""

    name: str
    gists: int


class Person(NamedTuple):
    user: User
    gists: int


def topics(actor: Actor, number: int, size: int) -> tuple[list[Tally], bool]:
    """A page of the topics that there are, the most common first, and whether there are more. Pages count from 1."""
    rows = index.facets.topics(access.listed(actor), limit=size + 1, offset=(number - 1) * size)
    return [Tally(*row) for row in rows[:size]], len(rows) > size


def languages(actor: Actor, number: int, size: int) -> tuple[list[Tally], bool]:
    """A page of the languages that there are files in, as `topics`."""
    rows = index.facets.languages(access.listed(actor), limit=size + 1, offset=(number - 1) * size)
    return [Tally(*row) for row in rows[:size]], len(rows) > size


def people(actor: Actor, words: str, number: int, size: int) -> tuple[list[Person], int]:
    """A page of the users whose name contains the words, and how many there are. Pages count from 1."""
    return counted(access.listed(actor), words, number, size)


def counted(condition: Any, words: str, number: int, size: int) -> tuple[list[Person], int]:
    """As `people`, with those of their gists counted that meet the condition."""
    users, total = index.accounts.page(words, limit=size, offset=(number - 1) * size)
    counts = index.gists.number_of(users, condition)
    return [Person(user, counts.get(user.id, 0)) for user in users], total


def visibilities(actor: Actor, owner: User) -> dict[str, int]:
    """How many gists of the owner's there are of each visibility."""
    census = index.gists.census(access.listed(actor) & (Gist.owner == owner))
    return {visibility: number for visibility, (number, _) in census.items()}
