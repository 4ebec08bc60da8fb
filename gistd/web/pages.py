"""The public gists, a gist, one of its revisions, its files as they are."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import accounts, gists, rendering, text
from gistd.core.access import Actor, Open
from gistd.core.gists import Contents, Listing
from gistd.errors import NotFound
from gistd.http import clone_url, owner_name
from gistd.index import Gist
from gistd.store import File

from .face import face

PER_PAGE = 20
MAX_FILES_SHOWN = 50
MAX_BYTES_SHOWN = 512 * 1024
REVISIONS_SHOWN = 30

_REVISION = re.compile(r"[0-9a-f]{40}")
# What a browser may show of a stranger's file in place; it has no way to run a script in these.
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"}
_RAW_POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class ShownFile:
    """A file as a page shows it: as lines of HTML, as an image, or not at all with a reason why."""

    file: File
    anchor: str
    raw: str
    language: str = ""
    lines: tuple[str, ...] = ()
    is_image: bool = False
    note: str = ""


@face.get("/", scope=Open.ANYONE)
def home(actor: Actor) -> str:
    return _list(actor, Listing(public_only=True), heading="Recent gists")


@face.get("/<place:username>", scope=Open.ANYONE)
def user(actor: Actor, username: str) -> str:
    found = accounts.user(username)
    if found is None:
        raise NotFound("Not found")
    return _list(actor, Listing(owner=found), heading=f"Gists of {found.username}")


def _list(actor: Actor, listing: Listing, heading: str) -> str:
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= 10**6:
        raise NotFound("Not found")
    page = gists.page(actor, listing, number, PER_PAGE)
    return render_template(
        "list.html", heading=heading, gists=page.gists, number=number, more=page.total > number * PER_PAGE
    )


@face.get("/<place:username>/<name>", scope=Open.ONE_GIST)
def show(actor: Actor, username: str, name: str) -> str | AnyResponse:
    if name.endswith(".git"):  # a clone URL, opened in a browser
        return redirect(path_of(gists.find(actor, username, name.removesuffix(".git"))))
    return _gist(gists.contents(gists.find(actor, username, name)))


@face.get("/<place:username>/<name>/rev/<revision>", scope=Open.ONE_GIST)
def show_revision(actor: Actor, username: str, name: str, revision: str) -> str:
    return _gist(_at(gists.find(actor, username, name), revision))


@face.get("/<place:username>/<name>/raw/<revision>/<path:path>", scope=Open.ONE_GIST)
def raw(actor: Actor, username: str, name: str, revision: str, path: str) -> Response:
    contents = _at(gists.find(actor, username, name), revision)
    content = contents.read(contents.find(path))
    response = Response(content)
    kind = text.mime_type(content)
    if kind in _IMAGES:
        response.content_type, place = kind, "inline"
    elif text.is_binary(content):
        response.content_type, place = "application/octet-stream", "attachment"
    else:
        response.content_type, place = "text/plain; charset=utf-8", "inline"
    response.headers["Content-Disposition"] = _disposition(place, path)
    response.headers["Content-Security-Policy"] = _RAW_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _at(gist: Gist, revision: str) -> Contents:
    """The contents at a full revision id or at HEAD; never anything else that git would understand."""
    if revision == "HEAD":
        return gists.contents(gist)
    if not _REVISION.fullmatch(revision):
        raise NotFound("Revision not found")
    return gists.contents(gist, revision)


def _gist(contents: Contents) -> str:
    gist = contents.gist
    return render_template(
        "gist.html",
        gist=gist,
        revision=contents.revision,
        is_head=contents.revision == gist.head,
        clone_url=clone_url(gist),
        files=[_shown(contents, file, number) for number, file in enumerate(contents.files[:MAX_FILES_SHOWN], 1)],
        left_out=max(0, len(contents.files) - MAX_FILES_SHOWN),
        history=gists.history(gist, 0, REVISIONS_SHOWN),
    )


def _shown(contents: Contents, file: File, number: int) -> ShownFile:
    anchor = f"file-{number}"
    raw = f"{path_of(contents.gist)}/raw/{contents.revision}/{quote(file.path)}"
    if file.size > MAX_BYTES_SHOWN:
        return ShownFile(file, anchor, raw, note="too large to be shown here")
    content = contents.read(file)
    if text.mime_type(content) in _IMAGES:
        return ShownFile(file, anchor, raw, is_image=True)
    words = text.for_display(content)
    if words is None:
        return ShownFile(file, anchor, raw, note="not a text file")
    if not words:
        return ShownFile(file, anchor, raw, note="empty")
    return ShownFile(file, anchor, raw, text.language(file.path), rendering.lines(file.path, words))


# ---------------------------------------------------------------------- for the templates


@face.app_template_global()
def path_of(gist: Gist) -> str:
    return f"/{owner_name(gist)}/{gist.slug or gist.id}"


@face.app_template_filter()
def clock(moment: datetime) -> str:
    """A moment for people."""
    return moment.strftime("%-d %b %Y, %H:%M UTC")


@face.app_template_filter()
def bytes_for_people(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MiB"


def _disposition(place: str, path: str) -> str:
    """The name of a file in a header (RFC 6266); its folders stay here."""
    name = path.rpartition("/")[2]
    plain = "".join(character if character.isascii() and character not in '"\\%' else "_" for character in name)
    return f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
