"""What ownpaste's clients ask for, in the words of core: a draft of a new paste, a change of one that is."""

from typing import Any

from gistd.api import UNNAMED, first
from gistd.core import languages
from gistd.core.drafts import Change, Draft, place
from gistd.core.gists import Plan
from gistd.index import PUBLIC, UNLISTED, File, FileNote, Gist
from gistd.store import FileChange


def draft(asked: dict[str, Any]) -> Draft:
    """A draft of what PasteIn read."""
    name, content, language = asked["file_name"], asked["file_content"], asked["language"]
    path = _path(name)
    language = languages.guess(name, content) if language is None else language
    note = FileNote(**_name_note(path, name), syntax=language)
    return Draft({path: content.encode()}, visibility=UNLISTED if asked["private"] else PUBLIC, notes={path: note})


def change(gist: Gist, asked: dict[str, Any]) -> Plan:
    """The change of the gist that PasteChangeIn read."""
    given = {name: value for name, value in asked.items() if value is not None}

    def plan(files: list[File]) -> Change:
        file = first(files)
        before = file.path if file else _path(None)
        path, note = before, FileNote()
        if "file_name" in given:
            path = _path(given["file_name"], [each.path for each in files if each is not file])
            note.update(_name_note(path, given["file_name"]))
        if "language" in given:
            note["syntax"] = given["language"]
        content = given["file_content"].encode() if "file_content" in given else None
        edit = FileChange(before, content, None if path == before else path)
        return Change([edit], visibility=_visibility(gist, given), notes={path: note} if note else {})

    return plan


def _visibility(gist: Gist, given: dict[str, Any]) -> str | None:
    """What becomes of it; what is not public already stays as it is when it is to be private."""
    if "private" not in given or given["private"] == (gist.visibility != PUBLIC):
        return None
    return UNLISTED if given["private"] else PUBLIC


def _path(name: str | None, taken: list[str] | None = None) -> str:
    return place([UNNAMED if name is None else name], taken or [])[0]


def _name_note(path: str, name: str | None) -> FileNote:
    return FileNote(label=None if name in (path, None) else name, named=name is not None)
