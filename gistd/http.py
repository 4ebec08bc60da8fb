"""What every face needs of HTTP: routes that declare their scope, errors in the shape of their face, URLs."""

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
from flask import Blueprint, Response, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_date
from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError as RoutingValidationError
from werkzeug.sansio.response import Response as WSGIResponse
from werkzeug.wrappers import Request as WSGIRequest

from gistd.core import access, accounts, house, meters
from gistd.core.access import Actor, Open, Scope
from gistd.errors import GistdError, TooManyRequests, Unavailable
from gistd.index import Gist
from gistd.settings import Settings

_log = logging.getLogger("gistd")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,20}\.?)(:\d{1,5})?")

_DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")

_CHUNK = 64 * 1024

REQUEST_ID, FACE = "gistd.request_id", "gistd.face"
"""Where in its environment a request has its id, and the name of the face that it is for; both are logged."""
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

PLACE = r"[A-Za-z0-9_-]{1,32}"

Authenticate = Callable[[], Actor]
RenderError = Callable[[int, str, Exception], Response]


class Request(flask.Request):
    """A request whose body is refused when it is too large, also where nobody said before how large it would be: it
    would be cut off otherwise."""

    def get_data(self, *arguments: Any, **options: Any) -> Any:
        data = super().get_data(*arguments, **options)
        most = self.max_content_length
        if self.content_length is None and most is not None and len(data) >= most:
            raise RequestEntityTooLarge
        return data


class PlaceConverter(BaseConverter):
    """The first part of a gist's path: a user name, or a word that stands for one; never one that means a page."""

    regex = PLACE

    def to_python(self, value: str) -> str:
        if not is_place(value):
            raise RoutingValidationError
        return value


def is_place(word: str) -> bool:
    """Whether gists can be under this first part of a path."""
    return word.lower() not in accounts.RESERVED - {"gist", "anonymous"}


@dataclass(frozen=True)
class Route:
    """What a face answers to: a method and a path of Flask's, who may use it, and the view that does it."""

    method: str
    path: str
    scope: Scope | Open
    view: Callable[..., Any]

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def summary(self) -> str:
        """The first paragraph of what the view says of itself."""
        return " ".join((self.view.__doc__ or "").strip().split("\n\n")[0].split())


class Face(Blueprint):
    """A blueprint that speaks one protocol.

    `authenticate` makes the actor of the current request; it is given to every view as its first argument.
    `render_error` answers in the protocol's own shape; `claims` is a pattern for the paths of this face, for
    errors that happen before a route is found. A route without a scope cannot be made.
    """

    def __init__(self, name: str, authenticate: Authenticate, render_error: RenderError, claims: str, **options: Any):
        super().__init__(name, options.pop("import_name", __name__), **options)
        self.authenticate = authenticate
        self.render_error = render_error
        self.claims = re.compile(claims)
        self.routes: list[Route] = []

    def at(
        self, mounts: Sequence[str], method: str, path: str, *, scope: Scope | Open
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator that hangs a view on a path below each of the mounts."""

        def hang(view: Callable[..., Any]) -> Callable[..., Any]:
            for mount in mounts:
                self.route(mount + path, methods=[method], scope=scope)(view)
            return view

        return hang

    def is_asked(self) -> bool:
        """Whether the current request is for this face, be it that nothing was found there."""
        claimed = request.blueprint is None and self.claims.match(request.path) is not None
        return claimed or request.blueprint == self.name

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        *,
        scope: Scope | Open | None = None,
        **options: Any,
    ) -> None:
        if scope is None or view_func is None:
            raise TypeError(f"the route {rule} declares no scope")
        self.routes += [Route(method, rule, scope, view_func) for method in options.get("methods", ["GET"])]
        super().add_url_rule(rule, endpoint, self._guarded(view_func, scope), provide_automatic_options, **options)

    @cache  # noqa: B019 (a face lives as long as the process; a view with two paths is one view)
    def _guarded(self, view: Callable[..., Any], scope: Scope | Open) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            request.environ[FACE] = self.name
            actor = g.actor = replace(self.authenticate(), address=client_address())
            access.require_scope(actor, scope)
            return view(actor, **arguments)

        return guarded


def answer_error(faces: list[Face], error: Exception) -> WSGIResponse:
    """Let the face that the request was meant for say what went wrong."""
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error.get_response()  # a redirect that Flask makes
    answering = [face for face in faces if face.name == request.blueprint]
    face = next(face for face in answering + faces if face in answering or face.claims.match(request.path))
    request.environ[FACE] = face.name
    _read_to_end()
    status, message, headers = described(error, request)
    response = face.render_error(status, message, error)
    response.headers.update(headers)
    return response


def _read_to_end() -> None:
    """Take in what is left of a body, up to the largest that is taken at all. The connection would end with what is not
    read, and with HTTP digest the first request of each is in vain: its answer must be followed by another one."""
    left = house.settings.max_request_bytes
    with suppress(HTTPException, ParseException, OSError):
        # Past any limit to what the face takes, where the server itself knows the end.
        ends = request.environ.get("wsgi.input_terminated")
        stream = request.environ["wsgi.input"] if ends else request.stream
        while left > 0 and (piece := stream.read(min(left, _CHUNK))):
            left -= len(piece)


def described(error: Exception, asked: WSGIRequest) -> tuple[int, str, dict[str, str]]:
    """The status for an error, words for whoever asked, and headers that go with it. What nobody expected is logged."""
    if isinstance(error, TooManyRequests):
        meters.count_throttled()
        return error.status, error.message, {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unavailable):
        return error.status, error.message, {"Retry-After": "5"}
    if isinstance(error, GistdError):
        return error.status, error.message, {}
    if isinstance(error, ParseException):
        return 400, "the body of the request is malformed", {}
    if isinstance(error, HTTPException) and error.code is not None:
        headers = {name: value for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")}
        return error.code, error.description or error.name, headers
    id = asked.environ.get(REQUEST_ID, "-")
    _log.error("request %s failed: %s %s", id, asked.method, ascii(asked.path), exc_info=error)
    return 500, "Something went wrong here; the operator finds the cause in the log", {}


def always(settings: Settings) -> dict[str, str]:
    """The headers of every answer that does not say otherwise: what it is allowed to be, seen from a browser."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
    }
    if settings.external_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def identified(app: WSGIApplication, more: Mapping[str, str]) -> WSGIApplication:
    """Give each request an id, which its answer and its line in the log have: the one that it came with (X-Request-ID),
    if that is one. And each answer more headers, where it has none of that name."""

    def identifying(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = environ.get("HTTP_X_REQUEST_ID", "")
        id = environ[REQUEST_ID] = asked if _ID.fullmatch(asked) else secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            said = {name.lower() for name, _ in headers}
            added = [(name, value) for name, value in more.items() if name.lower() not in said]
            return start_response(status, [*headers, *added, ("X-Request-ID", id)], exc_info)

        return app(environ, start)

    return identifying


def refuse_bad_hosts(app: WSGIApplication) -> WSGIApplication:
    """Answer 400 to a Host header that is no host: URLs cannot be made with it."""

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _is_host(environ.get("HTTP_HOST", "localhost")):
            return app(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"the Host header is not a host\n"]

    return checked


def _is_host(word: str) -> bool:
    match = _HOST.fullmatch(word.lower())
    if match is None:
        return False
    try:
        return bool(IPv6Address(match[1][1:-1]) if word.startswith("[") else match[1].encode().decode("idna"))
    except ValueError:
        return False


def forgive_headers(app: WSGIApplication) -> WSGIApplication:
    """Take out of headers what werkzeug stumbles over: what is not ASCII in a credential, for no right one has any of
    that, and dates that no calendar has, which are not looked at (RFC 9110, 13.1.3)."""

    def forgiving(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if credential := environ.get("HTTP_AUTHORIZATION"):
            environ["HTTP_AUTHORIZATION"] = credential.encode("ascii", "replace").decode()
        for name in _DATES:
            try:
                parse_date(environ.get(name))
            except (OverflowError, ValueError):
                del environ[name]
        return app(environ, start_response)

    return forgiving


def forgive_slashes(app: WSGIApplication) -> WSGIApplication:
    """Take several slashes in a path for one: clients put an address and a path together that way."""

    def forgiving(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "//" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = re.sub("//+", "/", environ["PATH_INFO"])
        return app(environ, start_response)

    return forgiving


def base_url(asked: WSGIRequest = request) -> str:
    """The address that people see, without a slash at its end."""
    return house.settings.external_url or asked.url_root.rstrip("/")


def client_address(asked: WSGIRequest = request) -> str:
    """Who to count failures against: an IPv4 address, or the /64 network that one IPv6 customer has."""
    try:
        address = ip_address(asked.remote_addr or "")
    except ValueError:  # a Unix socket has none
        return "local"
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def disposition(place: str, name: str) -> str:
    """Where a file is to be shown, and its name, in a header (RFC 6266)."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def owner_name(gist: Gist) -> str:
    """The first part of the path of a gist's pages."""
    return "anonymous" if gist.owner is None else gist.owner.username


def path_of(gist: Gist) -> str:
    """The path of a gist's page."""
    return f"/{owner_name(gist)}/{gist.slug or gist.id}"


def page_url(gist: Gist, asked: WSGIRequest = request) -> str:
    return base_url(asked) + path_of(gist)


def clone_url(gist: Gist, asked: WSGIRequest = request) -> str:
    return f"{page_url(gist, asked)}.git"
