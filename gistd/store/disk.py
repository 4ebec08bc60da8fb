"""Files that stay: nothing here returns before what it wrote would survive a power cut."""

import errno
import fcntl
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2

from gistd.errors import Full, Unavailable

Buffer = bytes | bytearray | memoryview


def write_files(contents: Mapping[Path, Buffer], mode: int = 0o444) -> None:
    """Create the files, then sync them all; none of them if that cannot be done. FileExistsError if one is there
    already.

    Written first and synced afterwards, so that one journal commit can carry them all. The directories
    are the caller's to sync.
    """
    made: dict[Path, int] = {}
    try:
        for path, content in contents.items():
            made[path] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(made[path], rest) :]
        for descriptor in made.values():
            os.fsync(descriptor)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    finally:
        for descriptor in made.values():
            os.close(descriptor)


def place_files(directory: Path, contents: Mapping[str, Buffer], mode: int = 0o444) -> None:
    """Write the files under temporary names, sync them, then give them their names in the order given.

    A file that has its name is whole, whatever happens. The temporary names are ones that `git prune` clears away.
    """
    temporary = {directory / f"tmp_{uuid.uuid4().hex}": name for name in contents}
    write_files(dict(zip(temporary, contents.values(), strict=True)), mode)
    try:
        for path, name in temporary.items():
            path.rename(directory / name)
    except BaseException:
        for path in temporary:
            path.unlink(missing_ok=True)
        raise


def sync(*paths: Path) -> None:
    """Sync files or the entries of directories."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_directories(paths: Iterable[Path]) -> None:
    """Make the directories that are missing, and sync the ones that hold them."""
    parents = set()
    for path in paths:
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            parents.add(path.parent)
    sync(*parents)


@contextmanager
def writable() -> Iterator[None]:
    """What a disk refuses, to us or to libgit2, is said in gistd's own words: Full or Unavailable."""
    try:
        yield
    except BlockingIOError:
        raise
    except (OSError, pygit2.GitError) as error:
        # libgit2 tells the reason in words only.
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error):
            raise Full("there is no room left on the disk of the server") from error
        raise Unavailable(f"the data directory cannot be written ({_reason(error)})") from error


def _reason(error: OSError | pygit2.GitError) -> str:
    """Without the paths that libgit2 names."""
    return getattr(error, "strerror", None) or str(error).rpartition(": ")[2]


@contextmanager
def locked(directory: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a directory against every other thread and process.

    FileNotFoundError when it is gone (or was replaced while we waited); BlockingIOError when `wait` is
    off and somebody holds it. The lock is flock(2) on the directory itself: no file to leave behind, and
    the kernel lets go of it when its holder dies.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if not os.path.samestat(os.fstat(descriptor), directory.stat()):
            raise FileNotFoundError(directory)
        yield
    finally:
        os.close(descriptor)
