"""Queries whose text is made once: to make it takes peewee several times as long as it takes to answer them."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

from .connection import database


class Prepared:
    """A query that is told by a function of its values.

    The values go into the text as they are, in the order of the function's parameters: numbers and strings,
    nothing that a field would convert, and never None, which would make another text.
    """

    def __init__(self, query: Callable[..., Any]) -> None:
        self._query = query
        self._number = len(signature(query).parameters)

    def all(self, *values: Any) -> list[Any]:
        """The rows."""
        query, text = self._made(database.obj)
        return list(query._get_cursor_wrapper(database.execute_sql(text, values)))

    def first(self, *values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.all(*values)), None)

    def run(self, *values: Any) -> None:
        """Do what the query does; for one that writes."""
        database.execute_sql(self._made(database.obj)[1], values)

    @cache  # noqa: B019 (there are a few of these, and one database in a process)
    def _made(self, database: Any) -> tuple[Any, str]:
        numbers = range(1, self._number + 1)
        query = self._query(*numbers).bind(database)
        text, values = query.sql()
        assert [str(value) for value in values] == [str(number) for number in numbers], "not in the order of the text"
        return query, text
