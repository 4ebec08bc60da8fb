"""Lists of gists: all, a user's, by topic, by language, liked, forked; each in the order that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, make_response, render_template, request

from gistd.core import accounts, browse, languages, listings
from gistd.core.access import Actor, Open
from gistd.core.listings import Listing, Page, Sort
from gistd.errors import NotFound, Unauthenticated
from gistd.index import VISIBILITIES, User

from . import feeds
from .face import face
from .texts import _

PER_PAGE = 20
MAX_PAGE = 5000


@dataclass(frozen=True)
class GistList:
    """A list as its page and its feed show it. `empty` is what to say when nothing is in it, `next` where to go then:
    a path and its words."""

    heading: str
    listing: Listing
    path: str
    empty: str
    next: tuple[str, str]
    arguments: Mapping[str, str] | None = None
    has_feed: bool = True

    @property
    def address(self) -> str:
        return self._with_arguments(self.path)

    @property
    def feed(self) -> str:
        return self._with_arguments(f"{self.path}.atom")

    def _with_arguments(self, path: str) -> str:
        return f"{path}?{urlencode(self.arguments)}" if self.arguments else path


@face.get("/-/all", scope=Open.ANYONE)
def list_all(actor: Actor) -> Response:
    return _page(actor, _all())


@face.get("/-/all.atom", scope=Open.ANYONE)
def all_feed(_: Actor) -> Response:
    return _feed(_all())


def _all() -> GistList:
    return GistList(_("All gists"), Listing(), "/-/all", _("Nothing here yet."), _new())


@face.get("/-/topics/<topic>", scope=Open.ANYONE)
def list_topic(actor: Actor, topic: str) -> Response:
    return _page(actor, _of_topic(topic))


@face.get("/-/topics/<topic>.atom", scope=Open.ANYONE)
def topic_feed(_: Actor, topic: str) -> Response:
    return _feed(_of_topic(topic))


def _of_topic(topic: str) -> GistList:
    heading = _("Gists about %(topic)s") % {"topic": topic}
    empty = _("No gist has this topic yet.")
    return GistList(heading, Listing(topic=topic), f"/-/topics/{quote(topic)}", empty, ("/-/topics", _("All topics")))


@face.get("/-/languages/<path:word>", scope=Open.ANYONE)
def list_language(actor: Actor, word: str) -> Response:
    return _page(actor, _in_language(word))


@face.get("/-/languages/<path:word>.atom", scope=Open.ANYONE)
def language_feed(_: Actor, word: str) -> Response:
    return _feed(_in_language(word))


def _in_language(word: str) -> GistList:
    name = languages.named(word)
    if name is None:
        raise NotFound("Not found")
    heading = _("Gists in %(language)s") % {"language": name}
    path, next = f"/-/languages/{quote(name)}", ("/-/languages", _("All languages"))
    return GistList(heading, Listing(language=name), path, _("No gist has a file in this language yet."), next)


@face.get("/<place:username>", scope=Open.ANYONE)
def list_user(actor: Actor, username: str) -> Response:
    found = known(username)
    shown = request.args.get("visibility")
    is_self = actor.user is not None and actor.user.id == found.id
    of_user = _of_user(found, shown if shown in VISIBILITIES else None, is_self)
    return _page(actor, of_user, "user.html", user=found, counts=browse.visibilities(actor, found))


@face.get("/<place:username>.atom", scope=Open.ANYONE)
def user_feed(_: Actor, username: str) -> Response:
    return _feed(_of_user(known(username)))


def _of_user(user: User, visibility: str | None = None, is_self: bool = False) -> GistList:
    if is_self:
        empty, next = _("You have no such gists yet.") if visibility else _("You have no gists yet."), _new()
    else:
        empty, next = _("Nothing here yet."), ("/-/all", _("All gists"))
    heading = _("Gists of %(name)s") % {"name": user.username}
    return GistList(heading, Listing(owner=user, visibility=visibility), f"/{user.username}", empty, next)


@face.get("/-/liked", scope=Open.ANYONE)
def list_liked(actor: Actor) -> Response:
    user = _asked_for(actor)
    empty = _("Nothing here yet. A gist is liked on its page.")
    return _page(actor, _about(user, _("Liked by %(name)s"), Listing(liked_by=user), "/-/liked", empty))


@face.get("/-/forked", scope=Open.ANYONE)
def list_forked(actor: Actor) -> Response:
    user = _asked_for(actor)
    empty = _("Nothing here yet. A gist is forked, which makes a copy of one's own, on its page.")
    return _page(actor, _about(user, _("Forked by %(name)s"), Listing(owner=user, forks_only=True), "/-/forked", empty))


def _about(user: User, heading: str, listing: Listing, path: str, empty: str) -> GistList:
    all = ("/-/all", _("All gists"))
    return GistList(
        heading % {"name": user.username}, listing, path, empty, all, {"user": user.username}, has_feed=False
    )


def _asked_for(actor: Actor) -> User:
    """The user that the address names, else whoever looks. Raises NotFound or Unauthenticated."""
    name = request.args.get("user")
    if name is not None:
        return known(name)
    if actor.user is None:
        raise Unauthenticated("Requires authentication")
    return actor.user


def known(username: str) -> User:
    """The user of that name. Raises NotFound."""
    found = accounts.user(username)
    if found is None:
        raise NotFound("Not found")
    return found


def _new() -> tuple[str, str]:
    return "/-/new", _("New gist")


def _feed(shown: GistList) -> Response:
    return feeds.feed(shown.heading, shown.listing, shown.address, shown.feed)


def _page(actor: Actor, shown: GistList, template: str = "list.html", **more: Any) -> Response:
    number = page_number()
    listing = ordered(shown.listing)
    page = listings.page(actor, listing, number, PER_PAGE)
    return paged(page, PER_PAGE, template, list=shown, listing=listing, number=number, **more)


def page_number(most: int = MAX_PAGE) -> int:
    """Which page is asked for; the first if it is no number. Raises NotFound for one that cannot be."""
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= most:
        raise NotFound("Not found")
    return number


def ordered(listing: Listing) -> Listing:
    """The list in the order that the address asks for."""
    asked = request.args.get("sort", "")
    sort = Sort(asked) if asked in [*Sort] else Sort.UPDATED
    return replace(listing, sort=sort, ascending=request.args.get("order") == "asc")


def paged(page: Page, size: int, template: str, number: int, most: int = MAX_PAGE, **values: Any) -> Response:
    """A page of a list, of which there are `most` at most; one that is beyond the last is not there, and says so."""
    more = page.total > number * size and number < most
    rendered = render_template(template, gists=page.gists, total=page.total, number=number, more=more, **values)
    return make_response(rendered, 404 if number > 1 and not page.gists else 200)
