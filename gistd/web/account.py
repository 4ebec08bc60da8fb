"""Signing up, in and out."""

from urllib.parse import quote

from flask import redirect, request
from werkzeug.wrappers import Response

from gistd.core import accounts, credentials, house, sessions, twofactor
from gistd.core.access import Actor, Open
from gistd.errors import Conflict, Invalid, Unauthenticated
from gistd.http import client_address
from gistd.index import User

from . import session
from .face import face, may_lead_away, own_path
from .forms import page, typed, typed_twice


@face.app_template_global()
def signup_open() -> bool:
    """Whether people can make an account of their own."""
    return house.settings.signup


@face.get("/-/register", scope=Open.EVERYBODY)
def register_form(actor: Actor) -> Response:
    accounts.require_signup()
    return redirect("/", 303) if actor.user else page("register.html")


@face.post("/-/register", scope=Open.EVERYBODY)
def register(_: Actor) -> Response:
    accounts.require_signup()
    asked = typed("username", "email")
    try:
        user = accounts.sign_up(**asked, password=typed_twice(), address=client_address())
    except (Invalid, Conflict) as refused:
        return page("register.html", refused, **asked)
    return _signed_in(user, "/")


@face.get("/-/login", scope=Open.EVERYBODY)
def login_form(_: Actor) -> Response:
    return page("login.html", next=_next(request.args.get("next", "/")))


@face.post("/-/login", scope=Open.EVERYBODY)
def login(_: Actor) -> Response:
    asked, next = typed("username"), _next(request.form.get("next", "/"))
    try:
        user = credentials.user_by_password(**asked, **typed("password"), address=client_address())
    except Unauthenticated as refused:
        return page("login.html", refused, next=next, **asked)
    if twofactor.is_on(user):
        response = redirect(f"/-/login/second?next={quote(next, safe='')}", 303)
        session.start_half(response, user)
        return response
    return _signed_in(user, next)


@face.get("/-/login/second", scope=Open.EVERYBODY)
def second_form(_: Actor) -> Response:
    next = _next(request.args.get("next", "/"))
    if sessions.half(session.secret()) is None:
        return redirect(f"/-/login?next={quote(next, safe='')}", 303)
    return page("second.html", next=next)


@face.post("/-/login/second", scope=Open.EVERYBODY)
def second(_: Actor) -> Response:
    next = _next(request.form.get("next", "/"))
    user = sessions.half(session.secret())
    if user is None:
        return redirect(f"/-/login?next={quote(next, safe='')}", 303)
    try:
        twofactor.check(user, request.form.get("code", ""))
    except Unauthenticated as refused:
        return page("second.html", refused, next=next)
    return _signed_in(user, next)


def _next(asked: str) -> str:
    """Where to go next. An app that waits to be let in may be answered at once."""
    next = own_path(asked)
    if next.startswith(("/oauth/", "/oauth2/")):
        may_lead_away()
    return next


def _signed_in(user: User, next: str) -> Response:
    response = redirect(next, 303)
    session.start(response, user)
    return response


@face.post("/-/logout", scope=Open.EVERYBODY)
def logout(_: Actor) -> Response:
    response = redirect("/", 303)
    session.end(response)
    return response
