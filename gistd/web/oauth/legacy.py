"""sourcehut's older flow: as OAuth 2.0 in other words, and without a question where it has been answered before."""

from contextlib import suppress
from typing import NamedTuple

from flask import Response, request
from werkzeug.exceptions import BadRequest

from gistd.core import oauth, oauthclients, scopes
from gistd.core.access import Actor, Open
from gistd.core.scopes import Word
from gistd.errors import Invalid
from gistd.index import OAuthClient, User
from gistd.oauth2 import away

from ..face import face
from ..forms import page, user_of
from ..texts import _
from .consent import ask, is_accepted

_HERE = "/oauth/authorize"
_KEPT = ("client_id", "redirect_uri", "state")
_ALWAYS = scopes.legacy("profile:read")


class _App(NamedTuple):
    """Who asks, and where the answer goes."""

    client: OAuthClient
    redirect_uri: str
    state: str | None

    def answer(self, **said: str) -> Response:
        """Send people back to it with this. Raises BadRequest when it has no address."""
        if self.redirect_uri == oauthclients.OUT_OF_BAND:
            raise BadRequest(": ".join(said.values()))
        return away(self.redirect_uri, {**said, **({} if self.state is None else {"state": self.state})})

    def let_in(self, user: User, words: list[Word]) -> Response:
        exchange = oauth.allow_legacy(user, self.client, words)
        if self.redirect_uri == oauthclients.OUT_OF_BAND:
            return page("oauth/exchange.html", client=self.client, exchange=exchange)
        return self.answer(exchange=exchange, scopes=",".join(word.text for word in words))


@face.get(_HERE, scope=Open.SIGNED_IN)
def legacy_form(actor: Actor) -> Response:
    user, app = user_of(actor), _app()
    try:
        words = _with_always(scopes.legacy(request.args.get("scopes") or request.args.get("scope") or ""))
    except Invalid as refused:
        return app.answer(error="invalid_scope", details=refused.message)
    if app.redirect_uri != oauthclients.OUT_OF_BAND and oauth.is_allowed(user, app.client, words):
        return app.let_in(user, words)
    return ask(app.client, words, app.redirect_uri, _KEPT, _ALWAYS)


@face.post(_HERE, scope=Open.SIGNED_IN)
def legacy(actor: Actor) -> Response:
    app = _app()
    if not is_accepted():
        return app.answer(error="user_declined", details=_("The user declined"))
    ticked: list[Word] = []
    for name in request.form:
        with suppress(Invalid):
            ticked += scopes.legacy(name)
    return app.let_in(user_of(actor), _with_always(ticked))


def _app() -> _App:
    """Raises BadRequest where it is not certain whom to answer: then it is for the user to read."""
    sent = request.form if request.method == "POST" else request.args
    client = oauthclients.find(sent.get("client_id", ""), legacy=True)
    if client is None:
        raise BadRequest(_("Unknown client ID"))
    redirect_uri = sent.get("redirect_uri") or client.redirect_uri
    if not oauthclients.leads_to(client, redirect_uri):
        raise BadRequest(_("This app was not registered with that redirect_uri"))
    return _App(client, redirect_uri, sent.get("state"))


def _with_always(words: list[Word]) -> list[Word]:
    return [*words, *(word for word in _ALWAYS if word not in words)]
