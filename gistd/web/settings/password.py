"""Another password."""

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts, credentials
from gistd.core.access import Actor, Open
from gistd.errors import Invalid
from gistd.http import client_address

from .. import session
from ..face import face
from ..forms import page, saved, typed_twice, user_of

_HERE = "/-/settings/password"


@face.get(_HERE, scope=Open.SIGNED_IN)
def password(_: Actor) -> Response:
    return page("settings/password.html")


@face.post(_HERE, scope=Open.SIGNED_IN)
def change_password(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        new = typed_twice()
        credentials.confirm(user, request.form.get("current", ""), client_address())
        accounts.set_password(user, new)
    except Invalid as refused:
        return page("settings/password.html", refused)
    response = saved(_HERE)
    session.start(response, user)
    return response
