"""What admins see and do, and the second factor, on each database."""

import pyotp
import pytest

from gistd import index
from gistd.core import accounts, administration, gists, likes, listings, twofactor
from gistd.core.access import NOBODY, Action, Actor, Open, Scope, allowed, require_scope
from gistd.core.drafts import Draft
from gistd.errors import Conflict, NotFound, Unauthenticated


def test_the_overview_counts(alice: Actor, bob: Actor) -> None:
    for visibility in ("public", "private", "private"):
        gists.create(bob, Draft(files={"a": b"12345"}, visibility=visibility))
    seen = administration.overview(alice)
    assert (seen.users, seen.admins) == (2, 1)
    assert seen.gists == {"public": (1, 5), "private": (2, 10)}
    assert seen.versions["index"].startswith(("SQLite 3.", "PostgreSQL ")) and seen.versions["git"][0].isdigit()
    assert 0 < seen.disk_free <= seen.disk_size and not seen.problems


def test_users_are_found_by_part_of_their_name(alice: Actor, bob: Actor) -> None:
    gists.create(bob, Draft(files={"a": b"x"}))
    for words, names in (("", ["Alice", "bob"]), ("LI", ["Alice"]), ("%", []), ("\\", []), ("\0", []), ("b", ["bob"])):
        found = administration.members(alice, words, 1, 10)
        assert ([member.user.username for member in found.users], found.total) == (names, len(names))
    assert [member.gists for member in administration.members(alice, "", 1, 10).users] == [0, 1]
    page = administration.members(alice, "", 2, 1)
    assert [member.user.username for member in page.users] == ["bob"] and page.total == 2


def test_only_admins_administer(alice: Actor, bob: Actor) -> None:
    gist = gists.create(bob, Draft(files={"a": b"x"}, visibility="private"))
    for actor in (NOBODY, bob, Actor(alice.user, frozenset({Scope.GIST_READ, Scope.GIST_WRITE}))):
        with pytest.raises(NotFound):
            require_scope(actor, Open.ADMIN)
        with pytest.raises(NotFound):
            administration.take_down(actor, gist)
        with pytest.raises(NotFound):
            listings.inventory(actor, None, 1, 10)
    assert not allowed(alice, Action.VIEW, gist), "not even admins read what is private"
    assert (
        listings.inventory(alice, bob.user, 1, 10).total == 1
        and listings.inventory(alice, alice.user, 1, 10).total == 0
    )
    administration.take_down(alice, gist)
    assert index.gists.by_id(gist.id) is None


def test_likes_are_counted_anew_when_somebody_goes(alice: Actor, bob: Actor) -> None:
    assert bob.user
    gist = gists.create(alice, Draft(files={"a": b"x"}))
    for fan in (alice, bob):
        likes.like(fan, gist)
    mine = gists.create(bob, Draft(files={"a": b"x"}))
    likes.like(bob, mine)
    administration.delete_account(bob, bob.user)
    assert gists.get(alice, gist.id).like_count == 1 and index.gists.known([gist.id]) == {gist.id}


def test_the_second_factor(alice: Actor, bob: Actor) -> None:
    assert alice.user and bob.user
    with pytest.raises(Conflict):
        twofactor.turn_on(alice.user, "000000")
    twofactor.offer(alice.user)
    offer = twofactor.offered(alice.user, "here")
    assert offer and not twofactor.is_on(alice.user)
    codes = pyotp.parse_uri(offer.address)
    assert isinstance(codes, pyotp.TOTP) and (codes.name, codes.issuer) == ("Alice", "here")
    now = codes.timecode(index.now())
    recovery = twofactor.turn_on(alice.user, codes.generate_otp(now))
    assert twofactor.is_on(alice.user) and twofactor.offered(alice.user, "here") is None
    twofactor.check(alice.user, codes.generate_otp(now + 1))
    for used in (now, now + 1):
        with pytest.raises(Unauthenticated):
            twofactor.check(alice.user, codes.generate_otp(used))
    for user, code, good in (
        (bob.user, recovery[0], False),
        (alice.user, recovery[0], True),
        (alice.user, recovery[0], False),
    ):
        if good:
            twofactor.check(user, code)
            continue
        with pytest.raises(Unauthenticated):
            twofactor.check(user, code)
    assert twofactor.recovery_codes_left(alice.user) == 9
    assert codes.secret not in str([row.__dict__ for row in index.Credential.select()])
    twofactor.turn_off(alice.user)
    assert not twofactor.is_on(alice.user) and not twofactor.recovery_codes_left(alice.user)
    administration.set_admin(alice, bob.user, True)
    twofactor.offer(alice.user)
    administration.delete_account(alice, alice.user)
    assert accounts.user("alice") is None
