"""Users, and how a credential becomes an actor."""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Collection
from datetime import datetime
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from gistd import index
from gistd.errors import Invalid, Unauthenticated
from gistd.index import Credential, User

from .access import ALL_SCOPES, Actor, Scope, granted
from .text import is_text

TOKEN_PREFIX = "og_"  # noqa: S105 (not a secret)
MIN_PASSWORD = 8
MAX_PASSWORD = 1024
RESERVED = frozenset(
    {"-", "anonymous", "api", "apitoken", "blob", "gist", "graphql", "init", "login", "logout", "oauth", "oauth2"}
    | {"paste", "pastes", "query", "register", "settings", "snippets", "static", "users", "v0", "v1"}
)
"""First parts of URLs that are not user names; a test holds this against the routes."""

_USERNAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_BAD_CREDENTIALS = "Bad credentials"

# A password hash takes tens of megabytes and a fifth of a second on purpose: at most two at a time.
_hashing = threading.BoundedSemaphore(2)
# git sends the password with each of the three or four requests of a clone: what was right stays right for a minute.
_REMEMBERED_SECONDS = 60
_MOST_REMEMBERED = 1000
_remembered: dict[bytes, float] = {}
_memory_key = secrets.token_bytes(32)


def create_user(username: str, password: str | None = None, email: str = "", admin: bool = False) -> User:
    """The first one becomes an admin. Without a password only tokens open the account.

    Raises Invalid or Conflict.
    """
    if not _USERNAME.fullmatch(username):
        raise Invalid("username: 1 to 32 letters, digits, - and _", {"username": ["1 to 32 letters, digits, - and _"]})
    if username.casefold() in RESERVED:
        raise Invalid("username: this name is reserved", {"username": ["this name is reserved"]})
    if password is not None and not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"password: {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    hashed = None
    if password is not None:
        with _hashing:
            hashed = generate_password_hash(password)
    return index.accounts.add_user(username, hashed, email.strip().lower(), admin)


def user(username: str) -> User | None:
    """The user of that name, case ignored."""
    return index.accounts.user_by_name(username)


def issue_token(user: User, scopes: Collection[Scope], label: str = "", expires_at: datetime | None = None) -> str:
    """A new access token; what is returned is not kept, only its hash."""
    token = TOKEN_PREFIX + secrets.token_hex(32)
    index.accounts.add_credential(user, "token", _digest(token), label, sorted(scopes), expires_at)
    return token


def actor_by_token(token: str) -> Actor:
    """Raises Unauthenticated when the token is unknown or expired."""
    credential = index.accounts.credential_by_hash("token", _digest(token))
    if credential is None or _expired(credential):
        raise Unauthenticated(_BAD_CREDENTIALS)
    return Actor(credential.user, granted([Scope(scope) for scope in credential.scopes.split()]))


def actor_by_password(username: str, password: str) -> Actor:
    """Raises Unauthenticated when the name or the password is wrong, not saying which."""
    user = index.accounts.user_by_name(username)
    if not _password_matches(user, password) or user is None:
        raise Unauthenticated(_BAD_CREDENTIALS)
    return Actor(user, ALL_SCOPES)


def actor_by_basic(username: str, password: str) -> Actor:
    """What git sends: a user name with a password, or an access token in either place."""
    for secret in (password, username):
        if secret.startswith(TOKEN_PREFIX):
            return actor_by_token(secret)
    return actor_by_password(username, password)


def _expired(credential: Credential) -> bool:
    return credential.expires_at is not None and credential.expires_at <= index.now()


def _password_matches(user: User | None, password: str) -> bool:
    hashed = user.password_hash if user and user.password_hash else _nobodys_hash()
    if len(password) > MAX_PASSWORD or not is_text(password):
        return False
    memory = hmac.digest(_memory_key, f"{hashed}\0{password}".encode(), "sha256")
    if _remembered.get(memory, 0) > time.monotonic():
        return True
    with _hashing:
        matches = check_password_hash(hashed, password)
    if matches:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[memory] = time.monotonic() + _REMEMBERED_SECONDS
    return matches


@cache
def _nobodys_hash() -> str:
    """What an unknown user's password is compared with, so that the answer takes as long as for a known one."""
    return generate_password_hash(secrets.token_hex())


def _digest(secret: str) -> str:
    # The secret is 256 random bits: there is nothing to guess that a slow hash would guard.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
