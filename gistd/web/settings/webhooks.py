"""Webhooks: what becomes of one's gists is told to a URL; what was sent, and what was answered."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import signing, webhooks
from gistd.core.access import Actor, Open
from gistd.core.events import Kind
from gistd.errors import Conflict, Invalid
from gistd.http import base_url

from ..face import face
from ..forms import page, saved
from ..payloads import DIALECT

_HERE = "/-/settings/webhooks"
_ONE = f"{_HERE}/<int(max=2147483647):id>"
_TOLD = f"{_ONE}/deliveries/<uuid:name>"

_KINDS = [kind for kind in Kind if kind is not Kind.PING]
_ALL = 1000
_SIZE = 20


@face.get("/-/webhook-key", scope=Open.EVERYBODY)
def webhook_key(_: Actor) -> Response:
    """What the signatures of webhooks are verified with."""
    return Response(f"{signing.public_key()}\n", mimetype="text/plain")


@face.get(_HERE, scope=Open.SIGNED_IN)
def all_webhooks(actor: Actor) -> Response:
    return _page(actor)


@face.post(_HERE, scope=Open.SIGNED_IN)
def create_webhook(actor: Actor) -> AnyResponse:
    try:
        kinds = [kind for kind in _KINDS if kind in request.form.getlist("event")]
        made = webhooks.subscribe(actor, DIALECT, request.form.get("url", "").strip(), kinds, base_url())
    except (Invalid, Conflict) as refused:
        return _page(actor, refused)
    return saved(f"{_HERE}/{made.id}")


def _page(actor: Actor, refused: Invalid | Conflict | None = None) -> Response:
    mine, _ = webhooks.page(actor, _ALL)
    listed = [(webhook, webhooks.words(webhook)) for webhook in mine]
    return page(
        "settings/webhooks.html",
        refused,
        webhooks=listed,
        kinds=_KINDS,
        chosen=request.form.getlist("event") if refused else _KINDS,
        key=signing.public_key(),
        form=request.form,
    )


@face.get(_ONE, scope=Open.SIGNED_IN)
def webhook(actor: Actor, id: int) -> Response:
    found = webhooks.get(actor, id)
    told, _ = webhooks.told(found, _SIZE + 1, _start())
    older = told[_SIZE].id if len(told) > _SIZE else None
    return page("settings/webhook.html", webhook=found, words=webhooks.words(found), told=told[:_SIZE], older=older)


def _start() -> int | None:
    """Where a page of older ones begins; no number that a row can have is none."""
    start = request.args.get("start", type=int)
    return start if start is not None and 0 < start < 2**31 else None


@face.post(f"{_ONE}/delete", scope=Open.SIGNED_IN)
def delete_webhook(actor: Actor, id: int) -> AnyResponse:
    webhooks.delete(webhooks.get(actor, id))
    return redirect(_HERE, 303)


@face.post(f"{_ONE}/ping", scope=Open.SIGNED_IN)
def ping_webhook(actor: Actor, id: int) -> AnyResponse:
    name = webhooks.ping(webhooks.get(actor, id))
    return redirect(f"{_HERE}/{id}/deliveries/{name}", 303)


@face.get(_TOLD, scope=Open.SIGNED_IN)
def delivery(actor: Actor, id: int, name: str) -> Response:
    found = webhooks.get(actor, id)
    told = webhooks.delivery(found, str(name))
    return page("settings/delivery.html", webhook=found, told=told, payload=webhooks.payload(told))


@face.post(f"{_TOLD}/redeliver", scope=Open.SIGNED_IN)
def redeliver(actor: Actor, id: int, name: str) -> AnyResponse:
    webhooks.send_again(webhooks.delivery(webhooks.get(actor, id), str(name)))
    return redirect(f"{_HERE}/{id}/deliveries/{name}", 303)
