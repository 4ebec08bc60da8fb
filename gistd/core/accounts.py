"""Users: who has an account here, and under what name."""

import re
from collections.abc import Mapping
from typing import Any

from gistd import index
from gistd.errors import Forbidden, Invalid
from gistd.index import User, is_text

from . import house, passwords, sessions, throttle
from .drafts import is_like_an_id
from .throttle import Limit

MAX_EMAIL = 255
RESERVED = frozenset(
    {"-", "anonymous", "api", "apitoken", "blob", "gist", "graphql", "init", "login", "logout", "oauth", "oauth2"}
    | {"p", "paste", "pastes", "query", "register", "settings", "snippets", "static", "u", "users", "v0", "v1"}
)
"""First parts of URLs that are not user names; a test holds this against the routes."""

_USERNAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def create_user(
    username: str,
    password: str | None = None,
    email: str = "",
    admin: bool = False,
    credential: Mapping[str, Any] | None = None,
) -> User:
    """The first one becomes an admin. Without a password only tokens open the account, or the credential that it is
    made with: its columns.

    Raises Invalid or Conflict.
    """
    _check_username(username)
    address = _checked_email(email)
    hashed = None if password is None else passwords.hashed(password)
    return index.accounts.add_user(username, hashed, address, admin, credential)


def require_signup() -> None:
    """Raise Forbidden unless people may make accounts of their own."""
    if not house.settings.signup:
        raise Forbidden("This server does not take new accounts; ask its operator for one")


def sign_up(
    username: str,
    password: str | None,
    email: str,
    address: str,
    credential: Mapping[str, Any] | None = None,
) -> User:
    """As `create_user`, for whoever comes along. Raises Forbidden where nobody may, TooManyRequests for one address."""
    require_signup()
    _check_username(username)
    most = house.settings.max_signups_per_address
    throttle.count(Limit(f"signup {address}", most, "too many new accounts from here; try again later"))
    return create_user(username, password, email, credential=credential)


def _check_username(username: str) -> None:
    problem = ""
    if not _USERNAME.fullmatch(username):
        problem = "1 to 32 letters, digits, - and _"
    elif username.casefold() in RESERVED or is_like_an_id(username):
        problem = "this name is reserved"
    if problem:
        raise Invalid(f"username: {problem}", {"username": [problem]})


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    if len(email) > MAX_EMAIL or not is_text(email):
        words = f"at most {MAX_EMAIL} characters"
        raise Invalid(f"email: {words}", {"email": [words]})
    return email


def user(username: str) -> User | None:
    """The user of that name, case ignored."""
    return index.accounts.user_by_name(username)


def user_by_id(id: int) -> User | None:
    return index.accounts.user_by_id(id)


def change(user: User, username: str | None = None, email: str | None = None) -> User:
    """Another name or another address; None keeps what is there, an empty address is none.

    The same name in other letters is no change. Raises Invalid or Conflict, with nothing changed.
    """
    columns = {} if email is None else {"email": _checked_email(email)}
    if username is not None and username.casefold() != user.username.casefold():
        _check_username(username)
        columns["username"] = username
    return index.accounts.change_user(user, columns) if columns else user


def set_password(user: User, password: str) -> None:
    """Another password, which ends every session of the user. Raises Invalid."""
    index.accounts.set_password(user, passwords.hashed(password), ended=sessions.KINDS)
