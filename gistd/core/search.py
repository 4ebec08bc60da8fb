"""Finding gists by words: in titles, descriptions, topics, the names of files and what is in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from gistd import index
from gistd.errors import Invalid
from gistd.store import Repository

from . import text

MAX_QUERY = 200
MIN_TERM = 3
MAX_TERMS = 10
MAX_CHARACTERS = 256 * 1024
"""What of a gist's files can be found: the first this many characters of them together."""


def condition(query: str) -> Any:
    """The gists that hold every word of the query somewhere, as a condition. Raises Invalid."""
    terms = query.split()
    if not terms or len(query) > MAX_QUERY or len(terms) > MAX_TERMS or not index.is_text(query):
        raise _invalid(f"1 to {MAX_TERMS} words, together at most {MAX_QUERY} characters")
    if max(map(len, terms)) < MIN_TERM:
        raise _invalid(f"one of the words must have {MIN_TERM} characters or more")
    matched = index.gists.found_by(terms[0])
    for term in terms[1:]:
        matched &= index.gists.found_by(term)
    return matched


def _invalid(words: str) -> Invalid:
    return Invalid(f"q: {words}", {"q": [words]})


def words(columns: Mapping[str, Any], topics: Iterable[str], repository: Repository) -> str:
    """What a gist is found by, its words and those of its files at the head."""
    files = repository.files(repository.head) if repository.head else []
    parts = [columns["title"], columns["description"], *topics, *(file.path for file in files)]
    left = MAX_CHARACTERS
    for file in files:
        if left <= 0:
            break
        words = text.decode(repository.read(file.blob))
        if words is not None:
            parts.append(words[:left])
            left -= len(words)
    return "\n".join(parts).replace("\0", " ")
