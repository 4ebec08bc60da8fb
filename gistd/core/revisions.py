"""The revisions of a gist: what each changed, and who made it."""

from contextlib import suppress
from threading import Lock

from cachetools import LRUCache, cached

from gistd import index
from gistd.errors import Unavailable
from gistd.index import Gist, User
from gistd.store import ChangeCounts, Repository, Revision, Signature

from . import catalogue, house
from .access import Actor

# Nobody's e-mail address goes into a commit; by this one we know our own users again (RFC 2606: it never resolves).
_MAIL_HOST = "users.noreply.invalid"


def history(
    gist: Gist, skip: int, limit: int, revision: str | None = None, repository: Repository | None = None
) -> list[tuple[Revision, ChangeCounts]]:
    """The revisions that led to the head, or to the one given, newest first; each with what it changed. The repository
    is the gist's, if it is open already."""
    with catalogue.present(gist):
        opened = repository or house.store.open(gist.id)
        start = revision or opened.head
        revisions = opened.history(start, limit, skip) if start else []
        return [(entry, _counted(opened, entry.id)) for entry in revisions]


def _counted(repository: Repository, revision: str) -> ChangeCounts:
    with suppress(Unavailable):
        return _counts(repository, revision)
    return ChangeCounts(0, 0, 0)  # it, or the one before, is damaged


@cached(LRUCache(1024), key=lambda repository, revision: (repository.path.name, revision), lock=Lock())
def _counts(repository: Repository, revision: str) -> ChangeCounts:
    return repository.counts(revision)


def author(gist: Gist, revision: Revision) -> User | None:
    """The account behind a revision. Only the owner's can be told: a pushed commit may claim any address."""
    owner: User | None = gist.owner
    return owner if owner is not None and revision.author_email == _address(owner) else None


def signature(actor: Actor) -> Signature:
    """Who makes a revision, now."""
    if actor.user is None:
        return Signature("anonymous", f"anonymous@{_MAIL_HOST}", index.now())
    return Signature(actor.user.username, _address(actor.user), index.now())


def _address(user: User) -> str:
    return f"{user.uuid}@{_MAIL_HOST}"
