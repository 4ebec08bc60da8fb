"""How often something may fail or be done from somewhere: counted in the index, for all workers and over restarts."""

from datetime import timedelta
from typing import NamedTuple

from gistd import index
from gistd.errors import TooManyRequests

from . import house

COUNTED_FOR = timedelta(minutes=15)


class Limit(NamedTuple):
    """At most so many under a key in a quarter of an hour; the words are for whoever meets it."""

    key: str
    most: int
    words: str = "too many wrong credentials; try again later"


def check(*limits: Limit) -> None:
    """Raise TooManyRequests when one of the limits is reached."""
    if not house.settings.rate_limits:
        return
    for limit in limits:
        counted = index.accounts.failures(limit.key, index.now() - COUNTED_FOR)
        if counted is not None and counted.number >= limit.most:
            wait = counted.since + COUNTED_FOR - index.now()
            raise TooManyRequests(limit.words, max(1, int(wait.total_seconds())))


def count(*limits: Limit) -> None:
    """Count one more under each. Raises TooManyRequests when that is over a limit, without a write if it was before."""
    if not house.settings.rate_limits:
        return
    for limit in limits:
        check(limit)
        if index.accounts.note_failure(limit.key, index.now() - COUNTED_FOR) > limit.most:
            check(limit)  # others were counted in between


def clear(limit: Limit) -> None:
    """Begin anew; without a write where nothing was counted."""
    if index.accounts.failures(limit.key, index.now() - COUNTED_FOR) is not None:
        index.accounts.forget_failures(limit.key)
