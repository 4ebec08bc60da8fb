"""paste.gg's envelope and its keys for errors; who asks, by the API key in the header."""

import json
import re
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from gistd.api import NotJson, require_enabled
from gistd.core import credentials, house
from gistd.core.access import NOBODY, Actor
from gistd.errors import Forbidden, GistdError, Invalid, NotFound, PreconditionFailed, Unauthenticated
from gistd.http import client_address

UUID = r"[0-9a-f]{32}|(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
"""The spellings of a UUID, in small letters."""

_UUID = re.compile(UUID)


class Refused(GistdError):
    """Something that paste.gg has a key of its own for; words are optional."""

    def __init__(self, key: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.key = key
        self.status = status


def bad_json(problem: str) -> Refused:
    return Refused("bad_json", f"could not parse json: {problem}")


def hex_of(word: str) -> str | None:
    """The 32 digits of a UUID in any of its spellings; None for anything else."""
    word = word.lower()
    return word.removeprefix("urn:uuid:").replace("-", "") if _UUID.fullmatch(word) else None


def presented() -> str | None:
    """What is presented as a key: what follows `Key ` in the first such Authorization header; others are no business
    of this protocol."""
    for value in request.headers.get("Authorization", "").split(","):
        if value.lstrip().lower().startswith("key "):
            return value.lstrip().lower().removeprefix("key ")
    return None


def actor_by_key() -> Actor:
    """The user of the API key; nobody without one. A key that is there must be right, also where none is needed."""
    key = _checked_key()
    return NOBODY if key is None else credentials.actor_by_token(key, client_address(), credentials.KEY)


def actor_to_delete() -> Actor:
    """The same where something is deleted: there must be a key, and one that is no API key is for one paste."""
    key = _checked_key()
    if key is None:
        raise Unauthenticated("a key is needed")
    return credentials.actor_by_deletion_key(key)


def _checked_key() -> str | None:
    require_enabled()
    key = presented()
    if key is None:
        return None
    found = hex_of(key)
    if found is None:
        raise Unauthenticated("not a key")
    return found


def answer(result: Any, status: int = 200) -> Response:
    return _respond({"status": "success", "result": result}, status)


def done() -> Response:
    return Response(status=204)


def answer_error(status: int, message: str, error: Exception) -> Response:
    key, status = _key_of(status, error)
    has_words = isinstance(error, Refused | Invalid | PreconditionFailed) or status in (413, 429, 503, 507)
    words = {"message": message} if has_words and message else {}
    return _respond({"status": "error", "error": key, **words}, status)


def _key_of(status: int, error: Exception) -> tuple[str, int]:
    """The key and the status for an error."""
    if isinstance(error, Refused):
        return error.key, error.status
    if isinstance(error, Unauthenticated):
        anonymous = request.endpoint == "pastegg.create_paste" and presented() is None
        return ("must_be_authed" if anonymous else "bad_request"), 400
    if isinstance(error, Forbidden):
        return ("not_allowed" if house.settings.api_enabled else "forbidden"), 403
    if isinstance(error, NotFound):
        return "missing_paste", 404
    if isinstance(error, Invalid):
        return "bad_json", 400
    if isinstance(error, HTTPException) and status in (404, 405):
        return "not_found", 404
    if status == 413:
        return "bad_json", 413
    return ("internal_server_error" if status >= 500 else "bad_request"), status


def _respond(body: dict[str, Any], status: int) -> Response:
    words = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(words.encode(errors="replace"), status, content_type="application/json")


def words_of(error: NotJson) -> Refused:
    """What is wrong with a body; paste.gg has no words for one that is not even text."""
    return Refused("bad_json") if isinstance(error.__cause__, UnicodeDecodeError) else bad_json(error.message)
