"""Where one is signed in."""

from flask import Response
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import sessions as signed_in
from gistd.core.access import Actor, Open

from .. import session
from ..face import face
from ..forms import page, saved, user_of

_HERE = "/-/settings/sessions"


@face.get(_HERE, scope=Open.SIGNED_IN)
def sessions(actor: Actor) -> Response:
    listed = [(each, signed_in.is_this(each, session.secret())) for each in signed_in.of(user_of(actor))]
    return page("settings/sessions.html", sessions=listed, lifetime=signed_in.LIFETIME.days, idle=signed_in.IDLE.days)


@face.post(f"{_HERE}/<int(max=2147483647):id>/end", scope=Open.SIGNED_IN)
def end_session(actor: Actor, id: int) -> AnyResponse:
    signed_in.revoke(user_of(actor), id)
    return saved(_HERE)


@face.post(f"{_HERE}/end-others", scope=Open.SIGNED_IN)
def end_other_sessions(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    signed_in.end_all(user)
    response = saved(_HERE)
    session.start(response, user)
    return response
