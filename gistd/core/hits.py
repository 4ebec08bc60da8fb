"""Where in a gist something was found: the files and the lines, with what to mark in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gistd.errors import NotFound, Unavailable
from gistd.index import Gist

from . import gists, search, text
from .gists import Contents
from .search import Query

MAX_FILES = 5
MAX_LINES = 5
"""How many lines of a gist are told at most."""

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
    """The first files of a gist in which something of the query is. Nothing for one that cannot be read just now."""
    try:
        # At the head that the row was chosen by: what has become of the gist since may be for other eyes.
        contents = gists.contents(gist, gist.head)
        return _in_files(contents, query) if gist.head else []
    except (NotFound, Unavailable):
        return []


def _in_files(contents: Contents, query: Query) -> list[FileHits]:
    found: list[FileHits] = []
    left = MAX_LINES
    fit = search.fitting(contents.files)
    for position, file in enumerate(contents.files, 1):
        if len(found) == MAX_FILES:
            break
        path = pieces(file.path, query.words_of_paths)
        words = text.decode(contents.read(file)) if query.words and left and file.path in fit else None
        lines = list(_lines(words, query.words, left)) if words else []
        left -= len(lines)
        if lines or any(piece.is_hit for piece in path):
            found.append(FileHits(position, path, lines))
    return found


def _lines(content: str, words: Sequence[str], most: int) -> Iterator[Line]:
    pattern, small, lines = _pattern(words), content.lower(), content.split("\n")
    at = number = 0
    while most and (hit := pattern.search(small, at)):
        number += small.count("\n", at, hit.start())
        yield Line(number + 1, pieces(_shortened(lines[number], words), words))
        most -= 1
        end = small.find("\n", hit.start())
        if end < 0:
            return
        at, number = end + 1, number + 1


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
