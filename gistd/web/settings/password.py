"""Another password."""

from flask import Response
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts
from gistd.core.access import Actor, Open
from gistd.errors import Invalid

from .. import session
from ..face import face
from ..forms import confirm, page, saved, typed_twice, user_of

_HERE = "/-/settings/password"


@face.get(_HERE, scope=Open.SIGNED_IN)
def password(_: Actor) -> Response:
    return page("settings/password.html")


@face.post(_HERE, scope=Open.SIGNED_IN)
def change_password(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        new = typed_twice()
        confirm(user)
        accounts.set_password(user, new)
    except Invalid as refused:
        return page("settings/password.html", refused)
    response = saved(_HERE)
    session.start(response, user)
    return response
