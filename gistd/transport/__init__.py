"""For git: the smart HTTP protocol (gitprotocol-http(5)) at `/<user>/<id or slug>.git` and `/gist/<id>.git`.

A push to `/<me>/<new slug>.git` makes a gist, and so does every push to `/init`.

Only the smart protocol: the dumb one would hand out every object by its id. It stands beside Flask and not in it: a
clone asks three times, and a seventh of what that took the server went into what Flask does for pages.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import IO, NamedTuple, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Request

from gistd.core import access, credentials, gists, house, pushes
from gistd.core.access import NOBODY, Action, Actor, Open, Scope
from gistd.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gistd.http import FACE, PLACE, client_address, clone_url, described, is_place, page_url
from gistd.index import Gist
from gistd.store import receive, upload
from gistd.store.pkt import Reader

_SERVICES = ("git-upload-pack", "git-receive-pack")
_DRAINED = 8
"""So many times the largest push is read to its end, so that the pusher hears why it is refused."""


_FRESH = {
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "X-Content-Type-Options": "nosniff",
}
"""What git is told may be another thing the next time (gitprotocol-http(5))."""

_CLAIMED = re.compile(r"/(?:([^/]+)/[^/]+\.git|init)/.")
_GIST = rf"/(?P<user>{PLACE})/(?P<name>[^/]+)\.git"
_UPLOAD_PACK = _GIST + "/git-upload-pack"


class _Answer(NamedTuple):
    """What git is told, without what werkzeug's own kind of answer does for pages."""

    type: str
    body: bytes | Iterator[bytes]
    status: int = 200
    headers: Mapping[str, str] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", self.type), *_FRESH.items(), *self.headers.items()]
        whole = [self.body] if isinstance(self.body, bytes) else None
        if whole:
            headers.append(("Content-Length", str(len(whole[0]))))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else whole or self.body  # type: ignore[return-value]


def _git(kind: str, body: bytes | Iterator[bytes]) -> _Answer:
    return _Answer(f"application/x-git-{kind}", body)


class _Route(NamedTuple):
    method: str
    path: re.Pattern[str]
    scope: Scope | Open
    view: Callable[..., _Answer]


_routes: list[_Route] = []


def beside(rest: WSGIApplication) -> WSGIApplication:
    """The application that answers git, and hands everything else to `rest`."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        claimed = _CLAIMED.match(environ.get("PATH_INFO", ""))
        if claimed is None or not is_place(claimed[1] or ""):
            return rest(environ, start_response)
        environ[FACE] = "git"
        request = Request(environ)
        request.max_content_length = house.settings.max_request_bytes
        try:
            answer = _respond(request)
        except Exception as error:
            status, message, headers = described(error, request)
            if status == 401:
                headers = {**headers, "WWW-Authenticate": 'Basic realm="gistd"'}
            answer = _Answer("text/plain; charset=utf-8", f"{message}\n".encode(), status, headers)
        return answer(environ, start_response)

    return application


def only_asks(path: str) -> bool:
    """Whether a POST to this path changes nothing: it is one of a clone or a fetch."""
    return re.fullmatch(_UPLOAD_PACK, path) is not None


def _route(method: str, path: str, scope: Scope | Open) -> Callable[[Callable[..., _Answer]], Callable[..., _Answer]]:
    def add(view: Callable[..., _Answer]) -> Callable[..., _Answer]:
        _routes.append(_Route(method, re.compile(path), scope, view))
        return view

    return add


def _respond(request: Request) -> _Answer:
    found = [(route, match) for route in _routes if (match := route.path.fullmatch(request.path))]
    if not found:
        raise NotFound("gistd speaks git's smart HTTP protocol only; there is nothing at this address")
    method = "GET" if request.method == "HEAD" else request.method
    for route, match in found:
        if route.method == method:
            actor = _authenticate(request)
            access.require_scope(actor, route.scope)
            return route.view(request, actor, **match.groupdict())
    raise MethodNotAllowed([route.method for route, _ in found])


def _authenticate(request: Request) -> Actor:
    if "Authorization" not in request.headers:
        return NOBODY
    given = request.authorization
    if given is None or given.type != "basic":
        raise Unauthenticated("Bad credentials")
    return credentials.actor_by_basic(given.username or "", given.password or "", client_address(request))


@_route("GET", _GIST + "/info/refs", scope=Open.ONE_GIST)
def _info_refs(request: Request, actor: Actor, user: str, name: str) -> _Answer:
    if _service(request) == "git-upload-pack":
        repository = gists.repository(_gist(actor, user, name))
        return _git("upload-pack-advertisement", upload.advertise(repository, _protocol(request)))
    gist, _ = _target(actor, user, name)
    return _offer(gists.repository(gist).refs() if gist else [])


@_route("POST", _UPLOAD_PACK, scope=Open.ONE_GIST)
def _upload_pack(request: Request, actor: Actor, user: str, name: str) -> _Answer:
    repository = gists.repository(_gist(actor, user, name))
    limit = house.settings.max_fetch_bytes
    wanted = _body(request, "git-upload-pack").read(limit + 1)
    if len(wanted) > limit:
        raise RequestEntityTooLarge
    return _git("upload-pack-result", upload.serve(repository, _protocol(request), wanted, house.answers))


@_route("POST", _GIST + "/git-receive-pack", scope=Open.ONE_GIST)
def _receive_pack(request: Request, actor: Actor, user: str, name: str) -> _Answer:
    gist, slug = _target(actor, user, name)
    body = _push_body(request)
    return _report(request, pushes.push(actor, gist, body) if gist else pushes.push_new(actor, slug, body))


@_route("GET", "/init/info/refs", scope=Open.ONE_GIST)
def _init_info_refs(request: Request, actor: Actor) -> _Answer:
    if _service(request) == "git-upload-pack":
        raise Forbidden("every push to this address makes a gist; there is nothing to fetch from it")
    access.require_scope(actor, Scope.GIST_WRITE)
    return _offer([])


@_route("POST", "/init/git-receive-pack", scope=Scope.GIST_WRITE)
def _init_receive_pack(request: Request, actor: Actor) -> _Answer:
    pushed = pushes.push_new(actor, "", _push_body(request))
    return _report(request, pushed, "To push to it again: git remote set-url origin {}")


def _service(request: Request) -> str:
    service = request.args.get("service", "")
    if service not in _SERVICES:
        raise Forbidden("gistd speaks git's smart HTTP protocol only; use git 1.6.6 or newer")
    return service


def _gist(actor: Actor, user: str, name: str) -> Gist:
    try:
        return gists.locate(actor, user, name)
    except NotFound:
        # git only sends credentials after a 401, so whoever has sent none is asked for them, and what is
        # missing looks like what is private.
        if actor == NOBODY:
            raise Unauthenticated("Authentication required") from None
        raise


def _target(actor: Actor, user: str, name: str) -> tuple[Gist | None, str]:
    """What a push goes to: a gist, or none and the slug of one that it makes."""
    access.require_scope(actor, Open.SIGNED_IN)  # nothing is looked for before git has told who it is
    try:
        return gists.locate(actor, user, name, Action.EDIT), ""
    except NotFound:
        return None, pushes.claim(actor, user, name)


def _protocol(request: Request) -> str:
    return request.headers.get("Git-Protocol", "")


def _body(request: Request, service: str) -> Reader:
    """The request's body, inflated; git compresses what it asks for when that is long."""
    if request.mimetype != f"application/x-{service}-request":
        raise UnsupportedMediaType(f"the Content-Type must be application/x-{service}-request")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding in ("identity", ""):
        return cast(Reader, request.stream)
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType("the Content-Encoding must be gzip or none")
    return _Inflated(request.stream, request.max_content_length or 0)


def _push_body(request: Request) -> Reader:
    settings = house.settings
    request.max_content_length = max(settings.max_request_bytes, _DRAINED * settings.max_push_bytes)
    return _body(request, "git-receive-pack")


class _Inflated:
    """A gzip stream, read; what it unpacks to is held to the same limit as a body that is not packed."""

    def __init__(self, packed: IO[bytes], most: int) -> None:
        self._file = gzip.GzipFile(fileobj=packed, mode="rb")
        self._left = most

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._file.read(size if size >= 0 else self._left + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Invalid("malformed git request: the body is not gzip") from error
        self._left -= len(data)
        if self._left < 0:
            raise RequestEntityTooLarge
        return data


def _offer(refs: list[tuple[str, str]]) -> _Answer:
    return _git("receive-pack-advertisement", receive.advertise(refs))


def _report(request: Request, pushed: pushes.Pushed, hint: str = "") -> _Answer:
    words = ""
    if pushed.made:
        words = f"The new gist is at {page_url(pushed.made, request)}\n"
        words += hint.format(clone_url(pushed.made, request))
    return _git("receive-pack-result", pushed.push.report(pushed.problem, words))
