"""The second factor: set up, turned on and off; recovery codes."""

from urllib.parse import urlsplit

import segno
from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import twofactor
from gistd.core.access import Actor, Open
from gistd.errors import GistdError, Invalid
from gistd.http import base_url
from gistd.index import User

from .. import session
from ..face import face
from ..forms import confirm, page, saved, user_of

_HERE = "/-/settings/two-factor"


@face.get(_HERE, scope=Open.SIGNED_IN)
def two_factor(actor: Actor) -> Response:
    return _page(user_of(actor))


def _page(user: User, refused: GistdError | None = None) -> Response:
    offer = twofactor.offered(user, f"gistd {urlsplit(base_url()).hostname}")
    return page(
        "settings/two_factor.html",
        refused,
        is_on=twofactor.is_on(user),
        left=twofactor.recovery_codes_left(user),
        offer=offer,
        # Dark on light in both themes: not every camera reads it the other way round.
        picture=segno.make(offer.address).svg_data_uri(scale=5, dark="#000", light="#fff") if offer else "",
    )


@face.post(_HERE, scope=Open.SIGNED_IN)
def offer_second_factor(actor: Actor) -> AnyResponse:
    twofactor.offer(user_of(actor))
    return redirect(_HERE, 303)


@face.post(f"{_HERE}/on", scope=Open.SIGNED_IN)
def turn_on_second_factor(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        codes = twofactor.turn_on(user, request.form.get("code", ""))
    except Invalid as refused:
        return _page(user, refused)
    response = page("settings/recovery_codes.html", codes=codes)
    session.start(response, user)
    return response


@face.post(f"{_HERE}/recovery-codes", scope=Open.SIGNED_IN)
def new_recovery_codes(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        confirm(user)
    except Invalid as refused:
        return _page(user, refused)
    return page("settings/recovery_codes.html", codes=twofactor.new_recovery_codes(user))


@face.post(f"{_HERE}/off", scope=Open.SIGNED_IN)
def turn_off_second_factor(actor: Actor) -> AnyResponse:
    user = user_of(actor)
    try:
        confirm(user)
    except Invalid as refused:
        return _page(user, refused)
    twofactor.turn_off(user)
    response = saved(_HERE)
    session.start(response, user)
    return response
