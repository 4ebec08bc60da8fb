"""Holding rows against repositories, both ways, and each by itself; and mending what can be mended.

Safe while gistd serves. A gist is looked at without its lock first; what looks wrong is looked at again under it, and
what somebody is working on is left to them and comes last.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from gistd import index
from gistd.errors import Unavailable
from gistd.index import Gist
from gistd.store import FOLDERS, Missing

from . import catalogue, house
from .catalogue import Kept

_EACH = 100
"""How many gists are asked of the index at once."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, in one line; `mended` when it is now."""

    words: str
    mended: bool = False


def examine(repair: bool, progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Finding]:
    """Look at all that there is; `progress` hears how many of how many are done."""
    yield from _secrets(repair)
    yield from _leftovers(repair)
    yield from _index(repair)
    busy: list[str] = []
    total = index.gists.total() + len(FOLDERS)
    for done, found in enumerate(_everything(repair, busy)):
        progress(min(done, total), total)
        yield from found
    for id in busy:
        yield from _look_again(id, repair, wait=True)
    progress(total, total)


def _everything(repair: bool, busy: list[str]) -> Iterator[list[Finding]]:
    """What is found of each gist, and of the repositories of each folder."""
    for gists in index.gists.each(_EACH):
        kept = catalogue.kept(gists)
        for gist in gists:
            yield [] if _is_well(gist, kept[gist.number]) else _unless_busy(gist.id, repair, busy)
    for folder in FOLDERS:
        ids = house.store.ids([folder])
        found: list[Finding] = []
        while some := list(islice(ids, _EACH)):
            for id in sorted(set(some) - index.gists.known(some)):
                found += _unless_busy(id, repair, busy)
        yield found


def _is_well(gist: Gist, kept: Kept) -> bool:
    """Whether all is well with a gist. It may seem not so while somebody writes it."""
    try:
        if house.store.problems(gist.id, gist.head) or house.store.remains(gist.id):
            return False
        return not catalogue.outdated(gist, house.store.open(gist.id), kept)
    except Unavailable:
        return False


def _unless_busy(id: str, repair: bool, busy: list[str]) -> list[Finding]:
    try:
        return _look_again(id, repair, wait=False)
    except BlockingIOError:
        busy.append(id)
        return []


def _look_again(id: str, repair: bool, wait: bool) -> list[Finding]:
    """What is wrong with a gist, or a repository without one, when nobody else writes it.

    BlockingIOError when it is not to wait and somebody does.
    """
    try:
        with house.store.hold(id, wait):
            gist = catalogue.row(id)
            return [_orphan(id, repair)] if gist is None else list(_gist(gist, repair))
    except Missing:
        return _without_repository(id, repair)
    except Unavailable as error:
        return [Finding(f"{id}: {error.message}")]


def _gist(gist: Gist, repair: bool) -> Iterator[Finding]:
    found = left = house.store.problems(gist.id, gist.head)
    if found and repair:
        house.store.mend(gist.id, gist.head)
        left = house.store.problems(gist.id, gist.head)
    yield from (Finding(f"{gist.id}: {words}", mended=words not in left) for words in found)
    yield from (Finding(f"{gist.id}: {words}") for words in left if words not in found)
    if remains := house.store.remains(gist.id):
        names = ", ".join(str(path.relative_to(house.store.path(gist.id))) for path in remains)
        clear = repair and not left  # a pack without its index may hold what is missing
        if clear:
            house.store.clear(remains)
        yield Finding(f"{gist.id}: left by a killed process: {names}", mended=clear)
    if not left and not (found and not repair):
        yield from _columns(gist, repair)


def _columns(gist: Gist, repair: bool) -> Iterator[Finding]:
    repository = house.store.open(gist.id)
    if outdated := catalogue.outdated(gist, repository, catalogue.kept([gist])[gist.number]):
        if repair:
            catalogue.bring_up(gist, repository)
        words = f"{gist.id}: the index is not up to date with the repository: {', '.join(outdated)}"
        yield Finding(words, mended=repair)


def _without_repository(id: str, repair: bool) -> list[Finding]:
    """A row without a repository stays, for its repository may be somewhere; but not one that was deleted."""
    gist = index.gists.by_id(id)
    if gist is None:
        return []  # deleted meanwhile
    if house.store.was_deleted(id):
        if repair:
            index.gists.delete(gist, lambda gist: None)  # whom it concerned was told at that time
        return [Finding(f"{id}: the index still has a gist that was deleted", mended=repair)]
    if repair and house.store.unbury(id):
        return [Finding(f"{id}: the repository was in lost+found", mended=True)]
    return [Finding(f"{id}: the repository is missing; bring it back from a backup, or delete the gist")]


def _orphan(id: str, repair: bool) -> Finding:
    """A repository without a row: a create that was not acknowledged, or a delete that was."""
    if repair:
        return Finding(f"{id}: no row; moved to {house.store.bury(id)}", mended=True)
    return Finding(f"{id}: repository without a row")


# ---------------------------------------------------------------------- what is no gist's


def _secrets(repair: bool) -> Iterator[Finding]:
    for path in [*house.store.secrets, *index.files_on_disk()]:
        with suppress(FileNotFoundError):
            if path.stat().st_mode & 0o077:
                if repair:
                    path.chmod(0o600)
                yield Finding(f"{path} can be read by others on this machine", mended=repair)


def _leftovers(repair: bool) -> Iterator[Finding]:
    for path in house.store.sweep() if repair else house.store.leftovers():
        yield Finding(f"leftover of a killed process: {path}", mended=repair)


def _index(repair: bool) -> Iterator[Finding]:
    found = left = index.health.damage()
    if repair and any("search" in words for words in found):
        index.health.rebuild_search()
        left = index.health.damage()
    yield from (Finding(f"the index is damaged: {words}", mended=words not in left) for words in found)
    for id, kept, counted in index.health.miscounted():
        if repair:
            index.health.count_again(id)
        yield Finding(f"{id}: has {counted} likes, not {kept}", mended=repair)
    if index.tallies.wrong():
        if repair:
            index.tallies.count_again()
        yield Finding("topics, languages or the numbers of gists are not kept as there are", mended=repair)
    while strays := index.health.strays(_EACH):
        if repair:
            index.health.drop_strays(strays)
        yield Finding(f"search finds something by {len(strays)} rows that belong to no gist", mended=repair)
        if not repair:
            return
