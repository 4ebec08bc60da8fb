"""ranna's objects: what comes in, checked field by field, and what goes out.

A snippet has one file. Of a gist that has several it is the first by its path; one that has none is an empty one.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from marshmallow import ValidationError, fields, pre_load
from werkzeug.exceptions import UnsupportedMediaType

from gistd.api import NotJson, Shape, first, parse
from gistd.core import gists, languages
from gistd.core.gists import Contents
from gistd.index import File, Gist, User, is_text

from .answers import Unfit

MAX_LANGUAGE, MAX_CODE, MAX_DISPLAYNAME = 50, 500_000, 512
"""In UTF-16 units, which is how the original counts."""

USERNAME = re.compile(r"[a-z0-9_-]{2,32}")
LANGUAGE = r"[\w:.-]+"
_HEX = r"[0-9A-Fa-f]"
_GUID = re.compile(rf"([{{(]?)({_HEX}{{32}}|{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}})([)}}]?)")
_PAIRS = ("", ""), ("{", "}"), ("(", ")")

# ---------------------------------------------------------------------- in


class Words(fields.String):
    """Text of so many UTF-16 units at most; null is none."""

    def __init__(self, most: int, **metadata: Any) -> None:
        super().__init__(allow_none=True, load_default=None, metadata={"maxLength": most, **metadata})
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        words = super()._deserialize(value, attr, data, **options)
        if len(words) > self.most or len(words.encode("utf-16-le")) > 2 * self.most:
            raise ValidationError(f"at most {self.most} characters")
        return words


class Language(Words):
    """The word for a language."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        word = super()._deserialize(value, attr, data, **options)
        if not is_blank(word) and not re.fullmatch(LANGUAGE, word):
            raise ValidationError("letters, digits and _ - : . only")
        return word


class DisplayName(Words):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        words = super()._deserialize(value, attr, data, **options)
        if not is_text(words):
            raise ValidationError("not valid text")
        return words


class SnippetIn(Shape):
    language = Language(MAX_LANGUAGE, pattern=rf"^(\s*|{LANGUAGE})$")
    code = Words(MAX_CODE)
    displayname = DisplayName(MAX_DISPLAYNAME)

    @pre_load
    def _in_small_letters(self, data: Any, **_: Any) -> Any:
        """The case of members does not count."""
        return {name.lower(): value for name, value in data.items()} if isinstance(data, dict) else data


def read() -> dict[str, Any]:
    """The body of the request, as SnippetIn makes it. Raises Unfit, or werkzeug's UnsupportedMediaType."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        asked: dict[str, Any] = SnippetIn().load(parse(request.get_data()))
    except NotJson as error:
        raise Unfit({"$": [error.message]}) from error
    except ValidationError as error:
        problems = error.normalized_messages()
        raise Unfit({_member(name): words for name, words in problems.items()}) from error
    return asked


def _member(name: str) -> str:
    """What the original's framework calls a member; `$` is the whole body."""
    return "$" if name == "_schema" else name.capitalize()


def is_blank(words: str | None) -> bool:
    return not words or words.isspace()


def id_of(word: str) -> str | None:
    """The id of a gist, from a GUID as .NET spells them; None for anything else."""
    found = _GUID.fullmatch(word)
    if found is None or (found[1], found[3]) not in _PAIRS:
        return None
    return found[2].replace("-", "").lower()


# ---------------------------------------------------------------------- out


def user(user: User) -> dict[str, str]:
    return {"username": user.username, "id": str(UUID(user.uuid)), "timestamp": time(user.created_at)}


def snippet(contents: Contents) -> dict[str, Any]:
    gist = contents.gist
    file = first(contents.noted())
    owner = None if gist.owner is None else user(gist.owner)
    return {**_listed(gist, file), "code": code(contents, file), "owner": owner}


def listed_snippet(gist: Gist) -> dict[str, Any]:
    """A snippet as the list has it."""
    return _listed(gist, first(gists.noted(gist)))


def _listed(gist: Gist, file: File | None) -> dict[str, Any]:
    return {
        "ident": gist.ident,
        "language": _language_of(file),
        "displayname": gist.title if gist.titled else None,
        "id": str(UUID(gist.id)),
        "timestamp": time(gist.created_at),
    }


def code(contents: Contents, file: File | None) -> str:
    """The content of a file; what is no text, as far as it is."""
    return contents.read(file).decode(errors="replace") if file else ""


def _language_of(file: File | None) -> str:
    """The language in the word of whoever chose it, else in Pygments' word for what the name tells."""
    if file is None:
        return "text"
    meant = languages.known(file.language)
    return file.syntax or (meant.alias if meant else file.language.lower()) or "text"


def time(moment: datetime) -> str:
    """ISO 8601 with the offset of UTC, and as many digits as it needs."""
    fraction = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"
