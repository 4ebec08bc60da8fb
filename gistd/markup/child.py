"""The process: takes one job after the other from standard input, and answers on standard output.

A message is its length in 8 bytes and JSON: `[kind, arguments]` in, the result or null (it failed) out. The process
ends with its input, and with the processor time it is given: for each job by `RLIMIT_CPU`, which nothing outlives.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from . import LENGTH, highlight, markdown, table, words

JOBS: dict[str, Callable[..., Any]] = {
    "highlight": highlight.lines,
    "markdown": markdown.render,
    "table": table.rows,
    "words": words.marks,
}


def serve(memory_bytes: int, seconds: int) -> None:
    """Work until there is no more to read. Both limits are for each job, the first one for the process as a whole."""
    os.nice(5)  # whoever waits for a page that needs none of this goes first
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (message := _read(source)) is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        kind, arguments = json.loads(message)
        try:
            answer = json.dumps(JOBS[kind](*arguments)).encode()
        except Exception:  # whatever a library makes of strangers' text: the text is shown as it is
            answer = b"null"
        sink.write(LENGTH.pack(len(answer)) + answer)
        sink.flush()


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None
