"""Lists of gists: the recent public ones, a user's."""

from flask import render_template, request

from gistd.core import accounts, gists
from gistd.core.access import Actor, Open
from gistd.core.gists import Listing
from gistd.errors import NotFound

from .face import face
from .texts import _

PER_PAGE = 20


@face.get("/", scope=Open.ANYONE)
def home(actor: Actor) -> str:
    return _list(actor, Listing(public_only=True), heading=_("Recent gists"))


@face.get("/<place:username>", scope=Open.ANYONE)
def user(actor: Actor, username: str) -> str:
    found = accounts.user(username)
    if found is None:
        raise NotFound("Not found")
    return _list(actor, Listing(owner=found), heading=_("Gists of %(name)s") % {"name": found.username})


def _list(actor: Actor, listing: Listing, heading: str) -> str:
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= 10**6:
        raise NotFound("Not found")
    page = gists.page(actor, listing, number, PER_PAGE)
    return render_template(
        "list.html", heading=heading, gists=page.gists, number=number, more=page.total > number * PER_PAGE
    )
