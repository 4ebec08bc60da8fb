"""Access tokens, for tools that act in one's name."""

from datetime import UTC, datetime, timedelta

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials
from gistd.core.access import Actor, Open, Scope
from gistd.errors import Invalid
from gistd.index import User

from ..face import face
from ..forms import name_of_secret, page, user_of
from ..texts import _

_HERE = "/-/settings/access-tokens"


@face.get(_HERE, scope=Open.SIGNED_IN)
def tokens(actor: Actor) -> Response:
    return _page(user_of(actor))


@face.post(_HERE, scope=Open.SIGNED_IN)
def create_token(actor: Actor) -> Response:
    user = user_of(actor)
    try:
        scopes = [Scope(word) for word in request.form.getlist("scope") if word in set(Scope)]
        if not scopes:
            raise Invalid(_("choose at least one thing that the token is for"))
        token = credentials.issue_token(user, scopes, name_of_secret(), _end_of_day(request.form.get("expires_at", "")))
    except Invalid as refused:
        return _page(user, refused)
    return _page(user, status=201, new=token)


@face.post(f"{_HERE}/<int(max=2147483647):id>/revoke", scope=Open.SIGNED_IN)
def revoke_token(actor: Actor, id: int) -> AnyResponse:
    credentials.revoke_token(user_of(actor), id)
    return redirect(_HERE, 303)


def _page(user: User, refused: Invalid | None = None, status: int = 200, new: str = "") -> Response:
    return page(
        "settings/tokens.html",
        refused,
        status,
        tokens=credentials.tokens(user),
        scopes=list(Scope),
        now=datetime.now(UTC),
        new=new,
        form=request.form,
    )


def _end_of_day(day: str) -> datetime | None:
    """The last second of a day such as 2030-01-31; None when none is given. Raises Invalid."""
    if not day:
        return None
    try:
        end = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError):
        raise _wrong_day(_("a day is written 2030-01-31")) from None
    if end <= datetime.now(UTC):
        raise _wrong_day(_("that day is over already"))
    return end


def _wrong_day(words: str) -> Invalid:
    return Invalid(words, {"expires_at": [words]})
