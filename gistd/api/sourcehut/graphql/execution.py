"""A query, from its text to its answer."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, MiddlewareManager, execute

from gistd.api.sourcehut.answers import Refused
from gistd.core import scopes
from gistd.core.access import Scope
from gistd.errors import GistdError, Invalid, LacksScope

from . import limits
from .asked import Asked
from .limits import Stopped, Unfit
from .schema import SCHEMA

NULL = "the requested element is null which the schema does not allow"
"""The words by which clients tell that there is no such thing."""

_FIELDS: dict[str, Callable[..., Any]] = {}
_log = logging.getLogger("gistd")


def field(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Let this be what a query or a mutation begins with, by its name."""
    first, *words = resolve.__name__.split("_")
    _FIELDS[first + "".join(map(str.title, words))] = resolve
    return resolve


def run(text: str, variables: Mapping[str, Any] | None, name: str | None, asked: Asked) -> dict[str, Any]:
    """The answer, with the errors of single fields in it. Raises Unfit for what is no query, or no value of its
    variables."""
    document = limits.read(text)
    try:
        result: Any = execute(
            SCHEMA,
            document,
            root_value=_FIELDS,
            context_value=asked,
            variable_values=dict(variables or {}),
            operation_name=name,
            middleware=_METERED,
            max_coercion_errors=limits.MAX_ERRORS,
            hide_suggestions=True,
        )
    except Stopped as error:
        return {"errors": [{"message": str(error)}], "data": None}
    errors = result.errors or []
    if result.data is None and not any(error.path for error in errors):
        raise Unfit(errors)
    return {**({"errors": [worded(error) for error in errors]} if errors else {}), "data": result.data}


def worded(error: GraphQLError) -> dict[str, Any]:
    """An error as clients get it. What nobody expected is logged."""
    if error.path is None:
        places = [{"line": place.line, "column": place.column} for place in error.locations or []]
        return {"message": error.message, **({"locations": places} if places else {})}
    message, field = _cause(error)
    return {"message": message, "path": error.path, **({"extensions": {"field": field}} if field else {})}


def _cause(error: GraphQLError) -> tuple[str, str | None]:
    """What went wrong, and with which field of what was sent."""
    cause = error.original_error
    if isinstance(cause, LacksScope):
        needed = scopes.in_grants(Scope(cause.scope))
        return f"Your OAuth token is not permitted to use this field (needs {needed})", None
    if isinstance(cause, Refused):
        place, words = cause.problems[0]
        return words, place and place.partition("[")[0]
    if isinstance(cause, Invalid):
        return cause.message, next(iter(cause.fields), None)
    if isinstance(cause, GistdError):
        return cause.message, None
    if cause is None:
        return error.message, None
    if isinstance(cause, TypeError) and error.message.startswith("Cannot return null"):
        return NULL, None
    _log.error("a field of a GraphQL query failed", exc_info=cause)
    return "Something went wrong here; the operator finds the cause in the log", None


def _metered(resolve: Callable[..., Any], source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Let a field be resolved, while there is time for it and room for what it says."""
    value = resolve(source, info, **arguments)
    info.context.meter.spend(len(str(info.path.key)) + (len(value) if isinstance(value, str) else 1))
    return value


_METERED = MiddlewareManager(_metered)
