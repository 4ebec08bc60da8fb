"""Who asks, by HTTP digest; and the challenge to whoever did not say."""

from flask import request

from gistd.api import require_enabled
from gistd.core import digests, house
from gistd.core.access import NOBODY, Actor
from gistd.core.digests import Answer
from gistd.errors import Unauthenticated
from gistd.http import client_address

_NEEDED = ("username", "nonce", "uri", "response", "qop", "nc", "cnonce")


def actor() -> Actor:
    """Who asks, where that matters: elsewhere the original does not look at the header, be it right or wrong."""
    require_enabled()
    reads = request.method in ("GET", "HEAD")
    return NOBODY if reads and not house.settings.require_login else actor_by_digest()


def known(actor: Actor) -> Actor:
    """The same actor, who has to say now who they are, if nobody asked yet. An answer is good for once only."""
    return actor_by_digest() if actor.user is None else actor


def actor_by_digest() -> Actor:
    """The actor of the header `Authorization: Digest …`; nobody without it. Any other one is wrong."""
    if "Authorization" not in request.headers:
        return NOBODY
    given = request.authorization
    parameters = given.parameters if given is not None and given.type == "digest" else {}
    fields = {name: parameters.get(name) or "" for name in _NEEDED}
    if not all(fields.values()):
        raise Unauthenticated("HTTP digest is the one way to be known here, with qop=auth (RFC 7616)")
    algorithm = parameters.get("algorithm") or "MD5"
    return digests.actor(Answer(request.method, _target(), **fields, algorithm=algorithm), client_address())


def challenges(error: Exception) -> list[str]:
    """The values of WWW-Authenticate for a request that was refused with this error: one for each algorithm."""
    stale = ", stale=true" if isinstance(error, digests.StaleNonce) else ""
    told = f'Digest realm="{digests.REALM}", nonce="{digests.nonce()}", qop="auth", algorithm='
    return [told + algorithm + stale for algorithm in digests.algorithms()]


def _target() -> str:
    """What stands in the first line of the request, as it came; gunicorn keeps it."""
    return str(request.environ.get("RAW_URI", request.full_path.rstrip("?")))
