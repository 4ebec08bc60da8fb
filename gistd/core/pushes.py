"""Writes that come as pushes: to a gist that is there, or making one."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from gistd import index
from gistd.errors import GistdError, NotFound
from gistd.index import PUBLIC, Gist
from gistd.store import Push
from gistd.store.pkt import Reader

from . import access, allowance, catalogue, guards, house, options
from .access import Action, Actor, Scope
from .drafts import Change, check_words, is_like_an_id, made_up_title


@dataclass(frozen=True)
class Pushed:
    """What became of a push: why not, in words for the pusher, or None; and the gist, if it made one."""

    push: Push
    problem: str | None = None
    made: Gist | None = None


def push(actor: Actor, gist: Gist, source: Reader) -> Pushed:
    """Take a push from the body of a git-receive-pack request.

    A refused push is an outcome too. When it is accepted the index has seen it before this returns.
    """
    access.require(actor, Action.EDIT, gist)
    allowance.require(actor)

    def take(push: Push) -> None:
        wanted = options.change(push.options)
        with catalogue.present(gist), house.store.lock(gist.id) as repository:
            now = guards.again(actor, Action.EDIT, gist)
            catalogue.keep_branch(now, repository)
            push.check(repository, house.push_limits())
            guards.claim_slug(now.owner, wanted.slug or "", besides=now)
            with guards.hidden_first(now, wanted), guards.taken_back(repository):
                push.accept(repository)
                catalogue.record(now, repository, wanted.columns(), topics=wanted.topics)

    return _receive(source, take)


def claim(actor: Actor, place: str, name: str) -> str:
    """The slug of the gist that the actor would make by pushing to `/<place>/<name>`, where there is none.

    Raises NotFound, Forbidden or Invalid when they cannot.
    """
    if actor.user is None or not index.accounts.is_called(actor.user, place):
        raise NotFound("Gist not found")
    access.require_scope(actor, Scope.GIST_WRITE)
    if is_like_an_id(name):
        raise NotFound("Gist not found")
    check_words(Change(slug=name))
    return name


def push_new(actor: Actor, slug: str, source: Reader) -> Pushed:
    """Make a gist of a push, as `push`. Its branch is the one that is pushed; the slug may be empty."""
    access.require_scope(actor, Scope.GIST_WRITE)
    allowance.require(actor, new=True)

    def take(push: Push) -> Gist:
        wanted = options.change(push.options)
        given = slug if wanted.slug is None else wanted.slug
        push.check(None, house.push_limits())
        guards.claim_slug(actor.user, given)
        id = uuid.uuid4().hex
        with house.store.receive(id, push) as repository:
            paths = (file.path for file in repository.files(repository.head or ""))
            title = wanted.title or given or made_up_title(paths)
            columns = {
                "owner": actor.user,
                "description": "",
                "visibility": PUBLIC,
                "slug": given,
                **wanted.columns(),
                "title": title,
                "titled": bool(wanted.title),
            }
            return catalogue.add(id, repository, columns, wanted.topics or [])

    return _receive(source, take)


def _receive(source: Reader, take: Callable[[Push], Gist | None]) -> Pushed:
    push = Push(source)
    if not push.commands:
        return Pushed(push)
    try:
        push.read(house.push_limits())
        return Pushed(push, made=take(push))
    except GistdError as refused:
        return Pushed(push, refused.message)
