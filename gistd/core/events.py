"""What becomes of gists, for whoever subscribed to it. An event is written down in the transaction of the write that
it is about, and sent later (`deliveries`): so nothing is told that did not happen, and nothing is forgotten.

Core knows no dialect: a face `register`s how events are called and shown in its own.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gistd import index
from gistd.index import PUBLIC, Delivery, File, Gist, Subscription, User

from . import access, house, jobs


class Kind(StrEnum):
    """What can happen. PING is no event of a gist: somebody tries their webhook out."""

    CREATE = "gist:create"
    UPDATE = "gist:update"
    DELETE = "gist:delete"
    FORK = "gist:fork"
    LIKE = "gist:like"
    PING = "ping"


@dataclass(frozen=True)
class Event:
    """Something that happened: to a gist as it was then, or to none; by whom, where it is not its owner; and the copy
    that was made, by its id, if one was and everybody may know of it.

    The gist and its files are no rows any more.
    """

    uuid: str
    kind: Kind
    at: datetime
    gist: Gist | None
    files: Sequence[File]
    by: str | None
    fork: str | None


Render = Callable[[Subscription, Event], str]


@dataclass(frozen=True)
class Dialect:
    """How a dialect calls the events that it knows, and the payload that it makes of one."""

    words: Mapping[Kind, str]
    render: Render


dialects: dict[str, Dialect] = {}


def register(name: str, words: Mapping[Kind, str], render: Render) -> None:
    """Let there be subscriptions in this dialect."""
    dialects[name] = Dialect(words, render)


def origin(webhook: Subscription) -> str:
    """What URLs begin with that a webhook is told."""
    return house.settings.external_url or webhook.origin


def event(delivery: Delivery) -> Event:
    """What a delivery is about."""
    kept = json.loads(delivery.event)
    gist, files = index.webhooks.thawed(kept) if "gist" in kept else (None, [])
    kind = Kind(delivery.kind)
    return Event(delivery.uuid, kind, delivery.created_at, gist, files, kept.get("by"), kept.get("fork"))


class Tell:
    """Writes events down in the transaction of a write, each for the owner of its gist."""

    def __init__(self) -> None:
        self.told: set[int] = set()

    def created(self, gist: Gist) -> None:
        """A gist, just made; if it is a fork, that is an event of the other one, too."""
        self._tell(Kind.CREATE, gist, {})
        if gist.fork_of is not None:
            more = {}
            if gist.owner is not None and gist.visibility == PUBLIC:  # else nobody else knows of it, or whose it is
                more = {"by": gist.owner.username, "fork": gist.id}
            self._tell(Kind.FORK, gist.fork_of, more)

    def updated(self, files: Mapping[str, File]) -> Callable[[Gist], None]:
        """A gist that had these files, and was as the row says; told if it is not any more."""
        return lambda gist: self._tell(Kind.UPDATE, gist, {}, lambda: index.webhooks.frozen(gist, files.values()))

    def deleted(self, gist: Gist) -> None:
        """A gist that will be gone. One that has expired was gone before, as its last event said that it would be."""
        if not access.is_over(gist):
            self._tell(Kind.DELETE, gist, {})

    def liked_by(self, user: User) -> Callable[[Gist], None]:
        return lambda gist: self._tell(Kind.LIKE, gist, {"by": user.username})

    def _tell(
        self, kind: Kind, gist: Gist, more: dict[str, str], before: Callable[[], dict[str, Any]] | None = None
    ) -> None:
        receivers = index.webhooks.receivers(gist.owner_id, kind) if gist.owner_id else []
        row = index.gists.by_id(gist.id) if receivers else None
        if row is None:
            return
        is_now = index.webhooks.frozen(index.gists.with_topics(row), index.files.of(row).values())
        if before is None or _without_times(is_now) != _without_times(before()):
            index.webhooks.post(receivers, kind, {**is_now, **more})
            self.told.update(receivers)


def _without_times(kept: dict[str, Any]) -> dict[str, Any]:
    return {**kept, "gist": {**kept["gist"], "updated_at": None}}


@contextmanager
def told() -> Iterator[Tell]:
    """Events of a write, which the block makes in one transaction; on their way when that is over."""
    tell = Tell()
    yield tell
    for id in tell.told:
        jobs.later("deliver", id)
