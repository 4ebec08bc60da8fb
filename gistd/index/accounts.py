"""Accounts and credentials: what is asked of the index."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import peewee

from gistd.errors import Conflict

from .connection import write
from .models import Credential, User


def add_user(username: str, password_hash: str | None, email: str, admin: bool) -> User:
    """The first account becomes an admin. Conflict when the name is taken, case ignored."""
    try:
        with write():
            return User.create(
                uuid=uuid.uuid4().hex,
                username=username,
                name_key=name_key(username),
                email=email,
                password_hash=password_hash,
                is_admin=admin or is_empty(),
            )
    except peewee.IntegrityError as error:
        raise Conflict("username already taken") from error


def name_key(username: str) -> str:
    return username.casefold()


def user_by_name(username: str) -> User | None:
    return User.get_or_none(User.name_key == name_key(username))


def user_by_id(id: int) -> User | None:
    return User.get_or_none(User.id == id)


def add_credential(
    user: User, kind: str, secret_hash: str, label: str, scopes: Sequence[str], expires_at: datetime | None
) -> Credential:
    with write():
        return Credential.create(
            user=user, kind=kind, secret_hash=secret_hash, label=label, scopes=" ".join(scopes), expires_at=expires_at
        )


def credential_by_hash(kind: str, secret_hash: str) -> Credential | None:
    """With its user."""
    query = Credential.select(Credential, User).join(User)
    return query.where(Credential.secret_hash == secret_hash, Credential.kind == kind).get_or_none()


def is_empty() -> bool:
    """Whether there is no account yet."""
    return not User.select().exists()
