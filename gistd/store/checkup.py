"""Whether a repository is as it was written: each file of it, each object, and all that its branch needs.

It trusts nothing: the checksums of packs and of their indexes are computed, every object is inflated and named anew.
"""

import gc
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from gistd.errors import GistdError, Unavailable

from . import disk, packs, refs
from .repository import Repository
from .rules import Limits, PushLimits, shown
from .unpack import Unpacked

MOST_TOLD = 20
"""How many damaged objects of one gist are told by name."""

_CHUNK = 1024 * 1024
_NO_LIMIT = 1 << 62
_LOOSE = "objects/[0-9a-f][0-9a-f]/" + 38 * "[0-9a-f]"


def problems(path: Path, head: str | None) -> list[str]:
    """What is wrong, a line each; empty when all is well. `head` is the newest revision that the index knows."""
    found = refs.read(path)
    loose, wrong = _check_loose(path)
    if wrong:
        return [*found.wrong, *wrong]  # and no further: libgit2 never returns from one that is cut off
    wrong = [*found.wrong, *_check_packs(path)]
    try:
        repository = Repository(path)
        repository.open()
        good = loose | _readable(repository)
        wrong += _check_reached(repository, found.head, good)
        if not found.wrong and head is not None and (found.head is None or repository.is_behind(head)):
            wrong.append("the branch is missing, or behind what the index knows")
    except Unavailable as error:
        return wrong or [f"the repository cannot be opened ({error.__cause__ or error})"]
    if found.packed and found.packed != found.head and found.packed not in good:
        wrong.append("packed-refs names a revision that is not there")
    return wrong


def mend(path: Path, head: str | None) -> None:
    """Put right what can be told for certain; the caller holds the lock. `head` is the newest revision that the index
    knows, for a branch that cannot be read any more."""
    forget()
    for file in _damaged_loose(path):
        file.rename(file.with_suffix(".damaged"))
    for pack in sorted(path.glob("objects/pack/*.pack")):
        if _wrong_index(pack) and not _wrong(pack):
            with suppress(GistdError, OSError):
                _index_anew(pack)
    found = refs.read(path)
    names = [found.ref] if found.ref else refs.branches(path)
    if len(names) == 1 and problems(path, head):
        _mend_branch(path, names[0], found.head, head)
    forget()


def forget() -> None:
    """Let go of all packs. libgit2 keeps one open, by its name, as long as there is any repository that has read it,
    and pygit2's are garbage that is collected some time."""
    gc.collect()


def _mend_branch(path: Path, ref: str, told: str | None, known: str | None) -> None:
    """Let the branch be what its files tell, or what the index knows if that is newer, or all that can be told."""
    told = told or refs.loose(path, ref)
    refs.put(path, ref, None)  # without HEAD there is no repository to open
    with suppress(Unavailable):
        repository = Repository(path)
        there = [id for id in (told, known) if id and repository.is_revision(id)]
        if len(there) == 2 and not repository.leads_to(there[1], [there[0]]):
            there.pop()
        if there:
            refs.put(path, ref, there[-1])
            (path / ref).unlink(missing_ok=True)  # it would count more


# ---------------------------------------------------------------------- files


def _check_packs(path: Path) -> Iterator[str]:
    indexes = sorted(path.glob("objects/pack/*.idx"))
    for pack in [index.with_suffix(".pack") for index in indexes]:
        for file, wrong in ((pack, _wrong(pack)), (pack.with_suffix(".idx"), _wrong_index(pack))):
            if wrong:
                yield f"{file.relative_to(path)} {wrong}"


def _wrong_index(pack: Path) -> str | None:
    """What is wrong with the index of a pack, if anything."""
    index = pack.with_suffix(".idx")
    if wrong := _wrong(index):
        return wrong
    with suppress(OSError), pack.open("rb") as file, index.open("rb") as told:
        file.seek(-20, 2)
        told.seek(-40, 2)
        return None if told.read(20) == file.read() else "belongs to another pack"
    return None


def _wrong(file: Path) -> str | None:
    """What is wrong with a file that ends in the checksum of what comes before, if anything."""
    digest = hashlib.sha1(usedforsecurity=False)
    try:
        left = file.stat().st_size - digest.digest_size
        with file.open("rb") as source:
            while left > 0 and (chunk := source.read(min(left, _CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
            return None if source.read() == digest.digest() else "is damaged"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _check_loose(path: Path) -> tuple[set[str], list[str]]:
    """The ids of the loose objects that are whole, and a line for each that is not.

    gistd makes none, but somebody who pushes past it does.
    """
    damaged = set(_damaged_loose(path))
    whole = {file.parent.name + file.name for file in path.glob(_LOOSE) if file not in damaged}
    return whole, [f"{file.relative_to(path)} is damaged" for file in sorted(damaged)]


def _damaged_loose(path: Path) -> list[Path]:
    return [file for file in sorted(path.glob(_LOOSE)) if not _is_whole(file)]


def _is_whole(file: Path) -> bool:
    with suppress(OSError, zlib.error):
        content = zlib.decompress(file.read_bytes())
        return hashlib.sha1(content, usedforsecurity=False).hexdigest() == file.parent.name + file.name
    return False


def _index_anew(pack: Path) -> None:
    limits = PushLimits(
        revision=Limits(file_bytes=_NO_LIMIT, gist_bytes=_NO_LIMIT, files=_NO_LIMIT),
        pack_bytes=_NO_LIMIT,
        unpacked_bytes=_NO_LIMIT,
        memory_bytes=_NO_LIMIT,
        objects=_NO_LIMIT,
        commits=_NO_LIMIT,
        commit_bytes=_NO_LIMIT,
    )
    index = Unpacked(bytearray(pack.read_bytes()), limits, lambda id: None).index()
    disk.place_files(pack.parent, {pack.with_suffix(".idx").name: index})
    disk.sync(pack.parent)


# ---------------------------------------------------------------------- objects


def _readable(repository: Repository) -> set[str]:
    """The ids of the objects in packs that inflate to what they are called."""
    good = set()
    for index in repository.packs.glob("*.idx"):
        with suppress(OSError, ValueError):
            for id in packs.ids(index):
                with suppress(Unavailable):
                    repository.content(id)  # libgit2 names what it has read, and refuses what has another name
                    good.add(id)
    return good


def _check_reached(repository: Repository, head: str | None, good: set[str]) -> list[str]:
    """What the branch needs and is not among the objects that are good, by the names that people know."""
    if head is None:
        return []
    with suppress(Unavailable):
        if good.issuperset(repository.objects([head])):
            return []
    told = list(islice(_missing(repository, head, good), MOST_TOLD + 1))
    return [*told[:MOST_TOLD], "and more"] if len(told) > MOST_TOLD else told


def _missing(repository: Repository, head: str, good: set[str]) -> Iterator[str]:
    seen, todo = {head}, [head]
    while todo:
        revision = todo.pop()
        if revision not in good:
            yield f"revision {revision} is damaged or missing"
            continue
        where = "" if revision == head else f" of revision {revision}"
        tree, parents = repository.links(revision)
        for id, what in _parts(repository, tree, "", good, seen):
            yield f"{what}{where} is damaged or missing (object {id})"
        todo += [parent for parent in parents if parent not in seen]
        seen.update(parents)


def _parts(repository: Repository, tree: str, folder: str, good: set[str], seen: set[str]) -> Iterator[tuple[str, str]]:
    """What of a tree is not good, each object once: its id, and what it is."""
    if tree in seen:
        return
    seen.add(tree)
    if tree not in good:
        yield tree, f"folder {shown(folder)}" if folder else "the list of files"
        return
    for name, id, is_folder in repository.entries(tree):
        if is_folder:
            yield from _parts(repository, id, f"{folder}{name}/", good, seen)
        elif id not in seen:
            seen.add(id)
            if id not in good:
                yield id, f"file {shown(folder + name)}"
