"""All that somebody has here, as a zip: each gist as a repository that git can clone, and what is known of it as JSON.

It is made while it is sent; nothing is held whole but what is known of one gist.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zipfile import ZipFile, ZipInfo

from gistd import index
from gistd.errors import NotFound, Unavailable
from gistd.index import Gist, OAuthClient, Subscription, User

from . import gists, house, listings, oauth, oauthclients, webhooks
from .access import Actor
from .listings import Listing

_CHUNK = 256 * 1024

README = """Everything that {username} had on gistd.

account.json         the account, the gists that it likes, its webhooks and apps, and the apps that act in its name
gists/<id>.json      a gist: its title, description, visibility, topics, and so on
gists/<id>.git       its repository: git clone gists/<id>.git
"""


class _Sink:
    """What zipfile writes to: it is taken away piece by piece. Having no place to go back to, it is a stream."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


def pack(actor: Actor) -> Iterator[bytes]:
    """The zip, piece by piece. What the actor may not see is not in it, not even by name."""
    assert actor.user is not None
    sink = _Sink()
    with ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # a stream, as zipfile says it may be
        _put(archive, "README.txt", README.format(username=actor.user.username).encode())
        _put(archive, "account.json", _json(_account(actor, actor.user)))
        for id in index.gists.ids_of(actor.user):
            try:
                gist = gists.get(actor, id)
            except NotFound:
                continue  # deleted meanwhile, or expired
            _put(archive, f"gists/{id}.json", _json(_gist(actor, gist)))
            for _ in _repository(archive, gist):
                yield sink.take()
    yield sink.take()


def _repository(archive: ZipFile, gist: Gist) -> Iterator[None]:
    """Write it, with a pause after each piece."""
    root = f"gists/{gist.id}.git"
    try:
        with house.store.snapshot(gist.id) as files:
            for folder in ("refs", "objects"):  # without them git sees no repository
                archive.mkdir(f"{root}/{folder}")
            for path, file in files.items():
                with archive.open(_entry(f"{root}/{path}"), "w", force_zip64=True) as entry:
                    while chunk := file.read(_CHUNK):
                        entry.write(chunk)
                        yield
    except Unavailable as error:
        _put(archive, f"{root}.missing", f"{error.message}\n".encode())


def _put(archive: ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_entry(name), content)


def _entry(name: str) -> ZipInfo:
    at = index.now()
    return ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _account(actor: Actor, user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "created_at": _moment(user.created_at),
        "likes": [_place(gist) for gist in listings.each(actor, Listing(liked_by=user))],
        "webhooks": [_webhook(webhook) for webhook in webhooks.page(actor, house.settings.max_webhooks)[0]],
        "apps": [{**_app(app), "redirect_uri": app.redirect_uri} for app in oauthclients.of(user)],
        "authorized_apps": [
            {**_app(each.client), "scopes": each.scopes, "expires_at": _moment(each.expires_at)}
            for each in oauth.authorized(user)
        ],
    }


def _app(app: OAuthClient) -> dict[str, Any]:
    return {"client_id": app.public_id, "name": app.name, "created_at": _moment(app.created_at)}


def _webhook(webhook: Subscription) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "dialect": webhook.dialect,
        "events": webhook.events.split(),
        "query": webhook.query,
        "created_at": _moment(webhook.created_at),
    }


def _gist(actor: Actor, gist: Gist) -> dict[str, Any]:
    parent = listings.parent(actor, gist)
    return {
        "id": gist.id,
        "slug": gist.slug,
        "title": gist.title,
        "description": gist.description,
        "visibility": gist.visibility,
        "topics": gist.topic_names,
        "archived": gist.archived,
        "created_at": _moment(gist.created_at),
        "updated_at": _moment(gist.updated_at),
        "expires_at": _moment(gist.expires_at),
        "forked_from": _place(parent) if parent else None,
        "files": sorted(index.files.of(gist)),
    }


def _place(gist: Gist) -> str:
    return f"{gist.owner.username if gist.owner else 'anonymous'}/{gist.id}"


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
