"""Who is told what becomes of somebody's gists, and what they were told."""

from typing import Any

from peewee import AutoField, BigIntegerField, CharField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class User(Model):
        class Meta:
            database = db
            table_name = "account"

    class Credential(Model):
        class Meta:
            database = db
            table_name = "credential"

    class Subscription(Model):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        credential = ForeignKeyField(Credential, null=True, on_delete="CASCADE")
        dialect = CharField(32)
        url = TextField()
        events = CharField(255)
        query = TextField(null=True)
        origin = CharField(255)
        scopes = CharField(255)
        created_at = BigIntegerField()
        expires_at = BigIntegerField(null=True)
        failures = IntegerField()
        rests_until = BigIntegerField(null=True)
        leased_until = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "subscription"

    class Delivery(Model):
        id = AutoField()
        uuid = CharField(36, unique=True)
        subscription = ForeignKeyField(Subscription, on_delete="CASCADE", index=False)
        kind = CharField(32)
        event = TextField()
        payload = TextField(null=True)
        payload_headers = TextField()
        response = TextField(null=True)
        response_status = IntegerField()
        response_headers = TextField(null=True)
        attempts = IntegerField()
        created_at = BigIntegerField(index=True)
        sent_at = BigIntegerField(null=True)
        due_at = BigIntegerField(null=True, index=True)

        class Meta:
            database = db
            table_name = "delivery"
            indexes = ((("subscription", "id"), False), (("subscription", "due_at"), False))

    db.create_tables([Subscription, Delivery])
