"""Another password."""

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts, credentials
from gistd.core.access import Actor, Open
from gistd.errors import Invalid
from gistd.http import client_address

from .. import session
from ..account import typed_twice
from ..face import face
from .page import page, saved, user_of

_HERE = "/-/settings/password"


@face.get(_HERE, scope=Open.SIGNED_IN)
def password(_: Actor) -> Response:
    return page("password.html")


@face.post(_HERE, scope=Open.SIGNED_IN)
def change_password(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        new = typed_twice()
        credentials.confirm(user, request.form.get("current", ""), client_address())
        accounts.set_password(user, new)
    except Invalid as refused:
        return page("password.html", refused)
    response = saved(_HERE)
    session.start(response, user)
    return response
