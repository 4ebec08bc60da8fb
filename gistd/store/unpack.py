"""Reading a pack that somebody sent: in memory, each object of it, before anything of it is written.

The format is gitformat-pack(5). Nothing is taken that `git index-pack --strict` refuses to take, and every limit
is looked at before the memory or the time is spent.
"""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pygit2

from gistd.errors import Invalid, TooLarge

from . import packs
from .delta import apply
from .disk import Buffer
from .objects import GitObject, named
from .rules import PushLimits

MAX_DEPTH = 250
"""The most deltas on the way to an object; what is stored is read through them again and again."""

_KINDS = {number: kind for kind, number in packs.TYPES.items()}
_TAG, _OFFSET_DELTA, _ID_DELTA = 4, 6, 7
_CHUNK, _PIECE = 64 * 1024, 1024 * 1024
_MAX_SHIFT = 60


@dataclass(slots=True)
class Entry:
    """An object in the pack. Of a delta, `kind`, `size` and `id` come once it is applied.

    `offset` is where its head begins, `start` where its compressed bytes begin, `length` what those inflate
    to: the content, or the instructions of a delta. `base` is what a delta changes, by its offset or its id.
    """

    offset: int
    start: int
    length: int
    base: int | str | None
    crc: int = 0
    kind: bytes = b""
    size: int = 0
    id: str = ""
    depth: int = 0


@dataclass(slots=True)
class _Base:
    """A content that deltas wait for."""

    content: bytes
    kind: bytes
    depth: int
    waiting: list[Entry]


class Unpacked:
    """The objects of a pack, each checked to be what it says, and named.

    Raises Invalid or TooLarge for a pack that is not taken. `look_up` finds in the repository what a thin
    pack leaves out; None for what is not there.
    """

    def __init__(self, data: bytearray, limits: PushLimits, look_up: Callable[[str], GitObject | None]) -> None:
        self._data = memoryview(data).toreadonly()
        self._limits = limits
        self._look_up = look_up
        self._left = limits.unpacked_bytes
        self._held = 0
        self._entries: dict[int, Entry] = {}
        self._waiting: dict[int | str, list[Entry]] = {}
        self._kept: dict[str, bytes] = {}
        self._added: dict[str, GitObject] = {}
        self.objects: dict[str, Entry] = {}
        number = self._head()
        try:
            self._scan(number)
        except IndexError:
            raise Invalid("the pack is cut off") from None
        self._resolve()

    # ------------------------------------------------------------------ asking

    def content(self, id: str) -> bytes:
        """The bytes of an object; KeyError when it is not in the pack."""
        if id in self._kept:
            return self._kept[id]
        chain = [self.objects[id]]
        while (base := chain[-1].base) is not None and base not in self._added:
            chain.append(self._entries[base] if isinstance(base, int) else self.objects[base])
        content = self._inflated(chain.pop()) if base is None else self._added[str(base)].content
        for entry in reversed(chain):
            content = apply(content, self._inflated(entry), self._most(entry.kind), self._spend)
        return content

    def index(self) -> bytes:
        """The index of the pack, which must not be thin."""
        return packs.index(self._places(), bytes(self._data[-20:]))

    def _places(self) -> list[packs.Place]:
        return [packs.Place(bytes.fromhex(entry.id), entry.crc, entry.offset) for entry in self.objects.values()]

    def write(self, directory: Path) -> None:
        """Write the pack into a directory of packs, whole: a thin one gets its bases. Synced as `packs.place` does."""
        if not self.objects:
            return
        places = self._places()
        if not self._added:
            packs.place(directory, self._data, places)
            return
        parts: list[Buffer] = [packs.head(len(places) + len(self._added)), self._data[packs.HEAD.size : -20]]
        offset = len(self._data) - 20
        for item in self._added.values():
            data = packs.entry(item)
            places.append(packs.Place(bytes.fromhex(item.id), zlib.crc32(data), offset))
            parts.append(data)
            offset += len(data)
        packs.place(directory, b"".join([*parts, packs.checksum(parts)]), places)

    # ------------------------------------------------------------------ what is there

    def _head(self) -> int:
        """The number of objects."""
        data = self._data
        if len(data) < packs.HEAD.size + 20 or data[:4] != b"PACK":
            raise Invalid("what was sent is not a pack")
        _, version, number = packs.HEAD.unpack_from(data)
        if version != 2:
            raise Invalid(f"a pack of version {version} is not understood")
        if number > self._limits.objects:
            raise TooLarge(f"a push brings at most {self._limits.objects} objects")
        if hashlib.sha1(data[:-20], usedforsecurity=False).digest() != data[-20:]:
            raise Invalid("the checksum of the pack is wrong")
        return int(number)

    def _scan(self, number: int) -> None:
        at = packs.HEAD.size
        for _ in range(number):
            entry = self._entry(at)
            self._entries[at] = entry
            if entry.base is None:
                at = self._take(entry)
            else:
                at = self._inflate(entry, lambda piece: None)
                self._waiting.setdefault(entry.base, []).append(entry)
            entry.crc = zlib.crc32(self._data[entry.offset : at])
        if at != len(self._data) - 20:
            raise Invalid("there is something after the last object of the pack")

    def _entry(self, offset: int) -> Entry:
        data, at = self._data, offset
        byte = data[at]
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 0x80:
            at += 1
            byte = data[at]
            size |= (byte & 0x7F) << shift
            shift += 7
            if shift > _MAX_SHIFT:
                raise Invalid("the size of an object in the pack makes no sense")
        if not byte and at > offset:
            raise Invalid("the size of an object in the pack is not told in the shortest way")
        at += 1
        base: int | str | None = None
        if kind == _OFFSET_DELTA:
            base, at = self._base_offset(offset, at)
        elif kind == _ID_DELTA:
            base, at = bytes(data[at : at + 20]).hex(), at + 20
        elif kind == _TAG:
            raise Invalid("annotated tags are not allowed")
        elif kind not in _KINDS:
            raise Invalid("there is an object of an unknown type in the pack")
        return Entry(offset, at, size, base, kind=b"" if base is not None else _KINDS[kind])

    def _base_offset(self, offset: int, at: int) -> tuple[int, int]:
        byte = self._data[at]
        back = byte & 0x7F
        while byte & 0x80:
            at += 1
            byte = self._data[at]
            back = ((back + 1) << 7) | (byte & 0x7F)
            if back > offset:
                break
        if offset - back not in self._entries:
            raise Invalid("a delta in the pack has no base")
        return offset - back, at + 1

    def _take(self, entry: Entry) -> int:
        """Take in an object that is there as it is; returns where it ends."""
        if entry.kind == b"blob" and entry.length > self._most(b"blob"):
            # The guard refuses it, by the name of the file, for which it needs the id.
            digest = hashlib.sha1(b"blob %d\0" % entry.length, usedforsecurity=False)
            end = self._inflate(entry, digest.update)
            self._add(entry, entry.length, digest.hexdigest())
            return end
        self._check_size(entry.kind, entry.length)
        parts: list[bytes] = []
        end = self._inflate(entry, parts.append)
        self._name(entry, b"".join(parts))
        return end

    def _inflate(self, entry: Entry, take: Callable[[bytes], object]) -> int:
        """Hand over the bytes of an entry, piece by piece; returns where it ends.

        It is fed in small pieces: what zlib has not used of one it copies, which must not be the rest of the pack.
        """
        self._spend(entry.length)
        machine, left, at = zlib.decompressobj(), entry.length, entry.start
        end = len(self._data) - 20
        step = min(entry.length + 64, _CHUNK)
        try:
            while not machine.eof:
                fed: bytes | memoryview = machine.unconsumed_tail
                if not fed:
                    fed = self._data[at : min(at + step, end)]
                    at += len(fed)
                piece = machine.decompress(fed, min(left + 1, _PIECE))
                left -= len(piece)
                if left < 0:
                    raise Invalid("an object is larger than the pack says")
                if not fed and not piece:
                    raise Invalid("the pack is cut off")
                take(piece)
        except zlib.error:
            raise Invalid("an object of the pack cannot be inflated") from None
        if left:
            raise Invalid("an object is smaller than the pack says")
        return at - len(machine.unused_data)

    # ------------------------------------------------------------------ deltas

    def _resolve(self) -> None:
        for entry in list(self.objects.values()):
            if waiting := self._waiting_for(entry):
                self._check_size(entry.kind, entry.size)
                self._apply_to(_Base(self.content(entry.id), entry.kind, 0, waiting))
        for id in [base for base in self._waiting if isinstance(base, str)]:  # a thin pack
            if id not in self.objects:
                item = self._look_up(id)
                if item is None:
                    break
                self._check_size(item.kind, len(item.content))
                self._added[id] = item
                self._hold(len(item.content))
                self._apply_to(_Base(item.content, item.kind, 0, self._waiting.pop(id)))
        if self._waiting:
            raise Invalid("a delta in the pack has no base")

    def _waiting_for(self, entry: Entry) -> list[Entry]:
        found = self._waiting.pop(entry.offset, []) + self._waiting.pop(entry.id, [])
        # Those that others wait for are taken from the end, last: so the content is let go before theirs are made.
        return sorted(found, key=lambda waiting: waiting.offset not in self._waiting)

    def _apply_to(self, base: _Base) -> None:
        """Apply all deltas that lead from this content, holding as few contents at once as can be."""
        path = [base]
        self._hold(len(base.content))
        while path:
            base = path[-1]
            entry = base.waiting.pop()
            if not base.waiting:
                self._hold(-len(base.content))
                path.pop()
            entry.kind, entry.depth = base.kind, base.depth + 1
            if entry.depth > MAX_DEPTH:
                raise Invalid(f"more than {MAX_DEPTH} deltas on the way to an object; `git repack -adf` helps")
            content = apply(base.content, self._inflated(entry), self._most(entry.kind), self._spend)
            self._name(entry, content)
            if waiting := self._waiting_for(entry):
                path.append(_Base(content, entry.kind, entry.depth, waiting))
                self._hold(len(content))

    def _inflated(self, entry: Entry) -> bytes:
        # A delta that only inserts is a little longer than what it makes.
        if entry.base is not None and entry.length > (most := self._most(b"blob")) + most // 64 + 64:
            raise TooLarge(f"a file is larger than {most} bytes")
        parts: list[bytes] = []
        self._inflate(entry, parts.append)
        return b"".join(parts)

    # ------------------------------------------------------------------ limits

    def _name(self, entry: Entry, content: bytes) -> None:
        try:
            self._add(entry, len(content), named(entry.kind, content).id)
        except pygit2.GitError:
            raise Invalid("an object is made to have the id of another one") from None
        if entry.kind != b"blob":
            self._hold(len(content))
            self._kept[entry.id] = content

    def _add(self, entry: Entry, size: int, id: str) -> None:
        if id in self.objects or id in self._added:
            raise Invalid("the pack holds an object twice")
        entry.size, entry.id = size, id
        self.objects[id] = entry

    def _most(self, kind: bytes) -> int:
        return {b"commit": self._limits.commit_bytes, b"tree": self._limits.tree_bytes}.get(
            kind, self._limits.revision.file_bytes
        )

    def _check_size(self, kind: bytes, size: int) -> None:
        if size > (most := self._most(kind)):
            raise TooLarge(f"a {'file' if kind == b'blob' else kind.decode()} is larger than {most} bytes")

    def _spend(self, number: int) -> None:
        self._left -= number
        if self._left < 0:
            raise TooLarge(f"unpacked, the push is larger than {self._limits.unpacked_bytes} bytes")

    def _hold(self, number: int) -> None:
        self._held += number
        if self._held > self._limits.memory_bytes:
            raise TooLarge(f"to unpack the push takes more than {self._limits.memory_bytes} bytes of memory")
