"""Strangers' text made into HTML."""

import threading
from functools import lru_cache
from html import escape

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import find_lexer_class_for_filename
from pygments.lexers.special import TextLexer

MAX_HIGHLIGHTED = 64 * 1024
"""A text with more characters is shown without colours: a lexer may take seconds for it."""

# Pygments keeps the interpreter busy: one text at a time leaves room for other requests.
_one_at_a_time = threading.Lock()
_formatter = HtmlFormatter(nowrap=True)


def lines(name: str, words: str) -> tuple[str, ...]:
    """The lines of a text as HTML, each complete in itself: escaped, and coloured if its name tells how."""
    if not words.endswith("\n"):
        words += "\n"  # some lexers lose a last line that does not end
    if len(words) <= MAX_HIGHLIGHTED:
        return _coloured(name.rpartition("/")[2], words)
    return tuple(escape(words).replace("\r\n", "\n").removesuffix("\n").split("\n"))


@lru_cache(maxsize=32)
def _coloured(name: str, words: str) -> tuple[str, ...]:
    lexer = find_lexer_class_for_filename(name) or TextLexer
    with _one_at_a_time:
        html = highlight(words, lexer(stripnl=False, ensurenl=False), _formatter)
    return tuple(html.removesuffix("\n").split("\n"))
