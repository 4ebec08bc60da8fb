"""The end of an account."""

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import administration
from gistd.core.access import Actor, Open
from gistd.errors import Conflict, Invalid

from .. import session
from ..face import face
from ..forms import confirm, page, user_of

_HERE = "/-/settings/delete"


@face.get(_HERE, scope=Open.SIGNED_IN)
def delete_form(_: Actor) -> Response:
    return page("settings/delete.html")


@face.post(_HERE, scope=Open.SIGNED_IN)
def delete_account(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        confirm(user)
        administration.delete_account(actor, user)
    except (Invalid, Conflict) as refused:
        return page("settings/delete.html", refused)
    response = redirect("/", 303)
    session.end(response)
    return response
