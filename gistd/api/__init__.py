"""For programs: what the dialects share. A dialect is a package in here with a `face`, and a
`document` if it describes itself; it is found, not listed."""

import importlib
import json
import pkgutil
from types import ModuleType
from typing import Any

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError

from gistd.core import credentials, house
from gistd.core.access import NOBODY, Actor
from gistd.errors import Forbidden, Invalid, Unauthenticated
from gistd.http import client_address


class Shape(Schema):
    """What a dialect reads. Foreign clients send fields we do not know; they are passed over."""

    class Meta:
        unknown = EXCLUDE


def dialects() -> list[ModuleType]:
    """The packages of all dialects, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def actor_by_header() -> Actor:
    """The actor of `Authorization: Bearer <token>` or `Token <token>`; nobody without that header.

    A credential that is there must be right, also where none is needed. Cookies are never looked at.
    """
    if not house.settings.api_enabled:
        raise Forbidden("API is disabled")
    header = request.headers.get("Authorization")
    if header is None:
        return NOBODY
    scheme, _, token = header.partition(" ")
    if scheme not in ("Bearer", "Token"):
        raise Unauthenticated("Bad credentials")
    return credentials.actor_by_token(token, client_address())


def load(shape: Shape) -> Any:
    """The JSON body of the request, as the shape makes it; no body at all counts as an empty object.

    Raises Invalid, with the fields that are wrong, and with everything that is wrong about JSON: duplicate
    keys, which would silently lose a file, and NaN and Infinity, which are not JSON, included.
    """
    body = request.get_data()
    if body and request.mimetype != "application/json":
        raise Invalid("could not bind data: the Content-Type must be application/json")
    try:
        return shape.load(json.loads(body or b"{}", object_pairs_hook=_unique, parse_constant=_refuse_constant))
    except ValidationError as error:
        raise Invalid(f"could not bind data: {_first(error.normalized_messages())}", _flat(error)) from error
    except RecursionError as error:
        raise Invalid("could not bind data: nested too deeply") from error
    except ValueError as error:
        raise Invalid(f"could not bind data: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has a duplicate key")
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _flat(error: ValidationError) -> dict[str, list[str]]:
    return {str(name): [_first(problem)] for name, problem in error.normalized_messages().items()}


def _first(problem: Any) -> str:
    """The first problem of marshmallow's nested ones, with the way to it."""
    if isinstance(problem, dict):
        name, inner = next(iter(problem.items()))
        return _first(inner) if name in ("_schema", "key", "value") else f"{name}: {_first(inner)}"
    return _first(problem[0]) if isinstance(problem, list) else str(problem)
