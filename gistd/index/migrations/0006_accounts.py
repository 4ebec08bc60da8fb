"""Sessions know where they were started from; a second factor beside the password."""

from typing import Any

from peewee import BigIntegerField, CharField, ForeignKeyField, Model


def up(migrator: Any, db: Any) -> None:
    class User(Model):
        class Meta:
            database = db
            table_name = "account"

    class SecondFactor(Model):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        seed = CharField(32)
        step = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "second_factor"

    migrator.migrate(migrator.add_column("credential", "address", CharField(64, null=True)))
    db.create_tables([SecondFactor])
