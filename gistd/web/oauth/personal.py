"""Personal access tokens as sourcehut's pages make them: its tools send people here. They are access tokens as all."""

from datetime import UTC, datetime

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials, oauth, scopes
from gistd.core.access import ALL_SCOPES, Actor, Open, Scope
from gistd.errors import Invalid

from ..face import face
from ..forms import page, user_of
from ..texts import _

_LEGACY, _HERE = "/oauth/personal-token", "/oauth2/personal-token"
_MAX_COMMENT = 127
_CHOICES = ("paste.sr.ht/PASTES", "paste.sr.ht/PROFILE")


@face.get(_LEGACY, scope=Open.SIGNED_IN)
def legacy_token_form(_: Actor) -> Response:
    return _page()


@face.post(_LEGACY, scope=Open.SIGNED_IN)
def create_legacy_token(actor: Actor) -> Response:
    try:
        expires_at = datetime.now(UTC) + oauth.LEGACY_LIFETIME
        return _made(credentials.issue_token(user_of(actor), ALL_SCOPES, _comment(), expires_at))
    except Invalid as refused:
        return _page(refused)


@face.get(_HERE, scope=Open.SIGNED_IN)
def personal_token_form(_: Actor) -> Response:
    return _page()


@face.post(_HERE, scope=Open.SIGNED_IN)
def create_personal_token(actor: Actor) -> Response:
    try:
        expires_at = datetime.now(UTC) + oauth.LIFETIME
        return _made(credentials.issue_token(user_of(actor), _scopes(), _comment(), expires_at))
    except Invalid as refused:
        return _page(refused)


@face.post("/oauth/revoke-token/<int(max=2147483647):id>", scope=Open.SIGNED_IN)
def revoke_legacy_token(actor: Actor, id: int) -> AnyResponse:
    credentials.revoke_token(user_of(actor), id)
    return redirect("/oauth", 303)


@face.post("/oauth2/revoke-personal/<int(max=2147483647):id>", scope=Open.SIGNED_IN)
def revoke_personal_token(actor: Actor, id: int) -> AnyResponse:
    credentials.revoke_token(user_of(actor), id)
    return redirect("/oauth2", 303)


def _comment() -> str:
    comment = request.form.get("comment", "").strip()
    if len(comment) > _MAX_COMMENT:
        words = _("at most 127 characters")
        raise Invalid(words, {"comment": [words]})
    return comment


def _scopes() -> frozenset[Scope]:
    """What the token is for: what was written, else what was chosen; neither is all there is. Raises Invalid."""
    read_only, chosen = "read_only" in request.form, request.form.getlist("grants")
    said = " ".join(f"{grant}:{'RO' if read_only else 'RW'}" if ":" not in grant else grant for grant in chosen)
    words = scopes.grants(request.form.get("literal_grants", "").strip() or said)
    if words:
        return scopes.granted_by(words)
    return frozenset({Scope.GIST_READ, Scope.USER_READ}) if read_only else ALL_SCOPES


def _made(token: str) -> Response:
    return page("oauth/personal_token.html", status=201, new=token, belongs_to="/apps")


def _page(refused: Invalid | None = None) -> Response:
    return page(
        "oauth/personal_token.html",
        refused,
        form=request.form,
        locked=request.args.get("grants"),
        choices=_CHOICES,
        legacy=request.path == _LEGACY,
        belongs_to="/apps",
    )
