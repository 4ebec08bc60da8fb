"""Each file is found by itself, so that a change of one is no work for the others.

What was kept of a gist until now stays in the row of its own words, and is found there until the gist is changed next,
or `gistd doctor --repair` has run.
"""

from typing import Any

from peewee import IntegerField, SqliteDatabase


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("file", "slot", IntegerField(null=True)))
    if isinstance(db, SqliteDatabase):
        db.execute_sql("CREATE VIRTUAL TABLE search_new USING fts5(words, tokenize='trigram')")
        db.execute_sql("INSERT INTO search_new(rowid, words) SELECT rowid * 1048576, words FROM search")
        db.execute_sql("DROP TABLE search")
        db.execute_sql("ALTER TABLE search_new RENAME TO search")
    else:
        db.execute_sql("ALTER TABLE search ALTER COLUMN rowid TYPE BIGINT")
        db.execute_sql("UPDATE search SET rowid = rowid * 1048576")
