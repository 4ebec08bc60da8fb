"""JSON or a page, by what is accepted; ownpaste's words for errors."""

import json
from http import HTTPStatus
from typing import Any

from flask import Response, redirect, render_template, request
from werkzeug.exceptions import default_exceptions
from werkzeug.wrappers import Response as AnyResponse

from gistd.errors import Invalid, TooLarge, TooManyRequests

from . import auth

_SANDBOX = "default-src 'none'; sandbox"


def wants_json() -> bool:
    """Whether JSON is what is accepted best, and better than HTML: nobody gets it who takes anything."""
    accepted = request.accept_mimetypes
    best = accepted.best_match(["application/json", "text/html"])
    return best == "application/json" and accepted[best] > accepted["text/html"]


def answer(**result: Any) -> Response:
    return _respond({"status": "ok", **result}, 200)


def lead_to(page: str) -> AnyResponse:
    """On to the page that people look at."""
    return redirect(page, 303)


def show_bytes(content: bytes, kind: str) -> Response:
    """What a stranger wrote: a browser runs nothing of it."""
    return Response(content, content_type=kind, headers={"Content-Security-Policy": _SANDBOX})


def answer_error(status: int, message: str, error: Exception) -> Response:
    """The error in JSON, in the very words of the original; or on a page, in our own."""
    status = _status_of(status, error)
    if wants_json():
        response = _respond({"status": "fail", "error": _words_of(status)}, status)
    else:
        response = Response(render_template("error.html", status=status, message=message), status)
    if status == 401:
        for challenge in auth.challenges(error):
            response.headers.add("WWW-Authenticate", challenge)
    return response


def _status_of(status: int, error: Exception) -> int:
    """ownpaste has no status for what breaks a rule, and none for too many attempts."""
    if isinstance(error, TooManyRequests):
        return 403
    if isinstance(error, Invalid):
        return 413 if isinstance(error, TooLarge) else 400
    return status


def _words_of(status: int) -> str:
    """The name of the status and the first sentence of Werkzeug's description."""
    if status == 401:
        return "Authentication required"
    described = default_exceptions.get(status)
    if described is None:
        return f"{HTTPStatus(status).phrase}: {HTTPStatus(status).description}"
    return f"{described().name}: {str(described.description).partition('.')[0]}"


def _respond(body: dict[str, Any], status: int) -> Response:
    words = json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n"
    return Response(words, status, {"Vary": "Accept, Authorization"}, content_type="application/json")
