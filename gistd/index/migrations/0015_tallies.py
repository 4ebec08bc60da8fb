"""Lists and counts take as long with many gists as with few: what is counted is kept, topics and languages have the
columns that lists go by, and an index of a list has all that it asks for."""

from typing import Any

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
)

_COPIED = "CASE WHEN g.visibility = 'public' THEN 0 ELSE g.owner_id END, g.updated_at, g.like_count, g.expires_at"
_LISTED = "(g.visibility = 'public' OR g.owner_id IS NOT NULL)"


def up(migrator: Any, db: Any) -> None:
    _index_anew(migrator, db)
    _create(db)
    db.execute_sql(
        f"INSERT INTO facet SELECT t.gist_id, 'topic', t.name, {_COPIED} "  # noqa: S608 (nothing of anybody)
        f"FROM topic t JOIN gist g ON g.number = t.gist_id WHERE {_LISTED}"
    )
    db.execute_sql(
        f"INSERT INTO facet SELECT DISTINCT f.gist_id, 'language', f.language, {_COPIED} "  # noqa: S608
        f"FROM file f JOIN gist g ON g.number = f.gist_id WHERE f.language <> '' AND {_LISTED}"
    )
    db.execute_sql("INSERT INTO tally SELECT 'live', visibility, 0, COUNT(*), SUM(size) FROM gist GROUP BY visibility")
    db.execute_sql(
        "INSERT INTO tally SELECT 'live', visibility, owner_id, COUNT(*), SUM(size) FROM gist "
        "WHERE owner_id IS NOT NULL GROUP BY visibility, owner_id"
    )
    db.execute_sql("INSERT INTO tally SELECT kind, name, scope, COUNT(*), 0 FROM facet GROUP BY kind, name, scope")


def _index_anew(migrator: Any, db: Any) -> None:
    kind = BooleanField().ddl_datatype(db.get_sql_context()).sql
    db.execute_sql(f"ALTER TABLE gist ADD COLUMN counted {kind} NOT NULL DEFAULT TRUE")
    for columns in (
        ("visibility", "updated_at", "number"),
        ("owner_id", "updated_at", "number"),
        ("visibility", "number"),
        ("owner_id", "number"),
        ("visibility", "like_count", "number"),
    ):
        db.execute_sql(f"DROP INDEX gist_{'_'.join(columns)}")
    db.execute_sql("DROP INDEX file_language_gist_id")
    db.execute_sql("DROP INDEX topic_name")
    for start in (("visibility",), ("owner_id", "visibility")):
        for order in (("updated_at", "number"), ("number",), ("like_count", "number")):
            migrator.migrate(migrator.add_index("gist", (*start, *order, "expires_at")))
    db.execute_sql(
        "CREATE INDEX gist_forked ON gist (owner_id, visibility, updated_at, number, expires_at) "
        "WHERE fork_of_id IS NOT NULL"
    )
    db.execute_sql("CREATE INDEX gist_lapses ON gist (counted, expires_at) WHERE expires_at IS NOT NULL")


def _create(db: Any) -> None:
    class Gist(Model):
        number = AutoField()

        class Meta:
            database = db
            table_name = "gist"

    class Facet(Model):
        gist = ForeignKeyField(Gist, on_delete="CASCADE", index=False)
        kind = CharField(8)
        name = CharField(64)
        scope = IntegerField()
        updated_at = BigIntegerField()
        like_count = IntegerField()
        expires_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "facet"
            primary_key = CompositeKey("gist", "kind", "name")
            without_rowid = isinstance(db, SqliteDatabase)
            indexes = (
                (("kind", "name", "scope", "updated_at", "gist", "expires_at"), False),
                (("kind", "name", "scope", "gist", "expires_at"), False),
                (("kind", "name", "scope", "like_count", "gist", "expires_at"), False),
            )

    class Tally(Model):
        kind = CharField(8)
        name = CharField(64)
        scope = IntegerField()
        number = BigIntegerField()
        size = BigIntegerField()

        class Meta:
            database = db
            table_name = "tally"
            primary_key = CompositeKey("kind", "name", "scope")
            without_rowid = isinstance(db, SqliteDatabase)

    db.create_tables([Facet, Tally])
    _follow(db)
    db.execute_sql("CREATE INDEX tally_most ON tally (kind, scope, number DESC, name)")


def _follow(db: Any) -> None:
    """What is copied from a gist is never another thing than there, whoever writes it."""
    follow = (
        "UPDATE facet SET updated_at = NEW.updated_at, like_count = NEW.like_count, expires_at = NEW.expires_at "
        "WHERE gist_id = NEW.number;"
    )
    when = "CREATE TRIGGER facet_follows AFTER UPDATE OF updated_at, like_count, expires_at ON gist FOR EACH ROW"
    if isinstance(db, SqliteDatabase):
        db.execute_sql(f"{when} BEGIN {follow} END")
    else:
        body = f"BEGIN {follow} RETURN NULL; END"
        db.execute_sql(f"CREATE OR REPLACE FUNCTION facet_follows() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        db.execute_sql(f"{when} EXECUTE FUNCTION facet_follows()")
