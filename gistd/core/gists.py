"""The verbs: every read and write of a gist, from whatever face, is here.

The order of a write: the repository first, under its lock and synced, then the index, then the answer. A read
that finds the row behind its repository, as a crash between the two leaves it, brings it up to date.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from gistd import index
from gistd.errors import Invalid, NotFound, Unavailable
from gistd.index import Gist, User
from gistd.store import File, Repository

from . import access, allowance, catalogue, guards, house, revisions, search
from .access import Action, Actor
from .drafts import Change, Draft, made_up_title, order_column
from .passwords import digest

_EACH = 100

BEGINNING = 64 * 1024


class Sort(StrEnum):
    """What lists go by. What was last updated, made last or liked most comes first."""

    UPDATED = "updated"
    CREATED = "created"
    LIKES = "likes"


@dataclass(frozen=True)
class Listing:
    """Which gists of those that the actor may see: all, or the ones that meet every condition given; in which order.

    `words` is a query of `search`, `language` the name of one as `languages.named` tells it.
    """

    owner: User | None = None
    liked_by: User | None = None
    forks_only: bool = False
    public_only: bool = False
    visibility: str | None = None
    since: datetime | None = None
    topic: str | None = None
    language: str | None = None
    words: str | None = None
    sort: Sort = Sort.UPDATED
    ascending: bool = False


@dataclass(frozen=True)
class Page:
    """`total` counts all pages; `next` is the number of the gist that the next one begins with, if it was asked for by
    such a number."""

    gists: list[Gist]
    total: int
    next: int | None = None


@dataclass(frozen=True)
class Contents:
    """A gist as it is at a revision: the id of the revision (None for an empty gist) and its files."""

    gist: Gist
    revision: str | None
    files: list[File]
    repository: Repository

    def read(self, file: File | index.File) -> bytes:
        return self.repository.read(file.blob)

    def look(self, file: File | index.File) -> bytes | None:
        """As `read`; None for a file that is damaged."""
        try:
            return self.read(file)
        except Unavailable:
            return None

    def noted(self) -> list[index.File]:
        """The files at the head, by path, with their ids and what was said of them. Asks the index."""
        return noted(self.gist)

    def find(self, path: str) -> File:
        """The file of that path. Raises NotFound."""
        for file in self.files:
            if file.path == path:
                return file
        raise NotFound("File not found")


Plan = Callable[[list[index.File]], Change]
"""Makes a change of the files as they are once nobody else can change them; may raise what it likes."""


# ---------------------------------------------------------------------- reading


def get(actor: Actor, id: str, action: Action = Action.VIEW) -> Gist:
    """The gist with this id, if the actor may do this to it; else raises NotFound, Forbidden …"""
    return catalogue.complete(access.require(actor, action, index.gists.by_id(id)))


def find(actor: Actor, place: str, name: str, action: Action = Action.VIEW) -> Gist:
    """The gist at `/<place>/<name>`: a user's by its id or slug, anybody's under `gist`, nobody's under `anonymous`.

    Else as `get`.
    """
    return catalogue.complete(locate(actor, place, name, action))


def locate(actor: Actor, place: str, name: str, action: Action = Action.VIEW) -> Gist:
    """As `find`, without what hangs on the gist (topics, forks): git wants to know only where it is."""
    found = index.gists.by_id(name) if place in ("gist", "anonymous") else index.gists.by_owner(place, name)
    if place == "anonymous" and found is not None and found.owner_id is not None:
        found = None
    return access.require(actor, action, found)


def by_number(actor: Actor, number: int, action: Action = Action.VIEW) -> Gist:
    """As `locate`, by a number that can be guessed: finds what is public, and the actor's own. Unauthenticated where
    somebody else may find more."""
    return access.require_numbered(actor, action, index.gists.by_number(number))


def by_ident(actor: Actor, ident: str, action: Action = Action.VIEW) -> Gist:
    """As `locate`, by its short name."""
    return access.require(actor, action, index.gists.by_ident(ident))


def by_sha(actor: Actor, sha: str, action: Action = Action.VIEW) -> Gist:
    """As `locate`, by the SHA-1 of its id."""
    return access.require(actor, action, index.gists.by_sha(sha))


def by_private_id(actor: Actor, private_id: str, action: Action = Action.VIEW) -> Gist:
    """As `locate`, by the secret name that each gist has that is not public."""
    return access.require(actor, action, index.gists.by_private_id(private_id))


def page(actor: Actor, listing: Listing, number: int, size: int) -> Page:
    """A page of gists. Pages count from 1. Raises Invalid for words that are no query."""
    return _page(_shown(actor, listing), number, size, listing.liked_by, listing.sort, listing.ascending)


def page_from(actor: Actor, listing: Listing, start: int | None, size: int) -> Page:
    """A page of gists, what was made last first: from the one with the number `start` on, or from the newest."""
    shown = _shown(actor, listing)
    here = shown if start is None else [condition & (Gist.number <= start) for condition in shown]
    rows = index.gists.page(*here, limit=size + 1, offset=0, sort=Sort.CREATED)
    next = rows[size].number if len(rows) > size else None
    return Page(index.gists.complete(rows[:size], access.public), _count(shown), next)


def _shown(actor: Actor, listing: Listing) -> list[Any]:
    """What a listing shows the actor, as conditions of which no gist meets two."""
    if listing.public_only:
        shown = [access.public()]
    elif listing.owner is not None:
        shown = [access.listed(actor)]  # there is an index of what is whose
    else:
        shown = access.listed_apart(actor)
    for wanted in _conditions(listing):
        shown = [condition & wanted for condition in shown]
    return shown


def _count(conditions: list[Any], liked_by: User | None = None) -> int:
    return sum(index.gists.count(condition, liked_by=liked_by) for condition in conditions)


def _conditions(listing: Listing) -> Iterator[Any]:
    if listing.owner is not None:
        yield Gist.owner == listing.owner
    if listing.forks_only:
        yield Gist.fork_of.is_null(False)
    if listing.visibility is not None:
        yield Gist.visibility == listing.visibility
    if listing.since is not None:
        yield Gist.updated_at >= listing.since
    if listing.topic is not None:
        yield index.facets.with_topic(listing.topic)
    if listing.language is not None:
        yield index.facets.in_language(listing.language)
    if listing.words is not None:
        yield search.condition(listing.words)


def each(actor: Actor, listing: Listing) -> Iterator[Gist]:
    """All gists of a listing, one after the other; asked for page by page."""
    number, found = 1, page(actor, listing, 1, _EACH)
    while found.gists:
        yield from found.gists
        number += 1
        found = page(actor, listing, number, _EACH)


def inventory(actor: Actor, owner: User | None, number: int, size: int) -> Page:
    """A page of all gists that there are, or all of one owner's, for an admin."""
    condition = access.everything(actor)
    return _page([condition if owner is None else condition & (Gist.owner == owner)], number, size)


def parent(actor: Actor, gist: Gist) -> Gist | None:
    """The gist that this one was forked from, if lists show that to the actor."""
    condition = access.listed(actor) & (Gist.number == gist.fork_of_id)
    found = _page([condition], 1, 1).gists if gist.fork_of_id else []
    return found[0] if found else None


def forks(actor: Actor, gist: Gist, number: int, size: int) -> Page:
    """A page of the forks of a gist that lists show to the actor."""
    if not gist.fork_count and (actor.user is None or actor.owns(gist)):
        return Page([], 0)  # there are no public ones, and nobody has a fork of their own gist
    return _page([access.listed(actor) & (Gist.fork_of == gist)], number, size)


def _page(
    conditions: list[Any],
    number: int,
    size: int,
    liked_by: User | None = None,
    sort: Sort = Sort.UPDATED,
    ascending: bool = False,
) -> Page:
    offset = (number - 1) * size
    rows = index.gists.page(*conditions, limit=size, offset=offset, liked_by=liked_by, sort=sort, ascending=ascending)
    return Page(index.gists.complete(rows, access.public), _count(conditions, liked_by))


def contents(gist: Gist, revision: str | None = None) -> Contents:
    """The files of a gist at its head, or at the revision that begins with these hex digits.

    Raises NotFound for a revision that the branch does not reach.
    """
    with catalogue.present(gist):
        repository = house.store.open(gist.id)
        if repository.head != gist.head:
            try:
                gist = catalogue.catch_up(gist)
            except Unavailable:  # be the index full or busy: what is ahead of it can be read all the same
                if repository.head is None or (gist.head and repository.is_behind(gist.head)):
                    raise
        at = repository.head if revision is None else repository.resolve(revision)
        return Contents(gist, at, catalogue.files(gist, repository, at) if at else [], repository)


def noted(gist: Gist) -> list[index.File]:
    """The files at the head as the index has them, by path: what they are called, and what was said of them."""
    return sorted(index.files.of(gist).values(), key=lambda file: str(file.path))


def noted_each(gists: Sequence[Gist]) -> dict[int, list[index.File]]:
    """As `noted`, of several gists, by their numbers; asks the index once."""
    return {number: list(files.values()) for number, files in index.files.many(gists).items()}


def read(gist: Gist, revision: str, path: str) -> bytes:
    """A file at a revision, as in `contents`. Raises NotFound."""
    try:
        found = contents(gist, revision)
        return found.read(found.find(path))
    except NotFound:
        raise NotFound("File not found") from None


def repository(gist: Gist) -> Repository:
    """The repository itself, for git's own protocol. Raises Unavailable when it is missing or damaged."""
    with catalogue.present(gist):
        opened = house.store.open(gist.id)
        if opened.head != gist.head:
            catalogue.catch_up(gist)
        return opened


def beginning(gist: Gist, file: index.File) -> bytes:
    """The first BEGINNING bytes of a file: enough to look at it in a list, or to guess what it is.

    None of one that is damaged: it does not take the list away.
    """
    with catalogue.present(gist), suppress(Unavailable):
        return _beginning(gist.id, file.blob)
    return b""


@lru_cache(maxsize=256)
def _beginning(id: str, blob: str) -> bytes:
    return house.store.open(id).read(blob)[:BEGINNING]


# ---------------------------------------------------------------------- writing


def create(actor: Actor, draft: Draft) -> Gist:
    """Make a gist. Raises Unauthenticated, Forbidden, Invalid, TooLarge or Conflict, with nothing left behind."""
    return _create(actor, draft)


def create_deletable(actor: Actor, draft: Draft) -> tuple[Gist, str | None]:
    """As `create`; where nobody owns the gist, also the key that deletes it, which is not kept: a UUID in hex."""
    if actor.user is not None:
        return _create(actor, draft), None
    key = uuid.uuid4().hex
    return _create(actor, draft, digest(key)), key


def _create(actor: Actor, draft: Draft, deletion_key: str | None = None) -> Gist:
    access.require_create(actor, draft.visibility)
    draft.check(house.limits())
    allowance.require(actor, new=True)
    guards.claim_slug(actor.user, draft.slug)
    columns = {
        "owner": actor.user,
        "title": draft.title or made_up_title(draft.files),
        "titled": draft.title != "",
        "description": draft.description,
        "visibility": draft.visibility,
        "slug": draft.slug,
        "expires_at": draft.expires_at,
        "file_order": order_column(draft.order),
        "deletion_key": deletion_key,
    }
    id = uuid.uuid4().hex
    with house.store.create(id, draft.files, revisions.signature(actor), draft.message) as repository:
        catalogue.add(id, repository, columns, draft.topics, draft.notes)
    return catalogue.reload(id)


def change(actor: Actor, gist: Gist, change: Change | Plan, *, only_if_unchanged: bool = False) -> Gist:
    """Change a gist: its files as one revision on top of the newest one, its words in the index.

    Every change of a file is applied to the newest revision, so that two writers both get theirs in; unless
    the caller insists on the gist they read: then it is PreconditionFailed when it is not that any more. What
    changes nothing makes no revision. Raises Forbidden, Invalid, TooLarge, Conflict … with nothing changed.
    """
    access.require(actor, Action.EDIT, gist)
    if isinstance(change, Change):
        change.check()
    allowance.require(actor)
    with catalogue.present(gist), house.store.lock(gist.id) as repository:
        gist = guards.again(actor, Action.EDIT, gist, only_if_unchanged)
        catalogue.keep_branch(gist, repository)
        if not isinstance(change, Change):
            change = change(list(index.files.of(gist).values()))
            change.check()
        guards.claim_slug(gist.owner, change.slug or "", besides=gist)
        columns = change.columns()
        with guards.hidden_first(gist, change), guards.taken_back(repository):
            moved = change.files and repository.edit(
                change.files, revisions.signature(actor), change.message, house.limits()
            )
            if moved or columns or change.topics is not None or change.notes:
                if not (moved or columns or change.topics is not None):
                    columns = {"updated_at": gist.updated_at}  # what is only said of files is no update
                renamed = {item.new_path: item.path for item in change.files if item.new_path}
                catalogue.record(gist, repository, columns, topics=change.topics, renamed=renamed, notes=change.notes)
    return catalogue.reload(gist.id)


def archive(actor: Actor, gist: Gist, archived: bool = True) -> None:
    """Let a gist be read-only from now on, or not any more. That is no update of it."""
    access.require(actor, Action.ARCHIVE, gist)
    with catalogue.present(gist), house.store.hold(gist.id):  # whoever is changing it just now goes first
        index.gists.set_columns(guards.again(actor, Action.ARCHIVE, gist), {"archived": archived})


def delete(actor: Actor, gist: Gist, *, only_if_unchanged: bool = False) -> None:
    """Delete a gist and its repository. Its forks live on. `only_if_unchanged` is as in `change`."""
    access.require(actor, Action.DELETE, gist)
    guards.remove(gist, lambda: guards.again(actor, Action.DELETE, gist, only_if_unchanged))


def fork(actor: Actor, gist: Gist) -> tuple[Gist, bool]:
    """The actor's copy of somebody else's gist, and whether it was made just now: one each is enough."""
    access.require(actor, Action.FORK, gist)
    if actor.owns(gist):
        raise Invalid("cannot fork your own gist")
    allowance.require(actor, new=True)
    with catalogue.present(gist), house.store.hold(gist.id):  # two requests at once make one fork
        gist = guards.again(actor, Action.FORK, gist)
        mine = _page([(Gist.fork_of == gist) & (Gist.owner == actor.user)], 1, 1).gists
        if mine:
            return mine[0], False
        id = uuid.uuid4().hex
        columns = {
            "owner": actor.user,
            "fork_of": gist,
            "title": gist.title,
            "titled": gist.titled,
            "description": gist.description,
            "visibility": gist.visibility,
            "file_order": gist.file_order,
        }
        with house.store.copy(gist.id, id) as repository:
            notes = {file.path: index.files.note(file) for file in index.files.of(gist).values()}
            catalogue.add(id, repository, columns, gist.topic_names, notes)
    return catalogue.reload(id), True
