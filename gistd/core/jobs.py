"""What is done beside the requests.

The queue only hurries: it may lose what it holds, or have it done twice. What there is to do stands in the index, where
what is `regular` finds it again.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from gistd.errors import Unavailable

if TYPE_CHECKING:
    from .queue import Queue

_log = logging.getLogger("gistd")

_jobs: dict[str, Callable[..., None]] = {}
_regular: list[Callable[[], None]] = []


def job(function: Callable[..., None]) -> Callable[..., None]:
    """Let there be a job of this name. Its arguments are numbers and words, which name what is in the index."""
    _jobs[function.__name__] = function
    return function


def regular(function: Callable[[], None]) -> Callable[[], None]:
    """Let this be done at the start, and every minute."""
    _regular.append(function)
    return function


def later(name: str, *arguments: int | str, delay: int = 0) -> None:
    """Have a job done soon, or after so many seconds. Never fails: what the queue does not take is found again."""
    try:
        _queue().put(name, *arguments, delay=delay)
    except Exception as error:  # of SQLite, of Redis, of the disk
        _log.warning("the queue takes nothing (%s); what there is to do is found within a minute", type(error).__name__)


def work(parent: int | None = None) -> None:
    """Do jobs until this process is told to stop, or is not a child of `parent` any more."""
    _queue().work(parent)


@cache
def _queue() -> "Queue":
    # Only now: it must not live through a fork, and most commands never want it.
    from .queue import Queue

    return Queue(_do, _do_regularly)


def _do(name: str, *arguments: int | str) -> None:
    _jobs[name](*arguments)


def _do_regularly() -> None:
    for function in _regular:
        try:
            function()
        except Unavailable as error:  # what keeps one of them may not keep the next
            _log.warning("%s: %s; it is tried again in a minute", function.__name__, error.message)
