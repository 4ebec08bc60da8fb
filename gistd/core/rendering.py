"""Strangers' text made into HTML."""

import threading
from functools import lru_cache
from html import escape

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import find_lexer_class_for_filename

MAX_HIGHLIGHTED_CHARACTERS = 128 * 1024
"""A longer text is shown without colours: a lexer may take seconds for it."""

# Pygments keeps the interpreter busy: one text at a time leaves room for other requests.
_one_at_a_time = threading.Lock()
_formatter = HtmlFormatter(nowrap=True)


@lru_cache(maxsize=256)
def lines(name: str, words: str) -> tuple[str, ...]:
    """The lines of a text as HTML, each complete in itself: escaped, and coloured if its name tells how."""
    words = words.removesuffix("\n")
    lexer = find_lexer_class_for_filename(name) if len(words) <= MAX_HIGHLIGHTED_CHARACTERS else None
    if lexer is None:
        return tuple(escape(words).replace("\r\n", "\n").split("\n"))
    with _one_at_a_time:
        html = highlight(words, lexer(stripnl=False, ensurenl=False), _formatter)
    return tuple(html.removesuffix("\n").split("\n"))
