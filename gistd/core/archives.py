"""A revision of a gist as one file to take along: zip or tar.gz. The times in it are the revision's, so that the same
revision makes the same archive."""

import gzip
import tarfile
import time
from collections.abc import Iterator
from io import BytesIO
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gistd.store import File

from .gists import Contents

FORMS = ("zip", "tar.gz")
_REGULAR_FILE = 0o100000
# What a date in a zip can be (APPNOTE.TXT 4.4.6): seconds since 1970 of the first and the last one.
_ZIP_FROM, _ZIP_TO = 315_532_800, 4_354_819_198


def name(contents: Contents) -> str:
    """What an archive of it is called, without its suffix; and the folder in it."""
    return f"{contents.gist.slug or contents.gist.id}-{(contents.revision or 'empty')[:10]}"


def write(contents: Contents, form: str, sink: IO[bytes]) -> None:
    """Write it in one of the `FORMS`. Raises Unavailable when the repository cannot be read."""
    (_zip if form == "zip" else _tar)(contents, _made_at(contents), sink)


def _made_at(contents: Contents) -> int:
    revision = contents.revision
    return int(contents.repository.history(revision, 1)[0].authored_at.timestamp()) if revision else 0


def _zip(contents: Contents, at: int, sink: IO[bytes]) -> None:
    moment = time.gmtime(min(max(at, _ZIP_FROM), _ZIP_TO))[:6]
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for path, permissions, content in _parts(contents):
            entry = ZipInfo(path, moment)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = (_REGULAR_FILE | permissions) << 16
            archive.writestr(entry, content)


def _tar(contents: Contents, at: int, sink: IO[bytes]) -> None:
    with (
        gzip.GzipFile("", "wb", fileobj=sink, mtime=0) as squeezed,
        tarfile.open(fileobj=cast(IO[bytes], squeezed), mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, permissions, content in _parts(contents):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), at, permissions
            archive.addfile(entry, BytesIO(content))


def _parts(contents: Contents) -> Iterator[tuple[str, int, bytes]]:
    """The path, the permissions and the bytes of each file; of one that is damaged, a note in its place."""
    for file in contents.files:
        path, content = f"{name(contents)}/{file.path}", contents.look(file)
        if content is None:
            yield f"{path}.damaged", 0o644, b"This file is damaged and cannot be read.\n"
        else:
            yield path, _permissions(file), content


def _permissions(file: File) -> int:
    return 0o755 if file.mode & 0o111 else 0o644
