"""Users, passwords and tokens."""

import threading
from datetime import timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer

from gistd import index
from gistd.core import accounts, administration, credentials, gists, house, masterkeys, passwords, sessions
from gistd.core.access import ALL_SCOPES, NOBODY, Actor, Scope
from gistd.core.drafts import Draft
from gistd.errors import Conflict, Invalid, NotFound, Unauthenticated, Unavailable


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
        assert (actor.user, actor.scopes, actor.credential) == (made, ALL_SCOPES, None)
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
    assert actor.credential == stored.id
    assert token not in str(stored.__data__) and token[3:] not in str(stored.__data__)
    for wrong in (token[:-1], token.upper(), token + "0", "og_", "", stored.secret_hash):
        with pytest.raises(Unauthenticated):
            credentials.actor_by_token(wrong, "::1")


def test_an_expired_token(alice: Actor) -> None:
    assert alice.user
    token = credentials.issue_token(alice.user, [Scope.GIST_READ], expires_at=index.now())
    with pytest.raises(Unauthenticated):
        credentials.actor_by_token(token, "::1")


@pytest.mark.parametrize(
    ("column", "age", "lives"),
    [
        ("last_used_at", sessions.IDLE - timedelta(minutes=1), True),
        ("last_used_at", sessions.IDLE, False),
        ("expires_at", timedelta(0), False),
    ],
)
def test_a_session_ends_when_it_is_old_or_idle(alice: Actor, column: str, age: timedelta, lives: bool) -> None:
    assert alice.user
    secret = sessions.start(alice.user, "a browser", "192.0.2.1")
    session = index.Credential.get()
    assert session.expires_at - session.created_at <= sessions.LIFETIME
    with index.write():
        index.Credential.update({column: index.now() - age}).execute()
    assert sessions.actor(secret) == (alice if lives else NOBODY)
    assert len(sessions.of(alice.user)) == lives
    sessions.start(alice.user, "", "")
    assert index.Credential.select().count() == 1 + lives, "what is over is thrown away"


def test_a_half_session_lets_nobody_in(alice: Actor) -> None:
    assert alice.user
    first, half = sessions.start_half(alice.user), sessions.start_half(alice.user)
    assert sessions.actor(half) == NOBODY and sessions.half(half) == alice.user
    assert sessions.half(first) is None, "one at a time"
    with index.write():
        index.Credential.update(expires_at=index.now()).execute()
    assert sessions.half(half) is None
    assert sessions.half(sessions.start(alice.user, "", "")) is None


def test_sessions_are_not_without_number(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alice.user
    monkeypatch.setattr(sessions, "MOST", 2)
    secrets = [sessions.start(alice.user, "", "") for _ in range(3)]
    assert [sessions.actor(secret).user for secret in secrets] == [None, alice.user, alice.user]


def test_an_account_that_was_half_deleted_is_deleted_again(alice: Actor, bob: Actor) -> None:
    assert bob.user
    made = [gists.create(bob, Draft(files={"a": b"x"})) for _ in range(3)]
    house.store.path(made[0].id).rename(house.store.root / "lost")  # as a crash leaves it, between row and repository
    with pytest.raises(NotFound):
        administration.delete_account(Actor(bob.user, frozenset({Scope.GIST_WRITE})), alice.user or bob.user)
    administration.delete_account(bob, bob.user)
    assert accounts.user("bob") is None and not list(index.gists.each(1)) and not list(house.store.ids())


def test_two_admins_who_drop_each_other(alice: Actor, bob: Actor) -> None:
    assert alice.user and bob.user
    administration.set_admin(alice, bob.user, True)
    refused: list[Exception] = []

    def drop(user: index.User) -> None:
        try:
            index.accounts.set_admin(user, False)
        except (Conflict, Unavailable) as error:
            refused.append(error)
        finally:
            index.close()

    threads = [threading.Thread(target=drop, args=[actor.user]) for actor in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and index.accounts.count() == (2, 1)


def test_a_masterkey_is_exchanged_for_tokens(alice: Actor, bob: Actor) -> None:
    user, key = masterkeys.sign_up("carol", "here")
    actor = masterkeys.actor("CAROL", key, "here")
    assert (actor.user, actor.scopes) == (user, {Scope.USER_WRITE, Scope.USER_READ})
    token, other = masterkeys.issue_token(user), masterkeys.issue_token(user)
    for each in (token, other):
        assert masterkeys.actor_by_token(each, "here").user == user
    forged = URLSafeTimedSerializer("x" * 32, salt="API token").dumps("x")
    for wrong in (key, "", "x", token[:-1], token + "x", forged, "\ud800"):
        with pytest.raises(Unauthenticated):
            masterkeys.actor_by_token(wrong, "here")
    for name, wrong in (("alice", key), ("nosuch", key), ("carol", token), ("carol", "")):
        with pytest.raises(Unauthenticated):
            masterkeys.actor(name, wrong, "here")
    masterkeys.revoke_tokens(user)
    with pytest.raises(Unauthenticated):
        masterkeys.actor_by_token(token, "here")
    with pytest.raises(Conflict):
        masterkeys.sign_up("Carol", "here")
