"""Holding the index against the repositories, both ways, and mending what can be mended.

Safe while gistd serves: what somebody is working on is left to them, and looked at again under its lock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.store import Missing

from . import catalogue, house


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, in one line; `mended` when it is now."""

    words: str
    mended: bool = False


def examine(repair: bool, progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Finding]:
    """Look at every gist and every repository; `progress` hears how many of how many are done."""
    yield from _leftovers(repair)
    rows, repositories = index.gists.all_ids(), set(house.store.ids())
    todo = sorted(rows | repositories)
    for done, id in enumerate(todo):
        progress(done, len(todo))
        if id in rows:
            yield from _gist(id, repair)
        else:
            yield from _orphan(id, repair)
    progress(len(todo), len(todo))


def _leftovers(repair: bool) -> Iterator[Finding]:
    for path in house.store.sweep() if repair else house.store.leftovers():
        yield Finding(f"leftover of a killed process: {path}", mended=repair)


def _orphan(id: str, repair: bool) -> Iterator[Finding]:
    """A repository without a row: a create that was not acknowledged, or a delete that was."""
    try:
        with house.store.hold(id, wait=False):
            if index.gists.by_id(id) is not None:
                return  # it was being made just now
            if repair:
                yield Finding(f"{id}: no row; moved to {house.store.bury(id)}", mended=True)
            else:
                yield Finding(f"{id}: repository without a row")
    except (BlockingIOError, Missing):
        return


def _gist(id: str, repair: bool) -> Iterator[Finding]:
    try:
        remains = house.store.remains(id, remove=repair)
        if remains:
            yield Finding(f"{id}: left by a killed process: {', '.join(remains)}", mended=repair)
        gist = catalogue.row(id)
        if gist is not None and catalogue.is_behind(gist):
            if repair:
                catalogue.catch_up(gist)
            yield Finding(f"{id}: the index is not up to date with the repository", mended=repair)
    except NotFound:
        return  # deleted meanwhile
    except Unavailable as error:
        if index.gists.by_id(id) is None:
            return
        if isinstance(error, Missing):
            yield Finding(f"{id}: the repository is missing; bring it back from a backup, or delete the gist")
        else:
            yield Finding(f"{id}: the repository is damaged ({error.__cause__ or error})")
