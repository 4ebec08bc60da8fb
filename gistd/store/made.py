"""A repository that was made just now: what its maker asks of it is still in memory, and is not read again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .diff import MAX_DIFFED_BYTES, ChangeCounts, number_of_lines
from .objects import File
from .repository import Repository, Revision

_PLAIN = bytes({*range(8, 14), 27, *range(32, 127), *range(128, 256)})
_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""All that libgit2 does not take for a sign that something is no text, but for these at its beginning."""


class Made(Repository):
    """Knows its one revision, the files of that by path, and their contents by the ids of these."""

    def __init__(
        self, path: Path, ref: str, revision: Revision, files: Sequence[File], contents: Mapping[str, bytes]
    ) -> None:
        super().__init__(path)
        self.ref = ref
        self.head = revision.id
        self._revision = revision
        self._files = files
        self._contents = contents

    def files(self, revision: str) -> list[File]:
        return list(self._files) if revision == self._revision.id else super().files(revision)

    def read(self, blob: str) -> bytes:
        return self._contents[blob] if blob in self._contents else super().read(blob)

    def history(self, start: str, limit: int, skip: int = 0) -> list[Revision]:
        if start == self._revision.id and limit and not skip:
            return [self._revision]
        return super().history(start, limit, skip)

    def counts(self, revision: str) -> ChangeCounts:
        contents = [self._contents[file.blob] for file in self._files]
        is_known = revision == self._revision.id and sum(map(len, contents)) <= MAX_DIFFED_BYTES
        if is_known and not any(each.translate(None, _PLAIN) or each.startswith(_MARKS) for each in contents):
            return ChangeCounts(len(contents), sum(map(number_of_lines, contents)), 0)
        return super().counts(revision)
