"""How a gist came to be what it is: its revisions, and what is different between two of them."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import diffs, gists, rendering, revisions
from gistd.core.access import Actor, Open
from gistd.errors import NotFound
from gistd.http import path_of

from .face import face
from .gist import page_of_gist
from .lists import page_number

PER_PAGE = 30
FILES_PER_PAGE = 20


@face.get("/<place:username>/<name>/revisions", scope=Open.ONE_GIST)
def list_revisions(actor: Actor, username: str, name: str) -> Response:
    gist, number = gists.find(actor, username, name), page_number()
    history = revisions.history(gist, (number - 1) * PER_PAGE, PER_PAGE + 1)
    if not history and number > 1:
        raise NotFound("Not found")
    return page_of_gist(
        actor, gist, "revisions.html", history=history[:PER_PAGE], number=number, more=len(history) > PER_PAGE
    )


@face.get("/<place:username>/<name>/compare", scope=Open.ONE_GIST)
def choose_two(actor: Actor, username: str, name: str) -> AnyResponse:
    """Where the form of the revisions leads: to the page that compares the two."""
    place = path_of(gists.find(actor, username, name))
    since, revision = (request.args.get(word, "") for word in ("from", "to"))
    if not (since + revision).isalnum():
        raise NotFound("Revision not found")
    return redirect(f"{place}/compare/{since}..{revision}")


@face.get("/<place:username>/<name>/compare/<since>..<revision>", scope=Open.ONE_GIST)
@face.get("/<place:username>/<name>/compare/..<revision>", scope=Open.ONE_GIST)
def compare(actor: Actor, username: str, name: str, revision: str, since: str | None = None) -> Response:
    """What is different between two revisions; or, where only one is given, what that one changed."""
    gist, number = gists.find(actor, username, name), page_number()
    skip = (number - 1) * FILES_PER_PAGE
    diff = diffs.diff(gist, revision, since, rendering.deadline(), skip, FILES_PER_PAGE)
    return page_of_gist(
        actor,
        gist,
        "diff.html",
        diff=diff,
        entry=revisions.history(gist, 0, 1, diff.revision)[0][0] if since is None else None,
        number=number,
        more=diff.counts.files > skip + FILES_PER_PAGE,
    )
