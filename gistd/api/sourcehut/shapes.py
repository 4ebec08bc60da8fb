"""sourcehut's objects: what comes in, checked member by member, and what goes out."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import request
from marshmallow import ValidationError, fields

from gistd.api import NotJson, Shape, given_name, parse
from gistd.core import house
from gistd.core.access import Actor, Scope
from gistd.core.drafts import arranged
from gistd.core.events import Kind
from gistd.errors import TooLarge
from gistd.http import owner_name
from gistd.index import UNLISTED, VISIBILITIES, File, Gist, User, is_text
from gistd.store import File as StoredFile

from .answers import Refused

MAX_FILENAME = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
EVENTS = {Kind.CREATE: "paste:create", Kind.DELETE: "paste:delete"}
_MISSING = "is required"
_NULL = "may not be null"

# ---------------------------------------------------------------------- in
# The words are said of the member that they are about, whose name `_flat` puts before them.


def _should_be(kind: type) -> str:
    return f"should be a {kind.__name__}"


class Needed(fields.Field[Any]):
    """What must be there, of a type, and not empty: the original says both where both is wrong."""

    kind: type

    def __init__(self, **options: Any) -> None:
        words = {"required": _MISSING, "null": [_NULL, _MISSING]}
        super().__init__(required=True, error_messages=words, **options)  # type: ignore[arg-type]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        wrong = [] if isinstance(value, self.kind) else [_should_be(self.kind)]
        if not value and not isinstance(value, bool):
            wrong.append(_MISSING)
        if wrong:
            raise ValidationError(wrong)
        return super()._deserialize(value, attr, data, **options)


class Contents(Needed, fields.String):
    kind = str

    def __init__(self) -> None:
        super().__init__(metadata={"minLength": 1})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        words: str = super()._deserialize(value, attr, data, **options)
        if not is_text(words):
            raise ValidationError("is not text")
        return words


class Filename(fields.Field[str | None]):
    """A label, which may be anything that can be read on one line; empty, it is none."""

    def __init__(self) -> None:
        super().__init__(allow_none=True, load_default=None, metadata={"type": "string"})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str | None:
        if not isinstance(value, str):
            raise ValidationError(_should_be(str))
        words = value.strip()
        if len(words) > MAX_FILENAME:
            raise ValidationError(f"is longer than {MAX_FILENAME} characters")
        if _CONTROL.search(words) or not is_text(words):
            raise ValidationError("holds characters that no name has")
        return words or None


class Visibility(fields.Field[str]):
    """In any case; null is none."""

    def __init__(self, **options: Any) -> None:
        words = {"required": _MISSING, "null": _NULL}
        super().__init__(error_messages=words, metadata={"type": "string", "enum": list(VISIBILITIES)}, **options)  # type: ignore[arg-type]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("should be an str")
        if value.lower() not in VISIBILITIES:
            raise ValidationError("should be a valid PasteVisibility")
        return value.lower()


class FileIn(Shape):
    error_messages = {"type": _should_be(dict)}

    filename = Filename()
    contents = Contents()


class Files(Needed, fields.List[Any]):
    kind = list

    def __init__(self) -> None:
        files = fields.Nested(FileIn, error_messages={"null": _NULL})
        super().__init__(cls_or_instance=files, metadata={"minItems": 1})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        most = house.limits().files
        if isinstance(value, list) and len(value) > most:  # they are not worth looking at
            words = f"files: at most {most}"
            raise TooLarge(words, {"files": [words]})
        files: list[Any] = super()._deserialize(value, attr, data, **options)
        return files


class PasteIn(Shape):
    """Clients that are older than the visibility do not send it."""

    visibility = Visibility(load_default=UNLISTED)
    files = Files()


class PasteChangeIn(Shape):
    visibility = Visibility(required=True)


class Url(Needed, fields.String):
    kind = str


class Events(Needed, fields.List[Any]):
    """Words for what a webhook is told of, each once; it knows what we call that."""

    kind = list

    def __init__(self) -> None:
        words = fields.Raw(allow_none=True, metadata={"enum": list(EVENTS.values())})
        super().__init__(cls_or_instance=words, metadata={"minItems": 1})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        words = super()._deserialize(value, attr, data, **options)
        kinds = [kind for kind, word in EVENTS.items() if word in words]
        if not all(word in EVENTS.values() for word in words):
            raise Refused(("events", "Unsupported event type"))
        return kinds


class WebhookIn(Shape):
    url = Url(metadata={"maxLength": 2048})
    events = Events()


def read(shape: Shape) -> dict[str, Any]:
    """The body of the request, as the shape makes it: JSON, which clients forget to say, or a form.

    Raises Refused.
    """
    body = request.get_data()
    if request.is_json or body.lstrip().startswith(b"{"):
        try:
            given = parse(body, halves=True)
        except NotJson as error:
            raise Refused((None, "Invalid JSON provided")) from error
        if not isinstance(given, dict):
            raise Refused((None, "Expected JSON dictionary"))
    else:
        given = request.form.to_dict()
    return load(shape, given)


def load(shape: Shape, given: Any) -> dict[str, Any]:
    """What the shape makes of it. Raises Refused."""
    try:
        asked: dict[str, Any] = shape.load(given)
    except ValidationError as error:
        raise Refused(*_flat("", error.normalized_messages())) from error
    return asked


def _flat(place: str, problem: Any) -> Iterator[tuple[str, str]]:
    """marshmallow's nested problems, each with the path of the member that has it, and its name in the words."""
    if isinstance(problem, dict):
        for name, inner in problem.items():
            yield from _flat(_beneath(place, name), inner)
    else:
        name = place.rpartition(".")[2]
        yield from ((place, f"{name} {words}") for words in problem)


def _beneath(place: str, name: str | int) -> str:
    if name == "_schema":
        return place
    return f"{place}[{name}]" if isinstance(name, int) else f"{place}.{name}" if place else name


# ---------------------------------------------------------------------- out


def paste(gist: Gist, files: Iterable[File]) -> dict[str, Any]:
    """A paste with its files, as `gists.noted` tells them."""
    name = owner_name(gist)
    return {
        "created": time(gist.created_at),
        "sha": gist.sha,
        "user": {"canonical_name": f"~{name}", "name": name},
        "visibility": gist.visibility,
        "files": [{"filename": given_name(file), "blob_id": file.blob} for file in in_order(gist, files)],
    }


def in_order(gist: Gist, files: Iterable[File]) -> list[File]:
    """The files of a paste as they were submitted."""
    by_path = {str(file.path): file for file in files}
    return [by_path[path] for path in arranged(by_path, gist.file_order)]


def blob(gist: Gist, file: StoredFile, content: bytes) -> dict[str, str]:
    """A blob, made when the gist was that it is read from; what is no text, as far as it is."""
    return {"created": time(gist.created_at), "sha": file.blob, "contents": content.decode(errors="replace")}


def user(user: User, actor: Actor) -> dict[str, str | None]:
    """A user; the e-mail address only for themselves, by a token that is for it."""
    is_self = actor.user == user and Scope.USER_READ in actor.scopes
    return {
        "canonical_name": f"~{user.username}",
        "name": user.username,
        "email": user.email if is_self else None,
        "url": None,
        "location": None,
        "bio": None,
    }


def time(moment: datetime) -> str:
    """Whole seconds with the offset, which the original's document leaves out and its clients need."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"
