"""git objects as bytes: made here, so that they can be written the way that is durable and cheap.

Formats: git's own documentation, gitformat-pack(5) and gitformat-index of pack version 2.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pygit2

from . import disk

REGULAR, EXECUTABLE = 0o100644, 0o100755
_PACK_TYPES = {b"commit": 1, b"tree": 2, b"blob": 3}


class GitObject(NamedTuple):
    """An object that may not be in any repository yet; `id` is 40 hex digits."""

    kind: bytes
    content: bytes
    id: str


@dataclass(frozen=True)
class File:
    """A file of a revision: where it is, the id of its bytes, how many they are."""

    path: str
    blob: str
    size: int
    mode: int = REGULAR


@dataclass(frozen=True)
class Signature:
    """Who made a commit, and when (aware, whole seconds count)."""

    name: str
    email: str
    at: datetime

    def __bytes__(self) -> bytes:
        if any(character in f"{self.name}{self.email}" for character in "<>\n\0"):
            raise ValueError("a signature must not hold <, >, a newline or NUL")  # T26: libgit2 would let it through
        zone = self.at.strftime("%z")[:5]
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} {zone}".encode()


def blob(content: bytes) -> GitObject:
    # libgit2's hash and not hashlib's: it refuses the known ways to make SHA-1 collide.
    return GitObject(b"blob", content, str(pygit2.hash(content)))


def trees(files: Iterable[File]) -> list[GitObject]:
    """The trees of a revision, folders before what holds them; the root is the last one."""
    root: dict[str, Any] = {}
    for file in files:
        *folders, name = file.path.split("/")
        folder = root
        for part in folders:
            folder = folder.setdefault(part, {})
        folder[name] = file
    made: list[GitObject] = []
    _make_tree(root, made)
    return made


def _make_tree(folder: dict[str, Any], made: list[GitObject]) -> str:
    rows = []
    for name, child in folder.items():
        raw = name.encode()
        if isinstance(child, File):
            rows.append((raw, b"%o %s\0" % (child.mode, raw) + bytes.fromhex(child.blob)))
        else:  # git sorts a folder as if its name ended in a slash
            rows.append((raw + b"/", b"40000 %s\0" % raw + bytes.fromhex(_make_tree(child, made))))
    content = b"".join(row for _, row in sorted(rows))
    made.append(_object(b"tree", content))
    return made[-1].id


def commit(tree: str, parents: Sequence[str], author: Signature, message: str) -> GitObject:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    head = "\n".join(lines).encode()
    signature = bytes(author)
    text = message.replace("\0", "").encode(errors="replace")
    return _object(b"commit", b"%s\nauthor %s\ncommitter %s\n\n%s\n" % (head, signature, signature, text))


def _object(kind: bytes, content: bytes) -> GitObject:
    digest = hashlib.sha1(b"%s %d\0%s" % (kind, len(content), content), usedforsecurity=False)
    return GitObject(kind, content, digest.hexdigest())


def write_pack(directory: Path, objects: Iterable[GitObject]) -> None:
    """Write the objects as one pack with its index, synced: two inodes, however many objects.

    Both are written under temporary names; the index gets its final one last, since a pack is seen by its
    index. The directory's own entries are the caller's to sync.
    """
    unique = {item.id: item for item in objects}
    parts = [struct.pack(">4sII", b"PACK", 2, len(unique))]
    offset = len(parts[0])
    entries = []
    for item in unique.values():
        data = _entry_head(_PACK_TYPES[item.kind], len(item.content)) + zlib.compress(item.content)
        entries.append((bytes.fromhex(item.id), zlib.crc32(data), offset))
        parts.append(data)
        offset += len(data)
    entries.sort()
    pack = b"".join(parts)
    checksum = _sha1(pack)
    name = f"pack-{_sha1(b''.join(id for id, _, _ in entries)).hex()}"
    disk.place_files(directory, {f"{name}.pack": pack + checksum, f"{name}.idx": _pack_index(entries, checksum)})


def ids_in_pack(index: Path) -> list[str]:
    """The ids of the objects in a pack, read from its index (version 2)."""
    data = index.read_bytes()
    (number,) = struct.unpack(">I", data[8 + 255 * 4 : 8 + 256 * 4])
    start = 8 + 256 * 4
    return [data[at : at + 20].hex() for at in range(start, start + number * 20, 20)]


def _entry_head(type: int, size: int) -> bytes:
    byte, size = (type << 4) | (size & 15), size >> 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head)


def _pack_index(entries: list[tuple[bytes, int, int]], checksum: bytes) -> bytes:
    """Version 2, for the sorted (id, crc, offset) entries. A pack of ours stays far below 2 GiB."""
    counts = [0] * 256
    for id, _, _ in entries:
        counts[id[0]] += 1
    numbers = f">{len(entries)}I"
    body = b"".join(
        [
            b"\xfftOc",
            struct.pack(">257I", 2, *accumulate(counts)),
            *(id for id, _, _ in entries),
            struct.pack(numbers, *(crc for _, crc, _ in entries)),
            struct.pack(numbers, *(offset for _, _, offset in entries)),
            checksum,
        ]
    )
    return body + _sha1(body)


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
