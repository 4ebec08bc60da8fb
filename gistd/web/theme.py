"""Light or dark, as somebody likes it; else as their system says."""

from flask import redirect, request
from werkzeug.wrappers import Response

from gistd.core.access import Actor, Open

from .face import face, own_path
from .session import over_tls

THEMES = ("light", "dark")
_COOKIE = "gistd_theme"
_YEAR = 365 * 24 * 3600


@face.post("/-/theme", scope=Open.EVERYBODY)
def choose_theme(actor: Actor) -> Response:
    response = redirect(own_path(request.form.get("next", "/")), 303)
    chosen = request.form.get("theme", "")
    kept = _YEAR if chosen in THEMES else 0
    response.set_cookie(_COOKIE, chosen if kept else "", max_age=kept, httponly=True, samesite="Lax", secure=over_tls())
    return response


@face.app_template_global()
def theme() -> str:
    """What was chosen; empty for what the system says."""
    chosen = request.cookies.get(_COOKIE, "")
    return chosen if chosen in THEMES else ""
