"""What a search goes through, a little at a time: numbers of gists, the highest first, and what is in several of them.

Nothing is read that nobody gets to: each stream is asked again from where the next gist can be.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import peewee

from .models import Gist

_FIRST = 320
"""How many are asked for first: as many as most searches end with. To ask the full-text index again takes it longer."""
_FEW, _MANY, _TIMES = 64, 1024, 4
_FAR = 5
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
    """Numbers of gists, each at most once, the highest first. A gist is in it if it meets the condition, if one is
    given: that is quick to look at for a few gists."""

    def __init__(self, fetch: Fetch, condition: Any = None) -> None:
        self.condition = condition
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
            if not self._size:
                self._size = _FIRST
            elif number < down_to - 1 - near:
                self._size = _FEW
            elif self._size < _MANY or len(numbers) < _FEW:
                self._size *= _TIMES
            self._part, self._at = self._fetch(min(number, down_to - 1), self._size), 0

    @property
    def gap(self) -> float:
        """How far from each other its next numbers are; more than they can be if there are none."""
        self.up_to(_TOP)
        numbers, down_to = self._part
        return (numbers[0] - down_to + 1) / len(numbers) if numbers else _TOP


def common(streams: Sequence[Stream], size: int) -> Iterator[tuple[list[int], list[Any]]]:
    """The numbers that are in all of the streams, so many at a time, the highest first; and what these must meet, too,
    of streams that were not gone through. How close they are may change on the way: who made many gists in a row did
    not before."""
    number = _TOP
    met: list[Any] = []
    while True:
        streams, more = _apart(streams)
        met = [*met, *more]
        some = list(islice(_common(streams, number), size))
        if not some:
            return
        yield some, met
        number = some[-1] - 1


def _apart(streams: Sequence[Stream]) -> tuple[list[Stream], list[Any]]:
    """Which of them to go through, and what the gists in these must meet to be in all: to find the few gists of one in
    another that has far more is slower than to look at them."""
    widest = max((stream.gap for stream in streams), default=0) if len(streams) > 1 else 0
    close = [stream for stream in streams if stream.condition is not None and stream.gap * _FAR < widest]
    return [stream for stream in streams if stream not in close], [stream.condition for stream in close]


def counted(numbers: Sequence[int], limit: int) -> Part:
    """As many numbers as were asked for, or all that are left."""
    return Part(numbers, numbers[-1] if len(numbers) == limit else 0)


def _common(streams: Sequence[Stream], number: int) -> Iterator[int]:
    """The numbers that are in all of them from this one down, the highest first."""
    agreed, turn = 0, 0
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
