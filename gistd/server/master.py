"""gunicorn's arbiter, with one process more than the workers."""

import os
import signal
import time
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter

AGAIN = 1
"""Seconds before the process beside the workers is started anew, if it has ended."""


class Master(Arbiter):
    """Keeps one more process beside the workers, and starts it anew when it ends."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self._beside = 0
        self._started = 0.0
        self._ends = False

    def manage_workers(self) -> None:
        super().manage_workers()
        if not self._beside and time.monotonic() - self._started > AGAIN:
            self._started = time.monotonic()
            # What it is sent before it has left gunicorn's ways with signals would be lost: it waits.
            signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
            self._beside = os.fork()
            if not self._beside:
                self._be_beside()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)

    def _be_beside(self) -> None:
        """What the new process is: none of gunicorn's, so nothing of it goes on here."""
        try:
            for number in (*self.SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)
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
        if self._ends:  # told again: a worker that was just made may not have heard it, and would stay till the last
            self.kill_workers(signal.SIGTERM)

    def _has_ended(self) -> bool:
        try:
            return os.waitpid(self._beside, os.WNOHANG) != (0, 0)
        except ChildProcessError:
            return True

    def reload(self) -> None:
        self._end_beside()
        super().reload()

    def stop(self, graceful: bool = True) -> None:
        self._ends = graceful
        self._end_beside()
        super().stop(graceful)
        end = time.monotonic() + self.cfg.graceful_timeout
        while self._beside and not self._has_ended() and time.monotonic() < end:
            self._end_beside()  # again: one that was just made may have missed it
            time.sleep(0.05)

    def _end_beside(self) -> None:
        if self._beside:
            with suppress(ProcessLookupError):
                os.kill(self._beside, signal.SIGTERM)
