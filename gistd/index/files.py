"""The files of a gist: what of them is a cache of git, and what was said of them that git cannot hold."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypedDict

from peewee import Value

from . import words
from .models import File, Gist
from .prepared import Prepared, insert


class FileRow(NamedTuple):
    """What the index keeps of a file at the head of a gist that it could tell from the repository again."""

    path: str
    blob: str
    size: int
    language: str


class FileNote(TypedDict, total=False):
    """What somebody says of a file beside its path and its bytes, by the names of the columns; what is absent stays."""

    label: str | None
    named: bool
    syntax: str | None
    encoding: str | None


NO_NOTES: Mapping[str, FileNote] = MappingProxyType({})
_UNSAID = FileNote(label=None, named=True, syntax=None, encoding=None)


class Content(NamedTuple):
    """What the index keeps of the content of a gist.

    `words` is what search finds it by beside the texts of its files. `texts` are those, by path, of the files for which
    they are not what is kept already; empty when the file is no text, None when it is not to be found by it. `notes` is
    what is said of the files now, by path.
    """

    files: list[FileRow]
    words: str
    texts: Mapping[str, str | None]
    notes: Mapping[str, FileNote] = NO_NOTES


def of(gist: Gist) -> dict[str, File]:
    """The files at the head, by path."""
    return {file.path: file for file in _FILES.all(gist.number)}


def many(gists: Sequence[Gist]) -> dict[int, dict[str, File]]:
    """As `of`, for several gists, by their numbers."""
    found: dict[int, dict[str, File]] = {gist.number: {} for gist in gists}
    for file in File.select().where(File.gist.in_(list(found))):
        found[file.gist_id][file.path] = file
    return found


def note(file: File) -> FileNote:
    """All that was said of a file."""
    return FileNote(label=file.label, named=file.named, syntax=file.syntax, encoding=file.encoding)


def put(gist: Gist, content: Content, before: Mapping[str, File], renamed: Mapping[str, str]) -> dict[int, str]:
    """Let these be the files of a gist, all of them, in the caller's transaction; `before` is what `of` told. Returns
    the texts that the gist is to be found by, too, with their slots.

    A file that stays under its path keeps its id and what was said of it; so does one that was `renamed` (new path to
    old), but for its name.
    """
    was = {row.path: renamed.get(row.path, row.path) for row in content.files}
    kept = {path: before[name] for path, name in was.items() if name in before}
    staying = {file.id for file in kept.values()}
    for old in before.values():
        if old.id not in staying:
            words.put_text(gist, old.slot, None, itertools.count())
        if old.id not in staying or old.path in renamed.values():  # what is renamed gives up its old path first
            _DROP.run(old.id)
    slots = itertools.count(1 + max((old.slot or 0 for old in before.values()), default=0))
    new: list[tuple[Any, ...]] = []
    texts: dict[int, str] = {}
    for row in content.files:
        file = kept.get(row.path)
        had = slot = None if file is None else file.slot
        if row.path in content.texts:
            text = content.texts[row.path]
            slot = words.put_text(gist, had, text, slots)
            if text and slot and not had:
                texts[slot] = text
        said = _carried(file, row) | content.notes.get(row.path, {})
        values = (*row, slot, *said.values())  # all of them, in the order of _UNSAID
        if file is None or file.path in renamed.values():
            new.append((file.id if file else uuid.uuid4().hex, gist.number, *values))
        elif values != _values(file):
            _CHANGE.run(*values, file.id)
    insert(File, new)
    return texts


def _carried(file: File | None, row: FileRow) -> FileNote:
    """What still holds of what was said: a label is gone with another path, an encoding with other bytes."""
    said = note(file) if file else _UNSAID
    if file and file.path != row.path:
        said = said | FileNote(label=None, named=True)
    if file and file.blob != row.blob:
        said = said | FileNote(encoding=None)
    return said


_COLUMNS = (*FileRow._fields, "slot", *_UNSAID)


def _values(file: File) -> tuple[Any, ...]:
    return tuple(getattr(file, name) for name in _COLUMNS)


def _columns(places: tuple[Any, ...]) -> dict[str, Any]:
    # As they are: a field would make another value of the number of a place.
    return {name: Value(place) for name, place in zip(_COLUMNS, places, strict=True)}


_FILES = Prepared(lambda gist: File.select().where(File.gist == gist), File)
_CHANGE = Prepared(
    lambda *places: File.update(**_columns(places[:-1])).where(File.id == places[-1]),
    number=len(_COLUMNS) + 1,
)
_DROP = Prepared(lambda id: File.delete().where(File.id == id))
