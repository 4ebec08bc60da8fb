"""Opengist's endpoints: load, core, dump."""

import re

from flask import Response, request
from werkzeug.exceptions import BadRequest, NotFound

from gistd.api import actor_by_header, load
from gistd.core import gists
from gistd.core.access import Action, Actor, Open, Scope
from gistd.core.gists import Listing
from gistd.errors import Invalid
from gistd.http import Face, base_url

from . import shapes
from .paging import answer, answer_page, page_number, page_size, since

_SHA = re.compile(r"[0-9a-fA-F]{4,40}")
_EXPOSED = "Link, X-Page, X-Per-Page, X-Total, X-Total-Pages"


def _error(status: int, message: str, error: Exception) -> Response:
    if status == 405:  # Opengist knows no wrong method, only paths it does not have
        status, message = 404, "Not found"
    elif isinstance(error, NotFound):
        message = "Not found"
    body = {"message": message, "status": status}
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = error.fields
    return answer(body, status)


face = Face("opengist", actor_by_header, _error, r"/api(/|$)", url_prefix="/api")


@face.before_request
def _refuse_head() -> None:
    if request.method == "HEAD":
        raise NotFound


@face.after_app_request
def _headers(response: Response) -> Response:
    if face.claims.match(request.path):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, PUT, PATCH, POST, DELETE"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.status_code = 204
            response.set_data(b"")
    return response


@face.get("/gists", scope=Open.ANYONE)
def list_gists(actor: Actor) -> Response:
    return _gists(actor, Listing(owner=actor.user, since=since()))


@face.get("/gists/public", scope=Open.ANYONE)
def list_public_gists(actor: Actor) -> Response:
    return _gists(actor, Listing(public_only=True, since=since()))


def _gists(actor: Actor, listing: Listing) -> Response:
    page = gists.page(actor, listing, page_number(), page_size())
    return answer_page(map(shapes.simple_gist, page.gists), page.total, page.total > page_number() * page_size())


@face.post("/gists", scope=Scope.GIST_WRITE)
def create_gist(actor: Actor) -> Response:
    gist = gists.create(actor, load(shapes.GistCreateRequest()))
    response = answer(shapes.full_gist(actor, gists.contents(gist)), 201)
    response.headers["Location"] = f"{base_url()}/api/gists/{gist.id}"
    return response


@face.get("/gists/<id>", scope=Open.ANYONE)
def show_gist(actor: Actor, id: str) -> Response:
    return answer(shapes.full_gist(actor, gists.contents(gists.get(actor, id))))


@face.patch("/gists/<id>", scope=Scope.GIST_WRITE)
def change_gist(actor: Actor, id: str) -> Response:
    gist = gists.get(actor, id, Action.EDIT)
    gist = gists.change(actor, gist, load(shapes.GistUpdateRequest()))
    return answer(shapes.full_gist(actor, gists.contents(gist)))


@face.delete("/gists/<id>", scope=Scope.GIST_WRITE)
def delete_gist(actor: Actor, id: str) -> Response:
    gists.delete(actor, gists.get(actor, id, Action.DELETE))
    return Response(status=204)


@face.get("/gists/<id>/commits", scope=Open.ANYONE)
def list_commits(actor: Actor, id: str) -> Response:
    gist = gists.get(actor, id)
    size = page_size()
    # One more than is shown tells whether there is another page. A total would mean walking all of the history.
    history = gists.history(gists.contents(gist), (page_number() - 1) * size, size + 1)
    return answer_page((shapes.commit(gist, *entry) for entry in history[:size]), None, more=len(history) > size)


@face.get("/gists/<id>/<sha>", scope=Open.ANYONE)
def show_revision(actor: Actor, id: str, sha: str) -> Response:
    gist = gists.get(actor, id)
    if not _SHA.fullmatch(sha):
        raise BadRequest("Invalid revision format")
    return answer(shapes.full_gist(actor, gists.contents(gist, sha)))


@face.get("/user", scope=Scope.USER_READ)
def show_user(actor: Actor) -> Response:
    assert actor.user is not None
    return answer(shapes.private_user(actor.user))
