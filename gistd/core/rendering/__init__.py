"""Strangers' text made into HTML, in processes that are killed when it takes too long (`pool`).

A page asks for its `deadline` first, which all that it has rendered shares. What is not ready by then is shown as plain
text; so is, from then on, a text that had all the time there is. Results are kept by the id of the blob, up to
`GISTD_RENDER_CACHE_BYTES` in each worker: a page that was rendered lately starts nothing.
"""

import json
import time
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any, NamedTuple

from gistd.core import house
from gistd.markup import NEAR

from .pool import Pool, TooMuch

MAX_ROWS = 2000
"""Of a table; the rest of it is in the file."""


Spans = list[tuple[int, int]]


class Heading(NamedTuple):
    level: int
    id: str
    text: str


class Document(NamedTuple):
    """A text in Markdown: safe HTML, and its headings for a table of contents."""

    html: str
    headings: list[Heading]


def deadline() -> float:
    """When all that a page wants rendered must be ready, as time.monotonic() tells it."""
    return time.monotonic() + house.settings.render_seconds


def lines(blob: str, name: str, words: str, until: float, language: str = "") -> list[str]:
    """The lines of a text as HTML, each complete in itself: escaped, and coloured as its name tells, or its language
    (one of Pygments' names)."""
    coloured = _rendered(until, blob, "highlight", name.rpartition("/")[2], language, words)
    if coloured is None:
        coloured = escape(words).replace("\r\n", "\n").removesuffix("\n").split("\n")
    return list(coloured)


def markdown(blob: str, words: str, until: float, near: str) -> Document | None:
    """A text in Markdown; None if it is to be shown as it is.

    `near` is the address of the folder that its relative links begin at, with a slash at its end.
    """
    made = _rendered(until, blob, "markdown", words)
    if made is None:
        return None
    html, headings = made
    return Document(html.replace(f'"{NEAR}', f'"{escape(near)}'), [Heading(*heading) for heading in headings])


def table(blob: str, words: str, delimiter: str, until: float) -> list[list[str]] | None:
    """The rows of a text with separated values, all of one length, the heading first; None if it is no table."""
    rows: list[list[str]] | None = _rendered(until, blob, "table", delimiter, MAX_ROWS, words)
    return rows


def marks(pairs: list[tuple[str, str]], until: float) -> list[tuple[Spans, Spans]]:
    """Of each old and new line, the ranges of characters that the other one has not; none of them when that cannot be
    told in time."""
    asked = json.dumps(pairs)
    found = _rendered(until, sha256(asked.encode()).hexdigest(), "words", asked) if pairs else None
    return found or [([], [])] * len(pairs)


def _rendered(until: float, blob: str, kind: str, *arguments: Any) -> Any:
    """What the job makes; None when it had its time and made nothing, or cannot be ready until then."""
    if len(arguments[-1]) > house.settings.max_rendered_bytes:
        return None
    asked = json.dumps([blob, kind, *arguments[:-1]]).encode()

    def make() -> bytes | None:
        try:
            return _pool().run(until, kind, *arguments)
        except TooMuch as failed:
            return b"null" if failed.given >= house.settings.render_seconds * 0.9 else None

    answer = house.rendered.get(asked, make)
    return None if answer is None else json.loads(answer)


@cache
def _pool() -> Pool:
    settings = house.settings
    return Pool(
        settings.render_processes, settings.render_seconds, settings.render_memory_bytes, settings.render_answer_bytes
    )
