"""Gists: what is asked of the index. Rows come with their owner; `complete` adds what hangs on them."""

import itertools
import secrets
import string
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import peewee

from gistd.errors import Conflict, NotFound

from .accounts import name_key
from .connection import database, is_text, write
from .models import File, Gist, Like, Search, Topic, User
from .prepared import Prepared

_MERGED_PAGES = 500
_IDENT_ALPHABET = string.ascii_letters + string.digits


class FileRow(NamedTuple):
    """What the index keeps of a file at the head of a gist."""

    path: str
    blob: str
    size: int
    language: str


class Content(NamedTuple):
    """What the index keeps of the content of a gist.

    `words` is what search finds it by beside the texts of its files. `texts` are those, by path, of the files for which
    they are not what is kept already; empty when the file is no text, None when it is not to be found by it.
    """

    files: list[FileRow]
    words: str
    texts: Mapping[str, str | None]


# ---------------------------------------------------------------------- reading


def by_id(id: str) -> Gist | None:
    return _BY_ID.first(id) if is_text(id) else None


def by_owner(username: str, name: str) -> Gist | None:
    """The gist of a user by its id or its slug; case counts in neither user name nor slug."""
    return _BY_OWNER.first(name_key(username), name, slug_key(name)) if name and is_text(username + name) else None


def page(condition: Any, *, limit: int, offset: int, liked_by: User | None = None) -> list[Gist]:
    """The rows that meet the condition, last updated first."""
    query = _liked(_rows(), liked_by).where(condition)
    return list(query.order_by(Gist.updated_at.desc(), Gist.number.desc()).limit(limit).offset(offset))


def complete(gists: list[Gist], counted: Any) -> list[Gist]:
    """Give the rows their topics, and the number of those of their forks that meet the condition `counted`."""
    rows = {gist.number: gist for gist in gists}
    for gist in gists:
        gist.topic_names, gist.fork_count = [], 0
    if rows:
        for topic in Topic.select().where(Topic.gist.in_(list(rows))).order_by(Topic.name):
            rows[topic.gist_id].topic_names.append(topic.name)
        forks: Any = Gist.select(Gist.fork_of, peewee.fn.COUNT(Gist.number)).where(
            Gist.fork_of.in_(list(rows)), counted
        )
        for number, count in forks.group_by(Gist.fork_of).tuples():
            rows[number].fork_count = count
    return gists


def with_topics(gist: Gist) -> Gist:
    """Give a row its topics only."""
    gist.topic_names = [name for (name,) in _TOPICS.all(gist.number)]
    return gist


def words(gist: Gist) -> str | None:
    """What search finds the gist by, beside the texts of its files."""
    found = _WORDS.first(gist.number * Search.SLOTS)
    return None if found is None else str(found[0])


def texts(gist: Gist) -> dict[str, str]:
    """What search finds the gist by in its files, by path."""
    first = gist.number * Search.SLOTS
    kept = Search.select(Search.rowid, Search.words).where(Search.rowid.between(first + 1, first + Search.SLOTS - 1))
    paths = {row.slot: row.path for row in _FILES.all(gist.number)}
    return {paths.get(row.rowid - first, ""): row.words for row in kept}


def by_slug(owner: User | None, slug: str) -> Gist | None:
    """The gist of this owner with this slug, case ignored."""
    if not slug:
        return None
    return _rows().where(Gist.owner == owner, Gist.slug_key == slug_key(slug)).get_or_none()


def count(condition: Any, *, liked_by: User | None = None) -> int:
    return _liked(Gist.select(), liked_by).where(condition).count()


def all_ids() -> set[str]:
    query: Any = Gist.select(Gist.id).tuples()
    return {id for (id,) in query}


def ids_of(owner: User) -> list[str]:
    """The ids of a user's gists, in the order in which they were made."""
    query: Any = Gist.select(Gist.id).where(Gist.owner == owner).order_by(Gist.number).tuples()
    return [id for (id,) in query]


def census() -> dict[str, tuple[int, int]]:
    """How many gists there are of each visibility, and how many bytes the files at their heads have."""
    query: Any = Gist.select(Gist.visibility, peewee.fn.COUNT(Gist.number), peewee.fn.SUM(Gist.size))
    return {visibility: (number, int(size)) for visibility, number, size in query.group_by(Gist.visibility).tuples()}


def number_of(owners: list[User]) -> dict[int, int]:
    """How many gists each of these users has, by the id of the user; one who has none is left out."""
    query: Any = Gist.select(Gist.owner, peewee.fn.COUNT(Gist.number)).where(Gist.owner.in_(owners))
    return dict(query.group_by(Gist.owner).tuples())


def files(gist: Gist) -> list[FileRow]:
    """The files at the head, by path."""
    return sorted(FileRow(row.path, row.blob, row.size, row.language) for row in _FILES.all(gist.number))


def file_rows(gist: Gist) -> dict[str, File]:
    """The rows of the files at the head, by path."""
    return {row.path: row for row in _FILES.all(gist.number)}


def likes(user: User, gist: Gist) -> bool:
    return Like.select().where(Like.user == user, Like.gist == gist).exists()


def _rows() -> Any:
    return Gist.select(Gist, User).join(User, peewee.JOIN.LEFT_OUTER)


_BY_ID = Prepared(lambda id: _rows().where(Gist.id == id), Gist, Gist.owner)
_BY_OWNER = Prepared(
    lambda owner, id, slug: _rows().where(User.name_key == owner, (Gist.id == id) | (Gist.slug_key == slug)),
    Gist,
    Gist.owner,
)
_TOPICS = Prepared(lambda gist: Topic.select(Topic.name).where(Topic.gist == gist).order_by(Topic.name))
_FILES = Prepared(lambda gist: File.select().where(File.gist == gist), File)
_ADD_FILE = Prepared(
    lambda id, gist, slot, path, blob, size, language: File.insert(
        id=id, gist=gist, slot=slot, path=path, blob=blob, size=size, language=language
    )
)
_CHANGE_FILE = Prepared(
    lambda slot, path, blob, size, language, id: File.update(
        slot=slot, path=path, blob=blob, size=size, language=language
    ).where(File.id == id)
)
_DROP_FILE = Prepared(lambda id: File.delete().where(File.id == id))
_WORDS = Prepared(lambda row: Search.select(Search.words).where(Search.rowid == row))
_PUT_WORDS = Prepared(lambda row, words: Search.insert(rowid=row, words=words))
_FORGET_WORDS = Prepared(lambda row: Search.delete().where(Search.rowid == row))


@cache
def _updating(*names: str) -> Prepared:
    """Sets these columns of a gist; the last value is its id."""

    def query(*values: Any) -> Any:
        columns = {Gist._meta.fields[name]: peewee.Value(value) for name, value in zip(names, values, strict=False)}
        return Gist.update(columns).where(Gist.id == values[-1])

    return Prepared(query, number=len(names) + 1)


def _liked(query: Any, user: User | None) -> Any:
    return query if user is None else query.switch(Gist).join(Like).where(Like.user == user)


def found_by(term: str) -> Any:
    """The gists whose words contain the term, as a condition. From three letters on an index helps."""
    # With an ESCAPE clause SQLite would not use its index, so there is one only where it is needed.
    pattern = Search.words.contains(term) if set(term) & set("%_\\") else Search.words ** f"%{term}%"
    return Gist.number.in_(Search.select(Search.rowid / Search.SLOTS).where(pattern))


# ---------------------------------------------------------------------- writing


def add(columns: Mapping[str, Any], content: Content, topics: Iterable[str]) -> None:
    """Insert a gist whose repository stands already. Conflict when its owner has another one with that slug."""
    with _unique_slug(), write():
        gist = Gist.create(**columns, slug_key=slug_key(columns.get("slug", "")), ident=_free_ident())
        _put_files(gist, content, {}, {})
        _put_topics(gist, topics)
        _PUT_WORDS.run(gist.number * Search.SLOTS, content.words)


def update(
    gist: Gist,
    columns: Mapping[str, Any],
    content: Content,
    before: Mapping[str, File],
    *,
    topics: Iterable[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Change the columns of a gist and its files; topics None leaves them. `before` is what `file_rows` told; `renamed`
    (new path to old) lets files keep their ids.

    NotFound when the gist has been deleted meanwhile; Conflict as in `add`.
    """
    if "slug" in columns:
        columns = {**columns, "slug_key": slug_key(columns["slug"])}
    with _unique_slug(), write():
        values = [Gist._meta.fields[name].db_value(value) for name, value in columns.items()]
        if not _updating(*columns).run(*values, gist.id):
            raise NotFound("Gist not found")
        _put_files(gist, content, before, renamed or {})
        if words(gist) != content.words:
            _put_words(gist, 0, content.words)
        if topics is not None:
            Topic.delete().where(Topic.gist == gist).execute()
            _put_topics(gist, topics)


def set_columns(gist: Gist, columns: Mapping[str, Any]) -> None:
    """Change columns of a gist that say nothing about its files, and nothing that search finds it by."""
    values = [Gist._meta.fields[name].db_value(value) for name, value in columns.items()]
    with write():
        _updating(*columns).run(*values, gist.id)


def delete(gist: Gist) -> None:
    """Delete a gist with all that hangs on it; its forks stay, without a parent."""
    with write():
        if Gist.delete().where(Gist.id == gist.id).execute():
            _forget_all_words(gist)


def forget_words(gist: Gist) -> None:
    """Let search not find the gist any more, until it is written anew."""
    with write():
        _forget_all_words(gist)
        File.update(slot=None).where(File.gist == gist).execute()


def _forget_all_words(gist: Gist) -> None:
    first = gist.number * Search.SLOTS
    Search.delete().where(Search.rowid.between(first, first + Search.SLOTS - 1)).execute()


def merge_words() -> None:
    """Let the search index forget what was deleted from it; a little at a time, so that writers get in between.

    SQLite's deletes by noting that something is gone (FTS5, the `merge` command); others do not need this.
    """
    if not isinstance(database.obj, peewee.SqliteDatabase):
        return
    pages, changed = -_MERGED_PAGES, 2
    while changed >= 2:
        with write():
            before = _changes()
            database.execute_sql("INSERT INTO search(search, rank) VALUES ('merge', ?)", [pages])
            changed = _changes() - before
        pages = _MERGED_PAGES


def _changes() -> int:
    return int(database.execute_sql("SELECT total_changes()").fetchone()[0])


def set_like(user: User, gist: Gist, liked: bool, at: datetime) -> None:
    """Like or unlike; doing it twice is doing it once. NotFound when the gist has been deleted meanwhile."""
    with write():
        # First of all the row that is counted on, so that two at once wait for each other.
        if not Gist.update(like_count=Gist.like_count).where(Gist.id == gist.id).execute():
            raise NotFound("Gist not found")
        if liked:
            Like.insert(user=user, gist=gist, created_at=at).on_conflict_ignore().execute()
        else:
            Like.delete().where(Like.user == user, Like.gist == gist).execute()
        number = Like.select().where(Like.gist == gist).count()
        Gist.update(like_count=number).where(Gist.id == gist.id).execute()


def slug_key(slug: str) -> str | None:
    """The form in which a slug is unique, case ignored; None for none."""
    return slug.lower() or None


@contextmanager
def _unique_slug() -> Iterator[None]:
    try:
        yield
    except peewee.IntegrityError as error:
        if "slug_key" not in str(error):
            raise
        raise Conflict("you have another gist with this URL") from error


def _free_ident() -> str:
    while True:
        ident = "".join(secrets.choice(_IDENT_ALPHABET) for _ in range(6))
        if not Gist.select().where(Gist.ident == ident).exists():
            return ident


def _put_files(gist: Gist, content: Content, before: Mapping[str, File], renamed: Mapping[str, str]) -> None:
    was = {file.path: renamed.get(file.path, file.path) for file in content.files}
    kept = {path: before[name] for path, name in was.items() if name in before}
    staying = {row.id for row in kept.values()}
    for old in before.values():
        if old.id not in staying:
            _put_text(gist, old.slot, None, itertools.count())
        if old.id not in staying or old.path in renamed.values():  # what is renamed gives up its old path first
            _DROP_FILE.run(old.id)
    slots = itertools.count(1 + max((old.slot or 0 for old in before.values()), default=0))
    for file in content.files:
        row = kept.get(file.path)
        slot = None if row is None else row.slot
        if file.path in content.texts:
            slot = _put_text(gist, slot, content.texts[file.path], slots)
        if row is None or row.path in renamed.values():
            _ADD_FILE.run(row.id if row else uuid.uuid4().hex, gist.number, slot, *file)
        elif (row.slot, row.path, row.blob, row.size, row.language) != (slot, *file):
            _CHANGE_FILE.run(slot, *file, row.id)


def _put_text(gist: Gist, slot: int | None, text: str | None, slots: Iterator[int]) -> int | None:
    """Let a file be found by this text; returns the slot that has it."""
    if not text:
        if slot:
            _FORGET_WORDS.run(_search_row(gist, slot))
        return None if text is None else 0
    slot = slot or next(slots)
    _put_words(gist, slot, text)
    return slot


def _put_words(gist: Gist, slot: int, words: str) -> None:
    row = _search_row(gist, slot)
    _FORGET_WORDS.run(row)
    _PUT_WORDS.run(row, words)


def _search_row(gist: Gist, slot: int) -> int:
    return gist.number * Search.SLOTS + slot


def _put_topics(gist: Gist, topics: Iterable[str]) -> None:
    rows = [{"gist": gist, "name": name} for name in sorted(set(topics))]
    if rows:
        Topic.insert_many(rows).execute()
