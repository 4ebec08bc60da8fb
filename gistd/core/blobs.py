"""Content by the id that git gives it, whichever gist holds it."""

from contextlib import suppress

from gistd import index
from gistd.errors import NotFound
from gistd.store import File

from . import access, gists
from .access import Actor
from .gists import Contents


def find(actor: Actor, blob: str) -> tuple[Contents, File]:
    """The oldest gist that the actor may view and that has this blob at its head, and the file that it is there.
    Raises NotFound."""
    condition, after = access.readable(actor), 0
    while held := index.gists.holding(blob, condition, after):
        after = held.number
        with suppress(NotFound):  # it may just have been deleted
            contents = gists.contents(held)  # the repository has the last word: the row may lag behind it
            for file in contents.files:
                if file.blob == blob:
                    return contents, file
    raise NotFound("Blob not found")
