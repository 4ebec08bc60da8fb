"""Gists: what is asked of the index. Rows come with their owner; `complete` adds what hangs on them."""

import re
import secrets
import string
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from typing import Any

import peewee

from gistd.errors import Conflict, NotFound

from . import files, tallies, words
from .accounts import name_key
from .connection import is_text
from .files import Content
from .models import PUBLIC, Facet, File, Gist, Like, Topic, User, now
from .prepared import Prepared, insert
from .streams import Part, counted
from .writing import write

_LETTERS = string.ascii_letters + string.digits

Tell = Callable[[Gist], None]
"""Writes down, in the same transaction, who is to be told of a write."""


# ---------------------------------------------------------------------- reading


def by_id(id: str) -> Gist | None:
    return _BY_ID.first(id) if is_text(id) else None


def by_owner(username: str, name: str) -> Gist | None:
    """The gist of a user by its id or its slug; case counts in neither user name nor slug."""
    return _BY_OWNER.first(name_key(username), name, slug_key(name)) if name and is_text(username + name) else None


def by_number(number: int) -> Gist | None:
    return _rows().where(Gist.number == number).get_or_none() if 0 < number < 2**63 else None


def by_ident(ident: str) -> Gist | None:
    return _rows().where(Gist.ident == ident).get_or_none() if is_text(ident) else None


def by_sha(sha: str) -> Gist | None:
    return _rows().where(Gist.sha == sha).get_or_none() if is_text(sha) else None


def by_private_id(private_id: str) -> Gist | None:
    return _rows().where(Gist.private_id == private_id).get_or_none() if is_text(private_id) else None


def holding(blob: str, condition: Any, after: int) -> Gist | None:
    """The first gist after the one with that number that meets the condition and has this blob at its head."""
    if not is_text(blob):
        return None
    held = _rows().join_from(Gist, File).where(File.blob == blob, File.gist > after, condition)
    return held.order_by(File.gist).first()


def page(condition: Any, *, limit: int, offset: int) -> list[Gist]:
    """The rows that meet the condition, what was updated last first."""
    found = _rows().where(condition).order_by(Gist.updated_at.desc(), Gist.number.desc())
    return list(found.limit(limit).offset(offset))


def by_numbers(numbers: Sequence[int]) -> list[Gist]:
    """The gists with these numbers, in their order; without what has been deleted."""
    rows = {gist.number: gist for gist in _of_numbers(len(numbers)).all(*numbers)} if numbers else {}
    return [rows[number] for number in numbers if number in rows]


def complete(gists: list[Gist], counted: Callable[[Any], Any] | None = None) -> list[Gist]:
    """Give the rows their topics, and the number of those of their forks that meet the condition `counted`, which hangs
    on a moment, if one is given."""
    rows = {gist.number: gist for gist in gists}
    for gist in gists:
        gist.topic_names, gist.fork_count = [], 0
    if rows:
        for number, name in _topics_of(len(rows)).all(*rows):
            rows[number].topic_names.append(name)
    if rows and counted is not None:
        for number, count in _forks_of(len(rows), counted).all(*rows, Gist.expires_at.db_value(now())):
            rows[number].fork_count = count
    return gists


def with_topics(gist: Gist) -> Gist:
    """Give a row its topics only."""
    gist.topic_names = [name for (name,) in _TOPICS.all(gist.number)]
    return gist


def by_slug(owner: User | None, slug: str) -> Gist | None:
    """The gist of this owner with this slug, case ignored."""
    if not slug:
        return None
    return _rows().where(Gist.owner == owner, Gist.slug_key == slug_key(slug)).get_or_none()


def count(condition: Any) -> int:
    return Gist.select().where(condition).count()


def each(size: int) -> Iterator[list[Gist]]:
    """All gists with their topics, so many at a time, in the order in which they were made."""
    last = 0
    while found := list(_rows().where(Gist.number > last).order_by(Gist.number).limit(size)):
        yield complete(found)
        last = found[-1].number


def total() -> int:
    """How many gists there are."""
    return Gist.select().count()


def known(ids: Collection[str]) -> set[str]:
    """Those of the ids that are a gist's."""
    query: Any = Gist.select(Gist.id).where(Gist.id.in_(list(ids))).tuples()
    return {id for (id,) in query}


def ids_of(owner: User) -> list[str]:
    """The ids of a user's gists, in the order in which they were made."""
    query: Any = Gist.select(Gist.id).where(Gist.owner == owner).order_by(Gist.number).tuples()
    return [id for (id,) in query]


def liked(user: User, upto: int, limit: int) -> Part:
    """The gists that the user likes."""
    return counted([number for (number,) in _LIKED.all(user.id, upto, limit)], limit)


def likers(gist: Gist, *, limit: int, offset: int) -> list[User]:
    """Those who like the gist, the latest first."""
    rows = User.select().join(Like, on=(Like.user == User.id)).where(Like.gist == gist)
    return list(rows.order_by(Like.created_at.desc(), User.id).limit(limit).offset(offset))


def likes(user: User, gist: Gist) -> bool:
    return _LIKE.first(user.id, gist.number) is not None


def _rows() -> Any:
    return Gist.select(Gist, User).join(User, peewee.JOIN.LEFT_OUTER)


_BY_ID = Prepared(lambda id: _rows().where(Gist.id == id), Gist, Gist.owner)
_BY_OWNER = Prepared(
    lambda owner, id, slug: _rows().where(User.name_key == owner, (Gist.id == id) | (Gist.slug_key == slug)),
    Gist,
    Gist.owner,
)
_LIKE = Prepared(lambda user, gist: Like.select(Like.user).where(Like.user == user, Like.gist == gist))
_TOPICS = Prepared(lambda gist: Topic.select(Topic.name).where(Topic.gist == gist).order_by(Topic.name))


@cache
def _of_numbers(number: int) -> Prepared:
    return Prepared(lambda *numbers: _rows().where(Gist.number.in_(numbers)), Gist, Gist.owner, number)


@cache
def _updating(*names: str) -> Prepared:
    """Sets these columns of a gist; the last value is its id."""

    def query(*values: Any) -> Any:
        columns = {Gist._meta.fields[name]: peewee.Value(value) for name, value in zip(names, values, strict=False)}
        return Gist.update(columns).where(Gist.id == values[-1])

    return Prepared(query, number=len(names) + 1)


@cache
def _inserting(*names: str) -> Prepared:
    """Adds a gist with these columns; its row is the number it gets."""

    def query(*values: Any) -> Any:
        columns = {Gist._meta.fields[name]: peewee.Value(value) for name, value in zip(names, values, strict=True)}
        return Gist.insert(columns).returning(Gist.number)

    return Prepared(query, number=len(names))


@cache
def _topics_of(number: int) -> Prepared:
    """The topics of so many gists, by their numbers."""
    return Prepared(
        lambda *gists: Topic.select(Topic.gist, Topic.name).where(Topic.gist.in_(gists)).order_by(Topic.name),
        number=number,
    )


@cache
def _forks_of(number: int, counted: Callable[[Any], Any]) -> Prepared:
    """How many forks so many gists have that meet the condition at a moment, which is the last value."""

    def query(*values: Any) -> Any:
        # Not in its WHERE: SQLite would go through all public gists to find a few forks.
        number = peewee.fn.SUM(peewee.Case(None, [(counted(values[-1]), peewee.SQL("1"))], peewee.SQL("0")))
        return Gist.select(Gist.fork_of, number).where(Gist.fork_of.in_(values[:-1])).group_by(Gist.fork_of)

    return Prepared(query, number=number + 1)


_LIKED = Prepared(
    lambda user, upto, limit: (
        Like.select(Like.gist).where(Like.user == user, Like.gist <= upto).order_by(Like.gist.desc()).limit(limit)
    )
)

# ---------------------------------------------------------------------- writing


def add(columns: Mapping[str, Any], content: Content, topics: Collection[str], tell: Tell) -> Gist:
    """Insert a gist whose repository stands already; returns its row, complete. Conflict when its owner has another one
    with that slug."""
    while True:
        with suppress(_Taken), _unique(), write():
            gist = _insert({**columns, **_derived(columns), "ident": _random(6)})
            words.add(gist, {0: content.words, **files.put(gist, content, {}, {})})
            _put_topics(gist, topics)
            tell(gist)
            languages = {(Facet.LANGUAGE, file.language) for file in content.files if file.language}
            tallies.settle_new(gist, {(Facet.TOPIC, topic) for topic in topics} | languages)
            break
    gist.topic_names, gist.fork_count = sorted(topics), 0
    return gist


def _insert(columns: Mapping[str, Any]) -> Gist:
    """The row of a new gist."""
    all_columns = Gist._meta.get_default_dict() | columns
    values = [_stored(name, value) for name, value in all_columns.items()]
    (number,) = _inserting(*all_columns).first(*values)
    return Gist(number=number, **all_columns)


def _stored(name: str, value: Any) -> Any:
    """The value of a column as the database has it."""
    return Gist._meta.fields[name].db_value(value)


def update(
    gist: Gist,
    columns: Mapping[str, Any],
    content: Content,
    before: Mapping[str, File],
    tell: Tell,
    *,
    topics: Iterable[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Change the columns of a gist and its files; topics None leaves them. `before` and `renamed`: see `files.put`.

    NotFound when the gist has been deleted meanwhile; Conflict as in `add`.
    """
    columns = {**columns, **_derived(columns, gist)}
    with _unique(), write():
        counted = tallies.held(gist.number)
        values = [_stored(name, value) for name, value in columns.items()]
        if not _updating(*columns).run(*values, gist.id):
            raise NotFound("Gist not found")
        words.put(gist, content.words)
        words.add(gist, files.put(gist, content, before, renamed or {}))
        if topics is not None:
            Topic.delete().where(Topic.gist == gist).execute()
            _put_topics(gist, topics)
        tell(gist)
        tallies.settle(gist.number, counted)


def set_columns(gist: Gist, columns: Mapping[str, Any]) -> None:
    """Change columns of a gist that say nothing about its files, and nothing that search finds it by."""
    values = [_stored(name, value) for name, value in columns.items()]
    with write():
        counted = tallies.held(gist.number)
        _updating(*columns).run(*values, gist.id)
        tallies.settle(gist.number, counted)


def delete(gist: Gist, tell: Tell) -> None:
    """Delete a gist with all that hangs on it; its forks stay, without a parent."""
    with write():
        tell(gist)  # while it is there
        counted = tallies.held(gist.number)
        if Gist.delete().where(Gist.id == gist.id).execute():
            words.forget_all(gist)
            tallies.settle(gist.number, counted)


def set_like(user: User, gist: Gist, liked: bool, at: datetime, tell: Tell) -> None:
    """Like or unlike; doing it twice is doing it once. NotFound when the gist has been deleted meanwhile.

    A like is told when it is new."""
    with write():
        # First of all the row that is counted on, so that two at once wait for each other.
        if not Gist.update(like_count=Gist.like_count).where(Gist.id == gist.id).execute():
            raise NotFound("Gist not found")
        if liked:
            like = Like.insert(user=user, gist=gist, created_at=at).on_conflict_ignore()
            if like.as_rowcount().execute():
                tell(gist)
        else:
            Like.delete().where(Like.user == user, Like.gist == gist).execute()
        number = Like.select().where(Like.gist == gist).count()
        Gist.update(like_count=number).where(Gist.id == gist.id).execute()


def _derived(columns: Mapping[str, Any], before: Gist | None = None) -> dict[str, Any]:
    """The columns that follow from others: the form in which a slug is unique; the private id of what is not public,
    which is another one when it was public in between."""
    derived: dict[str, Any] = {}
    if "slug" in columns:
        derived["slug_key"] = slug_key(columns["slug"])
    if "visibility" in columns:
        kept = before and before.private_id
        derived["private_id"] = None if columns["visibility"] == PUBLIC else kept or _random(20)
    return derived


def slug_key(slug: str) -> str | None:
    """The form in which a slug is unique, case ignored; None for none."""
    return slug.lower() or None


class _Taken(Exception):
    """Another gist has the short name that was made up."""


@contextmanager
def _unique() -> Iterator[None]:
    try:
        yield
    except peewee.IntegrityError as error:
        if "slug_key" in str(error):
            raise Conflict("you have another gist with this URL") from error
        if re.search("gist[._]ident", str(error)):
            raise _Taken from error
        raise


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _put_topics(gist: Gist, topics: Iterable[str]) -> None:
    insert(Topic, [(gist.number, name) for name in sorted(set(topics))])
