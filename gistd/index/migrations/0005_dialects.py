"""What other dialects than Opengist's say of a gist and of its files; names as long as they allow."""

import secrets
import string
from typing import Any

from peewee import BigIntegerField, BooleanField, CharField, Model, SqliteDatabase, TextField

_LETTERS = string.ascii_letters + string.digits


def up(migrator: Any, db: Any) -> None:
    class Gist(Model):
        number = BigIntegerField(primary_key=True)
        visibility = CharField(8)
        owner_id = BigIntegerField()
        private_id = CharField(20, null=True, unique=True)

        class Meta:
            database = db
            table_name = "gist"

    # SQLite keeps no lengths; and peewee would copy the whole table for a column that is not null.
    if not isinstance(db, SqliteDatabase):
        db.execute_sql("ALTER TABLE gist ALTER COLUMN title TYPE TEXT, ALTER COLUMN description TYPE TEXT")
    _add_flag(db, "gist", "titled")
    _add_flag(db, "file", "named")
    migrator.migrate(
        migrator.add_column("gist", "deletion_key", CharField(64, null=True)),
        migrator.add_column("gist", "private_id", CharField(20, null=True, unique=True)),
        migrator.add_column("file", "label", TextField(null=True)),
        migrator.add_column("file", "syntax", TextField(null=True)),
        migrator.add_column("file", "encoding", CharField(6, null=True)),
        migrator.add_index("gist", ("visibility", "number")),
        migrator.add_index("gist", ("owner_id", "number")),
    )
    for gist in Gist.select(Gist.number).where(Gist.visibility != "public"):
        private_id = "".join(secrets.choice(_LETTERS) for _ in range(20))
        Gist.update(private_id=private_id).where(Gist.number == gist.number).execute()


def _add_flag(db: Any, table: str, name: str) -> None:
    kind = BooleanField().ddl_datatype(db.get_sql_context()).sql
    db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {name} {kind} NOT NULL DEFAULT TRUE")
