"""ownpaste's objects: what comes in, checked field by field, and what goes out.

A paste has one file. Of a gist that has several it is the first by its path; one that has none is an empty one.
"""

from collections.abc import Iterable
from typing import Any

from flask import request
from marshmallow import ValidationError, fields
from marshmallow.validate import Length
from werkzeug.exceptions import UnsupportedMediaType

from gistd.api import NotJson, Shape, first, given_name, parse, problem
from gistd.core import gists, languages
from gistd.core.gists import Contents
from gistd.errors import Invalid
from gistd.index import PUBLIC, File, Gist

PREVIEW_LINES = 5
MAX_NAME, MAX_LANGUAGE = 4096, 255
DEFAULT_NAME = "untitled.txt"

# ---------------------------------------------------------------------- in


class Flag(fields.Boolean):
    """true or false, and nothing that looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class PasteIn(Shape):
    file_content = fields.String(required=True)
    file_name = fields.String(allow_none=True, load_default=None, validate=Length(max=MAX_NAME))
    language = fields.String(allow_none=True, load_default=None, validate=Length(max=MAX_LANGUAGE))
    private = Flag(load_default=False)


class PasteChangeIn(Shape):
    """What is absent stays, and so does what is null."""

    file_content = fields.String(allow_none=True)
    file_name = fields.String(allow_none=True, validate=Length(max=MAX_NAME))
    language = fields.String(allow_none=True, validate=Length(max=MAX_LANGUAGE))
    private = Flag(allow_none=True)


def read(shape: Shape) -> Any:
    """The body of the request, as the shape makes it. Raises Invalid, or werkzeug's UnsupportedMediaType for what is
    not said to be JSON, is null, or nothing."""
    body = request.get_data()
    if not request.is_json or not body:
        raise UnsupportedMediaType
    try:
        parsed = parse(body)
        if parsed is None:
            raise UnsupportedMediaType
        return shape.load(parsed)
    except NotJson as error:
        raise Invalid(f"not JSON: {error.message}") from error
    except ValidationError as error:
        raise Invalid(problem(error)) from error


# ---------------------------------------------------------------------- out


def short_paste(gist: Gist, files: Iterable[File]) -> dict[str, Any]:
    """A paste with those files, with the first lines of its content."""
    file = first(files)
    beginning = gists.beginning(gist, file).decode(errors="replace") if file else ""
    preview = "\n".join(beginning.splitlines()[:PREVIEW_LINES])
    return {**_paste(gist, file), "file_content_preview": preview}


def full_paste(contents: Contents) -> dict[str, Any]:
    """A paste with all of its content; what is no text, as far as it is."""
    file = first(contents.noted())
    content = contents.read(file).decode(errors="replace") if file else ""
    return {**_paste(contents.gist, file), "file_content": content}


def _paste(gist: Gist, file: File | None) -> dict[str, Any]:
    return {
        "paste_id": gist.number,
        "language": language_of(gist, file),
        "file_name": given_name(file),
        "pub_timestamp": int(gist.created_at.timestamp()),
        "private": gist.visibility != PUBLIC,
        "private_id": gist.private_id,
    }


def language_of(gist: Gist, file: File | None) -> str:
    """The language in the word of whoever chose it, else guessed; it was already, if the paste was made here."""
    if file is None:
        return languages.guess(None, "")
    if file.syntax is not None:
        return str(file.syntax)
    return languages.guess(given_name(file), gists.beginning(gist, file).decode(errors="replace"))
