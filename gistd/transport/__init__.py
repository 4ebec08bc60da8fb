"""For git: the smart HTTP protocol (gitprotocol-http(5)) at `/<user>/<id or slug>.git` and `/gist/<id>.git`.

Only the smart protocol: the dumb one would hand out every object by its id.
"""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, cast

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from gistd.core import credentials, gists, house
from gistd.core.access import NOBODY, Action, Actor, Open
from gistd.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gistd.http import Face, client_address
from gistd.index import Gist
from gistd.store import receive, upload
from gistd.store.pkt import Reader

_ACTIONS = {"git-upload-pack": Action.VIEW, "git-receive-pack": Action.EDIT}


def _authenticate() -> Actor:
    if "Authorization" not in request.headers:
        return NOBODY
    given = request.authorization
    if given is None or given.type != "basic":
        raise Unauthenticated("Bad credentials")
    return credentials.actor_by_basic(given.username or "", given.password or "", client_address())


def _error(status: int, message: str, error: Exception) -> Response:
    response = Response(message + "\n", status, content_type="text/plain; charset=utf-8")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="gistd"'
    return _uncached(response)


face = Face("git", _authenticate, _error, r"/[^/]+/[^/]+\.git(/|$)")


@face.get("/<place:user>/<name>.git/info/refs", scope=Open.ONE_GIST)
def info_refs(actor: Actor, user: str, name: str) -> Response:
    service = request.args.get("service", "")
    if service not in _ACTIONS:
        raise Forbidden("gistd speaks git's smart HTTP protocol only; use git 1.6.6 or newer")
    repository = gists.repository(_gist(actor, user, name, service))
    if service == "git-receive-pack":
        return _answer("git-receive-pack-advertisement", iter([receive.advertise(repository)]))
    return _answer("git-upload-pack-advertisement", upload.advertise(repository, _protocol()))


@face.post("/<place:user>/<name>.git/git-upload-pack", scope=Open.ONE_GIST)
def upload_pack(actor: Actor, user: str, name: str) -> Response:
    repository = gists.repository(_gist(actor, user, name, "git-upload-pack"))
    limit = house.settings.max_fetch_bytes
    wanted = _body("git-upload-pack").read(limit + 1)
    if len(wanted) > limit:
        raise RequestEntityTooLarge
    return _answer("git-upload-pack-result", upload.serve(repository, _protocol(), wanted))


@face.post("/<place:user>/<name>.git/git-receive-pack", scope=Open.ONE_GIST)
def receive_pack(actor: Actor, user: str, name: str) -> Response:
    gist = _gist(actor, user, name, "git-receive-pack")
    return _answer("git-receive-pack-result", iter([gists.push(actor, gist, _body("git-receive-pack"))]))


def _gist(actor: Actor, user: str, name: str, service: str) -> Gist:
    action = _ACTIONS[service]
    try:
        return gists.find(actor, user, name, action)
    except NotFound:
        # git only sends credentials after a 401, so whoever has sent none is asked for them, and what is
        # missing looks like what is private.
        if actor == NOBODY:
            raise Unauthenticated("Authentication required") from None
        raise


def _protocol() -> str:
    return request.headers.get("Git-Protocol", "")


def _body(service: str) -> Reader:
    """The request's body, inflated; git compresses what it asks for when that is long."""
    if request.mimetype != f"application/x-{service}-request":
        raise UnsupportedMediaType(f"the Content-Type must be application/x-{service}-request")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding in ("identity", ""):
        return cast(Reader, request.stream)
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType("the Content-Encoding must be gzip or none")
    return _Inflated(request.stream)


class _Inflated:
    """A gzip stream, read; what it unpacks to is held to the same limit as a body that is not packed."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._file = gzip.GzipFile(fileobj=packed, mode="rb")
        self._left = request.max_content_length or 0

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._file.read(size if size >= 0 else self._left + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Invalid("malformed git request: the body is not gzip") from error
        self._left -= len(data)
        if self._left < 0:
            raise RequestEntityTooLarge
        return data


def _answer(type: str, chunks: Iterator[bytes]) -> Response:
    return _uncached(Response(chunks, content_type=f"application/x-{type}"))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    response.headers["Pragma"] = "no-cache"
    response.headers["Expires"] = "Fri, 01 Jan 1980 00:00:00 GMT"
    return response
