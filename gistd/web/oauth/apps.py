"""The apps that act in one's name, and those that one registered."""

from datetime import UTC, datetime

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials, oauth, oauthclients
from gistd.core.access import Actor, Open
from gistd.errors import Invalid
from gistd.index import OAuthClient

from ..face import face
from ..forms import page, saved, user_of

_HERE = "/-/settings/apps"
_SECTION = "/apps"
_APP = f"{_HERE}/<public_id>"
_LEGACY_REGISTER, _REGISTER = "/oauth/register", "/oauth2/register"


@face.get("/oauth", scope=Open.SIGNED_IN)
@face.get("/oauth2", scope=Open.SIGNED_IN)
@face.get(_HERE, scope=Open.SIGNED_IN)
def apps(actor: Actor) -> Response:
    user = user_of(actor)
    return page(
        "oauth/apps.html",
        authorized=oauth.authorized(user),
        own=oauthclients.of(user),
        tokens=credentials.tokens(user),
        now=datetime.now(UTC),
        belongs_to=_SECTION,
    )


@face.post(f"{_APP}/forbid", scope=Open.SIGNED_IN)
def forbid_app(actor: Actor, public_id: str) -> AnyResponse:
    oauth.forbid(user_of(actor), public_id)
    return saved(_HERE)


@face.get(_LEGACY_REGISTER, scope=Open.SIGNED_IN)
@face.get(_REGISTER, scope=Open.SIGNED_IN)
def register_app_form(_: Actor) -> Response:
    return _register_page()


@face.post(_LEGACY_REGISTER, scope=Open.SIGNED_IN)
@face.post(_REGISTER, scope=Open.SIGNED_IN)
def register_app(actor: Actor) -> Response:
    sent, legacy = request.form, request.path == _LEGACY_REGISTER
    name, redirect_uri = sent.get("client-name", ""), sent.get("redirect-uri", "")
    public = "public" in sent and not legacy
    try:
        client, secret = oauthclients.register(user_of(actor), name, redirect_uri, legacy, public)
    except Invalid as refused:
        return _register_page(refused)
    return _app_page(client, secret, 201)


@face.get(_APP, scope=Open.SIGNED_IN)
def app(actor: Actor, public_id: str) -> Response:
    return _app_page(oauthclients.own(user_of(actor), public_id))


@face.post(f"{_APP}/rotate", scope=Open.SIGNED_IN)
def rotate_secret(actor: Actor, public_id: str) -> Response:
    client = oauthclients.own(user_of(actor), public_id)
    return _app_page(client, oauthclients.rotate(client), 201)


@face.post(f"{_APP}/delete", scope=Open.SIGNED_IN)
def delete_app(actor: Actor, public_id: str) -> AnyResponse:
    oauthclients.remove(oauthclients.own(user_of(actor), public_id))
    return saved(_HERE)


def _register_page(refused: Invalid | None = None) -> Response:
    legacy = request.path == _LEGACY_REGISTER
    return page(
        "oauth/register.html",
        refused,
        form=request.form,
        legacy=legacy,
        out_of_band=oauthclients.OUT_OF_BAND,
        belongs_to=_SECTION,
    )


def _app_page(client: OAuthClient, secret: str = "", status: int = 200) -> Response:
    public = oauthclients.is_public(client)
    return page("oauth/app.html", status=status, client=client, new=secret, public=public, belongs_to=_SECTION)
