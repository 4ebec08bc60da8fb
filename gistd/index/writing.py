"""Writing to the index: each write is whole or not at all, and synced before its writer goes on.

Those who write to a SQLite file take turns. What several threads of a process wait to write becomes one transaction, a
round: to begin, to commit and to sync takes as long for one write as for all of them.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from copy import copy
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from gistd.errors import ConfigurationError, Unavailable

from .connection import PATIENCE, database, is_a_file, reported, told

MIGRATIONS = Path(__file__).with_name("migrations")


@contextmanager
def write() -> Iterator[None]:
    """The only way to write: a transaction, or a part of one, that takes the write lock at once.

    A transaction that reads first and writes later fails under load however long it waits. Kept short:
    no git, no hashing, no network inside.
    """
    assert not database.in_transaction(), "a write inside a write would lose its lock"
    if is_a_file():
        with _writer.part() as round:
            yield
        round.wait()
    else:
        with reported(database), database.atomic():
            yield


class _Round:
    """One transaction, of several writes of this process; it has the turn before all other processes."""

    def __init__(self, since: float) -> None:
        """Wait for the turn, as who has waited since that moment."""
        self._over = threading.Event()
        self._is_well = True
        self._is_committed = self._is_kept = False
        self._error: Exception | None = None
        with reported(database), ExitStack() as held:
            held.enter_context(_turn(since))
            self._transaction = database.transaction("IMMEDIATE")
            self._transaction.__enter__()
            self._held = held.pop_all()

    @contextmanager
    def part(self) -> Iterator[None]:
        """One of the writes: what it does is undone if it fails."""
        database.execute_sql("SAVEPOINT part")
        try:
            yield
        except BaseException as error:
            self._is_well &= not isinstance(error, Unavailable)
            if self.is_lost:
                self._error = error if isinstance(error, Unavailable) else None
            else:
                database.execute_sql("ROLLBACK TO part")
            raise
        database.execute_sql("RELEASE part")

    @property
    def is_lost(self) -> bool:
        """Whether SQLite has rolled all of it back, as on a full disk."""
        return not database.connection().in_transaction

    def commit(self) -> None:
        """End it, and let other processes write. What goes wrong is told in `wait`."""
        is_lost = self.is_lost
        try:
            with reported(database), self._held:
                self._transaction.__exit__(Unavailable if is_lost else None, None, None)
            self._is_committed = not is_lost
        except Exception as error:
            self._error = error
        if not self._is_committed or not self._is_well:
            database.close()  # the next one opens it anew: it may be the connection that has a fault

    def sync(self) -> None:
        """Let those who `wait` go on."""
        try:
            if self._is_committed:
                _sync()
                self._is_kept = True
        except Unavailable as error:
            self._error = error
        finally:
            self._over.set()

    def wait(self) -> None:
        """Until what was written cannot be lost any more. Raises Unavailable if it was."""
        self._over.wait()
        if not self._is_kept:
            raise copy(self._error or told(""))


class _Writer:
    """Has the one connection by which this process writes, and the round that is going on, if there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._round: _Round | None = None
        self._state = vars(peewee._ConnectionState())

    def close(self) -> None:
        """Close the connection, unless it is written by; the next write opens it anew."""
        with self._lock, self._connected():
            if self._round is None:
                database.close()

    @contextmanager
    def part(self) -> Iterator[_Round]:
        """A write in the round that is going on, or in a new one. It ends with whom nobody waits behind."""
        me, since = threading.get_ident(), time.monotonic()
        self._waiting.add(me)
        with ExitStack() as afterwards, self._lock:
            self._waiting.discard(me)
            with self._connected():
                round = self._round = self._round or _Round(since)
                try:
                    with round.part():
                        yield round
                finally:
                    if round.is_lost or not self._waiting:
                        self._round = None
                        afterwards.callback(round.sync)
                        round.commit()

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Let it be the connection of this thread, in place of the one with which it reads."""
        current = vars(database.obj._state)
        own = dict(current)
        current.update(self._state)
        try:
            yield
        finally:
            self._state = dict(current)
            current.update(own)


_writer = _Writer()


def begin() -> None:
    """Write to another database from now on."""
    global _writer
    _writer = _Writer()


def close() -> None:
    """Close the connection by which this process writes, if there is one."""
    if is_a_file():
        _writer.close()


def _sync() -> None:
    """Sync SQLite's log: all that has been committed by now, by whomever.

    With `synchronous=FULL` SQLite would do so before it lets the next writer in: each would wait for the syncs of all
    before it, where one sync can serve several. So others may see what the power could still take away; but whoever
    wrote it hears of it afterwards, and so does whoever writes on top of it. The names of the log and of the index
    SQLite has synced when it made them, and what it moves from the one into the other it syncs before that and after.
    """
    try:
        descriptor = os.open(f"{database.database}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # A disk tells of what it lost once only: the next sync of the log would seem to have kept all that is in it.
        with suppress(Unavailable):
            database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        raise _refused(error) from error


def _refused(error: OSError) -> Unavailable:
    """What the disk says to us, in the words for what it says to SQLite."""
    if error.errno == errno.ENOSPC:
        return told("SQLITE_FULL")
    return Unavailable(f"the index cannot be written ({error.strerror})")


@contextmanager
def _turn(since: float) -> Iterator[None]:
    """One process and thread at a time, beside a SQLite file; each, who waits since a moment, does so for as long as
    one waits for SQLite itself."""
    with ExitStack() as stack:
        try:
            lock = os.open(f"{database.database}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise _refused(error) from error
        if time.monotonic() - since > PATIENCE:  # those before us waited in vain, most likely, and so should we
            raise told("SQLITE_BUSY")
        yield


def migrate() -> None:
    """Bring the schema up to date. Raises ConfigurationError when it is from a newer gistd."""
    with reported(database), _one_at_a_time():
        runner = Runner(database.obj, str(MIGRATIONS), table_name="schema_migration")
        unknown = [migration.name for migration in runner.status() if migration.path is None]
        if unknown:
            raise ConfigurationError(
                f"the index was made by a newer gistd (it has {', '.join(unknown)}); upgrade this one"
            )
        runner.up()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Several workers, or several nodes, start together: one of them migrates, the others wait."""
    if is_a_file():
        with _turn(time.monotonic()):
            yield
        _sync()
    else:
        with database.connection_context() if database.is_closed() else nullcontext():
            database.execute_sql("SELECT pg_advisory_lock(6157)")
            try:
                yield
            finally:
                database.execute_sql("SELECT pg_advisory_unlock(6157)")
