"""A paste as a form: `multipart/form-data` with a header X-Paste. Only the original's v1 takes them."""

import base64
from typing import Any

from flask import g, request
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound

from gistd.api import Part, form_parts
from gistd.core import house, text
from gistd.errors import Invalid

from .answers import Refused
from .shapes import FileIn, PasteIn
from .shapes import read as read_json


def is_one() -> bool:
    """Whether the request is a form. Raises werkzeug's NotFound for one that is not announced as a paste."""
    if request.mimetype != "multipart/form-data":
        return False
    if g.version != "v1" or "X-Paste" not in request.headers:
        raise NotFound
    return True


def read() -> dict[str, Any]:
    """The form, as PasteIn would make it of JSON. Raises Refused."""
    try:
        parts = list(form_parts(house.limits().files + 1))
        if not parts or parts[0].headers.get("Content-Type") != "application/json":
            raise Refused("bad_multipart", "the first part must be application/json")
        asked: dict[str, Any] = read_json(PasteIn(), parts[0].content)
        asked["files"] += map(_file, parts[1:])
    except ValidationError as error:
        raise Refused("bad_multipart", str(error)) from error
    except (Refused, Invalid) as error:
        raise Refused("bad_multipart", error.message) from error
    return asked


def _file(part: Part) -> Any:
    """A part as a file in JSON would be: an image and what is no text is binary, the rest is text."""
    words = None if part.headers.get("Content-Type", "").startswith("image/") else text.decode(part.content)
    if words is None:
        carried = {"format": "base64", "value": base64.b64encode(part.content).decode()}
    else:
        carried = {"format": "text", "value": words}
    return FileIn().load({"name": part.name or None, "content": carried})
