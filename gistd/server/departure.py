"""An answer as it leaves: a client that does not take it is not waited for."""

import array
import fcntl
import select
import socket
import termios
import time
from typing import IO

from .arrival import Patience

_JOINED = 64 * 1024
"""What is longer than that is not copied, to be sent with the head."""


class Outlet(socket.socket):
    """The socket of a connection. Who is sent something must take so many bytes of it in so many seconds.

    What counts is what has reached the client, not what fits into buffers on the way: these can be large, and do not
    empty by themselves.
    """

    patience: Patience
    _held: bytes | None = None

    @classmethod
    def of(cls, sock: socket.socket, patience: Patience) -> "Outlet":
        """The same connection."""
        outlet = cls(fileno=sock.detach())
        outlet.patience = patience
        return outlet

    def begin(self) -> None:
        """An answer begins. gunicorn sends its head by itself; it goes out with what comes next, and who waits for the
        answer is woken once."""
        self._held = b""

    def end(self) -> None:
        """It was all of the answer."""
        held, self._held = self._held, None
        if held:
            self.sendall(held)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:  # type: ignore[override]
        self.end()
        return super().sendfile(file, offset, count)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """Raises TimeoutError when the client is too slow."""
        if self._held is not None:
            if not self._held:
                self._held = data
                return
            if len(data) < _JOINED:
                data, self._held = self._held + data, None
            else:
                self.end()
        rest, window = memoryview(data), None
        while rest:
            try:
                rest = rest[self.send(rest, flags | socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                window = self._wait(window or _Window(self, len(rest)), len(rest))

    def _wait(self, window: "_Window", rest: int) -> "_Window":
        """Until there is room for more, or the window is over in which enough must have been taken."""
        poll = select.poll()
        poll.register(self, select.POLLOUT)
        if poll.poll(max(0, window.end - time.monotonic()) * 1000):
            return window
        if window.taken(rest) < max(1, self.patience.body_bytes):
            raise TimeoutError("the client does not take the answer")
        return _Window(self, rest)

    def on_the_way(self) -> int:
        """How many bytes the client has not taken yet of what was sent."""
        number = array.array("i", [0])
        fcntl.ioctl(self, termios.TIOCOUTQ, number)
        return number[0]


class _Window:
    """Some seconds from now on, in which the client should take something of what is on the way and of the rest."""

    def __init__(self, outlet: Outlet, rest: int) -> None:
        self.end = time.monotonic() + outlet.patience.body_seconds
        self._outlet = outlet
        self._left = outlet.on_the_way() + rest

    def taken(self, rest: int) -> int:
        """How many bytes it has taken since."""
        return self._left - self._outlet.on_the_way() - rest
