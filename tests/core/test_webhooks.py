"""What becomes of gists is written down for those who subscribed to it, with the write itself; and settled later."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from gistd import index
from gistd.core import deliveries, events, gists, house, jobs, likes, outside, revisions, webhooks
from gistd.core.access import ALL_SCOPES, NOBODY, Actor, Scope
from gistd.core.drafts import Change, Draft
from gistd.core.events import Kind
from gistd.errors import Conflict, Forbidden, Invalid, NotFound
from gistd.index import Delivery, Gist, Subscription
from gistd.store import FileChange

EVERYTHING = [kind for kind in Kind if kind is not Kind.PING]


@pytest.fixture(autouse=True)
def dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialect that shows everything; and nobody who sends."""
    monkeypatch.setattr(events, "dialects", {})
    monkeypatch.setattr(jobs, "later", lambda *_, **__: None)
    events.register("plain", {kind: str(kind) for kind in Kind}, lambda webhook, event: json.dumps(event.kind))


def subscribe(actor: Actor, kinds: Iterable[Kind] = EVERYTHING, **options: Any) -> Subscription:
    return webhooks.subscribe(actor, "plain", "https://example.org/hook", list(kinds), "https://here", **options)


def told(webhook: Subscription) -> list[events.Event]:
    rows, _ = webhooks.told(webhook, 1000)
    return [events.event(row) for row in reversed(rows)]


def draft(**fields: Any) -> Draft:
    return Draft(files={"a.txt": b"1\n"}, **fields)


def written(path: str, content: bytes) -> Change:
    return Change(files=[FileChange(path, content)])


def test_each_write_is_told(alice: Actor, bob: Actor) -> None:
    webhook = subscribe(alice)
    gist = gists.create(alice, draft(title="First", topics=["one"]))
    gist = gists.change(alice, gist, written("a.txt", b"2\n"))
    gist = gists.change(alice, gist, Change(visibility="private"))
    gist = gists.change(alice, gist, Change(visibility="public", title="Second", topics=["two"]))
    fork, _ = gists.fork(bob, gist)
    likes.like(bob, gist)
    gists.delete(alice, gist)
    seen = told(webhook)
    assert [event.kind for event in seen] == [
        Kind.CREATE, Kind.UPDATE, Kind.UPDATE, Kind.UPDATE, Kind.FORK, Kind.LIKE, Kind.DELETE,
    ]  # fmt: skip
    shots = [event.gist for event in seen if event.gist]
    assert [shot.visibility for shot in shots] == [
        "public",
        "public",
        "private",
        "public",
        "public",
        "public",
        "public",
    ]
    assert [shot.title for shot in shots] == ["First"] * 3 + ["Second"] * 4
    assert (shots[0].topic_names, shots[3].topic_names) == (["one"], ["two"])
    assert {(shot.id, shot.sha, shot.number, shot.owner.username) for shot in shots if shot.owner} == {
        (gist.id, gist.sha, gist.number, "Alice")
    }
    assert shots[0].head != shots[1].head == shots[2].head == gist.head
    assert (shots[1].created_at, shots[-1].updated_at) == (gist.created_at, gist.updated_at)
    assert [[(file.path, file.size) for file in event.files] for event in seen] == [[("a.txt", 2)]] * 7
    assert [event.by for event in seen[4:]] == ["bob", "bob", None]
    assert [event.fork for event in seen[4:]] == [fork.id, None, None]


def test_what_changes_nothing_is_not_told(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, draft(title="Same", topics=["one"]))
    likes.like(bob, gist)
    webhook = subscribe(alice)
    for change in (
        written("a.txt", b"1\n"),
        Change(title="Same"),
        Change(visibility="public"),
        Change(topics=["one"]),
        Change(description="", notes={"a.txt": {"syntax": None}}),
    ):
        gist = gists.change(alice, gist, change)
    gists.archive(alice, gist)
    gists.archive(alice, gist, False)
    likes.like(bob, gist)
    likes.like(bob, gist, False)
    with pytest.raises(Invalid):
        gists.change(alice, gist, Change(visibility="private", files=[FileChange("..", b"")]))
    assert told(webhook) == []


def test_only_the_owner_is_told_and_only_of_what_they_asked_for(alice: Actor, bob: Actor) -> None:
    mine, theirs, creates = subscribe(alice), subscribe(bob), subscribe(alice, [Kind.CREATE])
    gist = gists.create(alice, draft(visibility="private"))
    gists.create(NOBODY, draft())
    gists.delete(alice, gist)
    assert [event.kind for event in told(mine)] == [Kind.CREATE, Kind.DELETE]
    assert [event.kind for event in told(creates)] == [Kind.CREATE]
    assert told(theirs) == []


def test_a_fork_is_an_event_for_both(alice: Actor, bob: Actor) -> None:
    hers, his = subscribe(alice), subscribe(bob)
    gist = gists.create(alice, draft(visibility="unlisted"))
    fork, _ = gists.fork(bob, gist)
    gists.fork(bob, gist)
    assert [(event.kind, event.by, event.fork) for event in told(hers)] == [
        (Kind.CREATE, None, None),
        (Kind.FORK, None, None),  # the lists would not show it either
    ]
    assert [(event.kind, event.gist and event.gist.id) for event in told(his)] == [(Kind.CREATE, fork.id)]


def test_the_end_of_a_gist_that_has_expired_is_not_told(alice: Actor) -> None:
    webhook = subscribe(alice, [Kind.DELETE])
    gist = gists.create(alice, draft(slug="mine"))
    with index.write():
        Gist.update(expires_at=index.now() - timedelta(seconds=1)).execute()
    gists.create(alice, draft(slug="mine"))
    assert index.gists.by_id(gist.id) is None and told(webhook) == []


def test_what_a_crash_left_behind_is_told_when_it_is_found(alice: Actor) -> None:
    webhook = subscribe(alice)
    gist = gists.create(alice, draft())
    with house.store.lock(gist.id) as repository:
        signature = revisions.signature(alice)
        repository.edit([FileChange("a.txt", b"2\n")], signature, "", house.limits())
    assert [event.kind for event in told(webhook)] == [Kind.CREATE]
    gists.contents(gist)
    assert [event.kind for event in told(webhook)] == [Kind.CREATE, Kind.UPDATE]


def test_a_write_that_fails_is_not_told(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = subscribe(alice)

    def fail(*_: Any) -> None:
        raise Conflict("no")

    monkeypatch.setattr(index.webhooks, "post", fail)
    with pytest.raises(Conflict):
        gists.create(alice, draft())
    assert alice.user is not None
    assert (index.gists.ids_of(alice.user), told(webhook)) == ([], [])


def test_a_token_takes_its_webhooks_along(alice: Actor) -> None:
    user = alice.user
    assert user
    made = index.accounts.add_credential(user, "token", "x" * 64, "", ["gist:read"], None)
    actor = Actor(user, ALL_SCOPES, credential=made.id)
    webhook, other = subscribe(actor, by_token=True), subscribe(alice)
    gists.create(alice, draft())
    assert (len(told(webhook)), len(told(other))) == (1, 1)
    made.expires_at = index.now()
    with index.write():
        made.save()
    gists.create(alice, draft())
    assert (len(told(webhook)), len(told(other))) == (1, 2)
    index.webhooks.forget(index.now() - timedelta(days=1))
    assert [each.id for each in webhooks.page(alice, 10)[0]] == [other.id]
    again = subscribe(actor, by_token=True)
    index.accounts.delete_credential(made)
    with pytest.raises(NotFound):
        webhooks.get(alice, again.id)
    assert Delivery.select().where(Delivery.subscription == again).count() == 0


def test_who_may_subscribe_to_what(alice: Actor, bob: Actor) -> None:
    with pytest.raises(Forbidden):
        subscribe(Actor(alice.user, frozenset({Scope.USER_WRITE})))
    with pytest.raises(Invalid):
        subscribe(alice, [])
    webhook = subscribe(alice)
    for stranger in (bob, NOBODY):
        with pytest.raises(NotFound):
            webhooks.get(stranger, webhook.id)
    for number in (0, -1, webhook.id + 1, 2**31, 2**70):
        with pytest.raises(NotFound):
            webhooks.get(alice, number)
    for name in ("", "x", "\0", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            webhooks.delivery(webhook, name)
    for _ in range(house.settings.max_webhooks - 1):
        subscribe(alice)
    with pytest.raises(Conflict):
        subscribe(alice)
    subscribe(bob)


def test_one_at_a_time_sends(alice: Actor) -> None:
    webhook = subscribe(alice)
    for _ in range(2):
        gists.create(alice, draft())
    until = index.now() + timedelta(minutes=1)
    first = index.webhooks.claim(webhook.id, until)
    assert first and index.webhooks.claim(webhook.id, until) is None
    assert index.webhooks.due(index.now() + timedelta(seconds=1)) == []  # somebody sends
    assert index.webhooks.due(until + timedelta(seconds=1)) == [(webhook.id, until)]  # and may be gone
    done = {"response": "", "response_status": 200, "response_headers": "", "due_at": None}
    index.webhooks.settle(first, done, {"failures": 0})
    second = index.webhooks.claim(webhook.id, index.now())  # gone at once
    assert second and second.id == first.id + 1
    third = index.webhooks.claim(webhook.id, until)
    assert third and third.id == second.id
    index.webhooks.settle(third, done, {"rests_until": until})
    webhooks.ping(webhook)
    assert [row.kind for row in webhooks.told(webhook, 1)[0]] == [Kind.PING]
    assert [id for id, _ in index.webhooks.due(until)] == [webhook.id]  # who tries it out does not wait


def test_who_does_not_answer_is_asked_ever_more_seldom(alice: Actor) -> None:
    """Each delivery five times; then one attempt at a time, up to half a day apart, however long that goes on."""
    webhook = subscribe(alice)
    gists.create(alice, draft())
    waits = []
    for _ in range(60):
        [told], _ = webhooks.told(webhook, 1)
        told.attempts += 1
        deliveries._conclude(told, outside.Unreachable("nobody there"))
        now, row = index.now(), webhooks.get(alice, webhook.id)
        index.webhooks.note(told, {"attempts": told.attempts})
        [told], _ = webhooks.told(webhook, 1)
        waits.append([(at - now).total_seconds() if at else 0 for at in (told.due_at, row.rests_until)])
    minutes = [[round(seconds / 60) for seconds in pair] for pair in waits]
    assert minutes[:6] == [[1, 0], [4, 0], [16, 0], [64, 0], [0, 256], [0, 720]]
    assert minutes[6:] == [[0, 720]] * 54
    deliveries._conclude(told, outside.Answer(200, "", ""))
    row = webhooks.get(alice, webhook.id)
    assert (row.failures, row.rests_until) == (0, None)


def test_nobody_looks_too_early(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came a moment before something is due would find nothing to do, and nobody else would look for a minute."""
    webhook = subscribe(alice)
    gists.create(alice, draft())
    asked: list[int] = []
    monkeypatch.setattr(jobs, "later", lambda name, id, delay=0: asked.append(delay))
    [told] = webhooks.told(webhook, 1)[0]
    for milliseconds in (400, 1400, 2400):
        at = index.now() + timedelta(milliseconds=milliseconds)
        index.webhooks.note(told, {"due_at": at})
        deliveries.sweep()
        assert index.now() + timedelta(seconds=asked[-1]) >= at


def test_what_was_told_long_ago_is_forgotten(alice: Actor) -> None:
    webhook = subscribe(alice)
    gists.create(alice, draft())
    gists.create(alice, draft())
    old, new = reversed(webhooks.told(webhook, 10)[0])
    index.webhooks.note(old, {"created_at": index.now() - timedelta(days=31)})
    index.webhooks.forget(index.now() - timedelta(days=30))
    assert [row.id for row in webhooks.told(webhook, 10)[0]] == [new.id]


def test_a_clock_that_was_set_back_holds_nothing_up(alice: Actor) -> None:
    """What is due, rests or is being sent until a time that is far away, is due now."""
    webhook, far = subscribe(alice), index.now() + timedelta(days=3652)
    gists.create(alice, draft())
    with index.write():
        Delivery.update(due_at=far).execute()
        Subscription.update(rests_until=far, leased_until=far).execute()
    assert index.webhooks.claim(webhook.id, far) is None
    deliveries.sweep()
    assert index.webhooks.claim(webhook.id, far) is not None
