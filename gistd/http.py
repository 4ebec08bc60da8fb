"""What every face needs of HTTP: routes that declare their scope, errors in the shape of their face, URLs."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, wraps
from ipaddress import ip_address, ip_network
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Response, current_app, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError as RoutingValidationError
from werkzeug.sansio.response import Response as WSGIResponse

from gistd.core import access, accounts
from gistd.core.access import Actor, Open, Scope
from gistd.errors import GistdError, TooManyRequests, Unavailable
from gistd.index import Gist

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,20}\.?)(:\d{1,5})?")

Authenticate = Callable[[], Actor]
RenderError = Callable[[int, str, Exception], Response]


class PlaceConverter(BaseConverter):
    """The first part of a gist's path: a user name, or a word that stands for one; never one that means a page."""

    regex = r"[A-Za-z0-9_-]{1,32}"

    def to_python(self, value: str) -> str:
        if value.lower() in accounts.RESERVED - {"gist", "anonymous"}:
            raise RoutingValidationError
        return value


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
            actor = g.actor = self.authenticate()
            access.require_scope(actor, scope)
            return view(actor, **arguments)

        return guarded


def answer_error(faces: list[Face], error: Exception) -> WSGIResponse:
    """Let the face that the request was meant for say what went wrong."""
    face = next(face for face in faces if face.claims.match(request.path))
    if isinstance(error, GistdError):
        response = face.render_error(error.status, error.message, error)
    elif isinstance(error, ParseException):
        response = face.render_error(400, "the body of the request is malformed", error)
    elif isinstance(error, HTTPException) and error.code is not None:
        if error.code < 400:  # a redirect that Flask makes
            return error.get_response()
        response = face.render_error(error.code, error.description or error.name, error)
        response.headers.extend(
            item for item in error.get_headers() if item[0] not in ("Content-Type", "Content-Length")
        )
    else:
        current_app.logger.exception("%s %s failed", request.method, ascii(request.path))
        response = face.render_error(500, "Something went wrong here; the operator finds the cause in the log", error)
    if response.status_code == 413:
        response.headers["Connection"] = "close"  # nobody reads the rest of the body
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = "5"
    elif isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def refuse_bad_hosts(app: WSGIApplication) -> WSGIApplication:
    """Answer 400 to a Host header that is no host: URLs cannot be made with it."""

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "localhost")
        try:
            fine = _HOST.fullmatch(host) and host.partition(":")[0].encode().decode("idna") is not None
        except UnicodeError:
            fine = False
        if fine:
            return app(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"the Host header is not a host\n"]

    return checked


def base_url() -> str:
    """The address that people see, without a slash at its end."""
    return current_app.config["EXTERNAL_URL"] or request.url_root.rstrip("/")


def client_address() -> str:
    """Who to count failures against: an IPv4 address, or the /64 network that one IPv6 customer has."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:  # a Unix socket has none
        return "local"
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def owner_name(gist: Gist) -> str:
    """The first part of the path of a gist's pages."""
    return "anonymous" if gist.owner is None else gist.owner.username


def page_url(gist: Gist) -> str:
    return f"{base_url()}/{owner_name(gist)}/{gist.slug or gist.id}"


def clone_url(gist: Gist) -> str:
    return f"{page_url(gist)}.git"
