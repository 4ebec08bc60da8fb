"""Apps, the codes that they are sent, and the tokens that these are spent for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee

from gistd.errors import Conflict

from .connection import is_text
from .models import Credential, OAuthClient, OAuthCode, User
from .writing import write


def add_client(
    owner: User, public_id: str, secret_hash: str | None, name: str, redirect_uri: str, most: int
) -> OAuthClient | None:
    """A new app; None when the owner has as many as they may have."""
    with write():
        if OAuthClient.select().where(OAuthClient.owner == owner).count() >= most:
            return None
        return OAuthClient.create(
            owner=owner, public_id=public_id, secret_hash=secret_hash, name=name, redirect_uri=redirect_uri
        )


def client(public_id: str) -> OAuthClient | None:
    """With its owner."""
    query = OAuthClient.select(OAuthClient, User).join(User).where(OAuthClient.public_id == public_id)
    return query.first() if is_text(public_id) else None


def clients(owner: User) -> list[OAuthClient]:
    """The owner's, newest first."""
    return list(OAuthClient.select().where(OAuthClient.owner == owner).order_by(OAuthClient.id.desc()))


def set_secret(client: OAuthClient, secret_hash: str) -> None:
    with write():
        OAuthClient.update(secret_hash=secret_hash).where(OAuthClient.id == client.id).execute()


def delete_client(client: OAuthClient) -> None:
    """With every token and code that it has."""
    with write():
        OAuthClient.delete().where(OAuthClient.id == client.id).execute()


def tokens(user: User) -> list[Credential]:
    """What the user's apps have been given, each with its client and that one's owner, app by app, newest first."""
    query = Credential.select(Credential, OAuthClient, User).join(OAuthClient).join(User)
    return list(query.where(Credential.user == user).order_by(OAuthClient.id.desc(), Credential.id.desc()))


def token(user: User, client: OAuthClient) -> Credential | None:
    """The newest that the app has of the user's."""
    query = Credential.select().where(Credential.user == user, Credential.client == client)
    return query.order_by(Credential.id.desc()).first()


def token_by_hash(kind: str, secret_hash: str) -> Credential | None:
    """An app's or not, with its user and the app."""
    query = Credential.select(Credential, User, OAuthClient).join(User).switch(Credential)
    query = query.join(OAuthClient, peewee.JOIN.LEFT_OUTER)
    return query.where(Credential.kind == kind, Credential.secret_hash == secret_hash).first()


def delete_tokens(user: User, client: OAuthClient) -> None:
    """All that the app has of the user's, and codes that it could get more for."""
    with write():
        OAuthCode.delete().where(OAuthCode.user == user, OAuthCode.client == client).execute()
        Credential.delete().where(Credential.user == user, Credential.client == client).execute()


def add_code(columns: Mapping[str, Any], void: datetime) -> None:
    """A new code; those that expired before `void` are forgotten. Conflict when the app is gone."""
    try:
        with write():
            OAuthCode.delete().where(OAuthCode.expires_at < void).execute()
            OAuthCode.insert(**columns).execute()
    except peewee.IntegrityError as error:
        raise Conflict("this app is not there any more") from error


def code(secret_hash: str, client: OAuthClient) -> OAuthCode | None:
    """One that this app was sent, with its user and the app."""
    query = OAuthCode.select(OAuthCode, User, OAuthClient).join(User).switch(OAuthCode).join(OAuthClient)
    return query.where(OAuthCode.secret_hash == secret_hash, OAuthCode.client == client).first()


def spend(code: OAuthCode, token: Mapping[str, Any], most: int) -> bool:
    """Spend a code for a token, of which these are the columns; of the user's tokens that the app has, the oldest make
    room for it. False when it has been spent before: then what it was spent for ends."""
    with write():
        if not _spent(code):
            _end(code)
            return False
        given = Credential.create(user=code.user_id, client=code.client_id, **token)
        OAuthCode.update(token=given).where(OAuthCode.secret_hash == code.secret_hash).execute()
        held = Credential.select(Credential.id).where(_held(code)).order_by(Credential.id.desc())
        Credential.delete().where(Credential.id.in_([old.id for old in held.offset(most)])).execute()
        return True


def spend_in_place(code: OAuthCode, token: Mapping[str, Any]) -> bool:
    """As `spend`, for the one token that the app has of the user's: it becomes this one, and keeps its number. A code
    that is spent again ends nothing."""
    with write():
        # First a write to the app, so that two codes of the same user wait for each other.
        OAuthClient.update(name=OAuthClient.name).where(OAuthClient.id == code.client_id).execute()
        if not _spent(code):
            return False
        if not Credential.update(last_used_at=None, **token).where(_held(code)).execute():
            Credential.create(user=code.user_id, client=code.client_id, **token)
        return True


def _held(code: OAuthCode) -> Any:
    """What the app of the code has of its user's, as a condition."""
    return (Credential.user == code.user_id) & (Credential.client == code.client_id)


def end(code: OAuthCode) -> None:
    """Let what the code was spent for be void."""
    with write():
        _wait_for(code)
        _end(code)


def _end(code: OAuthCode) -> None:
    given = OAuthCode.select(OAuthCode.token).where(OAuthCode.secret_hash == code.secret_hash)
    Credential.delete().where(Credential.id.in_(given)).execute()


def _spent(code: OAuthCode) -> bool:
    """Whether it is spent now, and was not before: of two at once, one spends it."""
    _wait_for(code)
    unspent = (OAuthCode.secret_hash == code.secret_hash) & ~OAuthCode.spent
    return bool(OAuthCode.update(spent=True).where(unspent).execute())


def _wait_for(code: OAuthCode) -> None:
    """Let all who have this code wait for each other, by a write to it: else some of them would hold the code and want
    its token, and others the other way round."""
    OAuthCode.update(spent=OAuthCode.spent).where(OAuthCode.secret_hash == code.secret_hash).execute()
