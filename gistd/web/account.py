"""Signing in and out, and the access tokens of whoever is signed in."""

from datetime import UTC, datetime, timedelta

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials
from gistd.core.access import Actor, Open, Scope
from gistd.errors import Invalid, Unauthenticated
from gistd.http import base_url, client_address
from gistd.index import User

from .face import SESSION_COOKIE, face, own_path

_TOKENS_PAGE = "/-/settings/access-tokens"


@face.get("/-/login", scope=Open.EVERYBODY)
def login_form(_: Actor) -> str:
    return render_template("login.html", next=own_path(request.args.get("next", "/")), username="", problem="")


@face.post("/-/login", scope=Open.EVERYBODY)
def login(_: Actor) -> AnyResponse:
    username, next = request.form.get("username", ""), own_path(request.form.get("next", "/"))
    try:
        actor = credentials.actor_by_password(username, request.form.get("password", ""), client_address())
    except Unauthenticated as refused:
        page = render_template("login.html", next=next, username=username, problem=refused.message)
        return make_response(page, refused.status)
    response = redirect(next, 303)
    # A session of its own for each sign-in: one that somebody else may have planted is not taken over.
    _end_session()
    response.set_cookie(
        SESSION_COOKIE,
        credentials.start_session(actor),
        max_age=credentials.SESSION_LIFETIME,
        httponly=True,
        samesite="Lax",
        secure=base_url().startswith("https:"),
    )
    return response


@face.post("/-/logout", scope=Open.EVERYBODY)
def logout(_: Actor) -> AnyResponse:
    _end_session()
    response = redirect("/", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


def _end_session() -> None:
    if secret := request.cookies.get(SESSION_COOKIE):
        credentials.end_session(secret)


@face.get(_TOKENS_PAGE, scope=Open.SIGNED_IN)
def tokens(actor: Actor) -> Response:
    return _tokens_page(_user(actor))


@face.post(_TOKENS_PAGE, scope=Open.SIGNED_IN)
def create_token(actor: Actor) -> Response:
    user = _user(actor)
    try:
        scopes = [Scope(word) for word in request.form.getlist("scope") if word in set(Scope)]
        if not scopes:
            raise Invalid("choose at least one thing that the token is for")
        label = request.form.get("name", "").strip()
        if not label:
            raise Invalid("give the token a name, so that you know it again")
        token = credentials.issue_token(user, scopes, label, _end_of_day(request.form.get("expires_at", "")))
    except Invalid as refused:
        return _tokens_page(user, problem=refused.message, status=refused.status)
    return _tokens_page(user, new_token=token, status=201)


@face.post(f"{_TOKENS_PAGE}/<int(max=2147483647):id>/revoke", scope=Open.SIGNED_IN)
def revoke_token(actor: Actor, id: int) -> AnyResponse:
    credentials.revoke_token(_user(actor), id)
    return redirect(_TOKENS_PAGE, 303)


def _tokens_page(user: User, new_token: str = "", problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "tokens.html",
        tokens=credentials.tokens(user),
        scopes=list(Scope),
        now=datetime.now(UTC),
        new_token=new_token,
        problem=problem,
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _end_of_day(day: str) -> datetime | None:
    """The last second of a day such as 2030-01-31; None when none is given. Raises Invalid."""
    if not day:
        return None
    try:
        end = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError) as error:
        raise Invalid("a day is written 2030-01-31") from error
    if end <= datetime.now(UTC):
        raise Invalid("that day is over already")
    return end


def _user(actor: Actor) -> User:
    assert actor.user is not None
    return actor.user
