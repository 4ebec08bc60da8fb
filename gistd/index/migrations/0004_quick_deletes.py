"""Deletes from the search index in its quick way: the other one made every change of a gist many times dearer.

What is deleted leaves its trigrams behind until `gistd gc` merges them away; the text itself goes at once.
"""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: Any) -> None:
    if isinstance(db, SqliteDatabase):
        db.execute_sql("INSERT INTO search(search, rank) VALUES ('secure-delete', 0)")
