"""What people let apps do in their name: asked for by way of the browser, sent to the app as a code, and taken by it
for a token. A token of an app's is an access token like others, and ends with the app.

Two flows meet here, OAuth 2.0 and sourcehut's older one. Codes are spent once; they are bound to the app that they were
made for.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from gistd import index
from gistd.errors import NotFound
from gistd.index import Credential, OAuthClient, OAuthCode, User

from . import credentials, house, scopes
from .passwords import TOKEN_PREFIX, digest
from .scopes import Word

LEGACY_LIFETIME = timedelta(days=365)
LIFETIME = timedelta(days=366)
"""Of the personal tokens that the pages of either kind make, and the longest of an app's."""
EXCHANGE_LIFETIME = timedelta(minutes=15)
_SPENT_KEPT = timedelta(days=1)
MOST = 50
"""Tokens that an app may have of one user; the oldest make room."""


_Spend = Callable[[OAuthCode, Mapping[str, Any]], bool]


class Given(NamedTuple):
    """A token, which is not kept, and what goes with it."""

    token: str
    expires_at: datetime
    words: str


class Authorized(NamedTuple):
    """An app, and what all its tokens of one user's let it do: since when, when it last did, and until when."""

    client: OAuthClient
    scopes: list[str]
    since: datetime
    last_used_at: datetime | None
    expires_at: datetime


def allow(
    user: User, client: OAuthClient, words: Sequence[Word], redirect_uri: str | None, challenge: str | None
) -> str:
    """Let an app of OAuth 2.0 do this in the user's name; returns the code that it is to be sent."""
    code, lifetime = secrets.token_hex(16), timedelta(seconds=house.settings.oauth_code_seconds)
    said = " ".join(word.text for word in words)
    _add(code, lifetime, user=user, client=client, words=said, redirect_uri=redirect_uri, challenge=challenge)
    return code


def allow_legacy(user: User, client: OAuthClient, words: Sequence[Word]) -> str:
    """Let an app of the older flow do this in the user's name; returns its exchange token."""
    code = secrets.token_hex(6)
    _add(code, EXCHANGE_LIFETIME, user=user, client=client, words=",".join(word.text for word in words))
    return code


def _add(code: str, lifetime: timedelta, **columns: Any) -> None:
    now = index.now()
    index.oauth.add_code({**columns, "secret_hash": digest(code), "expires_at": now + lifetime}, now - _SPENT_KEPT)


def is_allowed(user: User, client: OAuthClient, words: Sequence[Word]) -> bool:
    """Whether the app may do exactly this in the user's name already."""
    held = index.oauth.token(user, client)
    if held is None or credentials.is_over(held):
        return False
    return set(held.scopes.split()) == scopes.granted_by(words)


def code(client: OAuthClient, code: str) -> OAuthCode | None:
    """What the app was sent; None when it never was, or has expired, or was spent before. In that case the token that
    it gave ends: one of the two who had the code has stolen it."""
    found = index.oauth.code(digest(code), client)
    if found is not None and found.spent:
        index.oauth.end(found)
        return None
    return None if found is None or _is_over(found) else found


def _is_over(code: OAuthCode) -> bool:
    """Whether it has expired, or was made by a clock that was set back since: it would have longer than any."""
    longest = max(EXCHANGE_LIFETIME, timedelta(seconds=house.settings.oauth_code_seconds))
    return not index.now() < code.expires_at <= index.now() + longest


def exchange(code: OAuthCode) -> Given | None:
    """A new token for the code; as `code`, when somebody was faster."""
    return _exchanged(code, scopes.grants(code.words), LIFETIME, partial(index.oauth.spend, most=MOST))


def exchange_legacy(code: OAuthCode) -> Given | None:
    """The one token that the app has of the user's becomes another one. None when somebody was faster."""
    return _exchanged(code, scopes.legacy(code.words), LEGACY_LIFETIME, index.oauth.spend_in_place)


def _exchanged(code: OAuthCode, words: Sequence[Word], lifetime: timedelta, spend: _Spend) -> Given | None:
    token = TOKEN_PREFIX + secrets.token_hex(32)
    expires_at = index.now() + min(lifetime, timedelta(days=house.settings.oauth_token_days))
    columns = {
        "kind": credentials.TOKEN,
        "secret_hash": digest(token),
        "label": code.client.name,
        "scopes": " ".join(sorted(scopes.granted_by(words))),
        "expires_at": expires_at,
    }
    return Given(token, expires_at, code.words) if spend(code, columns) else None


def token(secret: str) -> Credential | None:
    """The access token of that text, whosever it is, while it is good."""
    found = index.oauth.token_by_hash(credentials.TOKEN, digest(secret))
    return None if found is None or credentials.is_over(found) else found


def revoke(token: Credential) -> None:
    """The end of a token, as its app wishes."""
    index.accounts.delete_credential(token)


def authorized(user: User) -> list[Authorized]:
    """The apps that act in the user's name."""
    good = [token for token in index.oauth.tokens(user) if not credentials.is_over(token)]
    return [_summed_up(list(tokens)) for _, tokens in groupby(good, lambda token: token.client)]


def _summed_up(tokens: list[Credential]) -> Authorized:
    client = tokens[0].client
    assert client is not None
    return Authorized(
        client,
        sorted({scope for token in tokens for scope in token.scopes.split()}),
        min(token.created_at for token in tokens),
        max((token.last_used_at for token in tokens if token.last_used_at), default=None),
        max(token.expires_at for token in tokens if token.expires_at),
    )


def forbid(user: User, public_id: str) -> None:
    """Let an app do nothing in the user's name any more. Raises NotFound."""
    client = index.oauth.client(public_id)
    if client is None or index.oauth.token(user, client) is None:
        raise NotFound("there is no such app")
    index.oauth.delete_tokens(user, client)
