"""What the fields of a query stand for: load, core, dump. What an object holds that costs a look is a function, called
for those who ask for it; what a page holds is looked up for all of it at once."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version as version_of
from typing import Any

from graphql import GraphQLResolveInfo

from gistd.api import given_name
from gistd.api.sourcehut import edits, shapes
from gistd.core import accounts, gists, listings
from gistd.core.access import Action
from gistd.core.drafts import Change
from gistd.core.listings import Listing
from gistd.errors import Invalid, NotFound, NotYours
from gistd.http import owner_name
from gistd.index import File, Gist, User

from . import cursors
from .asked import Asked
from .execution import field
from .limits import PAGE
from .uploads import Upload

Answer = dict[str, Any]


# ---------------------------------------------------------------------- queries


@field
def version(_: GraphQLResolveInfo) -> Answer:
    """Of gistd: what there is of the API will stay."""
    return dict(zip(("major", "minor", "patch"), map(int, re.findall(r"\d+", version_of("gistd"))), strict=False))


@field
def me(info: GraphQLResolveInfo) -> Answer:
    return user_answer(info.context, info.context.user)


@field
def user(info: GraphQLResolveInfo, username: str) -> Answer | None:
    found = accounts.user(username.removeprefix("~"))
    return None if found is None else user_answer(info.context, found)


@field
def pastes(info: GraphQLResolveInfo, cursor: object = None) -> Answer:
    return _page(info.context, info.context.user, cursor)


@field
def paste(info: GraphQLResolveInfo, id: str) -> Answer | None:
    gist = _found(info.context, id, Action.VIEW)
    return None if gist is None else paste_answer(info.context, gist)


# ---------------------------------------------------------------------- mutations


@field
def create(info: GraphQLResolveInfo, files: list[Upload], visibility: str) -> Answer:
    asked: Asked = info.context
    given = [{"filename": file.filename, "contents": _text(file)} for file in files]
    draft = edits.draft(**shapes.load(shapes.PasteIn(), {"files": given, "visibility": visibility}))
    asked.pages.clear()
    try:
        return paste_answer(asked, gists.create(asked.actor, draft))
    except Invalid as error:
        raise Invalid(error.message, error.fields or {"files": [error.message]}) from error


@field
def update(info: GraphQLResolveInfo, id: str, visibility: str) -> Answer | None:
    asked: Asked = info.context
    gist = _found(asked, id, Action.EDIT)
    if gist is None:
        return None
    asked.pages.clear()
    return paste_answer(asked, gists.change(asked.actor, gist, Change(visibility=visibility.lower())))


@field
def delete(info: GraphQLResolveInfo, id: str) -> Answer | None:
    asked: Asked = info.context
    gist = _found(asked, id, Action.DELETE)
    if gist is None:
        return None
    files = gists.noted(gist)
    gists.delete(asked.actor, gist)
    asked.pages.clear()
    return paste_answer(asked, gist, lambda _: files)


def _found(asked: Asked, sha: str, action: Action) -> Gist | None:
    """The paste, if there is one that the actor may do this to; None too for one that is somebody else's."""
    try:
        return gists.by_sha(asked.actor, sha.lower(), action)
    except (NotFound, NotYours):
        return None


def _text(file: Upload) -> str:
    try:
        return file.content.decode()
    except UnicodeDecodeError as error:
        words = f"{file.filename or 'a file'} is not text in UTF-8"
        raise Invalid(words, {"files": [words]}) from error


# ---------------------------------------------------------------------- answers


def user_answer(asked: Asked, user: User) -> Answer:
    return {
        "__typename": "User",
        "id": user.id,
        "created": user.created_at,
        "canonicalName": f"~{user.username}",
        "username": user.username,
        "email": (user.email or None) if user == asked.user else None,
        "pastes": lambda info, cursor=None: _page(info.context, user, cursor),
    }


def paste_answer(asked: Asked, gist: Gist, files: Callable[[Gist], Iterable[File]] = gists.noted) -> Answer:
    """A paste, its files as `files` tells them."""
    return {
        "id": gist.sha,
        "created": gist.created_at,
        "visibility": gist.visibility.upper(),
        "files": lambda _: [_file(asked, file) for file in shapes.in_order(gist, files(gist))],
        "user": _nobody(gist) if gist.owner is None else user_answer(asked, gist.owner),
    }


def _file(asked: Asked, file: File) -> Answer:
    return {"filename": given_name(file), "hash": file.blob, "contents": f"{asked.url}/query/blob/{file.blob}"}


def _nobody(gist: Gist) -> Answer:
    """Who owns what was made without an account."""
    name = owner_name(gist)
    return {
        "__typename": "User",
        "id": 0,
        "created": gist.created_at,
        "canonicalName": f"~{name}",
        "username": name,
        "pastes": {"results": []},
    }


def _page(asked: Asked, owner: User, cursor: object) -> Answer:
    """A page of somebody's pastes; looked up once for each query, however often it stands there."""
    of = f"pastes of {owner.id}"
    start = cursors.read(asked.user, of, cursor)
    if (of, start) not in asked.pages:
        asked.pages[of, start] = _looked_up(asked, owner, of, start)
    page: Answer = asked.pages[of, start]
    return page


def _looked_up(asked: Asked, owner: User, of: str, start: int | None) -> Answer:
    listing = Listing(owner=owner, public_only=owner.id != asked.user.id)
    page = listings.page_from(asked.actor, listing, start, PAGE)
    files = cache(lambda: gists.noted_each(page.gists))  # for all of them, once somebody asks for those of one
    return {
        "results": [paste_answer(asked, gist, lambda gist: files()[gist.number]) for gist in page.gists],
        "cursor": cursors.write(asked.user, of, page.next),
    }
