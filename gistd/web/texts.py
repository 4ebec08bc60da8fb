"""The words of the pages, in the reader's language: gettext, with English in the source.

A catalogue is `translations/<language>/LC_MESSAGES/gistd.mo`, as msgfmt(1) makes it; it is found by being there.
"""

import gettext
from functools import cache
from pathlib import Path

from flask import Flask, g, has_request_context, request

_FOLDER = Path(__file__).with_name("translations")
_SOURCE = "en"


@cache
def languages() -> list[str]:
    """The languages that the pages can be read in, the one of the source first."""
    return [_SOURCE, *sorted(path.parents[1].name for path in _FOLDER.glob("*/LC_MESSAGES/gistd.mo"))]


def language() -> str:
    """The reader's language, as the browser asks for it (RFC 9110, Accept-Language)."""
    if not has_request_context():
        return _SOURCE
    if "language" not in g:  # a page asks for each of its words
        g.language = request.accept_languages.best_match(languages()) or _SOURCE
    return str(g.language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("gistd", _FOLDER, [language], fallback=True)


def _(words: str) -> str:
    """The words in the reader's language."""
    return _catalogue(language()).gettext(words)


def ngettext(one: str, many: str, number: int) -> str:
    """The words for so many, in the reader's language."""
    return _catalogue(language()).ngettext(one, many, number)


def hang_on(app: Flask) -> None:
    """Give the templates `_()`, `ngettext()` and `{% trans %}`, which escape what is put into the words."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["language"] = language
