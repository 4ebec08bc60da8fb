"""Finding gists by words: in titles, descriptions, topics, the names of files and what is in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from gistd import index
from gistd.errors import Invalid
from gistd.store import File

from . import text

MAX_QUERY = 200
MIN_TERM = 3
MAX_TERMS = 10
MAX_BYTES = 256 * 1024
"""What of a gist's files can be found: those that fit, in their order, into this many bytes together."""


def condition(query: str) -> Any:
    """The gists that hold every word of the query somewhere, as a condition. Raises Invalid."""
    terms = query.lower().split()
    if not terms or len(query) > MAX_QUERY or len(terms) > MAX_TERMS or not index.is_text(query):
        raise _invalid(f"1 to {MAX_TERMS} words, together at most {MAX_QUERY} characters")
    if max(map(len, terms)) < MIN_TERM:
        raise _invalid(f"one of the words must have {MIN_TERM} characters or more")
    matched = index.words.found_by(terms[0])
    for term in terms[1:]:
        matched &= index.words.found_by(term)
    return matched


def _invalid(words: str) -> Invalid:
    return Invalid(f"q: {words}", {"q": [words]})


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
