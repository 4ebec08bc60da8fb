"""Accounts without a password: a masterkey, shown once, is exchanged for API tokens. ranna's way.

An API token is signed and dated, so that one that was made up costs no query; and it is kept, so that it can be taken
back.
"""

import base64
import secrets
from datetime import timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from gistd import index
from gistd.errors import Unauthenticated
from gistd.index import User

from . import accounts, credentials, house
from .access import Actor, Scope
from .passwords import TOKEN_PREFIX, digest

LIFETIME = timedelta(days=365)
MOST = 100
"""API tokens of one user; the oldest make room."""

KINDS = _MASTERKEY, _API_TOKEN = "masterkey", "apitoken"
_LETTERS = str.maketrans("=+", "_-")


def sign_up(username: str, address: str) -> tuple[User, str]:
    """A new account, and its masterkey, of which only the hash is kept. Raises as `accounts.sign_up`."""
    key = base64.b64encode(secrets.token_bytes(128)).decode().translate(_LETTERS)
    credential = {"kind": _MASTERKEY, "secret_hash": digest(key), "scopes": Scope.USER_WRITE}
    return accounts.sign_up(username, None, "", address, credential), key


def actor(username: str, key: str, address: str) -> Actor:
    """Who holds the masterkey of that account, for which alone it is good. Raises as `credentials.actor_by_token`."""
    found = credentials.actor_by_token(key, address, _MASTERKEY)
    if found.user is None or not index.accounts.is_called(found.user, username):
        raise Unauthenticated("Bad credentials")
    return found


def issue_token(user: User) -> str:
    """A new API token, of which only the hash is kept; those that were issued before stay good."""
    token = str(_signer().dumps(secrets.token_urlsafe(32)))
    for old in index.accounts.credentials(user, _API_TOKEN)[MOST - 1 :]:
        index.accounts.delete_credential(old)
    expires_at = index.now() + LIFETIME
    index.accounts.add_credential(user, _API_TOKEN, digest(token), "", [Scope.GIST_WRITE], expires_at)
    return token


def revoke_tokens(user: User) -> None:
    """Take back all API tokens of a user."""
    index.accounts.delete_credentials(user, [_API_TOKEN])


def actor_by_token(token: str, address: str) -> Actor:
    """Who an API token was issued to, or an access token. Raises as `credentials.actor_by_token`."""
    if token.startswith(TOKEN_PREFIX):
        return credentials.actor_by_token(token, address)
    return credentials.actor_by_token(token if _is_ours(token) else "", address, _API_TOKEN)


def _is_ours(token: str) -> bool:
    try:
        _signer().loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, UnicodeError):
        return False
    return True


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(house.secret_key, salt="API token")
