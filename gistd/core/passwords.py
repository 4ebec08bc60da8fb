"""Passwords and other secrets: hashed so that a stolen index does not tell them, checked without stalling others."""

import hashlib
import hmac
import secrets
import threading
import time
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from gistd.errors import Invalid
from gistd.index import is_text

MIN_LENGTH, MAX_LENGTH = 8, 1024
TOKEN_PREFIX = "og_"  # noqa: S105 (not a secret; what begins so is an access token, in the place of a password too)

# A hash takes tens of megabytes and a fifth of a second on purpose: at most two at a time.
_hashing = threading.BoundedSemaphore(2)
# git sends the password with each of the three or four requests of a clone: what was right stays right for a minute.
_REMEMBERED_SECONDS = 60
_MOST_REMEMBERED = 1000
_remembered: dict[bytes, float] = {}
_memory_key = secrets.token_bytes(32)


def hashed(password: str) -> str:
    """The hash to keep. Raises Invalid as `check`."""
    check(password)
    with _hashing:
        return generate_password_hash(password)


def check(password: str) -> None:
    """Raise Invalid for a password that is too short, too long, or no text."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or not is_text(password) or password.startswith(TOKEN_PREFIX):
        words = f"{MIN_LENGTH} to {MAX_LENGTH} characters, not beginning with {TOKEN_PREFIX}"
        raise Invalid(f"password: {words}", {"password": [words]})


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password of that hash. Without a hash nothing is, which takes as long to find out."""
    if len(password) > MAX_LENGTH or not is_text(password):
        return False
    kept = kept or _nobodys_hash()
    memory = hmac.digest(_memory_key, f"{kept}\0{password}".encode(), "sha256")
    if _remembered.get(memory, 0) > time.monotonic():
        return True
    with _hashing:
        right = check_password_hash(kept, password)
    if right:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[memory] = time.monotonic() + _REMEMBERED_SECONDS
    return right


def digest(secret: str) -> str:
    """The hash to keep of a secret that we made: of so many random bits that a slow hash would guard nothing."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


@cache
def _nobodys_hash() -> str:
    return generate_password_hash(secrets.token_hex())
