"""Where the next page begins: signed, so that nobody makes one up, and for nobody else and no other list than it was
made for."""

from itsdangerous import BadData, URLSafeSerializer

from gistd.core import house
from gistd.errors import Invalid
from gistd.index import User


def write(user: User, of: str, start: int | None) -> str | None:
    """The cursor for the page of a list that begins with this number; None where there is no next page."""
    return None if start is None else str(_signer().dumps([user.id, of, start]))


def read(user: User, of: str, cursor: object) -> int | None:
    """What `write` was given; None for the first page. Raises Invalid."""
    if cursor is None:
        return None
    try:
        whose, which, start = _signer().loads(cursor if isinstance(cursor, str) else "")
    except (BadData, UnicodeError) as error:
        raise _invalid() from error
    if (whose, which) != (user.id, of):
        raise _invalid()
    return int(start)


def _invalid() -> Invalid:
    words = "this cursor does not belong to this list"
    return Invalid(words, {"cursor": [words]})


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(house.secret_key, salt="GraphQL cursor")
