"""Whether the index is well in itself: its file, its links, its counts, what search finds by."""

from typing import Any

import peewee

from gistd.errors import Unavailable

from . import words
from .connection import database
from .models import Gist, Like, Search, Searched
from .writing import write

_MOST_TOLD = 20


def damage() -> list[str]:
    """What is wrong with the file, and rows that refer to what is not there. PostgreSQL looks after itself."""
    if not isinstance(database.obj, peewee.SqliteDatabase):
        return []
    try:  # it looks at what search finds by, too: a virtual table of FTS5
        checked = database.execute_sql(f"PRAGMA quick_check({_MOST_TOLD})").fetchall()
        wrong = [str(line) for (line,) in checked if line != "ok"]
        strangers = database.execute_sql("PRAGMA foreign_key_check").fetchall()
    except (Unavailable, peewee.DatabaseError) as error:
        return [str(error.__cause__ or error)]
    return wrong + [f"row {row} of {table} belongs to no {parent}" for table, row, parent, _ in strangers[:_MOST_TOLD]]


def rebuild_search() -> None:
    """Make the full-text index anew of the words that are kept in it."""
    with write():
        database.execute_sql("INSERT INTO search(search) VALUES ('rebuild')")


def miscounted() -> list[tuple[str, int, int]]:
    """(id, likes as kept, likes as there are) of the gists for which they differ."""
    there = Like.select(peewee.fn.COUNT(Like.user)).where(Like.gist == Gist.number)
    query: Any = Gist.select(Gist.id, Gist.like_count, there).where(Gist.like_count != there)
    return list(query.order_by(Gist.number).tuples())


def count_again(id: str) -> None:
    """Count the likes of a gist."""
    with write():
        there = Like.select(peewee.fn.COUNT(Like.user)).where(Like.gist == Gist.number)
        Gist.update(like_count=there).where(Gist.id == id).execute()


def strays(limit: int) -> list[int]:
    """Rows of what search finds by that belong to no gist."""
    owner = Searched.rowid / Search.SLOTS
    query: Any = Searched.select(Searched.rowid).where(owner.not_in(Gist.select(Gist.number))).limit(limit)
    return [row for (row,) in query.tuples()]


def drop_strays(rows: list[int]) -> None:
    """Drop them, unless there is a gist now that they belong to."""
    with write():
        for table in words.tables():
            owner = table.rowid / Search.SLOTS
            table.delete().where(table.rowid.in_(rows), owner.not_in(Gist.select(Gist.number))).execute()
