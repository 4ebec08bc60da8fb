"""A paste as a form: `multipart/form-data` with a header X-Paste. Only the original's v1 takes them."""

import base64
from collections.abc import Iterator
from typing import Any

from flask import g, request
from marshmallow import ValidationError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from gistd.core import house, text

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
        parts = list(_parts(request.get_data()))
        if not parts or parts[0][1].get("Content-Type") != "application/json":
            raise ValueError("the first part must be application/json")
        asked: dict[str, Any] = read_json(PasteIn(), parts[0][2])
        asked["files"] += [_file(*part) for part in parts[1:]]
    except (ValueError, ValidationError, RequestEntityTooLarge) as error:
        raise Refused("bad_multipart", str(error)) from error
    except Refused as error:
        raise Refused("bad_multipart", error.message) from error
    return asked


def _parts(body: bytes) -> Iterator[tuple[str, Headers, bytes]]:
    """The name, the headers and the content of each part. Raises ValueError for what is no form."""
    boundary = request.mimetype_params.get("boundary", "").encode()
    if not boundary:
        raise ValueError("the form has no boundary")
    decoder = MultipartDecoder(boundary, max_parts=house.limits().files + 1)
    decoder.receive_data(body)
    decoder.receive_data(None)
    name, headers, content = "", Headers(), bytearray()
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("the form ends too early")
        if isinstance(event, Field | File):
            name, headers, content = event.name or "", event.headers, bytearray()
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield name, headers, bytes(content)


def _file(name: str, headers: Headers, content: bytes) -> Any:
    """A part as a file in JSON would be: an image and what is no text is binary, the rest is text."""
    words = None if headers.get("Content-Type", "").startswith("image/") else text.decode(content)
    if words is None:
        carried = {"format": "base64", "value": base64.b64encode(content).decode()}
    else:
        carried = {"format": "text", "value": words}
    return FileIn().load({"name": name or None, "content": carried})
