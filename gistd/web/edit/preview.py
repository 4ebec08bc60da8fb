"""How a text will look."""

import hashlib

from flask import Response, request

from gistd.core import gists, rendering, text
from gistd.core.access import Action, Actor, Open
from gistd.http import path_of

from ..face import face
from ..forms import page
from . import sheet as sheets


@face.post("/-/preview", scope=Open.ANYONE)
def preview(actor: Actor) -> Response:
    """A file of the editor's form as a page would show it: the one whose key is `preview`. Keeps nothing."""
    sheet = sheets.typed()
    key = request.form.get("preview", "")
    card = next((card for card in sheet.cards if card.key == key), None)
    words = text.from_form((card.text or "") if card else "")
    name = card.name if card else ""
    blob, until = hashlib.sha256(words.encode()).hexdigest(), rendering.deadline()
    document = None
    if not name or text.language(name) == "Markdown":
        document = rendering.markdown(blob, words, until, _near(actor, name))
    lines = [] if document else rendering.lines(blob, name, words, until)
    return page("edit/preview.html", name=name, document=document, lines=lines)


def _near(actor: Actor, name: str) -> str:
    """Where relative links of the text lead: to the gist as it is, if it is there already."""
    id = request.form.get("gist", "")
    folder = f"{name.rpartition('/')[0]}/".lstrip("/")
    return f"{path_of(gists.get(actor, id, Action.VIEW))}/raw/HEAD/{folder}" if id else f"#{folder}"
