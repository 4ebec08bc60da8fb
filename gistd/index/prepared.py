"""Queries whose text is made once: to make it takes peewee several times as long as it takes to answer them."""

from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from itertools import chain
from typing import Any

import peewee

from .connection import database

_ROWS = 16
"""How many a statement inserts: another number of them is another text."""


class Prepared:
    """A query that is told by a function of its values.

    The values go into the text as they are: numbers and strings, nothing that a field would convert, and never
    None in a condition, which would make another text. `number` is how many there are, if the function does not say.
    What the function itself puts in is words, not numbers, which stand for the places of the values.

    Its rows are of the model, if one is given, which is what it must select; with `joined`, a foreign key of that
    model, of what is at its other end, too. Without a model they are tuples.
    """

    def __init__(
        self,
        query: Callable[..., Any],
        model: type[peewee.Model] | None = None,
        joined: Any = None,
        number: int | None = None,
    ) -> None:
        self._query = query
        self._number = len(signature(query).parameters) if number is None else number
        self._model = model
        self._joined = joined

    def all(self, *values: Any) -> list[Any]:
        """The rows."""
        rows = self._run(values).fetchall()
        return rows if self._model is None else [self._instance(self._model, row) for row in rows]

    def first(self, *values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.all(*values)), None)

    def run(self, *values: Any) -> int:
        """Do what the query does, for one that writes; returns how many rows it changed."""
        return int(self._run(values).rowcount)

    def _run(self, values: tuple[Any, ...]) -> Any:
        text, parameters = self._text(database.obj)
        given = [values[parameter] if isinstance(parameter, int) else parameter for parameter in parameters]
        return database.execute_sql(text, given)

    @cache  # noqa: B019 (there are a few of these, and one database in a process)
    def _text(self, database: Any) -> tuple[str, list[int | str]]:
        """The text, and for each parameter the place of its value, or the word that it always is."""
        text, parameters = self._query(*range(self._number)).bind(database).sql()
        return text, [int(parameter) if str(parameter).isdecimal() else parameter for parameter in parameters]

    def _instance(self, model: type[peewee.Model], row: tuple[Any, ...]) -> peewee.Model:
        instance = _made(model, row)
        if self._joined is not None:
            there = instance.__data__[self._joined.name] is not None
            rest = row[len(model._meta.sorted_fields) :]
            instance.__rel__[self._joined.name] = _made(self._joined.rel_model, rest) if there else None
        return instance


def insert(table: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows with all of the columns of a table, in their order, several in a statement."""
    for at in range(0, len(rows), _ROWS):
        part = rows[at : at + _ROWS]
        _inserting(table, len(part)).run(*chain.from_iterable(part))


@cache
def _inserting(table: Any, number: int) -> Prepared:
    return Prepared(lambda *places: rows_of(table, places), number=number * len(table._meta.sorted_fields))


def rows_of(table: Any, places: Sequence[int]) -> Any:
    """A query that inserts rows of these values, which are told by their places."""
    fields = table._meta.sorted_fields
    values = [peewee.Value(place) for place in places]  # as they are: a field would make another one of a number
    rows = [tuple(values[at : at + len(fields)]) for at in range(0, len(values), len(fields))]
    return table.insert_many(rows, fields=fields)


def _made(model: type[peewee.Model], row: tuple[Any, ...]) -> peewee.Model:
    names, converted = _columns(model)
    instance = model(__no_default__=True)
    data = instance.__data__
    data.update(zip(names, row, strict=False))
    for name, convert in converted:
        data[name] = convert(data[name])
    return instance


@cache
def _columns(model: type[peewee.Model]) -> tuple[list[str], list[tuple[str, Callable[[Any], Any]]]]:
    """The names of the columns in the order in which a query of the model has them; and those that are to be converted,
    with the way: words and whole numbers come from every database as what they are."""
    fields = model._meta.sorted_fields
    return [field.name for field in fields], [(field.name, field.python_value) for field in fields if not _plain(field)]


def _plain(field: peewee.Field) -> bool:
    field = field.rel_field if isinstance(field, peewee.ForeignKeyField) else field
    return type(field) in (
        peewee.AutoField,
        peewee.BigIntegerField,
        peewee.CharField,
        peewee.IntegerField,
        peewee.TextField,
    )
