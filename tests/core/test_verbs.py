"""Create, get, list, change, delete, fork, like: the suite that runs on SQLite and on PostgreSQL."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier

import pytest

from gistd import index
from gistd.core import access, blobs, gists, house, likes, listings, revisions
from gistd.core.access import NOBODY, Actor, Scope
from gistd.core.drafts import Change, Draft
from gistd.core.listings import Listing
from gistd.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unauthenticated, Unavailable
from gistd.index import Gist
from gistd.store import FileChange


def _draft(**fields: object) -> Draft:
    return Draft(**{"files": {"a.py": b"one\n"}, **fields})  # type: ignore[arg-type]


def _files(gist: Gist) -> dict[str, bytes]:
    contents = gists.contents(gist)
    return {file.path: contents.read(file) for file in contents.files}


def test_create_and_get(alice: Actor) -> None:
    gist = gists.create(alice, _draft(title="T", topics=["b", "a", "b"], slug="Mine"))
    assert _files(gist) == {"a.py": b"one\n"}
    assert (gist.title, gist.topic_names, gist.owner.username) == ("T", ["a", "b"], "Alice")
    assert (gist.file_count, gist.size, len(gist.head or "")) == (1, 4, 40)
    assert gists.get(NOBODY, gist.id) == gists.find(NOBODY, "ALICE", "mine") == gists.find(NOBODY, "alice", gist.id)
    assert [row.language for row in index.files.of(gist).values()] == ["Python"]


def test_what_cannot_be_found(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    for id in (gist.id[:31], gist.id.upper(), "", "%", "a" * 32, gist.ident, gist.sha):
        with pytest.raises(NotFound):
            gists.get(alice, id)
    with pytest.raises(NotFound):
        gists.find(alice, "bob", gist.id)


def test_who_may_create(alice: Actor) -> None:
    with pytest.raises(Forbidden):
        gists.create(Actor(alice.user, frozenset({Scope.GIST_READ})), _draft())


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"files": {}}, Invalid),
        ({"files": {"a": b"x" * 10_001}}, TooLarge),
        ({"files": {str(n): b"x" for n in range(21)}}, TooLarge),
        ({"files": {"../x": b"x"}}, Invalid),
        ({"title": "x" * 251}, Invalid),
        ({"visibility": "secret"}, Invalid),
        ({"topics": ["a b"]}, Invalid),
        ({"slug": "a/b"}, Invalid),
        ({"expires_at": index.now() - timedelta(seconds=1)}, Invalid),
    ],
)
def test_a_bad_draft_leaves_nothing(alice: Actor, fields: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        gists.create(alice, _draft(**fields))
    assert listings.page(alice, Listing(), 1, 10).total == 0
    assert list(house.store.ids()) == []
    assert house.store.leftovers() == []


def test_a_slug_is_taken_once_per_owner(alice: Actor, bob: Actor) -> None:
    gists.create(alice, _draft(slug="Notes"))
    gists.create(bob, _draft(slug="notes"))
    with pytest.raises(Conflict):
        gists.create(alice, _draft(slug="NOTES"))
    assert len(list(house.store.ids())) == 2, "the repository of the refused one is gone"
    other = gists.create(alice, _draft())
    with pytest.raises(Conflict):
        gists.change(alice, other, Change(slug="notes"))


def test_change(alice: Actor) -> None:
    gist = gists.create(alice, _draft(files={"a.py": b"one\n", "b": b"two"}))
    before = {row.path: row.id for row in index.File.select().where(index.File.gist == gist)}
    changed = gists.change(
        alice, gist, Change(files=[FileChange("a.py", new_path="b"), FileChange("b", new_path="a.py")], title="swapped")
    )
    assert _files(changed) == {"a.py": b"two", "b": b"one\n"}
    assert changed.title == "swapped"
    assert changed.updated_at > gist.updated_at
    after = {row.path: row.id for row in index.File.select().where(index.File.gist == gist)}
    assert after == {"a.py": before["b"], "b": before["a.py"]}, "a file keeps its id when it is renamed"


def test_a_change_of_nothing_changes_nothing(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    same = gists.change(alice, gist, Change(files=[FileChange("a.py", b"one\n"), FileChange("gone", delete=True)]))
    assert (same.head, same.updated_at) == (gist.head, gist.updated_at)


def test_only_the_owner_changes_and_deletes(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, _draft())
    for actor, error in ((bob, Forbidden), (NOBODY, Unauthenticated)):
        with pytest.raises(error):
            gists.change(actor, gist, Change(title="x"))
        with pytest.raises(error):
            gists.delete(actor, gist)


def test_an_archived_gist_is_read_only(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    with index.write():
        Gist.update(archived=True).execute()
    with pytest.raises(Forbidden):
        gists.change(alice, gists.get(alice, gist.id), Change(title="x"))
    gists.delete(alice, gists.get(alice, gist.id))


def test_delete_takes_all_with_it(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, _draft(topics=["t"]))
    fork, _ = gists.fork(bob, gist)
    likes.like(bob, gist)
    gists.delete(alice, gist)
    with pytest.raises(NotFound):
        gists.get(alice, gist.id)
    assert list(house.store.ids()) == [fork.id]
    left = gists.get(bob, fork.id)
    assert left.fork_of_id is None
    assert _files(left) == {"a.py": b"one\n"}, "a fork shares nothing with what it came from"


def test_fork(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, _draft(title="T", description="D", topics=["t"], slug="s"))
    gists.change(alice, gist, Change(files=[FileChange("a.py", b"two\n")]))
    fork, made = gists.fork(bob, gist)
    assert made
    assert (fork.title, fork.description, fork.visibility, fork.topic_names) == ("T", "D", "public", ["t"])
    assert (fork.slug, fork.owner, fork.fork_of_id) == ("", bob.user, gist.number)
    assert len(revisions.history(fork, 0, 9)) == 2, "with its history"
    again, made = gists.fork(bob, gist)
    assert (again, made) == (fork, False)
    assert gists.get(alice, gist.id).fork_count == 1
    assert listings.parent(bob, fork) == gist
    assert listings.forks(bob, gist, 1, 9).gists == [fork]
    gists.change(bob, fork, Change(visibility="unlisted"))
    assert listings.forks(alice, gist, 1, 9).gists == [], "an unlisted one of somebody else is not listed"
    assert gists.get(alice, gist.id).fork_count == 0, "nor counted"
    gists.delete(bob, fork)
    assert gists.get(alice, gist.id).fork_count == 0
    with pytest.raises(Invalid):
        gists.fork(alice, gist)


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_a_parent_that_is_hidden_is_not_told(alice: Actor, bob: Actor, visibility: str) -> None:
    gist = gists.create(alice, _draft())
    fork, _ = gists.fork(bob, gist)
    gists.change(alice, gist, Change(visibility=visibility))
    assert listings.parent(bob, fork) is None
    assert listings.parent(NOBODY, fork) is None
    assert listings.parent(alice, fork) == gist


def test_like(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, _draft())
    for _ in range(2):
        likes.like(bob, gist)
    likes.like(alice, gist)
    assert likes.is_liked(bob, gist) and not likes.is_liked(NOBODY, gist)
    assert gists.get(bob, gist.id).like_count == 2
    for _ in range(2):
        likes.like(bob, gist, liked=False)
    assert not likes.is_liked(bob, gist)
    assert gists.get(bob, gist.id).like_count == 1
    with pytest.raises(Unauthenticated):
        likes.like(NOBODY, gist)
    assert gists.get(bob, gist.id).updated_at == gist.updated_at


def test_lists(alice: Actor, bob: Actor) -> None:
    made = {word: gists.create(alice, _draft(visibility=word)) for word in ("public", "unlisted", "private")}
    his = gists.create(bob, _draft())
    blind = Actor(alice.user, frozenset({Scope.USER_READ}))

    def ids(actor: Actor, listing: Listing) -> list[str]:
        page = listings.page(actor, listing, 1, 10)
        assert page.total == len(page.gists)
        return [gist.id for gist in page.gists]

    everything = [his.id, made["private"].id, made["unlisted"].id, made["public"].id]
    assert ids(alice, Listing()) == everything
    assert ids(bob, Listing()) == ids(NOBODY, Listing()) == ids(blind, Listing()) == [everything[0], everything[3]]
    assert ids(alice, Listing(owner=alice.user)) == everything[1:]
    assert ids(bob, Listing(owner=alice.user)) == [made["public"].id]
    assert ids(alice, Listing(public_only=True)) == [everything[0], everything[3]]
    assert ids(NOBODY, Listing(since=his.updated_at)) == [his.id]


def test_an_expired_gist_is_gone(alice: Actor) -> None:
    gist = gists.create(alice, _draft(expires_at=index.now() + timedelta(hours=1)))
    assert gists.get(alice, gist.id)
    with index.write():
        Gist.update(expires_at=index.now()).execute()
    with pytest.raises(NotFound):
        gists.get(alice, gist.id)
    assert listings.page(alice, Listing(), 1, 10).total == 0


def test_every_rule_says_the_same_of_one_gist_and_of_many(alice: Actor, bob: Actor) -> None:
    hour = timedelta(hours=1)
    for owner in (alice, bob):
        for visibility in index.VISIBILITIES:
            for expires_at in (None, index.now() + hour, index.now() - hour):
                gist = gists.create(owner, _draft(visibility=visibility))
                with index.write():
                    Gist.update(expires_at=expires_at).where(Gist.number == gist.number).execute()
    for actor in (NOBODY, alice, bob, Actor(alice.user, frozenset()), Actor(bob.user, frozenset({Scope.GIST_READ}))):
        reads = actor.user is not None and Scope.GIST_READ in actor.scopes
        one_by_one = {
            gist.id
            for gist in Gist.select()
            if access.allowed(actor, access.Action.VIEW, gist)
            and (gist.visibility == "public" or (reads and actor.owns(gist)))
        }
        assert {gist.id for gist in index.gists.page(access.listed(actor), limit=100, offset=0)} == one_by_one
        assert index.gists.count(access.listed(actor)) == len(one_by_one)
        assert {gist.id for gist in index.gists.page(access.public(), limit=100, offset=0)} <= one_by_one
        viewed = {gist.id for gist in Gist.select() if access.allowed(actor, access.Action.VIEW, gist)}
        assert {gist.id for gist in index.gists.page(access.readable(actor), limit=100, offset=0)} == viewed
        assert one_by_one <= viewed


def test_pages_by_number(alice: Actor, bob: Actor) -> None:
    made = [gists.create(alice, _draft(visibility=word)) for word in ("public", "private", "unlisted", "public")]
    newest = made[::-1]
    first = listings.page_from(alice, Listing(owner=alice.user), None, 3)
    assert (first.gists, first.total, first.next) == (newest[:3], 4, newest[3].number)
    last = listings.page_from(alice, Listing(owner=alice.user), first.next, 3)
    assert (last.gists, last.total, last.next) == (newest[3:], 4, None)
    far = listings.page_from(alice, Listing(owner=alice.user), 10**18, 4)
    assert (far.gists, far.next) == (newest, None)
    seen = listings.page_from(bob, Listing(owner=alice.user), made[2].number, 3)
    assert (seen.gists, seen.total, seen.next) == (made[:1], 2, None), "it begins at one that is hidden"


def _holder(actor: Actor, blob: str) -> Gist | None:
    try:
        contents, file = blobs.find(actor, blob)
    except NotFound:
        return None
    assert file.blob == blob
    return contents.gist


def test_a_blob_is_where_the_actor_may_find_it(alice: Actor, bob: Actor) -> None:
    words = ("private", "unlisted", "public")
    hidden, unlisted, public = (gists.create(alice, _draft(visibility=word)) for word in words)
    his = gists.create(bob, _draft(files={"b.py": b"one\n", "c.py": b"one\n"}, visibility="private"))
    blob = index.files.of(hidden)["a.py"].blob
    blind = Actor(alice.user, frozenset({Scope.USER_READ}))
    holders = [_holder(actor, blob) for actor in (alice, bob, NOBODY, blind)]
    assert holders == [hidden, unlisted, unlisted, unlisted]
    gists.change(alice, unlisted, Change(visibility="private"))
    assert _holder(bob, blob) == public
    gists.delete(alice, public)
    assert [_holder(actor, blob) for actor in (bob, NOBODY, blind)] == [his, None, None]
    assert [_holder(alice, word) for word in (blob[:39], blob.upper(), "", "\0", "\ud800", "%")] == [None] * 6


def test_a_blob_that_the_row_still_has_and_the_branch_does_not(alice: Actor, bob: Actor) -> None:
    first, second = gists.create(alice, _draft()), gists.create(bob, _draft())
    blob = index.files.of(first)["a.py"].blob
    with house.store.lock(first.id) as repository:
        repository.edit([FileChange("a.py", b"two")], revisions.signature(alice), "m", house.limits())
    assert _holder(NOBODY, blob) == second
    assert blob not in {file.blob for file in index.files.of(first).values()}, "found on the way, and healed"


def test_a_row_that_lags_is_healed_by_the_next_read(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    with house.store.lock(gist.id) as repository:
        head = repository.edit([FileChange("b", b"x")], revisions.signature(alice), "m", house.limits())
    contents = gists.contents(gists.get(alice, gist.id))
    assert contents.gist.head == contents.revision == head
    assert gists.get(alice, gist.id).file_count == 2
    assert set(index.files.of(gist)) == {"a.py", "b"}


def test_a_stale_lock_does_not_keep_writers_out(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    gists.change(alice, gist, Change(files=[FileChange("a.py", b"1")]))
    (house.store.path(gist.id) / "refs/heads/main.lock").write_bytes(b"")
    changed = gists.change(alice, gist, Change(files=[FileChange("a.py", b"2")]))
    assert _files(changed) == {"a.py": b"2"}


def test_a_number_is_never_used_twice(alice: Actor) -> None:
    """Whoever still holds the row of a deleted gist must not reach the one made after it."""
    gone = gists.create(alice, _draft())
    gists.delete(alice, gone)
    new = gists.create(alice, _draft(visibility="private"))
    assert new.number > gone.number
    with pytest.raises(NotFound):
        gists.change(alice, gone, Change(title="x"))
    with pytest.raises(NotFound):
        likes.like(alice, gone)
    gists.delete(alice, gone)
    assert gists.get(alice, new.id).title == "a.py"


def test_a_refused_change_changes_nothing(alice: Actor) -> None:
    gists.create(alice, _draft(slug="taken"))
    gist = gists.create(alice, _draft())
    with pytest.raises(Conflict):
        gists.change(alice, gist, Change(slug="Taken", files=[FileChange("a.py", b"changed")]))
    assert _files(gist) == {"a.py": b"one\n"}


def test_many_edits_are_few_packs(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    for number in range(80):
        gists.change(alice, gist, Change(files=[FileChange("a.py", b"%d\n" % number)]))
    packs = list((house.store.path(gist.id) / "objects" / "pack").glob("*.pack"))
    assert len(packs) <= 33
    assert len(revisions.history(gist, 0, 100)) == 81
    assert subprocess.run(["git", "-C", house.store.path(gist.id), "fsck", "--strict", "--full"]).returncode == 0
    assert not list(house.store.path(gist.id).rglob("tmp_*"))


def test_a_branch_that_was_lost_is_put_back_to_where_the_index_knows_that_it_was(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    first = gist.head
    (house.store.path(gist.id) / "HEAD").write_text("ref: refs/heads/elsewhere\n")
    assert _files(gists.get(alice, gist.id)) == {"a.py": b"one\n"}
    gist = gists.change(alice, gist, Change(files=[FileChange("a.py", b"2")]))
    (house.store.path(gist.id) / "refs/heads/elsewhere").unlink()
    gist = gists.change(alice, gist, Change(files=[FileChange("a.py", b"3")]))
    assert [entry.id for entry, _ in revisions.history(gist, 0, 9)][2] == first


def test_a_branch_whose_revisions_are_gone_is_damage(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    for file in ("packed-refs", *house.store.path(gist.id).glob("objects/pack/*")):
        (house.store.path(gist.id) / file).unlink()
    with pytest.raises(Unavailable):
        gists.contents(gists.get(alice, gist.id))
    assert list(index.files.of(gist)) == ["a.py"]


def test_search(alice: Actor, bob: Actor) -> None:
    gist = gists.create(
        alice, _draft(files={"notes/Rezept.md": "Mehl, Wasser & 100% Salz, Süß\n".encode()}, title="Brot")
    )
    hidden = gists.create(bob, _draft(files={"a": b"Mehl"}, visibility="private"))
    for words, found in (
        ("mehl", True), ("süß", True), ("SÜß", True), ("WASSER brot", True), ("rezept salz", True), ("100%", True),
        ("süss", False), ("1_0%", False), ("butter", False), ("mehl butter", False), ("'; DROP TABLE", False),
        ('"mehl', False), ("NEAR(", False), ("mehl*", False),
    ):  # fmt: skip
        assert [row.id for row in listings.page(alice, Listing(words=words), 1, 9).gists] == [gist.id] * found, words
    assert {row.id for row in listings.page(bob, Listing(words="mehl"), 1, 9).gists} == {gist.id, hidden.id}
    gists.change(alice, gist, Change(files=[FileChange("notes/Rezept.md", b"Butter")]))
    assert listings.page(alice, Listing(words="mehl"), 1, 9).total == 0
    assert listings.page(alice, Listing(words="butter"), 1, 9).total == 1
    gists.delete(alice, gist)
    assert listings.page(alice, Listing(words="butter"), 1, 9).total == 0
    for bad in ("", "  ", "ab", "x" * 201, "a b c d e f g h i jjj k", "abc\0"):
        with pytest.raises(Invalid):
            listings.page(alice, Listing(words=bad), 1, 9)


def test_what_was_hidden_while_we_waited_stays_hidden(alice: Actor, bob: Actor) -> None:
    """The row that a request has read may be old by the time it gets the lock."""
    gist = gists.create(alice, _draft())
    seen_before = gists.get(bob, gist.id, access.Action.FORK)
    gists.change(alice, gist, Change(visibility="private", files=[FileChange("a.py", b"secret")]))
    with pytest.raises(NotFound):
        gists.fork(bob, seen_before)
    assert len(list(house.store.ids())) == 1


def test_two_changes_from_one_reading_are_both_found(alice: Actor) -> None:
    gist = gists.create(alice, _draft(title="before"))
    gists.change(alice, gist, Change(title="zebra"))
    gists.change(alice, gist, Change(description="giraffe"))
    for words, found in (("zebra", 1), ("giraffe", 1), ("before", 0)):
        assert listings.page(alice, Listing(words=words), 1, 9).total == found, words


def test_packs_that_hold_the_same_are_not_merged_away(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    packs = house.store.path(gist.id) / "objects" / "pack"
    for _ in range(3):
        for number in range(40):  # all of it again, under another name each time: what pushes of nothing new bring
            for file in list(packs.glob("pack-*")):
                if len(file.stem) == 45:
                    (packs / f"pack-{number:040x}{file.suffix}").write_bytes(file.read_bytes())
        with house.store.lock(gist.id):
            pass
        assert list(packs.glob("*.idx")), "nothing is left"
        assert _files(gist) == {"a.py": b"one\n"}
    assert len(list(packs.glob("*.idx"))) <= 33


def test_a_pack_without_an_index_does_not_keep_the_others_apart(alice: Actor) -> None:
    gist = gists.create(alice, _draft())
    packs = house.store.path(gist.id) / "objects" / "pack"
    (packs / f"pack-{'0' * 40}.pack").write_bytes(b"half a pack")
    for number in range(40):
        gists.change(alice, gist, Change(files=[FileChange("a.py", b"%d" % number)]))
    assert len(list(packs.glob("*.idx"))) <= 33
    assert [path.name for path in house.store.remains(gist.id)] == [f"pack-{'0' * 40}.pack"]


def test_of_two_that_want_one_url_at_once_the_refused_one_is_as_before(alice: Actor) -> None:
    mine = [gists.create(alice, _draft()) for _ in range(2)]
    for number in range(20):
        together = Barrier(2)

        def want(gist: Gist, number: int = number, together: Barrier = together) -> bool:
            content = b"%d\n" % number
            together.wait()
            try:
                gists.change(alice, gist, Change(files=[FileChange("a.py", content)], slug=f"wanted-{number}"))
            except Conflict:
                return False
            finally:
                index.close()
            return True

        before = [gists.get(alice, gist.id).head for gist in mine]
        with ThreadPoolExecutor() as pool:
            got = list(pool.map(want, mine))
        assert sorted(got) == [False, True]
        after = [gists.get(alice, gist.id) for gist in mine]
        assert [gist.head != old for gist, old in zip(after, before, strict=True)] == got
        for gist in after:
            assert gists.contents(gist).revision == gist.head


def test_the_url_of_one_that_has_expired_is_free(alice: Actor) -> None:
    over = gists.create(alice, _draft(slug="short", expires_at=index.now() + timedelta(hours=1)))
    with pytest.raises(Conflict):
        gists.create(alice, _draft(slug="Short"))
    with index.write():
        Gist.update(expires_at=index.now()).where(Gist.id == over.id).execute()
    assert gists.create(alice, _draft(slug="Short")).slug == "Short"
    assert index.gists.by_id(over.id) is None and not house.store.path(over.id).exists()


def test_a_moment_beyond_the_calendar_is_refused(alice: Actor) -> None:
    beyond = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12)))
    with pytest.raises(Invalid, match="too far"):
        gists.create(alice, _draft(expires_at=beyond))
