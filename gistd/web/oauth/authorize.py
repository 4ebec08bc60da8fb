"""OAuth 2.0: an app asks for something, somebody says yes, to all of it or to a part, or no."""

from flask import Response, request

from gistd import oauth2
from gistd.core import scopes
from gistd.core.access import Actor, Open

from ..face import face
from ..forms import user_of
from .consent import ask, is_accepted

_HERE = "/oauth2/authorize"
_KEPT = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


@face.get(_HERE, scope=Open.SIGNED_IN)
def authorize_form(actor: Actor) -> Response:
    asked = oauth2.asked(user_of(actor))
    if isinstance(asked, Response):
        return asked
    return ask(asked.app, asked.words, asked.redirect_uri, _KEPT)


@face.post(_HERE, scope=Open.SIGNED_IN)
def authorize(actor: Actor) -> Response:
    user = user_of(actor)
    asked = oauth2.asked(user)
    if isinstance(asked, Response):
        return asked
    granted = scopes.narrowed(asked.words, request.form) if is_accepted() else []
    return oauth2.answer(asked, user, granted)
