"""A gist is made, and changed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd import index
from gistd.core import access, editing, gists
from gistd.core.access import Action, Actor, Open
from gistd.core.drafts import LIFETIMES, Change, Draft, arranged, topics_in
from gistd.core.editing import Clash
from gistd.core.gists import Contents, Plan
from gistd.errors import Conflict, GistdError, Invalid, NotFound
from gistd.http import path_of
from gistd.index import PUBLIC, VISIBILITIES, FileNote, Gist, now

from ..face import face
from ..forms import page
from ..texts import _
from . import crossed
from . import sheet as sheets
from .sheet import Card, Sheet, name_of


@face.get("/-/new", scope=Open.ANYONE)
def new_form(actor: Actor) -> Response:
    access.require_create(actor, PUBLIC)
    return _editor(actor, sheets.blank())


@face.post("/-/new", scope=Open.EVERYBODY)
def create(actor: Actor) -> AnyResponse:
    sheet = sheets.typed()
    if more := _more(actor, sheet):
        return more
    try:
        _same_writer(actor, sheet)
        gist, key = gists.create_deletable(actor, _draft(sheet))
    except GistdError as refused:
        return _editor(actor, sheet, refused)
    return page("edit/made.html", status=201, gist=gist, key=key) if key else redirect(path_of(gist), 303)


@face.get("/<place:username>/<name>/edit", scope=Open.ONE_GIST)
def edit_form(actor: Actor, username: str, name: str) -> Response:
    gist = gists.find(actor, username, name, Action.EDIT)
    return _editor(actor, sheets.of(gists.contents(gist)), gist=gist)


@face.post("/<place:username>/<name>/edit", scope=Open.EVERYBODY)
def edit(actor: Actor, username: str, name: str) -> AnyResponse:
    sheet, gist = sheets.typed(), None
    before: dict[str, bytes] = {}
    try:  # whatever is wrong, be it the session that is over or the gist that is gone, nobody loses their text
        _same_writer(actor, sheet, anybody=False)
        gist = gists.find(actor, username, name, Action.EDIT)
        if more := _more(actor, sheet, gist):
            return more
        base = _base(gist, sheet.revision)
        read = {file.path: base.look(file) for file in base.files} if base else {}
        before = {path: content for path, content in read.items() if content is not None}
        crossed.refuse_words(sheet, gist)
        gist = gists.change(actor, gist, _plan(sheet, gist, base, before))
    except GistdError as refused:
        if gist and isinstance(refused, Clash):
            crossed.rebase(sheet, refused, before, gists.contents(gist))
        return _editor(actor, sheet, refused, gist)
    return redirect(path_of(gist), 303)


# ---------------------------------------------------------------------- what is asked for


def _draft(sheet: Sheet) -> Draft:
    files = sheet.edited({})
    editing.changes([], files, [])  # two of one name are told apart nowhere else
    return Draft(
        files={file.path: file.content or b"" for file in files},
        title=sheet.title,
        description=sheet.description,
        visibility=sheet.visibility,
        topics=topics_in(sheet.topics),
        slug=sheet.slug,
        expires_at=_expiry(sheet),
        order=_order(files, None) or (),
        message=sheet.message or "Create gist",
        notes=_notes(sheet, files),
    )


def _plan(sheet: Sheet, gist: Gist, base: Contents | None, before: Mapping[str, bytes]) -> Plan:
    """What the sheet makes of the gist, whatever its files are by then."""
    edited = sheet.edited(before)
    asked: dict[str, Any] = sheet.changed()
    if "topics" in asked:
        asked["topics"] = topics_in(asked["topics"])
    if asked.get("title") == "":
        asked |= {"title": None, "untitled": True}
    if sheet.message:
        asked["message"] = sheet.message
    if sheet.expires != ("keep" if gist.expires_at else "never"):
        asked["expires_at"] = _expiry(sheet)
    asked |= {"notes": _notes(sheet, edited), "order": _order(edited, gist.file_order)}

    def plan(present: list[index.File]) -> Change:
        return Change(files=editing.changes(base.files if base else [], edited, present), **asked)

    return plan


def _base(gist: Gist, revision: str) -> Contents | None:
    """The gist as it was when the edit began; None if that has been pushed away since."""
    try:
        return gists.contents(gist, revision) if len(revision) == 40 else None
    except NotFound:
        return None


def _order(edited: list[editing.Edited], kept: str | None) -> list[str] | None:
    """The order of the files on the sheet; None if they would stand so anyway, or were left where they stood."""
    as_given = sorted(edited, key=lambda file: (file.is_new, file.was))
    if kept is None and as_given == edited and any(file.was for file in edited):
        return None
    wanted = [file.path for file in edited if not file.delete]
    return None if arranged(wanted, kept) == wanted else wanted


def _notes(sheet: Sheet, edited: list[editing.Edited]) -> dict[str, FileNote]:
    """Of files that nobody gave a name, that it is made up."""
    names = {card.name for card in sheet.cards}
    return {file.path: FileNote(named=False) for file in edited if file.is_new and file.path not in names}


def _expiry(sheet: Sheet) -> datetime | None:
    """Raises Invalid."""
    if sheet.expires in LIFETIMES:
        return now() + LIFETIMES[sheet.expires]
    if sheet.expires != "at":
        return None
    try:
        return datetime.fromisoformat(sheet.expires_at).replace(tzinfo=UTC)
    except ValueError:
        words = _("a day and a time, such as 2030-01-31T12:00")
        raise Invalid(words, {"expires_at": [words]}) from None


def _same_writer(actor: Actor, sheet: Sheet, anybody: bool = True) -> None:
    """Conflict if who sends the form is not who was given it: nobody publishes as nobody by accident.

    Nor if that is nobody, unless it may be `anybody`.
    """
    if sheet.writer != name_of(actor) or not (anybody or actor.user):
        raise Conflict(
            _("you are signed in as %(name)s now, not as when you began: look whether that is right, and save again")
            % {"name": name_of(actor)}
            if actor.user
            else _("you are not signed in any more: sign in in another window, and save again here")
        )


# ---------------------------------------------------------------------- the page


def _more(actor: Actor, sheet: Sheet, gist: Gist | None = None) -> Response | None:
    """The page with another card, or with one elsewhere, where that was asked for."""
    what, _, key = request.form.get("do", "").partition("-")
    if what == "add":
        sheet.add(text="")
    elif what in ("up", "down"):
        sheet.move(key, -1 if what == "up" else 1)
    else:
        return None
    return _editor(actor, sheet, gist=gist)


def _editor(actor: Actor, sheet: Sheet, refused: GistdError | None = None, gist: Gist | None = None) -> Response:
    if isinstance(refused, Invalid):
        sheet.mark(refused.path, refused.message)
    sheet.fit()
    sheet.writer = name_of(actor)
    response = page(
        "edit/form.html",
        refused,
        sheet=sheet,
        new_card=Card("0", text=""),
        seen=json.dumps(sheet.seen),
        gist=gist,
        place=request.path,
        visibilities=VISIBILITIES if actor.user else [word for word in VISIBILITIES if word != index.PRIVATE],
        lifetimes=LIFETIMES,
    )
    if refused is None:
        response.headers["Cache-Control"] = "private, no-cache"  # going back finds what was typed
    return response
