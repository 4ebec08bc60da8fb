"""Lists by likes and by language have an index each."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_index("gist", ("visibility", "like_count", "number")),
        migrator.add_index("file", ("language", "gist_id")),
    )
