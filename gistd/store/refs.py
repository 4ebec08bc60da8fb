"""HEAD and packed-refs as files: written here, and read more strictly than git does, which overlooks damage."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pygit2

from . import disk

_HEAD = re.compile(rb"ref: (refs/heads/\S+)\n")
_PACKED = re.compile(
    rb"(# pack-refs with:( peeled| fully-peeled| sorted)* ?\n)?([0-9a-f]{40} refs/\S+\n(\^[0-9a-f]{40}\n)?)*"
)
_LINE = re.compile(rb"^([0-9a-f]{40}) (refs/\S+)$", re.MULTILINE)
_ID = re.compile(rb"[0-9a-f]{40}")
_LOOSE = re.compile(rb"([0-9a-f]{40})\n")
_SMALL = 65536


@dataclass(frozen=True)
class Refs:
    """What the files say: the branch that HEAD names, what it is, and what packed-refs has it for; None for what cannot
    be told. `wrong` has a line for each file that is not as somebody wrote it."""

    ref: str | None
    head: str | None
    packed: str | None
    wrong: list[str]


def contents(ref: str, head: str | None) -> dict[str, bytes]:
    """The files of a repository whose one branch is at `head`, or has no revision yet."""
    files = {"HEAD": f"ref: {ref}\n".encode()}
    if head:
        header = "# pack-refs with: peeled fully-peeled sorted \n"
        files["packed-refs"] = f"{header}{head} {ref}\n".encode()
    return files


def put(path: Path, ref: str, head: str | None) -> None:
    """Replace the files, synced. A loose ref, which counts more than packed-refs, stays."""
    disk.make_directories([path / "refs"])
    disk.place_files(path, contents(ref, head), mode=0o644)
    disk.sync(path)


@contextmanager
def moved(path: Path, ref: str, head: str | None) -> Iterator[None]:
    """Let a branch be at `head`, or be none, once the block is through: a loose ref, which is synced; its folders are
    the caller's to sync. As git does it, by a file beside it that keeps out whoever does the same by git.

    OSError when somebody does.
    """
    place = path / ref
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = place.with_name(f"{place.name}.lock")
    disk.write_files({lock: f"{head or ''}\n".encode()}, mode=0o644)
    try:
        yield
        if head:
            lock.rename(place)
        else:
            place.unlink(missing_ok=True)
    finally:
        lock.unlink(missing_ok=True)


def branch(path: Path) -> str | None:
    """The branch that HEAD names; None where that is not plain, for libgit2 to find it out."""
    found = _HEAD.fullmatch(_bytes(f"{path}/HEAD") or b"")
    name = found[1].decode(errors="replace") if found else ""
    return name if pygit2.reference_is_valid_name(name) else None


def tip(path: Path, ref: str) -> str | None:
    """The revision that a branch is at; None where that is not plain, or where there is none."""
    if not pygit2.reference_is_valid_name(ref):
        return None
    try:
        loose = _bytes(f"{path}/{ref}")
        packed = b"" if loose is not None else _bytes(f"{path}/packed-refs") or b""
    except OSError:
        return None
    if loose is not None:
        found = _LOOSE.fullmatch(loose)
        return found[1].decode() if found else None
    whole = _PACKED.fullmatch(packed)
    ids = [id for id, name in _LINE.findall(packed) if name == ref.encode()] if whole else []
    return ids[0].decode() if ids else None


def _bytes(path: str) -> bytes | None:
    """What is in a small file; None when it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, _SMALL)
    finally:
        os.close(descriptor)


def read(path: Path) -> Refs:
    """What the repository's files say, whatever is in them."""
    wrong: list[str] = []
    named = _match(path, "HEAD", _HEAD, wrong)
    if named is None:
        return Refs(None, None, None, wrong)
    ref = named[1].decode(errors="replace")
    packed = _packed(path, wrong).get(ref)
    if not (path / ref).exists():
        return Refs(ref, packed, packed, wrong)
    loose = _match(path, ref, _LOOSE, wrong)
    if not wrong and packed is None:
        wrong.append("packed-refs does not have the branch")
    return Refs(ref, loose[1].decode() if loose else None, packed, wrong)


def _packed(path: Path, wrong: list[str]) -> dict[str, str]:
    if not (path / "packed-refs").exists():
        return {}  # there is no revision yet, or a loose ref
    whole = _match(path, "packed-refs", _PACKED, wrong)
    return {name.decode(errors="replace"): id.decode() for id, name in _LINE.findall(whole[0])} if whole else {}


def loose(path: Path, ref: str) -> str | None:
    """What a loose ref may mean, read as git does: it forgives what stands after the id."""
    try:
        found = _ID.match((path / ref).read_bytes())
    except OSError:
        return None
    return found[0].decode() if found else None


def branches(path: Path) -> list[str]:
    """The branches that there are files for, whatever HEAD names."""
    names = set(_packed(path, []))
    names |= {str(each.relative_to(path)) for each in path.glob("refs/heads/**/*") if each.is_file()}
    return sorted(name for name in names if name.startswith("refs/heads/") and not name.endswith(".lock"))


def _match(path: Path, name: str, pattern: re.Pattern[bytes], wrong: list[str]) -> re.Match[bytes] | None:
    try:
        found = pattern.fullmatch((path / name).read_bytes())
    except OSError as error:
        wrong.append(f"{name} cannot be read ({error.strerror})")
        return None
    if found is None:
        wrong.append(f"{name} is damaged")
    return found
