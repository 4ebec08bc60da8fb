"""Failed attempts are counted, so that they can be limited."""

from typing import Any

from peewee import BigIntegerField, CharField, IntegerField, Model


def up(migrator: Any, db: Any) -> None:
    class Failures(Model):
        key = CharField(160, primary_key=True)
        number = IntegerField()
        since = BigIntegerField()

        class Meta:
            database = db
            table_name = "failures"

    db.create_tables([Failures])
