"""Addresses of paste.sr.ht's web site that its clients print: they lead to our pages. A blob is shown itself."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import blobs, gists
from gistd.core.access import Actor, Open
from gistd.errors import NotFound, Unauthenticated
from gistd.http import owner_name, path_of

from .face import face
from .files import as_it_is


@face.get("/blob/<sha>", scope=Open.ONE_GIST)
def show_blob(actor: Actor, sha: str) -> Response:
    contents, file = blobs.find(actor, sha.lower())
    return as_it_is(contents, file.path, contents.read(file))


@face.get("/~<place:username>", scope=Open.ANYONE)
def lead_to_user(_: Actor, username: str) -> AnyResponse:
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"/{username}{query}")


@face.get("/~<place:username>/<sha>", scope=Open.ONE_GIST)
def lead_to_gist(actor: Actor, username: str, sha: str) -> AnyResponse:
    gist = gists.by_sha(actor, sha.lower())
    if owner_name(gist).lower() != username.lower():
        raise NotFound("Gist not found")
    return redirect(path_of(gist))


@face.get("/pastes", scope=Open.ANYONE)
def lead_to_mine(actor: Actor) -> AnyResponse:
    if actor.user is None:
        raise Unauthenticated("Requires authentication")
    return redirect(f"/{actor.user.username}")
