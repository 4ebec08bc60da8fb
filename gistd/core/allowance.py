"""How much somebody may make: gists, writes, bytes; and whether there is room for it."""

import threading

from cachetools import TTLCache

from gistd import index
from gistd.errors import Forbidden, Full, TooManyRequests
from gistd.index import User

from . import house, throttle
from .access import Actor
from .throttle import Limit

_MINUTE = 60
_USERS = 100_000
_TOO_MANY = "too many writes; try again in a minute"

_lock = threading.Lock()
_writes: TTLCache[int, list[int]] = TTLCache(_USERS, _MINUTE)
"""How often each user has written since the minute of theirs began. Of this worker: it is a guard, not an account."""


def require(actor: Actor, new: bool = False) -> None:
    """Raise TooManyRequests, Forbidden or Full unless the actor may write now: something `new`, or more of what is."""
    if house.store.space()[1] < house.settings.min_free_bytes:
        raise Full("there is no room left on this server; reading and deleting work")
    if actor.user is not None:
        _require_pace(actor.user)
        _require_room(actor.user, new)
    elif new and actor.address and house.settings.max_anonymous_gists:
        words = "too many new gists from here; try again later, or sign in"
        throttle.count(Limit(f"anonymous {actor.address}", house.settings.max_anonymous_gists, words))


def _require_pace(user: User) -> None:
    most = house.settings.max_writes_per_user
    if not most or not house.settings.rate_limits:
        return
    with _lock:
        number = _writes.setdefault(user.id, [0])
        number[0] += 1
    if number[0] > most:
        raise TooManyRequests(_TOO_MANY, _MINUTE)


def _require_room(user: User, new: bool) -> None:
    gists, size = house.settings.max_gists_per_user, house.settings.max_bytes_per_user
    if not gists and not size:
        return
    held = index.tallies.sums(user.id).values()
    has, bytes = sum(each.number for each in held), sum(each.size for each in held)
    if new and gists and has >= gists:
        raise Forbidden(f"you have {has} gists, and {gists} is the most; delete some first")
    if size and bytes >= size:
        raise Forbidden(f"your gists have {bytes} bytes, and {size} is the most; delete some first")
