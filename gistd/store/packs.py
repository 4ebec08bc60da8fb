"""Packs as bytes: made here, so that they can be written the way that is durable and cheap (gitformat-pack(5))."""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from gistd.errors import TooLarge

from . import disk
from .disk import Buffer
from .objects import GitObject

HEAD = struct.Struct(">4sII")
"""How a pack begins: `PACK`, its version, the number of its objects."""

MAX_BYTES = 2**31 - 1
TYPES = {b"commit": 1, b"tree": 2, b"blob": 3}


class Place(NamedTuple):
    """What the index of a pack says of an object in it."""

    id: bytes
    crc: int
    offset: int


def head(number: int) -> bytes:
    return HEAD.pack(b"PACK", 2, number)


def entry(item: GitObject, level: int = zlib.Z_DEFAULT_COMPRESSION) -> bytes:
    """An object as it stands in a pack, compressed."""
    size = len(item.content)
    byte, size = (TYPES[item.kind] << 4) | (size & 15), size >> 4
    start = bytearray()
    while size:
        start.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    start.append(byte)
    return bytes(start) + zlib.compress(item.content, level)


def checksum(parts: Iterable[Buffer]) -> bytes:
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        digest.update(part)
    return digest.digest()


def stream(items: Sequence[GitObject]) -> list[bytes]:
    """A whole pack to send, in pieces: quickly compressed, without deltas."""
    parts = [head(len(items)), *(entry(item, zlib.Z_BEST_SPEED) for item in items)]
    return [*parts, checksum(parts)]


def write(directory: Path, items: Iterable[GitObject]) -> None:
    """Write the objects as one pack with its index; synced as in `place`."""
    unique = {item.id: item for item in items}
    parts = [head(len(unique))]
    offset = len(parts[0])
    places = []
    for item in unique.values():
        data = entry(item)
        places.append(Place(bytes.fromhex(item.id), zlib.crc32(data), offset))
        parts.append(data)
        offset += len(data)
    place(directory, b"".join([*parts, checksum(parts)]), places)


def place(directory: Path, pack: Buffer, places: Iterable[Place]) -> None:
    """Write a pack with its index, synced: two inodes, however many objects.

    Both are written under temporary names; the index gets its final one last, since a pack is seen by its
    index. The directory's own entries are the caller's to sync.
    """
    if len(pack) > MAX_BYTES:
        raise TooLarge(f"a pack is larger than {MAX_BYTES} bytes")
    end = bytes(memoryview(pack)[-20:])
    name = f"pack-{end.hex()}"
    lost_mark(directory / f"{name}.pack").unlink(missing_ok=True)
    disk.place_files(directory, {f"{name}.pack": pack, f"{name}.idx": index(places, end)})


def lost_mark(pack: Path) -> Path:
    """What stands beside a pack that was set aside, as old as our knowledge that the branch does not reach it."""
    return pack.with_suffix(".lost")


def check_indexes(directory: Path) -> None:
    """Raise ValueError unless the index of each pack is as it was written. Each is read once, until it changes.

    libgit2 believes what stands in them: one flipped bit there ends the process.
    """
    with os.scandir(directory) as entries:
        indexes = [entry for entry in entries if entry.name.endswith(".idx")]
    for entry in indexes:
        with suppress(FileNotFoundError):  # taken away meanwhile
            stat = entry.stat()
            if not _is_whole(entry.path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns):
                raise ValueError(f"{entry.name} is damaged")


@lru_cache(maxsize=1024)
def _is_whole(path: str, *as_it_is: int) -> bool:
    data = Path(path).read_bytes()
    return checksum([data[:-20]]) == data[-20:]


def ids(index: Path) -> list[str]:
    """The ids of the objects in a pack, read from its index (version 2). ValueError when it is damaged."""
    data = index.read_bytes()
    start = 8 + 256 * 4
    number = int.from_bytes(data[start - 4 : start], "big")
    if not data.startswith(b"\xfftOc\0\0\0\2") or len(data) < start + number * 28:
        raise ValueError(f"{index.name} is not the index of a pack")
    return [data[at : at + 20].hex() for at in range(start, start + number * 20, 20)]


def index(places: Iterable[Place], end: bytes) -> bytes:
    """The index of a pack that ends in that checksum: version 2, with the small offsets only."""
    places = sorted(places)
    counts = [0] * 256
    for each in places:
        counts[each.id[0]] += 1
    numbers = f">{len(places)}I"
    body = b"".join(
        [
            b"\xfftOc",
            struct.pack(">257I", 2, *accumulate(counts)),
            *(each.id for each in places),
            struct.pack(numbers, *(each.crc for each in places)),
            struct.pack(numbers, *(each.offset for each in places)),
            end,
        ]
    )
    return body + checksum([body])
