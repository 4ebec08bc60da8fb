"""What paste.gg's clients ask for, in the words of core: a draft of a new paste, a change of one that is."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from gistd.api import made_up, name_of
from gistd.core import languages
from gistd.core.access import Actor
from gistd.core.drafts import KEEP, Change, Draft, place
from gistd.core.gists import Plan
from gistd.index import PRIVATE, File, FileNote, now
from gistd.store import FileChange

from .answers import Refused
from .content import Unpacker, encoding_of

DUPLICATE = "duplicate file name"


class MissingFile(Refused):
    """There is no such file in the paste. Said of a file in a URL, that is a 404; of one in a body, a 400."""

    def __init__(self, status: int = 404) -> None:
        super().__init__("missing_file", status=status)


class NothingLeft(Refused):
    """The paste would have no files any more."""

    def __init__(self) -> None:
        super().__init__("bad_json", "a paste needs at least one file")


def draft(actor: Actor, asked: dict[str, Any]) -> Draft:
    """A draft of what PasteIn read. Raises Refused for the first rule it breaks, in the original's order."""
    files = _unpacked(asked["files"])
    _refuse_empty_names(files)
    if actor.user is None and asked["visibility"] == PRIVATE:
        raise Refused("bad_json", "cannot make anonymous private pastes")
    if not files:
        raise Refused("bad_json", "you must upload at least one file")
    if asked["expires"] is not None and asked["expires"] < now():
        raise Refused("bad_json", "paste expiry date cannot be in the past")
    names = [made_up(number) if file["name"] is None else file["name"] for number, file in enumerate(files, 1)]
    if len(set(names)) < len(names):
        raise Refused("bad_json", "duplicate file names are not allowed")
    _refuse_empty_contents(files)
    paths = place(names)
    return Draft(
        files={path: file["bytes"] for path, file in zip(paths, files, strict=True)},
        title=asked["name"] or "",
        description=asked["description"] or "",
        visibility=asked["visibility"],
        expires_at=asked["expires"],
        notes={path: _note(path, name, file) for path, name, file in zip(paths, names, files, strict=True)},
        long_words=True,
    )


def _unpacked(files: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The files with their `bytes`, those that bring any. Raises Refused."""
    unpack = Unpacker()
    return [{**file, "bytes": unpack(file["content"])} if file.get("content") else file for file in files]


def _refuse_empty_contents(files: Iterable[dict[str, Any]]) -> None:
    if not all(file["bytes"] for file in files):
        raise Refused("bad_json", "file content must not be empty")


def _refuse_empty_names(files: Iterable[dict[str, Any]]) -> None:
    if any(file.get("name") == "" for file in files):
        raise Refused("invalid_file", "names cannot be empty (for no name, omit the name field)")


def _note(path: str, name: str, file: dict[str, Any]) -> FileNote:
    """What is said of a new file."""
    language = file.get("highlight_language") or _misplaced_language(file["content"])
    return FileNote(
        **_name_note(path, name, file.get("name") is not None),
        syntax=language,
        encoding=encoding_of(file["content"]["format"]),
    )


def _name_note(path: str, name: str, named: bool) -> FileNote:
    return FileNote(label=None if path == name else name, named=named)


def paste_change(asked: dict[str, Any]) -> Change:
    """A change of what PasteChangeIn read. A moment that has gone by is one second from now."""
    expires = asked.get("expires", KEEP)
    if expires not in (KEEP, None):
        expires = max(expires, now() + timedelta(seconds=1))
    described = "description" in asked
    return Change(
        title=asked.get("name") or None,
        untitled="name" in asked and not asked["name"],
        description=(asked["description"] or "") if described else None,
        visibility=asked.get("visibility"),
        expires_at=expires,
        long_words=True,
    )


# ---------------------------------------------------------------------- files


def new_file(asked: dict[str, Any]) -> Plan:
    """Adds one file, by the rules of new pastes."""
    files = _unpacked([asked])
    _refuse_empty_names(files)
    _refuse_empty_contents(files)
    return lambda present: _Edit(present, files).change()


def file_changes(asked: list[dict[str, Any]]) -> Plan:
    """Changes, adds and deletes files as an array of FileChangeIn says."""
    files = _unpacked(asked)
    _refuse_empty_names(files)
    return lambda present: _Edit(present, files).change()


def one_file(file_id: str, asked: dict[str, Any]) -> Plan:
    """Changes or deletes the one file as FileChangeIn says."""
    if asked.get("id", file_id) != file_id:
        raise Refused("invalid_file", "IDs must match")
    plan = file_changes([{**asked, "id": file_id}])

    def checked(files: list[File]) -> Change:
        if all(file.id != file_id for file in files):
            raise MissingFile
        return plan(files)

    return checked


class _Edit:
    """What becomes of the files that a paste has, of those that are asked for with their `bytes`."""

    def __init__(self, files: list[File], asked: list[dict[str, Any]]) -> None:
        self._files = {file.id: file for file in files}
        self._asked = asked
        self._names = {name_of(file) for file in files}

    def change(self) -> Change:
        """All of it as one change, once every element has been checked. Raises Refused."""
        for element in self._asked:
            self._check(element)
        changed, new = self._sorted()
        if not new and all(changed.get(file, {}).get("content", "") is None for file in self._files):
            raise NothingLeft
        changes, notes = self._changed(changed)
        taken = {file.path for file in self._files.values()} | set(notes)
        names: list[str] = []
        for number, element in enumerate(new, len(self._files) + 1):
            names.append(element.get("name") or made_up(number, self._names | set(names)))
        for path, name, element in zip(place(names, taken), names, new, strict=True):
            changes.append(FileChange(path, content=element["bytes"]))
            notes[path] = _note(path, name, element)
        return Change(files=changes, notes=notes, message="update paste")

    def _check(self, element: dict[str, Any]) -> None:
        if "id" in element and element["id"] not in self._files:
            raise MissingFile(400)
        if element.get("name") in self._names:
            raise Refused("invalid_file", DUPLICATE)
        if "id" not in element and element.get("content") is None:
            raise Refused("invalid_file", "new files must have content")

    def _sorted(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """What is asked of each file that is there, by its id, and the new files; in the order in which paste.gg
        applies them: words, contents, deletions."""

        def rank(element: dict[str, Any]) -> int:
            return 0 if "content" not in element else 1 if element["content"] is not None else 2

        changed: dict[str, dict[str, Any]] = {}
        for element in sorted(self._asked, key=rank):
            if "id" in element:
                changed[element["id"]] = {**changed.get(element["id"], {}), **element}
        return changed, [element for element in self._asked if "id" not in element]

    def _changed(self, changed: dict[str, dict[str, Any]]) -> tuple[list[FileChange], dict[str, FileNote]]:
        """The changes of files that are there, and what is said of them by the paths that they get."""
        kept = {file_id: element for file_id, element in changed.items() if element.get("content", "") is not None}
        changes = [FileChange(self._files[file_id].path, delete=True) for file_id in changed.keys() - kept.keys()]
        names = {file_id: self._new_name(file_id, element) for file_id, element in kept.items() if "name" in element}
        staying = [file.path for file_id, file in self._files.items() if file_id not in names]
        paths = dict(zip(names, place(names.values(), staying), strict=True))
        notes: dict[str, FileNote] = {}
        for file_id, element in kept.items():
            before = self._files[file_id].path
            path = paths.get(file_id, before)
            changes.append(FileChange(before, element.get("bytes"), None if path == before else path))
            note = notes[path] = FileNote()
            if file_id in names:
                note.update(_name_note(path, names[file_id], element["name"] is not None))
            if "highlight_language" in element:
                note["syntax"] = element["highlight_language"]
            if "bytes" in element:
                note["encoding"] = encoding_of(element["content"]["format"])
        return changes, notes

    def _new_name(self, file_id: str, element: dict[str, Any]) -> str:
        number = 1 + list(self._files).index(file_id)
        return element["name"] if element["name"] is not None else made_up(number, self._names)


def _misplaced_language(content: dict[str, Any]) -> str | None:
    """The language that clients name inside of the content, as the original's document has it by mistake."""
    word = content.get("highlight_language")
    return languages.from_highlight(word) if isinstance(word, str) else None


def find(files: Iterable[File], file_id: str) -> File:
    """Raises MissingFile."""
    for file in files:
        if file.id == file_id:
            return file
    raise MissingFile
