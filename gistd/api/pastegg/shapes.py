"""paste.gg's objects: what comes in, checked field by field, and what goes out."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import regex
from flask import request
from marshmallow import Schema, ValidationError, fields, pre_load
from marshmallow.validate import OneOf
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from gistd.api import NotJson, Shape, name_of, parse, problem
from gistd.core import gists, house, languages
from gistd.core.gists import Contents
from gistd.errors import Unavailable
from gistd.index import VISIBILITIES, File, Gist, User, is_text

from . import content
from .answers import UUID as UUID_WORD
from .answers import bad_json, hex_of, words_of

MAX_BYTES = 25 * 1024
MAX_GRAPHEMES = 255
PREVIEW_BYTES = 256
_PREVIEWED = 256 * 1024
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

# ---------------------------------------------------------------------- in


class Words(fields.String):
    """A name or a description: at most 25 KiB, and 255 of what people take for characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"maxLength": MAX_GRAPHEMES}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        words = super()._deserialize(value, attr, data, **options)
        if not is_text(words):
            raise ValidationError("not valid text")
        if len(words.encode()) > MAX_BYTES:
            raise ValidationError(f"longer than {MAX_BYTES} bytes")
        if len(words) > MAX_GRAPHEMES and sum(1 for _ in regex.finditer(r"\X", words)) > MAX_GRAPHEMES:
            raise ValidationError(f"longer than {MAX_GRAPHEMES} characters")
        return words


class Identifier(fields.String):
    """A UUID in any spelling; becomes its 32 digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": f"^({UUID_WORD})$"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        found = hex_of(super()._deserialize(value, attr, data, **options))
        if found is None:
            raise ValidationError("not a UUID")
        return found


class Language(fields.String):
    """highlight.js's name of a language, in either spelling of paste.gg's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"enum": [*sorted(languages.HIGHLIGHT), None]}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        found = languages.from_highlight(super()._deserialize(value, attr, data, **options))
        if found is None:
            raise ValidationError("not a known language")
        return found


class Moment(fields.Field[datetime]):
    """A date and a time with a zone; what is finer than a microsecond is cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date-time"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        try:
            if not _MOMENT.fullmatch(value):
                raise ValueError(value)
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError("must be a time such as 2030-01-31T12:00:00Z") from error


class ContentIn(Shape):
    format = fields.String(required=True, validate=OneOf(content.FORMATS))
    value = fields.String(required=True)
    highlight_language = fields.Raw(
        load_default=None, metadata={"description": "Counts where there is none beside `content`; never an error."}
    )


class FileIn(Shape):
    name = Words(allow_none=True, load_default=None)
    highlight_language = Language(allow_none=True, load_default=None)
    content = fields.Nested(ContentIn, required=True)


class FileChangeIn(Shape):
    id = Identifier()
    name = Words(allow_none=True)
    highlight_language = Language(allow_none=True)
    content = fields.Nested(ContentIn, allow_none=True)


class PasteIn(Shape):
    name = Words(allow_none=True, load_default=None)
    description = Words(allow_none=True, load_default=None)
    visibility = fields.String(load_default="unlisted", validate=OneOf(VISIBILITIES))
    expires = Moment(allow_none=True, load_default=None)
    files = fields.List(fields.Nested(FileIn), load_default=list)

    @pre_load
    def _count(self, data: Any, **_: Any) -> Any:
        if isinstance(data, dict):
            check_number(data.get("files"))
        return data


class PasteChangeIn(Shape):
    """What is absent stays; null takes away, but for the visibility."""

    name = Words(allow_none=True)
    description = Words(allow_none=True)
    visibility = fields.String(allow_none=True, validate=OneOf(VISIBILITIES))
    expires = Moment(allow_none=True)


_IDS = fields.List(Identifier())


def check_number(items: Any) -> None:
    """Raise ValidationError for more files than a gist may hold: they are not worth looking at."""
    most = house.limits().files
    if isinstance(items, list) and len(items) > most:
        raise ValidationError(f"at most {most} files")


def read(shape: Schema, body: bytes | None = None) -> Any:
    """The body of the request, as the shape makes it. Its Content-Type does not count: clients forget it.

    Raises Refused.
    """
    try:
        parsed = parse(request.get_data() if body is None else body)
        if shape.many:
            check_number(parsed)
        return shape.load(parsed)
    except NotJson as error:
        raise words_of(error) from error
    except ValidationError as error:
        raise bad_json(problem(error)) from error


def read_ids() -> list[str]:
    """The body of the request, a bare list of ids. Raises werkzeug's errors: paste.gg has no keys for it."""
    try:
        return [str(id) for id in _IDS.deserialize(parse(request.get_data())) or []]
    except NotJson as error:
        raise BadRequest from error
    except ValidationError as error:
        raise UnprocessableEntity from error


# ---------------------------------------------------------------------- out


def file(file: File) -> dict[str, Any]:
    """A file without its content."""
    language = file.syntax and languages.to_highlight(file.syntax)
    return {"id": file.id, "name": name_of(file), "highlight_language": language}


def full_file(contents: Contents, entry: File) -> dict[str, Any]:
    return {**file(entry), "content": content.shown(contents.read(entry), entry.encoding)}


def full_file_if_whole(contents: Contents, entry: File) -> dict[str, Any]:
    """As `full_file`; without the content of one that is damaged, whose own address says so."""
    try:
        return full_file(contents, entry)
    except Unavailable:
        return file(entry)


def readme_first(files: Iterable[File]) -> list[File]:
    """The files in the order of paste.gg's pages."""
    return sorted(files, key=lambda each: (name_of(each).partition(".")[0].lower() != "readme", name_of(each).encode()))


def paste(gist: Gist, files: list[dict[str, Any]], deletion_key: str | None = None) -> dict[str, Any]:
    """A paste with those files. The key is printed with hyphens, unlike every other id."""
    author = {} if gist.owner is None else {"author": _author(gist.owner)}
    key = {} if deletion_key is None else {"deletion_key": str(UUID(deletion_key))}
    listed = listed_paste(gist)
    return {"id": listed.pop("id"), **author, **listed, **key, "files": files}


def listed_paste(gist: Gist) -> dict[str, Any]:
    """A paste as lists have it."""
    expires = {} if gist.expires_at is None else {"expires": time(gist.expires_at)}
    return {
        "id": gist.id,
        "name": (gist.titled and gist.title) or None,
        "description": gist.description or None,
        "visibility": gist.visibility,
        "created_at": time(gist.created_at),
        "updated_at": time(gist.updated_at),
        **expires,
    }


def previewed_paste(gist: Gist, files: Iterable[File]) -> dict[str, Any]:
    """A paste as lists of users have it: the first text among its files with its beginning."""
    entries = readme_first(files)
    shown = {entry.id: file(entry) for entry in entries}
    with suppress(Unavailable):  # what is damaged does not take the list away
        contents = gists.contents(gist)
        for entry in entries:
            raw = contents.look(entry) if entry.encoding != "base64" and entry.size <= _PREVIEWED else None
            whole = None if raw is None else content.shown(raw, entry.encoding)
            if whole and whole["format"] == "text":
                shown[entry.id]["content"] = {"format": "text", "value": preview(whole["value"].encode())}
                break
    return paste(gist, list(shown.values()))


def preview(text: bytes) -> str:
    """The first lines that fit into 256 bytes, or as much of the first as does; whole characters."""
    if len(text) <= PREVIEW_BYTES:
        return text.decode()
    beginning = text[:PREVIEW_BYTES].decode(errors="ignore")
    return beginning.rpartition("\n")[0] or beginning


def _author(owner: User) -> dict[str, str]:
    return {"id": owner.uuid, "username": owner.username, "name": owner.username}


def time(moment: datetime) -> str:
    """RFC 3339, with as many digits as it needs: none, 3 or 6."""
    digits = 0 if not moment.microsecond else 6 if moment.microsecond % 1000 else 3
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06}"[: digits + 1] if digits else "") + "Z"
