"""ranna's endpoints: load, core, dump."""

from functools import partial
from typing import Any

from flask import Response, request

from gistd import describe
from gistd.core import administration, gists, house, listings, masterkeys
from gistd.core.access import Action, Actor, Open, Scope
from gistd.core.listings import Listing, Sort
from gistd.http import Face, client_address
from gistd.index import Gist

from . import edits, openapi, shapes
from .answers import Refused, actor, answer, answer_error, answer_list, done, holder, newcomer

MAX_BODY = 30_000_000
MOUNTS = (openapi.DESCRIPTION.prefix, '/<any("v1.0"):version>', "")
"""Where the API is: as the original has it, either way, and as its document has it."""


def _actor() -> Actor:
    """Accounts are for whoever holds their masterkey, and new ones for anybody; snippets for whoever has a token."""
    if request.endpoint == f"{face.name}.create_user":
        return newcomer()
    return holder() if "username" in (request.view_args or {}) else actor()


face = Face("ranna", _actor, answer_error, r"/(v1(\.0)?/)?(snippets|users)(/|$)")
_at = partial(face.at, MOUNTS)
describe.show(face, "/v1/openapi.yaml", openapi.DESCRIPTION)


@face.url_value_preprocessor
def _drop_version(_: str | None, values: dict[str, Any] | None) -> None:
    (values or {}).pop("version", None)


@face.before_request
def _limit_body() -> None:
    request.max_content_length = min(MAX_BODY, house.settings.max_request_bytes)


@face.after_app_request
def _headers(response: Response) -> Response:
    """Scripts of any site may ask: what is answered hangs on the header alone, which they must have to send it."""
    if not face.is_asked():
        return response
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Vary"] = "Authorization, Origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, PUT, POST, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return response


# ---------------------------------------------------------------------- users


@_at("PUT", "/users/<username>", scope=Open.EVERYBODY)
def create_user(_: Actor, username: str) -> Response:
    """Make an account. The answer has its masterkey, this once."""
    if not shapes.USERNAME.fullmatch(username):
        raise Refused("Invalid username pattern")
    user, key = masterkeys.sign_up(username, client_address())
    return answer({**shapes.user(user), "masterkey": key})


@_at("DELETE", "/users/<username>", scope=Scope.USER_WRITE)
def delete_user(actor: Actor, username: str) -> Response:
    """Delete your account and all that is yours, by its masterkey."""
    assert actor.user is not None
    administration.delete_account(actor, actor.user)
    return done()


@_at("POST", "/users/<username>/apitoken", scope=Scope.USER_WRITE)
def issue_token(actor: Actor, username: str) -> Response:
    """Exchange the masterkey for an API token."""
    assert actor.user is not None
    return answer({"token": masterkeys.issue_token(actor.user)})


@_at("DELETE", "/users/<username>/apitoken", scope=Scope.USER_WRITE)
def revoke_tokens(actor: Actor, username: str) -> Response:
    """Take back all of your API tokens, by the masterkey."""
    assert actor.user is not None
    masterkeys.revoke_tokens(actor.user)
    return done()


# ---------------------------------------------------------------------- snippets


@_at("GET", "/snippets", scope=Scope.GIST_READ)
def list_snippets(actor: Actor) -> Response:
    """All of your snippets, in the order in which they were made."""
    mine = listings.each(actor, Listing(owner=actor.user, sort=Sort.CREATED, ascending=True))
    return answer_list(map(shapes.listed_snippet, mine))


@_at("POST", "/snippets", scope=Open.ANYONE)
def create_snippet(actor: Actor) -> Response:
    """Make a snippet. Without a token it is nobody's, and stays."""
    return _answer(gists.create(actor, edits.draft(shapes.read())))


@_at("GET", "/snippets/<ident>", scope=Open.ONE_GIST)
def show_snippet(actor: Actor, ident: str) -> Response:
    """A snippet, by its ident or its id."""
    return _answer(_snippet(actor, ident))


@_at("POST", "/snippets/<ident>", scope=Scope.GIST_WRITE)
def change_snippet(actor: Actor, ident: str) -> Response:
    """Change the display name or the code of one of your snippets."""
    asked = shapes.read()
    gist = _snippet(actor, ident, Action.EDIT)
    return _answer(gists.change(actor, gist, edits.change(gists.contents(gist), asked)))


@_at("DELETE", "/snippets/<ident>", scope=Scope.GIST_WRITE)
def delete_snippet(actor: Actor, ident: str) -> Response:
    """Delete one of your snippets."""
    gists.delete(actor, _snippet(actor, ident, Action.DELETE))
    return done()


def _snippet(actor: Actor, ident: str, action: Action = Action.VIEW) -> Gist:
    """By its ident, or by its id in any spelling."""
    id = shapes.id_of(ident)
    return gists.by_ident(actor, ident, action) if id is None else gists.locate(actor, "gist", id, action)


def _answer(gist: Gist) -> Response:
    return answer(shapes.snippet(gists.contents(gist)))
