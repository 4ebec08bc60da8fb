"""Pushes made byte by byte, sound and broken: objects, pack entries, deltas, packs, requests, and gistd's answer.

Formats: gitformat-pack(5), gitprotocol-pack(5). Everything writes what it is told, however wrong.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.harness import Client

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
KINDS = {COMMIT: "commit", TREE: "tree", BLOB: "blob", TAG: "tag"}
NOTHING = "0" * 40
MISSING = "1" * 40
"""An id that no repository holds."""
MAIN = "refs/heads/main"
PAT = "Pat <pat@example.org> 1700000000 +0000"

# ---------------------------------------------------------------- objects


class Obj(NamedTuple):
    """An object: its kind, as packs number them, and its bytes."""

    kind: int
    content: bytes

    @property
    def id(self) -> str:
        head = f"{KINDS[self.kind]} {len(self.content)}\0".encode()
        return hashlib.sha1(head + self.content).hexdigest()


def blob(content: bytes) -> Obj:
    return Obj(BLOB, content)


def file(name: str | bytes, id: str, mode: str = "100644") -> bytes:
    """An entry of a tree."""
    name = name.encode() if isinstance(name, str) else name
    return b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(id))


def folder(name: str | bytes, id: str) -> bytes:
    return file(name, id, "40000")


def tree(*entries: bytes) -> Obj:
    return Obj(TREE, b"".join(entries))


def commit(tree: str, *parents: str, who: str = PAT, message: str = "by hand\n") -> Obj:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
    return Obj(COMMIT, ("\n".join(lines) + f"\n\n{message}").encode())


def tag(id: str, kind: str = "commit") -> Obj:
    return Obj(TAG, f"object {id}\ntype {kind}\ntag v1\ntagger {PAT}\n\nx\n".encode())


def revision(files: dict[str, bytes], *parents: str) -> list[Obj]:
    """A commit of these files, in no folders: its blobs, its tree and, last, itself."""
    blobs = {name: blob(content) for name, content in sorted(files.items())}
    top = tree(*(file(name, each.id) for name, each in blobs.items()))
    return [*dict.fromkeys(blobs.values()), top, commit(top.id, *parents)]


def history(contents: Sequence[bytes], parent: str) -> list[Obj]:
    """Commits, with their trees and without the blobs, that together hold all of these; the last is the tip."""
    made: list[Obj] = []
    for start in range(0, len(contents), 200):
        entries = (file(f"{number:03}", blob(each).id) for number, each in enumerate(contents[start : start + 200]))
        top = tree(*entries)
        made += [top, commit(top.id, parent)]
        parent = made[-1].id
    return made


# ---------------------------------------------------------------- entries of a pack


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def header(kind: int, size: int) -> bytes:
    rest = size >> 4
    first = kind << 4 | size & 15
    return bytes([first | 0x80]) + varint(rest) if rest else bytes([first])


def entry(object: Obj, size: int | None = None, level: int = -1) -> bytes:
    """An object as it stands in a pack; `size` is what the header says."""
    real = len(object.content)
    return header(object.kind, real if size is None else size) + zlib.compress(object.content, level)


def distance(number: int) -> bytes:
    """How far an OFS_DELTA says that its base is before it."""
    out = [number & 0x7F]
    while number := number >> 7:
        number -= 1
        out.insert(0, number & 0x7F | 0x80)
    return bytes(out)


def ofs_delta(back: int, delta: bytes) -> bytes:
    return header(OFS_DELTA, len(delta)) + distance(back) + zlib.compress(delta)


def ref_delta(base: str, delta: bytes) -> bytes:
    return header(REF_DELTA, len(delta)) + bytes.fromhex(base) + zlib.compress(delta)


# ---------------------------------------------------------------- deltas


def delta(base_size: int, result_size: int, *instructions: bytes) -> bytes:
    return varint(base_size) + varint(result_size) + b"".join(instructions)


def copy(offset: int, size: int) -> bytes:
    """Copy from the base; 0x10000 is what a size of no bytes means."""
    operands = [*struct.pack("<I", offset), *struct.pack("<I", size if size != 0x10000 else 0)[:3]]
    present = [(bit, byte) for bit, byte in enumerate(operands) if byte]
    return bytes([0x80 | sum(1 << bit for bit, _ in present), *(byte for _, byte in present)])


def insert(data: bytes) -> bytes:
    pieces = (data[at : at + 127] for at in range(0, len(data), 127))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


def appending(base: bytes, more: bytes) -> bytes:
    """The delta that makes `base + more`."""
    steps = [copy(at, min(0xFFFFFF, len(base) - at)) for at in range(0, len(base), 0xFFFFFF)]
    return delta(len(base), len(base) + len(more), *steps, insert(more))


def applied(base: bytes, delta: bytes) -> bytes:
    """What a delta makes, by the book except that nothing is checked. IndexError when it is cut off."""
    at, out = 0, bytearray()
    for _ in range(2):
        while delta[at] & 0x80:
            at += 1
        at += 1
    while at < len(delta):
        first = delta[at]
        at += 1
        if first & 0x80:
            operands = bytearray(7)
            for bit in range(7):
                if first >> bit & 1:
                    operands[bit] = delta[at]
                    at += 1
            start, size = int.from_bytes(operands[:4], "little"), int.from_bytes(operands[4:], "little") or 0x10000
            out += base[start : start + size]
        else:
            out += delta[at : at + first]
            at += first
    return bytes(out)


# ---------------------------------------------------------------- packs


def sealed(body: bytes) -> bytes:
    """With the checksum at its end."""
    return body + hashlib.sha1(body).digest()


def resealed(pack: bytes) -> bytes:
    return sealed(pack[:-20])


def pack(entries: Iterable[bytes | Obj], count: int | None = None, version: int = 2, magic: bytes = b"PACK") -> bytes:
    written = [entry(each) if isinstance(each, Obj) else each for each in entries]
    head = magic + struct.pack(">II", version, len(written) if count is None else count)
    return sealed(head + b"".join(written))


# ---------------------------------------------------------------- requests and answers

CAPABILITIES = b"report-status side-band-64k object-format=sha1 agent=by-hand"


def pkt(data: bytes) -> bytes:
    return b"%04x%s" % (len(data) + 4, data)


def command(old: str, new: str, ref: str = MAIN) -> bytes:
    return f"{old} {new} {ref}".encode()


def request(
    commands: Sequence[bytes], pack: bytes, capabilities: bytes = CAPABILITIES, options: Sequence[bytes] | None = None
) -> bytes:
    """The body of a push. With options, the capability for them is asked for too."""
    if options is not None:
        capabilities += b" push-options"
    first, *others = commands
    head = b"".join(map(pkt, [first + b"\0" + capabilities, *others])) + b"0000"
    section = b"" if options is None else b"".join(map(pkt, options)) + b"0000"
    return head + section + pack


@dataclass
class Answer:
    """What gistd said to a push: either a report, or an HTTP error with its text."""

    status: int
    text: str = ""
    unpack: str = ""
    refs: dict[str, str | None] = field(default_factory=dict)
    """ref -> why it was refused; None when it was not"""
    said: str = ""
    """words for the user, beside the report"""

    @property
    def accepted(self) -> bool:
        done = self.status == 200 and self.unpack == "ok" and bool(self.refs)
        return done and all(reason is None for reason in self.refs.values())

    @property
    def reason(self) -> str:
        return self.text or next(filter(None, self.refs.values()), "") or self.unpack


def push(client: Client, url: str, body: bytes) -> Answer:
    """Send the body of a push to a clone URL."""
    response = client.request(
        "POST",
        url + "/git-receive-pack",
        data=body,
        headers={"Content-Type": "application/x-git-receive-pack-request"},
        auth=(client.name, client.token),
    )
    if response.status_code != 200:
        return Answer(response.status_code, response.content.decode())
    assert response.headers["Content-Type"] == "application/x-git-receive-pack-result"
    return _parsed(response.content)


def _parsed(content: bytes) -> Answer:
    lines = list(_lines(content))
    if lines and lines[0][:1] in (b"\1", b"\2"):
        said = b"".join(line[1:] for line in lines if line[:1] == b"\2").decode()
        lines = list(_lines(b"".join(line[1:] for line in lines if line[:1] == b"\1")))
    else:
        said = ""
    answer = Answer(200, said=said)
    for line in lines:
        word, _, rest = line.removesuffix(b"\n").decode().partition(" ")
        if word == "unpack":
            answer.unpack = rest
            continue
        assert word in ("ok", "ng"), line
        ref, _, reason = rest.partition(" ")
        answer.refs[ref] = reason if word == "ng" else None
    return answer


def _lines(data: bytes) -> Iterator[bytes]:
    """The pkt-lines up to the flush, which must be there when anything is."""
    at = 0
    while data and (size := int(data[at : at + 4], 16)):
        assert 4 < size <= len(data) - at, data[at : at + 80]
        yield data[at + 4 : at + size]
        at += size
