"""What ranna's routes do not tell of themselves, for its OpenAPI document."""

from gistd.core.access import Open, Scope
from gistd.describe import (
    NOTHING,
    STRING,
    TOO_LONG,
    Description,
    Schema,
    a_list,
    an_object,
    in_json,
    nullable,
    ref,
)
from gistd.http import Route

from . import shapes

ABOUT = """Snippets by REST, as the clients of ranna's snippets know it; the same without /v1. An account is made with a
name alone, and its masterkey is shown once: exchange it for an API token, and send that in the header
"Authorization: Bearer …". An access token of gistd's does as well. A token that is wrong is refused everywhere, also
where none is needed. A snippet that was made without a token is nobody's, and nobody can delete it."""

_TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2021-05-10T14:39:17.033443+00:00"]}
_GUID: Schema = {"type": "string", "format": "uuid"}
_USER: dict[str, Schema] = {"username": {"type": "string", "examples": ["alice"]}, "id": _GUID, "timestamp": _TIME}
_LISTED: dict[str, Schema] = {
    "ident": {"type": "string", "pattern": "^[A-Za-z0-9]{6}$"},
    "language": {"type": "string", "examples": ["go"]},
    "displayname": nullable(STRING),
    "id": _GUID,
    "timestamp": _TIME,
}
_ERROR = an_object(
    {"errors": {"type": "object", "additionalProperties": a_list(STRING)}},
    type=STRING,
    title=STRING,
    status={"type": "integer"},
    traceId=STRING,
    code={"type": "integer"},
    message={"type": "string", "examples": ["Not Found"]},
)
_SCHEMAS: dict[str, Schema] = {
    "SnippetError": _ERROR,
    "SnippetUser": an_object(**_USER),
    "NewSnippetUser": an_object(**_USER, masterkey=STRING),
    "SnippetToken": an_object(token=STRING),
    "ListedSnippet": an_object(**_LISTED),
    "Snippet": an_object(**_LISTED, code=STRING, owner=nullable(ref("SnippetUser"))),
}
_EXAMPLE = {"language": "go", "code": "package main\n"}


def _errors(*statuses: int) -> Schema:
    words = {
        400: "Malformed, or breaks a rule.",
        401: "The token or the masterkey is missing where one is needed, or wrong.",
        403: "Not allowed.",
        404: "Not there, hidden, or not yours.",
        409: "The only admin stays.",
        413: "Too large.",
        415: "Not JSON.",
        429: "Too many wrong tokens, or new accounts; try again after Retry-After seconds.",
        503: "Not available just now; try again after Retry-After seconds.",
    }
    schema = {"schema": ref("SnippetError")}
    content = {"application/json": schema, "application/problem+json": schema}
    return {str(status): {"description": words[status], "content": content} for status in statuses}


_SNIPPET = in_json(ref("Snippet"), "The snippet.")
_WRITE = _errors(400, 413, 415)

_DETAILS: dict[str, Schema] = {
    "create_user": {"responses": {"200": in_json(ref("NewSnippetUser"), "The new account."), **_errors(400)}},
    "delete_user": {"responses": {**NOTHING, **_errors(409)}},
    "issue_token": {"responses": {"200": in_json(ref("SnippetToken"), "The token.")}},
    "revoke_tokens": {"responses": NOTHING},
    "list_snippets": {"responses": {"200": in_json(a_list(ref("ListedSnippet")), "The snippets.")}},
    "create_snippet": {"body": shapes.SnippetIn, "example": _EXAMPLE, "responses": {"200": _SNIPPET, **_WRITE}},
    "show_snippet": {"responses": {"200": _SNIPPET, **_errors(404)}},
    "change_snippet": {
        "body": shapes.SnippetIn,
        "example": {"displayname": "Hello"},
        "responses": {"200": _SNIPPET, **_WRITE, **_errors(404)},
    },
    "delete_snippet": {"responses": {**NOTHING, **_errors(404)}},
}


def _always(_: Route) -> Schema:
    return {**_errors(401, 403, 429, 503), **TOO_LONG}


def _who(scope: Scope | Open) -> str:
    if scope is Scope.USER_WRITE:
        return "Needs the masterkey, in the place of the token."
    return "Needs a token." if isinstance(scope, Scope) else "Open to everybody."


DESCRIPTION = Description(
    title="gistd: ranna's snippets",
    about=ABOUT,
    server="/v1",
    prefix="/v1",
    token={"type": "http", "scheme": "bearer"},
    schemas=_SCHEMAS,
    details=_DETAILS,
    always=_always,
    words=_who,
    path_parameters={
        "username": {
            "type": "string",
            "pattern": f"^{shapes.USERNAME.pattern}$",
            "description": "The name of an account.",
        },
        "ident": {"type": "string", "description": "The ident of a snippet, or its id."},
    },
)
