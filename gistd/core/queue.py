"""The queue itself, and the process that works it off: huey, on a file of its own or on Redis."""

import hashlib
import os
import signal
from collections.abc import Callable
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

from . import house

THREADS = 4
_PAUSE = 0.25
"""Seconds after which a thread that had nothing to do looks again."""
_PARTING = 15
"""Seconds that jobs have to come to their end when the process is to stop."""
_PATIENCE = 3
"""Seconds that Redis may take to answer."""


class Queue:
    """Holds the names of jobs with their arguments: `do` does one, `do_regularly` is done at the start and every
    minute."""

    def __init__(self, do: Callable[..., None], do_regularly: Callable[[], None]) -> None:
        self._huey = _open()
        self._entry = self._huey.task(name="do")(do)
        self._huey.periodic_task(crontab(minute="*"), name="do_regularly")(do_regularly)

    def put(self, name: str, *arguments: int | str, delay: int) -> None:
        """Let the job be done after so many seconds."""
        if delay:
            self._entry.schedule((name, *arguments), delay=delay)
        else:
            self._entry(name, *arguments)

    def work(self, parent: int | None) -> None:
        """As `jobs.work`."""
        _Consumer(
            parent,
            self._huey,
            workers=THREADS,
            max_delay=_PAUSE,
            graceful_signal="TERM",
            shutdown_timeout=_PARTING,
        ).run()


class _Consumer(Consumer):
    def __init__(self, parent: int | None, huey: Huey, **options: Any) -> None:
        super().__init__(huey, **options)
        self._parent = parent

    def loop(self, health_check_ts: float | None = None) -> Any:
        if self._parent is not None and os.getppid() != self._parent:
            self._signum = signal.SIGTERM
        return super().loop(health_check_ts)


def _open() -> Huey:
    # Entries are pickles, so they are signed: whoever else may write to Redis does not have anything run here.
    options: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=house.secret_key.hex())}
    if not house.settings.queue_url:
        # Not WAL, as huey would have it: it uses Python's own SQLite, in which that may have the bug (see index).
        return SqliteHuey("gistd", filename=str(house.store.root / "queue.sqlite3"), journal_mode="delete", **options)
    from redis import ConnectionPool  # only now: who does not want it need not have it

    pool = ConnectionPool.from_url(house.settings.queue_url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
    own = hashlib.sha256(house.secret_key).hexdigest()[:12]  # several gistd may share a Redis
    return RedisHuey(f"gistd{own}", connection_pool=pool, **options)
