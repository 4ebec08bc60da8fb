"""What a search goes through, a little at a time: numbers of gists, the highest first, and what is in several of them.

Nothing is read that nobody gets to: each stream is asked again from where the next gist can be.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import peewee

from .models import Gist

_HIGHEST = 1 << 42
_FEW, _MANY = 32, 1024

Fetch = Callable[[int, int], Sequence[int]]
"""The highest numbers up to one, so many at most: all that there are if it returns none."""


class Found(NamedTuple):
    """A gist, by its number, with what lists go by."""

    number: int
    updated_at: int
    like_count: int


class Stream:
    """Numbers of gists, each at most once, the highest first."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._size = _FEW
        self._numbers: Sequence[int] = ()
        self._at = 0

    def up_to(self, number: int) -> int:
        """The highest number that is not above this one, which never rises; 0 if there is none."""
        while True:
            while self._at < len(self._numbers):
                if self._numbers[self._at] <= number:
                    return self._numbers[self._at]
                self._at += 1
            # What follows is asked for in ever greater parts, what is far from it in small ones.
            follows = bool(self._numbers) and number >= self._numbers[-1] - 1
            self._size = min(self._size * 2, _MANY) if follows else _FEW
            self._numbers, self._at = self._fetch(number, self._size), 0
            if not self._numbers:
                return 0


def common(streams: Sequence[Stream]) -> Iterator[int]:
    """The numbers that are in all of them, the highest first."""
    number, agreed, turn = _HIGHEST, 0, 0
    while found := streams[turn].up_to(number):
        agreed = agreed + 1 if found == number else 1
        number, turn = found, (turn + 1) % len(streams)
        if agreed == len(streams):
            yield number
            number, agreed = number - 1, 0


def meeting(numbers: Sequence[int], condition: Any) -> list[Found]:
    """Those of the gists that meet a condition."""
    among = peewee.SQL(f"({','.join(map(str, numbers))})")  # a value each would take longer than the query
    rows: Any = Gist.select(Gist.number, Gist.updated_at, Gist.like_count)
    return [Found(*row) for row in rows.where(peewee.Expression(Gist.number, "IN", among), condition).tuples()]
