"""The verbs: every read and write of a gist, from whatever face, is here.

The order of a write: the repository first, under its lock and synced, then the index, then the answer. A row
may lag behind its repository after a crash, never the other way round; `contents` brings it up to date.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from gistd import index
from gistd.errors import Conflict, GistdError, Invalid, NotFound, PreconditionFailed, Unavailable
from gistd.index import Gist, User
from gistd.index.gists import FileRow
from gistd.store import ChangeCounts, File, Missing, Push, Repository, Revision, Signature
from gistd.store.pkt import Reader

from . import access, house, search, text
from .access import Action, Actor, Scope
from .drafts import MAX_TITLE, Change, Draft

# Nobody's e-mail address goes into a commit; by this one we know our own users again (RFC 2606: it never resolves).
_MAIL_HOST = "users.noreply.invalid"


@dataclass(frozen=True)
class Listing:
    """Which gists of those that the actor may see: all, or the ones that meet every condition given."""

    owner: User | None = None
    liked_by: User | None = None
    forks_only: bool = False
    public_only: bool = False
    since: datetime | None = None
    words: str | None = None


@dataclass(frozen=True)
class Page:
    """`total` counts all pages."""

    gists: list[Gist]
    total: int


@dataclass(frozen=True)
class Contents:
    """A gist as it is at a revision: the id of the revision (None for an empty gist) and its files."""

    gist: Gist
    revision: str | None
    files: list[File]
    repository: Repository

    def read(self, file: File) -> bytes:
        return self.repository.read(file.blob)

    def find(self, path: str) -> File:
        """The file of that path. Raises NotFound."""
        for file in self.files:
            if file.path == path:
                return file
        raise NotFound("File not found")


# ---------------------------------------------------------------------- reading


def get(actor: Actor, id: str, action: Action = Action.VIEW) -> Gist:
    """The gist with this id, if the actor may do this to it; else raises NotFound, Forbidden …"""
    return _complete(access.require(actor, action, index.gists.by_id(id)))


def find(actor: Actor, place: str, name: str, action: Action = Action.VIEW) -> Gist:
    """The gist at `/<place>/<name>`: a user's by its id or slug, anybody's under `gist`, nobody's under `anonymous`.

    Else as `get`.
    """
    found = index.gists.by_id(name) if place in ("gist", "anonymous") else index.gists.by_owner(place, name)
    if place == "anonymous" and found is not None and found.owner_id is not None:
        found = None
    return _complete(access.require(actor, action, found))


def _complete(gist: Gist) -> Gist:
    """Only after the question whether the actor may see it: what is hidden must not take longer than what is not."""
    return index.gists.complete([gist], access.public())[0]


def page(actor: Actor, listing: Listing, number: int, size: int) -> Page:
    """A page of gists, last updated first. Pages count from 1."""
    condition = access.public() if listing.public_only else access.listed(actor)
    if listing.owner is not None:
        condition &= Gist.owner == listing.owner
    if listing.forks_only:
        condition &= Gist.fork_of.is_null(False)
    if listing.since is not None:
        condition &= Gist.updated_at >= listing.since
    if listing.words is not None:
        condition &= search.condition(listing.words)
    return _page(condition, number, size, listing.liked_by)


def parent(actor: Actor, gist: Gist) -> Gist | None:
    """The gist that this one was forked from, if lists show that to the actor."""
    condition = access.listed(actor) & (Gist.number == gist.fork_of_id)
    found = _page(condition, 1, 1).gists if gist.fork_of_id else []
    return found[0] if found else None


def forks(actor: Actor, gist: Gist, number: int, size: int) -> Page:
    """A page of the forks of a gist that lists show to the actor."""
    if not gist.fork_count and (actor.user is None or actor.owns(gist)):
        return Page([], 0)  # there are no public ones, and nobody has a fork of their own gist
    return _page(access.listed(actor) & (Gist.fork_of == gist), number, size)


def _page(condition: Any, number: int, size: int, liked_by: User | None = None) -> Page:
    rows = index.gists.page(condition, limit=size, offset=(number - 1) * size, liked_by=liked_by)
    return Page(index.gists.complete(rows, access.public()), index.gists.count(condition, liked_by=liked_by))


def contents(gist: Gist, revision: str | None = None) -> Contents:
    """The files of a gist at its head, or at the revision that begins with these hex digits.

    Raises NotFound for a revision that the branch does not reach.
    """
    with _present(gist):
        repository = house.store.open(gist.id)
        if repository.head != gist.head:
            gist = catch_up(gist)
        at = repository.head if revision is None else repository.resolve(revision)
        return Contents(gist, at, repository.files(at) if at else [], repository)


def read(gist: Gist, revision: str, path: str) -> bytes:
    """A file at a revision, as in `contents`. Raises NotFound."""
    try:
        found = contents(gist, revision)
        return found.read(found.find(path))
    except NotFound:
        raise NotFound("File not found") from None


def repository(gist: Gist) -> Repository:
    """The repository itself, for git's own protocol. Raises Unavailable when it is missing or damaged."""
    with _present(gist):
        return house.store.open(gist.id)


def history(gist: Gist, skip: int, limit: int, revision: str | None = None) -> list[tuple[Revision, ChangeCounts]]:
    """The revisions that led to the head, or to the one given, newest first; each with what it changed."""
    with _present(gist):
        opened = house.store.open(gist.id)
        start = revision or opened.head
        revisions = opened.history(start, limit, skip) if start else []
        return [(entry, _counts(gist.id, entry.id)) for entry in revisions]


@contextmanager
def _present(gist: Gist) -> Iterator[None]:
    """A repository that is missing is NotFound when the gist has just been deleted, and a fault when not."""
    try:
        yield
    except Missing:
        if index.gists.by_id(gist.id) is None:
            raise NotFound("Gist not found") from None
        raise


@lru_cache(maxsize=8192)
def _counts(id: str, revision: str) -> ChangeCounts:
    return house.store.open(id).counts(revision)


def author(gist: Gist, revision: Revision) -> User | None:
    """The account behind a revision. Only the owner's can be told: a pushed commit may claim any address."""
    owner: User | None = gist.owner
    return owner if owner is not None and revision.author_email == _address(owner) else None


# ---------------------------------------------------------------------- writing


def create(actor: Actor, draft: Draft) -> Gist:
    """Make a gist. Raises Unauthenticated, Forbidden, Invalid, TooLarge or Conflict, with nothing left behind."""
    access.require_scope(actor, Scope.GIST_WRITE)
    draft.check(house.limits())
    columns = {
        "owner": actor.user,
        "title": draft.title or min(draft.files)[:MAX_TITLE],
        "description": draft.description,
        "visibility": draft.visibility,
        "slug": draft.slug,
        "expires_at": draft.expires_at,
    }
    id = uuid.uuid4().hex
    with house.store.create(id, draft.files, _signature(actor), "Create gist") as repository:
        _add_row(id, repository, columns, draft.topics)
    return _reload(id)


def change(actor: Actor, gist: Gist, change: Change, *, only_if_unchanged: bool = False) -> Gist:
    """Change a gist: its files as one revision on top of the newest one, its words in the index.

    Every change of a file is applied to the newest revision, so that two writers both get theirs in; unless
    the caller insists on the gist they read: then it is PreconditionFailed when it is not that any more. What
    changes nothing makes no revision. Raises Forbidden, Invalid, TooLarge, Conflict … with nothing changed.
    """
    access.require(actor, Action.EDIT, gist)
    change.check()
    with _present(gist), house.store.lock(gist.id) as repository:
        gist = _again(actor, Action.EDIT, gist, only_if_unchanged)
        if change.slug is not None and index.gists.slug_is_taken(gist.owner, change.slug, besides=gist):
            raise Conflict("you have another gist with this URL")
        columns = change.columns()
        moved = change.files and repository.edit(change.files, _signature(actor), change.message, house.limits())
        if moved or columns or change.topics is not None:
            renamed = {item.new_path: item.path for item in change.files if item.new_path}
            _record(gist, repository, columns, topics=change.topics, renamed=renamed)
    return _reload(gist.id)


def delete(actor: Actor, gist: Gist, *, only_if_unchanged: bool = False) -> None:
    """Delete a gist and its repository. Its forks live on. `only_if_unchanged` is as in `change`."""
    access.require(actor, Action.DELETE, gist)
    try:
        with house.store.hold(gist.id):
            gist = _again(actor, Action.DELETE, gist, only_if_unchanged)
            index.gists.delete(gist)
            house.store.delete(gist.id)
    except Missing:
        index.gists.delete(gist)


def _again(actor: Actor, action: Action, gist: Gist, only_if_unchanged: bool = False) -> Gist:
    """The gist as it is now that we hold its lock: it may have been changed, or hidden, while we waited."""
    now = _complete(access.require(actor, action, index.gists.by_id(gist.id)))
    if only_if_unchanged and (now.head, now.updated_at) != (gist.head, gist.updated_at):
        raise PreconditionFailed("the gist was changed in the meantime")
    return now


def fork(actor: Actor, gist: Gist) -> tuple[Gist, bool]:
    """The actor's copy of somebody else's gist, and whether it was made just now: one each is enough."""
    access.require(actor, Action.FORK, gist)
    if actor.owns(gist):
        raise Invalid("cannot fork your own gist")
    with _present(gist), house.store.hold(gist.id):  # two requests at once make one fork
        gist = _again(actor, Action.FORK, gist)
        mine = _page((Gist.fork_of == gist) & (Gist.owner == actor.user), 1, 1).gists
        if mine:
            return mine[0], False
        id = uuid.uuid4().hex
        columns = {
            "owner": actor.user,
            "fork_of": gist,
            "title": gist.title,
            "description": gist.description,
            "visibility": gist.visibility,
        }
        with house.store.copy(gist.id, id) as repository:
            _add_row(id, repository, columns, gist.topic_names)
    return _reload(id), True


def like(actor: Actor, gist: Gist, liked: bool = True) -> None:
    """Like or unlike a gist; doing it twice is doing it once."""
    access.require(actor, Action.LIKE, gist)
    assert actor.user is not None
    index.gists.set_like(actor.user, gist, liked, index.now())


def likes(actor: Actor, gist: Gist) -> bool:
    """Whether the actor likes the gist."""
    return actor.user is not None and index.gists.likes(actor.user, gist)


def push(actor: Actor, gist: Gist, source: Reader) -> bytes:
    """Take a push from the body of a git-receive-pack request; returns git's answer.

    A refused push is an answer too, with words for the pusher. When it is accepted the index has seen it
    before this returns.
    """
    access.require(actor, Action.EDIT, gist)
    push = Push(source)
    if not push.commands:
        return b""
    settings = house.settings
    try:
        with house.store.scratch() as quarantine:
            push.check(
                house.store.open(gist.id),
                quarantine,
                house.limits(),
                settings.max_push_bytes,
                settings.max_push_commits,
            )
            with house.store.lock(gist.id) as repository:
                gist = _again(actor, Action.EDIT, gist)
                push.accept(repository, quarantine)
                _record(gist, repository, {})
    except GistdError as refused:
        return push.report(refused.message)
    return push.report(None)


# ---------------------------------------------------------------------- between repository and index


def row(id: str) -> Gist | None:
    """A gist for the operator, whoever may see it."""
    found = index.gists.by_id(id)
    return None if found is None else _complete(found)


def is_behind(gist: Gist) -> bool:
    """Whether what the index keeps of the content differs from the repository."""
    with _present(gist):
        return _differs(gist, house.store.open(gist.id))


def _differs(gist: Gist, repository: Repository) -> bool:
    if gist.head is not None and repository.head is None:
        raise Unavailable("the repository of this gist has lost its branch")
    files = _files(repository)
    rows = _rows(files)
    kept = {name: getattr(gist, name) for name in ("head", "file_count", "size")}
    words = search.words({"title": gist.title, "description": gist.description}, gist.topic_names, repository, files)
    return (
        kept != _cached(repository.head, rows)
        or index.gists.files(gist) != sorted(rows)
        or index.gists.words(gist) != words
    )


def catch_up(gist: Gist) -> Gist:
    """Bring the index up to date with a repository that is ahead of it, as a crash between the two leaves it."""
    with house.store.lock(gist.id) as repository:  # whoever held it may have done the same
        gist = _reload(gist.id)
        if _differs(gist, repository):
            _record(gist, repository, {"updated_at": gist.updated_at} if repository.head == gist.head else {})
    return _reload(gist.id)


def _record(
    gist: Gist,
    repository: Repository,
    columns: Mapping[str, Any],
    *,
    topics: Sequence[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Write the columns to the index, with all that it keeps of the content."""
    files = _files(repository)
    rows = _rows(files)
    columns = {"updated_at": index.now(), **_cached(repository.head, rows), **columns}
    named = gist.topic_names if topics is None else sorted(set(topics))
    words = {"title": gist.title, "description": gist.description, **columns}
    found_by = search.words(words, named, repository, files)
    index.gists.update(gist, columns, rows, found_by, topics=topics, renamed=renamed)


def _add_row(id: str, repository: Repository, columns: Mapping[str, Any], topics: Iterable[str]) -> None:
    at = index.now()
    topics = sorted(set(topics))
    files = _files(repository)
    rows = _rows(files)
    identity = {"id": id, "sha": hashlib.sha1(id.encode(), usedforsecurity=False).hexdigest()}
    cached = _cached(repository.head, rows)
    found_by = search.words(columns, topics, repository, files)
    index.gists.add({**identity, "created_at": at, "updated_at": at, **cached, **columns}, rows, topics, found_by)


def _files(repository: Repository) -> list[File]:
    head = repository.head
    return repository.files(head) if head else []


def _cached(head: str | None, files: list[FileRow]) -> dict[str, Any]:
    return {"head": head, "file_count": len(files), "size": sum(file.size for file in files)}


def _rows(files: list[File]) -> list[FileRow]:
    return [FileRow(file.path, file.blob, file.size, text.language(file.path)) for file in files]


def _reload(id: str) -> Gist:
    gist = index.gists.by_id(id)
    if gist is None:
        raise NotFound("Gist not found")
    return _complete(gist)


def _signature(actor: Actor) -> Signature:
    if actor.user is None:
        return Signature("anonymous", f"anonymous@{_MAIL_HOST}", index.now())
    return Signature(actor.user.username, _address(actor.user), index.now())


def _address(user: User) -> str:
    return f"{user.uuid}@{_MAIL_HOST}"
