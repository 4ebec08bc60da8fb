"""Files stand in the order that somebody put them in."""

from typing import Any

from peewee import TextField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("gist", "file_order", TextField(null=True)))
