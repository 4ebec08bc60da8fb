"""What sourcehut's clients ask for, in the words of core: a draft of a new paste."""

from typing import Any

from gistd.api import made_up
from gistd.core.drafts import Draft, place
from gistd.index import FileNote


def draft(visibility: str, files: list[dict[str, Any]]) -> Draft:
    """A draft of files, each with its `contents` and a `filename`: a label, which may be none, or the same twice."""
    given = [file["filename"] for file in files]
    names: list[str] = []
    for number, name in enumerate(given, 1):
        names.append(made_up(number, {*given, *names}) if name is None else name)
    paths = place(names)
    notes = {
        path: FileNote(label=None if path == name else name, named=label is not None, encoding="text")
        for path, name, label in zip(paths, names, given, strict=True)
    }
    contents = {path: file["contents"].encode() for path, file in zip(paths, files, strict=True)}
    return Draft(files=contents, visibility=visibility, order=paths, notes=notes)
