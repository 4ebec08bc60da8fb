"""Queries whose text is made once: to make it takes peewee several times as long as it takes to answer them."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

from .connection import database


class Prepared:
    """A query that is told by a function of its values.

    The values go into the text as they are: numbers and strings, nothing that a field would convert, and never
    None in a condition, which would make another text. `number` is how many there are, if the function does not say.
    """

    def __init__(self, query: Callable[..., Any], number: int | None = None) -> None:
        self._query = query
        self._number = len(signature(query).parameters) if number is None else number

    def all(self, *values: Any) -> list[Any]:
        """The rows."""
        text = self._text(database.obj)
        return text.read(text.execute(values))

    def first(self, *values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.all(*values)), None)

    def run(self, *values: Any) -> int:
        """Do what the query does, for one that writes; returns how many rows it changed."""
        return int(self._text(database.obj).execute(values).rowcount)

    @cache  # noqa: B019 (there are a few of these, and one database in a process)
    def _text(self, database: Any) -> "_Text":
        return _Text(self._query(*range(self._number)).bind(database))


class _Text:
    """A query as text. What peewee finds out about the columns of its rows is remembered."""

    def __init__(self, query: Any) -> None:
        self._query = query
        self._text, places = query.sql()
        self._order = [int(place) for place in places]
        self._make_row: Callable[[Any], Any] | None = None

    def execute(self, values: tuple[Any, ...]) -> Any:
        return database.execute_sql(self._text, [values[place] for place in self._order])

    def read(self, cursor: Any) -> list[Any]:
        if self._make_row is not None:
            return [self._make_row(row) for row in cursor.fetchall()]
        reader = self._query._get_cursor_wrapper(cursor)
        rows = list(reader)
        if rows:
            self._make_row = reader.process_row
        return rows
