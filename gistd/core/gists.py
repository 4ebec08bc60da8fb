"""The verbs: every read and write of a gist, from whatever face, is here.

The order of a write: the repository first, under its lock and synced, then the index, then the answer. A read
that finds the row behind its repository, as a crash between the two leaves it, brings it up to date.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from gistd import index
from gistd.errors import Invalid, NotFound, Unavailable
from gistd.index import Gist
from gistd.store import File, Repository

from . import access, allowance, catalogue, guards, house, listings, revisions
from .access import Action, Actor
from .drafts import Change, Draft, made_up_title, order_column
from .passwords import digest

BEGINNING = 64 * 1024


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


def contents(gist: Gist, revision: str | None = None) -> Contents:
    """The files of a gist at its head, or at the revision that begins with these hex digits.

    Raises NotFound for a revision that the branch does not reach.
    """
    with catalogue.present(gist):
        repository = house.store.open(gist.id)
        if repository.head != gist.head:
            try:
                gist = catalogue.catch_up(gist)
                repository = house.store.open(gist.id)  # its branch may have been put back
            except Unavailable:  # be the index full or busy: what is ahead of it can be read all the same
                if repository.head is None or (gist.head and repository.is_behind(gist.head)):
                    raise
        return _contents(gist, repository.head if revision is None else repository.resolve(revision), repository)


def _contents(gist: Gist, revision: str | None, repository: Repository) -> Contents:
    return Contents(gist, revision, catalogue.files(gist, repository, revision) if revision else [], repository)


def noted(gist: Gist) -> list[index.File]:
    """The files at the head as the index has them, by path: what they are called, and what was said of them."""
    return _by_path(index.files.of(gist))


def noted_each(gists: Sequence[Gist]) -> dict[int, list[index.File]]:
    """As `noted`, of several gists, by their numbers; asks the index once."""
    return {number: _by_path(files) for number, files in index.files.many(gists).items()}


def _by_path(files: Mapping[str, index.File]) -> list[index.File]:
    return [files[path] for path in sorted(files)]


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
            return house.store.open(gist.id)  # its branch may have been put back
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
    return make(actor, draft).gist


def create_deletable(actor: Actor, draft: Draft) -> tuple[Gist, str | None]:
    """As `create`; where nobody owns the gist, also the key that deletes it, which is not kept: a UUID in hex."""
    if actor.user is not None:
        return create(actor, draft), None
    key = uuid.uuid4().hex
    return make(actor, draft, digest(key)).gist, key


def make(actor: Actor, draft: Draft, deletion_key: str | None = None) -> Contents:
    """As `create`, for whoever wants to show what was made: nothing of it is read again. `deletion_key` is the hash of
    it."""
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
        gist = catalogue.add(id, repository, columns, draft.topics, draft.notes)
    return _contents(gist, repository.head, repository)


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
        mine = listings.fork_of(actor, gist)
        if mine is not None:
            return mine, False
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
            return catalogue.add(id, repository, columns, gist.topic_names, notes), True
