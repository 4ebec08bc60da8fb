"""What the dialects say of themselves, on one page for people: `/-/api`. No scripts, nothing from elsewhere."""

from collections.abc import Callable
from typing import Any

from flask import Response, render_template

from gistd.core.access import NOBODY, Actor, Open
from gistd.http import Face


def make_face(documents: list[Callable[[], dict[str, Any]]]) -> Face:
    """The face of the page that shows these OpenAPI documents."""
    face = Face("reference", lambda: NOBODY, _error, r"/-/api$")

    @face.get("/-/api", scope=Open.EVERYBODY)
    def show(_: Actor) -> str:
        return render_template("api.html", documents=[document() for document in documents])

    return face


def _error(status: int, message: str, _: Exception) -> Response:
    return Response(render_template("error.html", status=status, message=message), status)
