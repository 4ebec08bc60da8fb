"""Webhooks that ask: made at /query, with a query that is answered when something happens."""

import json
import re
from typing import Any

import pytest

from tests.api.sourcehut import gql
from tests.api.sourcehut.gql import Asker
from tests.harness import Client, Server, wait_until
from tests.oauth.apps import App
from tests.web.people import Person, found
from tests.webhooks.hooks import HERE, arrived
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_deliveries import PUBLIC

EVENTS = ["PASTE_CREATED", "PASTE_UPDATED", "PASTE_DELETED"]
ASKS = "query { webhook { uuid event date ... on PasteEvent { paste { id visibility files { filename contents } } } } }"
FIELDS = "id events query url client { uuid } deliveries { results { uuid } cursor }"
TOLD = """query ($id: Int!) { userWebhook(id: $id) { deliveries { cursor results {
    uuid date event subscription { id url } requestBody responseBody responseHeaders responseStatus } } } }"""
NULL = "the requested element is null which the schema does not allow"
NO_WEBHOOKS = "The query of a webhook does not ask for webhooks"
URL = "https://example.org/hook"
LOCAL = "http://10.0.0.1/"


@pytest.fixture(scope="module")
def anna(house: Server) -> Person:
    return Person(house, "anna").sign_up()


@pytest.fixture(scope="module")
def asker(anna: Person) -> Asker:
    return Asker(anna.api())


def subscribe(asker: Asker, query: str = ASKS, url: str = URL, events: Any = EVENTS) -> int:
    made: int = asker.data(gql.SUBSCRIBE, config={"url": url, "events": events, "query": query})["createUserWebhook"][
        "id"
    ]
    return made


def with_scope(person: Person, scope: str) -> Asker:
    """The person, by a token for this alone."""
    page = person.post("/-/settings/access-tokens", name="narrow", scope=[scope])
    return Asker(Client(person.server, person.name, found(r"(og_[0-9a-f]{64})", page.text)))


def ids(asker: Asker) -> list[int]:
    return [each["id"] for each in asker.data(gql.SUBSCRIPTIONS)["userWebhooks"]["results"]]


def test_made_listed_shown_and_deleted(asker: Asker) -> None:
    id = subscribe(asker, events=["PASTE_DELETED", "PASTE_CREATED", "PASTE_CREATED"])
    assert asker.data(gql.SUBSCRIPTIONS, cursor=None)["userWebhooks"]["results"][0] == {"id": id, "url": URL}
    shown = {"id": id, "events": ["PASTE_CREATED", "PASTE_DELETED"], "query": ASKS, "url": URL, "client": None}
    shown["deliveries"] = {"results": [], "cursor": None}
    show = f"query ($id: Int!) {{ userWebhook(id: $id) {{ __typename {FIELDS} }} }}"
    assert asker.data(show, id=id)["userWebhook"] == {"__typename": "UserWebhookSubscription", **shown}
    assert asker.data(gql.UNSUBSCRIBE, id=id) == {"deleteUserWebhook": {"id": id}}
    assert asker.data(show, id=id)["userWebhook"] is None and id not in ids(asker)
    assert asker.problem(gql.UNSUBSCRIBE, id=id) == (NULL, None)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"query": ""}, "query"),
        ({"query": "{"}, "query"),
        ({"query": "{ version { major } }"}, "query"),
        ({"query": "{ webhook { nothing } }"}, "query"),
        ({"query": "{ webhook }"}, "query"),
        ({"query": 'mutation { delete(id: "x") { id } }'}, "query"),
        ({"query": "query ($a: String!) { webhook { uuid } paste(id: $a) { id } }"}, "query"),
        ({"query": "{ webhook { uuid } } { webhook { uuid } }"}, "query"),
        ({"query": "{ webhook { " + "uuid " * 300 + "} }"}, "query"),
        ({"query": "{ webhook { ...a } } fragment a on WebhookPayload { ...a }"}, "query"),
        ({"url": "x"}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"url": LOCAL}, "url"),
        ({"url": f"https://example.org/{'a' * 2048}"}, "url"),
        ({"events": []}, "events"),
    ],
)  # fmt: skip
def test_what_is_no_webhook(asker: Asker, config: dict[str, Any], field: str) -> None:
    before = ids(asker)
    config = {"url": URL, "events": EVENTS, "query": ASKS, **config}
    assert asker.problem(gql.SUBSCRIBE, config=config)[1] == field and ids(asker) == before


def test_the_list_has_pages(anna: Person, house: Server) -> None:
    asker = Asker(Person(house, "paul").sign_up().api())
    made = [subscribe(asker) for _ in range(27)]
    first = asker.data(gql.SUBSCRIPTIONS)["userWebhooks"]
    second = asker.data(gql.SUBSCRIPTIONS, cursor=first["cursor"])["userWebhooks"]
    assert [each["id"] for page in (first, second) for each in page["results"]] == made[::-1]
    assert (len(first["results"]), second["cursor"]) == (25, None)
    assert Asker(anna.api()).problem(gql.SUBSCRIPTIONS, cursor=first["cursor"])[1] == "cursor"


def test_everything_that_happens_is_told(asker: Asker, house: Server, receiver: Receiver) -> None:
    id = subscribe(asker, url=receiver.url("everything"))
    paste = asker.create(("a.txt", b"one\n"), (None, b"two\n"), visibility="PRIVATE")
    files = [{key: file[key] for key in ("filename", "contents")} for file in asker.paste(paste)["files"]]
    arrived(receiver, "everything", 1)
    asker.data(gql.UPDATE, id=paste, visibility="UNLISTED")
    arrived(receiver, "everything", 2)
    asker.http.request("DELETE", f"/api/pastes/{paste}")
    got = arrived(receiver, "everything", 3)
    for each, event, visibility in zip(got, EVENTS, ("PRIVATE", "UNLISTED", "UNLISTED"), strict=True):
        assert each.is_signed_by(PUBLIC) and each.headers["X-Webhook-Event"] == event
        told = each.told["data"].pop("webhook")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told.pop("date")) and each.told.keys() == {
            "data"
        }
        assert told == {
            "uuid": each.name,
            "event": event,
            "paste": {"id": paste, "visibility": visibility, "files": files},
        }

    def settled() -> Any:
        found = asker.data(TOLD, id=id)["userWebhook"]["deliveries"]["results"]
        return found if all(each["responseStatus"] == 200 for each in found) else None

    told = wait_until(settled, "all are answered")
    assert [(each["uuid"], each["event"], each["requestBody"]) for each in told] == [
        (each.name, each.headers["X-Webhook-Event"], each.body.decode()) for each in reversed(got)
    ]
    assert told[0]["subscription"] == {"id": id, "url": receiver.url("everything")}
    assert "Content-Length: 0" in told[0]["responseHeaders"] and told[0]["responseBody"] == ""


def test_only_what_was_subscribed_to_is_told(asker: Asker, receiver: Receiver) -> None:
    subscribe(asker, url=receiver.url("deleted"), events=["PASTE_DELETED"])
    asker.data(gql.DELETE, id=asker.create())
    assert [each.headers["X-Webhook-Event"] for each in arrived(receiver, "deleted")] == ["PASTE_DELETED"]


def test_a_query_sees_what_its_token_saw(anna: Person, asker: Asker, receiver: Receiver) -> None:
    paste = "paste { user { canonicalName created ... on User { email } } }"
    whole = f"{{ webhook {{ ... on PasteEvent {{ {paste} }} }} pastes {{ cursor }} }}"
    subscribe(asker, whole, receiver.url("whole"))
    subscribe(with_scope(anna, "gist:read"), whole, receiver.url("narrow"))
    asker.create()
    (told,) = arrived(receiver, "whole")
    me = asker.data("{ me { canonicalName created email } }")["me"]
    assert told.told == {"data": {"webhook": {"paste": {"user": me}}, "pastes": {"cursor": None}}}
    (told,) = arrived(receiver, "narrow")
    assert told.told["data"] is None and "needs PROFILE:RO" in told.told["errors"][0]["message"]
    config = {"url": URL, "events": EVENTS, "query": ASKS}
    assert with_scope(anna, "user:read").problem(gql.SUBSCRIBE, config=config)[0].endswith("(needs PASTES:RO)")


def test_a_query_does_not_ask_for_webhooks(asker: Asker, receiver: Receiver) -> None:
    subscribe(asker, "{ webhook { uuid } userWebhook(id: 1) { id } }", receiver.url("loop"))
    asker.create()
    (told,) = arrived(receiver, "loop")
    assert told.told["errors"][0]["message"] == NO_WEBHOOKS and told.told["data"]["webhook"] == {"uuid": told.name}


@pytest.mark.parametrize("event", EVENTS)
def test_a_sample(asker: Asker, event: str) -> None:
    id = subscribe(asker)
    query = f"query ($id: Int!) {{ userWebhook(id: $id) {{ sample(event: {event}) }} }}"
    told = json.loads(asker.data(query, id=id)["userWebhook"]["sample"])["data"]["webhook"]
    assert told["event"] == event and told["paste"]["files"][0]["filename"] == "hello.txt"
    assert asker.data(TOLD, id=id)["userWebhook"]["deliveries"]["results"] == []


def test_they_are_those_of_the_user_and_the_app(anna: Person, asker: Asker, house: Server) -> None:
    app = App(Person(house, "dora").sign_up())
    of_app, again = Asker(app.client(anna)), Asker(app.client(anna))
    bert = Asker(Person(house, "bert").sign_up().api())
    other = Asker(anna.api())
    mine, its = subscribe(asker), subscribe(of_app)
    seen = [[id in ids(each) for id in (mine, its)] for each in (asker, other, of_app, again, bert)]
    assert seen == [[True, False], [True, False], [False, True], [False, True], [False, False]]
    shown = "query ($id: Int!) { userWebhook(id: $id) { client { uuid } } }"
    assert again.data(shown, id=its)["userWebhook"] == {"client": {"uuid": app.id}}
    for each, id in ((of_app, mine), (bert, mine), (bert, its), (asker, its)):
        assert each.data(shown, id=id)["userWebhook"] is None
        assert each.problem(gql.UNSUBSCRIBE, id=id) == (NULL, None)
    assert mine in ids(asker) and its in ids(of_app)
    assert [each["id"] for each in asker.http.get(HERE).json()["results"] if each["id"] in (mine, its)] == []
    assert asker.http.get(f"{HERE}/{mine}").status_code == 404


def test_they_end_with_the_token(anna: Person, asker: Asker) -> None:
    id = subscribe(Asker(anna.api()))  # its token is the newest one, and the first on the page
    assert id in ids(asker)
    page = anna.get("/-/settings/access-tokens").text
    anna.post(found(r'action="(/-/settings/access-tokens/\d+/revoke)"', page))
    assert id not in ids(asker)


def test_they_end_with_the_app(anna: Person, house: Server) -> None:
    app = App(Person(house, "dirk").sign_up())
    subscribe(Asker(app.client(anna)))
    assert anna.post(f"/-/settings/apps/{app.id}/forbid").status_code == 303
    assert ids(Asker(app.client(anna))) == []
