"""What keeps the house tidy while it serves."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.store import Missing, Sizes, collect

from . import house

KEPT = timedelta(days=14)
"""How long what a branch does not reach any more is kept on disk, for the case that it was a mistake."""


def collect_garbage(progress: Callable[[int, int], None], warn: Callable[[str], None]) -> Sizes:
    """Pack every repository, delete what has not been reached for two weeks, and let the search index forget what is
    gone; returns the sizes of all repositories together.

    One that cannot be read is left alone, with a warning.
    """
    before = after = 0
    ids = list(house.store.ids())
    for done, id in enumerate(ids):
        progress(done, len(ids))
        try:
            sizes = _collect(id, index.now() - KEPT)
        except Missing:
            continue  # deleted meanwhile
        except Unavailable as error:
            warn(f"{id}: {error.message}")
            continue
        before, after = before + sizes.before, after + sizes.after
    index.words.merge()
    progress(len(ids), len(ids))
    return Sizes(before, after)


def purge(id: str) -> Sizes:
    """Delete at once what the branch of this gist does not reach, such as a secret that was pushed away.

    Raises NotFound, or Unavailable when the repository cannot be read.
    """
    if index.gists.by_id(id) is None:
        raise NotFound(f"there is no gist {id}")
    sizes = _collect(id, None)
    index.words.merge()
    return sizes


def _collect(id: str, lost_before: datetime | None) -> Sizes:
    with house.store.lock(id) as repository:
        return collect(repository, lost_before)
