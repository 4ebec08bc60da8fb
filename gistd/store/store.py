"""The data directory: where repositories stand, how they are made, copied and taken away.

<root>/ab/<id>.git     a repository, in one of 256 folders by the first two digits of its id
<root>/tmp/            what is being made or taken away; nobody else's business
<root>/secret_key      what nobody else may know
<root>/webhook_key     what webhooks are signed with
<root>/queue.sqlite3   what is to be done soon; nothing is lost with it
<root>/lost+found/     what `gistd doctor` found without a row; never deleted by gistd
<root>/deleted         the ids of the gists that were deleted, for an index from before that; only ever added to
"""

import fcntl
import mmap
import os
import re
import secrets
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import BinaryIO

import pygit2

from gistd.errors import ConfigurationError, Unavailable

from . import checkup, disk, maintenance, objects, packs, refs
from .made import Made
from .objects import File, Signature
from .receive import Push
from .repository import Repository, Revision
from .rules import check_content

DEFAULT_REF = "refs/heads/main"
FOLDERS = [f"{number:02x}" for number in range(256)]
"""Where repositories are, by the first two digits of their ids."""

SECRETS = ("secret_key", "webhook_key")

_ID = re.compile(r"[0-9a-f]{32}")
_NEEDED = ("HEAD", "packed-refs", "refs/**/*", "objects/pack/*.pack", "objects/pack/*.idx", "objects/??/*")


class Missing(Unavailable):
    """There is no repository where one should be."""


CLAIM_SECONDS = 5
"""How long a new server waits for the one before it to end."""


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._tmp = self.root / "tmp"
        self._lost = self.root / "lost+found"
        self._deleted = self.root / "deleted"

    def prepare(self) -> None:
        """Make the folders of the data directory. Raises ConfigurationError when that cannot be done."""
        try:
            disk.make_directories([self._tmp, self._lost, *(self.root / name for name in FOLDERS)])
        except OSError as error:
            raise ConfigurationError(f"GISTD_REPOS: the data directory cannot be made ({error})") from error

    @property
    def secrets(self) -> list[Path]:
        """The files that nobody else on this machine may read."""
        return [path for path in (self.root / name for name in SECRETS) if path.exists()]

    def secret(self, name: str) -> bytes:
        """What only this server knows: 32 random bytes as hex, made at the first start. Raises ConfigurationError when
        others can read it."""
        place = self.root / name
        try:
            with disk.locked(self._tmp):  # workers start together
                if not place.exists():
                    disk.place_files(self.root, {place.name: secrets.token_hex(32).encode()})
                    disk.sync(self.root)
            key = place.read_bytes().strip()
        except OSError as error:
            raise ConfigurationError(f"{place} cannot be read or made ({error})") from error
        if len(key) < 32 or place.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"{place} must have at least 32 bytes, and be readable for its owner only (chmod 600)"
            )
        return key

    def path(self, id: str) -> Path:
        """Where the repository of a gist stands, be it there or not."""
        if not _ID.fullmatch(id):
            raise ValueError(f"not the id of a gist: {id!r}")
        return self.root / f"{id[:2]}/{id}.git"

    def ids(self, folders: Iterable[str] = FOLDERS) -> Iterator[str]:
        """The ids of all repositories, or of those in some of the folders, in order."""
        for folder in folders:
            for path in sorted((self.root / folder).glob("*.git")):
                if _ID.fullmatch(path.stem):
                    yield path.stem

    def open(self, id: str) -> Repository:
        """Raises Missing, or Unavailable when the repository is damaged."""
        path = self.path(id)
        try:
            path.stat()
        except FileNotFoundError as error:
            raise Missing("the repository of this gist is missing") from error
        except OSError as error:
            raise Unavailable(f"the repository of this gist cannot be opened ({error.strerror})") from error
        return Repository(path)

    @contextmanager
    def hold(self, id: str, wait: bool = True) -> Iterator[None]:
        """Keep every other writer of a repository out. Nothing that waits for a client goes in here.

        Raises Missing when there is no repository; BlockingIOError when `wait` is off and somebody holds it.
        """
        with disk.writable(), ExitStack() as stack:
            try:
                stack.enter_context(disk.locked(self.path(id), wait))
            except FileNotFoundError as error:
                raise Missing("the repository of this gist is missing") from error
            yield

    @contextmanager
    def lock(self, id: str, wait: bool = True) -> Iterator[Repository]:
        """As `hold`, with the repository open; it is tidied up afterwards."""
        with self.hold(id, wait):
            repository = self.open(id)
            yield repository
            # What could not be tidied up is not lost; the next writer tries again.
            with suppress(OSError, KeyError, ValueError, pygit2.GitError):
                maintenance.tidy(repository)

    @contextmanager
    def create(self, id: str, files: Mapping[str, bytes], author: Signature, message: str) -> Iterator[Repository]:
        """Make a repository with its first revision, in its final place and synced.

        The block is for the row: the repository is locked meanwhile, and gone again if the block fails.
        """
        for path, content in files.items():
            check_content(path, content)
        blobs = {path: objects.blob(files[path]) for path in sorted(files, key=str.encode)}
        entries = [File(path, blob.id, len(blob.content)) for path, blob in blobs.items()]
        trees = objects.trees(entries)
        commit = objects.commit(trees[-1].id, [], author, message)

        def fill(folder: Path) -> str:
            packs.write(folder, [commit, *trees, *blobs.values()])
            return commit.id

        with self._build(id, DEFAULT_REF, fill) as place:
            at = author.at.astimezone(UTC).replace(microsecond=0)
            revision = Revision(commit.id, author.name, author.email, at, objects.text(message).decode().rstrip("\n"))
            yield Made(place, DEFAULT_REF, revision, entries, {blob.id: blob.content for blob in blobs.values()})

    @contextmanager
    def receive(self, id: str, push: Push) -> Iterator[Repository]:
        """Make a repository of a push that was checked; its branch is the one that was pushed.

        The block is as in `create`.
        """
        with self._build(id, push.ref, push.fill):
            yield self.open(id)

    @contextmanager
    def copy(self, source: str, id: str) -> Iterator[Repository]:
        """Make a repository from what the branch of another one reaches. They share nothing.

        The block is as in `create`.
        """
        original = self.open(source)
        head = original.head

        def fill(folder: Path) -> str | None:
            maintenance.copy(original, folder)
            return head

        with self._build(id, original.ref, fill):
            yield self.open(id)

    @contextmanager
    def _build(self, id: str, ref: str, fill: Callable[[Path], str | None]) -> Iterator[Path]:
        """Eight inodes: four directories, HEAD, packed-refs, a pack and its index. No config, no hooks.

        git and libgit2 do without a config file, and what is not there cannot be tampered with.
        """
        final = self.path(id)
        with disk.writable(), self._workplace(f"{id}.git") as building:
            folder = building / "objects" / "pack"
            folder.mkdir(parents=True)
            (building / "refs").mkdir()
            head = fill(folder)
            disk.write_files({building / name: each for name, each in refs.contents(ref, head).items()}, mode=0o644)
            disk.sync(folder, folder.parent, building / "refs", building)
            building.rename(final)
            disk.sync(final.parent)
            try:
                yield final
            except Unavailable:
                raise  # nobody knows whether the row is there: rather an orphan than a row without a repository
            except BaseException:
                self._take_away(id)
                raise

    @contextmanager
    def _workplace(self, name: str) -> Iterator[Path]:
        """A locked directory in tmp/, gone after the block unless the block renamed it."""
        place = self._tmp / name
        with disk.writable(), ExitStack() as stack:
            with disk.locked(self._tmp):  # so that `sweep` never meets one that is not locked yet
                place.mkdir()
                stack.callback(shutil.rmtree, place, ignore_errors=True)
                stack.enter_context(disk.locked(place))
            yield place

    @contextmanager
    def snapshot(self, id: str) -> Iterator[Mapping[str, BinaryIO]]:
        """The files of a repository as they are at one moment, open, by their paths below it: all that git needs.

        They can be read while others go on writing: a file that is taken away lasts as long as it is open. What was
        pushed away is left out.
        """
        with ExitStack() as stack:
            with self.hold(id):
                found = [path for pattern in _NEEDED for path in self.path(id).glob(pattern) if path.is_file()]
                files = {
                    str(path.relative_to(self.path(id))): stack.enter_context(path.open("rb"))
                    for path in sorted(found)
                    if not (path.suffix == ".lock" or packs.lost_mark(path).exists())
                }
            yield files

    def assemble(self, id: str, ref: str, head: str | None) -> None:
        """Make a repository of the objects that were put where it stands. Not synced."""
        path = self.path(id)
        for folder in (path / "refs", path / "objects/pack"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in refs.contents(ref, head).items():
            (path / name).write_bytes(content)

    def problems(self, id: str, head: str | None) -> list[str]:
        """What is wrong with a repository whose newest revision the index knows, a line each; while somebody writes it
        may only seem so."""
        return checkup.problems(self.path(id), head)

    def mend(self, id: str, head: str | None) -> None:
        """Put right what can be; `head` is the newest revision that the index knows. The caller holds the lock."""
        with disk.writable():
            checkup.mend(self.path(id), head)

    def remains(self, id: str) -> list[Path]:
        """Lock files and half-written packs, which killed writers left if nobody holds the lock."""
        left = ("*.lock", "tmp_*", "refs/**/*.lock", "objects/pack/tmp_*")
        found = [path for pattern in left for path in self.path(id).glob(pattern)]
        # A pack without an index was on its way in or out; nobody sees it.
        unseen = self.path(id).glob("objects/pack/*.pack")
        return sorted(found + [pack for pack in unseen if not pack.with_suffix(".idx").exists()])

    def clear(self, remains: Iterable[Path]) -> None:
        """Delete what `remains` told. The caller holds the lock."""
        with disk.writable():
            for path in remains:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def delete(self, id: str) -> None:
        """Take the repository of a deleted gist away, at once for everybody; it is not an error if it is gone already.

        That it was deleted is written down, so that nothing brings it back; but a full disk must not keep it.
        """
        with suppress(OSError):
            descriptor = os.open(self._deleted, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, f"{id}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            disk.sync(self.root)  # the first time its name is new
        self._take_away(id)

    def was_deleted(self, id: str) -> bool:
        """Whether the gist was there and was deleted."""
        with (
            suppress(FileNotFoundError, ValueError),  # ValueError: it is empty
            self._deleted.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as written,
        ):
            return written.find(id.encode()) >= 0
        return False

    def _take_away(self, id: str) -> None:
        grave = self._tmp / f"{id}.{uuid.uuid4().hex}.deleted"
        try:
            self.path(id).rename(grave)
        except FileNotFoundError:
            return
        disk.sync(self.path(id).parent)
        shutil.rmtree(grave, ignore_errors=True)

    def bury(self, id: str) -> Path:
        """Move a repository to lost+found; returns its new place. The caller holds its lock."""
        place = self._lost / f"{id}.git"
        if place.exists():
            place = self._lost / f"{id}.{uuid.uuid4().hex}.git"
        self.path(id).rename(place)
        disk.sync(self._lost, self.path(id).parent)
        return place

    def unbury(self, id: str) -> bool:
        """Move a repository back from lost+found to where it is missing; whether it was there."""
        try:
            (self._lost / f"{id}.git").rename(self.path(id))
        except OSError:
            return False
        disk.sync(self._lost, self.path(id).parent)
        return True

    def leftovers(self) -> list[Path]:
        """What lies in tmp/ without a living process that works on it, and keys that were not finished."""
        with disk.locked(self._tmp):
            half = sorted(self.root.glob("tmp_*"))
            return half + [path for path in sorted(self._tmp.iterdir()) if path.is_dir() and not _is_held(path)]

    def sweep(self) -> list[Path]:
        """Delete the leftovers; returns where they were."""
        found = self.leftovers()
        for path in found:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return found

    def claim(self) -> None:
        """Be the only one who does, as long as this process and those that it forks live. Raises ConfigurationError.

        The workers of a server that was killed take a moment to end.
        """
        descriptor, end = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY), time.monotonic() + CLAIM_SECONDS
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    os.close(descriptor)
                    words = f"another gistd serves {self.root}; several need PostgreSQL (docs/scaling.md)"
                    raise ConfigurationError(words) from None
                time.sleep(CLAIM_SECONDS / 50)

    def space(self) -> tuple[int, int]:
        """The bytes of the disk that the data directory is on, and how many of them are free."""
        with disk.writable():
            usage = shutil.disk_usage(self.root)
        return usage.total, usage.free

    def check(self) -> None:
        """Raise Unavailable unless the data directory can be written."""
        if not os.access(self._tmp, os.W_OK | os.X_OK):
            raise Unavailable(f"the data directory {self.root} cannot be written")


def _is_held(directory: Path) -> bool:
    try:
        with disk.locked(directory, wait=False):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return True  # its maker has just finished
