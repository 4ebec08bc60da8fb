"""A gist, as it is or was."""

import re

from flask import Response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import gists, likes, listings, revisions
from gistd.core.access import Actor, Open
from gistd.core.gists import Contents
from gistd.errors import NotFound
from gistd.http import clone_url, page_url, path_of
from gistd.index import Gist

from . import shown
from .face import face
from .lists import page_number

REVISIONS_SHOWN = 10

_REVISION = re.compile(r"[0-9a-f]{40}")


@face.get("/<place:username>/<name>", scope=Open.ONE_GIST)
def show(actor: Actor, username: str, name: str) -> Response | AnyResponse:
    if name.endswith(".git"):  # a clone URL, opened in a browser
        return redirect(path_of(gists.find(actor, username, name.removesuffix(".git"))))
    return _page(actor, gists.contents(gists.find(actor, username, name)))


@face.get("/<place:username>/<name>/rev/<revision>", scope=Open.ONE_GIST)
def show_revision(actor: Actor, username: str, name: str, revision: str) -> Response:
    return _page(actor, at(gists.find(actor, username, name), revision))


@face.get("/-/s/<ident>", scope=Open.ONE_GIST)
def short_link(actor: Actor, ident: str) -> AnyResponse:
    return redirect(path_of(gists.by_ident(actor, ident)))


def at(gist: Gist, revision: str) -> Contents:
    """The contents at a full revision id or at HEAD; never anything else that git would understand."""
    if revision == "HEAD":
        return gists.contents(gist)
    if not _REVISION.fullmatch(revision):
        raise NotFound("Revision not found")
    return gists.contents(gist, revision)


def page_of_gist(actor: Actor, gist: Gist, template: str, **values: object) -> Response:
    """One of the pages of a gist, with what all of them show of it."""
    response = Response(
        render_template(
            template,
            gist=gist,
            clone_url=clone_url(gist),
            page_url=page_url(gist),
            likes=likes.is_liked(actor, gist),
            **values,
        )
    )
    if gist.visibility != "public":
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def _page(actor: Actor, contents: Contents) -> Response:
    gist, number = contents.gist, page_number()
    files = list(shown.files(contents, number))
    if not files and number > 1:
        raise NotFound("Not found")
    return page_of_gist(
        actor,
        gist,
        "gist.html",
        contents=contents,
        revision=contents.revision,
        is_head=contents.revision == gist.head,
        files=files,
        number=number,
        more=len(contents.files) > number * shown.FILES_PER_PAGE,
        per_page=shown.FILES_PER_PAGE,
        history=revisions.history(gist, 0, REVISIONS_SHOWN, repository=contents.repository),
        parent=listings.parent(actor, gist),
    )
