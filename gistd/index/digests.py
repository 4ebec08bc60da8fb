"""HTTP digest: the secrets of users, and which counts of a nonce have been used."""

from datetime import datetime

from .models import DigestSecret, SpentNonce, User, now
from .writing import write


def secret(user: User) -> DigestSecret | None:
    return DigestSecret.get_or_none(DigestSecret.user == user)


def set_secret(user: User, md5: str, sha256: str) -> None:
    """Keep the hashes of a new secret, in place of an earlier one's."""
    with write():
        _forget(user)
        DigestSecret.insert(user=user, md5=md5, sha256=sha256).execute()


def forget_secret(user: User) -> None:
    with write():
        _forget(user)


def _forget(user: User) -> None:
    DigestSecret.delete().where(DigestSecret.user == user).execute()


def spend(nonce: str, count: int, void: datetime) -> bool:
    """Whether the count comes after all with which the nonce was used; it is used now. What was used first before
    `void` is forgotten."""
    with write():
        later = SpentNonce.update(count=count).where(SpentNonce.nonce == nonce, SpentNonce.count < count)
        if later.execute():
            return True
        SpentNonce.delete().where(SpentNonce.since < void).execute()
        new = SpentNonce.insert(nonce=nonce, count=count, since=now()).on_conflict_ignore()
        return bool(new.as_rowcount().execute())
