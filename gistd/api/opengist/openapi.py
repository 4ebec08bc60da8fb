"""What Opengist's routes do not tell of themselves, for its OpenAPI document."""

from gistd.core import search
from gistd.core.access import Open, Scope
from gistd.describe import (
    ANYTHING,
    BOOLEAN,
    BYTES,
    ID,
    INTEGER,
    NOTHING,
    STRING,
    TIME,
    TOO_LONG,
    Description,
    Schema,
    a_list,
    an_object,
    header,
    in_json,
    needs_token,
    nullable,
    query,
    ref,
)
from gistd.http import Route
from gistd.index import VISIBILITIES

from . import shapes

ABOUT = """Gists by REST, as Opengist's clients know it. Send an access token in the header
"Authorization: Bearer og_…"; make one on the web, under Access tokens, or with "gistd token create". A token that
is wrong is refused everywhere, also where none is needed. What is private is answered as if it were not there."""

_SHA: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_URI: Schema = {"type": "string", "format": "uri"}

_USER = {
    "id": INTEGER,
    "login": STRING,
    "username": {"type": "string", "examples": ["alice"]},
    "avatar_url": STRING,
    "type": {"const": "User"},
    "created_at": TIME,
}
_SIMPLE_GIST: Schema = {
    "id": ID,
    "slug_url": {"type": "string", "description": "The custom URL, else the id."},
    "owner": ref("SimpleUser"),
    "title": STRING,
    "html_url": _URI,
    "description": STRING,
    "public": BOOLEAN,
    "visibility": {"enum": list(VISIBILITIES)},
    "like_count": INTEGER,
    "fork_count": INTEGER,
    "clone_url": _URI,
    "ssh_url": STRING,
    "topics": a_list(STRING),
    "archived": BOOLEAN,
    "created_at": TIME,
    "updated_at": TIME,
    "expires_at": nullable(TIME),
}
_FILE = {
    "filename": {"type": "string", "examples": ["src/hello.py"]},
    "type": {"type": "string", "examples": ["text/plain"]},
    "language": {"type": "string", "examples": ["Python"]},
    "size": INTEGER,
    "truncated": {"type": "boolean", "description": "Whether `content` is only the first 524,288 bytes."},
    "content": STRING,
    "encoding": {"type": "string", "description": "`base64` for what is not UTF-8 text.", "examples": ["utf-8"]},
}
_CHANGE_STATUS = {"files_changed": INTEGER, "additions": INTEGER, "deletions": INTEGER, "total": INTEGER}
_COMMIT = {
    "version": _SHA,
    "author": an_object(name=STRING, email=STRING),
    "user": nullable(ref("SimpleUser")),
    "change_status": an_object(**_CHANGE_STATUS),
    "committed_at": TIME,
}
_ERROR: Schema = {
    "type": "object",
    "required": ["message", "status"],
    "properties": {
        "message": STRING,
        "status": {"type": "integer"},
        "errors": {
            "type": "object",
            "description": "What is wrong, by the names of the fields (422 only).",
            "additionalProperties": a_list(STRING),
        },
    },
    "examples": [{"message": "Gist not found", "status": 404}],
}
_SCHEMAS: dict[str, Schema] = {
    "Error": _ERROR,
    "SimpleUser": an_object(**_USER),
    "PrivateUser": an_object(**_USER, email=STRING),
    "GistSimple": an_object(**_SIMPLE_GIST),
    "GistFile": an_object(**_FILE),
    "GistCommit": an_object(**_COMMIT),
    "Gist": an_object(
        **_SIMPLE_GIST,
        fork_of=nullable(ref("GistSimple")),
        forks=a_list(ref("GistSimple")),
        files={"type": "object", "additionalProperties": ref("GistFile")},
        commits=a_list(ref("GistCommit")),
        truncated=BOOLEAN,
    ),
}


_PAGING = [
    query("page", "The page, from 1.", ANYTHING),
    query("per_page", "How many on a page: 30, at most 100.", ANYTHING),
]
_SINCE = query(
    "since",
    "Only what was updated at or after this time.",
    {"anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}]},
)
_WORDS = query(
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


_ETAG = {"ETag": header("For If-None-Match and If-Match.", STRING)}
_PAGE_HEADERS = {
    "Link": header('The next and the previous page (`rel="next"`, `rel="prev"`), if there are any.', STRING),
    "X-Page": header("The page.", INTEGER),
    "X-Per-Page": header("How many on a page.", INTEGER),
}
_TOTAL_HEADERS = {
    "X-Total": header("How many on all pages.", INTEGER),
    "X-Total-Pages": header("How many pages.", INTEGER),
}
_LOCATION = {"Location": header("Where it is.", _URI)}


def _list(name: str, headers: Schema) -> Schema:
    return in_json(a_list(ref(name)), "A page.", {**_PAGE_HEADERS, **headers, **_ETAG})


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
    return {str(status): in_json(ref("Error"), words[status]) for status in statuses}


_GISTS: Schema = {
    "parameters": [*_PAGING, _SINCE],
    "responses": {"200": _list("GistSimple", _TOTAL_HEADERS), **_errors(400)},
}
_GIST: Schema = {"responses": {"200": in_json(ref("Gist"), "The gist.", _ETAG), **_errors(404)}}
_USER_FOUND: Schema = {"responses": {"200": in_json(ref("SimpleUser"), "The user.", _ETAG), **_errors(404)}}
_NOT_LIKED = {"404": {"description": "Not liked, not there, or hidden."}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Only if the gist is still the one with this ETag.",
    "schema": {"type": "string", "pattern": '^("[0-9a-f]*"|\\*)$'},
}

_DETAILS: dict[str, Schema] = {
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
        "responses": {"201": in_json(ref("Gist"), "The new gist.", _LOCATION), **_errors(409, 413, 422)},
    },
    "show_gist": _GIST,
    "change_gist": {
        "body": shapes.GistUpdateRequest,
        "example": {"files": {"hello.py": {"content": "print('hello again')\n"}, "old.txt": None}},
        "parameters": [_IF_MATCH],
        "responses": {"200": in_json(ref("Gist"), "The gist."), **_errors(404, 409, 412, 413, 422)},
    },
    "delete_gist": {"parameters": [_IF_MATCH], "responses": {**NOTHING, **_errors(404, 412)}},
    "list_commits": {"parameters": _PAGING, "responses": {"200": _list("GistCommit", {}), **_errors(404)}},
    "show_revision": {"responses": {**_GIST["responses"], **_errors(400)}},
    "show_file": {
        "responses": {
            "200": {**BYTES, "headers": _ETAG},
            "206": {**BYTES, "description": "The range that was asked for."},
            "416": in_json(ref("Error"), "The range is not in the file."),
            **_errors(400, 404),
        }
    },
    "list_forks": {"parameters": _PAGING, "responses": {"200": _list("GistSimple", _TOTAL_HEADERS), **_errors(404)}},
    "fork_gist": {
        "responses": {
            "200": in_json(ref("GistSimple"), "The fork you had already.", _LOCATION),
            "201": in_json(ref("GistSimple"), "The new fork.", _LOCATION),
            **_errors(404, 422),
        }
    },
    "is_liked": {"responses": {"204": {"description": "Liked."}, **_NOT_LIKED}},
    "toggle_like": {"responses": {**NOTHING, **_NOT_LIKED}},
    "unlike": {"responses": {**NOTHING, **_NOT_LIKED}},
    "show_me": {"responses": {"200": in_json(ref("PrivateUser"), "You.", _ETAG)}},
    "change_me": {
        "body": shapes.UserUpdateRequest,
        "example": {"email": "alice@example.org"},
        "responses": {"200": in_json(ref("PrivateUser"), "You."), **_errors(409, 413, 422)},
    },
    "show_user_by_id": {"responses": {**_USER_FOUND["responses"], **_errors(400)}},
    "show_user": _USER_FOUND,
    "list_gists_of_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
    "list_gists_liked_by_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
    "list_forks_of_user": {**_GISTS, "responses": {**_GISTS["responses"], **_errors(404)}},
}


def _always(route: Route) -> Schema:
    answers = {**_errors(401, 403, 429, 503), **TOO_LONG}
    return {**answers, "304": {"description": "Not changed since If-None-Match."}} if route.method == "GET" else answers


def _who(scope: Scope | Open) -> str:
    if isinstance(scope, Scope):
        return f"Needs a token with the scope {scope}."
    return "Needs any valid token." if needs_token(scope) else "Open to everybody, unless a login is required."


DESCRIPTION = Description(
    title="gistd: Opengist's API",
    about=ABOUT,
    server="/api",
    token={"type": "http", "scheme": "bearer", "bearerFormat": "og_…", "description": "An access token."},
    schemas=_SCHEMAS,
    details=_DETAILS,
    always=_always,
    words=_who,
    path_parameters=_PATH_PARAMETERS,
)
