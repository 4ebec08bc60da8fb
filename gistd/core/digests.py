"""HTTP digest (RFC 7616), as far as it is no HTTP: secrets, nonces, and whether an answer to one is right.

A secret is another one than the password: whoever reads the index could answer with what is kept of it. Nonces are
signed, so that every worker knows those of the others, and of those before it; how often each was used is counted in
the index, so that no answer is good for twice.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from itsdangerous import BadSignature, TimestampSigner

from gistd import index
from gistd.errors import Invalid, Unauthenticated
from gistd.index import User

from . import credentials, house, passwords, throttle
from .access import Actor, Scope, granted

REALM = "ownpaste"
"""It stands in what is kept of every secret: there can be no other one."""

_HASHES: dict[str, Callable[[bytes], Any]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_WRONG = "Wrong username or secret"


class StaleNonce(Unauthenticated):
    """The answer is right, but to a nonce that is too old, was used before, or is not ours. With another nonce the
    client need not ask anybody for the secret again."""


@dataclass(frozen=True)
class Answer:
    """What a client answers to a challenge, for a request with this method to this target; names as in RFC 7616."""

    method: str
    target: str
    username: str
    nonce: str
    uri: str
    response: str
    qop: str
    nc: str
    cnonce: str
    algorithm: str = "MD5"


def set_secret(user: User, secret: str) -> None:
    """Let the user be known by this secret. Raises Invalid."""
    passwords.check(secret)
    if passwords.matches(secret, user.password_hash):
        words = "not your password: what is kept of this one is easier to guess from"
        raise Invalid(f"password: {words}", {"password": [words]})
    index.digests.set_secret(user, *(_known(name, user, secret) for name in _HASHES))


def forget_secret(user: User) -> None:
    """Let digest open nothing of the user's any more."""
    index.digests.forget_secret(user)


def has_secret(user: User) -> bool:
    return index.digests.secret(user) is not None


def algorithms() -> list[str]:
    """What challenges offer, in this order."""
    return [name for name in re.split(r"[\s,]+", house.settings.digest_algorithms) if name in _HASHES]


def nonce() -> str:
    """A new one, for a challenge."""
    return _signer().sign(secrets.token_hex(12)).decode()


def actor(answer: Answer, address: str) -> Actor:
    """Who answers. Raises Unauthenticated, StaleNonce where only the nonce is wrong, Invalid for an answer that was
    given to another request, TooManyRequests after too many wrong ones."""
    limits = credentials.failure_limits(answer.username, address)
    throttle.check(*limits)
    user = index.accounts.user_by_name(answer.username)
    if not _is_right(answer, user) or user is None:
        throttle.count(*limits)
        raise Unauthenticated(_WRONG)
    if answer.uri != answer.target:
        raise Invalid("the answer to the challenge was made for another URI")
    _spend(answer)
    throttle.clear(limits[-1])
    return Actor(user, granted([Scope.GIST_WRITE]))


def _is_right(answer: Answer, user: User | None) -> bool:
    """Whether it is made with the secret of the user; takes as long to find out for nobody's."""
    if answer.qop != "auth" or answer.algorithm not in algorithms() or not _COUNT.fullmatch(answer.nc):
        return False
    kept = user and index.digests.secret(user)
    known = (kept.md5 if answer.algorithm == "MD5" else kept.sha256) if kept else secrets.token_hex()
    asked = _hash(answer.algorithm, answer.method, answer.uri)
    right = _hash(answer.algorithm, known, answer.nonce, answer.nc, answer.cnonce, answer.qop, asked)
    # What is kept has the name in the account's own letters, so that it answers to no other spelling.
    return compare_digest(right.encode(), answer.response.lower().encode(errors="replace")) and kept is not None


def _spend(answer: Answer) -> None:
    seconds = house.settings.digest_nonce_seconds
    try:
        ours = _signer().unsign(answer.nonce, max_age=seconds).decode()
    except BadSignature as error:
        raise StaleNonce("the nonce is too old, or not ours") from error
    # Kept for twice as long as it is good: its age is told in whole seconds.
    if not index.digests.spend(ours, int(answer.nc, 16), index.now() - 2 * timedelta(seconds=seconds + 1)):
        raise StaleNonce("the nonce was used with that count, or with a higher one")


def _known(algorithm: str, user: User, secret: str) -> str:
    return _hash(algorithm, user.username, REALM, secret)


def _hash(algorithm: str, *parts: str) -> str:
    return str(_HASHES[algorithm](":".join(parts).encode(errors="surrogatepass")).hexdigest())


def _signer() -> TimestampSigner:
    return TimestampSigner(house.secret_key, salt="digest nonce")
