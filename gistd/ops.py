"""For machines that watch over gistd: is it well?"""

from flask import Response, jsonify

from gistd.core import house
from gistd.core.access import NOBODY, Actor, Open
from gistd.http import Face


def _error(status: int, message: str, _: Exception) -> Response:
    response = jsonify(status="unavailable" if status == 503 else "error", message=message)
    response.status_code = status
    return response


face = Face("ops", lambda: NOBODY, _error, r"/-/health$")


@face.get("/-/health", scope=Open.EVERYBODY)
def health(_: Actor) -> Response:
    """200 while the index and the data directory answer, 503 when one of them does not."""
    house.check()
    return jsonify(status="ok")
