"""Code with its syntax marked, by Pygments: spans with its short class names."""

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

_formatter = HtmlFormatter(nowrap=True)


def lines(name: str, language: str, words: str) -> list[str]:
    """The lines of a text as HTML, each complete in itself.

    `language` is one of Pygments' names, or empty: then the name of the file tells. It is never guessed from the text,
    which can take seconds.
    """
    if not words.endswith("\n"):
        words += "\n"  # some lexers lose a last line that does not end
    return coloured(_lexer(name, language), words).removesuffix("\n").split("\n")


def coloured(lexer: Lexer, words: str) -> str:
    return str(highlight(words, lexer, _formatter))


def by_name(language: str) -> Lexer:
    """The lexer that has this among its names; the one for plain text if none has."""
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return TextLexer(stripnl=False, ensurenl=False)


def _lexer(name: str, language: str) -> Lexer:
    if language:
        return by_name(language)
    found = find_lexer_class_for_filename(name.rpartition("/")[2]) or TextLexer
    return found(stripnl=False, ensurenl=False)
