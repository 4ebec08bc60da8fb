"""What is logged: a line an event, made of `key=value` that programs can read, too. No query, no header but the id of
the request, no body: no secret."""

import json
import logging
import re
import sys
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

from gistd.core import meters
from gistd.http import FACE, REQUEST_ID

_PLAIN = re.compile(r"[!#-<>-\[\]-~]{1,500}")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]{1,500}")
_MOST = 500
_MOST_ERROR = 16_000
SLOW_CLIENT = (BlockingIOError, TimeoutError)
"""How a deadline of a socket ends what was written to it, or read from it."""


def line(level: str, **values: Any) -> str:
    """One event, when it happened first. ASCII, and no control characters: nobody forges a line."""
    at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z"
    return " ".join(f"{key}={_value(value)}" for key, value in {"time": at, "level": level, **values}.items())


def _value(value: Any) -> str:
    words = str(value)
    return words if _PLAIN.fullmatch(words) else json.dumps(words)


class _Formatter(logging.Formatter):
    """Messages of gistd and of gunicorn, an error with where it came from, as such lines."""

    def format(self, record: logging.LogRecord) -> str:
        values: dict[str, Any] = {"process": record.process, "message": record.getMessage()[:_MOST]}
        if record.exc_info:
            values["error"] = self.formatException(record.exc_info)[-_MOST_ERROR:]
        return line(record.levelname.lower(), **values)


class RequestLog(Logger):
    """gunicorn's logger, with lines of ours."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_Formatter())
        gistd = logging.getLogger("gistd")
        gistd.handlers, gistd.propagate = self.error_log.handlers, False

    def exception(self, msg: str, *args: Any, **options: Any) -> None:
        """gunicorn gives the URL, which may hold a secret; and it takes for an error that somebody is slow."""
        if isinstance(sys.exc_info()[1], SLOW_CLIENT):
            return
        super().exception(msg.partition(" %")[0], **options)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        path = environ.get("PATH_INFO", "")
        if not _PLAIN_PATH.fullmatch(path):
            path = quote(path.encode("latin-1", errors="replace"), safe="/~@:+,=")[:_MOST]
        status = resp.status.split(None, 1)[0]
        method = environ.get("REQUEST_METHOD") or "-"
        seconds = request_time / timedelta(seconds=1)
        meters.count_request(environ.get(FACE, "none"), method, status, seconds)
        self.access_log.info(
            line(
                "info",
                id=environ.get(REQUEST_ID, "-"),
                address=environ.get("REMOTE_ADDR") or "-",
                method=method[:_MOST],
                path=path or "-",
                status=status,
                bytes=resp.sent,
                ms=f"{seconds * 1000:.1f}",
            )
        )

    def dropped(self, client: Any, status: str) -> None:
        """Somebody was not waited for any longer."""
        meters.count_dropped()
        address = client[0] if isinstance(client, tuple) else "-"
        self.access_log.info(
            line("info", id="-", address=address, method="-", path="-", status=status[:3], bytes=0, ms=0)
        )
