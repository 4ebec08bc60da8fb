"""ownpaste's endpoints: load, core, dump. What is for people leads on to the pages of gistd."""

import re
from contextlib import suppress
from typing import Any

from flask import Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from gistd import describe
from gistd.api import first, given_name
from gistd.core import access, gists, languages, listings
from gistd.core.access import Action, Actor, Open, Scope
from gistd.core.listings import Listing, Sort
from gistd.errors import Invalid, NotFound, Unauthenticated
from gistd.http import Face, disposition, path_of
from gistd.index import Gist

from . import edits, openapi, shapes
from .answers import answer, answer_error, lead_to, show_bytes, wants_json
from .auth import actor, known

VERSION, API_VERSION = "0.2.2", "1"
"""Those of the original that we answer like."""

PER_PAGE = 20
_NUMBER, _WHOLE = re.compile(r"0*\d{1,18}", re.ASCII), re.compile(r"[+-]?\d{1,9}", re.ASCII)

face = Face("ownpaste", actor, answer_error, r"/paste(/|$)")
describe.show(face, "/paste/openapi.yaml", openapi.DESCRIPTION)


@face.get("/", scope=Open.ANYONE)
def show_about(_: Actor) -> Response:
    """The version, and the languages that there are."""
    names = languages.aliases()
    return answer(version=VERSION, api_version=API_VERSION, languages=names, language=names)


@face.app_url_value_preprocessor
def _leave_the_home_page(endpoint: str | None, _: dict[str, Any] | None) -> None:
    """What `/` is for whoever does not ask for JSON is not ours to say."""
    if endpoint == f"{face.name}.show_about" and not wants_json():
        rules = current_app.url_map.iter_rules()
        request.url_rule = next(rule for rule in rules if rule.rule == "/" and rule.endpoint != endpoint)


@face.get("/pygments.css", scope=Open.EVERYBODY)
@face.get("/static/styles.css", scope=Open.EVERYBODY)
def show_styles(_: Actor) -> AnyResponse:
    """How pages look."""
    return lead_to("/-/static/style.css")


@face.get("/paste/", scope=Open.ANYONE)
def list_pastes(actor: Actor) -> AnyResponse:
    """The public pastes, newest first; yours that are private, too, if you ask for them."""
    number, private = _page(), request.args.get("private") == "1"
    if private:
        actor = known(actor)
        access.require_scope(actor, Scope.GIST_READ)
    page = listings.page(actor, Listing(public_only=not private, sort=Sort.CREATED), number, PER_PAGE)
    if number > 1 and not page.gists:
        raise NotFound("There is no such page")
    if not wants_json():
        return lead_to(f"/{actor.user.username}" if private and actor.user else "/")
    files = gists.noted_each(page.gists)
    return answer(
        page=number,
        pages=-(-page.total // PER_PAGE),
        per_page=PER_PAGE,
        total=page.total,
        pastes=[shapes.short_paste(gist, files[gist.number]) for gist in page.gists],
    )


def _page() -> int:
    """The number of the page; the one before the first is the first. Raises Invalid or NotFound."""
    word = request.args.get("page", "1")
    if not re.fullmatch(r"[+-]?\d+", word, re.ASCII):
        raise Invalid("page: not a number")
    if not _WHOLE.fullmatch(word) or int(word) < 0:
        raise NotFound("There is no such page")
    return max(1, int(word))


@face.post("/paste/", scope=Scope.GIST_WRITE)
def create_paste(actor: Actor) -> Response:
    """Make a paste."""
    gist = gists.create(actor, edits.draft(shapes.read(shapes.PasteIn())))
    return answer(**shapes.short_paste(gist, gists.noted(gist)))


@face.get("/paste/<id>/", scope=Open.ONE_GIST)
def show_paste(actor: Actor, id: str) -> AnyResponse:
    """A paste."""
    gist = _paste(actor, id)
    if not wants_json():
        return lead_to(path_of(gist))
    return answer(**shapes.full_paste(gists.contents(gist)))


@face.route("/paste/<id>/", methods=["PATCH"], scope=Scope.GIST_WRITE)
def change_paste(actor: Actor, id: str) -> Response:
    """Change one of your pastes: what is given."""
    gist = _find(actor, id, Action.EDIT)
    changed = gists.change(actor, gist, edits.change(gist, shapes.read(shapes.PasteChangeIn())))
    return answer(**shapes.short_paste(changed, gists.noted(changed)))


@face.delete("/paste/<id>/", scope=Scope.GIST_WRITE)
def delete_paste(actor: Actor, id: str) -> Response:
    """Delete one of your pastes."""
    gists.delete(actor, _find(actor, id, Action.DELETE))
    return answer()


@face.get("/paste/<id>/raw/", scope=Open.ONE_GIST)
def show_raw(actor: Actor, id: str) -> Response:
    """The content of a paste, as text."""
    contents = gists.contents(_paste(actor, id))
    file = first(contents.noted())
    return show_bytes(contents.read(file) if file else b"", "text/plain; charset=utf-8")


@face.get("/paste/<id>/download/", scope=Open.ONE_GIST)
def download(actor: Actor, id: str) -> Response:
    """The content of a paste as a file, of the type that its language has."""
    contents = gists.contents(_paste(actor, id))
    file = first(contents.noted())
    language = languages.known(shapes.language_of(contents.gist, file))
    kind = (language and language.mime_type) or "application/octet-stream"
    response = show_bytes(contents.read(file) if file else b"", kind)
    name = (given_name(file) or "").rpartition("/")[2] or shapes.DEFAULT_NAME
    response.headers["Content-Disposition"] = disposition("attachment", name)
    return response


def _paste(actor: Actor, id: str) -> Gist:
    """The paste that is to be read. Who asks matters only for one that not everybody may find by its id."""
    with suppress(Unauthenticated, NotFound):
        return _find(actor, id)
    return _find(known(actor), id)


def _find(actor: Actor, id: str, action: Action = Action.VIEW) -> Gist:
    """By its number if there are only digits, else by its private id."""
    if _NUMBER.fullmatch(id):
        return gists.by_number(actor, int(id), action)
    return gists.by_private_id(actor, id, action)
