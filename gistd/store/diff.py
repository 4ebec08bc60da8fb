"""What is different between two trees: files, hunks and lines, in limits that keep the interpreter free."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import pygit2
from pygit2.enums import DeltaStatus

from .objects import size_of

MAX_DIFF_BYTES = 128 * 1024
MAX_DIFFED_BYTES = 1024 * 1024
"""A changed file with a side larger than the first, and all files of a revision beyond the second, count as
changed without their lines: a diff holds the interpreter's lock for as long as it takes."""

_NAMES = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "deleted",
    DeltaStatus.RENAMED: "renamed",
    DeltaStatus.COPIED: "added",
}
_KINDS = " +-"
"""What libgit2 calls them; it has more, for the ends of files without a line break."""


@dataclass(frozen=True)
class ChangeCounts:
    """What a revision changed against the one before it, in files and lines."""

    files: int
    additions: int
    deletions: int


@dataclass(frozen=True)
class ChangedFile:
    """A file that is different. `what` is added, deleted, renamed (and perhaps changed) or changed.

    `diffed` is False when it is too large for its lines to be looked at, or not text.
    """

    number: int
    what: str
    old_path: str
    path: str
    diffed: bool
    additions: int
    deletions: int


@dataclass(frozen=True)
class Line:
    """A line of a hunk: ` ` on both sides, `+` only in the new one, `-` only in the old one; with its numbers there."""

    kind: str
    old: int
    new: int
    text: str


class Changes:
    """All that is different between two trees; None stands for an empty one."""

    def __init__(self, git: pygit2.Repository, old: pygit2.Tree | None, new: pygit2.Tree) -> None:
        self._git = git
        self._diff = new.diff_to_tree(swap=True) if old is None else old.diff_to_tree(new)
        if sum(map(self._largest, self._diff.deltas)) <= MAX_DIFFED_BYTES:
            self._diff.find_similar()  # a renamed file is one changed file, as git counts

    def counts(self) -> ChangeCounts:
        return ChangeCounts(
            len(self.files), sum(file.additions for file in self.files), sum(file.deletions for file in self.files)
        )

    @cached_property
    def files(self) -> list[ChangedFile]:
        return list(self._files())

    def _files(self) -> Iterator[ChangedFile]:
        left = MAX_DIFFED_BYTES
        for number, delta in enumerate(self._diff.deltas):
            left -= self._largest(delta)
            added, deleted = self._line_counts(number, delta) if left >= 0 else (0, 0)
            yield ChangedFile(
                number,
                _NAMES.get(delta.status, "changed"),
                delta.old_file.path,
                delta.new_file.path,
                left >= 0 and self._largest(delta) <= MAX_DIFF_BYTES and self._is_text(delta),
                added,
                deleted,
            )

    def hunks(self, file: ChangedFile) -> list[list[Line]] | None:
        """The lines that changed in one of the files, with three around each place; None if it is not diffed."""
        patch = self._diff[file.number] if file.diffed else None
        if patch is None:
            return [] if file.diffed else None
        return [list(_lines(hunk)) for hunk in patch.hunks]

    def _largest(self, delta: pygit2.DiffDelta) -> int:
        """The size of the larger one of its sides."""
        return max(self._size(delta.old_file.id), self._size(delta.new_file.id))

    def _size(self, id: pygit2.Oid) -> int:
        return size_of(self._git, id) if id else 0  # the null id stands for the side that is not there

    def _is_text(self, delta: pygit2.DiffDelta) -> bool:
        """Whether both sides are; what is damaged and cannot be read is not."""
        sides = [side.id for side in (delta.old_file, delta.new_file) if side.id]
        try:
            return not any(cast(pygit2.Blob, self._git[id]).is_binary for id in sides)
        except (KeyError, pygit2.GitError):
            return False

    def _line_counts(self, number: int, delta: pygit2.DiffDelta) -> tuple[int, int]:
        if not self._is_text(delta):
            return 0, 0
        if delta.status == DeltaStatus.ADDED:
            return number_of_lines(self._data(delta.new_file.id)), 0
        if delta.status == DeltaStatus.DELETED:
            return 0, number_of_lines(self._data(delta.old_file.id))
        if self._largest(delta) > MAX_DIFF_BYTES:
            return 0, 0
        patch = self._diff[number]
        return (0, 0) if patch is None else patch.line_stats[1:]

    def _data(self, id: pygit2.Oid) -> bytes:
        return cast(pygit2.Blob, self._git[id]).data


def number_of_lines(data: bytes) -> int:
    return data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)


def between(old: bytes, new: bytes) -> list[list[Line]] | None:
    """The lines that are different between two contents, as `Changes.hunks`; None if too large, or not text."""
    if max(len(old), len(new)) > MAX_DIFF_BYTES or b"\0" in old + new:
        return None
    return [list(_lines(hunk)) for hunk in pygit2.Patch.create_from(old, new).hunks]


def _lines(hunk: pygit2.DiffHunk) -> Iterator[Line]:
    for line in hunk.lines:
        if line.origin in _KINDS:
            text = line.raw_content.decode(errors="replace").removesuffix("\n").removesuffix("\r")
            yield Line(line.origin, line.old_lineno, line.new_lineno, text)
