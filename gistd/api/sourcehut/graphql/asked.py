"""Who asks, and what a query needs to know beside its own words."""

from dataclasses import dataclass, field
from typing import Any

from gistd.core.access import Actor
from gistd.core.events import Event
from gistd.index import User

from .limits import Meter


@dataclass(frozen=True)
class Asked:
    """The actor; the address that they know gistd by, for URLs; the event that the query of a webhook is about; and
    what has been looked up for this query already."""

    actor: Actor
    url: str
    event: Event | None = None
    meter: Meter = field(default_factory=Meter)
    pages: dict[Any, Any] = field(default_factory=dict)

    @property
    def user(self) -> User:
        assert self.actor.user is not None, "nobody gets as far as a query without a credential"
        return self.actor.user
