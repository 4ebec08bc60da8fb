"""/query: queries by POST, as JSON or as a form with files; what the service offers; and the bytes of blobs."""

import json
from typing import Any

from flask import Response, request
from marshmallow import ValidationError, fields

from gistd.api import NotJson, Shape, form_parts, parse, problem, require_enabled
from gistd.api.sourcehut.answers import SCHEMES
from gistd.core import blobs, credentials, house
from gistd.core.access import NOBODY, Actor, Open, Scope
from gistd.errors import GistdError, Invalid, TooLarge, Unauthenticated
from gistd.http import Face, base_url, client_address

from . import execution, uploads
from .asked import Asked
from .limits import Unfit

SERVICES = {"scopes": ["PROFILE", "PASTES"]}
_IN_FRONT = 2
"""The parts of a form that are no files."""


class Unknown(GistdError):
    """Who asks has not said who they are, or not in a way that anybody knows, or is nobody."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"Authentication error: {problem}")
        self.status = status


def _actor() -> Actor:
    """Who holds the token in the header; what the service offers is for everybody."""
    require_enabled()
    if request.endpoint == f"{face.name}.show_services":
        return NOBODY
    header = request.headers.get("Authorization")
    if header is None:
        raise Unknown(401, "No authorization supplied (expected an OAuth token)")
    scheme, *rest = header.split(" ")
    if scheme.lower() not in SCHEMES or len(rest) != 1:
        raise Unknown(400, "Invalid authorization supplied")
    try:
        return credentials.actor_by_token(rest[0], client_address())
    except Unauthenticated as error:
        raise Unknown(403, "Invalid or expired OAuth token") from error


def _answer_error(status: int, message: str, error: Exception) -> Response:
    if request.endpoint == f"{face.name}.show_blob" and status == 404:
        return Response("404 not found\n", 404, content_type="text/plain; charset=utf-8")
    if isinstance(error, Unfit):
        return _answer({"errors": [execution.worded(each) for each in error.errors]}, 400)
    if isinstance(error, Invalid):
        status = 413 if isinstance(error, TooLarge) else 400
    return _answer({"errors": [{"message": message}]}, status)


def _answer(result: Any, status: int = 200) -> Response:
    return Response(f"{json.dumps(result, ensure_ascii=False)}\n", status, content_type="application/json")


face = Face("graphql", _actor, _answer_error, r"/query(/|$)", url_prefix="/query")


class QueryIn(Shape):
    query = fields.String(required=True)
    variables = fields.Dict(allow_none=True, load_default=None)
    operationName = fields.String(allow_none=True, load_default=None)


@face.post("", scope=Open.SIGNED_IN)
def ask(actor: Actor) -> Response:
    """Ask for what the schema has, or change it."""
    asked = _read()
    return _answer(execution.run(asked["query"], asked["variables"], asked["operationName"], Asked(actor, base_url())))


def _read() -> dict[str, Any]:
    """What is asked, with the files that came with it. Raises Invalid."""
    if request.mimetype == "multipart/form-data":
        given = uploads.read(form_parts(house.limits().files + _IN_FRONT))
    else:
        request.max_content_length = house.settings.max_query_bytes
        given = _json(request.get_data())
    try:
        asked: dict[str, Any] = QueryIn().load(given)
    except ValidationError as error:
        raise Invalid(problem(error)) from error
    return asked


def _json(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson as error:
        raise Invalid(f"the body is not JSON: {error.message}") from error


@face.get("/api-meta.json", scope=Open.EVERYBODY)
def show_services(_: Actor) -> Response:
    """What tokens can be given for."""
    return _answer(SERVICES)


@face.get("/blob/<sha>", scope=Scope.GIST_READ)
def show_blob(actor: Actor, sha: str) -> Response:
    """The bytes of a blob that a paste holds which you may read."""
    contents, file = blobs.find(actor, sha.lower())
    return Response(contents.read(file), content_type="text/plain; charset=utf-8")
