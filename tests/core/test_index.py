"""The index: its schema, its promises, and that no list reads more than it shows."""

import os
import re
import threading
from pathlib import Path
from typing import Any

import peewee
import pytest
from playhouse.schema_diff import diff_models

from gistd import index
from gistd.core import access, accounts, gists, house, listings
from gistd.core.access import NOBODY, Actor
from gistd.core.drafts import Draft
from gistd.errors import ConfigurationError
from gistd.index import Gist, connection, models
from gistd.index.prepared import insert
from gistd.settings import Settings


def test_the_migrated_schema_is_that_of_the_models(opened: None, database: peewee.Database) -> None:
    assert not diff_models(database, models.TABLES)


def test_migrating_twice_is_migrating_once(opened: None) -> None:
    index.migrate()


def test_an_index_from_the_future_is_refused(opened: None, database: peewee.Database) -> None:
    database.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
    with pytest.raises(ConfigurationError, match="newer gistd"):
        index.migrate()


def test_sqlite_is_set_up_to_keep_what_it_was_given(tmp_path: Path) -> None:
    house.open(Settings(repos=tmp_path))
    wanted = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000, "trusted_schema": 0}
    assert {name: index.database.pragma(name) for name in wanted} == wanted
    index.close()


def test_nobody_waits_for_the_sync_of_another_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house.open(Settings(repos=tmp_path))
    reached, gone_on, sync = threading.Event(), threading.Event(), os.fdatasync

    def held(descriptor: int) -> None:
        if threading.current_thread() is first:
            reached.set()
            assert gone_on.wait(30)
        sync(descriptor)

    def write_first() -> None:
        accounts.create_user("alice")
        index.close()

    first = threading.Thread(target=write_first)
    monkeypatch.setattr(os, "fdatasync", held)
    first.start()
    assert reached.wait(30)
    accounts.create_user("bob")
    assert first.is_alive() and index.accounts.user_by_name("alice") is not None
    gone_on.set()
    first.join()
    index.close()


@pytest.mark.parametrize(
    ("version", "fine"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 0), True), ((4, 0, 0), True),
    ],
)  # fmt: skip
def test_a_sqlite_that_may_corrupt_its_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, int, int], fine: bool
) -> None:
    monkeypatch.setattr(connection.sqlite3, "sqlite_version_info", version)
    if fine:
        index.connect(f"sqlite:///{tmp_path}/index")
    else:
        with pytest.raises(ConfigurationError, match="pysqlite3"):
            index.connect(f"sqlite:///{tmp_path}/index")


def test_a_write_begins_at_once(opened: None, alice: Actor) -> None:
    with pytest.raises(AssertionError), index.write(), index.write():
        pass


def test_rules_are_in_the_schema(opened: None, alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, Draft(files={"a": b"x"}))
    for broken in (
        lambda: Gist.update(visibility="secret").execute(),
        lambda: Gist.update(owner=10**6).execute(),
        lambda: index.User.update(name_key="alice").execute(),
        lambda: alice.user.delete_instance(),  # type: ignore[union-attr]
    ):
        with pytest.raises(peewee.IntegrityError), index.write():
            broken()
    assert gists.get(NOBODY, gist.id)


def test_no_list_scans_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house.open(Settings(repos=tmp_path))
    user = accounts.create_user("alice")
    actor = Actor(user, access.ALL_SCOPES)
    gist = gists.create(actor, Draft(files={"a": b"x"}))
    statements: dict[str, Any] = {}
    original = connection._Sqlite.execute_sql

    def note(self: Any, sql: str, params: Any = None) -> Any:
        statements[sql] = params
        return original(self, sql, params)

    monkeypatch.setattr(connection._Sqlite, "execute_sql", note)
    since = index.now()
    for who in (NOBODY, actor):
        for listing in (
            listings.Listing(public_only=True),
            listings.Listing(public_only=True, since=since),
            listings.Listing(owner=user),
            listings.Listing(owner=user, since=since),
            listings.Listing(public_only=True, sort=listings.Sort.CREATED),
            listings.Listing(owner=user, sort=listings.Sort.CREATED),
            listings.Listing(public_only=True, sort=listings.Sort.LIKES, ascending=True),
            listings.Listing(public_only=True, topic="tea"),
            listings.Listing(liked_by=user),
            listings.Listing(public_only=True, language="Go"),
        ):
            listings.page(who, listing, 2, 30)
        listings.forks(who, gist, 1, 10)
        gists.get(who, gist.id)
        gists.find(who, "alice", gist.id)
    listings.page(NOBODY, listings.Listing(), 1, 30)
    for words in ("lang:python needle thread", "user:alice to x", "title:needle file:thread"):
        listings.page(NOBODY, listings.Listing(words=words), 2, 30)
    accounts.user("alice")
    for found in (index.gists.by_number(1), index.gists.by_ident("x"), index.gists.by_private_id("x")):
        assert found in (gist, None)
    monkeypatch.undo()
    selects = {sql: params for sql, params in statements.items() if sql.startswith("SELECT")}
    assert len(selects) > 12
    for sql, params in selects.items():
        plan = [row[3] for row in index.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params)]
        # What the full-text index (FTS5) matches (M), or reads from a row on (<), is no scan, however SQLite calls it.
        assert not [
            step for step in plan if step.startswith("SCAN") and not re.search(r"VIRTUAL TABLE INDEX \d+:(M|>?<)", step)
        ], (
            sql,
            plan,
        )
        if "LIMIT" in sql:
            assert not [step for step in plan if "TEMP B-TREE" in step], (sql, plan)
    index.close()


def test_a_word_is_looked_for_by_what_is_seldom_of_it(tmp_path: Path) -> None:
    """Also where none of it is in what was made last."""
    house.open(Settings(repos=tmp_path))
    trigrams = index.trigrams
    assert trigrams.seldom_part("common-rarely", []) == "commo", "nothing is known yet"
    with index.write():
        insert(models.Search, [(row, "common" if row % 400 else "rarely") for row in range(1, 8001)])
    pages = trigrams._pages({"com", "omm", "rar", "rel", "zzz"})
    assert min(pages["com"], pages["omm"]) >= 5 and max(pages["rar"], pages["rel"], pages["zzz"]) <= 1
    assert trigrams.seldom_part("common-rarely", []) in ("n-rar", "-rare", "rarel")
    assert trigrams.seldom_part("common", ["common"] * 64) == "common"
    index.close()


def test_who_made_many_in_a_row_and_few_before_is_searched_by_these_few() -> None:
    """A word that is everywhere is looked for in these, not they among all that have it."""
    read = []

    def among(numbers: list[int]) -> index.streams.Fetch:
        def fetch(upto: int, size: int) -> index.Part:
            found = [number for number in numbers if number <= upto][:size]
            read.append(len(found))
            return index.streams.counted(found, size)

        return fetch

    everywhere = index.Stream(among([*range(100_000, 0, -1)]), condition="has the word")
    theirs = [*range(100_000, 99_500, -1), *range(99_500, 0, -500)]
    parts = [*index.streams.common([everywhere, index.Stream(among(theirs))], 50)]
    assert [number for numbers, _ in parts for number in numbers] == theirs
    assert (parts[0][1], parts[-1][1]) == ([], ["has the word"])
    assert sum(read) < 3000
