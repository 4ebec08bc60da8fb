"""What is different between two revisions of a gist, for people to read: with the words marked that differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from gistd.errors import NotFound
from gistd.index import Gist
from gistd.store import ChangeCounts, ChangedFile, Line, lines_between

from . import catalogue, house, rendering
from .rendering import Spans

MAX_LINES = 2000
"""Of a file that are shown; of the rest it is said that there is more."""
MAX_LINE = 1000
"""Characters of a line that are shown."""
_MAX_MARKED = 32 * 1024
"""Characters, in all lines of a file that are compared word by word."""

Pieces = list[tuple[str, bool]]
"""A line in pieces, each with whether it is marked."""


@dataclass(frozen=True)
class ShownLine:
    """`kind` is ` `, `+` or `-`; `old` and `new` are its numbers, 0 where it is not."""

    kind: str
    old: int
    new: int
    pieces: Pieces


@dataclass(frozen=True)
class Difference:
    """A file that is different, and how: hunks of lines; None when it is too large for that, or not text."""

    file: ChangedFile
    hunks: list[list[ShownLine]] | None
    is_cut: bool = False


@dataclass(frozen=True)
class Diff:
    """Some of the files that are different between two revisions (`since` None: nothing), and the counts of all."""

    since: str | None
    revision: str
    counts: ChangeCounts
    files: list[Difference]


def diff(gist: Gist, revision: str, since: str | None, until: float, skip: int, limit: int) -> Diff:
    """What a revision changed, or what is different since another one: `limit` files after the first `skip`.

    Both are ids of revisions, whole or their first digits; NotFound for those that the branch does not reach. `until`
    is a deadline for marking words.
    """
    with catalogue.present(gist):
        repository = house.store.open(gist.id)
        after = repository.resolve(revision)
        before = repository.parent(after) if since is None else repository.resolve(since)
        changes = repository.changes(after, before)
        if skip and skip >= len(changes.files):
            raise NotFound("Not found")
        chosen = changes.files[skip : skip + limit]
        found = [(file, repository.hunks(changes, file)) for file in chosen]
    return Diff(before, after, changes.counts(), [_shown(file, hunks, until) for file, hunks in found])


def between(old: bytes, new: bytes, until: float) -> list[list[ShownLine]] | None:
    """What is different between two contents, in hunks; None when they are too large for that, or not text."""
    hunks = lines_between(old, new)
    return None if hunks is None else _marked(hunks, until)


def _shown(file: ChangedFile, hunks: list[list[Line]] | None, until: float) -> Difference:
    if hunks is None:
        return Difference(file, None)
    return Difference(file, _marked(hunks, until), is_cut=sum(map(len, hunks)) > MAX_LINES)


def _marked(hunks: list[list[Line]], until: float) -> list[list[ShownLine]]:
    cut = list(_cut(hunks))
    pairs = list(_pairs(cut))
    marked = rendering.marks([(old.text[:MAX_LINE], new.text[:MAX_LINE]) for old, new in pairs], until)
    spans: dict[Line, Spans] = {}
    for (old, new), (in_old, in_new) in zip(pairs, marked, strict=True):
        spans[old], spans[new] = in_old, in_new
    return [
        [
            ShownLine(line.kind, max(0, line.old), max(0, line.new), list(_pieces(line.text, spans.get(line, []))))
            for line in lines
        ]
        for lines in cut
    ]


def _cut(hunks: list[list[Line]]) -> Iterator[list[Line]]:
    left = MAX_LINES
    for lines in hunks:
        if left > 0:
            yield lines[:left]
            left -= len(lines)


def _pairs(hunks: list[list[Line]]) -> Iterator[tuple[Line, Line]]:
    """Each line that went with the one that came in its place: where as many go as come, one after the other."""
    left = _MAX_MARKED
    for lines in hunks:
        for gone, came in _blocks(lines):
            for old, new in zip(gone, came, strict=True) if len(gone) == len(came) else ():
                left -= len(old.text) + len(new.text)
                if left >= 0:
                    yield old, new


def _blocks(lines: list[Line]) -> Iterator[tuple[list[Line], list[Line]]]:
    """Lines that go and lines that come right after them."""
    gone: list[Line] = []
    came: list[Line] = []
    for line in lines:
        if line.kind == "+":
            came.append(line)
            continue
        if came or line.kind == " ":
            yield gone, came
            gone, came = [], []
        if line.kind == "-":
            gone.append(line)
    yield gone, came


def _pieces(text: str, spans: Spans) -> Iterator[tuple[str, bool]]:
    text, at = text[:MAX_LINE], 0
    for start, end in spans:
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False
