"""The first schema: accounts and their credentials, gists and their files, topics and likes."""

from typing import Any

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    Check,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.sqlite_ext import AutoIncrementField


def up(migrator: Any, db: Any) -> None:
    # SQLite would give the number of the newest row to the next one when it is deleted.
    Number = AutoIncrementField if isinstance(db, SqliteDatabase) else AutoField

    class User(Model):
        id = Number()
        uuid = CharField(32, unique=True)
        username = CharField(32)
        name_key = CharField(32, unique=True)
        email = CharField(255, default="")
        password_hash = CharField(255, null=True)
        is_admin = BooleanField(default=False)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "account"

    class Credential(Model):
        id = Number()
        user = ForeignKeyField(User, on_delete="CASCADE")
        kind = CharField(16)
        secret_hash = CharField(64, unique=True)
        label = CharField(255, default="")
        scopes = CharField(255, default="")
        created_at = BigIntegerField()
        expires_at = BigIntegerField(null=True)
        last_used_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "credential"

    class Gist(Model):
        number = Number()
        id = CharField(32, unique=True)
        ident = CharField(6, unique=True)
        sha = CharField(40, unique=True)
        owner = ForeignKeyField(User, null=True, on_delete="RESTRICT", index=False)
        slug = CharField(32, default="")
        slug_key = CharField(32, null=True)
        visibility = CharField(8, constraints=[Check("visibility IN ('public', 'unlisted', 'private')")])
        title = CharField(250)
        description = CharField(1000, default="")
        archived = BooleanField(default=False)
        fork_of = ForeignKeyField("self", null=True, on_delete="SET NULL", index=False)
        created_at = BigIntegerField()
        updated_at = BigIntegerField()
        expires_at = BigIntegerField(null=True)
        like_count = IntegerField(default=0)
        head = CharField(40, null=True)
        file_count = IntegerField(default=0)
        size = BigIntegerField(default=0)

        class Meta:
            database = db
            table_name = "gist"
            indexes = (
                (("visibility", "updated_at", "number"), False),
                (("owner", "updated_at", "number"), False),
                (("fork_of", "updated_at", "number"), False),
                (("owner", "slug_key"), True),
            )

    class File(Model):
        id = CharField(32, primary_key=True)
        gist = ForeignKeyField(Gist, on_delete="CASCADE", index=False)
        path = TextField()
        blob = CharField(40)
        size = BigIntegerField()
        language = CharField(64, default="")

        class Meta:
            database = db
            table_name = "file"
            indexes = ((("gist", "path"), True),)

    class Topic(Model):
        gist = ForeignKeyField(Gist, on_delete="CASCADE", index=False)
        name = CharField(50)

        class Meta:
            database = db
            table_name = "topic"
            primary_key = CompositeKey("gist", "name")
            indexes = ((("name",), False),)

    class Like(Model):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        gist = ForeignKeyField(Gist, on_delete="CASCADE")
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "liked"
            primary_key = CompositeKey("user", "gist")

    db.create_tables([User, Credential, Gist, File, Topic, Like])
