"""Name and e-mail address."""

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts
from gistd.core.access import Actor, Open
from gistd.errors import Conflict, Invalid

from ..face import face
from ..forms import page, saved, typed, user_of

_HERE = "/-/settings/profile"


@face.get("/-/settings", scope=Open.SIGNED_IN)
def settings(_: Actor) -> AnyResponse:
    return redirect(_HERE, 303)


@face.get(_HERE, scope=Open.SIGNED_IN)
def profile(actor: Actor) -> Response:
    user = user_of(actor)
    return page("settings/profile.html", username=user.username, email=user.email)


@face.post(_HERE, scope=Open.SIGNED_IN)
def change_profile(actor: Actor) -> AnyResponse:
    asked = typed("username", "email")
    try:
        accounts.change(user_of(actor), **asked)
    except (Invalid, Conflict) as refused:
        return page("settings/profile.html", refused, **asked)
    return saved(_HERE)
