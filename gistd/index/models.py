"""The tables. Rules that must hold are in the schema (unique, check, foreign keys), not only in code."""

from datetime import UTC, datetime, timedelta
from typing import Any

import peewee

from .connection import database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SKEW = timedelta(minutes=1)
"""How far the clocks of nodes may be apart. What is from a later moment than that is from before one was set back."""

PUBLIC, UNLISTED, PRIVATE = "public", "unlisted", "private"
VISIBILITIES = (PUBLIC, UNLISTED, PRIVATE)


class Timestamp(peewee.BigIntegerField):
    """A moment, aware and in UTC; stored as microseconds since 1970, which every database sorts and compares."""

    def db_value(self, value: datetime | int | None) -> int | None:
        return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def now() -> datetime:
    return datetime.now(UTC)


def live(table: Any, at: Any) -> Any:
    """The rows of gists that have not expired at a moment, as a condition."""
    return table.expires_at.is_null() | (table.expires_at > at)


class _Table(peewee.Model):
    class Meta:
        database = database
        legacy_table_names = False


class User(_Table):
    """An account. `name_key` is the name with case folded away; it is what must be unique."""

    id = peewee.AutoField()
    uuid = peewee.CharField(32, unique=True)
    username = peewee.CharField(32)
    name_key = peewee.CharField(32, unique=True)
    email = peewee.CharField(255, default="")
    password_hash = peewee.CharField(255, null=True)
    is_admin = peewee.BooleanField(default=False)
    created_at = Timestamp(default=now)

    class Meta:
        table_name = "account"  # `user` is a reserved word in PostgreSQL


class OAuthClient(_Table):
    """An app that somebody registered: a client, as OAuth calls it. A public one, which could not keep it, has no
    secret."""

    id = peewee.AutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    public_id = peewee.CharField(36, unique=True)  # what OAuth calls client_id
    secret_hash = peewee.CharField(64, null=True)
    name = peewee.CharField(255)
    redirect_uri = peewee.TextField()
    created_at = Timestamp(default=now)

    class Meta:
        table_name = "oauth_client"


class Credential(_Table):
    """How a user proves who they are without the password; only the hash of the secret is kept. With a `client`, it was
    given to that app."""

    client_id: int | None

    id = peewee.AutoField()
    user = peewee.ForeignKeyField(User, backref="credentials", on_delete="CASCADE")
    kind = peewee.CharField(16)
    secret_hash = peewee.CharField(64, unique=True)
    label = peewee.CharField(255, default="")
    scopes = peewee.CharField(255, default="")
    created_at = Timestamp(default=now)
    expires_at = Timestamp(null=True)
    last_used_at = Timestamp(null=True)
    address = peewee.CharField(64, null=True)
    client = peewee.ForeignKeyField(OAuthClient, null=True, on_delete="CASCADE")


class OAuthCode(_Table):
    """What an app is sent by way of the browser, and gets a token for, once; only its hash is kept. A spent one is kept
    for a while, with the `token` that it was spent for: whoever spends it again has stolen one of the two."""

    user_id: int
    client_id: int

    secret_hash = peewee.CharField(64, primary_key=True)
    client = peewee.ForeignKeyField(OAuthClient, on_delete="CASCADE")
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    words = peewee.TextField()  # the scopes that were granted, as the app calls them
    redirect_uri = peewee.TextField(null=True)  # as it was asked with, if it was
    challenge = peewee.CharField(128, null=True)  # of PKCE, S256
    expires_at = Timestamp(index=True)
    spent = peewee.BooleanField(default=False)
    token = peewee.ForeignKeyField(Credential, null=True, on_delete="SET NULL")

    class Meta:
        table_name = "oauth_code"


class SecondFactor(_Table):
    """What the codes of an authenticator are made of. Without a `step`, the last one that was used, it is not on."""

    user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
    seed = peewee.CharField(32)
    step = peewee.BigIntegerField(null=True)


class DigestSecret(_Table):
    """What a user's answers to HTTP digest are checked with: hashes of name, realm and secret, of which each is as good
    as the secret (RFC 7616, section 5.13)."""

    user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
    md5 = peewee.CharField(32)
    sha256 = peewee.CharField(64)


class SpentNonce(_Table):
    """The highest count with which a nonce of HTTP digest has been used, and when it was used first."""

    nonce = peewee.CharField(64, primary_key=True)
    count = peewee.BigIntegerField()
    since = Timestamp()


class Failures(_Table):
    """How often something failed since when: wrong passwords, for all workers to see."""

    key = peewee.CharField(160, primary_key=True)
    number = peewee.IntegerField()
    since = Timestamp()

    class Meta:
        table_name = "failures"


class Gist(_Table):
    """A gist. `head` and what follows it are a cache of its repository; `gistd doctor --repair` rebuilds them."""

    owner_id: int | None
    fork_of_id: int | None
    topic_names: list[str]
    fork_count: int

    number = peewee.AutoField()
    id = peewee.CharField(32, unique=True)
    ident = peewee.CharField(6, unique=True)
    sha = peewee.CharField(40, unique=True)
    owner = peewee.ForeignKeyField(User, backref="gists", null=True, on_delete="RESTRICT", index=False)
    slug = peewee.CharField(32, default="")
    slug_key = peewee.CharField(32, null=True)
    visibility = peewee.CharField(8, constraints=[peewee.Check("visibility IN ('public', 'unlisted', 'private')")])
    title = peewee.TextField()
    titled = peewee.BooleanField(default=True)  # else nobody gave it a title; it got the name of its first file
    description = peewee.TextField(default="")
    archived = peewee.BooleanField(default=False)
    fork_of = peewee.ForeignKeyField("self", backref="forks", null=True, on_delete="SET NULL", index=False)
    created_at = Timestamp()
    updated_at = Timestamp()
    expires_at = Timestamp(null=True)
    deletion_key = peewee.CharField(64, null=True)  # the hash of it; only a gist without an owner has one
    private_id = peewee.CharField(20, null=True, unique=True)  # a second secret name of what is not public
    file_order = peewee.TextField(null=True)  # paths as JSON, in the order in which somebody wants them; null: git's
    like_count = peewee.IntegerField(default=0)
    head = peewee.CharField(40, null=True)
    file_count = peewee.IntegerField(default=0)
    size = peewee.BigIntegerField(default=0)
    counted = peewee.BooleanField(default=True)  # as one that has not expired, in the tallies

    class Meta:
        # The lists, newest first with the number to break ties, each by one of these; with what tells whether a gist is
        # still there, so that what comes before a page is passed over without a look at the rows.
        indexes = (
            (("visibility", "updated_at", "number", "expires_at"), False),
            (("visibility", "number", "expires_at"), False),
            (("visibility", "like_count", "number", "expires_at"), False),
            (("owner", "visibility", "updated_at", "number", "expires_at"), False),
            (("owner", "visibility", "number", "expires_at"), False),
            (("owner", "visibility", "like_count", "number", "expires_at"), False),
            (("fork_of", "updated_at", "number"), False),
            (("owner", "slug_key"), True),
        )


Gist.add_index(Gist.index(Gist.expires_at, where=Gist.expires_at.is_null(False), name="gist_ends"))
_LISTED = (Gist.owner, Gist.visibility, Gist.updated_at, Gist.number, Gist.expires_at)
Gist.add_index(Gist.index(*_LISTED, where=Gist.fork_of.is_null(False), name="gist_forked"))
Gist.add_index(Gist.index(Gist.counted, Gist.expires_at, where=Gist.expires_at.is_null(False), name="gist_lapses"))


class File(_Table):
    """A file at the head of a gist. `id` stays with it through renames; what follows it is a cache.

    `language` is what it is written in, as lists and searches go by: what somebody chose, else what its name tells.
    `slot` tells which row of `Search` has its text; 0 when it is no text, null when that cannot be found. What follows
    that is no cache: somebody said it of the file, and git cannot hold it.
    """

    gist_id: int
    id = peewee.CharField(32, primary_key=True)
    gist = peewee.ForeignKeyField(Gist, backref="files", on_delete="CASCADE", index=False)
    path = peewee.TextField()
    blob = peewee.CharField(40)
    size = peewee.BigIntegerField()
    language = peewee.CharField(64, default="")
    slot = peewee.IntegerField(null=True)
    label = peewee.TextField(null=True)  # the name that was given, where that cannot be the path
    named = peewee.BooleanField(default=True)  # else nobody gave it a name; it got one by its number
    syntax = peewee.TextField(null=True)  # the language that somebody chose, in their own word
    encoding = peewee.CharField(6, null=True)  # how its bytes came, text or base64, where somebody said so

    class Meta:
        indexes = ((("gist", "path"), True), (("blob", "gist"), False))


class Topic(_Table):
    gist_id: int
    gist = peewee.ForeignKeyField(Gist, backref="topics", on_delete="CASCADE", index=False)
    name = peewee.CharField(50)

    class Meta:
        primary_key = peewee.CompositeKey("gist", "name")


class Facet(_Table):
    """What a gist is found under: a topic of it, or a language that a file of it is in. A cache, with copies of the
    columns of the gist that lists go by; the database itself lets them follow those (a trigger).

    `scope` is 0 where lists show the gist to everybody, else the id of its owner, whom they show it to.
    """

    gist_id: int
    TOPIC, LANGUAGE = "topic", "language"

    gist = peewee.ForeignKeyField(Gist, on_delete="CASCADE", index=False)
    kind = peewee.CharField(8)
    name = peewee.CharField(64)
    scope = peewee.IntegerField()
    updated_at = Timestamp()
    like_count = peewee.IntegerField()
    expires_at = Timestamp(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("gist", "kind", "name")
        indexes = (
            (("kind", "name", "scope", "updated_at", "gist", "expires_at"), False),
            (("kind", "name", "scope", "gist", "expires_at"), False),
            (("kind", "name", "scope", "like_count", "gist", "expires_at"), False),
        )


class Tally(_Table):
    """How many gists there are, and how many bytes the files at their heads have. A cache.

    By visibility of those that are `live` and those that are `over`, of each owner by the id of that, and of all
    together by 0; and by facet of those that are live, where `scope` is that of the facet.
    """

    LIVE, OVER = "live", "over"

    kind = peewee.CharField(8)
    name = peewee.CharField(64)
    scope = peewee.IntegerField()
    number = peewee.BigIntegerField()
    size = peewee.BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("kind", "name", "scope")


Tally.add_index(Tally.index(Tally.kind, Tally.scope, Tally.number.desc(), Tally.name, name="tally_most"))


class Like(_Table):
    user = peewee.ForeignKeyField(User, backref="likes", on_delete="CASCADE", index=False)
    gist = peewee.ForeignKeyField(Gist, backref="likes", on_delete="CASCADE")
    created_at = Timestamp(default=now)

    class Meta:
        table_name = "liked"  # `like` is a reserved word
        primary_key = peewee.CompositeKey("user", "gist")


class Subscription(_Table):
    """A place that is told what becomes of the gists of a user: of what (`events`, in our words), in which dialect.

    With a credential it belongs to that token, and ends with it; `scopes` and `expires_at` are those of one that made
    it where it does not. `origin` is the address that gistd was known by when it was made, for the URLs of those who
    are told later. `failures` counts the deliveries that were given up since the last one that arrived; until
    `rests_until` nothing is sent, and until `leased_until` somebody is sending.
    """

    user_id: int
    credential_id: int | None

    id = peewee.AutoField()
    user = peewee.ForeignKeyField(User, backref="subscriptions", on_delete="CASCADE")
    credential = peewee.ForeignKeyField(Credential, backref="subscriptions", null=True, on_delete="CASCADE")
    dialect = peewee.CharField(32)
    url = peewee.TextField()
    events = peewee.CharField(255)
    query = peewee.TextField(null=True)  # what is to be told, where the dialect lets somebody ask
    origin = peewee.CharField(255)
    scopes = peewee.CharField(255, default="")
    created_at = Timestamp(default=now)
    expires_at = Timestamp(null=True)
    failures = peewee.IntegerField(default=0)
    rests_until = Timestamp(null=True)
    leased_until = Timestamp(null=True)


class Delivery(_Table):
    """What a subscription is told: what happened (`event`, as JSON), what was sent, what was answered the last time.

    It waits to be sent, again or at all, while there is a `due_at`."""

    subscription_id: int

    id = peewee.AutoField()
    uuid = peewee.CharField(36, unique=True)
    subscription = peewee.ForeignKeyField(Subscription, backref="deliveries", on_delete="CASCADE", index=False)
    kind = peewee.CharField(32)
    event = peewee.TextField()
    payload = peewee.TextField(null=True)
    payload_headers = peewee.TextField(default="")
    response = peewee.TextField(null=True)
    response_status = peewee.IntegerField()
    response_headers = peewee.TextField(null=True)
    attempts = peewee.IntegerField(default=0)
    created_at = Timestamp(default=now, index=True)
    sent_at = Timestamp(null=True)
    due_at = Timestamp(null=True, index=True)

    class Meta:
        indexes = ((("subscription", "id"), False), (("subscription", "due_at"), False))


class Search(_Table):
    """What search finds a gist by. Full-text in SQLite (FTS5), a table in PostgreSQL; both with an index of trigrams.

    The rows of a gist begin at its number times SLOTS: there are its own words, and after them the texts of its files,
    each in a row of its own, so that a change of one file is no work for the others.
    """

    SLOTS = 1 << 20

    rowid = peewee.BigIntegerField(primary_key=True)
    words = peewee.TextField()


class Unfiled(_Table):
    """In SQLite, rows that are still to be filed in `Search`, in place of what it has of them: many at once take half
    as long as one after the other. (An index of PostgreSQL's has such a list of its own: GIN, `fastupdate`.)"""

    rowid = peewee.BigIntegerField(primary_key=True)
    words = peewee.TextField()


class Searched(_Table):
    """A view: the rows of `Search` as they will be once everything is filed."""

    rowid = peewee.BigIntegerField(primary_key=True)
    words = peewee.TextField()


TABLES: list[Any] = [
    User,
    OAuthClient,
    Credential,
    OAuthCode,
    SecondFactor,
    DigestSecret,
    SpentNonce,
    Failures,
    Gist,
    File,
    Topic,
    Facet,
    Tally,
    Like,
    Subscription,
    Delivery,
]
