"""How a credential becomes an actor: access tokens, sessions, passwords; and a limit to wrong ones."""

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from gistd import index
from gistd.errors import Invalid, NotFound, TooManyRequests, Unauthenticated, Unavailable
from gistd.index import Credential, User, is_text

from . import house, passwords
from .access import ALL_SCOPES, NOBODY, Actor, Scope, granted
from .passwords import TOKEN_PREFIX

TOKEN, SESSION = "token", "session"
MAX_LABEL = 255
SESSION_LIFETIME = timedelta(days=30)
USE_NOTED_EVERY = timedelta(minutes=1)
FAILURES_COUNT_FOR = timedelta(minutes=15)
_BAD_CREDENTIALS = "Bad credentials"


def issue_token(user: User, scopes: Collection[Scope], label: str = "", expires_at: datetime | None = None) -> str:
    """A new access token; what is returned is not kept, only its hash. Raises Invalid."""
    if len(label) > MAX_LABEL or not is_text(label):
        raise Invalid(f"label: at most {MAX_LABEL} characters", {"label": [f"at most {MAX_LABEL} characters"]})
    token = TOKEN_PREFIX + secrets.token_hex(32)
    index.accounts.add_credential(user, TOKEN, _digest(token), label, sorted(scopes), expires_at)
    return token


def tokens(user: User) -> list[Credential]:
    """The access tokens of a user, newest first."""
    return index.accounts.credentials(user, TOKEN)


def revoke_token(user: User, id: int) -> None:
    """Take back one of the user's own tokens. Raises NotFound."""
    credential = index.accounts.credential(user, id, TOKEN)
    if credential is None:
        raise NotFound("there is no such token")
    index.accounts.delete_credential(credential)


def start_session(actor: Actor) -> str:
    """Sign in; returns the secret of the new session."""
    assert actor.user is not None
    index.accounts.forget_expired(actor.user, SESSION, index.now())
    secret = secrets.token_urlsafe(32)
    index.accounts.add_credential(actor.user, SESSION, _digest(secret), "", [], index.now() + SESSION_LIFETIME)
    return secret


def end_session(secret: str) -> None:
    """Sign out; the session is nobody's from now on."""
    credential = index.accounts.credential_by_hash(SESSION, _digest(secret))
    if credential is not None:
        index.accounts.delete_credential(credential)


def actor_by_session(secret: str) -> Actor:
    """Who signed in; nobody when the session is over."""
    credential = index.accounts.credential_by_hash(SESSION, _digest(secret))
    if credential is None or _expired(credential):
        return NOBODY
    _note_use(credential)
    return Actor(credential.user, ALL_SCOPES)


def actor_by_token(token: str, address: str) -> Actor:
    """Raises Unauthenticated when the token is unknown or expired, TooManyRequests after too many of those."""
    credential = index.accounts.credential_by_hash(TOKEN, _digest(token))
    if credential is None or _expired(credential):
        # A token cannot be guessed, so a right one is always let in, whoever else fails from that address.
        _note_failure(_by_address(address))
        raise Unauthenticated(_BAD_CREDENTIALS)
    _note_use(credential)
    return Actor(credential.user, granted([Scope(scope) for scope in credential.scopes.split()]))


def actor_by_password(username: str, password: str, address: str) -> Actor:
    """Raises Unauthenticated when the name or the password is wrong, not saying which.

    TooManyRequests after too many of those, for one account from one address or from one address at all.
    """
    limits = [_by_address(address), _by_account(username, address)]
    for limit in limits:
        _check_failures(limit)
    user = index.accounts.user_by_name(username)
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        for limit in limits:
            _note_failure(limit)
        raise Unauthenticated(_BAD_CREDENTIALS)
    return Actor(user, ALL_SCOPES)


def actor_by_basic(username: str, password: str, address: str) -> Actor:
    """What git sends: a user name with a password, or an access token in either place."""
    for secret in (password, username):
        if secret.startswith(TOKEN_PREFIX):
            return actor_by_token(secret, address)
    return actor_by_password(username, password, address)


def _expired(credential: Credential) -> bool:
    return credential.expires_at is not None and credential.expires_at <= index.now()


def _note_use(credential: Credential) -> None:
    """Remember when it was used, to the minute: not every request is worth a write."""
    at = index.now()
    if credential.last_used_at is None or at - credential.last_used_at > USE_NOTED_EVERY:
        with suppress(Unavailable):
            index.accounts.note_use(credential, at)


# ---------------------------------------------------------------------- failures


class _Limit(NamedTuple):
    key: str
    most: int


def _by_address(address: str) -> _Limit:
    return _Limit(f"address {address}", house.settings.max_failures_per_address)


def _by_account(username: str, address: str) -> _Limit:
    digest = _digest(username.casefold())[:32]  # a name may be of any length, the key may not
    return _Limit(f"account {digest} {address}", house.settings.max_failures_per_account)


def _check_failures(limit: _Limit) -> None:
    if not house.settings.rate_limits:
        return
    counted = index.accounts.failures(limit.key, index.now() - FAILURES_COUNT_FOR)
    if counted is not None and counted.number >= limit.most:
        wait = counted.since + FAILURES_COUNT_FOR - index.now()
        raise TooManyRequests("too many wrong credentials; try again later", max(1, int(wait.total_seconds())))


def _note_failure(limit: _Limit) -> None:
    """Count it, unless the limit is reached already: then it is TooManyRequests, and not a write each."""
    if house.settings.rate_limits:
        _check_failures(limit)
        index.accounts.note_failure(limit.key, index.now() - FAILURES_COUNT_FOR)


def _digest(secret: str) -> str:
    # The secret is 256 random bits: there is nothing to guess that a slow hash would guard.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
