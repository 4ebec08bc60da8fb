"""API keys, for clients of paste.gg."""

from datetime import UTC, datetime

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials
from gistd.core.access import Actor, Open
from gistd.errors import Invalid
from gistd.index import User

from ..face import face
from ..forms import name_of_secret, page, user_of

_HERE = "/-/settings/api-keys"


@face.get(_HERE, scope=Open.SIGNED_IN)
def keys(actor: Actor) -> Response:
    return _page(user_of(actor))


@face.post(_HERE, scope=Open.SIGNED_IN)
def create_key(actor: Actor) -> Response:
    user = user_of(actor)
    try:
        key = credentials.issue_key(user, name_of_secret())
    except Invalid as refused:
        return _page(user, refused)
    return _page(user, status=201, new=key)


@face.post(f"{_HERE}/<int(max=2147483647):id>/revoke", scope=Open.SIGNED_IN)
def revoke_key(actor: Actor, id: int) -> AnyResponse:
    credentials.revoke_token(user_of(actor), id, credentials.KEY)
    return redirect(_HERE, 303)


def _page(user: User, refused: Invalid | None = None, status: int = 200, new: str = "") -> Response:
    return page(
        "settings/keys.html",
        refused,
        status,
        keys=credentials.tokens(user, credentials.KEY),
        now=datetime.now(UTC),
        new=new,
        form=request.form,
    )
