"""Whether anything has been written to the index: until then what was read of it holds."""

import os
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

import peewee
from peewee import sqlite3  # type: ignore[attr-defined]

from .connection import database
from .models import Gist, now

_NEXT_END = "SELECT min(expires_at) FROM gist WHERE expires_at > ?"


class Stand(NamedTuple):
    """How the index stands: another version after every write, whoever wrote. Without one it stays like that until the
    next gist expires."""

    version: int
    until: datetime | None


class Watch:
    """Watches the index by a connection of its own, for all threads of a process.

    SQLite tells a connection whether another one has written since, in the time of a function call (its documentation,
    PRAGMA data_version). PostgreSQL does not: there nothing is known to hold.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection: Any = None
        self._process = 0
        self._stand = Stand(-1, None)

    def stand(self) -> Stand | None:
        """How the index stands now; None if that cannot be told."""
        with self._lock:
            try:
                return self._look()
            except sqlite3.Error:
                self._connection = None  # whoever asks the index itself hears what is wrong
                return None

    def _look(self) -> Stand | None:
        if self._process != os.getpid():  # a connection does not live through a fork
            self._process, self._connection = os.getpid(), None
        if self._connection is None:
            if not isinstance(database.obj, peewee.SqliteDatabase):
                return None
            self._connection = sqlite3.connect(database.database, isolation_level=None, check_same_thread=False)
            self._stand = Stand(-1, None)
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._stand.version or (self._stand.until is not None and self._stand.until <= now()):
            self._stand = Stand(version, self._next_end())
        return self._stand

    def _next_end(self) -> datetime | None:
        moment = Gist.expires_at.db_value(now())
        return Gist.expires_at.python_value(self._connection.execute(_NEXT_END, (moment,)).fetchone()[0])
