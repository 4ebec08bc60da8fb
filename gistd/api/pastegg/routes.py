"""paste.gg's endpoints: load, core, dump. The body is read before the paste is looked for, as the original does."""

from functools import partial
from typing import Any

from flask import Response, g, request
from werkzeug.exceptions import NotFound

from gistd import describe
from gistd.api import name_of
from gistd.core import access, accounts, gists, listings
from gistd.core.access import Action, Actor, Open, Scope
from gistd.core.listings import Listing, Sort
from gistd.http import Face
from gistd.index import PUBLIC, Gist

from . import edits, openapi, shapes, uploads
from .answers import Refused, actor_by_key, actor_to_delete, answer, answer_error, done, hex_of
from .shapes import read

DEFAULT_LIMIT, MAX_LIMIT = 5, 100
PAGE_SIZE = 15
MAX_DELETED = 15
MOUNTS = (openapi.DESCRIPTION.prefix, "/<any(v1, v0):version>")
"""Where the API is: as the original has it, and as it is behind its proxy."""


def _actor() -> Actor:
    return actor_to_delete() if request.endpoint == "pastegg.delete_paste" else actor_by_key()


face = Face("pastegg", _actor, answer_error, r"/api/v[01](/|$)|/v[01]/pastes(/|$)|/v[01]/users/[^/]+/?$")

_at = partial(face.at, MOUNTS)


@face.url_value_preprocessor
def _take_version(_: str | None, values: dict[str, Any] | None) -> None:
    g.version = (values or {}).pop("version", "")


@face.before_request
def _refuse_options() -> None:
    if request.method == "OPTIONS":
        raise NotFound


@face.after_app_request
def _headers(response: Response) -> Response:
    if face.is_asked():
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-XSS-Protection"] = "1; mode=block"
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'; sandbox")
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


describe.show(face, "/api/v1/openapi.yaml", openapi.DESCRIPTION)


def _id(word: str) -> str:
    """An id in a path. Raises werkzeug's NotFound: what is no UUID is no path."""
    found = hex_of(word)
    if found is None:
        raise NotFound
    return found


def _paste(actor: Actor, id: str, action: Action = Action.VIEW) -> Gist:
    return gists.locate(actor, "gist", id, action)


# ---------------------------------------------------------------------- pastes


@_at("GET", "/pastes", scope=Open.ANYONE)
def list_pastes(actor: Actor) -> Response:
    """The newest public pastes."""
    limit = _limit(request.args.get("limit", ""))
    found = listings.page(actor, Listing(public_only=True, sort=Sort.CREATED), 1, limit).gists if limit else []
    return answer([shapes.listed_paste(gist) for gist in found])


def _limit(word: str) -> int:
    """How many; what makes no sense is none of it."""
    if not (word.isascii() and word.isdigit() and len(word) < 10 and int(word) < 256):
        return DEFAULT_LIMIT
    return min(int(word), MAX_LIMIT)


@_at("POST", "/pastes", scope=Open.ANYONE)
def create_paste(actor: Actor) -> Response:
    """Make a paste. Without an API key it is nobody's, and the answer has a key to delete it with."""
    asked = uploads.read() if uploads.is_one() else read(shapes.PasteIn())
    access.require_create(actor, PUBLIC)
    gist, key = gists.create_deletable(actor, edits.draft(actor, asked))
    files = sorted(gists.contents(gist).noted(), key=lambda file: name_of(file).encode())
    return answer(shapes.paste(gist, [shapes.file(file) for file in files], key), 201)


@_at("DELETE", "/pastes/ids", scope=Scope.GIST_WRITE)
def delete_pastes(actor: Actor) -> Response:
    """Delete up to 15 of your pastes: all of them, or none."""
    ids = shapes.read_ids()
    if len(ids) > MAX_DELETED:
        raise Refused("bad_parameters", f"up to {MAX_DELETED} pastes can be deleted at a time")
    for gist in [_paste(actor, id, Action.DELETE) for id in dict.fromkeys(ids)]:
        gists.delete(actor, gist)
    return done()


@_at("GET", "/pastes/<id>", scope=Open.ONE_GIST)
def show_paste(actor: Actor, id: str) -> Response:
    """A paste; with `full=true` its files have their content."""
    contents = gists.contents(_paste(actor, _id(id)))
    full = request.args.get("full") in ("true", "on")
    files = shapes.readme_first(contents.noted())
    return answer(
        shapes.paste(
            contents.gist, [shapes.full_file_if_whole(contents, file) if full else shapes.file(file) for file in files]
        )
    )


@_at("PATCH", "/pastes/<id>", scope=Scope.GIST_WRITE)
def change_paste(actor: Actor, id: str) -> Response:
    """Change what is said of one of your pastes."""
    id = _id(id)
    change = edits.paste_change(read(shapes.PasteChangeIn()))
    gists.change(actor, _paste(actor, id, Action.EDIT), change)
    return done()


@_at("DELETE", "/pastes/<id>", scope=Open.EVERYBODY)
def delete_paste(actor: Actor, id: str) -> Response:
    """Delete one of your pastes, or nobody's by its deletion key."""
    gists.delete(actor, _paste(actor, _id(id), Action.DELETE))
    return done()


# ---------------------------------------------------------------------- files


@_at("GET", "/pastes/<id>/files", scope=Open.ONE_GIST)
def list_files(actor: Actor, id: str) -> Response:
    """The files of a paste with their content."""
    contents = gists.contents(_paste(actor, _id(id)))
    return answer([shapes.full_file_if_whole(contents, file) for file in shapes.readme_first(contents.noted())])


@_at("POST", "/pastes/<id>/files", scope=Scope.GIST_WRITE)
def add_file(actor: Actor, id: str) -> Response:
    """Add a file to one of your pastes."""
    id = _id(id)
    plan = edits.new_file(read(shapes.FileIn()))
    gist = _paste(actor, id, Action.EDIT)
    before = {file.id for file in gists.contents(gist).noted()}
    changed = gists.change(actor, gist, plan)
    made = next(file for file in gists.contents(changed).noted() if file.id not in before)
    return answer(shapes.file(made), 201)


@_at("PATCH", "/pastes/<id>/files", scope=Scope.GIST_WRITE)
def change_files(actor: Actor, id: str) -> Response:
    """Change, add and delete files of one of your pastes, all at once."""
    id = _id(id)
    asked = read(shapes.FileChangeIn(many=True))
    if not asked:
        raise Refused("bad_json", "array cannot be empty")
    _rework(actor, _paste(actor, id, Action.EDIT), edits.file_changes(asked))
    return done()


def _rework(actor: Actor, gist: Gist, plan: gists.Plan) -> None:
    """Change the files of a paste; one that would have none any more is deleted."""
    try:
        gists.change(actor, gist, plan)
    except edits.NothingLeft:
        gists.delete(actor, gist, only_if_unchanged=True)


@_at("GET", "/pastes/<id>/files/<file_id>", scope=Open.ONE_GIST)
def show_file(actor: Actor, id: str, file_id: str) -> Response:
    """A file with its content."""
    id, file_id = _id(id), _id(file_id)
    contents = gists.contents(_paste(actor, id))
    return answer(shapes.full_file(contents, edits.find(contents.noted(), file_id)))


@_at("PATCH", "/pastes/<id>/files/<file_id>", scope=Scope.GIST_WRITE)
def change_file(actor: Actor, id: str, file_id: str) -> Response:
    """Change a file of one of your pastes; a content of null deletes it."""
    id, file_id = _id(id), _id(file_id)
    plan = edits.one_file(file_id, read(shapes.FileChangeIn()))
    _rework(actor, _paste(actor, id, Action.EDIT), plan)
    return done()


@_at("DELETE", "/pastes/<id>/files/<file_id>", scope=Scope.GIST_WRITE)
def delete_file(actor: Actor, id: str, file_id: str) -> Response:
    """Delete a file of one of your pastes; the paste, too, if it is the last."""
    id, file_id = _id(id), _id(file_id)
    _rework(actor, _paste(actor, id, Action.EDIT), edits.one_file(file_id, {"content": None}))
    return done()


@_at("GET", "/pastes/<id>/files/<file_id>/raw", scope=Open.ONE_GIST)
def show_raw(actor: Actor, id: str, file_id: str) -> Response:
    """The bytes of a file, without a type."""
    id, file_id = _id(id), _id(file_id)
    contents = gists.contents(_paste(actor, id))
    response = Response(contents.read(edits.find(contents.noted(), file_id)))
    del response.headers["Content-Type"]
    return response


# ---------------------------------------------------------------------- users


@_at("GET", "/users/<username>", scope=Open.ANYONE)
def list_pastes_of_user(actor: Actor, username: str) -> Response:
    """The pastes of a user, newest first; all of them if it is you, else the public ones."""
    number = _page()
    user = accounts.user(username)
    if user is None:
        raise Refused("missing_user", status=404)
    page = listings.page(actor, Listing(owner=user, sort=Sort.CREATED), number, PAGE_SIZE)
    if number > 1 and not page.gists:
        raise Refused("missing_paste", status=404)
    files = gists.noted_each(page.gists)
    return answer([shapes.previewed_paste(gist, files[gist.number]) for gist in page.gists])


def _page() -> int:
    word = request.args.get("page", "1")
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        return 1
    if int(word) == 0:
        raise Refused("bad_parameters", "page number must be greater than 0")
    return int(word)
