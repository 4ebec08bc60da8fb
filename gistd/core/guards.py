"""What guards a write of a gist: it is looked at again under its lock, hidden before it changes, and put back if it is
refused; and how one is removed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from gistd import index
from gistd.errors import Conflict, Invalid, PreconditionFailed
from gistd.index import VISIBILITIES, Gist, User
from gistd.store import Missing, Repository

from . import access, events, house
from .access import Action, Actor
from .drafts import Change


def remove(gist: Gist, look_again: Callable[[], object] = lambda: None, wait: bool = True) -> None:
    """Delete a gist and its repository; first look at it again, under its lock. BlockingIOError when it is not to wait
    and somebody holds that."""
    try:
        with house.store.hold(gist.id, wait):
            look_again()
            _forget(gist)
            house.store.delete(gist.id)
    except Missing:
        _forget(gist)


def _forget(gist: Gist) -> None:
    with events.told() as tell:
        index.gists.delete(gist, tell.deleted)


def again(actor: Actor, action: Action, gist: Gist, only_if_unchanged: bool = False) -> Gist:
    """The gist as it is now that we hold its lock: it may have been changed, or hidden, while we waited."""
    now = index.gists.with_topics(access.require(actor, action, index.gists.by_id(gist.id)))
    if only_if_unchanged and (now.head, now.updated_at) != (gist.head, gist.updated_at):
        raise PreconditionFailed("the gist was changed in the meantime")
    return now


@contextmanager
def hidden_first(gist: Gist, change: Change) -> Iterator[None]:
    """What makes a gist less visible comes before its content changes: what is new may not be for those who see it now.

    It is put back if the block refuses the change.
    """
    columns: dict[str, Any] = {}
    if change.visibility and VISIBILITIES.index(change.visibility) > VISIBILITIES.index(gist.visibility):
        columns["visibility"] = change.visibility
    if isinstance(change.expires_at, datetime) and (gist.expires_at is None or change.expires_at < gist.expires_at):
        columns["expires_at"] = change.expires_at
    if columns:
        index.gists.set_columns(gist, columns)
    try:
        yield
    except (Invalid, Conflict):
        if columns:
            index.gists.set_columns(gist, {name: getattr(gist, name) for name in columns})
        raise


@contextmanager
def taken_back(repository: Repository) -> Iterator[None]:
    """Let the branch go back to where it was if the block finds a conflict: what is refused must not count."""
    head = repository.head
    try:
        yield
    except Conflict:
        if repository.head != head:
            repository.move_head(repository.head, head)
        raise


def claim_slug(owner: User | None, slug: str, besides: Gist | None = None) -> None:
    """Conflict when another gist of the owner has the slug. One that has expired gives it up: it is gone."""
    holder = index.gists.by_slug(owner, slug)
    if holder is None or holder == besides:
        return
    if not access.is_over(holder):
        words = "you have another gist with this URL"
        raise Conflict(words, {"slug": [words]})
    try:
        remove(holder, wait=False)  # we may hold a lock: never wait for another one
    except BlockingIOError:
        raise Conflict("the gist that had this URL has expired and is just being removed; try again") from None
