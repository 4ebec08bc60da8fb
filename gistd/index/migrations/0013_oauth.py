"""Apps that people register, what others let them do, and the codes by which they are told."""

from typing import Any

from peewee import AutoField, BigIntegerField, BooleanField, CharField, ForeignKeyField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class User(Model):
        class Meta:
            database = db
            table_name = "account"

    class Credential(Model):
        class Meta:
            database = db
            table_name = "credential"

    class OAuthClient(Model):
        id = AutoField()
        owner = ForeignKeyField(User, on_delete="CASCADE")
        public_id = CharField(36, unique=True)
        secret_hash = CharField(64, null=True)
        name = CharField(255)
        redirect_uri = TextField()
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "oauth_client"

    class OAuthCode(Model):
        secret_hash = CharField(64, primary_key=True)
        client = ForeignKeyField(OAuthClient, on_delete="CASCADE")
        user = ForeignKeyField(User, on_delete="CASCADE")
        words = TextField()
        redirect_uri = TextField(null=True)
        challenge = CharField(128, null=True)
        expires_at = BigIntegerField(index=True)
        spent = BooleanField(default=False)
        token = ForeignKeyField(Credential, null=True, on_delete="SET NULL")

        class Meta:
            database = db
            table_name = "oauth_code"

    db.create_tables([OAuthClient])
    client = ForeignKeyField(OAuthClient, OAuthClient.id, null=True, on_delete="CASCADE")
    migrator.migrate(migrator.add_column("credential", "client_id", client))
    db.create_tables([OAuthCode])
