"""Content by the id that git gives it, whichever gist holds it."""

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.store import File

from . import access, gists
from .access import Actor
from .gists import Contents


def find(actor: Actor, blob: str) -> tuple[Contents, File]:
    """The oldest gist that the actor may view and that has this blob at its head undamaged, and the file that it is
    there. Raises NotFound; Unavailable when all that there are are damaged."""
    condition, after = access.readable(actor), 0
    damaged: Unavailable | None = None
    while held := index.gists.holding(blob, condition, after):
        after = held.number
        try:
            contents = gists.contents(held)  # the repository has the last word: the row may lag behind it
            for file in contents.files:
                if file.blob == blob:
                    contents.read(file)
                    return contents, file
        except NotFound:
            continue  # it has just been deleted
        except Unavailable as error:
            damaged = error
    raise damaged or NotFound("Blob not found")
