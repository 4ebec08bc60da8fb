"""Gists are found by the blobs that they hold."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_index("file", ("blob", "gist_id")))
