"""Where a backup is kept: a folder, in which only what is new is written again, or one file.

Both hold the same, by the same names: what is immutable as it is in the data directory, `ab/<id>.git/objects/…`; and a
folder named by the time of the backup, with the index, the keys, and a manifest, a line of JSON for each gist, in the
order of their ids: its branch, and the size and the SHA-256 of each file.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, Protocol, cast

from gistd.errors import Conflict, Unavailable
from gistd.store import FOLDERS, disk

if sys.version_info >= (3, 14):
    import tarfile
else:
    from backports.zstd import tarfile

MANIFEST = "manifest.jsonl"
SUFFIX = ".tar.zst"
_STAMP = re.compile(r"\d{8}T\d{12}Z")
_OURS = re.compile(r"\d{8}T\d{12}Z|partial|[0-9a-f]{2}")
_NAME = re.compile(
    r"\d{8}T\d{12}Z/[a-z_]+\.?[a-z0-9]*|[0-9a-f]{2}/[0-9a-f]{32}\.git/objects/(pack|[0-9a-f]{2})/[\w.-]+"
)
_CHUNK = 1024 * 1024


class Written(NamedTuple):
    """A file in a backup: its size, and the SHA-256 of its bytes."""

    size: int
    digest: str


class Vault(Protocol):
    """What a backup is written into. `work` is a folder for what is made on the way."""

    work: Path

    def add(self, name: str, source: BinaryIO, known: Written | None) -> Written:
        """Write a file; one that is there already and `known` stays."""

    def add_beside(self, stamp: str, name: str, source: BinaryIO) -> Written:
        """Write a file into the folder of this backup; one that is in `work` is there already."""

    def previous(self) -> Iterator[dict[str, Any]]:
        """The gists in the backup before, by id, if there is one to build upon."""

    def finish(self, stamp: str) -> None:
        """Check all that was written, by reading it again, and let it be the backup. Until then the one before is."""


@contextmanager
def opened(target: Path) -> Iterator[Vault]:
    """The vault at that place: a file if its name says so, else a folder."""
    is_file = target.name.endswith(SUFFIX)
    if not is_file and target.suffix in (".tar", ".zst", ".gz", ".tgz", ".zip"):
        raise Conflict(f"a backup is a folder, or a file whose name ends in {SUFFIX}")
    if not is_file and target.exists() and not all(_OURS.fullmatch(place.name) for place in target.iterdir()):
        raise Conflict(f"{target} holds something that is no backup of gistd; give a folder of its own")
    work = target.with_name(f"{target.name}.partial") if is_file else target / "partial"
    try:
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        with disk.locked(work, wait=False):
            for left in work.iterdir():  # by a backup that was interrupted
                left.unlink()
            yield _File(target, work) if is_file else _Folder(target, work)
    except BlockingIOError:
        raise Conflict(f"another backup is being written to {target}") from None
    except OSError as error:
        raise Unavailable(f"the backup cannot be written: {error}") from error


class _Folder:
    def __init__(self, root: Path, work: Path) -> None:
        self._root, self.work = root, work

    def add(self, name: str, source: BinaryIO, known: Written | None) -> Written:
        place = self._root / name
        if known and place.exists() and place.stat().st_size == known.size:
            return known
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.new").open("wb") as file:
            written = _pour(source, file)
        Path(file.name).rename(place)
        return written

    def add_beside(self, stamp: str, name: str, source: BinaryIO) -> Written:
        if (self.work / name).exists():
            return _pour(source, None)
        with (self.work / name).open("wb") as file:
            return _pour(source, file)

    def previous(self) -> Iterator[dict[str, Any]]:
        stamps = complete(self._root)
        return gists(self._root / stamps[-1] / MANIFEST) if stamps else iter(())

    def finish(self, stamp: str) -> None:
        os.sync()
        for entry in lines(self.work / MANIFEST):
            check(self._root, entry, self.work)
        before = complete(self._root)
        self.work.rename(self._root / stamp)
        disk.sync(self._root)
        for old in before:
            shutil.rmtree(self._root / old)
        self._sweep(gists(self._root / stamp / MANIFEST))

    def _sweep(self, entries: Iterator[dict[str, Any]]) -> None:
        """Delete what the backup does not need: of gists that are gone, packs that became another."""
        wanted = next(entries, None)
        for folder in FOLDERS:
            for place in sorted((self._root / folder).glob("*.git")):
                while wanted and wanted["id"] < place.stem:
                    wanted = next(entries, None)
                needed = wanted.get("files", {}) if wanted and wanted["id"] == place.stem else {}
                for file in place.glob("objects/*/*"):
                    if str(file.relative_to(place)) not in needed:
                        file.unlink()
                if not needed:
                    shutil.rmtree(place)


class _File:
    def __init__(self, target: Path, work: Path) -> None:
        self._target, self.work = target, work
        self._partial = work / f"all{SUFFIX}"
        self._tar = tarfile.open(self._partial, "w:zst")

    def add(self, name: str, source: BinaryIO, known: Written | None) -> Written:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = os.fstat(source.fileno()).st_size, 0o600
        reading = _Reading(source)
        self._tar.addfile(entry, cast(IO[bytes], reading))
        return reading.told()

    def add_beside(self, stamp: str, name: str, source: BinaryIO) -> Written:
        return self.add(f"{stamp}/{name}", source, None)

    def previous(self) -> Iterator[dict[str, Any]]:
        return iter(())

    def finish(self, stamp: str) -> None:
        with (self.work / MANIFEST).open("rb") as manifest:
            self.add_beside(stamp, MANIFEST, manifest)
        self._tar.close()
        disk.sync(self._partial)
        self._check()
        self._partial.rename(self._target)
        disk.sync(self._target.parent)
        shutil.rmtree(self.work)

    def _check(self) -> None:
        with closing(tarfile.open(self._partial, "r:zst")) as tar:
            for entry in lines(self.work / MANIFEST):
                for name, (size, digest) in entry.get("files", {}).items():
                    member = tar.next()
                    source = member and tar.extractfile(member)
                    if not source or _pour(source, None) != (size, digest):
                        raise Unavailable(f"the backup cannot be read again as it was written: {name}")


class _Reading:
    """A file that is read once, which tells then what was in it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._digest, self._size = source, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._digest.update(piece)
        self._size += len(piece)
        return piece

    def told(self) -> Written:
        return Written(self._size, self._digest.hexdigest())


def _pour(source: IO[bytes], sink: IO[bytes] | None) -> Written:
    reading = _Reading(cast(BinaryIO, source))
    while piece := reading.read(_CHUNK):
        if sink:
            sink.write(piece)
    return reading.told()


# ---------------------------------------------------------------------- reading


def complete(root: Path) -> list[str]:
    """The names of the backups in a folder that were finished, oldest first."""
    return sorted(place.name for place in root.iterdir() if _STAMP.fullmatch(place.name)) if root.is_dir() else []


def lines(manifest: Path) -> Iterator[dict[str, Any]]:
    """The lines of a manifest, the last one, which says that it is whole, included."""
    entry: dict[str, Any] = {}
    with manifest.open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            yield entry
    if "end" not in entry:
        raise Unavailable(f"{manifest} is cut off")


def gists(manifest: Path) -> Iterator[dict[str, Any]]:
    """The lines of a manifest that are about gists, by id."""
    return (entry for entry in lines(manifest) if "id" in entry)


def write_line(manifest: IO[str], entry: dict[str, Any]) -> None:
    manifest.write(json.dumps(entry, separators=(",", ":")) + "\n")


def place_of(root: Path, entry: dict[str, Any], work: Path) -> Path:
    """The folder that the files of a line of the manifest are in."""
    return root / entry["id"][:2] / f"{entry['id']}.git" if "id" in entry else work


def check(root: Path, entry: dict[str, Any], work: Path) -> None:
    """Unavailable unless the files of a line of the manifest are what was written.

    One that is not is put aside, so that the next backup writes it again.
    """
    for name, (size, digest) in entry.get("files", {}).items():
        place = place_of(root, entry, work) / name
        try:
            with place.open("rb") as file:
                whole = _pour(file, None) == (size, digest)
        except FileNotFoundError:
            whole = False
        if not whole:
            if place.exists():
                place.rename(place.with_name(f"{place.name}.damaged"))
            raise Unavailable(f"{place} is not what was written; is the disk failing? Make the backup again")


def fetch(source: Path, root: Path) -> str:
    """Bring all of a backup to another place, unchecked; returns the name of the folder with the manifest."""
    if not source.is_dir():
        return _unpack(source, root)
    stamps = complete(source)
    if not stamps:
        raise Conflict(f"there is no backup of gistd in {source}, or none that was finished")
    shutil.copytree(source / stamps[-1], root / stamps[-1])
    for entry in gists(root / stamps[-1] / MANIFEST):
        for name in entry.get("files", {}):
            place = place_of(root, entry, root) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # `check` says so
                shutil.copyfile(place_of(source, entry, source) / name, place)
    return stamps[-1]


def _unpack(archive: Path, root: Path) -> str:
    stamp = ""
    try:
        with closing(tarfile.open(archive, "r:zst")) as tar:
            for member in tar:
                source = tar.extractfile(member)
                if not _NAME.fullmatch(member.name) or source is None:
                    raise Unavailable(f"{archive} is no backup of gistd: it holds {member.name!r}")
                place = root / member.name
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with place.open("xb") as file:
                    _pour(source, file)
                stamp = member.name.partition("/")[0] if member.name.endswith(MANIFEST) else stamp
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise Unavailable(f"{archive} cannot be read: {error}") from error
    if not stamp:
        raise Unavailable(f"{archive} is cut off: it has no manifest")
    return stamp
