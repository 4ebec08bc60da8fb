"""gunicorn as gistd runs it: workers and threads for the machine, deadlines for sockets, a line a request."""

import os
import re
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers import gthread

THREADS = 16
SOCKET_DEADLINE = 30
"""Seconds that a client may keep a thread waiting for its next bytes, or for room to send it some."""
PARTING = 2
"""Seconds that a client has to read the last of an answer."""
_CHUNK = 65536
AGAIN = 1
"""Seconds before the process beside the workers is started anew, if it has ended."""
MOMENT = 20
"""Milliseconds that a thread waits for a client that may have more to say."""


_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]{1,500}")


class Server(BaseApplication):
    """Serves what `load_app` makes in each worker. `ready` hears the address once it is bound.

    `beside` runs in a process of its own, and is told the number of the one that it must not outlive."""

    def __init__(
        self,
        load_app: Callable[[], Flask],
        beside: Callable[[int], None],
        ready: Callable[[str, int], None],
        host: str,
        port: int,
        workers: int | None,
    ) -> None:
        self._load_app = load_app
        self.beside = beside
        self._ready = ready
        self._options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers or max(2, os.cpu_count() or 1),
            "threads": THREADS,
            "worker_class": f"{__name__}.Worker",
            "logger_class": f"{__name__}.RequestLog",
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 (gunicorn's heartbeat)
            "keepalive": 15,
            "timeout": 120,
            "graceful_timeout": 30,
            "accesslog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # GISTD_FORWARDED_HOPS decides whom to believe
            "forwarder_headers": "",
            "when_ready": self._when_ready,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._load_app()

    def run(self) -> None:
        Master(self).run()

    def _when_ready(self, arbiter: Any) -> None:
        for listener in arbiter.LISTENERS:  # accepted sockets inherit the deadlines
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SOCKET_DEADLINE, 0))
            # Half of it: what went into a buffer nobody empties counts as sent, so it is waited for twice.
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SOCKET_DEADLINE // 2, 0))
            host, port = listener.sock.getsockname()[:2]
            self._ready(host, port)


class Master(Arbiter):
    """Keeps one more process beside the workers, and starts it anew when it ends."""

    def __init__(self, app: Server) -> None:
        super().__init__(app)
        self._beside = 0
        self._started = 0.0

    def manage_workers(self) -> None:
        super().manage_workers()
        if not self._beside and time.monotonic() - self._started > AGAIN:
            self._started = time.monotonic()
            self._beside = os.fork()
            if not self._beside:
                self._be_beside()

    def _be_beside(self) -> None:
        """What the new process is: none of gunicorn's, so nothing of it goes on here."""
        try:
            for number in (*self.SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for listener in self.LISTENERS:
                listener.sock.close()
            for worker in self.WORKERS.values():
                worker.tmp.close()
            self.app.beside(self.pid)
        except Exception:
            self.log.exception("the process beside the workers has failed")
        finally:
            os._exit(0)

    def reap_workers(self) -> None:
        # Before gunicorn does, which would not say that it has.
        if self._beside and self._has_ended():
            self._beside = 0
        super().reap_workers()

    def _has_ended(self) -> bool:
        try:
            return os.waitpid(self._beside, os.WNOHANG) != (0, 0)
        except ChildProcessError:
            return True

    def reload(self) -> None:
        self._end_beside()
        super().reload()

    def stop(self, graceful: bool = True) -> None:
        self._end_beside()
        super().stop(graceful)
        end = time.monotonic() + self.cfg.graceful_timeout
        while self._beside and not self._has_ended() and time.monotonic() < end:
            time.sleep(0.01)

    def _end_beside(self) -> None:
        if self._beside:
            with suppress(ProcessLookupError):
                os.kill(self._beside, signal.SIGTERM)


class Worker(gthread.ThreadWorker):
    """A connection has a thread while it has something to say, so that silent ones cost none.

    gunicorn's own would wait five seconds for the first bytes, in a thread. It would hand a connection back after each
    request, though a client that has more to ask does so at once: `git clone` asks three times. And it would take
    connections that it has no thread for, while another worker may have one.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._running = 0

    def enqueue_req(self, conn: Any) -> None:
        self._running += 1
        super().enqueue_req(conn)
        if self._running >= self.cfg.threads:
            self.set_accept_enabled(False)

    def finish_request(self, conn: Any, fs: Any) -> None:
        self._running -= 1
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled and self._running < self.cfg.threads)

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not self._speaks(conn):
            return gthread._DEFER
        conn.data_ready = True
        again = super().handle(conn)
        # Not for ever when others may be waiting for a thread.
        while again is True and self.alive and self._running < self.cfg.threads and self._speaks(conn):
            again = super().handle(conn)
        if not again:
            _part(conn.sock)
        return again

    def _speaks(self, conn: Any) -> bool:
        """Whether the client sends something, within a moment if there are threads to spare for waiting."""
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(MOMENT if self._running <= self.cfg.threads // 2 else 0))


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


class RequestLog(Logger):
    """One line a request: who, what, how it went, how long it took. No query, no header, no body: no secret."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        path = environ.get("PATH_INFO", "")
        if not _PLAIN_PATH.fullmatch(path):
            path = quote(path.encode("latin-1", errors="replace"), safe="/~@:+,=")[:500]
        self.access_log.info(
            "%s %s %s %s %s %d %.1fms",
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            environ.get("REMOTE_ADDR") or "-",
            environ.get("REQUEST_METHOD"),
            path,
            resp.status.split(None, 1)[0],
            resp.sent,
            request_time / timedelta(milliseconds=1),
        )
