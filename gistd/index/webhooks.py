"""Webhooks: who is told what becomes of somebody's gists, and what they are told. The rows are the truth: a delivery
that has a `due_at` is to be sent, whatever any queue knows of it."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from gistd.errors import Conflict

from .connection import is_text
from .models import Credential, Delivery, File, Gist, OAuthClient, Subscription, User, now
from .prepared import Prepared
from .writing import write

QUEUED, UNANSWERED = -2, -1
"""What a delivery has for a status that was not sent yet, or to which there was no answer."""

_OF_A_GIST = (
    Gist.number, Gist.id, Gist.ident, Gist.sha, Gist.owner, Gist.slug, Gist.visibility, Gist.title, Gist.titled,
    Gist.description, Gist.archived, Gist.created_at, Gist.updated_at, Gist.expires_at, Gist.file_order, Gist.head,
    Gist.file_count, Gist.size,
)  # fmt: skip
_OF_A_FILE = (
    File.id, File.path, File.blob, File.size, File.language, File.label, File.named, File.syntax, File.encoding,
)  # fmt: skip


# ---------------------------------------------------------------------- gists as they were


def frozen(gist: Gist, files: Iterable[File]) -> dict[str, Any]:
    """A gist with its topics and files as it is now, to be kept as JSON. No secrets of it."""
    return {
        "gist": _columns(gist, _OF_A_GIST),
        "owner": gist.owner and gist.owner.username,
        "topics": gist.topic_names,
        "files": [_columns(file, _OF_A_FILE) for file in sorted(files, key=lambda file: str(file.path))],
    }


def thawed(kept: Mapping[str, Any]) -> tuple[Gist, list[File]]:
    """A gist and its files as they were; not rows any more, and not to be written."""
    gist = _made(Gist, kept["gist"])
    gist.topic_names = kept["topics"]
    gist.owner = User(id=kept["gist"]["owner"], username=kept["owner"]) if kept["owner"] else None
    return gist, [_made(File, file) for file in kept["files"]]


def _columns(row: Any, fields: Iterable[Any]) -> dict[str, Any]:
    return {field.name: field.db_value(row.__data__[field.name]) for field in fields}


def _made(model: Any, columns: Mapping[str, Any]) -> Any:
    return model(**{name: model._meta.fields[name].python_value(value) for name, value in columns.items()})


# ---------------------------------------------------------------------- subscriptions


def subscribe(columns: Mapping[str, Any], most: int) -> Subscription:
    """A new subscription. Conflict when its user has as many as they may."""
    with write():
        User.update(id=User.id).where(User.id == columns["user"]).execute()  # of two at once, one waits for the other
        if Subscription.select().where(Subscription.user == columns["user"]).count() >= most:
            raise Conflict(f"an account has at most {most} webhooks")
        return Subscription.create(**columns)


def subscriptions(condition: Any, *, limit: int, start: int | None = None) -> tuple[list[Subscription], int]:
    """Those that meet the condition, the latest first, from number `start` on; and how many there are at all."""
    found: Any = _with_apps().where(condition)
    page = found if start is None else found.where(Subscription.id <= start)
    return list(page.order_by(Subscription.id.desc()).limit(limit)), found.count()


def subscription(id: int) -> Subscription | None:
    return _with_apps().where(Subscription.id == id).get_or_none() if 0 < id < 2**31 else None


def by_app(client: int | None) -> Any:
    """Those that hang on a token of this app, or on one of no app, as a condition."""
    tokens = Credential.select(Credential.id)
    if client is None:
        return Subscription.credential.in_(tokens.where(Credential.client.is_null()))
    return Subscription.credential.in_(tokens.where(Credential.client == client))


def _with_apps() -> Any:
    """Subscriptions with the token that they hang on, and the app that it was given to, where there are such."""
    left = peewee.JOIN.LEFT_OUTER
    return Subscription.select(Subscription, Credential, OAuthClient).join(Credential, left).join(OAuthClient, left)


def unsubscribe(subscription: Subscription) -> None:
    """End it, with all that it was told."""
    with write():
        Subscription.delete().where(Subscription.id == subscription.id).execute()


def receivers(user: int, kind: str) -> list[int]:
    """The subscriptions of a user that are told of this. One that hangs on a token that has expired is over."""
    at = Subscription.created_at.db_value(now())
    return [
        id
        for id, events, *ends in _OF_USER.all(user)
        if kind in events.split() and all(end is None or end > at for end in ends)
    ]


_OF_USER = Prepared(
    lambda user: (
        Subscription.select(Subscription.id, Subscription.events, Subscription.expires_at, Credential.expires_at)
        .join(Credential, peewee.JOIN.LEFT_OUTER)
        .where(Subscription.user == user)
    )
)


# ---------------------------------------------------------------------- deliveries


def post(receivers: Sequence[int], kind: str, event: Mapping[str, Any]) -> list[str]:
    """Let these subscriptions be told, in the caller's transaction; returns the names of the deliveries."""
    at = now()
    same = {"kind": kind, "event": json.dumps(event), "response_status": QUEUED, "created_at": at, "due_at": at}
    names = [str(uuid.uuid4()) for _ in receivers]
    rows = [{"uuid": name, "subscription": id, **same} for name, id in zip(names, receivers, strict=True)]
    Delivery.insert_many(rows).execute()
    return names


def post_one(subscription: Subscription, kind: str, event: Mapping[str, Any]) -> str:
    """As `post`, in a transaction of its own: told at once, be the subscription at rest."""
    with write():
        _wake(subscription)
        return post([subscription.id], kind, event)[0]


def again(delivery: Delivery) -> None:
    """Let it be sent once more, whatever became of it."""
    unsent = {"response": None, "response_status": QUEUED, "response_headers": None, "payload_headers": ""}
    with write():
        _wake(delivery.subscription)
        Delivery.update(due_at=now(), attempts=0, **unsent).where(Delivery.id == delivery.id).execute()


def _wake(subscription: Subscription) -> None:
    Subscription.update(rests_until=None).where(Subscription.id == subscription.id).execute()


def deliveries(subscription: Subscription, *, limit: int, start: int | None = None) -> tuple[list[Delivery], int]:
    """What a subscription was told, the latest first, from number `start` on; and how much there is at all."""
    found: Any = Delivery.select().where(Delivery.subscription == subscription)
    page = found if start is None else found.where(Delivery.id <= start)
    return list(page.order_by(Delivery.id.desc()).limit(limit)), found.count()


def delivery(subscription: Subscription, name: str) -> Delivery | None:
    """One of this subscription."""
    if not is_text(name):
        return None
    return Delivery.get_or_none(Delivery.uuid == name, Delivery.subscription == subscription)


def due(before: datetime, among: Subscription | None = None) -> list[tuple[int, datetime]]:
    """The subscriptions that somebody should send something to before that, and when; of all, or if this one is."""
    first: Any = Delivery.select(
        Delivery.subscription, peewee.fn.MIN(Delivery.due_at), Subscription.leased_until, Subscription.rests_until
    )
    first = first.join(Subscription).where(Delivery.due_at < before)
    first = first if among is None else first.where(Delivery.subscription == among)
    rows = first.group_by(Delivery.subscription, Subscription.leased_until, Subscription.rests_until).tuples()
    times = [(id, max(at for at in moments if at is not None)) for id, *moments in rows]
    return [(id, at) for id, at in times if at < before]


def _idle() -> Any:
    at = now()
    leased = Subscription.leased_until.is_null(False) & (Subscription.leased_until > at)
    rests = Subscription.rests_until.is_null(False) & (Subscription.rests_until > at)
    return ~leased & ~rests


def claim(id: int, until: datetime) -> Delivery | None:
    """What is to be sent to this subscription next, for whoever asks first: nobody else gets one until they give it
    back, or are gone for so long."""
    if not Delivery.select().where(Delivery.subscription == id, Delivery.due_at <= now()).exists():
        return None
    with write():
        if not Subscription.update(leased_until=until).where(Subscription.id == id, _idle()).execute():
            return None
        waiting = Delivery.select(Delivery, Subscription, User).join(Subscription).join(User)
        waiting = waiting.where(Delivery.subscription == id, Delivery.due_at <= now())
        found = waiting.order_by(Delivery.id).first()
        if found is None:
            _give_back(id, {})
        return found


def note(delivery: Delivery, columns: Mapping[str, Any]) -> None:
    """Keep what is about to be sent."""
    with write():
        Delivery.update(**columns).where(Delivery.id == delivery.id).execute()


def settle(delivery: Delivery, columns: Mapping[str, Any], of_subscription: Mapping[str, Any]) -> None:
    """Keep what became of an attempt, and give the subscription back."""
    with write():
        Delivery.update(**columns).where(Delivery.id == delivery.id).execute()
        _give_back(delivery.subscription_id, of_subscription)


def _give_back(id: int, columns: Mapping[str, Any]) -> None:
    Subscription.update(leased_until=None, **columns).where(Subscription.id == id).execute()


def hurry(latest: datetime, lease: datetime) -> None:
    """Let nothing be due, or rest, later than at `latest`, nor be somebody's after `lease`: what is, is from before the
    clock was set back."""
    late = Delivery.due_at > latest
    resting, leased = Subscription.rests_until > latest, Subscription.leased_until > lease
    if Delivery.select().where(late).exists() or Subscription.select().where(resting | leased).exists():
        with write():
            Delivery.update(due_at=now()).where(late).execute()
            Subscription.update(rests_until=None).where(resting).execute()
            Subscription.update(leased_until=None).where(leased).execute()


def forget(before: datetime) -> None:
    """Delete what was told before that; and subscriptions that are over, as their tokens are."""
    old, at = Delivery.created_at < before, now()
    expired = Credential.select(Credential.id).where(Credential.expires_at <= at)
    over = (Subscription.expires_at <= at) | Subscription.credential.in_(expired)
    if Delivery.select().where(old).exists() or Subscription.select().where(over).exists():
        with write():
            Delivery.delete().where(old).execute()
            Subscription.delete().where(over).execute()
