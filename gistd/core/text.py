"""What a file is, told from its bytes and its name."""

import codecs
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile
from operator import add

from pygments.lexers import find_lexer_class_for_filename

_SNIFFED = 512
_BINARY_LOOK = 8000  # git's own rule: a NUL among the first 8,000 bytes makes a file binary

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_FTYP = {b"avif": "image/avif", b"M4A ": "audio/mp4"}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_HTML = re.compile(rb"(?i)\s*<(!doctype html|html|head|body|script|iframe|h1|div|table)[\s>]")
_XML = re.compile(rb"\s*<\?xml[\s]")
_LINE_END = re.compile(r"\r\n|\r|\n")


def is_binary(content: bytes) -> bool:
    return b"\0" in content[:_BINARY_LOOK]


def decode(content: bytes) -> str | None:
    """The text of a file that is valid UTF-8, byte for byte; None for all others."""
    try:
        return None if is_binary(content) else content.decode()
    except UnicodeDecodeError:
        return None


def for_display(content: bytes) -> str | None:
    """Text to look at, when there is a way to read it: UTF-8, UTF-16 by its mark, else Latin-1. None if binary."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if is_binary(content):
        return None
    words = decode(content)
    return content.decode("latin-1") if words is None else words


def mime_type(content: bytes) -> str:
    """The type told from the first 512 bytes alone, without parameters."""
    head = content[:_SNIFFED]
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _FTYP.get(head[8:12], "video/mp4")
    if is_binary(content):
        return "application/octet-stream"
    if _first_element(head).lower().startswith(b"<svg"):
        return "image/svg+xml"
    if _HTML.match(head):
        return "text/html"
    if _XML.match(head):
        return "text/xml"
    return "application/json" if _is_json(content) else "text/plain"


def _first_element(head: bytes) -> bytes:
    """What follows the declarations and comments that XML may begin with. No pattern: it could be led astray."""
    while True:
        head = head.lstrip()
        for start, end in ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<!", b">")):
            if head.startswith(start):
                head = head[head.find(end) + len(end) :] if end in head else b""
                break
        else:
            return head


def _is_json(content: bytes) -> bool:
    stripped = content.strip()
    if len(content) > 65536 or stripped[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=4096)
def language(path: str) -> str:
    """What a file is written in, told from its name alone; empty when the name does not tell.

    Content is never guessed from: that costs seconds on input made for it.
    """
    name = path.rpartition("/")[2].lower()
    known = {".csv": "CSV", ".md": "Markdown", ".svg": "SVG", ".txt": "Text"}
    suffix = name[name.rfind(".") :] if "." in name else ""
    if suffix in known:
        return known[suffix]
    lexer = find_lexer_class_for_filename(name)
    return "" if lexer is None else str(lexer.name)


# ---------------------------------------------------------------------- text that went through a form


def editable(content: bytes) -> str | None:
    """The text of a file, if a form's text area can hold it and give it back: UTF-8 without NUL."""
    return None if b"\0" in content else decode(content)


def from_form(typed: str, before: str = "") -> str:
    """What a text area means that was filled with the text `before`.

    HTML knows one end of line only, and sends CRLF for it whatever the text had (HTML, 4.10.5.4 and 4.10.11.6). So a
    text whose lines are what they were is what it was; and in one that was changed, the lines before and after the
    change keep their ends, and the others get the one that most lines have: LF in a new text.
    """
    lines, old = _LINE_END.split(typed), _LINE_END.split(before)
    if lines == old:
        return before
    ends = _LINE_END.findall(before)
    usual = max(("\n", "\r\n", "\r"), key=ends.count)
    if len(set(ends)) < 2:
        return usual.join(lines)
    needed = len(lines) - 1
    head = ends[: min(_in_common(lines, old), needed)]
    tail = ends[len(ends) - min(max(_in_common(lines[::-1], old[::-1]) - 1, 0), needed - len(head), len(ends)) :]
    joined = "".join(map(add, lines, [*head, *[usual] * (needed - len(head) - len(tail)), *tail, ""]))
    return joined if _LINE_END.split(joined) == lines else usual.join(lines)  # a CR and a LF may have come together


def _in_common(some: Iterable[str], others: Iterable[str]) -> int:
    """With how many of the same lines both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))
