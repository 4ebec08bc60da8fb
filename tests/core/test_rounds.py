"""Threads that wait to write share a transaction, begun and synced once; each write is whole or not at all."""

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from gistd import index
from gistd.core import accounts
from gistd.core.access import Actor
from gistd.errors import Full, NotFound, Unavailable
from gistd.index import User, connection, writing
from tests.harness import wait_until

_SEVERAL = 8
_HEAD, _FRAME, _PAGE = 32, 24, 4096


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log of an index in a SQLite file."""
    index.open(f"sqlite:///{tmp_path / 'index.sqlite3'}")
    accounts.create_user("somebody")
    yield tmp_path / "index.sqlite3-wal"
    index.close()


def _commits(log: Path) -> int:
    """How many transactions are in it: the last page of each tells how large the index is then (SQLite, WAL format)."""
    frames = log.read_bytes()[_HEAD:]
    return sum(frames[at + 4 : at + 8] != bytes(4) for at in range(0, len(frames), _FRAME + _PAGE))


@contextmanager
def _held(log: Path) -> Iterator[None]:
    """Another process has the turn."""
    descriptor = os.open(log.with_name("index.sqlite3.lock"), os.O_WRONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _together(log: Path, writes: list[Callable[[], None]]) -> list[Future[None]]:
    """Let threads write that all wait before the first of them, which is the first to write, may begin."""

    def one(write: Callable[[], None]) -> None:
        try:
            write()
        finally:
            index.database.close()

    with ThreadPoolExecutor(len(writes)) as pool, _held(log):
        done = [pool.submit(one, writes[0])]
        wait_until(writing._writer._lock.locked, "the first is about to write")
        done += [pool.submit(one, write) for write in writes[1:]]
        wait_until(lambda: len(writing._writer._waiting) == len(writes) - 1, "the others wait behind it")
    return done


def _named(name: str, error: Exception | None = None) -> Callable[[], None]:
    """Writes an account of this name; then this goes wrong."""

    def write() -> None:
        with index.write():
            User.insert(uuid=name, username=name, name_key=name).execute()
            if isinstance(error, Full):
                index.database.connection().execute("ROLLBACK")  # as SQLite does by itself
            if error:
                raise error
            assert User.select().where(User.username == name).exists()

    return write


def _names() -> set[str]:
    return {user.username for user in User.select()} - {"somebody"}


def test_those_who_wait_for_each_other_write_in_one_transaction(log: Path) -> None:
    before = _commits(log)
    names = [f"user{number}" for number in range(_SEVERAL)]
    for one in _together(log, [_named(name) for name in names]):
        one.result()
    assert _names() == set(names) and _commits(log) == before + 1
    _named("alone")()
    assert _commits(log) == before + 2


def test_what_fails_is_undone_and_nothing_else(log: Path) -> None:
    names = [f"user{number}" for number in range(_SEVERAL)]
    failing = set(names[::3])
    writes = [_named(name, NotFound("gone") if name in failing else None) for name in names]
    for name, one in zip(names, _together(log, writes), strict=True):
        assert isinstance(one.exception(), NotFound) == (name in failing)
    assert _names() == set(names) - failing


def test_all_hear_of_it_when_the_transaction_is_lost(log: Path) -> None:
    """Those whose writes were in it: none is told that it was written. Who comes afterwards writes in another one."""
    names = [f"user{number}" for number in range(_SEVERAL)]
    writes = [_named(name, Full("no room") if name == "user4" else None) for name in names]
    done = dict(zip(names, _together(log, writes), strict=True))
    assert {type(one.exception()) for one in done.values()} <= {type(None), Full}
    assert isinstance(done["user0"].exception(), Full), "it was the first"
    assert _names() == {name for name, one in done.items() if one.exception() is None}
    _named("later")()
    assert "later" in _names()


def test_a_commit_that_fails(log: Path) -> None:
    index.database.execute_sql("CREATE TABLE late (other REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED)")

    def write() -> None:
        with index.write():
            index.database.execute_sql("INSERT INTO late VALUES (4711)")

    done = _together(log, [_named("user0"), write, _named("user2")])
    assert ["FOREIGN KEY" in str(one.exception()) for one in done] == [True] * 3
    assert _names() == set()
    _named("later")()
    assert _names() == {"later"}


def test_a_log_that_cannot_be_synced(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    done = _together(log, [_named(f"user{number}") for number in range(3)])
    assert [type(one.exception()) for one in done] == [Unavailable] * 3


def test_who_has_waited_long_enough_does_not_begin_to_wait(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has SQLite's own lock, until the first hears that it is busy."""
    monkeypatch.setattr(connection, "_PRAGMAS", [("busy_timeout", 200), *connection._PRAGMAS[1:]])
    monkeypatch.setattr(writing, "PATIENCE", 0.2)
    file = log.with_name("index.sqlite3")
    index.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")

        def first() -> None:
            try:
                _named("user0")()
            finally:
                other.execute("ROLLBACK")

        done = _together(log, [first, *(_named(f"user{number}") for number in range(1, 4))])
    assert [str(one.exception()) for one in done] == ["the index is busy; try again"] * 4


def test_a_write_inside_a_write(alice: Actor) -> None:
    with pytest.raises(AssertionError), index.write(), index.write():
        pass
    with index.write():
        assert alice.user
        User.update(email="a@example.org").where(User.id == alice.user.id).execute()
    assert User.get_by_id(alice.user.id).email == "a@example.org"
