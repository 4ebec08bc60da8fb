"""What ownpaste's routes do not tell of themselves, for its OpenAPI document."""

from gistd.core.access import Open, Scope
from gistd.describe import (
    ANYTHING,
    BOOLEAN,
    BYTES,
    INTEGER,
    STRING,
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

from . import shapes

ABOUT = """Pastes by REST, as ownpaste's clients know it: one file each. JSON is for whoever accepts it above HTML
("Accept: application/json"); others are led to the pages. Clients are known by HTTP digest, with a secret that is set
for it: on the web under Settings, or with "gistd user digest". What is private is unlisted: whoever has its private
id reads it, by its number only its owner."""

_PASTE = {
    "paste_id": INTEGER,
    "language": {"type": "string", "examples": ["python"]},
    "file_name": nullable({"type": "string", "examples": ["hello.py"]}),
    "pub_timestamp": {**INTEGER, "description": "Seconds since 1970."},
    "private": BOOLEAN,
    "private_id": nullable({"type": "string", "pattern": "^[A-Za-z0-9]{20}$"}),
}
_OK: Schema = {"const": "ok"}
_PREVIEW: Schema = {"type": "string", "description": "The first 5 lines."}
_NAMES: Schema = {"type": "object", "additionalProperties": STRING, "description": "The name of each alias."}
_SCHEMAS: dict[str, Schema] = {
    "OwnpasteError": an_object(status={"const": "fail"}, error=STRING),
    "ListedOwnpaste": an_object(**_PASTE, file_content_preview=_PREVIEW),
    "ShortOwnpaste": an_object(status=_OK, **_PASTE, file_content_preview=_PREVIEW),
    "FullOwnpaste": an_object(status=_OK, **_PASTE, file_content=STRING),
}


def _errors(*statuses: int) -> Schema:
    words = {
        400: "Malformed, or breaks a rule.",
        401: "Not known; answer the challenge.",
        403: "Not allowed, or too many wrong answers.",
        404: "Not there, or hidden.",
        413: "Too large.",
        415: "Not JSON.",
        503: "Not available just now; try again after Retry-After seconds.",
    }
    content: Schema = {"text/html": {"schema": STRING}}
    errors = {str(status): in_json(ref("OwnpasteError"), words[status]) for status in statuses}
    return {status: {**error, "content": {**error["content"], **content}} for status, error in errors.items()}


_PAGE: Schema = {"303": {"description": "The page, for people."}}
_EXAMPLE = {"file_name": "hello.py", "file_content": "print('hello')\n"}
_SHORT = in_json(ref("ShortOwnpaste"), "The paste.")
_LIST = an_object(
    status=_OK, page=INTEGER, pages=INTEGER, per_page=INTEGER, total=INTEGER, pastes=a_list(ref("ListedOwnpaste"))
)
_STYLES: Schema = {"responses": _PAGE}

_DETAILS: dict[str, Schema] = {
    "show_about": {
        "responses": {
            "200": in_json(
                an_object(status=_OK, version=STRING, api_version=STRING, languages=_NAMES, language=_NAMES),
                "The version and the languages; a page, for people.",
            )
        }
    },
    "show_styles": _STYLES,
    "list_pastes": {
        "parameters": [
            query("page", "The page, from 1; 20 pastes each.", ANYTHING),
            query("private", "`1`: yours that are private, too; needs to know you.", ANYTHING),
        ],
        "responses": {"200": in_json(_LIST, "The pastes."), **_PAGE, **_errors(404)},
    },
    "create_paste": {
        "body": shapes.PasteIn,
        "example": _EXAMPLE,
        "responses": {"200": _SHORT, **_errors(413, 415)},
    },
    "show_paste": {"responses": {"200": in_json(ref("FullOwnpaste"), "The paste."), **_PAGE, **_errors(404)}},
    "change_paste": {
        "body": shapes.PasteChangeIn,
        "example": {"private": True},
        "responses": {"200": _SHORT, **_errors(404, 413, 415)},
    },
    "delete_paste": {"responses": {"200": in_json(an_object(status=_OK), "Done."), **_errors(404)}},
    "show_raw": {"responses": {"200": BYTES, **_errors(404)}},
    "download": {"responses": {"200": BYTES, **_errors(404)}},
}


def _always(_: Route) -> Schema:
    return {**_errors(400, 401, 403, 503), **TOO_LONG}


def _who(scope: Scope | Open) -> str:
    return "Needs HTTP digest." if isinstance(scope, Scope) else "Open to everybody, but for what is private."


DESCRIPTION = Description(
    title="gistd: ownpaste's API",
    about=ABOUT,
    server="/",
    token={"type": "http", "scheme": "digest"},
    schemas=_SCHEMAS,
    details=_DETAILS,
    always=_always,
    words=_who,
    path_parameters={"id": {"type": "string", "description": "The number of a paste, or its private id."}},
)
