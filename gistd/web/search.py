"""Searching: what is found, with the lines that it was found in."""

from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, make_response, render_template, request

from gistd.core import hits, listings, search
from gistd.core.access import Actor, Open
from gistd.core.hits import FileHits
from gistd.core.listings import Listing
from gistd.core.search import Query
from gistd.errors import Invalid
from gistd.http import path_of
from gistd.index import Gist

from . import feeds
from .face import face
from .lists import ordered, page_number, paged
from .shown import FILES_PER_PAGE
from .texts import _

PER_PAGE = 10
MAX_PAGE = 100


@dataclass(frozen=True)
class Found:
    gist: Gist
    files: list[FileHits]


@face.get("/-/search", scope=Open.ANYONE)
def find(actor: Actor) -> Response:
    asked, number = request.args.get("q", "").strip(), page_number(MAX_PAGE)
    if not asked:
        return make_response(render_template("search.html", asked=""))
    try:
        query = search.parse(asked)
    except Invalid as refused:
        problem = refused.fields["q"][0]
        rendered = render_template("search.html", asked=asked, problem=problem)
        return make_response(rendered, refused.status)
    return _found(actor, asked, query, number)


def _found(actor: Actor, asked: str, query: Query, number: int) -> Response:
    listing = ordered(Listing(words=asked))
    page = listings.page(actor, listing, number, PER_PAGE)
    found = [Found(gist, hits.within(gist, query)) for gist in page.gists]
    return paged(
        page, PER_PAGE, "search.html", number, MAX_PAGE, asked=asked, query=query, found=found, listing=listing,
        is_all=page.is_all, feed=f"/-/search.atom?q={quote(asked)}",
    )  # fmt: skip


@face.get("/-/search.atom", scope=Open.ANYONE)
def search_feed(_actor: Actor) -> Response:
    """A query that is none is refused here as everywhere."""
    asked = request.args.get("q", "").strip()
    query = f"q={quote(asked)}"
    title = _("Search for %(words)s") % {"words": asked}
    return feeds.feed(title, Listing(words=asked), f"/-/search?{query}", f"/-/search.atom?{query}")


@face.app_template_global()
def place_of(gist: Gist, file: FileHits, line: int | None = None) -> str:
    """Where to read a file that was found, or a line of it: on the page of the gist that shows it."""
    page = (file.position - 1) // FILES_PER_PAGE + 1
    lines = f"#file-{file.position}" + (f"-L{line}" if line else "")
    return path_of(gist) + (f"?page={page}" if page > 1 else "") + lines
