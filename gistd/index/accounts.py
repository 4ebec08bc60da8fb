"""Accounts and credentials: what is asked of the index."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from gistd.errors import Conflict

from .connection import is_text
from .models import SKEW, Credential, DigestSecret, Failures, Gist, Like, SecondFactor, User, now
from .prepared import Prepared
from .writing import write

COUNTED = 1000
"""How many users are counted at most of those who are called so: the name of each is looked at."""


def add_user(
    username: str,
    password_hash: str | None,
    email: str,
    admin: bool,
    credential: Mapping[str, Any] | None = None,
) -> User:
    """A new account, with a first credential if one is given, in one: its columns. The first account becomes an admin.

    Conflict when the name is taken, case ignored.
    """
    try:
        with write():
            user = User.create(
                uuid=uuid.uuid4().hex,
                username=username,
                name_key=name_key(username),
                email=email,
                password_hash=password_hash,
                is_admin=admin or is_empty(),
            )
            if credential is not None:
                Credential.create(user=user, **credential)
            return user
    except peewee.IntegrityError as error:
        raise Conflict("username already taken") from error


def is_called(user: User, name: str) -> bool:
    """Whether this is the user's name, case ignored."""
    return user.name_key == name_key(name)


def name_key(username: str) -> str:
    """The form in which a name is unique, case ignored. Names are ASCII; nothing else becomes one."""
    return username.lower() if username.isascii() else username


def user_by_name(username: str) -> User | None:
    return User.get_or_none(User.name_key == name_key(username)) if is_text(username) else None


def user_by_id(id: int) -> User | None:
    return User.get_or_none(User.id == id)


def add_credential(
    user: User,
    kind: str,
    secret_hash: str,
    label: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    address: str | None = None,
) -> Credential:
    with write():
        return Credential.create(
            user=user,
            kind=kind,
            secret_hash=secret_hash,
            label=label,
            scopes=" ".join(scopes),
            expires_at=expires_at,
            address=address,
        )


def credential_by_hash(kind: str, secret_hash: str) -> Credential | None:
    """With its user."""
    return _CREDENTIAL.first(secret_hash, kind)


_CREDENTIAL = Prepared(
    lambda secret_hash, kind: (
        Credential.select(Credential, User)
        .join(User)
        .where(Credential.secret_hash == secret_hash, Credential.kind == kind)
    ),
    Credential,
    Credential.user,
)


def credential_by_id(id: int) -> Credential | None:
    return Credential.get_or_none(Credential.id == id)


def credential(user: User, id: int, kind: str) -> Credential | None:
    """One of the user's own, not of those that apps were given."""
    return Credential.get_or_none(Credential.id == id, _own(user, kind))


def credentials(user: User, kind: str) -> list[Credential]:
    """The user's own, newest first."""
    return list(Credential.select().where(_own(user, kind)).order_by(Credential.id.desc()))


def _own(user: User, kind: str) -> Any:
    return (Credential.user == user) & (Credential.kind == kind) & Credential.client.is_null()


def delete_credential(credential: Credential) -> bool:
    """Whether it was there: of two at once, one deletes it."""
    with write():
        return bool(Credential.delete().where(Credential.id == credential.id).execute())


def delete_credentials(user: User, kinds: Collection[str]) -> None:
    """All of the user's, of these kinds."""
    with write():
        _delete_credentials(user, kinds)


def _delete_credentials(user: User, kinds: Collection[str]) -> None:
    Credential.delete().where(Credential.user == user, Credential.kind.in_(list(kinds))).execute()


def set_password(user: User, password_hash: str, ended: Collection[str]) -> None:
    """Another password, and the end of the user's credentials of these kinds, in one."""
    with write():
        User.update(password_hash=password_hash).where(User.id == user.id).execute()
        _delete_credentials(user, ended)


def note_use(credential: Credential, at: datetime) -> None:
    with write():
        Credential.update(last_used_at=at).where(Credential.id == credential.id).execute()


def change_user(user: User, columns: Mapping[str, Any]) -> User:
    """Conflict when the name is taken, case ignored. Another name ends the secret for HTTP digest, which holds it."""
    if "username" in columns:
        columns = {**columns, "name_key": name_key(columns["username"])}
    try:
        with write():
            if "username" in columns:
                DigestSecret.delete().where(DigestSecret.user == user).execute()
            User.update(**columns).where(User.id == user.id).execute()
            return User.get_by_id(user.id)
    except peewee.IntegrityError as error:
        raise Conflict("username already taken") from error


def failures(key: str, since: datetime) -> Failures | None:
    """What has been counted under the key, if the count began after `since`."""
    return Failures.get_or_none(Failures.key == key, _counts(since))


def note_failure(key: str, since: datetime) -> int:
    """Count one more; a count that began before `since` begins anew. Returns how many there are now."""
    with write():
        more = Failures.update(number=Failures.number + 1).where(Failures.key == key, _counts(since))
        if not more.execute():
            Failures.delete().where(~_counts(since)).execute()
            Failures.insert(key=key, number=1, since=now()).on_conflict_ignore().execute()
        return Failures.get_by_id(key).number


def _counts(since: datetime) -> Any:
    """A count began after that; and not later than now, as one from before the clock was set back: it would not end."""
    return (Failures.since > since) & (Failures.since <= now() + SKEW)


def forget_failures(key: str) -> None:
    with write():
        Failures.delete().where(Failures.key == key).execute()


def is_empty() -> bool:
    """Whether there is no account yet."""
    return not User.select().exists()


def page(words: str, *, limit: int, offset: int) -> tuple[list[User], int, bool]:
    """Users whose name contains the words, case ignored, in the order in which they came; how many there are, and
    whether these are all: of those who are called so no more than `COUNTED` are counted."""
    if not is_text(words):
        return [], 0, True
    rows: Any = User.select().order_by(User.id).limit(limit).offset(offset)
    if not words:
        number: Any = User.select(peewee.fn.COUNT(peewee.SQL("*")))  # of a table, not of a query: SQLite knows that
        return list(rows), number.scalar(), True
    called = User.name_key.contains(name_key(words))
    found = User.select(User.id).where(called).limit(COUNTED + 1).count()
    return list(rows.where(called)), min(found, COUNTED), found <= COUNTED


def count() -> tuple[int, int]:
    """How many users there are, and how many of them are admins."""
    return User.select().count(), User.select().where(User.is_admin).count()


def set_admin(user: User, admin: bool) -> None:
    """Conflict when there would be no admin any more."""
    with write():
        if not admin:
            _keep_an_admin(user)
        User.update(is_admin=admin).where(User.id == user.id).execute()


def delete_user(user: User) -> bool:
    """Delete a user with all that hangs on them but gists; False when they have one. Conflict as in `set_admin`."""
    try:
        with write():
            _keep_an_admin(user)
            liked = Like.select(Like.gist).where(Like.user == user)
            Gist.update(like_count=Gist.like_count - 1).where(Gist.number.in_(liked)).execute()
            User.delete().where(User.id == user.id).execute()
            return True
    except peewee.IntegrityError:
        return False


def check_admins_without(user: User) -> None:
    """Raise Conflict when there would be no admin without this user."""
    admins = User.select(User.id).where(User.is_admin).limit(2)
    if [admin.id for admin in admins] == [user.id]:
        raise Conflict("this is the only admin; make somebody else one first")


def _keep_an_admin(user: User) -> None:
    # First a write to all of them, so that two admins who drop each other wait for each other.
    User.update(is_admin=True).where(User.is_admin).execute()
    check_admins_without(user)


# ---------------------------------------------------------------------- the second factor


def second_factor(user: User) -> SecondFactor | None:
    """What is kept of it, be it on or only offered."""
    return SecondFactor.get_or_none(SecondFactor.user == user)


def has_second_factor(user: User) -> bool:
    """Whether it is on."""
    return SecondFactor.select().where(SecondFactor.user == user, SecondFactor.step.is_null(False)).exists()


def offer_second_factor(user: User, seed: str) -> None:
    """Keep the seed of one that is not on yet, in place of an earlier one; one that is on stays."""
    with write():
        SecondFactor.delete().where(SecondFactor.user == user, SecondFactor.step.is_null()).execute()
        SecondFactor.insert(user=user, seed=seed).on_conflict_ignore().execute()


def turn_on_second_factor(user: User, step: int, seed: str, ended: Collection[str]) -> bool:
    """Turn on the one with this seed, and end the credentials of these kinds; False when it is not offered any more."""
    with write():
        offered = (SecondFactor.user == user) & (SecondFactor.seed == seed) & SecondFactor.step.is_null()
        if not SecondFactor.update(step=step).where(offered).execute():
            return False
        _delete_credentials(user, ended)
        return True


def use_step(user: User, step: int) -> bool:
    """Whether the step comes after all that were used; it is used now."""
    with write():
        later = (SecondFactor.user == user) & (SecondFactor.step < step)
        return bool(SecondFactor.update(step=step).where(later).execute())


def drop_second_factor(user: User, ended: Collection[str]) -> None:
    """Turn it off, and end the credentials of these kinds."""
    with write():
        SecondFactor.delete().where(SecondFactor.user == user).execute()
        _delete_credentials(user, ended)


def replace_credentials(user: User, kind: str, secret_hashes: Collection[str]) -> None:
    """Let these be all that the user has of a kind."""
    with write():
        _delete_credentials(user, [kind])
        Credential.insert_many([{"user": user, "kind": kind, "secret_hash": each} for each in secret_hashes]).execute()
