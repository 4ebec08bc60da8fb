"""Name and e-mail address."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts
from gistd.core.access import Actor, Open
from gistd.errors import Conflict, Invalid

from ..face import face
from .page import page, saved, user_of

_HERE = "/-/settings/profile"


@face.get("/-/settings", scope=Open.SIGNED_IN)
def settings(_: Actor) -> AnyResponse:
    return redirect(_HERE, 303)


@face.get(_HERE, scope=Open.SIGNED_IN)
def profile(actor: Actor) -> Response:
    user = user_of(actor)
    return page("profile.html", username=user.username, email=user.email)


@face.post(_HERE, scope=Open.SIGNED_IN)
def change_profile(actor: Actor) -> AnyResponse:
    username, email = request.form.get("username", ""), request.form.get("email", "")
    try:
        accounts.change(user_of(actor), username, email)
    except (Invalid, Conflict) as refused:
        return page("profile.html", refused, username=username, email=email)
    return saved(_HERE)
