"""Users, passwords and tokens."""

from datetime import timedelta

import pytest

from gistd import index
from gistd.core import accounts, credentials, passwords
from gistd.core.access import ALL_SCOPES, Actor, Scope
from gistd.errors import Conflict, Invalid, Unauthenticated


@pytest.mark.parametrize("name", ["", "a" * 33, "a b", "a/b", "ä", "a.b", "-", "API", "gist", "v1", "a\n", "ａdmin"])
def test_names_that_are_none(opened: None, name: str) -> None:
    with pytest.raises(Invalid):
        accounts.create_user(name)


def test_a_name_is_taken_whatever_its_case(alice: Actor) -> None:
    with pytest.raises(Conflict):
        accounts.create_user("ALICE")
    assert accounts.user("aLiCe") == alice.user


def test_the_first_account_is_an_admin(alice: Actor, bob: Actor) -> None:
    assert alice.user and bob.user
    assert (alice.user.is_admin, bob.user.is_admin) == (True, False)


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_passwords_that_are_none(opened: None, password: str) -> None:
    with pytest.raises(Invalid):
        accounts.create_user("carol", password)


def test_password(opened: None) -> None:
    made = accounts.create_user("carol", "correct horse")
    assert "correct horse" not in (made.password_hash or "")
    for name in ("carol", "Carol"):
        actor = credentials.actor_by_basic(name, "correct horse", "::1")
        assert (actor.user, actor.scopes) == (made, ALL_SCOPES)
    for name, password in (("carol", "wrong"), ("nobody", "correct horse"), ("carol", ""), ("carol", "\udcff")):
        with pytest.raises(Unauthenticated, match="Bad credentials"):
            credentials.actor_by_basic(name, password, "::1")


def test_a_new_password_ends_the_old_one_at_once(opened: None) -> None:
    made = accounts.create_user("carol", "correct horse")
    credentials.actor_by_password("carol", "correct horse", "::1")
    with index.write():
        index.User.update(password_hash=passwords.hashed("battery staple")).execute()
    with pytest.raises(Unauthenticated):
        credentials.actor_by_password("carol", "correct horse", "::1")
    assert credentials.actor_by_password("carol", "battery staple", "::1").user == made


def test_an_account_without_a_password_has_none(alice: Actor) -> None:
    for password in ("", "None", "x"):
        with pytest.raises(Unauthenticated):
            credentials.actor_by_password("alice", password, "::1")


def test_token(alice: Actor) -> None:
    assert alice.user
    token = credentials.issue_token(alice.user, [Scope.GIST_WRITE], "laptop", index.now() + timedelta(hours=1))
    assert len(token) == 67 and token.startswith("og_")
    actor = credentials.actor_by_token(token, "::1")
    assert (actor.user, actor.scopes) == (alice.user, {Scope.GIST_READ, Scope.GIST_WRITE})
    for basic in ((alice.user.username, token), (token, ""), (token, "x-oauth-basic")):
        assert credentials.actor_by_basic(*basic, "::1") == actor
    stored = index.Credential.get()
    assert token not in str(stored.__data__) and token[3:] not in str(stored.__data__)
    for wrong in (token[:-1], token.upper(), token + "0", "og_", "", stored.secret_hash):
        with pytest.raises(Unauthenticated):
            credentials.actor_by_token(wrong, "::1")


def test_an_expired_token(alice: Actor) -> None:
    assert alice.user
    token = credentials.issue_token(alice.user, [Scope.GIST_READ], expires_at=index.now())
    with pytest.raises(Unauthenticated):
        credentials.actor_by_token(token, "::1")
