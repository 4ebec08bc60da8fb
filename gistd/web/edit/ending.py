"""A gist is archived, and deleted."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import access, credentials, gists
from gistd.core.access import Action, Actor, Open
from gistd.errors import Forbidden
from gistd.http import owner_name, path_of

from ..face import face
from ..forms import page


@face.post("/<place:username>/<name>/archived", scope=Open.SIGNED_IN)
def set_archived(actor: Actor, username: str, name: str) -> AnyResponse:
    """Let it be read-only, or with `archived=no` not any more."""
    gist = gists.find(actor, username, name, Action.ARCHIVE)
    gists.archive(actor, gist, request.form.get("archived") != "no")
    return redirect(path_of(gist), 303)


@face.get("/<place:username>/<name>/delete", scope=Open.ONE_GIST)
def ask_to_delete(actor: Actor, username: str, name: str) -> Response:
    gist = gists.find(actor, username, name)
    if gist.owner_id is not None:  # nobody's are for whoever has the key
        access.require(actor, Action.DELETE, gist)
    return page("edit/delete.html", gist=gist)


@face.post("/<place:username>/<name>/delete", scope=Open.ONE_GIST)
def delete_gist(actor: Actor, username: str, name: str) -> AnyResponse:
    gist = gists.find(actor, username, name)
    if gist.owner_id is not None:
        gists.delete(actor, gist)
        return redirect(f"/{owner_name(gist)}", 303)
    key = request.form.get("key", "").strip().replace("-", "").lower()
    try:
        gists.delete(credentials.actor_by_deletion_key(key), gist)
    except Forbidden as refused:
        return page("edit/delete.html", refused, gist=gist)
    return redirect("/", 303)
