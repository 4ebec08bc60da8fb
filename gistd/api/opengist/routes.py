"""Opengist's endpoints: load, core, dump."""

import re

from flask import Response, request
from werkzeug.exceptions import BadRequest, NotFound

from gistd import describe
from gistd.api import actor_by_header, load
from gistd.core import accounts, gists, likes, listings, revisions, text
from gistd.core.access import Action, Actor, Open, Scope
from gistd.core.listings import Listing
from gistd.errors import Invalid, PreconditionFailed
from gistd.errors import NotFound as Missing
from gistd.http import Face, base_url
from gistd.index import Gist, User

from . import openapi, shapes
from .answers import answer, answer_bytes, answer_page, etag, page_number, page_size, since

_SHA = re.compile(r"[0-9a-fA-F]{4,40}")
_EXPOSED = "Link, X-Page, X-Per-Page, X-Total, X-Total-Pages, ETag, Location, Retry-After"
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def _error(status: int, message: str, error: Exception) -> Response:
    if status == 405:  # Opengist knows no wrong method, only paths it does not have
        status, message = 404, "Not found"
    elif isinstance(error, NotFound):
        message = "Not found"
    if status == 404 and request.endpoint in ("opengist.is_liked", "opengist.toggle_like", "opengist.unlike"):
        return Response(status=404)  # not liked, hidden and missing are all the same
    body = {"message": message, "status": status}
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = error.fields
    return answer(body, status)


_OTHERS = r"v\d+(/|$)|(pastes|blobs|version)(/|$)|user/~"
"""What below `/api` speaks another dialect."""

face = Face("opengist", actor_by_header, _error, rf"/api(?!/({_OTHERS}))(/|$)", url_prefix="/api")


@face.before_request
def _refuse_head() -> None:
    if request.method == "HEAD":
        raise NotFound


@face.after_app_request
def _headers(response: Response) -> Response:
    if not face.is_asked():
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.headers.setdefault("Vary", "Authorization")
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, PUT, PATCH, POST, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match, If-None-Match"
        response.headers.pop("Allow", None)  # Flask's, which also names methods of paths that only look alike
        response.status_code = 204
        response.set_data(b"")
    elif request.method == "GET" and response.status_code == 200 and response.is_sequence:
        response.add_etag()
        response.make_conditional(request)
    return response


describe.show(face, "/openapi.yaml", openapi.DESCRIPTION)


# ---------------------------------------------------------------------- lists


def _answer_gists(actor: Actor, listing: Listing) -> Response:
    page = listings.page(actor, listing, page_number(), page_size())
    total = page.total if page.is_all else None
    return answer_page(map(shapes.simple_gist, page.gists), total, page.total > page_number() * page_size())


@face.get("/gists", scope=Open.ANYONE)
def list_gists(actor: Actor) -> Response:
    """Your gists, or all public ones without a token."""
    return _answer_gists(actor, Listing(owner=actor.user, since=since()))


@face.get("/gists/public", scope=Open.ANYONE)
def list_public_gists(actor: Actor) -> Response:
    """All public gists."""
    return _answer_gists(actor, Listing(public_only=True, since=since()))


@face.get("/gists/search", scope=Open.ANYONE)
def search_gists(actor: Actor) -> Response:
    """Gists that `q` finds: every word of it in their title, description, topics, file names or files; also by the
    qualifiers `user:`, `lang:`, `file:`, `topic:` and `title:`. Of more than 200 those that were made last, without
    a total."""
    return _answer_gists(actor, Listing(words=request.args.get("q", ""), since=since()))


@face.get("/gists/liked", scope=Open.SIGNED_IN)
@face.get("/gists/starred", scope=Open.SIGNED_IN)
def list_liked_gists(actor: Actor) -> Response:
    """Gists that you like."""
    return _answer_gists(actor, Listing(liked_by=actor.user, since=since()))


@face.get("/gists/forked", scope=Open.SIGNED_IN)
def list_forked_gists(actor: Actor) -> Response:
    """Your forks."""
    return _answer_gists(actor, Listing(owner=actor.user, forks_only=True, since=since()))


# ---------------------------------------------------------------------- single gists


@face.post("/gists", scope=Scope.GIST_WRITE)
def create_gist(actor: Actor) -> Response:
    """Make a gist."""
    made = gists.make(actor, load(shapes.GistCreateRequest))
    return _located(answer(shapes.full_gist(actor, made), 201), made.gist)


def _located(response: Response, gist: Gist) -> Response:
    response.headers["Location"] = f"{base_url()}/api/gists/{gist.id}"
    return response


@face.get("/gists/<id>", scope=Open.ONE_GIST)
def show_gist(actor: Actor, id: str) -> Response:
    """A gist with its files."""
    return answer(shapes.full_gist(actor, gists.contents(gists.get(actor, id))))


@face.patch("/gists/<id>", scope=Scope.GIST_WRITE)
def change_gist(actor: Actor, id: str) -> Response:
    """Change a gist: its words, its files, or both."""
    gist = _to_write(actor, id, Action.EDIT)
    insists = _check_if_match(actor, gist)
    gist = gists.change(actor, gist, load(shapes.GistUpdateRequest), only_if_unchanged=insists)
    return answer(shapes.full_gist(actor, gists.contents(gist)))


@face.delete("/gists/<id>", scope=Scope.GIST_WRITE)
def delete_gist(actor: Actor, id: str) -> Response:
    """Delete a gist with its history."""
    gist = _to_write(actor, id, Action.DELETE)
    gists.delete(actor, gist, only_if_unchanged=_check_if_match(actor, gist))
    return Response(status=204)


def _to_write(actor: Actor, id: str, action: Action) -> Gist:
    """The gist, with what hangs on it only where somebody insists on having read all of that."""
    if "If-Match" in request.headers:
        return gists.get(actor, id, action)
    return gists.locate(actor, "gist", id, action)


def _check_if_match(actor: Actor, gist: Gist) -> bool:
    """Whether the caller insists on the gist they read; PreconditionFailed if it is another one already."""
    if "If-Match" not in request.headers:
        return False
    if not request.if_match.contains(etag(shapes.full_gist(actor, gists.contents(gist)))):
        raise PreconditionFailed("the gist was changed in the meantime")
    return not request.if_match.star_tag


@face.get("/gists/<id>/commits", scope=Open.ONE_GIST)
def list_commits(actor: Actor, id: str) -> Response:
    """The revisions of a gist, newest first."""
    gist = gists.get(actor, id)
    size = page_size()
    # One more than is shown tells whether there is another page. A total would mean walking all of the history.
    history = revisions.history(gist, (page_number() - 1) * size, size + 1)
    return answer_page((shapes.commit(gist, *entry) for entry in history[:size]), None, more=len(history) > size)


@face.get("/gists/<id>/<sha>", scope=Open.ONE_GIST)
def show_revision(actor: Actor, id: str, sha: str) -> Response:
    """A gist as it was at a revision."""
    gist = gists.get(actor, id)
    return answer(shapes.full_gist(actor, gists.contents(gist, _revision(sha))))


@face.get("/gists/<id>/files/<sha>/<path:filename>", scope=Open.ONE_GIST)
def show_file(actor: Actor, id: str, sha: str, filename: str) -> Response:
    """A file at a revision, byte for byte."""
    gist = gists.get(actor, id)
    content = gists.read(gist, _revision(sha), filename)
    type = text.mime_type(content)
    if type.partition("/")[0] not in ("image", "audio", "video") and type != "application/pdf":
        type = "application/octet-stream" if text.is_binary(content) else "text/plain; charset=utf-8"
    policy = {"image/svg+xml": _SVG_POLICY, "application/pdf": _SVG_POLICY.removesuffix("; sandbox")}.get(type)
    return answer_bytes(content, type, filename, policy)


def _revision(sha: str) -> str:
    if not _SHA.fullmatch(sha):
        raise BadRequest("Invalid revision format")
    return sha


@face.get("/gists/<id>/forks", scope=Open.ONE_GIST)
def list_forks(actor: Actor, id: str) -> Response:
    """The forks of a gist."""
    page = listings.forks(actor, gists.get(actor, id), page_number(), page_size())
    return answer_page(map(shapes.simple_gist, page.gists), page.total, page.total > page_number() * page_size())


@face.post("/gists/<id>/forks", scope=Scope.GIST_WRITE)
def fork_gist(actor: Actor, id: str) -> Response:
    """Fork somebody else's gist; the fork you have already, if there is one."""
    fork, made = gists.fork(actor, gists.get(actor, id))
    return _located(answer(shapes.simple_gist(fork), 201 if made else 200), fork)


@face.get("/gists/<id>/like", scope=Open.SIGNED_IN)
@face.get("/gists/<id>/star", scope=Open.SIGNED_IN)
def is_liked(actor: Actor, id: str) -> Response:
    """Whether you like a gist: 204 if so, 404 if not."""
    return Response(status=204 if likes.is_liked(actor, gists.get(actor, id)) else 404)


@face.put("/gists/<id>/like", scope=Scope.USER_WRITE)
@face.put("/gists/<id>/star", scope=Scope.USER_WRITE)
def toggle_like(actor: Actor, id: str) -> Response:
    """Like a gist, or take the like back."""
    gist = gists.get(actor, id)
    likes.like(actor, gist, not likes.is_liked(actor, gist))
    return Response(status=204)


@face.delete("/gists/<id>/like", scope=Scope.USER_WRITE)
@face.delete("/gists/<id>/star", scope=Scope.USER_WRITE)
def unlike(actor: Actor, id: str) -> Response:
    """Take a like back, if there is one."""
    likes.like(actor, gists.get(actor, id), liked=False)
    return Response(status=204)


# ---------------------------------------------------------------------- users


@face.get("/user", scope=Scope.USER_READ)
def show_me(actor: Actor) -> Response:
    """Your account."""
    assert actor.user is not None
    return answer(shapes.private_user(actor.user))


@face.patch("/user", scope=Scope.USER_WRITE)
def change_me(actor: Actor) -> Response:
    """Change your name or your e-mail address."""
    assert actor.user is not None
    return answer(shapes.private_user(accounts.change(actor.user, **load(shapes.UserUpdateRequest))))


@face.get("/user/<id>", scope=Open.ANYONE)
def show_user_by_id(_: Actor, id: str) -> Response:
    """A user by number."""
    if not (id.isascii() and id.isdigit() and len(id) < 10):
        raise BadRequest("Invalid user id")
    return answer(shapes.simple_user(_known(accounts.user_by_id(int(id)))))


@face.get("/users/<username>", scope=Open.ANYONE)
def show_user(_: Actor, username: str) -> Response:
    """A user by name."""
    return answer(shapes.simple_user(_known(accounts.user(username))))


@face.get("/users/<username>/gists", scope=Open.ANYONE)
def list_gists_of_user(actor: Actor, username: str) -> Response:
    """The gists of a user."""
    return _answer_gists(actor, Listing(owner=_known(accounts.user(username)), since=since()))


@face.get("/users/<username>/liked", scope=Open.ANYONE)
@face.get("/users/<username>/starred", scope=Open.ANYONE)
def list_gists_liked_by_user(actor: Actor, username: str) -> Response:
    """The gists that a user likes."""
    return _answer_gists(actor, Listing(liked_by=_known(accounts.user(username)), since=since()))


@face.get("/users/<username>/forked", scope=Open.ANYONE)
def list_forks_of_user(actor: Actor, username: str) -> Response:
    """The forks of a user."""
    return _answer_gists(actor, Listing(owner=_known(accounts.user(username)), forks_only=True, since=since()))


def _known(user: User | None) -> User:
    if user is None:
        raise Missing("User not found")
    return user
