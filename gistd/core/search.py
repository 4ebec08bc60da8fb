"""Finding gists by words: in titles, descriptions, topics, the names of files and what is in them.

A query is words, and "words in quotes", which may be anywhere in a gist; and qualifiers such as `lang:python`, which
say where. All of them must hold, and case does not count.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gistd import index
from gistd.errors import Invalid
from gistd.index import Facet, Narrowed, Part, Shelf, Stream
from gistd.store import File

from . import access, jobs, languages, text
from .access import Actor

MAX_QUERY = 200
MIN_TERM = index.trigrams.TRIGRAM
MAX_TERMS = 10
MAX_BYTES = 256 * 1024
"""What of a gist's files can be found: those that fit, in their order, into this many bytes together."""

QUALIFIERS = ("user", "lang", "file", "topic", "title")

# A qualifier has a value right behind its colon: `std::sort` and `https://…` are words.
_TOKEN = re.compile(r'(?:(?P<name>[a-zA-Z]+):(?![:/]))?(?:"(?P<quoted>[^"]*)"(?!\S)|(?P<plain>\S+))')


@dataclass(frozen=True)
class Query:
    """What somebody looks for: words in small letters, and the name and the value of each qualifier.

    `unknown` has what looks like a qualifier and is none, with the one that it may have been meant for, or None; it is
    among the words, too.
    """

    words: tuple[str, ...]
    qualifiers: tuple[tuple[str, str], ...]
    unknown: tuple[tuple[str, str | None], ...]

    @property
    def in_words(self) -> tuple[str, ...]:
        """What is among the words of a gist, where it is looked for in a part of them only."""
        return tuple(value.lower() for name, value in self.qualifiers if name in ("title", "file"))

    @property
    def words_of_paths(self) -> tuple[str, ...]:
        """What may be found in the path of a file."""
        return (*self.words, *(value.lower() for name, value in self.qualifiers if name == "file"))


def parse(query: str) -> Query:
    """Raises Invalid for what is too much or too little to look for, and for a language that nobody knows."""
    tokens = [*_TOKEN.finditer(query)]
    if not tokens or len(query) > MAX_QUERY or len(tokens) > MAX_TERMS or not index.is_text(query):
        raise _invalid(f"1 to {MAX_TERMS} words, together at most {MAX_QUERY} characters")
    words, qualifiers, unknown = [], [], []
    for token in tokens:
        name, value = (token["name"] or "").lower(), token["plain"] or token["quoted"]
        if name in QUALIFIERS:
            qualifiers.append((name, value))
        elif name:
            near = difflib.get_close_matches(name, QUALIFIERS, 1)
            unknown.append((token["name"], near[0] if near else None))
            words.append(token[0].lower())
        else:
            words.append(value.lower())
        _check(name, value)
    if not qualifiers and max(map(len, words)) < MIN_TERM:
        raise _invalid(f"one of the words must have {MIN_TERM} characters or more")
    return Query(tuple(words), tuple(qualifiers), tuple(unknown))


def _check(name: str, value: str) -> None:
    if not value.strip():
        raise _invalid("there is nothing between the quotes")
    if value.endswith(":") and value[:-1].lower() in QUALIFIERS:
        raise _invalid(f'what {value} is to look for comes right behind it; to look for itself, write "{value}"')
    if name == "lang" and languages.named(value) is None:
        near = languages.near(value)
        raise _invalid(f"no language is called {value}" + (f"; did you mean lang:{near}?" if near else ""))


def streams(actor: Actor, query: Query) -> list[Stream]:
    """Where to look for what a query finds: gists that are in all of these, and meet its `conditions`, too."""
    found = [
        index.words.having(word, own)
        for words, own in ((query.words, False), (query.in_words, True))
        for word in sorted(set(words), key=len, reverse=True)
        if len(word) >= MIN_TERM
    ]
    for name, value in query.qualifiers:
        if name == "user":
            user = index.accounts.user_by_name(value)
            found.append(on([] if user is None else access.shelves(actor, user)))
        elif name == "topic":
            found.append(on(access.shelves(actor), (Facet.TOPIC, value)))
        elif name == "lang":
            found.append(on(access.shelves(actor), (Facet.LANGUAGE, languages.named(value) or "")))
    return found


def on(shelves: list[Shelf], facet: tuple[str, str] | None = None) -> Stream:
    """What is on the shelves, what was made last first."""

    def fetch(upto: int, limit: int) -> Part:
        numbers = index.shelves.page(shelves, Narrowed(facet, upto=upto), limit=limit, offset=0, sort="created")
        return index.streams.counted(numbers, limit)

    is_one = shelves and (facet is None or index.is_text(facet[1]))
    return Stream(fetch if is_one else lambda *_: Part((), 0))


def conditions(query: Query) -> Iterator[Any]:
    """What else must hold of them."""
    yield from (index.words.found_by(word) for word in query.words if len(word) < MIN_TERM)
    for name, value in query.qualifiers:
        if name == "title":
            yield index.words.in_title(value.lower())
        elif name == "file":
            yield index.words.in_path(value.lower())


def _invalid(words: str) -> Invalid:
    return Invalid(f"q: {words}", {"q": [words]})


@jobs.regular
def file() -> None:
    """What search finds gists by is filed in its index now and then; at a quiet time by us."""
    index.words.file()


def words(columns: Mapping[str, Any], topics: Iterable[str], files: Iterable[File]) -> str:
    """What a gist is found by beside the texts of its files, in small letters."""
    return _small("\n".join([columns["title"], columns["description"], *topics, *(file.path for file in files)]))


def text_of(content: bytes) -> str:
    """What a file is found by, in small letters; empty when it is no text."""
    return _small(text.decode(content) or "")


def fitting(files: Iterable[File]) -> set[str]:
    """The paths of the files whose text can be found."""
    left = MAX_BYTES
    fit = set()
    for file in files:
        if file.size <= left:
            left -= file.size
            fit.add(file.path)
    return fit


def _small(words: str) -> str:
    # Not every database knows the small letters of all scripts.
    return words.replace("\0", " ").lower()
