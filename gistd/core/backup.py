"""A copy of all that there is, as it was at one moment, while others go on writing; and the house made of it again.

First the index, at one moment; then the repositories, which may be newer by then. What they have is only added to, so
the revision that the index knows is still in them, and that is where the copy's branch is.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gistd import index
from gistd.errors import Conflict, Unavailable
from gistd.settings import Settings
from gistd.store import Missing, Store

from . import doctor, house, vaults
from .doctor import Finding
from .vaults import MANIFEST, Vault, Written

Progress = Callable[[int, int], None]


@dataclass
class Outcome:
    """How many gists are in a backup, and the bytes of their repositories; how many could not be read."""

    gists: int = 0
    size: int = 0
    unread: int = 0


def make(target: Path, progress: Progress, warn: Callable[[str], None]) -> Outcome:
    """Write a backup, or add what is new to the one that is there, and check it. The one before is good until then."""
    made_at = index.now()
    outcome = Outcome()
    with (
        vaults.opened(target) as vault,
        (vault.work / MANIFEST).open("w", encoding="utf-8") as manifest,
        index.copies.copied(vault.work) as copy,
    ):
        stamp = f"{made_at:%Y%m%dT%H%M%S%f}Z"
        head = {"gistd": version("gistd"), "made_at": made_at.isoformat(), "database": copy.file.name}
        vaults.write_line(manifest, {**head, "files": _beside(vault, stamp, copy.file)})
        before = _Before(vault.previous())
        for done, (id, revision) in enumerate(copy.gists):
            progress(done, copy.number)
            try:
                entry = _gist(vault, id, revision, before.of(id))
            except Unavailable as error:
                warn(f"{id}: {error.message}")
                outcome.unread += 1
                entry = before.of(id) or {"id": id}  # rather an older one than none
            vaults.write_line(manifest, entry)
            outcome.gists += "files" in entry
            outcome.size += sum(size for size, _ in entry.get("files", {}).values())
        vaults.write_line(manifest, {"end": outcome.gists})
        manifest.flush()
        os.fsync(manifest.fileno())
        vault.finish(stamp)
        progress(copy.number, copy.number)
    return outcome


def _beside(vault: Vault, stamp: str, copy: Path) -> dict[str, Written]:
    """Write the index, and the keys that others may not know."""
    written = {}
    for path in [copy, *house.store.secrets]:
        with path.open("rb") as file:
            written[path.name] = vault.add_beside(stamp, path.name, file)
    return written


class _Before:
    """The gists of the backup before, asked for in the order in which they are in it."""

    def __init__(self, gists: Iterator[dict[str, Any]]) -> None:
        self._gists = gists
        self._next = next(gists, None)

    def of(self, id: str) -> dict[str, Any] | None:
        while self._next and self._next["id"] < id:
            self._next = next(self._gists, None)
        return self._next if self._next and self._next["id"] == id else None


def _gist(vault: Vault, id: str, head: str | None, before: dict[str, Any] | None) -> dict[str, Any]:
    """Write what is new of a gist; returns its line of the manifest. Unavailable when it cannot be read."""
    known = {name: Written(*written) for name, written in (before or {}).get("files", {}).items()}
    try:
        with house.store.snapshot(id) as files:
            ref, head = _branch(id, head)
            written = {
                name: vault.add(f"{id[:2]}/{id}.git/{name}", file, known.get(name))
                for name, file in files.items()
                if name.startswith("objects/")
            }
    except Missing:
        if index.gists.by_id(id) is None:
            return {"id": id, "deleted": True}  # since the index was copied
        raise
    return {"id": id, "ref": ref, "head": head, "files": written}


def _branch(id: str, head: str | None) -> tuple[str, str | None]:
    """The branch of a gist, and where it was when the index was copied, if that is still there."""
    with suppress(Unavailable):
        repository = house.store.open(id)
        return repository.ref, head if head and repository.is_revision(head) else repository.head
    return "refs/heads/main", head  # damaged: what can be read of it is copied all the same


# ---------------------------------------------------------------------- back


def restore(source: Path, settings: Settings, replace: bool, progress: Progress) -> Iterator[Finding]:
    """Make a house of a backup, where the settings say that it is; nobody may serve it meanwhile. Tells what `doctor`
    found and mended in it.

    Conflict when there is something already that is not to be replaced; what is goes to lost+found.
    """
    os.umask(0o077)
    store = Store(settings.repos)
    if source.resolve().is_relative_to(store.root.resolve()):
        raise Conflict(f"the backup must not be in {store.root}, which it is to become")
    index.close()
    index.connect(settings.index_url)
    _make_room(store, replace)
    store.prepare()
    stamp = vaults.fetch(source, store.root)
    work = store.root / stamp
    deleted = list(_assemble(store, work, progress))
    head = next(vaults.lines(work / MANIFEST))
    os.sync()
    for name in head["files"]:
        if name != head["database"]:
            (work / name).rename(store.root / name)
    index.copies.restore(work / head["database"], replace)
    shutil.rmtree(work)
    index.close()
    house.open(settings)
    for id in deleted:
        if gist := index.gists.by_id(id):
            index.gists.delete(gist, lambda gist: None)
    yield from doctor.examine(repair=True, progress=progress)


def _make_room(store: Store, replace: bool) -> None:
    root = store.root
    there = sorted(path for path in root.iterdir() if path.name != "lost+found") if root.exists() else []
    if (there or index.copies.is_there()) and not replace:
        raise Conflict(
            f"there is something in {root} or in its index already; set GISTD_REPOS to an empty place, "
            "or give --replace: then it is moved to lost+found first"
        )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    store.claim()
    if there:
        aside = root / "lost+found" / f"before-{index.now():%Y%m%dT%H%M%S%f}Z"
        aside.mkdir(mode=0o700, parents=True)
        for path in there:
            path.rename(aside / path.name)


def _assemble(store: Store, work: Path, progress: Progress) -> Iterator[str]:
    """Make repositories of what was fetched, each checked; tells the gists that were deleted during the backup."""
    total = sum(1 for _ in vaults.lines(work / MANIFEST))
    for done, entry in enumerate(vaults.lines(work / MANIFEST)):
        progress(done, total)
        vaults.check(store.root, entry, work)
        if "files" in entry and "id" in entry:
            store.assemble(entry["id"], entry["ref"], entry["head"])
        elif "deleted" in entry:
            yield entry["id"]
