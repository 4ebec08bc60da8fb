"""ranna's answers, its two shapes of errors at once; who asks, by the header."""

import json
import secrets
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Response, request

from gistd.api import require_enabled
from gistd.core import masterkeys
from gistd.core.access import NOBODY, Actor
from gistd.errors import Conflict, GistdError, Invalid, NotFound, NotYours, Unauthenticated
from gistd.http import client_address

_SECTIONS = {400: "1", 403: "3", 404: "4", 405: "5", 409: "8", 413: "11", 415: "13"}
_UNFIT = "One or more validation errors occurred."


class Refused(GistdError):
    """Something that the original refuses in words of its own."""

    status = 400


class Unfit(GistdError):
    """What was sent is not what its framework takes: the problems, by the members that have them, `$` for all of it."""

    status = 400

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(_UNFIT)
        self.problems = problems


def actor() -> Actor:
    """Who holds the token in the header; nobody without one. Other schemes than `bearer` are no business of ranna's."""
    require_enabled()
    token = _after("bearer")
    return NOBODY if token is None else masterkeys.actor_by_token(token, client_address())


def holder() -> Actor:
    """Who holds the masterkey in the header, for the account in the path. It may come as `basic`, too: its document
    says so."""
    require_enabled()
    password = request.authorization and request.authorization.password
    key = password or _after("bearer") or _after("basic")
    return masterkeys.actor((request.view_args or {})["username"], key or "", client_address())


def newcomer() -> Actor:
    """Nobody: who wants an account has none."""
    require_enabled()
    return NOBODY


def _after(scheme: str) -> str | None:
    """What follows the scheme, whose case does not count, and one character, which does not count either."""
    header = request.headers.get("Authorization", "")
    return header[len(scheme) + 1 :] if header.lower().startswith(scheme) else None


def answer(result: Any) -> Response:
    return _respond([_json(result)])


def answer_list(items: Iterable[Any]) -> Response:
    """A list, made while it is sent."""
    return _respond(_pieces(items))


def _pieces(items: Iterable[Any]) -> Iterator[str]:
    before = "["
    for item in items:
        yield before + _json(item)
        before = ","
    yield "]" if before == "," else "[]"


def done() -> Response:
    return Response(status=204)


def answer_error(status: int, message: str, error: Exception) -> Response:
    """What went wrong: `code` and `message` for clients that know the one shape, the rest for those of the other."""
    status, message = _words_of(status, message, error)
    body = {
        "type": _type_of(status),
        "title": message if isinstance(error, Unfit) else HTTPStatus(status).phrase,
        "status": status,
        "traceId": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00",
        "code": status,
        "message": message,
    }
    problems = error.problems if isinstance(error, Unfit) else {}
    own = isinstance(error, Refused | NotFound | NotYours | Conflict)
    return _respond(
        [_json({**body, "errors": problems} if problems else body)],
        status,
        "application/json" if own else "application/problem+json",
    )


def _words_of(status: int, message: str, error: Exception) -> tuple[int, str]:
    """The status for an error, and what the original says of it where it says anything."""
    if isinstance(error, NotYours | NotFound):
        return 404, "Not Found"
    if isinstance(error, Unauthenticated):
        return 401, "Unauthorized"
    if isinstance(error, Conflict) and request.endpoint == "ranna.create_user":
        return 400, "Username already exists"
    if isinstance(error, Invalid):
        return 400, message
    return status, message if isinstance(error, GistdError) else HTTPStatus(status).phrase


def _type_of(status: int) -> str:
    if status in _SECTIONS:
        return f"https://tools.ietf.org/html/rfc7231#section-6.5.{_SECTIONS[status]}"
    if status == 401:
        return "https://tools.ietf.org/html/rfc7235#section-3.1"
    return "about:blank"


def _json(result: Any) -> str:
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _respond(pieces: Iterable[str], status: int = 200, type: str = "application/json") -> Response:
    return Response(pieces, status, content_type=f"{type}; charset=utf-8")
