"""What a search goes through, a little at a time: numbers of gists, the highest first, and what is in several of them.

Nothing is read that nobody gets to: each stream is asked again from where the next gist can be.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import peewee

from .models import Gist

_FEW, _MANY, _TIMES = 64, 4096, 4
_TOP = 1 << 42
"""More than any number of a gist."""


class Part(NamedTuple):
    """The numbers that there are from the highest that was asked for down to this one, the highest first."""

    numbers: Sequence[int]
    down_to: int


Fetch = Callable[[int, int], Part]
"""A part from a number downwards, of about this size, be it in gists that are in it or in those that could be."""


class Found(NamedTuple):
    """A gist, by its number, with what lists go by."""

    number: int
    updated_at: int
    like_count: int


class Stream:
    """Numbers of gists, each at most once, the highest first."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._size = 0
        self._part = Part((), _TOP + 1)
        self._at = 0

    def up_to(self, number: int) -> int:
        """The highest number that is not above this one, which never rises; 0 if there is none."""
        while True:
            numbers, down_to = self._part
            while self._at < len(numbers):
                if numbers[self._at] <= number:
                    return numbers[self._at]
                self._at += 1
            if down_to <= 1:
                return 0
            # What follows, or is not far, is asked for in ever greater parts, what is far from it in small ones.
            near = _TIMES * (numbers[0] - down_to) if numbers else 0
            if not self._size or number < down_to - 1 - near:
                self._size = _FEW
            elif self._size < _MANY or len(numbers) < _FEW:
                self._size *= _TIMES
            self._part, self._at = self._fetch(min(number, down_to - 1), self._size), 0


def counted(numbers: Sequence[int], limit: int) -> Part:
    """As many numbers as were asked for, or all that are left."""
    return Part(numbers, numbers[-1] if len(numbers) == limit else 0)


def common(streams: Sequence[Stream]) -> Iterator[int]:
    """The numbers that are in all of them, the highest first."""
    number, agreed, turn = _TOP, 0, 0
    while found := streams[turn].up_to(number):
        agreed = agreed + 1 if found == number else 1
        number, turn = found, (turn + 1) % len(streams)
        if agreed == len(streams):
            yield number
            number, agreed = number - 1, 0


def meeting(numbers: Sequence[int], condition: Any) -> list[Found]:
    """Those of the gists that meet a condition."""
    among = peewee.SQL(f"({','.join(map(str, numbers))})")  # a value each would take longer than the query
    # SQLite, if it saw what is in the condition, might go through all gists of an owner to find a few of them.
    met = peewee.Case(None, [(condition, peewee.SQL("TRUE"))], peewee.SQL("FALSE"))
    rows: Any = Gist.select(Gist.number, Gist.updated_at, Gist.like_count)
    return [Found(*row) for row in rows.where(peewee.Expression(Gist.number, "IN", among), met).tuples()]
