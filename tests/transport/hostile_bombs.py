"""Pushes that are small on the wire and large, or long, in whoever takes them in. See test_hostile_packs.py."""

import hashlib
import zlib
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from . import packs
from .hostile_packs import HostilePush, Scene, Sent
from .packs import OFS_DELTA, blob, commit, copy, delta, entry, file, header, ofs_delta, tree

MIB = 1024 * 1024
GIB = 1024 * MIB


def zeros(size: int) -> bytes:
    """The zlib stream of so many zeros, a multiple of 1 MiB, made without making them."""
    compressor = zlib.compressobj(9, wbits=-15)
    mebibyte = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    adler = (size % 65521) << 16 | 1
    return b"\x78\xda" + mebibyte * (size // MIB) + b"\x03\x00" + adler.to_bytes(4, "big")


@cache
def _id_of_zeros(kind: int, size: int) -> str:
    hash, mebibyte = hashlib.sha1(f"{packs.KINDS[kind]} {size}\0".encode()), bytes(MIB)
    for _ in range(size // MIB):
        hash.update(mebibyte)
    return hash.hexdigest()


def _holding(scene: Scene, id: str, entries: Iterable[bytes]) -> Sent:
    """The entries, and a revision of which one is the only file."""
    top = tree(file("a", id))
    tip = commit(top.id, scene.head)
    return Sent(packs.pack([*entries, top, tip]), tip.id)


def _blob(says: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        return _holding(scene, _id_of_zeros(packs.BLOB, GIB), [header(packs.BLOB, says) + zeros(GIB)])

    return push


def _tree_of_zeros(scene: Scene) -> Sent:
    tip = commit(_id_of_zeros(packs.TREE, GIB), scene.head)
    return Sent(packs.pack([header(packs.TREE, GIB) + zeros(GIB), tip]), tip.id)


def _commit_of_zeros(scene: Scene) -> Sent:
    return Sent(packs.pack([header(packs.COMMIT, GIB) + zeros(GIB)]), _id_of_zeros(packs.COMMIT, GIB))


def _delta_of_zeros(says: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        base = entry(blob(b"a\n"))
        bomb = header(OFS_DELTA, says) + packs.distance(len(base)) + zeros(GIB)
        return _holding(scene, packs.MISSING, [base, bomb])

    return push


def _nested(levels: int, times: int) -> HostilePush:
    """Each delta repeats what the one before it made; 4 GiB out of a few KiB."""

    def push(scene: Scene) -> Sent:
        size = MIB
        entries = [entry(blob(bytes(size)))]
        for _ in range(levels):
            pieces = [copy(at, min(0xFFFFFF, size - at)) for at in range(0, size, 0xFFFFFF)] * times
            entries.append(ofs_delta(len(entries[-1]), delta(size, size * times, *pieces)))
            size *= times
        return _holding(scene, packs.MISSING, entries)

    return push


def _repeated_copies(scene: Scene) -> Sent:
    """A delta that makes 1 GiB, of a size that is said rightly."""
    size = 0xFFFFFF
    base = entry(blob(bytes(size)))
    return _holding(scene, packs.MISSING, [base, ofs_delta(len(base), delta(size, size * 64, *[copy(0, size)] * 64))])


def _unsaid_copies(scene: Scene) -> Sent:
    """A delta that says it makes a byte and makes 1 GiB."""
    size = 8 * MIB
    base = entry(blob(bytes(size)))
    return _holding(scene, packs.MISSING, [base, ofs_delta(len(base), delta(size, 1, *[copy(0, size)] * 128))])


def _tiny_instructions(scene: Scene) -> Sent:
    """Twenty deltas of 400,000 instructions each: a few KiB of pack, and seconds of work in a slow language."""
    base, count = blob(b"ab"), 400_000
    half = copy(0, 1) * (count // 2)
    entries, files, back = [entry(base)], {}, 0
    for number in range(20):
        back += len(entries[-1])
        entries.append(ofs_delta(back, delta(2, count + number, half, copy(1, 1) * (count // 2 + number))))
        files[f"{number:02}"] = b"a" * (count // 2) + b"b" * (count // 2 + number)
    *_, top, tip = packs.revision({"ab": b"ab", **files}, scene.head)
    return Sent(packs.pack([*entries, top, tip]), tip.id)


def _long_chain(length: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        contents = [b"x\n%d" % number for number in range(length + 1)]
        entries = [entry(blob(contents[0]))]
        for before, after in pairwise(contents):
            step = delta(len(before), len(after), copy(0, 2), packs.insert(after[2:]))
            entries.append(ofs_delta(len(entries[-1]), step))
        revisions = packs.history(contents, scene.head)
        return Sent(packs.pack([*entries, *revisions]), revisions[-1].id)

    return push


def _many_on_one(scene: Scene) -> Sent:
    """A history of 1,000 revisions of a file of 8 MiB, each a delta of a few bytes: 8 GiB to hash."""
    base = bytes(8 * MIB - 4)
    shared = hashlib.sha1(b"blob %d\0" % (len(base) + 4) + base)
    entries, back, parent = [entry(blob(base))], 0, scene.head
    for number in range(1000):
        back += len(entries[-1])
        entries.append(ofs_delta(back, packs.appending(base, b"%04d" % number)))
        hash = shared.copy()
        hash.update(b"%04d" % number)
        top = tree(file("a", hash.hexdigest()))
        tip = commit(top.id, parent)
        parent = tip.id
        back += len(entries[-1])
        entries.append(entry(top) + entry(tip))
    return Sent(packs.pack(entries, count=1 + 3 * 1000), parent)


def _crowd(count: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        return _holding(scene, blob(b"0").id, (entry(blob(b"%d" % number), level=1) for number in range(count)))

    return push


def _one_file_by_many_names(scene: Scene) -> Sent:
    """One blob of 9 MiB that a revision holds 300 times."""
    content = blob(bytes(9 * MIB))
    id = content.id
    top = tree(*(file(f"{number:03}", id) for number in range(300)))
    tip = commit(top.id, scene.head)
    return Sent(packs.pack([content, top, tip]), tip.id)


BOMBS: dict[str, HostilePush] = {
    "bomb: a file of 1 GiB": _blob(GIB),
    "bomb: a file of 1 GiB that says 1 byte": _blob(1),
    "bomb: a file of 1 GiB that says 1 MiB": _blob(MIB),
    "bomb: a tree of 1 GiB": _tree_of_zeros,
    "bomb: a commit of 1 GiB": _commit_of_zeros,
    "bomb: a delta of 1 GiB": _delta_of_zeros(GIB),
    "bomb: a delta of 1 GiB that says 1 MiB": _delta_of_zeros(MIB),
    "bomb: nested deltas of 4 GiB": _nested(3, 16),
    "bomb: nested deltas of 4 GiB in small steps": _nested(12, 2),
    "bomb: a delta that makes 1 GiB": _repeated_copies,
    "bomb: a delta that makes 1 GiB and says 1 byte": _unsaid_copies,
    "bomb: deltas of one-byte instructions": _tiny_instructions,
    "bomb: a chain of 6,000 deltas": _long_chain(6000),
    "bomb: 1,000 deltas on one large base": _many_on_one,
    "bomb: 200,000 objects": _crowd(200_000),
    "bomb: one file by many names": _one_file_by_many_names,
}
