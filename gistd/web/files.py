"""The bytes of files: raw, to be kept, as a picture, and all of a revision in an archive.

Whatever a stranger put into a file, nothing of it is run: text is plain text, a few kinds of pictures are shown, all
else is to be saved.
"""

from tempfile import SpooledTemporaryFile
from typing import IO, cast

from flask import Response, request

from gistd.core import archives, gists, text
from gistd.core.access import Actor, Open
from gistd.core.gists import Contents
from gistd.errors import NotFound
from gistd.http import disposition
from gistd.index import Gist

from .face import face
from .gist import at
from .shown import IMAGES, SVG

_POLICY = "default-src 'none'; sandbox"
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # of an SVG's own styles; no script runs
_IN_MEMORY = 1024 * 1024
_TYPES = {"zip": "application/zip", "tar.gz": "application/gzip"}


@face.get("/<place:username>/<name>/raw/<revision>/<path:path>", scope=Open.ONE_GIST)
def raw(actor: Actor, username: str, name: str, revision: str, path: str) -> Response:
    contents, content = _read(actor, username, name, revision, path)
    return as_it_is(contents, path, content)


def as_it_is(contents: Contents, path: str, content: bytes) -> Response:
    """The bytes of a file, to be looked at where that can do no harm."""
    kind = text.mime_type(content)
    if kind in IMAGES:
        return _bytes(contents, path, content, kind, "inline")
    if text.is_binary(content):
        return _bytes(contents, path, content, "application/octet-stream", "attachment")
    return _bytes(contents, path, content, "text/plain; charset=utf-8", "inline")


@face.get("/<place:username>/<name>/download/<revision>/<path:path>", scope=Open.ONE_GIST)
def download(actor: Actor, username: str, name: str, revision: str, path: str) -> Response:
    contents, content = _read(actor, username, name, revision, path)
    return _bytes(contents, path, content, "application/octet-stream", "attachment")


@face.get("/<place:username>/<name>/svg/<revision>/<path:path>", scope=Open.ONE_GIST)
def picture(actor: Actor, username: str, name: str, revision: str, path: str) -> Response:
    """An SVG for an `img` element, in which no script runs; nor does one where this is opened by itself."""
    contents, content = _read(actor, username, name, revision, path)
    if text.mime_type(content) != SVG:
        raise NotFound("File not found")
    response = _bytes(contents, path, content, SVG, "inline")
    response.headers["Content-Security-Policy"] = _PICTURE_POLICY
    return response


@face.get("/<place:username>/<name>/archive/<revision>.<any(zip, 'tar.gz'):form>", scope=Open.ONE_GIST)
def download_archive(actor: Actor, username: str, name: str, revision: str, form: str) -> Response:
    contents = at(gists.find(actor, username, name), revision)
    packed = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (closed with the response)
    archives.write(contents, form, cast(IO[bytes], packed))
    size = packed.tell()
    packed.seek(0)
    response = Response(cast(IO[bytes], packed), content_type=_TYPES[form], direct_passthrough=True)
    response.content_length = size
    return _guarded(response, contents.gist, "attachment", f"{archives.name(contents)}.{form}")


def _read(actor: Actor, username: str, name: str, revision: str, path: str) -> tuple[Contents, bytes]:
    contents = at(gists.find(actor, username, name), revision)
    return contents, contents.read(contents.find(path))


def _bytes(contents: Contents, path: str, content: bytes, kind: str, place: str) -> Response:
    response = _guarded(Response(content, content_type=kind), contents.gist, place, path.rpartition("/")[2])
    response.set_etag(contents.find(path).blob)
    return cast(Response, response.make_conditional(request))


def _guarded(response: Response, gist: Gist, place: str, name: str) -> Response:
    response.headers["Content-Disposition"] = disposition(place, name)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    public = gist.visibility == "public"
    response.headers["Cache-Control"] = "private, no-cache" if public else "private, no-store"
    response.headers["Vary"] = "Cookie, Authorization"
    if not public:
        response.headers["X-Robots-Tag"] = "noindex"
    return response
