"""When the next gist expires is found at once."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql("CREATE INDEX gist_ends ON gist (expires_at) WHERE expires_at IS NOT NULL")
