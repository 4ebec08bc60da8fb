"""Where in a gist something was found: the files and the lines, with what to mark in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from gistd.errors import NotFound, Unavailable
from gistd.index import Gist

from . import gists, search, text
from .gists import Contents
from .search import Query

MAX_FILES = 5
MAX_LINES = 5
"""How many files and lines of a gist are told at most: the lines with most of the words in them."""

MAX_LOOKED_AT = 1000
"""How many lines with something in them these are chosen from."""

MAX_LENGTH = 200
"""How much of a line is told, in characters; a longer one begins this much before what was found:"""
_BEFORE = 40


class Piece(NamedTuple):
    """A part of what people read: something that was looked for, or what stands before and after it."""

    text: str
    is_hit: bool


class Line(NamedTuple):
    """A line with something in it; lines count from 1."""

    number: int
    pieces: list[Piece]


@dataclass(frozen=True)
class FileHits:
    """A file with something in its path or its lines. `position` is its place among the gist's files, from 1."""

    position: int
    pieces: list[Piece]
    lines: list[Line]

    @property
    def path(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def within(gist: Gist, query: Query) -> list[FileHits]:
    """The files of a gist in which something of the query is, in their order. None of one that cannot be read now."""
    try:
        # At the head that the row was chosen by: what has become of the gist since may be for other eyes.
        contents = gists.contents(gist, gist.head)
        return _in_files(contents, query) if gist.head else []
    except (NotFound, Unavailable):
        return []


def _in_files(contents: Contents, query: Query) -> list[FileHits]:
    matches = list(islice(_matches(contents, query.words), MAX_LOOKED_AT)) if query.words else []
    best = nsmallest(MAX_LINES, matches, key=lambda match: (-match.words, match.position, match.number))
    lines: dict[int, list[Line]] = {match.position: [] for match in best}
    for match in sorted(best, key=lambda match: match.number):
        lines[match.position].append(Line(match.number, pieces(_shortened(match.line, query.words), query.words)))
    paths = {position: pieces(file.path, query.words_of_paths) for position, file in enumerate(contents.files, 1)}
    called = [position for position, path in paths.items() if any(piece.is_hit for piece in path)]
    shown = list(dict.fromkeys([*lines, *called]))[:MAX_FILES]
    return [FileHits(position, paths[position], lines.get(position, [])) for position in sorted(shown)]


class _Match(NamedTuple):
    """A line with so many of the words in it."""

    words: int
    position: int
    number: int
    line: str


def _matches(contents: Contents, words: Sequence[str]) -> Iterator[_Match]:
    fit = search.fitting(sorted(contents.files, key=lambda file: file.path))  # as the index had them
    for position, file in enumerate(contents.files, 1):
        raw = contents.look(file) if file.path in fit else None
        content = None if raw is None else text.decode(raw)
        for number, line in _lines(content or "", words):
            yield _Match(sum(word in line.lower() for word in words), position, number, line)


def _lines(content: str, words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines with any of the words in them, and their numbers."""
    pattern, small, lines = _pattern(words), content.lower(), content.split("\n")
    at, number = 0, 1
    while hit := pattern.search(small, at):
        number += small.count("\n", at, hit.start())
        yield number, lines[number - 1]
        at = small.find("\n", hit.start()) + 1
        if not at:
            return
        number += 1


def pieces(line: str, words: Sequence[str]) -> list[Piece]:
    """A line taken apart where the words, which are in small letters, are in it."""
    small = line.lower()
    found: list[Piece] = []
    at = 0
    if words and len(small) == len(line):  # a few letters have two small ones; then nothing is marked
        for hit in _pattern(words).finditer(small):
            found += [Piece(line[at : hit.start()], False), Piece(line[hit.start() : hit.end()], True)]
            at = hit.end()
    return [piece for piece in (*found, Piece(line[at:], False)) if piece.text]


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))


def _shortened(line: str, words: Sequence[str]) -> str:
    hit = _pattern(words).search(line.lower())
    start = max(0, hit.start() - _BEFORE) if hit and len(line) > MAX_LENGTH else 0
    shown = line[start : start + MAX_LENGTH]
    return ("…" if start else "") + shown + ("…" if len(line) > start + len(shown) else "")
