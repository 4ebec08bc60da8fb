"""Keeping repositories small: few packs, and nothing for ever that the branch does not reach.

The caller holds the gist's lock, so that nothing moves; readers may go on: what a pack held that is taken away,
they find in the new one.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2

from . import disk, packs, refs
from .repository import Repository, readable

MAX_PACKS = 32
"""With more than this the small ones are made into one: every read has to look into each."""


@dataclass(frozen=True)
class Sizes:
    """The bytes in the packs of a repository, before and after."""

    before: int
    after: int


def tidy(repository: Repository) -> None:
    """Make one pack of the small ones when there are many; the big one waits until it is worth the work."""
    if sum(1 for _ in repository.packs.iterdir()) <= 2 * MAX_PACKS:  # a quick look first: this comes after every write
        return
    there = sorted(_living(repository), key=_size)
    if len(there) <= MAX_PACKS:
        return
    *others, biggest = there
    small = others if _size(biggest) > sum(map(_size, others)) else there
    made = _pack(repository, {id for pack in small for id in packs.ids(pack.with_suffix(".idx"))}, repository.packs)
    _remove(pack for pack in small if pack != made)


def copy(repository: Repository, directory: Path) -> None:
    """Write all that the branch reaches as one pack into a directory, synced."""
    if head := repository.head:
        with readable(repository.path):
            _pack(repository, repository.objects([head]), directory)


def collect(repository: Repository, lost_before: datetime | None) -> Sizes:
    """Pack what the branch reaches into one pack, and delete what it has not reached since the time given.

    What it does not reach is set aside in a pack of its own when that is first seen; from then on time counts.
    None deletes all of it at once. Raises Unavailable, with nothing deleted, when the repository is damaged.
    """
    with readable(repository.path):
        return _collect(repository, lost_before)


def _collect(repository: Repository, lost_before: datetime | None) -> Sizes:
    before = sum(map(_size, _all(repository)))
    living = _living(repository)
    reached = set(repository.objects([head])) if (head := repository.head) else set()
    held = {id for pack in living for id in packs.ids(pack.with_suffix(".idx"))}
    if reached and (len(living) > 1 or held != reached):
        kept = {_pack(repository, reached, repository.packs)}
        if lost_before is not None and held - reached:
            kept.add(_set_aside(repository, held - reached))
        _remove(pack for pack in living if pack not in kept)
        refs.put(repository.path, repository.ref, head)  # it named the first revision, which may be gone now
    lost = {pack: since for pack in _all(repository) if (since := _lost_since(pack))}
    _remove(pack for pack, since in lost.items() if lost_before is None or since <= lost_before)
    return Sizes(before, sum(map(_size, _all(repository))))


def _set_aside(repository: Repository, lost: set[str]) -> Path:
    aside = _pack(repository, lost, repository.packs)
    disk.write_files({packs.lost_mark(aside): b""})
    disk.sync(repository.packs)
    return aside


def _all(repository: Repository) -> list[Path]:
    return [index.with_suffix(".pack") for index in repository.packs.glob("*.idx")]


def _living(repository: Repository) -> list[Path]:
    """The packs that were not set aside."""
    return [pack for pack in _all(repository) if _lost_since(pack) is None]


def _lost_since(pack: Path) -> datetime | None:
    mark = packs.lost_mark(pack)
    return datetime.fromtimestamp(mark.stat().st_mtime, UTC) if mark.exists() else None


def _pack(repository: Repository, ids: Iterable[str], directory: Path) -> Path:
    """Write the objects as one pack, synced; returns where it is.

    libgit2 writes into a directory of its own first: it syncs nothing there, and names things as it goes.
    """
    builder = repository.builder()
    for id in sorted(ids):
        builder.add(pygit2.Oid(hex=id))
    with tempfile.TemporaryDirectory(prefix="tmp_", dir=directory) as made:
        builder.write(made)
        # The index comes last: a pack is seen by its index.
        files = sorted(Path(made).iterdir(), key=lambda path: path.suffix == ".idx")
        disk.sync(*files)
        # A pack is named by its bytes, and the same ones may have been set aside before.
        packs.lost_mark(directory / files[-1].name).unlink(missing_ok=True)
        for path in files:
            path.rename(directory / path.name)
    disk.sync(directory)
    return directory / f"{files[-1].stem}.pack"


def _remove(unwanted: Iterable[Path]) -> None:
    for pack in list(unwanted):
        # The index goes first, as it came last.
        for path in (pack.with_suffix(".idx"), pack, packs.lost_mark(pack)):
            path.unlink(missing_ok=True)


def _size(pack: Path) -> int:
    return pack.stat().st_size
