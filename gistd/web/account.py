"""Signing up, in and out."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from gistd.core import accounts, credentials, house
from gistd.core.access import Actor, Open
from gistd.errors import Conflict, Invalid, Unauthenticated
from gistd.http import client_address

from . import session
from .face import face, own_path
from .texts import _


@face.app_template_global()
def signup_open() -> bool:
    """Whether people can make an account of their own."""
    return house.settings.signup


@face.get("/-/register", scope=Open.EVERYBODY)
def register_form(actor: Actor) -> str | Response:
    accounts.require_signup()
    return redirect("/", 303) if actor.user else render_template("register.html", problems={})


@face.post("/-/register", scope=Open.EVERYBODY)
def register(actor: Actor) -> Response:
    username, email = request.form.get("username", ""), request.form.get("email", "")
    try:
        user = accounts.sign_up(username, typed_twice(), email, client_address())
    except (Invalid, Conflict) as refused:
        problems = refused.fields if isinstance(refused, Invalid) else {"username": [refused.message]}
        page = render_template("register.html", username=username, email=email, problems=problems)
        return make_response(page, refused.status)
    response = redirect("/", 303)
    session.start(response, user)
    return response


def typed_twice() -> str:
    """The new password of a form, which asks for it twice: nobody sees what they type. Raises Invalid."""
    password = request.form.get("password", "")
    if request.form.get("repeat", "") != password:
        words = _("that is not the same password")
        raise Invalid(words, {"repeat": [words]})
    return password


@face.get("/-/login", scope=Open.EVERYBODY)
def login_form(_: Actor) -> str:
    return render_template("login.html", next=own_path(request.args.get("next", "/")), username="", problem="")


@face.post("/-/login", scope=Open.EVERYBODY)
def login(_: Actor) -> Response:
    username, next = request.form.get("username", ""), own_path(request.form.get("next", "/"))
    try:
        user = credentials.user_by_password(username, request.form.get("password", ""), client_address())
    except Unauthenticated as refused:
        page = render_template("login.html", next=next, username=username, problem=refused.message)
        return make_response(page, refused.status)
    response = redirect(next, 303)
    session.start(response, user)
    return response


@face.post("/-/logout", scope=Open.EVERYBODY)
def logout(_: Actor) -> Response:
    response = redirect("/", 303)
    session.end(response)
    return response
