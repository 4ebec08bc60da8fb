"""What others do with a gist: like it, fork it."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import gists, likes, listings
from gistd.core.access import Actor, Open
from gistd.errors import NotFound
from gistd.http import path_of

from .face import face
from .gist import page_of_gist
from .lists import page_number

PER_PAGE = 50


@face.post("/<place:username>/<name>/like", scope=Open.ONE_GIST)
def like(actor: Actor, username: str, name: str) -> AnyResponse:
    """Like it, or with `liked=no` not any more."""
    gist = gists.find(actor, username, name)
    likes.like(actor, gist, request.form.get("liked") != "no")
    return redirect(path_of(gist), 303)


@face.get("/<place:username>/<name>/likes", scope=Open.ONE_GIST)
def likers(actor: Actor, username: str, name: str) -> Response:
    gist, number = gists.find(actor, username, name), page_number()
    users = likes.likers(gist, number, PER_PAGE)
    if not users and number > 1:
        raise NotFound("Not found")
    return page_of_gist(actor, gist, "likes.html", users=users, number=number, more=gist.like_count > number * PER_PAGE)


@face.post("/<place:username>/<name>/fork", scope=Open.ONE_GIST)
def fork(actor: Actor, username: str, name: str) -> AnyResponse:
    mine, _ = gists.fork(actor, gists.find(actor, username, name))
    return redirect(path_of(mine), 303)


@face.get("/<place:username>/<name>/forks", scope=Open.ONE_GIST)
def forks(actor: Actor, username: str, name: str) -> Response:
    gist, number = gists.find(actor, username, name), page_number()
    page = listings.forks(actor, gist, number, PER_PAGE)
    if not page.gists and number > 1:
        raise NotFound("Not found")
    return page_of_gist(actor, gist, "forks.html", forks=page.gists, number=number, more=page.total > number * PER_PAGE)
