"""Deltas: an object told by what it takes from another one (gitformat-pack(5), "Deltified representation")."""

from collections.abc import Callable

from gistd.errors import Invalid, TooLarge

STEP = 256
"""What an instruction counts for, in bytes: many that do little must not keep a core busy (T19)."""

_SHORTEST = 4
"""git takes no delta that is shorter."""

_COPY_SIZE_OF_ZERO = 0x10000


def apply(base: bytes, delta: bytes, most: int, spend: Callable[[int], None]) -> bytes:
    """What `delta` makes of `base`. `spend` is told the work before it is done, in bytes, and may object.

    Raises Invalid for a delta that is malformed or made for another base, TooLarge when the outcome would be
    larger than `most`.
    """
    try:
        return _apply(base, delta, most, spend)
    except IndexError:
        raise Invalid("a delta in the pack is cut off") from None


def _apply(base: bytes, delta: bytes, most: int, spend: Callable[[int], None]) -> bytes:
    if len(delta) < _SHORTEST:
        raise Invalid("a delta in the pack is cut off")
    size, at = _size(delta, 0)
    if size != len(base):
        raise Invalid("a delta in the pack was made for another base")
    size, at = _size(delta, at)
    if not size:
        raise Invalid("a delta in the pack makes nothing")  # git itself cannot read it afterwards
    if size > most:
        raise TooLarge(f"an object is larger than {most} bytes")
    spend(size)
    made, end = bytearray(), len(delta)
    while at < end:
        spend(STEP)
        byte = delta[at]
        at += 1
        if byte & 0x80:
            offset, length, at = _copy(delta, byte, at)
            piece = base[offset : offset + length]
        else:
            length = byte
            piece = delta[at : at + length]
            at += length
        if not byte or len(piece) != length or len(made) + length > size:
            raise Invalid("a delta in the pack is malformed")
        made += piece
    if len(made) != size:
        raise Invalid("a delta in the pack is malformed")
    return bytes(made)


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while True:
        byte = delta[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 63:
            raise Invalid("a delta in the pack is malformed")
    if not byte and shift > 7:  # with some such zeros libgit2 cannot read the delta any more
        raise Invalid("a size in a delta of the pack is not told in the shortest way")
    return size, at


def _copy(delta: bytes, byte: int, at: int) -> tuple[int, int, int]:
    """Offset and length of what is copied, and where the next instruction is."""
    numbers = [0, 0]
    for bit in range(7):
        if byte & (1 << bit):
            which, place = (0, bit) if bit < 4 else (1, bit - 4)
            numbers[which] |= delta[at] << (8 * place)
            at += 1
    offset, length = numbers
    return offset, length or _COPY_SIZE_OF_ZERO, at
