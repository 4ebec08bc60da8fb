"""Addresses of paste.gg's web site that its clients build, and that stand in a great many texts."""

from flask import Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from gistd.api import name_of
from gistd.core import gists, text
from gistd.core.access import Actor, Open
from gistd.http import owner_name

from .answers import UUID, hex_of
from .edits import find
from .routes import face

_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class _Id(BaseConverter):
    """An id in any of its spellings. It comes before what takes any word."""

    regex = f"(?i:{UUID})"
    weight = 50


face.record_once(lambda setup: setup.app.url_map.converters.update(pasteid=_Id))


@face.get("/<pasteid:id>", scope=Open.ONE_GIST)
def find_paste(actor: Actor, id: str) -> AnyResponse:
    """Where the paste with this id is."""
    gist = gists.locate(actor, "gist", hex_of(id) or "")
    return redirect(f"/p/{owner_name(gist)}/{gist.id}", 303)


@face.get("/p/<place:username>/<pasteid:id>", scope=Open.EVERYBODY)
def show_page(_: Actor, username: str, id: str) -> AnyResponse:
    """The page of a paste, which knows itself who may see it."""
    return redirect(f"/{username}/{hex_of(id)}", 303)


@face.get("/u/<place:username>", scope=Open.EVERYBODY)
def show_user(_: Actor, username: str) -> AnyResponse:
    """The page of a user."""
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"/{username}{query}", 303)


@face.get("/p/<place:username>/<id>/files/<file_id>/raw", scope=Open.ONE_GIST)
def show_raw_file(actor: Actor, username: str, id: str, file_id: str) -> Response:
    """The bytes of a file: to be looked at if it is text, to be kept if not."""
    gist = gists.locate(actor, "gist", hex_of(id) or "")
    if owner_name(gist).lower() != username.lower():
        raise NotFound
    contents = gists.contents(gist)
    file = find(contents.noted(), hex_of(file_id) or "")
    content = contents.read(file)
    response = Response(content, content_type="text/plain; charset=utf-8")
    if request.args.get("svg") == "true" and name_of(file).endswith(".svg"):
        response.content_type = "image/svg+xml"
        response.headers["Content-Security-Policy"] = _SVG_POLICY
    elif file.encoding == "base64" or text.decode(content) is None:
        del response.headers["Content-Type"]
        response.headers["Content-Disposition"] = "attachment"
    return response
