"""A gist, one of its revisions, its files as they are."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import gists, rendering, text
from gistd.core.access import Actor, Open
from gistd.core.gists import Contents
from gistd.core.rendering import Document
from gistd.errors import NotFound
from gistd.http import clone_url, path_of
from gistd.index import Gist
from gistd.store import File

from .face import face
from .texts import _

MAX_FILES_SHOWN = 50
MAX_BYTES_SHOWN = 512 * 1024
REVISIONS_SHOWN = 30

_REVISION = re.compile(r"[0-9a-f]{40}")
# What a browser may show of a stranger's file in place; it has no way to run a script in these.
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"}
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_RAW_POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class ShownFile:
    """A file as a page shows it: a document, a table or lines of HTML, an image, or nothing with a reason why."""

    file: File
    anchor: str
    raw: str
    language: str = ""
    lines: tuple[str, ...] = ()
    document: Document | None = None
    rows: list[list[str]] | None = None
    is_image: bool = False
    note: str = ""


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
    gist, until = contents.gist, rendering.deadline()
    return render_template(
        "gist.html",
        gist=gist,
        revision=contents.revision,
        is_head=contents.revision == gist.head,
        clone_url=clone_url(gist),
        files=[
            _shown(contents, file, number, until) for number, file in enumerate(contents.files[:MAX_FILES_SHOWN], 1)
        ],
        left_out=max(0, len(contents.files) - MAX_FILES_SHOWN),
        history=gists.history(gist, 0, REVISIONS_SHOWN),
    )


def _shown(contents: Contents, file: File, number: int, until: float) -> ShownFile:
    anchor = f"file-{number}"
    raw = f"{path_of(contents.gist)}/raw/{contents.revision}/{quote(file.path)}"
    if file.size > MAX_BYTES_SHOWN:
        return ShownFile(file, anchor, raw, note=_("too large to be shown here"))
    content = contents.read(file)
    if text.mime_type(content) in _IMAGES:
        return ShownFile(file, anchor, raw, is_image=True)
    words = text.for_display(content)
    if words is None:
        return ShownFile(file, anchor, raw, note=_("not a text file"))
    if not words:
        return ShownFile(file, anchor, raw, note=_("empty"))
    language = text.language(file.path)
    document = rendering.markdown(file.blob, words, until, _folder(raw)) if language == "Markdown" else None
    delimiter = _DELIMITERS.get(file.path.rpartition(".")[2].lower())
    rows = rendering.table(file.blob, words, delimiter, until) if delimiter else None
    lines = tuple(rendering.lines(file.blob, file.path, words, until))
    return ShownFile(file, anchor, raw, language, lines, document, rows)


def _folder(address: str) -> str:
    return address.rpartition("/")[0] + "/"


def _disposition(place: str, path: str) -> str:
    """The name of a file in a header (RFC 6266); its folders stay here."""
    name = path.rpartition("/")[2]
    plain = "".join(character if character.isascii() and character not in '"\\%' else "_" for character in name)
    return f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
