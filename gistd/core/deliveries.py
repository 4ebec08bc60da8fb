"""What was written down to be told (`events`) is sent: signed, to each subscription one after the other, again when
nobody answered.

A delivery is claimed before it is sent, and is due until it is settled: whoever dies in between has it sent once more.
"""

import logging
import secrets
from datetime import datetime, timedelta
from importlib.metadata import version
from math import ceil
from typing import Any

from gistd import index
from gistd.errors import Unavailable
from gistd.index import Delivery
from gistd.index.webhooks import UNANSWERED

from . import events, house, jobs, outside, signing
from .outside import Answer, Unreachable

_log = logging.getLogger("gistd")

_TRY_AGAIN = (502, 503, 504)
_LONGEST_WAIT = 12 * 60 * 60
_REGULARLY = timedelta(minutes=1)


@jobs.regular
def sweep() -> None:
    """Find what nobody remembers to send, as a crash leaves it; and forget what was told long ago."""
    now = index.now()
    index.webhooks.hurry(now + index.SKEW + timedelta(seconds=_LONGEST_WAIT), now + index.SKEW + _longest())
    index.webhooks.forget(now - timedelta(days=house.settings.webhook_days))
    for id, at in index.webhooks.due(now + _REGULARLY):
        _soon(id, at)


@jobs.job
def deliver(subscription: int) -> None:
    """Send what this subscription is to be told next."""
    delivery = index.webhooks.claim(subscription, index.now() + _longest())
    if delivery is None:
        return
    try:
        delivery.payload = payload(delivery)
    except Unavailable:
        raise  # later, then
    except Exception as error:
        # Not the error's words: what is told is nobody else's business.
        _log.error("what happened cannot be told in %s (%s)", delivery.subscription.dialect, type(error).__name__)
        _settle(delivery, _outcome("it could not be told in this dialect"), None)
        return
    try:
        _conclude(delivery, _send(delivery, delivery.payload.encode()))
    except Unreachable as reason:
        _conclude(delivery, reason)


def payload(delivery: Delivery) -> str:
    """What is sent, or will be."""
    if delivery.payload is not None:
        return delivery.payload
    subscription = delivery.subscription
    return events.dialects[subscription.dialect].render(subscription, events.event(delivery))


def _send(delivery: Delivery, body: bytes) -> Answer:
    """Send it, as it was sent before if it was: who knows its nonce already has it already."""
    if not delivery.payload_headers:
        delivery.payload_headers = "\n".join(f"{name}: {value}" for name, value in _headers(delivery, body).items())
    delivery.attempts += 1
    kept = {name: getattr(delivery, name) for name in ("payload", "payload_headers", "attempts")}
    index.webhooks.note(delivery, {**kept, "sent_at": index.now()})
    headers = dict(line.split(": ", 1) for line in delivery.payload_headers.split("\n"))
    return outside.post(delivery.subscription.url, body, headers)


def _headers(delivery: Delivery, body: bytes) -> dict[str, str]:
    nonce = secrets.token_hex(8)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"gistd/{version('gistd')}",
        "X-Webhook-Event": events.dialects[delivery.subscription.dialect].words[events.Kind(delivery.kind)],
        "X-Webhook-Delivery": delivery.uuid,
        "X-Payload-Nonce": nonce,
        "X-Payload-Signature": signing.sign(body, nonce),
    }


def _conclude(delivery: Delivery, answer: Answer | Unreachable) -> None:
    """Keep the answer; without one, or with one that says so, try again, as often as is right."""
    if isinstance(answer, Answer):
        outcome = _outcome(answer.body, answer.status, answer.headers)
        arrived = answer.status not in _TRY_AGAIN
    else:
        outcome, arrived = _outcome(str(answer)), False
    if arrived:
        _settle(delivery, outcome, None, failures=0, rests_until=None)
        return
    most = house.settings.webhook_attempts
    due = index.now() + _wait(delivery.attempts) if delivery.attempts < most else None
    failures = delivery.subscription.failures + (due is None)
    # Somebody who has not been there for long is asked seldom.
    rests_until = index.now() + _wait(most + failures - 1) if failures else None
    _settle(delivery, outcome, due, failures=failures, rests_until=rests_until)


def _outcome(body: str, status: int = UNANSWERED, headers: str | None = None) -> dict[str, Any]:
    return {"response": body, "response_status": status, "response_headers": headers}


def _settle(delivery: Delivery, outcome: dict[str, Any], due: datetime | None, **of_subscription: Any) -> None:
    index.webhooks.settle(delivery, {**outcome, "due_at": due}, of_subscription)
    for id, at in index.webhooks.due(index.now() + _REGULARLY, delivery.subscription):
        _soon(id, at)


def _soon(subscription: int, at: datetime) -> None:
    # Not a moment too early: it would find nothing to do, and nobody else would look for a minute.
    jobs.later("deliver", subscription, delay=max(0, ceil((at - index.now()).total_seconds())))


def _wait(attempts: int) -> timedelta:
    """How long after so many attempts the next one is made: each time four times as long."""
    return timedelta(seconds=min(house.settings.webhook_retry_seconds * 4 ** (attempts - 1), _LONGEST_WAIT))


def _longest() -> timedelta:
    """The longest time that it takes to send something: to look the name up, to connect, and the rest of it."""
    return 5 * timedelta(seconds=house.settings.webhook_seconds)
