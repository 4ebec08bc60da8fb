"""Who likes which gist."""

from gistd import index
from gistd.index import Gist, User

from . import access, events
from .access import Action, Actor


def like(actor: Actor, gist: Gist, liked: bool = True) -> None:
    """Like or unlike a gist; doing it twice is doing it once."""
    access.require(actor, Action.LIKE, gist)
    assert actor.user is not None
    with events.told() as tell:
        index.gists.set_like(actor.user, gist, liked, index.now(), tell.liked_by(actor.user))


def likers(gist: Gist, number: int, size: int) -> list[User]:
    """A page of those who like the gist, the latest first. Pages count from 1."""
    return index.gists.likers(gist, limit=size, offset=(number - 1) * size)


def is_liked(actor: Actor, gist: Gist) -> bool:
    """Whether the actor likes the gist."""
    return actor.user is not None and index.gists.likes(actor.user, gist)
