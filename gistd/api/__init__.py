"""For programs: what the dialects share. A dialect is a package in here with a `face`, and a
`document` if it describes itself; it is found, not listed."""

import importlib
import json
import math
import pkgutil
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import count, islice
from types import ModuleType
from typing import Any, NamedTuple

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import Field as FormField
from werkzeug.sansio.multipart import File as FormFile

from gistd.core import credentials, house
from gistd.core.access import NOBODY, Actor
from gistd.errors import Forbidden, Invalid, TooLarge, Unauthenticated
from gistd.http import Face, client_address
from gistd.index import File

MAX_MARKS = 250_000
"""The most that a body may hold: strings, lists, objects and commas."""

_MADE_UP = "pastefile{}"
UNNAMED = _MADE_UP.format(1)
"""The path of a file that was given no name, in a dialect that knows but one."""

# A string that does not end goes to the end: so each byte is looked at once, whatever stands there.
_MARKS = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)|[\[{,]', re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class Shape(Schema):
    """What a dialect reads. Foreign clients send fields we do not know; they are passed over."""

    class Meta:
        unknown = EXCLUDE


def first(files: Iterable[File]) -> File | None:
    """The file of a gist that a dialect shows, and changes, which knows but one: the first by its path."""
    return min(files, key=lambda file: str(file.path), default=None)


def made_up(number: int, taken: Collection[str] = ()) -> str:
    """The name of a file that was given none: by its number, or the next one that is free."""
    return next(name for name in map(_MADE_UP.format, count(number)) if name not in taken)


def name_of(file: File) -> str:
    """The name of a file as it was given, or made up."""
    return str(file.path) if file.label is None else file.label


def given_name(file: File | None) -> str | None:
    """The name of a file as somebody gave it."""
    return name_of(file) if file is not None and file.named else None


def dialects() -> list[ModuleType]:
    """The packages of all dialects, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def faces(dialect: ModuleType) -> list[Face]:
    """What answers in a dialect: its `face`, or its `faces` where it is spoken in more than one way."""
    found: list[Face] = getattr(dialect, "faces", None) or [dialect.face]
    return found


def require_enabled() -> None:
    """Raise Forbidden where the operator has switched the APIs off."""
    if not house.settings.api_enabled:
        raise Forbidden("API is disabled")


def actor_by_header() -> Actor:
    """The actor of `Authorization: Bearer <token>` or `Token <token>`; nobody without that header.

    A credential that is there must be right, also where none is needed. Cookies are never looked at.
    """
    require_enabled()
    header = request.headers.get("Authorization")
    if header is None:
        return NOBODY
    scheme, _, token = header.partition(" ")
    if scheme not in ("Bearer", "Token"):
        raise Unauthenticated("Bad credentials")
    return credentials.actor_by_token(token, client_address())


class NotJson(Invalid):
    """The body of a request is not JSON, or more of it than anybody means."""


def parse(body: bytes, halves: bool = False) -> Any:
    """What the body says in JSON, read strictly. Raises NotJson.

    UTF-8 only. Duplicate keys, which would silently lose a file, numbers that are none, and halves of characters, which
    cannot be written anywhere, are refused (RFC 8259 leaves them to us); and so is what would take many times the
    memory of the body. `halves` lets those of characters through, to a dialect that can say where they are.
    """
    if _is_too_much(body):
        raise NotJson(f"more than {MAX_MARKS} values")
    try:
        parsed = json.loads(
            body.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
        if not halves and _HALF.search(body):
            json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise NotJson("not valid UTF-8") from error
    except UnicodeEncodeError as error:
        raise NotJson("a string holds half a character") from error
    except RecursionError as error:
        raise NotJson("nested too deeply") from error
    except ValueError as error:
        raise NotJson(str(error)) from error
    return parsed


def load(shape: type[Shape]) -> Any:
    """The JSON body of the request, as the shape makes it; no body at all counts as an empty object.

    Raises Invalid, with the fields that are wrong.
    """
    body = request.get_data()
    if body and request.mimetype != "application/json":
        raise Invalid("could not bind data: the Content-Type must be application/json")
    try:
        return _made(shape).load(parse(body or b"{}"))
    except NotJson as error:
        raise Invalid(f"could not bind data: {error.message}") from error
    except ValidationError as error:
        raise Invalid(f"could not bind data: {problem(error)}", _flat(error)) from error


@cache
def _made(shape: type[Shape]) -> Shape:
    """The shape, made once: that takes longer than what it is made for."""
    return shape()


class Part(NamedTuple):
    """A part of a form. One without a file name is a file all the same, for some clients."""

    name: str
    filename: str | None
    headers: Headers
    content: bytes


def form_parts(most: int) -> Iterator[Part]:
    """The parts of the form that the body is, as the bytes that they are. Raises Invalid for what is no form, TooLarge
    for one of more parts than that."""
    body = request.get_data()
    try:
        yield from _parts(body, request.mimetype_params.get("boundary", "").encode(), most)
    except RequestEntityTooLarge as error:
        raise TooLarge(f"the form has more than {most} parts") from error
    except ValueError as error:
        raise Invalid(str(error)) from error


def _parts(body: bytes, boundary: bytes, most: int) -> Iterator[Part]:
    if not boundary:
        raise ValueError("the form has no boundary")
    decoder = MultipartDecoder(boundary, max_parts=most)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part, content = None, bytearray()
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("the form ends too early")
        if isinstance(event, FormField | FormFile):
            part, content = event, bytearray()
        elif isinstance(event, Data) and part is not None:
            content += event.data
            if not event.more_data:
                yield Part(part.name or "", getattr(part, "filename", None), part.headers, bytes(content))


def problem(error: ValidationError) -> str:
    """What a shape found wrong first, with the way to it."""
    return _first(error.normalized_messages())


def _is_too_much(body: bytes) -> bool:
    """Whether there is more in a body than may be, told without making any of it."""
    if sum(map(body.count, (b'"', b"[", b"{", b","))) <= MAX_MARKS:
        return False  # most likely; nobody needs to know which of them are in its strings
    return next(islice(_MARKS.finditer(body), MAX_MARKS, None), None) is not None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has a duplicate key")
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _flat(error: ValidationError) -> dict[str, list[str]]:
    return {str(name): [_first(problem)] for name, problem in error.normalized_messages().items()}


def _first(problem: Any) -> str:
    """The first problem of marshmallow's nested ones, with the way to it."""
    if isinstance(problem, dict):
        name, inner = next(iter(problem.items()))
        return _first(inner) if name in ("_schema", "key", "value") else f"{name}: {_first(inner)}"
    return _first(problem[0]) if isinstance(problem, list) else str(problem)
