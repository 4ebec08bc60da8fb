"""sourcehut's endpoints: load, core, dump."""

import re
from importlib.metadata import version
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import NotFound

from gistd import describe
from gistd.api import require_enabled
from gistd.core import accounts, blobs, gists, listings
from gistd.core.access import NOBODY, Action, Actor, Open, Scope
from gistd.core.drafts import Change
from gistd.core.listings import Listing
from gistd.http import Face
from gistd.index import Gist

from . import edits, openapi, shapes
from .answers import PAGE_SIZE, actor, answer, answer_error, answer_page, done, start

_SHA = re.compile(r"[0-9a-f]{40}")
_SHARED: dict[str | None, tuple[str, dict[str, str]]] = {
    "opengist.show_me": ("sourcehut.show_me", {}),
    "opengist.show_user_by_id": ("sourcehut.show_user", {"name": ""}),
}
"""What is Opengist's, too, and what of ours answers in its place: there is nobody whose name has no `~`."""


def _actor() -> Actor:
    """Everything needs a token but the version and the document."""
    if request.endpoint in (f"{face.name}.show_version", f"{face.name}.show_document"):
        require_enabled()
        return NOBODY
    return actor()


face = Face("sourcehut", _actor, answer_error, r"/api/(pastes|blobs|version)(/|$)|/api/user/~", url_prefix="/api")


@face.before_app_request
def _tell_apart() -> None:
    """`/api/user` is Opengist's, too. Ours is who says `token`, as sourcehut's clients do and Opengist's do not."""
    if request.endpoint in _SHARED and request.headers.get("Authorization", "").startswith("token "):
        endpoint, request.view_args = _SHARED[request.endpoint]
        request.url_rule = next(current_app.url_map.iter_rules(endpoint))


@face.after_app_request
def _headers(response: Response) -> Response:
    if face.is_asked():
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers.setdefault("Vary", "Authorization")
    return response


describe.show(face, "/pastes/openapi.yaml", openapi.DESCRIPTION)


@face.get("/version", scope=Open.EVERYBODY)
def show_version(_: Actor) -> Response:
    """The version of the server."""
    return answer({"version": version("gistd")})


# ---------------------------------------------------------------------- users


@face.get("/user", scope=Open.SIGNED_IN)
def show_me(actor: Actor) -> Response:
    """Your account."""
    assert actor.user is not None
    return answer(shapes.user(actor.user, actor))


@face.get("/user/~<name>", scope=Open.SIGNED_IN)
def show_user(actor: Actor, name: str) -> Response:
    """A user by their canonical name."""
    user = accounts.user(name)
    if user is None:
        raise NotFound
    return answer(shapes.user(user, actor))


# ---------------------------------------------------------------------- pastes


@face.get("/pastes", scope=Scope.GIST_READ)
def list_pastes(actor: Actor) -> Response:
    """Your pastes, newest first."""
    page = listings.page_from(actor, Listing(owner=actor.user), start(), PAGE_SIZE)
    files = gists.noted_each(page.gists)
    return answer_page([shapes.paste(gist, files[gist.number]) for gist in page.gists], page.total, page.next)


@face.post("/pastes", scope=Scope.GIST_WRITE)
def create_paste(actor: Actor) -> Response:
    """Make a paste."""
    return answer(_paste(gists.create(actor, edits.draft(**shapes.read(shapes.PasteIn())))), 201)


@face.get("/pastes/<sha>", scope=Scope.GIST_READ)
def show_paste(actor: Actor, sha: str) -> Response:
    """A paste."""
    return answer(_paste(gists.contents(_find(actor, sha)).gist))


@face.put("/pastes/<sha>", scope=Scope.GIST_WRITE)
def change_paste(actor: Actor, sha: str) -> Response:
    """Let one of your pastes be more or less visible."""
    gist = _find(actor, sha, Action.EDIT)
    return answer(_paste(gists.change(actor, gist, Change(**shapes.read(shapes.PasteChangeIn())))))


@face.delete("/pastes/<sha>", scope=Scope.GIST_WRITE)
def delete_paste(actor: Actor, sha: str) -> Response:
    """Delete one of your pastes."""
    gists.delete(actor, _find(actor, sha, Action.DELETE))
    return done()


def _find(actor: Actor, sha: str, action: Action = Action.VIEW) -> Gist:
    return gists.by_sha(actor, _sha(sha), action)


def _sha(word: str) -> str:
    """A hash in a path, all of it. Raises werkzeug's NotFound."""
    if not _SHA.fullmatch(word.lower()):
        raise NotFound
    return word.lower()


def _paste(gist: Gist) -> dict[str, Any]:
    return shapes.paste(gist, gists.noted(gist))


# ---------------------------------------------------------------------- blobs


@face.get("/blobs/<sha>", scope=Scope.GIST_READ)
def show_blob(actor: Actor, sha: str) -> Response:
    """What a file of a paste holds, by its id."""
    contents, file = blobs.find(actor, _sha(sha))
    return answer(shapes.blob(contents.gist, file, contents.read(file)))
