"""The API as an OpenAPI 3.1 document.

Paths, methods and scopes come from the routes, what may be sent from the shapes that read it: neither can drift.
What is answered is described here, and held against real answers by a test.
"""

import json
import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.yaml_utils import dict_to_yaml

from gistd.core import search
from gistd.core.access import Open, Scope
from gistd.http import Face, Route
from gistd.index import VISIBILITIES

from . import shapes

ABOUT = """Gists by REST, as Opengist's clients know it. Send an access token in the header
"Authorization: Bearer og_…"; make one on the web, under Access tokens, or with "gistd token create". A token that
is wrong is refused everywhere, also where none is needed. What is private is answered as if it were not there."""

Schema = dict[str, Any]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_STRING: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer", "minimum": 0}
_BOOLEAN: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2024-01-01T00:00:00Z"]}
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_SHA: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_URI: Schema = {"type": "string", "format": "uri"}

_USER = {
    "id": _INTEGER,
    "login": _STRING,
    "username": {"type": "string", "examples": ["alice"]},
    "avatar_url": _STRING,
    "type": {"const": "User"},
    "created_at": _TIME,
}
_SIMPLE_GIST: Schema = {
    "id": _ID,
    "slug_url": {"type": "string", "description": "The custom URL, else the id."},
    "owner": _ref("SimpleUser"),
    "title": _STRING,
    "html_url": _URI,
    "description": _STRING,
    "public": _BOOLEAN,
    "visibility": {"enum": list(VISIBILITIES)},
    "like_count": _INTEGER,
    "fork_count": _INTEGER,
    "clone_url": _URI,
    "ssh_url": _STRING,
    "topics": {"type": "array", "items": _STRING},
    "archived": _BOOLEAN,
    "created_at": _TIME,
    "updated_at": _TIME,
    "expires_at": _nullable(_TIME),
}
_FILE = {
    "filename": {"type": "string", "examples": ["src/hello.py"]},
    "type": {"type": "string", "examples": ["text/plain"]},
    "language": {"type": "string", "examples": ["Python"]},
    "size": _INTEGER,
    "truncated": {"type": "boolean", "description": "Whether `content` is only the first 524,288 bytes."},
    "content": _STRING,
    "encoding": {"type": "string", "description": "`base64` for what is not UTF-8 text.", "examples": ["utf-8"]},
}
_CHANGE_STATUS = {"files_changed": _INTEGER, "additions": _INTEGER, "deletions": _INTEGER, "total": _INTEGER}
_COMMIT = {
    "version": _SHA,
    "author": _object(name=_STRING, email=_STRING),
    "user": _nullable(_ref("SimpleUser")),
    "change_status": _object(**_CHANGE_STATUS),
    "committed_at": _TIME,
}
_ERROR: Schema = {
    "type": "object",
    "required": ["message", "status"],
    "properties": {
        "message": _STRING,
        "status": {"type": "integer"},
        "errors": {
            "type": "object",
            "description": "What is wrong, by the names of the fields (422 only).",
            "additionalProperties": {"type": "array", "items": _STRING},
        },
    },
    "examples": [{"message": "Gist not found", "status": 404}],
}
_SCHEMAS: dict[str, Schema] = {
    "Error": _ERROR,
    "SimpleUser": _object(**_USER),
    "PrivateUser": _object(**_USER, email=_STRING),
    "GistSimple": _object(**_SIMPLE_GIST),
    "GistFile": _object(**_FILE),
    "GistCommit": _object(**_COMMIT),
    "Gist": _object(
        **_SIMPLE_GIST,
        fork_of=_nullable(_ref("GistSimple")),
        forks={"type": "array", "items": _ref("GistSimple")},
        files={"type": "object", "additionalProperties": _ref("GistFile")},
        commits={"type": "array", "items": _ref("GistCommit")},
        truncated=_BOOLEAN,
    ),
}

_ANYTHING: Schema = {}  # a page number that makes no sense is the first page, never an error


def _query(name: str, description: str, schema: Schema, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, "required": required}


_PAGING = [
    _query("page", "The page, from 1.", _ANYTHING),
    _query("per_page", "How many on a page: 30, at most 100.", _ANYTHING),
]
_SINCE = _query(
    "since",
    "Only what was updated at or after this time.",
    {"anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}]},
)
_WORDS = _query(
    "q",
    f"1 to {search.MAX_TERMS} words to look for, one of them of {search.MIN_TERM} letters or more.",
    {"type": "string", "minLength": search.MIN_TERM, "maxLength": search.MAX_QUERY},
    required=True,
)
_PATH_PARAMETERS: dict[str, Schema] = {
    "sha": {
        "type": "string",
        "pattern": "^[0-9a-fA-F]{4,40}$",
        "description": "4 to 40 digits of the id of a revision.",
    },
    "filename": {"type": "string", "description": "The path of a file; its slashes as they are."},
}


def _header(description: str, schema: Schema) -> Schema:
    return {"description": description, "schema": schema}


_ETAG = {"ETag": _header("For If-None-Match and If-Match.", _STRING)}
_PAGE_HEADERS = {
    "Link": _header('The next and the previous page (`rel="next"`, `rel="prev"`), if there are any.', _STRING),
    "X-Page": _header("The page.", _INTEGER),
    "X-Per-Page": _header("How many on a page.", _INTEGER),
}
_TOTAL_HEADERS = {
    "X-Total": _header("How many on all pages.", _INTEGER),
    "X-Total-Pages": _header("How many pages.", _INTEGER),
}
_LOCATION = {"Location": _header("Where it is.", _URI)}


def _json(schema: Schema, description: str, headers: Schema | None = None) -> Schema:
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


def _list(name: str, headers: Schema) -> Schema:
    return _json({"type": "array", "items": _ref(name)}, "A page.", {**_PAGE_HEADERS, **headers, **_ETAG})


def _errors(*statuses: int) -> Schema:
    words = {
        400: "Malformed.",
        401: "No credential, or a wrong one.",
        403: "Not allowed.",
        404: "Not there, or hidden.",
        409: "Taken by somebody else.",
        412: "Changed since it was read.",
        413: "Too large.",
        422: "Breaks a rule; `errors` names the fields.",
        429: "Too many wrong credentials; try again after Retry-After seconds.",
        503: "Not available just now; try again after Retry-After seconds.",
    }
    return {str(status): _json(_ref("Error"), words[status]) for status in statuses}


_GISTS: Schema = {
    "parameters": [*_PAGING, _SINCE],
    "responses": {"200": _list("GistSimple", _TOTAL_HEADERS), **_errors(400)},
}
_GIST: Schema = {"responses": {"200": _json(_ref("Gist"), "The gist.", _ETAG), **_errors(404)}}
_USER_FOUND: Schema = {"responses": {"200": _json(_ref("SimpleUser"), "The user.", _ETAG), **_errors(404)}}
_NOTHING = {"204": {"description": "Done."}}
_NOT_LIKED = {"404": {"description": "Not liked, not there, or hidden."}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Only if the gist is still the one with this ETag.",
    "schema": {"type": "string", "pattern": '^("[0-9a-f]*"|\\*)$'},
}

DETAILS: dict[str, Schema] = {
    "list_gists": _GISTS,
    "list_public_gists": _GISTS,
    "list_liked_gists": _GISTS,
    "list_forked_gists": _GISTS,
    "search_gists": {
        "parameters": [_WORDS, *_PAGING, _SINCE],
        "responses": {"200": _list("GistSimple", _TOTAL_HEADERS), **_errors(400, 422)},
    },
    "create_gist": {
        "body": shapes.GistCreateRequest,
        "example": {"title": "Hello", "files": {"hello.py": {"content": "print('hello')\n"}}},
        "responses": {"201": _json(_ref("Gist"), "The new gist.", _LOCATION), **_errors(409, 413, 422)},
    },
    "show_gist": _GIST,
    "change_gist": {
        "body": shapes.GistUpdateRequest,
        "example": {"files": {"hello.py": {"content": "print('hello again')\n"}, "old.txt": None}},
        "parameters": [_IF_MATCH],
        "responses": {"200": _json(_ref("Gist"), "The gist."), **_errors(404, 409, 412, 413, 422)},
    },
    "delete_gist": {"parameters": [_IF_MATCH], "responses": {**_NOTHING, **_errors(404, 412)}},
    "list_commits": {"parameters": _PAGING, "responses": {"200": _list("GistCommit", {}), **_errors(404)}},
    "show_revision": {"responses": {**_GIST["responses"], **_errors(400)}},
    "show_file": {
        "responses": {
            "200": {"description": "The bytes.", "content": {"*/*": {"schema": {}}}, "headers": _ETAG},
            "206": {"description": "The range that was asked for.", "content": {"*/*": {"schema": {}}}},
            "416": _json(_ref("Error"), "The range is not in the file."),
            **_errors(400, 404),
        }
    },
    "list_forks": {"parameters": _PAGING, "responses": {"200": _list("GistSimple", _TOTAL_HEADERS), **_errors(404)}},
    "fork_gist": {
        "responses": {
            "200": _json(_ref("GistSimple"), "The fork you had already.", _LOCATION),
            "201": _json(_ref("GistSimple"), "The new fork.", _LOCATION),
            **_errors(404, 422),
        }
    },
    "is_liked": {"responses": {"204": {"description": "Liked."}, **_NOT_LIKED}},
    "toggle_like": {"responses": {**_NOTHING, **_NOT_LIKED}},
    "unlike": {"responses": {**_NOTHING, **_NOT_LIKED}},
    "show_me": {"responses": {"200": _json(_ref("PrivateUser"), "You.", _ETAG)}},
    "change_me": {
        "body": shapes.UserUpdateRequest,
        "example": {"email": "alice@example.org"},
        "responses": {"200": _json(_ref("PrivateUser"), "You."), **_errors(409, 413, 422)},
    },
    "show_user_by_id": {"responses": {**_USER_FOUND["responses"], **_errors(400)}},
    "show_user": _USER_FOUND,
    "list_gists_of_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
    "list_gists_liked_by_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
    "list_forks_of_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
}
"""What the routes themselves do not tell, by the names of the views."""


@cache
def document(face: Face) -> dict[str, Any]:
    """The document, for the routes of the face."""
    spec = APISpec(
        title="gistd: Opengist's API",
        version="1.0.0",
        openapi_version="3.1.0",
        info={"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/api"}],
        plugins=[MarshmallowPlugin()],
    )
    for name, schema in _SCHEMAS.items():
        spec.components.schema(name, schema)
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "bearerFormat": "og_…", "description": "An access token."}
    )
    for route in face.routes:
        if route.name in DETAILS:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
            spec.path(path, operations={route.method.lower(): _operation(route, path)})
    plain: dict[str, Any] = json.loads(json.dumps(spec.to_dict()))  # what is used twice stands there twice
    return plain


def _operation(route: Route, path: str) -> Schema:
    details = DETAILS[route.name]
    names = re.findall(r"{(\w+)}", path)
    parameters = [_path_parameter(name) for name in names] + details.get("parameters", [])
    operation = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{path}").strip("_"),
        "summary": route.summary,
        "description": _who(route.scope),
        "security": [{"token": []}] if _needs_token(route.scope) else [{}, {"token": []}],
        "parameters": parameters,
        "responses": dict(sorted({**details["responses"], **_errors(401, 403, 429, 503), **_of_http(route)}.items())),
    }
    if "body" in details:
        content = {"application/json": {"schema": details["body"], "example": details["example"]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameter(name: str) -> Schema:
    schema = dict(_PATH_PARAMETERS.get(name, {"type": "string"}))
    description = schema.pop("description", f"The {name} of what is asked for.")
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _needs_token(scope: Scope | Open) -> bool:
    return isinstance(scope, Scope) or scope is Open.SIGNED_IN


def _who(scope: Scope | Open) -> str:
    if isinstance(scope, Scope):
        return f"Needs a token with the scope {scope}."
    return "Needs any valid token." if scope is Open.SIGNED_IN else "Open to everybody, unless a login is required."


def _of_http(route: Route) -> Schema:
    responses = {"414": {"description": "The URL is too long.", "content": {"text/html": {"schema": _STRING}}}}
    if route.method == "GET":
        responses["304"] = {"description": "Not changed since If-None-Match."}
    return responses


@cache
def as_yaml(face: Face) -> str:
    return str(dict_to_yaml(document(face), {"sort_keys": False, "allow_unicode": True}))
