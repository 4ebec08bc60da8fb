"""What the index keeps of the content of repositories: written beside it, held against it, brought up to date.

A row may lag behind its repository after a crash, never the other way round.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.index import NO_NOTES, Content, FileNote, FileRow, Gist
from gistd.index import File as FileRecord
from gistd.store import File, Missing, Repository

from . import access, events, house, languages, search
from .drafts import arranged, made_up_title


def complete(gist: Gist) -> Gist:
    """Give a row its topics and the number of its forks.

    Only after the question whether the actor may see it: what is hidden must not take longer than what is not.
    """
    return index.gists.complete([gist], access.public)[0]


@contextmanager
def present(gist: Gist) -> Iterator[None]:
    """A repository that is missing is NotFound when the gist has just been deleted, and a fault when not."""
    try:
        yield
    except Missing:
        if index.gists.by_id(gist.id) is None:
            raise NotFound("Gist not found") from None
        raise


def files(gist: Gist, repository: Repository, revision: str) -> list[File]:
    """The files of a revision in the order that somebody put them in, else in git's."""
    found = {file.path: file for file in repository.files(revision)}
    return [found[path] for path in arranged(found, gist.file_order)] if gist.file_order else list(found.values())


def row(id: str) -> Gist | None:
    """A gist for the operator, whoever may see it."""
    found = index.gists.by_id(id)
    return None if found is None else complete(found)


def keep_branch(gist: Gist, repository: Repository) -> None:
    """Move the branch back to where the index knows that it was, if a damaged disk has lost that. A row never leads its
    repository otherwise. The caller holds the lock.

    Raises Unavailable when the repository has no revision any more.
    """
    if gist.head is not None and repository.is_behind(gist.head):
        repository.move_head(repository.head, gist.head)
    if gist.head is not None and repository.head is None:
        raise Unavailable(
            "the repository of this gist has lost its branch; its operator can find out more with `gistd doctor`"
        )


class Kept(NamedTuple):
    """What the index keeps of the files of a gist, by path; and what search finds it by, by slot."""

    files: Mapping[str, FileRecord]
    words: Mapping[int, str]


def kept(gists: Sequence[Gist]) -> dict[int, Kept]:
    """What the index keeps of several gists, by their numbers."""
    files, words = index.files.many(gists), index.words.kept(gists)
    return {gist.number: Kept(files[gist.number], words[gist.number]) for gist in gists}


def outdated(gist: Gist, repository: Repository, kept: Kept) -> list[str]:
    """What of that is not what the repository tells, in words."""
    files = _files(repository)
    rows = _rows(files, kept.files, {}, NO_NOTES)
    there, had = {row.path: row for row in rows}, kept.files
    cached = _cached(repository.head, rows)
    paths = {file.slot: path for path, file in had.items() if file.slot}
    texts = {paths.get(slot, ""): words for slot, words in kept.words.items() if slot}
    both = [(there[path], had[path]) for path in there.keys() & had.keys()]
    differs = {
        "head": gist.head != cached["head"],
        "files": there.keys() != had.keys() or any(new.blob != old.blob for new, old in both),
        "sizes": (gist.file_count, gist.size) != (cached["file_count"], cached["size"])
        or any(new.size != old.size for new, old in both),
        "languages": any(new.language != old.language for new, old in both),
        "words": kept.words.get(0) != _words(gist, files),
        "texts": texts != _found_by(repository, files),
    }
    return [name for name, is_so in differs.items() if is_so]


def _words(gist: Gist, files: list[File]) -> str:
    return search.words({"title": gist.title, "description": gist.description}, gist.topic_names, files)


def _found_by(repository: Repository, files: list[File]) -> dict[str, str]:
    """The texts that search should find the files by."""
    fit = search.fitting(files)
    texts = {file.path: _text(repository, file) for file in files if file.path in fit}
    return {path: words for path, words in texts.items() if words}


def _text(repository: Repository, file: File) -> str:
    """What a file is found by; one that is damaged, by nothing."""
    with suppress(Unavailable):
        return search.text_of(repository.read(file.blob))
    return ""


def catch_up(gist: Gist) -> Gist:
    """Bring the index up to date with a repository that is ahead of it, as a crash between the two leaves it."""
    with house.store.lock(gist.id) as repository:  # whoever held it may have done the same
        gist = reload(gist.id)
        keep_branch(gist, repository)
        if outdated(gist, repository, kept([gist])[gist.number]):
            bring_up(gist, repository)
    return reload(gist.id)


def bring_up(gist: Gist, repository: Repository) -> None:
    """Write all anew that the index keeps of the content. The caller holds the lock."""
    index.words.forget(gist)
    record(gist, repository, {"updated_at": gist.updated_at} if repository.head == gist.head else {})


def record(
    gist: Gist,
    repository: Repository,
    columns: Mapping[str, Any],
    *,
    topics: Sequence[str] | None = None,
    renamed: Mapping[str, str] | None = None,
    notes: Mapping[str, FileNote] = NO_NOTES,
) -> None:
    """Write the columns to the index, with all that it keeps of the content, and what is said of the files."""
    files = _files(repository)
    renamed = renamed or {}
    before = index.files.of(gist)
    rows = _rows(files, before, renamed, notes)
    columns = {"updated_at": index.now(), **_cached(repository.head, rows), **columns}
    if columns.get("titled") is False:
        columns["title"] = made_up_title(file.path for file in files)
    named = gist.topic_names if topics is None else sorted(set(topics))
    words = search.words({"title": gist.title, "description": gist.description, **columns}, named, files)
    content = Content(rows, words, _texts(repository, files, before, renamed), notes)
    with events.told() as tell:
        index.gists.update(gist, columns, content, before, tell.updated(before), topics=topics, renamed=renamed)


def _texts(
    repository: Repository, files: list[File], before: Mapping[str, FileRecord], renamed: Mapping[str, str]
) -> dict[str, str | None]:
    """What the files are found by, of those for which it is another thing than before; None: not any more."""
    fit = search.fitting(files)
    texts: dict[str, str | None] = {}
    for file in files:
        row = before.get(renamed.get(file.path, file.path))
        if file.path not in fit:
            texts[file.path] = None
        elif row is None or row.slot is None or row.blob != file.blob:
            texts[file.path] = _text(repository, file)
    return texts


def add(
    id: str,
    repository: Repository,
    columns: Mapping[str, Any],
    topics: Iterable[str],
    notes: Mapping[str, FileNote] = NO_NOTES,
) -> Gist:
    """Insert the row of a gist whose repository stands already: from now on it is there for everybody."""
    at = index.now()
    topics = sorted(set(topics))
    files = _files(repository)
    rows = _rows(files, {}, {}, notes)
    identity = {"id": id, "sha": hashlib.sha1(id.encode(), usedforsecurity=False).hexdigest()}
    cached = _cached(repository.head, rows)
    content = Content(rows, search.words(columns, topics, files), _texts(repository, files, {}, {}), notes)
    columns = {**identity, "created_at": at, "updated_at": at, **cached, **columns}
    with events.told() as tell:
        return index.gists.add(columns, content, topics, tell.created)


def _files(repository: Repository) -> list[File]:
    head = repository.head
    return repository.files(head) if head else []


def _cached(head: str | None, files: list[FileRow]) -> dict[str, Any]:
    return {"head": head, "file_count": len(files), "size": sum(file.size for file in files)}


def _rows(
    files: list[File],
    before: Mapping[str, FileRecord],
    renamed: Mapping[str, str],
    notes: Mapping[str, FileNote],
) -> list[FileRow]:
    rows = []
    for file in files:
        row = before.get(renamed.get(file.path, file.path))
        chosen = notes.get(file.path, {}).get("syntax", row.syntax if row else None)
        rows.append(FileRow(file.path, file.blob, file.size, languages.spoken(file.path, chosen)))
    return rows


def reload(id: str) -> Gist:
    """A gist as it is now, for whoever has just written it. Raises NotFound."""
    gist = index.gists.by_id(id)
    if gist is None:
        raise NotFound("Gist not found")
    return complete(gist)
