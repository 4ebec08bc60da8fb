"""Packs that lie about themselves: what each table here makes must be refused. See test_hostile_packs.py."""

import gzip
import hashlib
import random
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from . import packs
from .packs import BLOB, MISSING, OFS_DELTA, Obj, blob, copy, delta, entry, header, insert, ofs_delta, ref_delta


class Scene(NamedTuple):
    """What a push finds: ids of a gist, and of what its pusher must not get at."""

    head: str
    tree: str
    blob: str
    gone: list[Obj]
    """a revision that was pushed away"""
    foreign: list[str]
    """the ids of a commit and of a file in somebody else's private gist"""


class Sent(NamedTuple):
    """A pack, and the commit in it that the branch shall name."""

    pack: bytes
    tip: str


HostilePush = Callable[[Scene], Sent]


def of(objects: list[Obj]) -> Sent:
    """A pack of whole objects; the last one is the tip."""
    return Sent(packs.pack(objects), objects[-1].id)


# ---------------------------------------------------------------- the pack as a whole


def _recount(count: int) -> Callable[[bytes], bytes]:
    return lambda pack: packs.resealed(pack[:8] + struct.pack(">I", count) + pack[12:])


def _version(version: int) -> Callable[[bytes], bytes]:
    return lambda pack: packs.resealed(pack[:4] + struct.pack(">I", version) + pack[8:])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no pack": lambda pack: b"",
    "not a pack": lambda pack: packs.resealed(b"KCAP" + pack[4:]),
    "a text": lambda pack: b"hello, world\n" * 20,
    "a compressed pack": gzip.compress,
    "version 0": _version(0),
    "version 1": _version(1),
    "version 4": _version(4),
    "version 2^32-1": _version(2**32 - 1),
    "no objects": lambda pack: packs.pack([]),
    "no objects are counted": _recount(0),
    "one object fewer is counted": _recount(2),
    "one object more is counted": _recount(4),
    "a million objects are counted": _recount(1_000_000),
    "2^32-1 objects are counted": _recount(2**32 - 1),
    "a wrong checksum": lambda pack: pack[:-1] + bytes([pack[-1] ^ 1]),
    "a checksum of zeros": lambda pack: pack[:-20] + bytes(20),
    "no checksum": lambda pack: pack[:-20],
    "the checksum of SHA-256": lambda pack: pack[:-20] + hashlib.sha256(pack[:-20]).digest(),
    "a byte after the checksum": lambda pack: pack + b"x",
    "a byte before the checksum": lambda pack: packs.sealed(pack[:-20] + b"x"),
    "twenty bytes before the checksum": lambda pack: packs.sealed(pack),
    "a pack after the pack": lambda pack: pack + pack,
    "the header alone": lambda pack: pack[:12],
    "the header alone, sealed": lambda pack: packs.sealed(pack[:12]),
    "cut in an object's header, sealed": lambda pack: packs.sealed(pack[:13]),
    "cut in an object, sealed": lambda pack: packs.sealed(pack[:60]),
    "cut before the last byte, sealed": lambda pack: packs.sealed(pack[:-21]),
}
"""What befalls a sound pack of three objects."""

# ---------------------------------------------------------------- an entry

FILE = blob(b"some lines\n" * 30)
_SIZE = len(FILE.content)
_ZIPPED = zlib.compress(FILE.content)


def _sized(size: int) -> bytes:
    return entry(FILE, size)


def _stream(stream: bytes) -> bytes:
    return header(BLOB, _SIZE) + stream


def _with_dictionary() -> bytes:
    compressor = zlib.compressobj(zdict=b"some lines\n")
    return compressor.compress(FILE.content) + compressor.flush()


def _raw_deflate() -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(FILE.content) + compressor.flush()


ENTRIES: dict[str, bytes] = {
    "type 0": header(0, _SIZE) + _ZIPPED,
    "type 5": header(5, _SIZE) + _ZIPPED,
    "a file that says it is a tree": header(packs.TREE, _SIZE) + _ZIPPED,
    "a file that says it is a commit": header(packs.COMMIT, _SIZE) + _ZIPPED,
    "a file that says it is a tag": header(packs.TAG, _SIZE) + _ZIPPED,
    "a size without end": b"\xbf" + b"\xff" * 5000 + _ZIPPED,
    "a size of zeros without end": b"\xb0" + b"\x80" * 5000 + _ZIPPED,
    "a size beyond 64 bits": header(BLOB, 2**64 + _SIZE) + _ZIPPED,
    "a size beyond 70 bits": header(BLOB, 2**71 + _SIZE) + _ZIPPED,
    "a size of 2^63": _sized(2**63),
    "a size of 2^32": _sized(2**32),
    "a size beyond 32 bits": _sized(2**32 + _SIZE),
    "one byte fewer than there are": _sized(_SIZE - 1),
    "one byte more than there are": _sized(_SIZE + 1),
    "a size of zero": _sized(0),
    "no stream": _stream(b""),
    "zeros for a stream": _stream(bytes(40)),
    "a stream that is cut off": _stream(_ZIPPED[: len(_ZIPPED) // 2]),
    "a stream with a wrong byte": _stream(_ZIPPED[:9] + bytes([_ZIPPED[9] ^ 0x55]) + _ZIPPED[10:]),
    "a stream with a wrong sum": _stream(_ZIPPED[:-1] + bytes([_ZIPPED[-1] ^ 1])),
    "a stream without a sum": _stream(_ZIPPED[:-4]),
    "a stream with a dictionary": _stream(_with_dictionary()),
    "a stream without a head": _stream(_raw_deflate()),
    "a stream of gzip": _stream(gzip.compress(FILE.content)),
    "two streams": _stream(zlib.compress(FILE.content[:100]) + zlib.compress(FILE.content[100:])),
    "a stream and a byte": _stream(_ZIPPED + b"\0"),
    "a block of a type that is not": _stream(_ZIPPED[:2] + b"\x07" + _ZIPPED[3:]),
}
"""How a file stands in a pack that is sound otherwise."""

# ---------------------------------------------------------------- a delta

BASE = FILE
RESULT = blob(BASE.content + b"!")
_BACK = len(entry(BASE))
_GOOD = packs.appending(BASE.content, b"!")
_OTHER = blob(RESULT.content + b"?")


def _ofs(delta: bytes) -> tuple[bytes]:
    return (ofs_delta(_BACK, delta),)


def _steps(*instructions: bytes) -> tuple[bytes]:
    """A delta whose two sizes are right."""
    return _ofs(delta(_SIZE, _SIZE + 1, *instructions))


def _padded(number: int) -> bytes:
    """Seven bits a byte, and zeros until there are nine bytes."""
    short = packs.varint(number)
    return short[:-1] + bytes([short[-1] | 0x80]) + b"\x80" * (8 - len(short)) + b"\0"


def _from(distance: bytes) -> tuple[bytes]:
    return (header(OFS_DELTA, len(_GOOD)) + distance + zlib.compress(_GOOD),)


def _delta_sized(size: int) -> tuple[bytes]:
    return (header(OFS_DELTA, size) + packs.distance(_BACK) + zlib.compress(_GOOD),)


DELTAS: dict[str, tuple[bytes, ...]] = {
    "the base is the delta": (ofs_delta(0, _GOOD),),
    "the base is before the pack": (ofs_delta(100_000, _GOOD),),
    "the base is the pack's header": (ofs_delta(_BACK + 12, _GOOD),),
    "the base begins in the pack's header": (ofs_delta(_BACK + 1, _GOOD),),
    "the base begins in an object": (ofs_delta(_BACK - 1, _GOOD),),
    "the base begins at the end of an object": (ofs_delta(1, _GOOD),),
    "a distance without end": _from(b"\xff" * 5000),
    "a distance of zeros without end": _from(b"\x80" * 5000),
    "a distance beyond 64 bits": _from(packs.distance(2**64 + _BACK)),
    "a distance beyond 63 bits": _from(packs.distance(2**63 + _BACK)),
    "a base that is nowhere": (ref_delta(MISSING, _GOOD),),
    "a base of zeros": (ref_delta(packs.NOTHING, _GOOD),),
    "a base that is made of it": (ref_delta(RESULT.id, _GOOD),),
    "two that are made of each other": (
        ref_delta(_OTHER.id, delta(_SIZE + 2, _SIZE + 1, copy(0, _SIZE + 1))),
        ref_delta(RESULT.id, packs.appending(RESULT.content, b"?")),
    ),
    "the same object twice": (*_ofs(_GOOD), entry(RESULT)),
    "the same delta twice": (ref_delta(BASE.id, _GOOD), ref_delta(BASE.id, _GOOD)),
    "the base is one byte shorter": _ofs(delta(_SIZE - 1, _SIZE + 1, copy(0, _SIZE - 1), insert(b"\n!"))),
    "the base is one byte longer": _ofs(delta(_SIZE + 1, _SIZE + 1, copy(0, _SIZE), insert(b"!"))),
    "the base is empty": _ofs(delta(0, _SIZE + 1, insert(RESULT.content))),
    "the base has 4 GiB": _ofs(delta(2**32, _SIZE + 1, copy(0, _SIZE), insert(b"!"))),
    "the base has 4 GiB and more": _ofs(delta(2**32 + _SIZE, _SIZE + 1, copy(0, _SIZE), insert(b"!"))),
    "the result is one byte shorter": _ofs(delta(_SIZE, _SIZE, copy(0, _SIZE), insert(b"!"))),
    "the result is one byte longer": _ofs(delta(_SIZE, _SIZE + 2, copy(0, _SIZE), insert(b"!"))),
    "the result is empty": _ofs(delta(_SIZE, 0, copy(0, _SIZE), insert(b"!"))),
    "the result has 4 GiB": _ofs(delta(_SIZE, 2**32, copy(0, _SIZE), insert(b"!"))),
    "the result has 4,294,967,041 bytes": _ofs(delta(_SIZE, 4_294_967_041, copy(0, _SIZE), insert(b"!"))),
    "the result has 2^63 bytes": _ofs(delta(_SIZE, 2**63, copy(0, _SIZE), insert(b"!"))),
    "the result has 4 GiB and more": _ofs(delta(_SIZE, 2**32 + _SIZE + 1, copy(0, _SIZE), insert(b"!"))),
    "the result has more bytes than 64 bits can say": _ofs(delta(_SIZE, 2**64 + _SIZE + 1, copy(0, _SIZE), b"\1!")),
    "a result's size without end": _ofs(packs.varint(_SIZE) + b"\xff" * 5000),
    "a base's size without end": _ofs(b"\xff" * 5000),
    # git takes the next two, and then libgit2 cannot read them.
    "a base's size padded with zeros": _ofs(_padded(_SIZE) + packs.varint(_SIZE + 1) + copy(0, _SIZE) + insert(b"!")),
    "a result's size padded with zeros": _ofs(packs.varint(_SIZE) + _padded(_SIZE + 1) + copy(0, _SIZE) + insert(b"!")),
    "copies one byte too many": _steps(copy(0, _SIZE + 1)),
    "copies from the end": _steps(copy(_SIZE, 1), copy(0, _SIZE)),
    "copies from 4 GiB": _steps(copy(2**32 - 1, 1), copy(0, _SIZE)),
    "copies what wraps around": _steps(copy(2**32 - 1, 0xFFFFFF), copy(0, _SIZE)),
    "copies 64 KiB": _steps(copy(0, 0x10000)),
    "inserts more than it brings": _steps(copy(0, _SIZE), b"\x05!"),
    "inserts nothing": _steps(copy(0, _SIZE), insert(b"!"), b"\0"),
    "inserts nothing and then something": _steps(b"\0", copy(0, _SIZE), insert(b"!")),
    "goes on after the result": _steps(copy(0, _SIZE), insert(b"!"), insert(b"?")),
    "ends in a copy": _steps(copy(0, _SIZE), insert(b"!"), b"\xff\1\2"),
    "ends before the result": _steps(copy(0, _SIZE)),
    "has no instructions": _steps(),
    "has no result's size": _ofs(packs.varint(_SIZE)),
    "is empty": _ofs(b""),
    "is shorter than it says": _delta_sized(len(_GOOD) + 1),
    "is longer than it says": _delta_sized(len(_GOOD) - 1),
    "says it has 4 GiB": _delta_sized(2**32),
    "has no stream": (header(OFS_DELTA, len(_GOOD)) + packs.distance(_BACK),),
    "has no base": (header(packs.REF_DELTA, len(_GOOD)),),
}
"""How RESULT stands in a pack that is sound otherwise, right after BASE."""


def damaged(how: Callable[[bytes], bytes]) -> HostilePush:
    def push(scene: Scene) -> Sent:
        sound = of(packs.revision({"a": FILE.content}, scene.head))
        return Sent(how(sound.pack), sound.tip)

    return push


def with_entry(written: bytes) -> HostilePush:
    def push(scene: Scene) -> Sent:
        _, *others = objects = packs.revision({"a": FILE.content}, scene.head)
        return Sent(packs.pack([written, *others]), objects[-1].id)

    return push


def with_delta(written: tuple[bytes, ...]) -> HostilePush:
    def push(scene: Scene) -> Sent:
        *_, top, tip = packs.revision({"base": BASE.content, "result": RESULT.content}, scene.head)
        return Sent(packs.pack([entry(BASE), *written, top, tip]), tip.id)

    return push


def _shuffled(scene: Scene) -> Sent:
    """Every second byte of the entries is noise."""
    sound = of(packs.revision({"a": FILE.content}, scene.head))
    noise = random.Random(1)
    body = bytes(byte if at < 12 or at % 2 else noise.randrange(256) for at, byte in enumerate(sound.pack[:-20]))
    return Sent(packs.sealed(body), sound.tip)


def _twice(which: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        objects = packs.revision({"a": FILE.content}, scene.head)
        return Sent(packs.pack([*objects, objects[which]]), objects[-1].id)

    return push


def _foreign_base(scene: Scene) -> Sent:
    """A delta against a file of somebody else's: an answer that differs would tell that it is there."""
    *_, top, tip = packs.revision({"result": b"secret\n!"}, scene.head)
    return Sent(packs.pack([ref_delta(scene.foreign[1], packs.appending(b"secret\n", b"!")), top, tip]), tip.id)


def _empty_result(scene: Scene) -> Sent:
    """A delta that makes an empty file: git accepts it, and says afterwards that it is corrupt."""
    base = blob(bytes(20_000))
    *_, top, tip = packs.revision({"base": base.content, "empty": b""}, scene.head)
    return Sent(packs.pack([entry(base), ref_delta(base.id, delta(20_000, 0)), top, tip]), tip.id)


def _many_names(scene: Scene) -> Sent:
    """Few bytes of pack, but each name is looked at, and remembered."""
    file_id, made, parent = blob(b"x").id, [blob(b"x")], scene.head
    for number in range(101):
        top = packs.tree(*(packs.file(f"{number:03}-{each:03}", file_id) for each in range(300)))
        made += [top, packs.commit(top.id, parent)]
        parent = made[-1].id
    return of(made)


PACKS: dict[str, HostilePush] = {
    "delta: makes an empty file": _empty_result,
    "30,300 names": _many_names,
    **{f"pack: {name}": damaged(how) for name, how in DAMAGE.items()},
    "pack: noise": _shuffled,
    "pack: the same file twice": _twice(0),
    "pack: the same tree twice": _twice(1),
    "pack: the same commit twice": _twice(2),
    **{f"entry: {name}": with_entry(written) for name, written in ENTRIES.items()},
    **{f"delta: {name}": with_delta(written) for name, written in DELTAS.items()},
    "delta: the base is in another gist": _foreign_base,
}
