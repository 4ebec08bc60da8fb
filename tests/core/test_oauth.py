"""Codes, tokens and apps, on each database that gistd supports."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gistd import index
from gistd.core import credentials, oauth, oauthclients, scopes
from gistd.core.access import Actor, Scope
from gistd.core.oauth import Given
from gistd.errors import Conflict, Invalid, NotFound, Unauthenticated
from gistd.index import OAuthClient, OAuthCode, User

BACK = "https://app.example/back"
WORDS = scopes.grants("gist:read user:read")


def _app(owner: Actor, legacy: bool = False) -> OAuthClient:
    assert owner.user is not None
    return oauthclients.register(owner.user, "Notes", BACK, legacy)[0]


def _code(user: Actor, client: OAuthClient) -> OAuthCode:
    assert user.user is not None
    found = oauth.code(client, oauth.allow(user.user, client, WORDS, None, None))
    assert found is not None
    return found


def _opens(given: Given | None) -> bool:
    assert given is not None
    try:
        actor = credentials.actor_by_token(given.token, "here")
    except Unauthenticated:
        return False
    return actor.scopes == {Scope.GIST_READ, Scope.USER_READ}


def test_a_code_is_good_once_and_takes_back_what_it_gave(alice: Actor, bob: Actor) -> None:
    client = _app(alice)
    code = _code(bob, client)
    given, other = oauth.exchange(code), oauth.exchange(_code(bob, client))
    assert _opens(given) and _opens(other)
    assert oauth.exchange(code) is None
    assert not _opens(given) and _opens(other)


def test_of_many_who_spend_a_code_one_gets_a_token_that_is_void(alice: Actor, bob: Actor) -> None:
    """And none of them waits for another one in a circle, which PostgreSQL would end with an error."""
    client = _app(alice)

    def spend(code: OAuthCode) -> Given | None:
        try:
            return oauth.exchange(code)
        finally:
            index.close()

    for _ in range(8):
        code = _code(bob, client)
        with ThreadPoolExecutor(8) as pool:
            given = [each.result() for each in [pool.submit(spend, code) for _ in range(8)]]
        assert len([each for each in given if each is not None]) == 1
        assert not _opens(next(filter(None, given)))


def test_in_the_older_flow_an_app_has_one_token(alice: Actor, bob: Actor) -> None:
    assert bob.user is not None
    client = _app(alice, legacy=True)
    codes = [oauth.code(client, oauth.allow_legacy(bob.user, client, scopes.legacy("pastes"))) for _ in range(8)]

    def spend(code: OAuthCode | None) -> Given | None:
        try:
            return oauth.exchange_legacy(code) if code else None
        finally:
            index.close()

    with ThreadPoolExecutor(8) as pool:
        given = [each for each in pool.map(spend, codes) if each is not None]
    assert len(given) == 8 and len(oauth.authorized(bob.user)) == 1
    good = [each for each in given if oauth.token(each.token) is not None]
    assert len(good) == 1


@pytest.mark.parametrize("gone", ["app", "owner", "user"])
def test_all_ends_with_the_app_and_with_people(alice: Actor, bob: Actor, gone: str) -> None:
    assert alice.user is not None and bob.user is not None
    client = _app(alice)
    given, code = oauth.exchange(_code(bob, client)), _code(bob, client)
    if gone == "app":
        oauthclients.remove(client)
    else:
        User.delete().where(User.id == (alice if gone == "owner" else bob).user).execute()
    assert not _opens(given) and oauth.exchange(code) is None and oauth.authorized(bob.user) == []


def test_an_app_has_so_many_tokens_and_no_more(alice: Actor, bob: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alice.user is not None and bob.user is not None
    monkeypatch.setattr(oauth, "MOST", 3)
    client, other = _app(alice), _app(alice)
    kept = [oauth.exchange(_code(bob, other)), oauth.exchange(_code(alice, client))]
    given = [oauth.exchange(_code(bob, client)) for _ in range(5)]
    assert [_opens(each) for each in given] == [False] * 2 + [True] * 3
    assert all(map(_opens, kept))
    assert [each.client for each in oauth.authorized(bob.user)] == [other, client]
    assert oauth.authorized(bob.user)[1].scopes == ["gist:read", "user:read"]


def test_nobody_lets_in_an_app_that_is_gone(alice: Actor, bob: Actor) -> None:
    client = _app(alice)
    oauthclients.remove(client)
    with pytest.raises(Conflict):
        _code(bob, client)


def test_what_is_anothers_is_not_there(alice: Actor, bob: Actor) -> None:
    assert alice.user is not None and bob.user is not None
    client, other = _app(alice), _app(alice)
    oauth.exchange(_code(bob, client))
    assert oauth.code(other, oauth.allow(bob.user, client, WORDS, None, None)) is None
    with pytest.raises(NotFound):
        oauthclients.own(bob.user, client.public_id)
    with pytest.raises(NotFound):
        oauth.forbid(alice.user, client.public_id)
    oauth.forbid(bob.user, client.public_id)
    assert oauth.authorized(bob.user) == []
    with pytest.raises(Invalid):
        oauthclients.register(bob.user, "\0", BACK)
