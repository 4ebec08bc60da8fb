"""gunicorn as gistd runs it: workers and threads for the machine, deadlines for sockets, a line a request."""

import ctypes
import gc
import logging
import os
import resource
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from gistd import index
from gistd.core import house, meters
from gistd.errors import GistdError
from gistd.settings import Settings

from .arrival import IDLE_SECONDS
from .balance import Balance
from .master import Master

THREADS = 16
SOCKET_DEADLINE = 30
"""Seconds that a client may keep a thread waiting for its next bytes."""
_FILES = 65536
_M_ARENA_MAX, _ARENAS = -8, 2
_M_MMAP_THRESHOLD, _LARGE = -3, 128 * 1024

_log = logging.getLogger("gistd")


class Server(BaseApplication):
    """Serves what `load_app` makes, once for all workers. `ready` hears the address once it is bound.

    `beside` runs in a process of its own, and is told the number of the one that it must not outlive. Settings are read
    again when gistd is told to reload (SIGHUP).
    """

    def __init__(
        self,
        settings: Settings,
        load_app: Callable[[Settings], Flask],
        beside: Callable[[Settings, int], None],
        ready: Callable[[str, int], None],
        host: str,
        port: int,
        workers: int | None,
    ) -> None:
        self.settings = settings
        self._load_app = load_app
        self._beside = beside
        self._ready = ready
        meters.share()
        self.balance = Balance()
        self._options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers or max(2, os.cpu_count() or 1),
            "threads": THREADS,
            "worker_connections": _open_files() // 2,  # what a request waits in is a file, too
            "worker_class": f"{__name__}.worker.Worker",
            "logger_class": f"{__name__}.log.RequestLog",
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 (gunicorn's heartbeat)
            "keepalive": IDLE_SECONDS,
            "timeout": 120,
            "graceful_timeout": 30,
            "accesslog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # GISTD_FORWARDED_HOPS decides whom to believe
            "forwarder_headers": "",
            "when_ready": self._when_ready,
            "post_fork": self._post_fork,
            "worker_exit": lambda _, worker: index.close(),  # who closes it last takes the log away
            "child_exit": lambda _, worker: self.balance.leave(worker.age),
            "pre_request": _prepare,
        }
        super().__init__()
        self._make_app(settings)

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def reload(self) -> None:
        try:
            self._make_app(Settings.load())
        except GistdError as error:
            _log.error("the settings stay as they were: %s", error.message)
        super().reload()

    def _make_app(self, settings: Settings) -> None:
        self.callable = self._load_app(settings)
        self.settings = settings
        gc.freeze()  # workers that look for garbage leave alone what they share

    def beside(self, parent: int) -> None:
        self._beside(self.settings, parent)

    def run(self) -> None:
        _keep_little()
        Master(self).run()

    def _post_fork(self, _: Any, worker: Any) -> None:
        meters.take_row(worker.age)
        self.balance.join(worker.age)
        house.open(self.settings)
        index.close()  # each thread has a connection of its own, and this one asks nothing
        house.store.sweep()  # this one may come after one that was killed

    def _when_ready(self, arbiter: Any) -> None:
        for listener in arbiter.LISTENERS:  # accepted sockets inherit the deadline
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SOCKET_DEADLINE, 0))
            host, port = listener.sock.getsockname()[:2]
            self._ready(host, port)


def _keep_little() -> None:
    """glibc gives threads heaps of their own, eight a core, and what is free in one is of no use to the others. And a
    large block is the system's again once it is free, until there was one: then blocks up to its size go into heaps,
    where what is small and stays comes to lie between them. Said here, it stays as it was."""
    with suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _open_files() -> int:
    """How many files a worker may have open, connections included: as many as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


def _prepare(_: Any, request: Any) -> None:
    """A client that waits for word to go on has had it (`Arrival`); and where nobody knows how a request ends that is
    too long to be kept, the connection ends with it."""
    request._expected_100_continue = False
    if request.unreader.sock.streams:
        request.force_close()
