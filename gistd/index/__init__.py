"""The database: the only package that imports peewee.

`open` it by URL, then read and write through `accounts` and `gists`; conditions for lists are written
with the columns of `Gist`.
"""

from . import (
    accounts,
    copies,
    digests,
    ends,
    files,
    gists,
    health,
    oauth,
    shelves,
    streams,
    tallies,
    trigrams,
    webhooks,
    words,
    writing,
)
from .connection import connect, database, files_on_disk, is_a_file, is_text, version
from .files import NO_NOTES, Content, FileNote, FileRow
from .models import (
    PRIVATE,
    PUBLIC,
    SKEW,
    UNLISTED,
    VISIBILITIES,
    Credential,
    Delivery,
    Facet,
    File,
    Gist,
    OAuthClient,
    OAuthCode,
    Subscription,
    User,
    live,
    now,
)
from .shelves import Narrowed, Shelf
from .streams import Part, Stream
from .watch import Stand, Watch
from .writing import migrate, write

__all__ = [
    "NO_NOTES",
    "PRIVATE",
    "PUBLIC",
    "SKEW",
    "UNLISTED",
    "VISIBILITIES",
    "Content",
    "Credential",
    "Delivery",
    "Facet",
    "File",
    "FileNote",
    "FileRow",
    "Gist",
    "Narrowed",
    "OAuthClient",
    "OAuthCode",
    "Part",
    "Shelf",
    "Stand",
    "Stream",
    "Subscription",
    "User",
    "Watch",
    "accounts",
    "check",
    "close",
    "copies",
    "digests",
    "ends",
    "files",
    "files_on_disk",
    "gists",
    "health",
    "is_a_file",
    "is_text",
    "live",
    "now",
    "oauth",
    "open",
    "shelves",
    "streams",
    "tallies",
    "trigrams",
    "version",
    "webhooks",
    "words",
    "write",
]


def open(url: str) -> None:
    """Connect this process and bring the schema up to date."""
    connect(url)
    writing.begin()
    migrate()


def close() -> None:
    """Close this thread's connection, and the one by which this process writes, if there are such."""
    if database.obj is not None:
        database.close()
        writing.close()


def check() -> None:
    """Raise Unavailable unless the index answers."""
    database.execute_sql("SELECT 1")
