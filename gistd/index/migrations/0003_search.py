"""What search finds gists by, with an index of trigrams; `gistd doctor --repair` fills it."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: Any) -> None:
    if isinstance(db, SqliteDatabase):
        db.execute_sql("CREATE VIRTUAL TABLE search USING fts5(words, tokenize='trigram')")
        db.execute_sql("INSERT INTO search(search, rank) VALUES ('secure-delete', 1)")
    else:
        db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        db.execute_sql("CREATE TABLE search (rowid INTEGER NOT NULL PRIMARY KEY, words TEXT NOT NULL)")
        db.execute_sql("CREATE INDEX search_words ON search USING gin (words gin_trgm_ops)")
