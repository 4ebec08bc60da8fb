"""sourcehut's webhooks: subscriptions that belong to a token, and what they were told."""

import json
from typing import Any

from flask import Response

from gistd.core import events, webhooks
from gistd.core.access import Actor, Open, Whose
from gistd.core.events import Event, Kind
from gistd.errors import LacksScope
from gistd.http import base_url
from gistd.index import Delivery, Subscription

from . import shapes
from .answers import PAGE_SIZE, Refused, answer, answer_page, done, start
from .routes import face

DIALECT = "sourcehut"
MAX_TEXT = 65_536
"""How much is shown of what was sent."""

_HERE = "/pastes/webhooks"
_ONE = f"{_HERE}/<int:id>"
_TOLD = f"{_ONE}/deliveries/<uuid>"


def _payload(_: Subscription, event: Event) -> str:
    assert event.gist is not None
    return json.dumps(shapes.paste(event.gist, event.files))


events.register(DIALECT, shapes.EVENTS, _payload)


# ---------------------------------------------------------------------- what goes out


def _subscription(webhook: Subscription) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "created": shapes.time(webhook.created_at),
        "events": webhooks.words(webhook),
        "url": webhook.url,
    }


def _delivery(webhook: Subscription, told: Delivery) -> dict[str, Any]:
    return {
        "id": told.uuid,
        "created": shapes.time(told.created_at),
        "event": shapes.EVENTS[Kind(told.kind)],
        "url": webhook.url,
        "payload": webhooks.payload(told)[:MAX_TEXT],
        "payload_headers": told.payload_headers,
        "response": told.response,
        "response_status": told.response_status,
        "response_headers": told.response_headers,
    }


# ---------------------------------------------------------------------- the endpoints


@face.get(_HERE, scope=Open.SIGNED_IN)
def list_webhooks(actor: Actor) -> Response:
    """The webhooks of this token, newest first."""
    found, total = webhooks.page(actor, PAGE_SIZE + 1, start(), Whose.TOKEN, DIALECT)
    return _page([(_subscription(each), each.id) for each in found], total)


@face.post(_HERE, scope=Open.SIGNED_IN)
def create_webhook(actor: Actor) -> Response:
    """Let a URL be told of your pastes, as long as this token is good."""
    asked = shapes.read(shapes.WebhookIn())
    try:
        made = webhooks.subscribe(actor, DIALECT, asked["url"], asked["events"], base_url(), by_token=True)
    except LacksScope:
        raise Refused((None, "Permission denied - does your token have the appropriate scopes?")) from None
    return answer(_subscription(made), 201)


@face.get(_ONE, scope=Open.SIGNED_IN)
def show_webhook(actor: Actor, id: int) -> Response:
    """A webhook of this token."""
    return answer(_subscription(_get(actor, id)))


@face.delete(_ONE, scope=Open.SIGNED_IN)
def delete_webhook(actor: Actor, id: int) -> Response:
    """End a webhook of this token, with all that it was told."""
    webhooks.delete(_get(actor, id))
    return done()


@face.get(f"{_ONE}/deliveries", scope=Open.SIGNED_IN)
def list_deliveries(actor: Actor, id: int) -> Response:
    """What a webhook was told, newest first."""
    webhook = _get(actor, id)
    found, total = webhooks.told(webhook, PAGE_SIZE + 1, start())
    return _page([(_delivery(webhook, each), each.id) for each in found], total)


@face.get(_TOLD, scope=Open.SIGNED_IN)
def show_delivery(actor: Actor, id: int, uuid: str) -> Response:
    """One time that a webhook was told something."""
    webhook = _get(actor, id)
    return answer(_delivery(webhook, webhooks.delivery(webhook, uuid)))


@face.post(f"{_TOLD}/redeliver", scope=Open.SIGNED_IN)
def redeliver(actor: Actor, id: int, uuid: str) -> Response:
    """Tell it once more: the same, signed anew."""
    webhooks.send_again(webhooks.delivery(_get(actor, id), uuid))
    return answer({})


def _get(actor: Actor, id: int) -> Subscription:
    return webhooks.get(actor, id, Whose.TOKEN, DIALECT)


def _page(rows: list[tuple[dict[str, Any], int]], total: int) -> Response:
    """Of one row more than a page has, if there is one: there begins the next."""
    next = rows[PAGE_SIZE][1] if len(rows) > PAGE_SIZE else None
    return answer_page([shown for shown, _ in rows[:PAGE_SIZE]], total, next)
