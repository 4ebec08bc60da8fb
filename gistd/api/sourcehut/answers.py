"""sourcehut's answers, its list of errors, its pages; who asks, by the token in the header."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from gistd.api import require_enabled
from gistd.core import credentials, scopes
from gistd.core.access import Actor, Scope
from gistd.errors import Conflict, GistdError, Invalid, LacksScope, NotFound, NotYours, TooLarge, Unauthenticated
from gistd.http import client_address

PAGE_SIZE = 50
SCHEMES = ("token", "bearer")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Refused(GistdError):
    """What was sent is not what the original takes: the members that have something wrong, each with what it is; None
    where it is no single member."""

    status = 400

    def __init__(self, *problems: tuple[str | None, str]) -> None:
        super().__init__(problems[0][1])
        self.problems = problems


# ---------------------------------------------------------------------- who asks


def actor() -> Actor:
    """Who holds the token in the header. Nobody gets in without one; cookies are never looked at."""
    require_enabled()
    scheme, *rest = request.headers.get("Authorization", "").split(" ")
    if scheme.lower() not in SCHEMES:
        raise Unauthenticated("No authorization supplied (expected an OAuth token)")
    if len(rest) != 1:
        raise Unauthenticated("Invalid authorization supplied")
    try:
        return credentials.actor_by_token(rest[0], client_address())
    except Unauthenticated:
        raise Unauthenticated("Invalid or expired OAuth token") from None


# ---------------------------------------------------------------------- what they get


def answer(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")


def answer_page(results: Iterable[Any], total: int, next: int | None) -> Response:
    """A page; `next` is where the one after it begins, which clients give back as it is."""
    page = {"next": None if next is None else str(next), "results": list(results)}
    return answer({**page, "results_per_page": PAGE_SIZE, "total": total})


def start() -> int | None:
    """Where the page begins that is asked for; None is at the beginning. Raises Refused."""
    word = request.args.get("start", "")
    if word in ("", "-1"):
        return None
    if not _NUMBER.fullmatch(word):
        raise Refused(("start", "start should be an int"))
    return int(word)


def done() -> Response:
    return Response(status=204)


# ---------------------------------------------------------------------- what goes wrong


def answer_error(status: int, message: str, error: Exception) -> Response:
    status, problems = _problems(status, message, error)
    return answer({"errors": [_problem(*problem) for problem in problems]}, status)


def _problem(field: str | None, reason: str) -> dict[str, str]:
    return {"reason": reason} if field is None else {"field": field, "reason": reason}


def _problems(status: int, message: str, error: Exception) -> tuple[int, Iterable[tuple[str | None, str]]]:
    """The status for an error, and what the original says of it, where it says anything."""
    if isinstance(error, Refused):
        return error.status, error.problems
    if isinstance(error, LacksScope):
        needed = scopes.in_legacy(Scope(error.scope))
        return 403, [(None, f"Your OAuth token is not permitted to use this endpoint (needs {needed})")]
    if isinstance(error, NotYours):
        return 401, [(None, _words(401))]
    if isinstance(error, NotFound | HTTPException):
        return status, [(None, _words(status))]
    if isinstance(error, Invalid | Conflict):
        status = 413 if isinstance(error, TooLarge) else 400
        return status, [(name, words) for name, all in error.fields.items() for words in all] or [(None, message)]
    return status, [(None, message)]


def _words(status: int) -> str:
    """`404 not found`: clients look for these words."""
    return f"{status} {HTTPStatus(status).phrase.lower()}"
