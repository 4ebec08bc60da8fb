"""The home page, and what there is to go by from there: topics, languages, people."""

from flask import Response, make_response, render_template, request

from gistd.core import browse, listings
from gistd.core.access import Actor, Open
from gistd.core.browse import Tally
from gistd.core.listings import Listing

from .face import face
from .lists import page_number
from .texts import _

OWN, RECENT = 5, 10
PER_PAGE = 100
PEOPLE_PER_PAGE = 50


@face.get("/", scope=Open.ANYONE)
def home(actor: Actor) -> str:
    own = listings.page(actor, Listing(owner=actor.user), 1, OWN) if actor.user else None
    recent = listings.page(actor, Listing(public_only=True), 1, RECENT)
    return render_template("home.html", own=own, recent=recent)


@face.get("/-/topics", scope=Open.ANYONE)
def list_topics(actor: Actor) -> Response:
    number = page_number()
    found = browse.topics(actor, number, PER_PAGE)
    return _tallies(*found, number, heading=_("Topics"), place="/-/topics", empty=_("No gist has a topic yet."))


@face.get("/-/languages", scope=Open.ANYONE)
def list_languages(actor: Actor) -> Response:
    number = page_number()
    found = browse.languages(actor, number, PER_PAGE)
    empty = _("No gist has a file yet whose name tells its language.")
    return _tallies(*found, number, heading=_("Languages"), place="/-/languages", empty=empty)


def _tallies(tallies: list[Tally], more: bool, number: int, **words: str) -> Response:
    rendered = render_template("tallies.html", tallies=tallies, more=more, number=number, **words)
    return make_response(rendered, 404 if number > 1 and not tallies else 200)


@face.get("/-/users", scope=Open.ANYONE)
def list_people(actor: Actor) -> Response:
    words, number = request.args.get("q", ""), page_number()
    people = browse.people(actor, words, number, PEOPLE_PER_PAGE)
    rendered = render_template("users.html", people=people, words=words, number=number)
    return make_response(rendered, 404 if number > 1 and not people.users else 200)
