"""Pushes changed at random: in the bytes of the pack, inside objects, whose ids are then right again, inside
deltas, and in the request. The same dice make the same push. See fuzz_packs.py.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from . import packs
from .packs import Obj, blob, command, commit, entry, file, folder, ofs_delta, ref_delta, tree

TEXT = b"".join(b"line %d of a file that is long enough for deltas\n" % number for number in range(20))
_INSIDE = tree(file("x", blob(TEXT).id))
_TOP = tree(file("a.txt", blob(TEXT).id), folder("d", _INSIDE.id), file("run", blob(b"#!/bin/sh\n").id, "100755"))
BASE = [blob(TEXT), blob(b"#!/bin/sh\n"), _INSIDE, _TOP, commit(_TOP.id)]
"""What the gist holds; the last one is its head."""
HEAD = BASE[-1]


@dataclass
class Push:
    """What goes over the wire."""

    pack: bytes
    new: str
    request: bytes = b""

    def body(self) -> bytes:
        return self.request or packs.request([command(HEAD.id, self.new)], self.pack)


# ---------------------------------------------------------------- changes to bytes

_DIGITS, _TOKENS = b"0123456789abcdef", (b"\0", b"\n", b" ", b"<", b">", b"0", b"-1", b"\xff", b"tree ", b"parent ")


def changed(dice: random.Random, data: bytes) -> bytes:
    """One to three small changes."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        data = dice.choice(_CHANGES)(dice, data) if data else bytes([dice.randrange(256)])
    return data


def _flip(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _replace(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))]) + data[at + 1 :]


def _insert(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(_TOKENS) + data[at:]


def _delete(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.choice((1, 1, 2, 20)) :]


def _repeat(dice: random.Random, data: bytes) -> bytes:
    start = dice.randrange(len(data))
    end = start + dice.choice((1, 2, 7, 30))
    return data[:end] + data[start:]


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data))]


_CHANGES = (_flip, _flip, _replace, _replace, _insert, _insert, _delete, _delete, _repeat, _cut)


def shuffled(dice: random.Random, parts: list[bytes]) -> list[bytes]:
    """Lines of a commit or entries of a tree: swapped, doubled, dropped or changed inside."""
    parts = list(parts)
    at, other = dice.randrange(len(parts)), dice.randrange(len(parts))
    how = dice.randrange(5)
    if how == 0:
        parts[at], parts[other] = parts[other], parts[at]
    elif how == 1:
        parts.insert(other, parts[at])
    elif how == 2:
        del parts[at]
    else:
        parts[at] = changed(dice, parts[at])
    return parts


# ---------------------------------------------------------------- sound pushes, and changed ones


@dataclass
class Draft:
    """A push in the making: whatever is changed in it, the ids above it come right when it is sent."""

    dice: random.Random
    text: bytes = field(init=False)
    entries: list[bytes] = field(init=False)
    """of the top tree"""

    def __post_init__(self) -> None:
        number = self.dice.randrange(1000)
        self.text = TEXT + b"and number %d\n" % number
        names = self.dice.sample(["a", "a.txt", "b", ".gitattributes", "d e", "\u00e9", "z" * 100], 3)
        self.entries = [file(name, blob(self.text).id) for name in sorted(names)]

    def objects(self, top: bytes | None = None, change: Callable[[bytes], bytes] = lambda raw: raw) -> list[Obj]:
        """Everything that is new, the tip last."""
        made = Obj(packs.TREE, b"".join(self.entries) if top is None else top)
        tip = commit(made.id, HEAD.id, message=f"number {self.dice.randrange(1000)}\n")
        return [blob(self.text), made, Obj(packs.COMMIT, change(tip.content))]


def _whole(dice: random.Random) -> list[Obj]:
    return Draft(dice).objects()


def _packed(dice: random.Random, objects: list[Obj]) -> Push:
    """The objects as they are, or as deltas; in order, or not."""
    held = {each.kind: each for each in BASE[2:]} | {packs.BLOB: BASE[0]}
    written = [
        ref_delta(held[each.kind].id, stepwise(dice, held[each.kind].content, each.content))
        if dice.random() < 0.3
        else entry(each, level=dice.choice((0, 1, 9)))
        for each in dict.fromkeys(objects)
    ]
    if dice.random() < 0.3:
        dice.shuffle(written)
    return Push(packs.pack(written), objects[-1].id)


def stepwise(dice: random.Random, base: bytes, result: bytes) -> bytes:
    """A delta that copies what both begin with, and inserts the rest."""
    same = next(
        (at for at, (a, b) in enumerate(zip(base, result, strict=False)) if a != b), min(len(base), len(result))
    )
    cut = dice.randrange(same + 1)
    steps = [packs.copy(0, cut)] * bool(cut) + [packs.copy(cut, same - cut)] * bool(same - cut)
    return packs.delta(len(base), len(result), *steps, packs.insert(result[same:]))


def sound(dice: random.Random) -> Push:
    return _packed(dice, _whole(dice))


def bytes_of_the_pack(dice: random.Random) -> Push:
    push = sound(dice)
    body = changed(dice, push.pack[:-20])
    return Push(packs.sealed(body) if dice.random() < 0.95 else body + push.pack[-20:], push.new)


def inside_a_commit(dice: random.Random) -> Push:
    def change(raw: bytes) -> bytes:
        return changed(dice, raw) if dice.random() < 0.4 else b"".join(shuffled(dice, raw.splitlines(keepends=True)))

    return _packed(dice, Draft(dice).objects(change=change))


_PEOPLE = (b"", b" ", b"P", b"<", b">", b"<>", b"<p@x>", b"0", b"1", b"01", b"1700000000", b"9" * 19, b"-", b"+0000")


def inside_a_person(dice: random.Random) -> Push:
    """author and committer out of pieces that are right here and wrong there."""

    def change(raw: bytes) -> bytes:
        tokens = [b"Pat", b"<pat@example.org>", b"1700000000", b"+0000"]
        for _ in range(dice.choice((1, 1, 2))):
            tokens[dice.randrange(4)] = dice.choice(_PEOPLE)
        return raw.replace(packs.PAT.encode(), dice.choice((b" ", b" ", b" ", b"")).join(tokens), dice.choice((1, 2)))

    return _packed(dice, Draft(dice).objects(change=change))


def inside_a_tree(dice: random.Random) -> Push:
    draft = Draft(dice)
    return _packed(dice, draft.objects(b"".join(shuffled(dice, draft.entries))))


_MODES = ("100755", "40000", "40000", "40000", "040000", "120000", "160000", "100664", "0100644", "")
_PLAIN = ("a", "a.", "a-", "a0", "b", "c", "a.b", "a0b")
_ODD = ("A", "", ".", "..", ".git", ".gitmodules", ".gitattributes", ".gitattributes", "GITATT~1", "git~1", "~1000000")
_LINES = (b"* text\n", b"x" * 2047 + b"\n", b"x" * 2048 + b"\n", b"x" * 3000, b"")


def of_odd_names(dice: random.Random) -> Push:
    """Trees of names and modes that matter to git, now and then in a wrong order."""
    text = blob(dice.choice(_LINES))
    ids = {"40000": _INSIDE.id, "040000": _INSIDE.id}
    names = [dice.choice(_ODD if dice.random() < 0.2 else _PLAIN) for _ in range(dice.randrange(1, 4))]
    pairs = [(name, dice.choice(_MODES) if dice.random() < 0.2 else "100644") for name in names]
    if dice.random() < 0.9:
        pairs.sort(key=lambda pair: pair[0] + ("/" if pair[1] in ids else ""))
    top = tree(*(file(name, ids.get(mode, text.id), mode) for name, mode in pairs))
    used = [text] * (bytes.fromhex(text.id) in top.content)
    return _packed(dice, [*used, top, commit(top.id, HEAD.id)])


def inside_a_delta(dice: random.Random) -> Push:
    """Instructions and sizes; the tree names what comes out, when something does."""
    step = changed(dice, stepwise(dice, TEXT, TEXT[: dice.randrange(len(TEXT))] + b"more\n"))
    try:
        result = packs.applied(TEXT, step)
    except (IndexError, ValueError):
        result = TEXT + b"more\n"
    top = tree(file("a", blob(TEXT).id), file("b", blob(result).id))
    tip = commit(top.id, HEAD.id)
    base = entry(blob(TEXT))
    written = [base, ofs_delta(len(base), step)] if dice.random() < 0.5 else [ref_delta(blob(TEXT).id, step)]
    return Push(packs.pack([*written, top, tip]), tip.id)


def of_the_links(dice: random.Random) -> Push:
    """Objects that are missing, twice there or not asked for."""
    objects = _whole(dice)
    new = objects[-1].id
    how = dice.randrange(3)
    if how == 0:
        del objects[dice.randrange(3)]
    else:
        objects.append(dice.choice([*objects, *BASE, blob(b"x"), commit(_TOP.id, message="x\n"), packs.tag(HEAD.id)]))
    return Push(packs.pack(objects), new)


def of_the_request(dice: random.Random) -> Push:
    push = sound(dice)
    body = push.body()
    at = body.index(b"PACK")
    return Push(push.pack, push.new, changed(dice, body[:at]) + body[at:])


LEVELS: dict[str, tuple[int, Callable[[random.Random], Push]]] = {
    "sound": (1, sound),
    "pack": (4, bytes_of_the_pack),
    "commit": (4, inside_a_commit),
    "person": (3, inside_a_person),
    "tree": (4, inside_a_tree),
    "names": (4, of_odd_names),
    "delta": (4, inside_a_delta),
    "links": (2, of_the_links),
    "request": (2, of_the_request),
}
"""level -> (how often, what makes one)"""
