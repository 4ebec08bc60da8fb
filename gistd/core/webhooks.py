"""Webhooks as their owners see them: what they subscribed to, what was sent, what was answered."""

from collections.abc import Collection

from gistd import index
from gistd.errors import Invalid, NotFound
from gistd.index import Delivery, Subscription

from . import access, deliveries, events, house, jobs, outside
from .access import Actor, Scope, Whose
from .events import Kind


def subscribe(
    actor: Actor,
    dialect: str,
    url: str,
    kinds: Collection[Kind],
    origin: str,
    *,
    query: str | None = None,
    by_token: bool = False,
) -> Subscription:
    """Let a URL be told what becomes of the actor's gists. `origin` is the address that they know gistd by.

    `by_token`: it belongs to the token that they came by, and ends with it. Else it ends when that token would have,
    and sees no more than it. Raises Forbidden, Invalid, or Conflict when they have too many.
    """
    access.require_scope(actor, Scope.GIST_READ)
    outside.check_url(url)
    if not kinds:
        raise Invalid("events: choose at least one", {"events": ["choose at least one"]})
    credential = None if actor.credential is None else index.accounts.credential_by_id(actor.credential)
    columns = {
        "user": actor.user,
        "dialect": dialect,
        "url": url,
        "events": " ".join(sorted(kinds)),
        "query": query,
        "origin": origin,
        "credential": actor.credential if by_token else None,
        "scopes": " ".join(sorted(actor.scopes)),
        "expires_at": credential.expires_at if credential and not by_token else None,
    }
    return index.webhooks.subscribe(columns, house.settings.max_webhooks)


def page(
    actor: Actor, limit: int, start: int | None = None, whose: Whose = Whose.USER, dialect: str | None = None
) -> tuple[list[Subscription], int]:
    """The actor's webhooks, the latest first, from number `start` on; and how many there are."""
    return index.webhooks.subscriptions(access.webhooks(actor, whose, dialect), limit=limit, start=start)


def get(actor: Actor, id: int, whose: Whose = Whose.USER, dialect: str | None = None) -> Subscription:
    """One of the actor's webhooks. Raises NotFound, or NotYours for that of another token."""
    return access.require_webhook(actor, index.webhooks.subscription(id), whose, dialect)


def delete(webhook: Subscription) -> None:
    """End it, with all that it was told."""
    index.webhooks.unsubscribe(webhook)


def told(webhook: Subscription, limit: int, start: int | None = None) -> tuple[list[Delivery], int]:
    """What a webhook was told, the latest first, from number `start` on; and how much there is."""
    return index.webhooks.deliveries(webhook, limit=limit, start=start)


def delivery(webhook: Subscription, name: str) -> Delivery:
    """One of those, by its UUID. Raises NotFound."""
    found = index.webhooks.delivery(webhook, name)
    if found is None:
        raise NotFound("Delivery not found")
    return found


def payload(delivery: Delivery) -> str:
    """What was sent, or will be."""
    return deliveries.payload(delivery)


def send_again(delivery: Delivery) -> None:
    """Send it once more: the same, signed anew."""
    index.webhooks.again(delivery)
    jobs.later("deliver", delivery.subscription_id)


def ping(webhook: Subscription) -> str:
    """Send something, to try it out; returns the name of the delivery."""
    name = index.webhooks.post_one(webhook, Kind.PING, {})
    jobs.later("deliver", webhook.id)
    return name


def kinds(webhook: Subscription) -> list[Kind]:
    """What it is told of."""
    return [Kind(word) for word in webhook.events.split()]


def words(webhook: Subscription) -> list[str]:
    """The same, as its dialect calls it."""
    return sorted(events.dialects[webhook.dialect].words[kind] for kind in kinds(webhook))
