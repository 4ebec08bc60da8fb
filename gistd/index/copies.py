"""The index as one file, as it is at one moment, while others write; and such a file as the index again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import peewee
from peewee import sqlite3  # type: ignore[attr-defined]

from gistd.errors import ConfigurationError, Unavailable

from .connection import database

SQLITE, POSTGRESQL = "index.sqlite3", "index.pgdump"
_GISTS = "SELECT id, head FROM gist ORDER BY id"


class Copy(NamedTuple):
    """`gists` are (id, head) of all gists in it, by id."""

    file: Path
    number: int
    gists: Iterator[tuple[str, str | None]]


@contextmanager
def copied(directory: Path) -> Iterator[Copy]:
    """A copy of the index in that directory, checked; what is told of it can be asked for in the block only."""
    if isinstance(database.obj, peewee.SqliteDatabase):
        file = directory / SQLITE
        database.execute_sql("VACUUM INTO ?", [str(file)])
        with closing(sqlite3.connect(f"file:{quote(str(file))}?immutable=1", uri=True)) as copy:
            if (said := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise Unavailable(f"the index is damaged ({said}); `gistd doctor` says more")
            [number] = copy.execute("SELECT COUNT(*) FROM gist").fetchone()
            yield Copy(file, number, copy.execute(_GISTS))
    else:
        file = directory / POSTGRESQL
        # By a connection of its own: what has become of the index since is asked by the other one.
        still = type(database.obj)(database.database, **database.connect_params)
        with still.connection_context(), still.atomic():
            still.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            [snapshot] = still.execute_sql("SELECT pg_export_snapshot()").fetchone()
            _postgresql("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}")
            [number] = still.execute_sql("SELECT COUNT(*) FROM gist").fetchone()
            yield Copy(file, number, _by_pages(still))


def restore(file: Path, replace: bool) -> None:
    """Let the file be the index. ConfigurationError when it is of another database, or when there is an index already
    that is not to be replaced."""
    wanted = SQLITE if isinstance(database.obj, peewee.SqliteDatabase) else POSTGRESQL
    if file.name != wanted:
        raise ConfigurationError(f"the backup has {file.name}, but GISTD_DATABASE_URL is for {wanted}: change it")
    if wanted == SQLITE:
        _put(file, Path(database.database))
    elif database.get_tables() and not replace:
        raise ConfigurationError("there are tables in the database already; --replace drops them")
    else:
        options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--no-comments", "--single-transaction")
        _postgresql("pg_restore", *options, f"--dbname={database.database}", str(file))


def is_there() -> bool:
    """Whether there is an index that a restore would replace."""
    if isinstance(database.obj, peewee.SqliteDatabase):
        return Path(database.database).exists()
    return bool(database.get_tables())


def _put(file: Path, place: Path) -> None:
    for end in ("", "-wal", "-shm"):  # a log that belongs to another file would destroy this one
        old = Path(f"{place}{end}")
        if old.exists():
            old.rename(f"{place}.replaced{end}")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _by_pages(still: peewee.Database) -> Iterator[tuple[str, str | None]]:
    query, last = "SELECT id, head FROM gist WHERE id > %s ORDER BY id LIMIT 1000", ""
    while rows := still.execute_sql(query, [last]).fetchall():
        yield from rows
        last = rows[-1][0]


def _postgresql(program: str, *options: str) -> None:
    """Run one of PostgreSQL's own programs on the database of the index."""
    where = shutil.which(program)
    if where is None:
        raise ConfigurationError(f"{program} is not on this machine: install PostgreSQL's client programs")
    parameters: dict[str, Any] = {"database": database.database, **database.connect_params}
    environment = {f"PG{name.upper()}": str(value) for name, value in parameters.items() if value is not None}
    done = subprocess.run([where, *options], env=environment, text=True, capture_output=True)
    if done.returncode:
        raise Unavailable(f"{program} could not do it: {done.stderr.strip()}")
