"""What search finds by is filed in SQLite's full-text index later, many rows at once."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: Any) -> None:
    filed = "SELECT rowid, words FROM search"
    if isinstance(db, SqliteDatabase):
        db.execute_sql("CREATE TABLE unfiled (rowid INTEGER NOT NULL PRIMARY KEY, words TEXT NOT NULL)")
        waiting = "SELECT rowid, words FROM unfiled"
        filed = f"{waiting} UNION ALL {filed} WHERE rowid NOT IN (SELECT rowid FROM unfiled)"  # noqa: S608
    db.execute_sql(f"CREATE VIEW searched AS {filed}")
