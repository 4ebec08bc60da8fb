"""Webhooks that ask: each has a query, which is answered when something happens, and the answer is what is sent. They
belong to a user and the app that made them, see what the token saw that made them, and end with it."""

import json
import secrets
import uuid
from functools import partial
from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLResolveInfo, OperationDefinitionNode, OperationType, Visitor, visit

from gistd import index
from gistd.core import events, webhooks
from gistd.core.access import Actor, Scope, Whose
from gistd.core.events import Event, Kind
from gistd.errors import Forbidden, Invalid, NotFound
from gistd.index import UNLISTED, Delivery, File, Gist, Subscription, User

from . import cursors, execution, limits
from .asked import Asked
from .execution import field
from .limits import PAGE, Unfit
from .resolvers import Answer, paste_answer

DIALECT = "sourcehut-graphql"
EVENTS = {Kind.CREATE: "PASTE_CREATED", Kind.UPDATE: "PASTE_UPDATED", Kind.DELETE: "PASTE_DELETED"}
_KINDS = {word: kind for kind, word in EVENTS.items()}
_OURS: Any = {"whose": Whose.APP, "dialect": DIALECT}


# ---------------------------------------------------------------------- queries and mutations


@field
def user_webhooks(info: GraphQLResolveInfo, cursor: object = None) -> Answer:
    asked = _outside_of_webhooks(info)
    start = cursors.read(asked.user, DIALECT, cursor)
    found, _ = webhooks.page(asked.actor, PAGE + 1, start, **_OURS)
    return _page(asked, DIALECT, [(_subscription(asked, each), each.id) for each in found])


@field
def user_webhook(info: GraphQLResolveInfo, id: int) -> Answer | None:
    asked = _outside_of_webhooks(info)
    try:
        return _subscription(asked, webhooks.get(asked.actor, id, **_OURS))
    except NotFound:
        return None


@field
def create_user_webhook(info: GraphQLResolveInfo, config: dict[str, Any]) -> Answer:
    asked: Asked = info.context
    _check(config["query"])
    kinds = {_KINDS[word] for word in config["events"]}
    made = webhooks.subscribe(
        asked.actor, DIALECT, config["url"], kinds, asked.url, query=config["query"], by_token=True
    )
    return _subscription(asked, made)


@field
def delete_user_webhook(info: GraphQLResolveInfo, id: int) -> Answer | None:
    asked: Asked = info.context
    try:
        webhook = webhooks.get(asked.actor, id, **_OURS)
    except NotFound:
        return None
    webhooks.delete(webhook)
    return _subscription(asked, webhook)


@field
def webhook(info: GraphQLResolveInfo) -> Answer | None:
    """What happened; null where nothing did."""
    asked: Asked = info.context
    event = asked.event
    if event is None:
        return None
    assert event.gist is not None
    event.gist.owner = asked.user  # all of them: of what it was, the name alone is kept
    return {
        "__typename": "PasteEvent",
        "uuid": event.uuid,
        "event": EVENTS[event.kind],
        "date": event.at,
        "paste": paste_answer(asked, event.gist, lambda _: event.files),
    }


def _outside_of_webhooks(info: GraphQLResolveInfo) -> Asked:
    """A webhook that asks for what webhooks are told would never come to an end. Raises Forbidden."""
    asked: Asked = info.context
    if asked.event is not None:
        raise Forbidden("The query of a webhook does not ask for webhooks")
    return asked


def _check(query: str) -> None:
    """Raise Invalid for what is no query that a webhook can have."""
    try:
        document = limits.read(query)
    except Unfit as error:
        raise Invalid(error.message, {"query": [error.message]}) from error
    problem = _problem(document)
    if problem:
        raise Invalid(problem, {"query": [problem]})


def _problem(document: DocumentNode) -> str | None:
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    if operation.operation is not OperationType.QUERY:
        return "the query of a webhook changes nothing"
    if operation.variable_definitions:
        return "the query of a webhook has no variables"
    names = _Names()
    visit(document, names)
    return None if "webhook" in names.found else "the query of a webhook asks for `webhook`"


class _Names(Visitor):
    """The names of all fields that are selected somewhere. There are no fragments that nobody uses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.found.add(node.name.value)


# ---------------------------------------------------------------------- answers


def _subscription(asked: Asked, webhook: Subscription) -> Answer:
    client = webhook.credential and webhook.credential.client
    return {
        "__typename": "UserWebhookSubscription",
        "id": webhook.id,
        "events": webhooks.words(webhook),
        "query": webhook.query,
        "url": webhook.url,
        "client": client and {"uuid": client.public_id},
        "deliveries": partial(_deliveries, webhook),
        "sample": partial(_sample, webhook),
    }


def _deliveries(webhook: Subscription, info: GraphQLResolveInfo, cursor: object = None) -> Answer:
    asked, of = info.context, f"deliveries of {webhook.id}"
    found, _ = webhooks.told(webhook, PAGE + 1, cursors.read(asked.user, of, cursor))
    return _page(asked, of, [(_delivery(asked, webhook, each), each.id) for each in found])


def _delivery(asked: Asked, webhook: Subscription, told: Delivery) -> Answer:
    answered = told.response_status >= 0
    return {
        "uuid": told.uuid,
        "date": told.created_at,
        "event": EVENTS[Kind(told.kind)],
        "subscription": _subscription(asked, webhook),
        "requestBody": lambda _: webhooks.payload(told),
        "responseBody": told.response,
        "responseHeaders": told.response_headers,
        "responseStatus": told.response_status if answered else None,
    }


def _page(asked: Asked, of: str, rows: list[tuple[Answer, int]]) -> Answer:
    """Of one row more than a page has, if there is one: there begins the next."""
    next = rows[PAGE][1] if len(rows) > PAGE else None
    return {"results": [answer for answer, _ in rows[:PAGE]], "cursor": cursors.write(asked.user, of, next)}


# ---------------------------------------------------------------------- what is sent


def _payload(webhook: Subscription, event: Event) -> str:
    """The answer to the query of the webhook."""
    assert webhook.query is not None
    actor = Actor(webhook.user, frozenset(Scope(word) for word in webhook.scopes.split()))
    return json.dumps(execution.run(webhook.query, None, None, Asked(actor, events.origin(webhook), event)))


def _sample(webhook: Subscription, info: GraphQLResolveInfo, event: str) -> str:
    return _payload(webhook, _made_up(_KINDS[event], info.context.user))


def _made_up(kind: Kind, owner: User) -> Event:
    """An event that never happened, to a paste that never was."""
    now = index.now()
    gist = Gist(sha=secrets.token_hex(20), owner=owner, visibility=UNLISTED, created_at=now)
    file = File(path="hello.txt", blob=secrets.token_hex(20))
    return Event(str(uuid.uuid4()), kind, now, gist, [file], None, None)


events.register(DIALECT, EVENTS, _payload)
