"""A request as it arrives: kept until it is whole, so that no thread waits for what a client has not sent yet."""

import re
import select
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from gunicorn.http.body import ChunkedReader
from gunicorn.http.message import Request

from gistd.settings import Settings

IDLE_SECONDS = 15
"""How long a connection may be silent."""
HEAD_BYTES = 32 * 1024
"""The longest head of a request that is taken (RFC 6585, section 5)."""
_IN_MEMORY = 16 * 1024
"""What is longer waits in a file: there may be ten thousand of them."""
_PIECE = 256 * 1024
_LINE = 8192
_TRAILERS = 100

_FRAMED = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:", re.IGNORECASE)
_PLAIN = re.compile(rb"[A-Z]{3,10} /[!-~]{0,4000} HTTP/1\.1\r\n(?:[A-Za-z0-9-]{1,100}: [ -~]{0,8000}\r\n){1,90}\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]{1,15})\r\n", re.IGNORECASE)
_BARE_LF = re.compile(rb"(?<!\r)\n")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Patience(NamedTuple):
    """How long a client may take: for a head; and for a body, which must bring so many bytes in so many seconds. The
    first `kept_bytes` of a request wait for the rest; what is longer is read while it is worked on."""

    idle_seconds: int
    head_seconds: int
    body_seconds: int
    body_bytes: int
    kept_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "Patience":
        return cls(
            IDLE_SECONDS,
            settings.head_seconds,
            settings.body_seconds,
            settings.body_seconds * settings.body_bytes_per_second,
            max(settings.max_request_bytes, settings.max_push_bytes) + HEAD_BYTES,
        )


class Refused(Exception):
    """What arrives is not waited for any longer."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Arrival:
    """What has come from a client and was not read yet: for gunicorn's parser, the socket.

    gunicorn decides what a request is; here is only told when there is all of it. What is malformed counts as whole, so
    that gunicorn says so; and behind the end of a request gunicorn reads nothing.
    """

    def __init__(self, sock: socket.socket, read_head: Callable[[bytes], Request | None], patience: Patience) -> None:
        self._socket = sock
        self._read_head = read_head
        self._patience = patience
        self._surplus = b""
        self._begin()

    def _begin(self) -> None:
        self._kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (it is closed when it is dropped)
        self._head: bytearray | None = bytearray()
        self._chunks: _Chunks | None = None
        self._ended = False
        self.length = 0
        self.held = 0
        self.streams = False
        self.deadline = time.monotonic() + self._patience.idle_seconds
        self._lately = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come yet."""
        return self.held == 0

    def next(self) -> None:
        """The request was answered: what came behind it is the beginning of the next one."""
        self._kept.close()
        self._begin()

    def close(self) -> None:
        self._kept.close()

    def fill(self) -> bool:
        """Take in what is there, without waiting. Whether a request is whole.

        Raises Refused, also when the client says that nothing follows where something must: gunicorn would take what is
        there for all. OSError when the client is gone.
        """
        while not self._ended:
            data, self._surplus = self._surplus, b""
            if not data:
                try:
                    data = self._socket.recv(self._wanted(), socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return False
                if not data:
                    raise ConnectionResetError if self._head is not None else Refused("400 Bad Request")
            self._take(data)
        return True

    def is_late(self, now: float) -> bool:
        """Whether the client has taken too long."""
        if now < self.deadline:
            return False
        if self._head is not None or self._lately < max(1, self._patience.body_bytes):
            return True
        self._lately, self.deadline = 0, now + self._patience.body_seconds
        return False

    def recv(self, size: int) -> bytes:
        """For gunicorn's parser: what was kept, and what comes after that if it was too much to keep."""
        return self._kept.read(size) or (self._stream(size) if self.streams else b"")

    def _wanted(self) -> int:
        """Not more than belongs to this request, where that is known."""
        if self._head is not None:
            return HEAD_BYTES
        return _PIECE if self._chunks else min(_PIECE, self.length - self.held)

    def _take(self, data: bytes) -> None:
        if self._head is None:
            self._take_body(data)
            return
        if self.is_idle:
            self.deadline = time.monotonic() + self._patience.head_seconds
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched)
        self.held = len(self._head)
        if end >= 0:
            self._take_head(bytes(self._head[: end + 4]), bytes(self._head[end + 4 :]))
        elif _BARE_LF.search(self._head, searched):
            self._keep(bytes(self._head))
            self._end()
        elif self.held >= HEAD_BYTES:
            raise Refused("431 Request Header Fields Too Large")

    def _take_head(self, head: bytes, rest: bytes) -> None:
        self._head, self.held, self.length = None, 0, len(head)
        self._keep(head)
        framed = _FRAMED.findall(head)
        # Most say their length and are plain: these are read by gunicorn alone, as reading a head takes long.
        if len(framed) == 1 and (length := _LENGTH.search(head)) and _PLAIN.fullmatch(head):
            self.length += int(length[1])
        elif framed and (request := self._read_head(head)):
            if request._expected_100_continue and not rest:
                with suppress(BlockingIOError):
                    self._socket.send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)
            if isinstance(request.body.reader, ChunkedReader):
                self._chunks = _Chunks()
            else:
                self.length += request.body.reader.length
        self._lately, self.deadline = 0, time.monotonic() + self._patience.body_seconds
        self._take_body(rest)

    def _take_body(self, data: bytes) -> None:
        end = self._chunks.end(data) if self._chunks else self.length - self.held
        ends = end is not None and end <= len(data)
        if ends:
            data, self._surplus = data[:end], data[end:]
        self._keep(data)
        if not ends and self.held >= self._patience.kept_bytes:
            self.streams = ends = True
        if ends:
            self._end()

    def _keep(self, data: bytes) -> None:
        self._kept.write(data)
        self.held += len(data)
        self._lately += len(data)

    def _end(self) -> None:
        self._ended = True
        self._kept.seek(0)

    def _stream(self, size: int) -> bytes:
        """What comes after what was kept, waited for; nothing from a client that is too slow."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if self._chunks is None:
            size = min(size, self.length - self.held)
        while size and not self.is_late(now := time.monotonic()):
            if poll.poll((self.deadline - now) * 1000):
                data = self._socket.recv(size)
                self.held += len(data)
                self._lately += len(data)
                return data
        self.streams = False
        return b""


class _Chunks:
    """Looks for the end of a chunked body (RFC 9112, section 7.1), which gunicorn reads when it is there."""

    def __init__(self) -> None:
        self._skip = 0
        self._line = b""
        self._trailers: int | None = None

    def end(self, data: bytes) -> int | None:
        """Where in this piece of it the body ends, if it does; what is malformed ends there."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip, at = self._skip - step, at + step
                continue
            line_end = data.find(b"\n", at) + 1 or len(data)
            self._line, at = self._line + data[at:line_end], line_end
            if len(self._line) > _LINE:
                return at
            if self._line.endswith(b"\n"):
                line, self._line = self._line, b""
                if self._is_last(line):
                    return at
        return None

    def _is_last(self, line: bytes) -> bool:
        if self._trailers is not None:
            self._trailers += 1
            return line == b"\r\n" or self._trailers > _TRAILERS
        size = _SIZE.match(line)
        if size is None:
            return True
        if number := int(size[0], 16):
            self._skip = number + len(b"\r\n")
        else:
            self._trailers = 0
        return False
