"""Gists: what is asked of the index. Rows come with their owner, and with their topics in `topic_names`."""

import secrets
import string
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import peewee

from gistd.errors import Conflict, NotFound

from .accounts import name_key
from .connection import write
from .models import File, Gist, Like, Search, Topic, User

_IDENT_ALPHABET = string.ascii_letters + string.digits


class FileRow(NamedTuple):
    """What the index keeps of a file at the head of a gist."""

    path: str
    blob: str
    size: int
    language: str


# ---------------------------------------------------------------------- reading


def by_id(id: str) -> Gist | None:
    return _one(_rows().where(Gist.id == id))


def by_number(number: int) -> Gist | None:
    return _one(_rows().where(Gist.number == number))


def by_owner(username: str, name: str) -> Gist | None:
    """The gist of a user by its id or its slug; case counts in neither user name nor slug."""
    named = (Gist.id == name) | (Gist.slug_key == name.casefold())
    return _one(_rows().where(User.name_key == name_key(username), named))


def page(condition: Any, *, limit: int, offset: int, liked_by: User | None = None) -> list[Gist]:
    """The rows that meet the condition, last updated first."""
    query = _liked(_rows(), liked_by).where(condition)
    return _with_topics(query.order_by(Gist.updated_at.desc(), Gist.number.desc()).limit(limit).offset(offset))


def count(condition: Any, *, liked_by: User | None = None) -> int:
    return _liked(Gist.select(), liked_by).where(condition).count()


def all_ids() -> set[str]:
    query: Any = Gist.select(Gist.id).tuples()
    return {id for (id,) in query}


def files(gist: Gist) -> list[FileRow]:
    """The files at the head, by path."""
    query: Any = File.select(File.path, File.blob, File.size, File.language)
    return [FileRow(*row) for row in query.where(File.gist == gist).order_by(File.path).tuples()]


def likes(user: User, gist: Gist) -> bool:
    return Like.select().where(Like.user == user, Like.gist == gist).exists()


def _rows() -> Any:
    return Gist.select(Gist, User).join(User, peewee.JOIN.LEFT_OUTER)


def _liked(query: Any, user: User | None) -> Any:
    return query if user is None else query.switch(Gist).join(Like).where(Like.user == user)


def _one(query: Any) -> Gist | None:
    return next(iter(_with_topics(query.limit(1))), None)


def _with_topics(query: Iterable[Gist]) -> list[Gist]:
    gists = {gist.number: gist for gist in query}
    for gist in gists.values():
        gist.topic_names = []
    if gists:
        for topic in Topic.select().where(Topic.gist.in_(list(gists))).order_by(Topic.name):
            gists[topic.gist_id].topic_names.append(topic.name)
    return list(gists.values())


def found_by(term: str) -> Any:
    """The gists whose words contain the term, case ignored, as a condition. From three letters on an index helps."""
    # With an ESCAPE clause SQLite would not use its index, so there is one only where it is needed.
    pattern = Search.words.contains(term) if set(term) & set("%_\\") else Search.words ** f"%{term}%"
    return Gist.number.in_(Search.select(Search.rowid).where(pattern))


# ---------------------------------------------------------------------- writing


def add(columns: Mapping[str, Any], files: Iterable[FileRow], topics: Iterable[str], words: str) -> None:
    """Insert a gist whose repository stands already; `words` is what search finds it by.

    Conflict when its owner has another one with that slug.
    """
    try:
        with write():
            gist = Gist.create(**columns, **_slug(columns.get("slug", "")), ident=_free_ident())
            _put_files(gist, files, {})
            _put_topics(gist, topics)
            Search.insert(rowid=gist.number, words=words).execute()
            if gist.fork_of_id:
                Gist.update(fork_count=Gist.fork_count + 1).where(Gist.number == gist.fork_of_id).execute()
    except peewee.IntegrityError as error:
        raise Conflict("you have another gist with this URL") from error


def update(
    gist: Gist,
    columns: Mapping[str, Any],
    files: Iterable[FileRow],
    words: str,
    *,
    topics: Iterable[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Change the columns of a gist and its files; topics None leaves them. `renamed` (new path to old) lets
    files keep their ids.

    NotFound when the gist has been deleted meanwhile; Conflict as in `add`.
    """
    if "slug" in columns:
        columns = {**columns, **_slug(columns["slug"])}
    try:
        with write():
            if not Gist.update(**columns).where(Gist.number == gist.number).execute():
                raise NotFound("Gist not found")
            _put_files(gist, files, renamed or {})
            Search.delete().where(Search.rowid == gist.number).execute()
            Search.insert(rowid=gist.number, words=words).execute()
            if topics is not None:
                Topic.delete().where(Topic.gist == gist).execute()
                _put_topics(gist, topics)
    except peewee.IntegrityError as error:
        raise Conflict("you have another gist with this URL") from error


def delete(gist: Gist) -> None:
    """Delete a gist with all that hangs on it; its forks stay, without a parent."""
    with write():
        Search.delete().where(Search.rowid == gist.number).execute()
        if Gist.delete().where(Gist.number == gist.number).execute() and gist.fork_of_id:
            Gist.update(fork_count=Gist.fork_count - 1).where(Gist.number == gist.fork_of_id).execute()


def set_like(user: User, gist: Gist, liked: bool, at: datetime) -> None:
    """Like or unlike; doing it twice is doing it once. NotFound when the gist has been deleted meanwhile."""
    try:
        with write():
            if liked:
                Like.insert(user=user, gist=gist, created_at=at).on_conflict_ignore().execute()
            else:
                Like.delete().where(Like.user == user, Like.gist == gist).execute()
            number = Like.select().where(Like.gist == gist).count()
            Gist.update(like_count=number).where(Gist.number == gist.number).execute()
    except peewee.IntegrityError as error:
        raise NotFound("Gist not found") from error


def _slug(slug: str) -> dict[str, Any]:
    return {"slug_key": slug.casefold() or None}


def _free_ident() -> str:
    while True:
        ident = "".join(secrets.choice(_IDENT_ALPHABET) for _ in range(6))
        if not Gist.select().where(Gist.ident == ident).exists():
            return ident


def _put_files(gist: Gist, files: Iterable[FileRow], renamed: Mapping[str, str]) -> None:
    before = {row.path: row for row in File.select().where(File.gist == gist)}
    after = []
    kept = set()
    for file in files:
        row = before.get(renamed.get(file.path, file.path))
        if row and FileRow(row.path, row.blob, row.size, row.language) == file:
            kept.add(row.id)
        else:
            after.append({"id": row.id if row else uuid.uuid4().hex, "gist": gist, **file._asdict()})
    gone = [row.id for row in before.values() if row.id not in kept]
    if gone:
        File.delete().where(File.id.in_(gone)).execute()
    if after:
        File.insert_many(after).execute()


def _put_topics(gist: Gist, topics: Iterable[str]) -> None:
    rows = [{"gist": gist, "name": name} for name in sorted(set(topics))]
    if rows:
        Topic.insert_many(rows).execute()
