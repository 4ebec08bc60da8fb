"""Secrets for HTTP digest, and how often each of its nonces has been used."""

from typing import Any

from peewee import BigIntegerField, CharField, ForeignKeyField, Model


def up(migrator: Any, db: Any) -> None:
    class User(Model):
        class Meta:
            database = db
            table_name = "account"

    class DigestSecret(Model):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        md5 = CharField(32)
        sha256 = CharField(64)

        class Meta:
            database = db
            table_name = "digest_secret"

    class SpentNonce(Model):
        nonce = CharField(64, primary_key=True)
        count = BigIntegerField()
        since = BigIntegerField()

        class Meta:
            database = db
            table_name = "spent_nonce"

    db.create_tables([DigestSecret, SpentNonce])
