"""What every page has: who looks at it, headers that keep it safe, and a page for what went wrong."""

import hashlib
import re
import secrets
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Response, g, render_template, request
from werkzeug.exceptions import Forbidden

from gistd.core import sessions
from gistd.core.access import NOBODY, Actor
from gistd.http import Face, base_url

from . import session

_PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action {sent_to}; frame-ancestors {framed_by}"
)
_NOT_WANTED = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
_STATIC = Path(__file__).with_name("static")
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII, no backslash


def _authenticate() -> Actor:
    secret = session.secret()
    return sessions.actor(secret) if secret else NOBODY


def _error(status: int, message: str, _: Exception) -> Response:
    if status == 401 and request.method == "GET":
        asked = quote(request.path) + (f"?{request.query_string.decode('latin-1')}" if request.query_string else "")
        return Response(status=302, headers={"Location": f"/-/login?next={quote(asked)}"})
    return Response(render_template("error.html", status=status, message=message), status)


face = Face(
    "web",
    _authenticate,
    _error,
    "",
    import_name=__name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/-/static",
)


@face.before_request
def _refuse_other_sites() -> None:
    """A form is taken from our own pages only. Every browser says where one comes from (Fetch Metadata, RFC 6454)."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = site in ("same-origin", "none") if site else origin in (None, base_url(), request.host_url.rstrip("/"))
    if not ours:
        raise Forbidden("this form was not sent from here")


@face.after_app_request
def _headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        framed = g.get("may_be_framed") and response.status_code == 200
        framed_by = "*" if framed else "'none'"
        sent_to = "'self' https: http:" if g.get("may_lead_away") else "'self'"
        policy = _PAGE_POLICY.format(nonce=nonce(), sent_to=sent_to, framed_by=framed_by)
        response.headers["Content-Security-Policy"] = policy
        if not framed:
            response.headers["X-Frame-Options"] = "DENY"
            response.headers["Permissions-Policy"] = _NOT_WANTED
        if not framed and not g.get("may_lead_away"):  # an app may have opened that one
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers.setdefault("Vary", "Cookie, Accept-Language")
    return response


def may_lead_away() -> None:
    """Let what answers the forms of this page send people on to another site, and that one on to the next: browsers
    hold all of them against the page (CSP 3, form-action)."""
    g.may_lead_away = True


@face.app_template_global()
def nonce() -> str:
    """What marks the scripts of this answer as ours (Content Security Policy 3, nonces): another one each time."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


@face.app_template_global()
@cache
def asset(name: str) -> str:
    """The address of a file of ours, another one whenever its content is."""
    return f"/-/static/{name}?v={hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]}"


def own_path(asked: str) -> str:
    """Where to go next, if that is a path here; the home page if it leads anywhere else."""
    return asked if _OWN_PATH.fullmatch(asked) and not urlsplit(asked).netloc else "/"
