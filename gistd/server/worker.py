"""gunicorn's threaded worker, with threads for requests that are there, and none for connections."""

import select
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn import http
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.util import close
from gunicorn.workers import gthread

from .arrival import Arrival, Patience, Refused
from .balance import Balance
from .departure import Outlet

PARTING = 2
"""Seconds that a client has to read the last of an answer."""
MOMENT = 20
"""Milliseconds that a thread waits for a client that may have more to say."""
YIELD = 0.005
"""Seconds that a worker leaves a new connection to another one that has fewer."""
_SWEPT_EVERY = 0.25
_CHUNK = 65536


class Connection(gthread.TConn):
    """A connection whose next request is waited for, or worked on."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, patience: Patience) -> None:
        sock = Outlet.of(sock, patience)
        super().__init__(cfg, sock, client, server)
        sock.setblocking(True)
        self.initialized = True
        self.arrival = Arrival(sock, self._read_head, patience)
        self.parser = http.get_parser(cfg, self.arrival, client)

    def _read_head(self, head: bytes) -> Request | None:
        """What gunicorn makes of the head of a request; None when it will refuse it."""
        with suppress(ParseException):
            return Request(self.cfg, IterUnreader([head]), self.client)
        return None

    def next(self) -> bool:
        """The request was answered: look out for another one, unless nobody knows where that begins."""
        if self.arrival.streams or self.parser.unreader.buf.getvalue():
            return False
        self.arrival.next()
        return True

    def refuse(self, status: str) -> None:
        """Say why it ends, if that can be said without waiting."""
        with suppress(OSError):
            answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 5\r\n\r\n"
            self.sock.send(answer.encode(), socket.MSG_DONTWAIT)
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.recv(_CHUNK, socket.MSG_DONTWAIT)  # what is unread would take the answer away from them

    def close(self, graceful: bool = False) -> None:
        self.arrival.close()
        close(self.sock)


class Worker(gthread.ThreadWorker):
    """A connection has a thread while a request of it is worked on, which begins when there is all of that.

    gunicorn's own would read requests in threads, and a few clients that send theirs drop by drop would hold them all.
    It would hand a connection back after each request, though a client that has more to ask does so at once: `git
    clone` asks three times. And it would take connections that it has no thread for, while another worker may have one;
    of clients that come together, one worker would take all, and its threads wait for each other.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._patience = Patience.of(self.app.settings)
        self._balance: Balance = self.app.balance
        self._yields = False
        self._running = 0
        self._waiting: dict[Connection, None] = {}
        self._swept = 0.0

    def accept(self, listener: Any) -> None:
        if self._balance.is_turn(self.nr_conns):
            self._take(listener)
        else:
            self._yields = True

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        self._balance.tell(self.nr_conns, self._accepting)
        if not (self._yields and self._accepting):
            super().wait_for_and_dispatch_events(timeout)
            return
        self._yields = False
        self.set_accept_enabled(False)
        super().wait_for_and_dispatch_events(YIELD)
        if self.nr_conns < self.worker_connections and self._running < self.cfg.threads:
            for listener in self.sockets:
                self._take(listener)

    def _take(self, listener: Any) -> None:
        try:
            sock, client = listener.accept()
        except OSError:  # another worker was quicker, the client is gone, or there are no more files to open
            return
        self.nr_conns += 1
        self._wait_for(Connection(self.cfg, sock, client, listener.getsockname(), self._patience))

    def _wait_for(self, conn: Connection) -> None:
        """Let a thread have it as soon as there is a request."""
        if not self.alive:
            conn.arrival.deadline = min(conn.arrival.deadline, time.monotonic() + gthread.STOP_KEEPALIVE_LINGER)
        self._waiting[conn] = None
        self.poller.register(conn.sock, select.EPOLLIN, lambda _: self._look_at(conn))
        self._look_at(conn)

    def _look_at(self, conn: Connection) -> None:
        try:
            whole = conn.arrival.fill()
        except Refused as refused:
            self._drop(conn, refused.status)
        except OSError:
            self._drop(conn)
        else:
            if whole:
                self._forget(conn)
                self.enqueue_req(conn)

    def _forget(self, conn: Connection) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection, status: str = "") -> None:
        self._forget(conn)
        self.nr_conns -= 1
        if status:
            self.log.dropped(conn.client, status)
            conn.refuse(status)
        conn.close()

    def enqueue_req(self, conn: Connection) -> None:
        self._running += 1
        super().enqueue_req(conn)
        if self._running >= self.cfg.threads:
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled and self._running < self.cfg.threads)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        self._running -= 1
        if self.alive and self._running == self.cfg.threads - 1 and self.nr_conns < self.worker_connections:
            # Whoever was not let in because no thread was free comes before those who ask on and on.
            for listener in self.sockets:
                self._take(listener)
        if not fs.cancelled() and fs.exception() is None and fs.result():
            self._wait_for(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def murder_pending(self) -> None:
        """Part with clients that take too long, and with the longest of what waits for the rest when it is too much."""
        now = time.monotonic()
        if now - self._swept < _SWEPT_EVERY:
            return
        self._swept = now
        for conn in [conn for conn in self._waiting if conn.arrival.is_late(now)]:
            self._drop(conn, "" if conn.arrival.is_idle else "408 Request Timeout")
        over = sum(conn.arrival.held for conn in self._waiting) - self.app.settings.max_waiting_bytes
        for conn in sorted(self._waiting, key=lambda conn: -conn.arrival.held) if over > 0 else []:
            if over > 0:
                over -= conn.arrival.held
                self._drop(conn, "503 Service Unavailable")

    def murder_keepalived(self, force: bool = False) -> None:
        if force:
            for conn in list(self._waiting):
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker ends: silent clients may be about to ask, for a moment."""
        for conn in self._waiting:
            if conn.arrival.is_idle:
                conn.arrival.deadline = min(conn.arrival.deadline, deadline)

    def handle(self, conn: Connection) -> bool:
        again = self._answer(conn)
        # Not for ever when others may be waiting for a thread.
        while again and self.alive and self._running < self.cfg.threads and self._speaks(conn):
            again = self._answer(conn)
        if not again:
            _part(conn.sock)
        return again

    def _answer(self, conn: Connection) -> bool:
        conn.sock.begin()
        again = super().handle(conn)
        try:
            conn.sock.end()
        except OSError:
            return False
        return bool(again) and conn.next()

    def _speaks(self, conn: Connection) -> bool:
        """Whether there is another request, within a moment if there are threads to spare for waiting."""
        with suppress(OSError, Refused):
            if conn.arrival.fill():
                return True
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(MOMENT if self._running <= self.cfg.threads // 2 else 0)) and conn.arrival.fill()
        return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """gunicorn would log, and answer with, what it could not read, be that a query with a token."""
        super().handle_error(req, client, addr, _without_words(exc))


def _without_words(error: BaseException) -> BaseException:
    """The same error, that says what it is called and nothing else."""
    kind = type(error)
    silent: Any = type(kind.__name__, (kind,), {"__str__": lambda _: kind.__name__})
    made: BaseException = silent.__new__(silent)
    return made


def _part(sock: socket.socket) -> None:
    """End a connection so that the client can read all that was sent. gunicorn would wait for that, too, but in the one
    thread that all connections of a worker depend on."""
    end = time.monotonic() + PARTING
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(PARTING)
        while time.monotonic() < end and sock.recv(_CHUNK):
            pass
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)  # so that there is nothing left to wait for
