"""What paste.gg's routes do not tell of themselves, for its OpenAPI document."""

from gistd.core.access import Open, Scope
from gistd.describe import (
    ANYTHING,
    ID,
    NOTHING,
    STRING,
    TIME,
    TOO_LONG,
    Description,
    Schema,
    a_list,
    an_object,
    in_json,
    nullable,
    query,
    ref,
)
from gistd.http import Route
from gistd.index import VISIBILITIES

from . import shapes

ABOUT = """Pastes by REST, as paste.gg's clients know it; the same at /api/v0, /v1 and /v0. Send an API key in the
header "Authorization: Key …"; make one with "gistd key create". A key that is wrong is refused everywhere, also where
none is needed. What is private is answered as if it were not there. A paste that was made without a key is nobody's:
its answer has a deletion key, which is sent in the same header to delete it."""

_UUID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_CONTENT = an_object(format={"enum": ["text", "base64"]}, value=STRING)
_FILE = {
    "id": ID,
    "name": {"type": "string", "examples": ["hello.py"]},
    "highlight_language": nullable({"type": "string", "examples": ["python"]}),
}
_LISTED = {
    "id": ID,
    "name": nullable(STRING),
    "description": nullable(STRING),
    "visibility": {"enum": list(VISIBILITIES)},
    "created_at": TIME,
    "updated_at": TIME,
}
_EXPIRES = {"expires": {**TIME, "description": "Only there if it expires."}}
_SCHEMAS: dict[str, Schema] = {
    "PasteError": {
        "type": "object",
        "required": ["status", "error"],
        "properties": {"status": {"const": "error"}, "error": STRING, "message": STRING},
        "examples": [{"status": "error", "error": "missing_paste"}],
    },
    "PasteAuthor": an_object(id=ID, username=STRING, name=STRING),
    "PasteContent": _CONTENT,
    "PasteFile": an_object({"content": ref("PasteContent")}, **_FILE),
    "ListedPaste": an_object(_EXPIRES, **_LISTED),
    "Paste": an_object(
        {
            **_EXPIRES,
            "author": ref("PasteAuthor"),
            "deletion_key": {"type": "string", "format": "uuid", "description": "Once, for a paste of nobody's."},
        },
        **_LISTED,
        files=a_list(ref("PasteFile")),
    ),
}


def _result(schema: Schema, description: str) -> Schema:
    return in_json(an_object(status={"const": "success"}, result=schema), description)


def _errors(*statuses: int) -> Schema:
    words = {
        400: "Malformed, breaks a rule, or the key is missing or wrong.",
        403: "Not allowed.",
        404: "Not there, or hidden.",
        412: "Changed while it was to be deleted.",
        413: "Too large.",
        422: "Not a list of ids.",
        429: "Too many wrong keys; try again after Retry-After seconds.",
        503: "Not available just now; try again after Retry-After seconds.",
    }
    return {str(status): in_json(ref("PasteError"), words[status]) for status in statuses}


_FULL = query("full", "`true`: the files have their content.", ANYTHING)
_EXAMPLE_FILE = {"name": "hello.py", "content": {"format": "text", "value": "print('hello')\n"}}
_WRITE = {**NOTHING, **_errors(404, 413)}

_DETAILS: dict[str, Schema] = {
    "list_pastes": {
        "parameters": [query("limit", "How many: 5, at most 100.", ANYTHING)],
        "responses": {"200": _result(a_list(ref("ListedPaste")), "The pastes.")},
    },
    "create_paste": {
        "body": shapes.PasteIn,
        "example": {"name": "Hello", "files": [_EXAMPLE_FILE]},
        "responses": {"201": _result(ref("Paste"), "The new paste."), **_errors(404, 413)},
    },
    "delete_pastes": {
        "body": {"type": "array", "items": _UUID, "maxItems": 15},
        "example": ["0123456789abcdef0123456789abcdef"],
        "responses": {**_WRITE, **_errors(422)},
    },
    "show_paste": {"parameters": [_FULL], "responses": {"200": _result(ref("Paste"), "The paste."), **_errors(404)}},
    "change_paste": {"body": shapes.PasteChangeIn, "example": {"name": "Hello again"}, "responses": _WRITE},
    "delete_paste": {"security": [{"token": []}], "responses": {**NOTHING, **_errors(404)}},
    "list_files": {"responses": {"200": _result(a_list(ref("PasteFile")), "The files."), **_errors(404)}},
    "add_file": {
        "body": shapes.FileIn,
        "example": _EXAMPLE_FILE,
        "responses": {"201": _result(ref("PasteFile"), "The new file."), **_errors(404, 413)},
    },
    "change_files": {
        "body": shapes.FileChangeIn(many=True),
        "example": [{"id": "0123456789abcdef0123456789abcdef", "name": "hallo.py"}, _EXAMPLE_FILE],
        "responses": {**_WRITE, **_errors(412)},
    },
    "show_file": {"responses": {"200": _result(ref("PasteFile"), "The file."), **_errors(404)}},
    "change_file": {
        "body": shapes.FileChangeIn,
        "example": {"content": {"format": "text", "value": "print('hello again')\n"}},
        "responses": {**_WRITE, **_errors(412)},
    },
    "delete_file": {"responses": {**NOTHING, **_errors(404, 412)}},
    "show_raw": {"responses": {"200": {"description": "The bytes, without a type."}, **_errors(404)}},
    "list_pastes_of_user": {
        "parameters": [query("page", "The page, from 1; 15 pastes each.", ANYTHING)],
        "responses": {"200": _result(a_list(ref("Paste")), "The pastes."), **_errors(404)},
    },
}


def _always(_: Route) -> Schema:
    return {**_errors(400, 403, 429, 503), **TOO_LONG}


def _who(scope: Scope | Open) -> str:
    if isinstance(scope, Scope):
        return "Needs an API key."
    return "Needs an API key, or the deletion key." if scope is Open.EVERYBODY else "Open to everybody."


DESCRIPTION = Description(
    title="gistd: paste.gg's API",
    about=ABOUT,
    server="/api/v1",
    prefix="/api/<any(v1, v0):version>",
    token={"type": "apiKey", "in": "header", "name": "Authorization", "description": "Key, a space, and an API key."},
    schemas=_SCHEMAS,
    details=_DETAILS,
    always=_always,
    words=_who,
    path_parameters={
        "id": {**_UUID, "description": "The id of a paste."},
        "file_id": {**_UUID, "description": "Of a file."},
    },
)
