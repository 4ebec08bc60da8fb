"""Who is signed in: sessions, kept in the index, so that they can be listed and ended from anywhere."""

import secrets
from contextlib import suppress
from datetime import timedelta

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.index import Credential, User

from . import credentials
from .access import ALL_SCOPES, NOBODY, Actor
from .passwords import digest

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
SECOND_STEP = timedelta(minutes=10)
"""How long the second factor may take after the password."""
MOST = 100
"""Sessions of one user; the oldest make room."""
_DEVICE = 120

KINDS = _SESSION, _HALF = "session", "half session"


def start(user: User, device: str, address: str) -> str:
    """Sign in from a device at an address; returns the secret of the new session."""
    there = index.accounts.credentials(user, _SESSION)
    kept = [session for session in there if not _is_over(session)][: MOST - 1]
    for session in there:
        if session not in kept:
            index.accounts.delete_credential(session)
    return _start(user, _SESSION, LIFETIME, device, address)


def start_half(user: User) -> str:
    """The password was right, and a second factor is waited for; returns the secret that goes with it."""
    index.accounts.delete_credentials(user, [_HALF])
    return _start(user, _HALF, SECOND_STEP)


def _start(user: User, kind: str, lifetime: timedelta, device: str = "", address: str | None = None) -> str:
    secret = secrets.token_urlsafe(32)
    expires_at = index.now() + lifetime
    index.accounts.add_credential(user, kind, digest(secret), device[:_DEVICE], [], expires_at, address)
    return secret


def half(secret: str) -> User | None:
    """Whose second factor is waited for; nobody's when that took too long."""
    found = _find(_HALF, secret)
    return found.user if found else None


def actor(secret: str) -> Actor:
    """Who signed in; nobody when the session is over."""
    found = _find(_SESSION, secret)
    if found is None:
        return NOBODY
    credentials.note_use(found)
    return Actor(found.user, ALL_SCOPES)


def of(user: User) -> list[Credential]:
    """The sessions of a user, newest first."""
    return [session for session in index.accounts.credentials(user, _SESSION) if not _is_over(session)]


def is_this(session: Credential, secret: str) -> bool:
    """Whether the secret is that of the session."""
    return secrets.compare_digest(session.secret_hash, digest(secret))


def end(secret: str) -> None:
    """Sign out, with or without the second step; the session is nobody's from now on."""
    for kind in (_SESSION, _HALF):
        if found := index.accounts.credential_by_hash(kind, digest(secret)):
            index.accounts.delete_credential(found)


def revoke(user: User, id: int) -> None:
    """End one of the user's own sessions. Raises NotFound."""
    found = index.accounts.credential(user, id, _SESSION)
    if found is None:
        raise NotFound("there is no such session")
    index.accounts.delete_credential(found)


def end_all(user: User) -> None:
    """Sign the user out everywhere, also where the second step is still to come."""
    index.accounts.delete_credentials(user, KINDS)


def _find(kind: str, secret: str) -> Credential | None:
    found = index.accounts.credential_by_hash(kind, digest(secret))
    if found is None or not _is_over(found):
        return found
    with suppress(Unavailable):  # it stays over, whatever becomes of the clock
        index.accounts.delete_credential(found)
    return None


def _is_over(session: Credential) -> bool:
    return credentials.is_over(session) or (session.last_used_at or session.created_at) + IDLE <= index.now()
