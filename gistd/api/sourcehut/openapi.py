"""What sourcehut's routes do not tell of themselves, for its OpenAPI document."""

from gistd.core.access import Open, Scope
from gistd.core.scopes import in_legacy
from gistd.describe import (
    INTEGER,
    NOTHING,
    STRING,
    TOO_LONG,
    Description,
    Schema,
    a_list,
    an_object,
    in_json,
    needs_token,
    nullable,
    query,
    ref,
)
from gistd.http import Route
from gistd.index import VISIBILITIES

from . import shapes
from .answers import PAGE_SIZE

ABOUT = """Pastes and blobs by REST, as the clients of paste.sr.ht know them. Send a token in the header "Authorization:
token …"; "Bearer" means the same. Any token of gistd's does, within its scopes. Nothing but the version can be had
without one. What is private is answered as if it were not there, and so is a blob that no paste holds which the caller
may read."""

_TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2024-01-31T12:00:00+00:00"]}
_SHA: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_SHORT_USER: dict[str, Schema] = {
    "canonical_name": {"type": "string", "examples": ["~alice"]},
    "name": {"type": "string", "examples": ["alice"]},
}
_EVENT: Schema = {"enum": list(shapes.EVENTS.values())}
_WEBHOOK = an_object(id=INTEGER, created=_TIME, events=a_list(_EVENT), url=STRING)


def _page_of(name: str) -> Schema:
    return an_object(
        next=nullable(STRING), results=a_list(ref(name)), results_per_page={"const": PAGE_SIZE}, total=INTEGER
    )


_SCHEMAS: dict[str, Schema] = {
    "PasteErrors": an_object(errors=a_list(an_object({"field": STRING}, reason=STRING))),
    "ShortUser": an_object(**_SHORT_USER),
    "LongUser": an_object(
        **_SHORT_USER, email=nullable(STRING), url=nullable(STRING), location=nullable(STRING), bio=nullable(STRING)
    ),
    "SourcehutPaste": an_object(
        created=_TIME,
        sha=_SHA,
        user=ref("ShortUser"),
        visibility={"enum": list(VISIBILITIES)},
        files=a_list(an_object(filename=nullable(STRING), blob_id=_SHA)),
    ),
    "Blob": an_object(created=_TIME, sha=_SHA, contents=STRING),
    "Pastes": _page_of("SourcehutPaste"),
    "Webhook": _WEBHOOK,
    "Webhooks": _page_of("Webhook"),
    "Delivery": an_object(
        id={"type": "string", "format": "uuid"},
        created=_TIME,
        event=_EVENT,
        url=STRING,
        payload=STRING,
        payload_headers=STRING,
        response=nullable(STRING),
        response_status={"type": "integer", "minimum": -2},
        response_headers=nullable(STRING),
    ),
    "Deliveries": _page_of("Delivery"),
    "Version": an_object(version={"type": "string", "examples": ["0.1.0"]}),
}
_START = query(
    "start",
    "Where the page begins: what `next` of the one before says. Absent, empty and -1 are the beginning.",
    {"anyOf": [{"type": "integer"}, {"const": ""}]},
)


def _errors(*statuses: int) -> Schema:
    words = {
        400: "Malformed, or breaks a rule; each error says which, and the member that it is about.",
        401: "No token, a wrong one, or somebody else's paste.",
        403: "The token is not for this.",
        404: "Not there, or hidden.",
        413: "Too large.",
        429: "Too many wrong tokens; try again after Retry-After seconds.",
        503: "Not available just now; try again after Retry-After seconds.",
    }
    return {str(status): in_json(ref("PasteErrors"), words[status]) for status in statuses}


_PASTE = in_json(ref("SourcehutPaste"), "The paste.")
_USER: Schema = {"responses": {"200": in_json(ref("LongUser"), "The user."), **_errors(404)}}

_DETAILS: dict[str, Schema] = {
    "show_version": {"responses": {"200": in_json(ref("Version"), "The version.")}},
    "show_me": {"responses": {"200": in_json(ref("LongUser"), "You.")}},
    "show_user": _USER,
    "list_pastes": {"parameters": [_START], "responses": {"200": in_json(ref("Pastes"), "A page."), **_errors(400)}},
    "create_paste": {
        "body": shapes.PasteIn,
        "example": {"visibility": "unlisted", "files": [{"filename": "hello.py", "contents": "print('hello')\n"}]},
        "responses": {"201": _PASTE, **_errors(400, 413)},
    },
    "show_paste": {"responses": {"200": _PASTE, **_errors(404)}},
    "change_paste": {
        "body": shapes.PasteChangeIn,
        "example": {"visibility": "private"},
        "responses": {"200": _PASTE, **_errors(400, 404, 413)},
    },
    "delete_paste": {"responses": {**NOTHING, **_errors(404)}},
    "list_webhooks": {
        "parameters": [_START],
        "responses": {"200": in_json(ref("Webhooks"), "A page."), **_errors(400)},
    },
    "create_webhook": {
        "body": shapes.WebhookIn,
        "example": {"url": "https://receiver.invalid/hook", "events": ["paste:create", "paste:delete"]},
        "responses": {"201": in_json(ref("Webhook"), "The webhook."), **_errors(400)},
    },
    "show_webhook": {"responses": {"200": in_json(ref("Webhook"), "The webhook."), **_errors(404)}},
    "delete_webhook": {"responses": {**NOTHING, **_errors(404)}},
    "list_deliveries": {
        "parameters": [_START],
        "responses": {"200": in_json(ref("Deliveries"), "A page."), **_errors(400, 404)},
    },
    "show_delivery": {"responses": {"200": in_json(ref("Delivery"), "What was told."), **_errors(404)}},
    "redeliver": {"responses": {"200": in_json(an_object(), "It is sent again."), **_errors(404)}},
    "show_blob": {"responses": {"200": in_json(ref("Blob"), "The blob."), **_errors(404)}},
}


def _always(route: Route) -> Schema:
    return {**_errors(403, 503), **TOO_LONG, **(_errors(401, 429) if needs_token(route.scope) else {})}


def _who(scope: Scope | Open) -> str:
    if isinstance(scope, Scope):
        return f"Needs a token with the scope {in_legacy(scope)}."
    return "Needs any valid token." if needs_token(scope) else "Open to everybody."


DESCRIPTION = Description(
    title="gistd: sourcehut's pastes",
    about=ABOUT,
    server="/api",
    token={
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The word token, a space, and a token.",
    },
    schemas=_SCHEMAS,
    details=_DETAILS,
    always=_always,
    words=_who,
    path_parameters={
        "sha": {**_SHA, "description": "A hash, all of it."},
        "name": {"type": "string", "description": "The name of a user."},
        "id": {**INTEGER, "description": "The number of a webhook."},
        "uuid": {"type": "string", "description": "The name of a delivery."},
    },
)
