"""The connection to the index: opened by URL, written to only through `writing`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import peewee
from peewee import sqlite3  # type: ignore[attr-defined]
from playhouse import db_url

from gistd.errors import ConfigurationError, Full, Unavailable

database = peewee.DatabaseProxy()

PATIENCE = 30
"""Seconds that a writer waits for others."""
_PRAGMAS = [
    ("busy_timeout", PATIENCE * 1000),
    ("journal_mode", "wal"),
    ("synchronous", "normal"),  # it is `writing` that syncs what was written
    ("foreign_keys", 1),
    ("trusted_schema", 0),
    ("cell_size_check", 1),
    ("secure_delete", 1),
    ("mmap_size", 0),
    ("wal_autocheckpoint", 4_000),  # 16 MiB: a gist takes 80 pages, and whoever moves them keeps the others waiting
    ("journal_size_limit", 64 * 1024 * 1024),
    ("temp_store", 2),
    ("cache_size", -16_000),
    ("soft_heap_limit", 8_000_000),  # of a process: each of its threads has a connection, each of those a cache
]
_LOST = (peewee.OperationalError, peewee.InterfaceError)
_FULL = ("SQLITE_FULL", "53100")
_BUSY = ("SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED")
_READ_ONLY = ("SQLITE_READONLY", "25006")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")


class _Reporting:
    """Tells core in its own words when the database does not answer, and drops a connection that is lost."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        with reported(self):
            return super().execute_sql(sql, params)  # type: ignore[misc]


@contextmanager
def reported(connection: Any) -> Iterator[None]:
    """What the database raises is raised in core's words."""
    try:
        yield
    except Unavailable:  # told by what was done in a transaction, which is over
        _drop(connection)
        raise
    except (peewee.DatabaseError, peewee.InterfaceError) as error:
        code = _code(error)
        if not isinstance(error, _LOST) and not code.startswith(_DAMAGED):
            raise  # what was asked is wrong, not the database
        _drop(connection)
        raise told(code) from error


def _drop(connection: Any) -> None:
    """Let the next one who asks open it anew: SQLite, which could not open a file for writing, reads it ever after."""
    if not connection.in_transaction():
        connection.close()


def _code(error: peewee.PeeweeException) -> str:
    """What SQLite or PostgreSQL calls it."""
    cause: Any = error
    while isinstance(cause, peewee.PeeweeException):  # peewee says so of each layer that it went through
        cause = getattr(cause, "orig", None)
    return str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "pgcode", None) or "")


def told(code: str) -> Unavailable:
    """What core calls what SQLite or PostgreSQL calls so."""
    if code.startswith(_FULL):
        return Full("there is no room left on the disk of the index")
    if code.startswith(_BUSY):
        return Unavailable("the index is busy; try again")
    if code.startswith(_READ_ONLY):
        return Unavailable("the index cannot be written")
    if code.startswith(_DAMAGED):
        return Unavailable("the index is damaged; its operator can find out more with `gistd doctor`")
    return Unavailable("the index does not answer; try again")


_FOLDED = {ord(one): other for one, other in zip("µſςϐϑϕϖϰϱϵẛ\u0345\u1fbe", "μsσβθφπκρεṡιι", strict=True)}


def _folded(words: str) -> str:
    """Small letters as FTS5 has them in its index, to whom some more are the same."""
    return words if words.isascii() else words.translate(_FOLDED)


class _Sqlite(_Reporting, peewee.SqliteDatabase):
    """With a LOWER that knows the letters of all scripts, not only ASCII, as PostgreSQL's does; and with FOLDED."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.register_function(lambda words: words and words.lower(), "lower", 1)
        self.register_function(_folded, "folded", 1, deterministic=True)

    def rollback(self) -> None:
        """Not where SQLite has done it by itself, as on a full disk: nobody would hear what went wrong."""
        if self.connection().in_transaction:
            super().rollback()


class _Postgresql(_Reporting, peewee.PostgresqlDatabase):
    pass


def connect(url: str) -> None:
    """Let `database` be the one that the URL names; nothing is opened yet."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        _check_sqlite()
        file = unquote(urlsplit(url).path.removeprefix("/"))
        database.initialize(_Sqlite(file, pragmas=_PRAGMAS, timeout=PATIENCE, check_same_thread=False))
    elif scheme in ("postgres", "postgresql"):
        database.initialize(_Postgresql(**db_url.parse(url, unquote_password=True, unquote_user=True)))
    else:
        raise ConfigurationError(f"GISTD_DATABASE_URL: {scheme!r} is not supported; use sqlite:///… or postgresql://…")


def _check_sqlite() -> None:
    """Refuse a SQLite whose WAL mode can corrupt the file when several processes write (fixed in 3.51.3)."""
    version = sqlite3.sqlite_version_info
    if version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45):
        return
    raise ConfigurationError(
        f"SQLite {sqlite3.sqlite_version} has a bug that can destroy the index; "
        "`pip install 'pysqlite3>=0.6.1'` brings one without it"
    )


def is_a_file() -> bool:
    """Whether all that write it must be on one machine: SQLite's, that share memory."""
    return isinstance(database.obj, peewee.SqliteDatabase)


def version() -> str:
    """The database, and which version of it."""
    if isinstance(database.obj, peewee.SqliteDatabase):
        return f"SQLite {sqlite3.sqlite_version}"
    return f"PostgreSQL {database.execute_sql('SHOW server_version').fetchone()[0]}"


def files_on_disk() -> list[Path]:
    """The files that the index is in, as far as they are there; none when it is in a server."""
    if not isinstance(database.obj, peewee.SqliteDatabase):
        return []
    paths = (Path(f"{database.database}{end}") for end in ("", "-wal", "-shm"))
    return [path for path in paths if path.exists()]


def is_text(words: str) -> bool:
    """Whether every database takes the words as they are: no NUL, no half characters."""
    return "\0" not in words and not any("\ud800" <= character <= "\udfff" for character in words)
