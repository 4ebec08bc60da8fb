"""For git: the smart HTTP protocol (gitprotocol-http(5)) at `/<user>/<id or slug>.git` and `/gist/<id>.git`.

A push to `/<me>/<new slug>.git` makes a gist, and so does every push to `/init`.

Only the smart protocol: the dumb one would hand out every object by its id.
"""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, cast

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from gistd.core import access, credentials, gists, house
from gistd.core.access import NOBODY, Action, Actor, Open, Scope
from gistd.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gistd.http import Face, client_address, clone_url, page_url
from gistd.index import Gist
from gistd.store import receive, upload
from gistd.store.pkt import Reader

_SERVICES = ("git-upload-pack", "git-receive-pack")
_DRAINED = 8
"""So many times the largest push is read to its end, so that the pusher hears why it is refused."""


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


face = Face("git", _authenticate, _error, r"/([^/]+/[^/]+\.git(/|$)|init/)")


@face.get("/<place:user>/<name>.git/info/refs", scope=Open.ONE_GIST)
def info_refs(actor: Actor, user: str, name: str) -> Response:
    if _service() == "git-upload-pack":
        repository = gists.repository(_gist(actor, user, name, Action.VIEW))
        return _answer("git-upload-pack-advertisement", upload.advertise(repository, _protocol()))
    gist, _ = _target(actor, user, name)
    return _offer(gists.repository(gist).refs() if gist else [])


@face.post("/<place:user>/<name>.git/git-upload-pack", scope=Open.ONE_GIST)
def upload_pack(actor: Actor, user: str, name: str) -> Response:
    repository = gists.repository(_gist(actor, user, name, Action.VIEW))
    limit = house.settings.max_fetch_bytes
    wanted = _body("git-upload-pack").read(limit + 1)
    if len(wanted) > limit:
        raise RequestEntityTooLarge
    return _answer("git-upload-pack-result", upload.serve(repository, _protocol(), wanted, house.answers))


@face.post("/<place:user>/<name>.git/git-receive-pack", scope=Open.ONE_GIST)
def receive_pack(actor: Actor, user: str, name: str) -> Response:
    gist, slug = _target(actor, user, name)
    body = _push_body()
    return _report(gists.push(actor, gist, body) if gist else gists.push_new(actor, slug, body))


@face.get("/init/info/refs", scope=Open.ONE_GIST)
def init_info_refs(actor: Actor) -> Response:
    if _service() == "git-upload-pack":
        raise Forbidden("every push to this address makes a gist; there is nothing to fetch from it")
    access.require_scope(actor, Scope.GIST_WRITE)
    return _offer([])


@face.post("/init/git-receive-pack", scope=Scope.GIST_WRITE)
def init_receive_pack(actor: Actor) -> Response:
    pushed = gists.push_new(actor, "", _push_body())
    return _report(pushed, "To push to it again: git remote set-url origin {}" if pushed.made else "")


def _service() -> str:
    service = request.args.get("service", "")
    if service not in _SERVICES:
        raise Forbidden("gistd speaks git's smart HTTP protocol only; use git 1.6.6 or newer")
    return service


def _gist(actor: Actor, user: str, name: str, action: Action) -> Gist:
    try:
        return gists.locate(actor, user, name, action)
    except NotFound:
        # git only sends credentials after a 401, so whoever has sent none is asked for them, and what is
        # missing looks like what is private.
        if actor == NOBODY:
            raise Unauthenticated("Authentication required") from None
        raise


def _target(actor: Actor, user: str, name: str) -> tuple[Gist | None, str]:
    """What a push goes to: a gist, or none and the slug of one that it makes."""
    try:
        return _gist(actor, user, name, Action.EDIT), ""
    except NotFound:
        return None, gists.claim(actor, user, name)


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


def _push_body() -> Reader:
    settings = house.settings
    request.max_content_length = max(settings.max_request_bytes, _DRAINED * settings.max_push_bytes)
    return _body("git-receive-pack")


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


def _offer(refs: list[tuple[str, str]]) -> Response:
    return _answer("git-receive-pack-advertisement", iter([receive.advertise(refs)]))


def _report(pushed: gists.Pushed, hint: str = "") -> Response:
    words = ""
    if pushed.made:
        words = f"The new gist is at {page_url(pushed.made)}\n{hint.format(clone_url(pushed.made))}"
    return _answer("git-receive-pack-result", iter([pushed.push.report(pushed.problem, words)]))


def _answer(type: str, chunks: Iterator[bytes]) -> Response:
    return _uncached(Response(chunks, content_type=f"application/x-{type}"))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    response.headers["Pragma"] = "no-cache"
    response.headers["Expires"] = "Fri, 01 Jan 1980 00:00:00 GMT"
    return response
