"""Opengist's pages: numbers that are never an error, and headers that tell where the other pages are."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request
from werkzeug.exceptions import BadRequest
from werkzeug.http import generate_etag

from gistd.http import base_url

DEFAULT_SIZE, MAX_SIZE = 30, 100
_MAX_PAGE = 2**31
_CHUNK = 65536


def page_number() -> int:
    return min(_number("page") or 1, _MAX_PAGE)


def page_size() -> int:
    return min(_number("per_page") or DEFAULT_SIZE, MAX_SIZE)


def _number(name: str) -> int:
    """The parameter; 0 when it is absent or makes no sense."""
    value = request.args.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def since() -> datetime | None:
    """The `since` parameter. Raises BadRequest when it is not an RFC 3339 time with an offset."""
    value = request.args.get("since", "")
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.tzinfo is None or len(value) < len("2024-01-01T00:00:00Z"):
            raise ValueError(value)
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise BadRequest("Invalid since: a time such as 2024-01-01T00:00:00Z is needed") from error


def answer(data: Any, status: int = 200) -> Response:
    """JSON as Go writes it, which is how Opengist's clients know it: safe to stand in HTML, UTF-8 as it is."""
    words = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    words = words.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    # A half character can only come from the request, in words about what is wrong with it.
    return Response((words + "\n").encode(errors="replace"), status, content_type="application/json")


def etag(data: Any) -> str:
    """The ETag that an answer with this data has."""
    return generate_etag(answer(data).get_data())


def answer_bytes(content: bytes, type: str, path: str, policy: str | None) -> Response:
    """A file; a part of it if the request has a Range. `policy` is for types that a browser could run scripts in."""
    view = memoryview(content)
    chunks = (bytes(view[start : start + _CHUNK]) for start in range(0, len(view), _CHUNK))
    response = Response(chunks, content_type=type)
    response.content_length = len(content)
    response.headers["Content-Disposition"] = f'inline; filename="{quote(path.rpartition("/")[2], safe="")}"'
    if policy:
        response.headers["Content-Security-Policy"] = policy
    response.set_etag(generate_etag(content))
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response


def answer_page(items: Iterable[Any], total: int | None, more: bool) -> Response:
    """A page with its headers; `total` is None where the protocol tells none. `more`: another one follows."""
    number, size = page_number(), page_size()
    response = answer(list(items))
    response.headers["X-Page"] = str(number)
    response.headers["X-Per-Page"] = str(size)
    if total is not None:
        response.headers["X-Total"] = str(total)
        response.headers["X-Total-Pages"] = str(-(-total // size))
    links = ([_link(number + 1, "next")] if more else []) + ([_link(number - 1, "prev")] if number > 1 else [])
    if links:
        response.headers["Link"] = ", ".join(links)
    return response


def _link(number: int, relation: str) -> str:
    query = {**request.args.to_dict(flat=False), "page": [str(number)]}
    return f'<{base_url()}{request.path}?{urlencode(sorted(query.items()), doseq=True)}>; rel="{relation}"'
