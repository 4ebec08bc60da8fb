"""What admins do: see what there is, make others admins, delete accounts and gists. Deleting one's own is here, too."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

from gistd import index
from gistd.errors import Unavailable
from gistd.index import Gist, User
from gistd.store import git_version, libgit2_version

from . import access, browse, guards, house
from .access import Action, Actor
from .browse import People


@dataclass(frozen=True)
class Overview:
    """How much there is, on what it runs, and whether that is well. Sizes are in bytes.

    `gists` has the number and the size of the files at the head by visibility, `problems` what does not answer.
    """

    users: int
    admins: int
    gists: dict[str, tuple[int, int]]
    versions: dict[str, str]
    disk_size: int
    disk_free: int
    problems: list[str]


class Sums(NamedTuple):
    """How much there is; sizes are in bytes."""

    users: int
    gists: int
    gist_bytes: int
    disk_free: int


def overview(actor: Actor) -> Overview:
    access.require_admin(actor)
    users, admins = index.accounts.count()
    versions = {
        "gistd": version("gistd"),
        "Python": platform.python_version(),
        "index": index.version(),
        "git": git_version(),
        "libgit2": libgit2_version,
    }
    gists = {visibility: (sum.number, sum.size) for visibility, sum in index.tallies.sums().items()}
    return Overview(users, admins, gists, versions, *house.store.space(), _problems())


def sums(token: str) -> Sums:
    """How much there is, for who watches over it. Raises NotFound or Unauthenticated."""
    access.require_metrics(token)
    gists = index.tallies.sums().values()
    users, _ = index.accounts.count()
    return Sums(users, sum(each.number for each in gists), sum(each.size for each in gists), house.store.space()[1])


def _problems() -> list[str]:
    try:
        house.check()
    except Unavailable as unwell:
        return [unwell.message]
    return []


def members(actor: Actor, words: str, number: int, size: int) -> People:
    """As `browse.people`, with all gists of each counted."""
    access.require_admin(actor)
    return browse.counted(lambda user: access.everything(actor, user), words, number, size, over=True)


def set_admin(actor: Actor, user: User, admin: bool) -> None:
    """Make somebody an admin, or one no more. Conflict when nobody would be left."""
    access.require_admin(actor)
    index.accounts.set_admin(user, admin)


def delete_account(actor: Actor, user: User) -> None:
    """Delete an account: its gists, one repository after the other, then all else that is theirs. Forks of theirs that
    others made stay.

    Killed half-way, the account is still there, and it can be done again. Conflict for the only admin.
    """
    if actor.user != user:
        access.require_admin(actor)
    index.accounts.check_admins_without(user)
    _delete_gists(user)
    while not index.accounts.delete_user(user):  # a gist was made meanwhile
        _delete_gists(user)


def _delete_gists(owner: User) -> None:
    """One after the other, those that have expired included."""
    while ids := index.gists.ids_of(owner):
        for gist in filter(None, map(index.gists.by_id, ids)):
            guards.remove(gist)


def take_down(actor: Actor, gist: Gist) -> None:
    """Delete anybody's gist."""
    access.require(actor, Action.ADMINISTER, gist)
    guards.remove(gist)
