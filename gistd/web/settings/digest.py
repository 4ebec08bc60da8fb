"""The secret for HTTP digest, by which clients of ownpaste are known."""

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import digests
from gistd.core.access import Actor, Open
from gistd.errors import Invalid
from gistd.index import User

from ..face import face
from ..forms import confirm, page, saved, typed_twice, user_of

_HERE = "/-/settings/digest"


@face.get(_HERE, scope=Open.SIGNED_IN)
def digest(actor: Actor) -> Response:
    return _page(user_of(actor))


@face.post(_HERE, scope=Open.SIGNED_IN)
def set_digest(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        secret = typed_twice()
        confirm(user)
        digests.set_secret(user, secret)
    except Invalid as refused:
        return _page(user, refused)
    return saved(_HERE)


@face.post(f"{_HERE}/forget", scope=Open.SIGNED_IN)
def forget_digest(actor: Actor) -> AnyResponse:
    digests.forget_secret(user_of(actor))
    return redirect(_HERE, 303)


def _page(user: User, refused: Invalid | None = None) -> Response:
    return page("settings/digest.html", refused, is_set=digests.has_secret(user))
