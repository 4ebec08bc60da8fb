"""The bytes of files as paste.gg carries them: as text, in base64, and compressed. Unpacked within bounds."""

import base64
import binascii
import lzma
import threading
import zlib
from typing import Any

from gistd.core import house, text

from .answers import bad_json

FORMATS = ("text", "base64", "gzip", "xz")
_XZ_MEMORY = 70 * 1024 * 1024
"""What `xz -9` needs; a header may ask for 4 GiB."""

# An xz dictionary is memory that the size of the content does not bound: one at a time in a worker.
_unpacking = threading.Lock()


class Unpacker:
    """Unpacks the files of one request, which share what a gist may hold."""

    def __init__(self) -> None:
        limits = house.limits()
        self._file, self._left = limits.file_bytes, limits.gist_bytes

    def __call__(self, content: dict[str, Any]) -> bytes:
        """The bytes of a file. Raises Refused when they are not what the format says, or too many."""
        most = min(self._file, self._left)
        if content["format"] == "text":
            unpacked = content["value"].encode()
        else:
            unpacked = _decode(content["value"], most)
            if content["format"] == "gzip":
                unpacked = _gunzip(unpacked, most)
            elif content["format"] == "xz":
                unpacked = _unxz(unpacked, most)
        if len(unpacked) > most:
            raise bad_json("content: the files are too large")
        self._left -= len(unpacked)
        return unpacked


def _decode(value: str, most: int) -> bytes:
    """Base64, strictly: RFC 4648, section 3.5, the bits that pad being zero included."""
    if len(value) > 4 * (most // 3 + 2):
        raise bad_json("content: the files are too large")
    try:
        decoded = binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:  # also for what is not ASCII
        raise bad_json("content: not valid base64") from error
    last = len(decoded) - 1 - (len(decoded) - 1) % 3 if decoded else 0
    if base64.b64encode(decoded[last:]).decode() != value[last // 3 * 4 :]:
        raise bad_json("content: not valid base64")
    return decoded


def _gunzip(packed: bytes, most: int) -> bytes:
    """The first member; what follows it is not looked at."""
    decompressor = zlib.decompressobj(wbits=31)
    try:
        unpacked = decompressor.decompress(packed, most + 1)
    except zlib.error as error:
        raise bad_json("content: not valid gzip") from error
    return _whole(unpacked, decompressor.eof, most, "gzip")


def _unxz(packed: bytes, most: int) -> bytes:
    """The first stream."""
    with _unpacking:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        try:
            unpacked = decompressor.decompress(packed, most + 1)
        except lzma.LZMAError as error:
            raise bad_json("content: not valid xz") from error
        return _whole(unpacked, decompressor.eof, most, "xz")


def _whole(unpacked: bytes, ended: bool, most: int, format: str) -> bytes:
    if not ended and len(unpacked) <= most:
        raise bad_json(f"content: the {format} ends too early")
    return unpacked


def shown(content: bytes, encoding: str | None) -> dict[str, str]:
    """The content of a file in an answer: as it was uploaded, else as it is."""
    words = content.decode() if encoding == "text" else None if encoding == "base64" else text.decode(content)
    if words is None:
        return {"format": "base64", "value": base64.b64encode(content).decode()}
    return {"format": "text", "value": words}


def encoding_of(format: str) -> str:
    """How the bytes of a file are answered that was uploaded in this format."""
    return "text" if format == "text" else "base64"
