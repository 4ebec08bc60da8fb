"""All that one has here, to take along."""

from flask import Response

from gistd.core import export as exports
from gistd.core.access import Actor, Open
from gistd.index import now

from ..face import face
from ..forms import page, user_of

_HERE = "/-/settings/export"


@face.get(_HERE, scope=Open.SIGNED_IN)
def export(_: Actor) -> Response:
    return page("settings/export.html")


@face.get(f"{_HERE}.zip", scope=Open.SIGNED_IN)
def export_zip(actor: Actor) -> Response:
    response = Response(exports.pack(actor), mimetype="application/zip")
    name = f"gistd-{user_of(actor).username}-{now():%Y-%m-%d}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
