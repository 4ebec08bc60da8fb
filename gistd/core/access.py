"""Who may do what. Every permission of gistd is decided here, from actor, action and gist, and nothing else.

`refusal` says it for one gist; `readable` says as the condition of a query which of them somebody may read who knows
where they are, `listed` and `public` which of them lists show.
"""

import operator
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from hmac import compare_digest
from typing import Any

from gistd import index
from gistd.errors import Forbidden, GistdError, Invalid, LacksScope, NotFound, NotYours, Unauthenticated
from gistd.index import PRIVATE, PUBLIC, UNLISTED, VISIBILITIES, Gist, Shelf, Subscription, User, now

from . import ends, house


class Scope(StrEnum):
    """What a credential was given for. Writing implies reading."""

    GIST_READ = "gist:read"
    GIST_WRITE = "gist:write"
    USER_READ = "user:read"
    USER_WRITE = "user:write"


class Open(StrEnum):
    """What a route may ask for instead of a scope.

    EVERYBODY is let in whatever the settings say. ANYONE is, unless they require a login; so is whoever
    asks for ONE_GIST, for which they may make an exception. SIGNED_IN is any valid credential. ADMIN is an admin
    who may do everything; for others there is nothing there.
    """

    EVERYBODY = "everybody"
    ANYONE = "anyone"
    ONE_GIST = "one gist"
    SIGNED_IN = "signed in"
    ADMIN = "admin"


class Action(StrEnum):
    VIEW = "view"
    EDIT = "edit"
    ARCHIVE = "archive"
    DELETE = "delete"
    FORK = "fork"
    LIKE = "like"
    ADMINISTER = "administer"


class Whose(StrEnum):
    """Which of somebody's webhooks: all of them; those that were made by the app whose token they came by, or by none;
    those of that very token."""

    USER = "user"
    APP = "app"
    TOKEN = "token"  # noqa: S105


ALL_SCOPES = frozenset(Scope)
_IMPLIED = {Scope.GIST_WRITE: Scope.GIST_READ, Scope.USER_WRITE: Scope.USER_READ}
_NEEDED = {
    Action.VIEW: Scope.GIST_READ,
    Action.EDIT: Scope.GIST_WRITE,
    Action.ARCHIVE: Scope.GIST_WRITE,
    Action.DELETE: Scope.GIST_WRITE,
    Action.FORK: Scope.GIST_WRITE,
    Action.LIKE: Scope.USER_WRITE,
}


@dataclass(frozen=True)
class Actor:
    """Whoever asks now: a user with the scopes that their credential grants, or nobody.

    Nobody may hold a deletion key, of which this is the hash: for the one gist that was made with it. `credential` is
    the number of the token that they came by, if they did, and `client` that of the app that it was given to, if one
    was: what belongs to these is not for the others of the same user. `address` is where they are, to count by.
    """

    user: User | None = None
    scopes: frozenset[Scope] = frozenset()
    deletion_key: str | None = None
    credential: int | None = None
    client: int | None = None
    address: str = field(default="", compare=False)

    def owns(self, gist: Gist) -> bool:
        return self.user is not None and gist.owner_id == self.user.id

    def holds_key_of(self, gist: Gist) -> bool:
        held, wanted = self.deletion_key, gist.deletion_key
        return held is not None and wanted is not None and compare_digest(held, wanted)


NOBODY = Actor()


def granted(scopes: Collection[Scope]) -> frozenset[Scope]:
    """The scopes with what they imply."""
    return frozenset(scopes) | {_IMPLIED[scope] for scope in scopes if scope in _IMPLIED}


def require_scope(actor: Actor, needed: Scope | Open) -> None:
    """Raise Unauthenticated, Forbidden or NotFound unless the actor may use a route that needs this."""
    if needed is Open.ADMIN:
        require_admin(actor)
    if actor.user is None and not _open_to_nobody(needed):
        raise Unauthenticated("Requires authentication")
    if isinstance(needed, Scope) and needed not in actor.scopes:
        raise LacksScope(needed)


def require_create(actor: Actor, visibility: str) -> None:
    """Raise Unauthenticated, Forbidden or Invalid unless the actor may make a gist that is as visible as this.

    Nobody's are not private: there would be nobody to see them.
    """
    if actor.user is not None or not house.settings.anonymous_gists or house.settings.require_login:
        require_scope(actor, Scope.GIST_WRITE)
    elif visibility == PRIVATE:
        raise Invalid("visibility: private gists need an account", {"visibility": ["private gists need an account"]})


def administers(actor: Actor) -> bool:
    """Whether the actor is an admin, by a credential that is for everything."""
    return actor.user is not None and actor.user.is_admin and actor.scopes >= ALL_SCOPES


def require_admin(actor: Actor) -> None:
    """Raise NotFound unless the actor is an admin: there is nothing there for anybody else."""
    if not administers(actor):
        raise NotFound("Not found")


def require_metrics(token: str) -> None:
    """Raise NotFound where nobody may read the metrics, Unauthenticated unless this is the token for that."""
    wanted = house.settings.metrics_token
    if not wanted:
        raise NotFound("Not found")
    if not compare_digest(token.encode(), wanted.encode()):
        raise Unauthenticated("Requires the token for metrics")


def _open_to_nobody(needed: Scope | Open) -> bool:
    settings = house.settings
    if not settings.require_login:
        return needed in (Open.EVERYBODY, Open.ANYONE, Open.ONE_GIST)
    return needed is Open.EVERYBODY or (needed is Open.ONE_GIST and settings.allow_gists_without_login)


def require(actor: Actor, action: Action, gist: Gist | None) -> Gist:
    """The gist, if the actor may do this to it; else raises NotFound, Unauthenticated or Forbidden."""
    refused = refusal(actor, action, gist)
    if refused is not None or gist is None:
        if gist is not None and is_over(gist):
            ends.seen(gist.expires_at)
        raise refused or NotFound("Gist not found")
    return gist


def require_numbered(actor: Actor, action: Action, gist: Gist | None) -> Gist:
    """As `require`, for a gist that was asked for by its number. These can be counted through, so that only public
    gists and the actor's own are found by them; for another one nobody is asked who they are.
    """
    found = require(actor, Action.VIEW, gist)
    if found.visibility != PUBLIC and not actor.owns(found):
        raise Unauthenticated("Requires authentication") if actor.user is None else NotFound("Gist not found")
    return require(actor, action, found)


def require_webhook(
    actor: Actor, webhook: Subscription | None, whose: Whose = Whose.USER, dialect: str | None = None
) -> Subscription:
    """The webhook, if `webhooks` has it. Else raises NotFound, or NotYours for that of another token."""
    if webhook is None or (dialect is not None and webhook.dialect != dialect):
        raise NotFound("Webhook not found")
    if whose is Whose.TOKEN and (actor.credential is None or webhook.credential_id != actor.credential):
        raise NotYours("This webhook belongs to another token")
    if actor.user is None or webhook.user_id != actor.user.id:
        raise NotFound("Webhook not found")
    if whose is Whose.APP and (webhook.credential is None or webhook.credential.client_id != actor.client):
        raise NotFound("Webhook not found")
    return webhook


def webhooks(actor: Actor, whose: Whose = Whose.USER, dialect: str | None = None) -> Any:
    """The webhooks of the actor, be it of one dialect, as a condition."""
    condition = Subscription.user == actor.user
    if dialect is not None:
        condition &= Subscription.dialect == dialect
    if whose is Whose.TOKEN:
        condition &= Subscription.credential == actor.credential
    if whose is Whose.APP:
        condition &= index.webhooks.by_app(actor.client)
    return condition


def allowed(actor: Actor, action: Action, gist: Gist) -> bool:
    return refusal(actor, action, gist) is None


def refusal(actor: Actor, action: Action, gist: Gist | None) -> GistdError | None:
    """Why not; None if so. What the actor may not see is answered as if it never was."""
    if action is Action.ADMINISTER:
        return None if gist is not None and administers(actor) else NotFound("Gist not found")
    if gist is None or not _sees(actor, gist):
        return NotFound("Gist not found")
    if action is Action.VIEW:
        return None
    if actor.deletion_key is not None:
        right = action is Action.DELETE and actor.holds_key_of(gist)
        return None if right else Forbidden("This key does not delete this gist")
    if actor.user is None:
        return Unauthenticated("Requires authentication")
    if _NEEDED[action] not in actor.scopes:
        return LacksScope(_NEEDED[action])
    if action in (Action.EDIT, Action.ARCHIVE, Action.DELETE) and not actor.owns(gist):
        return NotYours("You are not the owner of this gist")
    if action is Action.EDIT and gist.archived:
        return Forbidden("This gist is archived and is read-only")
    return None


def _sees(actor: Actor, gist: Gist) -> bool:
    return not is_over(gist) and (gist.visibility != PRIVATE or _reads_own(actor, gist))


def is_over(gist: Gist) -> bool:
    """Whether it has expired: from then on it is gone for everybody."""
    return gist.expires_at is not None and gist.expires_at <= now()


def _reads_own(actor: Actor, gist: Gist) -> bool:
    return actor.owns(gist) and Scope.GIST_READ in actor.scopes


def readable(actor: Actor) -> Any:
    """The gists that the actor may view, as a condition."""
    shown = Gist.visibility != PRIVATE
    if actor.user is not None and Scope.GIST_READ in actor.scopes:
        shown |= Gist.owner == actor.user
    return _live() & shown


def listed(actor: Actor) -> Any:
    """The gists that lists show to the actor, as a condition: the public ones and their own."""
    return reduce(operator.or_, listed_apart(actor))


def listed_apart(actor: Actor) -> list[Any]:
    """As `listed`, as conditions of which no gist meets two: an index helps with each, not with both at once."""
    if actor.user is None or Scope.GIST_READ not in actor.scopes:
        return [public()]
    return [public(), _live() & (Gist.visibility != PUBLIC) & (Gist.owner == actor.user)]


def public(at: Any = None) -> Any:
    """The gists that lists show to everybody, as a condition; now, or at a moment."""
    return _live(at) & (Gist.visibility == PUBLIC)


def shelves(actor: Actor, owner: User | None = None) -> list[Shelf]:
    """As `listed`, of everybody or of one owner, as the shelves that lists are taken from."""
    whose = None if owner is None else owner.id
    if actor.user is None or Scope.GIST_READ not in actor.scopes or whose not in (None, actor.user.id):
        return [Shelf(PUBLIC, whose)]
    return [Shelf(PUBLIC, whose), Shelf(UNLISTED, actor.user.id), Shelf(PRIVATE, actor.user.id)]


def everything(actor: Actor, owner: User | None = None) -> list[Shelf]:
    """Every gist that there is, or that is the owner's, for an admin. Raises NotFound."""
    require_admin(actor)
    return [Shelf(visibility, None if owner is None else owner.id) for visibility in VISIBILITIES]


def _live(at: Any = None) -> Any:
    return index.live(Gist, now() if at is None else at)
