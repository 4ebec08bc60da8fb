"""An edit of a gist that was begun at one revision and is saved on top of another: what both changed is not lost.

Each file is looked at by itself. What only one side changed is taken over; where both did, somebody must choose.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gistd import index
from gistd.errors import Conflict, Invalid
from gistd.store import File, FileChange, blob_id, folded, shown


@dataclass(frozen=True)
class Edited:
    """A file as somebody wants to have it; `content` None stands for the bytes that it had.

    `was` is its path at the revision where the edit began, and `id` its id then; both are empty for a new file.
    """

    path: str
    content: bytes | None = None
    was: str = ""
    id: str = ""
    delete: bool = False

    @property
    def is_new(self) -> bool:
        return not self.was

    @property
    def is_touched(self) -> bool:
        return self.is_new or self.delete or self.content is not None or self.path != self.was


class Clash(Conflict):
    """Both sides changed the same files: `places` tells which of those that are edited, by their numbers."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__("somebody changed the same files meanwhile: choose below what is to stay")
        self.places = frozenset(places)


class _BothChanged(Exception):
    pass


def changes(base: Iterable[File], edited: Sequence[Edited], present: Iterable[index.File]) -> list[FileChange]:
    """What turns the files that there are now into what is wanted, when at first there was `base`.

    `base` is empty when nobody knows any more what there was: then everything counts as changed by others, too.
    Raises Clash; Invalid for two files with one name.
    """
    _refuse_same_names(edited)
    before = {file.path: file for file in base}
    theirs = {file.path: file for file in present}
    wanted: list[FileChange] = []
    clashes: list[int] = []
    for number, file in enumerate(edited):
        try:
            if file.is_new and not file.delete:
                wanted += _added(file, before, theirs, edited)
            elif file.is_touched:
                wanted += _changed(file, before.get(file.was), counterpart(file, theirs))
        except _BothChanged:
            clashes.append(number)
    if clashes:
        raise Clash(clashes)
    return wanted


def counterpart(file: Edited, theirs: Mapping[str, index.File]) -> index.File | None:
    """The file among those that there are now: by its id, else by its path. None: it was deleted."""
    return next((other for other in theirs.values() if other.id == file.id), None) or theirs.get(file.was)


def _refuse_same_names(edited: Iterable[Edited]) -> None:
    seen: dict[str, str] = {}
    for file in edited:
        key = folded(file.path)
        if not file.delete and key in seen:
            raise Invalid(f"files {shown(seen[key])} and {shown(file.path)} have the same name", path=file.path)
        if not file.delete:
            seen[key] = file.path


def _added(
    file: Edited, before: Mapping[str, File], theirs: Mapping[str, index.File], edited: Iterable[Edited]
) -> list[FileChange]:
    content = file.content or b""
    there = theirs.get(file.path)
    if there is None:
        return [FileChange(file.path, content)]
    if any(other.was == there.path and (other.delete or other.path != other.was) for other in edited):
        # It makes room in this same edit. A change is found by its path, so this one gets another until then.
        return [FileChange(f"/{file.path}", content, new_path=file.path)]
    if there.blob == blob_id(content):
        return []
    if there.path in before:
        raise Invalid(f"there is a file {shown(file.path)} already", path=file.path)
    raise _BothChanged


def _changed(file: Edited, before: File | None, theirs: index.File | None) -> list[FileChange]:
    if theirs is None:
        if file.delete:
            return []
        raise _BothChanged
    is_theirs_new = before is None or theirs.blob != before.blob
    if file.delete:
        if is_theirs_new:
            raise _BothChanged
        return [FileChange(theirs.path, delete=True)]
    content = None if file.content is None or blob_id(file.content) == theirs.blob else file.content
    path = theirs.path if file.path == file.was else file.path
    if (content is not None and is_theirs_new) or (path != theirs.path and theirs.path != file.was):
        raise _BothChanged
    return [FileChange(theirs.path, content, None if path == theirs.path else path)]
