"""The page that asks whether an app may do something in one's name: the same in both flows."""

from collections.abc import Collection

from flask import Response, request

from gistd.core import oauthclients
from gistd.core.scopes import Word
from gistd.index import OAuthClient

from ..face import may_lead_away
from ..forms import page


def ask(
    client: OAuthClient,
    words: Collection[Word],
    redirect_uri: str,
    kept: Collection[str],
    always: Collection[Word] = (),
) -> Response:
    """The page. Its form sends back those of the parameters that are `kept`, and no others: what an app asks with must
    not answer for the user. The words that are `always` granted are no choice."""
    may_lead_away()
    return page(
        "oauth/consent.html",
        client=client,
        words=words,
        host=oauthclients.host(redirect_uri),
        kept={name: request.args[name] for name in kept if name in request.args},
        always=always,
    )


def is_accepted() -> bool:
    """What the user answered."""
    return "accept" in request.form and "reject" not in request.form
