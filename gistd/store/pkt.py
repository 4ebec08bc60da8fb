"""pkt-lines, the framing of git's protocol (gitprotocol-common(5))."""

import re
from collections.abc import Iterator
from typing import Protocol

from gistd.errors import Invalid

FLUSH, DELIMITER = b"0000", b"0001"
MAX_DATA = 65516
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")


class Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


def line(data: bytes) -> bytes:
    return b"%04x%s" % (len(data) + 4, data)


def band(number: int, data: bytes) -> bytes:
    """`data` on a band of the side-band-64k multiplex: 1 the answer, 2 words for the user."""
    step = MAX_DATA - 1
    return b"".join(line(bytes([number]) + data[start : start + step]) for start in range(0, len(data), step))


def read_packet(source: Reader) -> bytes | None:
    """The next packet as it came, its length included; None at the end of the source.

    Raises Invalid for what is not a packet. Flush, delimiter and response-end are four digits and no data.
    """
    length = source.read(4)
    if not length:
        return None
    if not _LENGTH.fullmatch(length):
        raise Invalid("malformed git request: bad packet length")
    size = int(length, 16)
    if size < 3:
        return length
    data = source.read(size - 4) if size > 4 else b""
    if size < 4 or len(data) != size - 4:
        raise Invalid("malformed git request: truncated packet")
    return length + data


def read_section(source: Reader) -> Iterator[bytes]:
    """The lines up to the next flush or the end of the source, without lengths and newlines."""
    while (packet := read_packet(source)) is not None and packet != FLUSH:
        yield packet[4:].removesuffix(b"\n")
