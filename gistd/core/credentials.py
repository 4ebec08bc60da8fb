"""How a credential becomes an actor: access tokens, API keys and passwords; and a limit to wrong ones."""

import secrets
import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta

from gistd import index
from gistd.errors import Invalid, NotFound, Unauthenticated, Unavailable
from gistd.index import Credential, User, is_text

from . import ends, house, passwords, throttle
from .access import ALL_SCOPES, Actor, Scope, granted
from .passwords import TOKEN_PREFIX, digest
from .throttle import Limit

TOKEN, KEY = "token", "key"
"""Kinds of credentials: access tokens, and paste.gg's API keys."""

MAX_LABEL = 255
USE_NOTED_EVERY = timedelta(minutes=1)
_BAD_CREDENTIALS = "Bad credentials"


def issue_token(user: User, scopes: Collection[Scope], label: str = "", expires_at: datetime | None = None) -> str:
    """A new access token; what is returned is not kept, only its hash. Raises Invalid."""
    return _issue(user, TOKEN, TOKEN_PREFIX + secrets.token_hex(32), scopes, label, expires_at)


def issue_key(user: User, label: str = "") -> str:
    """A new API key for paste.gg's clients, a UUID without its hyphens; as `issue_token`. It never expires."""
    return _issue(user, KEY, uuid.uuid4().hex, [Scope.GIST_WRITE], label, None)


def _issue(
    user: User, kind: str, secret: str, scopes: Collection[Scope], label: str, expires_at: datetime | None
) -> str:
    if len(label) > MAX_LABEL or not is_text(label):
        raise Invalid(f"label: at most {MAX_LABEL} characters", {"label": [f"at most {MAX_LABEL} characters"]})
    index.accounts.add_credential(user, kind, digest(secret), label, sorted(scopes), expires_at)
    return secret


def tokens(user: User, kind: str = TOKEN) -> list[Credential]:
    """The access tokens, or API keys, of a user, newest first."""
    return index.accounts.credentials(user, kind)


def revoke_token(user: User, id: int, kind: str = TOKEN) -> None:
    """Take back one of the user's own access tokens, or API keys. Raises NotFound."""
    credential = index.accounts.credential(user, id, kind)
    if credential is None:
        raise NotFound(f"there is no such {kind}")
    index.accounts.delete_credential(credential)


def actor_by_token(token: str, address: str, kind: str = TOKEN) -> Actor:
    """Raises Unauthenticated when the token is unknown or expired, TooManyRequests after too many of those."""
    actor = _find(kind, token)
    if actor is None:
        # A token cannot be guessed, so a right one is always let in, whoever else fails from that address.
        throttle.count(by_address(address))
        raise Unauthenticated(_BAD_CREDENTIALS)
    return actor


def actor_by_deletion_key(key: str) -> Actor:
    """Who presents a key to delete with: the user whose API key it is, else nobody with that deletion key."""
    return _find(KEY, key) or Actor(deletion_key=digest(key))


def _find(kind: str, secret: str) -> Actor | None:
    credential = index.accounts.credential_by_hash(kind, digest(secret))
    if credential is None:
        return None
    if is_over(credential):
        ends.seen(credential.expires_at)
        return None
    note_use(credential)
    scopes = granted([Scope(scope) for scope in credential.scopes.split()])
    return Actor(credential.user, scopes, credential=credential.id, client=credential.client_id)


def user_by_password(username: str, password: str, address: str) -> User:
    """Raises Unauthenticated when the name or the password is wrong, not saying which.

    TooManyRequests after too many of those, for one account from one address or from one address at all.
    """
    limits = failure_limits(username, address)
    throttle.check(*limits)
    user = index.accounts.user_by_name(username)
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        throttle.count(*limits)
        raise Unauthenticated(_BAD_CREDENTIALS)
    return user


def confirm(user: User, password: str, address: str) -> None:
    """Let somebody who is signed in show that it is still them. Raises Invalid, or TooManyRequests as above."""
    try:
        user_by_password(user.username, password, address)
    except Unauthenticated:
        raise Invalid("that is not your password", {"current": ["that is not your password"]}) from None


def actor_by_password(username: str, password: str, address: str) -> Actor:
    """As `user_by_password`, for programs, which cannot be asked for a second factor: where there is one, a password is
    no credential."""
    user = user_by_password(username, password, address)
    if index.accounts.has_second_factor(user):
        raise Unauthenticated(
            "This account has two-factor authentication: use an access token in place of the password"
        )
    return Actor(user, ALL_SCOPES)


def actor_by_basic(username: str, password: str, address: str) -> Actor:
    """What git sends: a user name with a password, or an access token in either place."""
    for secret in (password, username):
        if secret.startswith(TOKEN_PREFIX):
            return actor_by_token(secret, address)
    return actor_by_password(username, password, address)


def is_over(credential: Credential) -> bool:
    """Whether it has expired; or would expire, and was made by a clock that was set back since."""
    if credential.expires_at is None:
        return False
    now = index.now()
    return credential.expires_at <= now or credential.created_at > now + index.SKEW


def note_use(credential: Credential) -> None:
    """Remember when it was used, to the minute: not every request is worth a write."""
    at = index.now()
    if credential.last_used_at is None or abs(at - credential.last_used_at) > USE_NOTED_EVERY:
        with suppress(Unavailable):
            index.accounts.note_use(credential, at)


def failure_limits(username: str, address: str) -> list[Limit]:
    """How often a secret that people choose may be guessed: from one address at all, and for one account from there."""
    return [by_address(address), _by_account(username, address)]


def by_address(address: str) -> Limit:
    """How often wrong secrets may come from there."""
    return Limit(f"address {address}", house.settings.max_failures_per_address)


def _by_account(username: str, address: str) -> Limit:
    name = digest(username.casefold())[:32]  # a name may be of any length, the key may not
    return Limit(f"account {name} {address}", house.settings.max_failures_per_account)
