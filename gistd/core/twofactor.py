"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when that is lost.

What an authenticator is told is made of the server's secret key and a seed in the index: neither is enough alone.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass

import pyotp
from pyotp.exceptions import OTPVerificationError

from gistd import index
from gistd.errors import Conflict, Invalid, Unauthenticated
from gistd.index import User

from . import house, sessions, throttle
from .passwords import digest
from .throttle import Limit

RECOVERY_CODES = 10
_RECOVERY = "recovery"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_GROUPS, _GROUP = 4, 4  # 79 bits
_DRIFT = 1
"""How many steps of half a minute the clocks may be apart."""
_WRONG = "that code is not right, or was used before"


@dataclass(frozen=True)
class Offer:
    """What an authenticator is to be told: the secret to type, or all of it as an address (`otpauth://…`) to scan."""

    secret: str
    address: str


def is_on(user: User) -> bool:
    return index.accounts.has_second_factor(user)


def offer(user: User) -> None:
    """Make a new secret; it is not asked for before a code has shown that an authenticator knows it."""
    index.accounts.offer_second_factor(user, secrets.token_hex(16))


def offered(user: User, issuer: str) -> Offer | None:
    """What was offered and is not on yet. `issuer` is what the authenticator calls us."""
    kept = index.accounts.second_factor(user)
    if kept is None or kept.step is not None:
        return None
    codes = _codes(user, kept.seed)
    return Offer(
        " ".join(re.findall("....", codes.secret)), codes.provisioning_uri(name=user.username, issuer_name=issuer)
    )


def turn_on(user: User, code: str) -> list[str]:
    """Ask for it from now on; every session ends. Returns recovery codes, which are shown this once.

    Raises Invalid for a wrong code, TooManyRequests after many.
    """
    kept = index.accounts.second_factor(user)
    if kept is None or kept.step is not None:
        raise Conflict("there is no second factor to turn on; set it up first")
    _count(user)
    step = _step(user, kept.seed, code)
    if step is None or not index.accounts.turn_on_second_factor(user, step, kept.seed, sessions.KINDS):
        raise Invalid(_WRONG, {"code": [_WRONG]})
    throttle.clear(_limit(user))
    return new_recovery_codes(user)


def turn_off(user: User) -> None:
    """The password alone is enough again; every session ends."""
    index.accounts.drop_second_factor(user, [*sessions.KINDS, _RECOVERY])


def new_recovery_codes(user: User) -> list[str]:
    """Other recovery codes in place of those that there are. What is returned is not kept, only its hashes."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    index.accounts.replace_credentials(user, _RECOVERY, [digest(_plain(code)) for code in codes])
    return codes


def recovery_codes_left(user: User) -> int:
    return len(index.accounts.credentials(user, _RECOVERY))


def check(user: User, code: str) -> None:
    """Take a code of the authenticator or a recovery code; each is good for once.

    Raises Unauthenticated, or TooManyRequests after too many for this account, from wherever.
    """
    _count(user)
    if not (_is_next(user, code) or _is_recovery(user, code)):
        raise Unauthenticated(_WRONG)
    throttle.clear(_limit(user))


def _is_next(user: User, code: str) -> bool:
    kept = index.accounts.second_factor(user)
    step = _step(user, kept.seed, code) if kept else None
    return step is not None and index.accounts.use_step(user, step)


def _is_recovery(user: User, code: str) -> bool:
    found = index.accounts.credential_by_hash(_RECOVERY, digest(_plain(code)))
    return found is not None and found.user.id == user.id and index.accounts.delete_credential(found)


def _step(user: User, seed: str, code: str) -> int | None:
    """Which step of time the code is of, if that is about now."""
    try:
        return _codes(user, seed).verify_and_get_timecode(_plain(code), for_time=index.now(), valid_window=_DRIFT)
    except OTPVerificationError:
        return None


def _codes(user: User, seed: str) -> pyotp.TOTP:
    key = hmac.digest(house.secret_key, f"second factor {user.uuid} {seed}".encode(), "sha256")
    return pyotp.TOTP(base64.b32encode(key[:20]).decode())


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _plain(code: str) -> str:
    """The code, however people group it."""
    return re.sub(r"[\s-]", "", code).lower()


def _limit(user: User) -> Limit:
    # For the account, from wherever: six digits are soon tried out by many addresses.
    return Limit(f"second factor {user.id}", house.settings.max_failures_per_account)


def _count(user: User) -> None:
    """Count the try before it is made: many at once must not be more than the limit."""
    throttle.count(_limit(user))
