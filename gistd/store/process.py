"""Starting git: from an argument list, with an environment made from nothing, limited and never left behind."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from gistd.errors import Unavailable

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
WALL_SECONDS = 120
_CHUNK = 65536

_CONFIG = {
    "core.bigFileThreshold": "512k",  # above it git spends seconds on looking for deltas (T17)
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "fetch.fsckObjects": "true",
    "gc.auto": "0",
    "pack.threads": "1",
    "pack.window": "10",
    "pack.writeReverseIndex": "false",  # a file more for each push, of no use at these sizes
    "protocol.allow": "never",
    "transfer.advertiseObjectInfo": "false",
    "uploadpack.allowFilter": "false",
    "uploadpack.keepAlive": "5",
}


@cache
def _git() -> str:
    path = shutil.which("git", path="/usr/local/bin:/usr/bin:/bin")
    if path is None:
        raise Unavailable("git is not installed on the server")
    return path


def environment(repository: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """All that a git child gets to know; nothing of the server's own environment."""
    config = {**_CONFIG, "safe.directory": str(repository)}
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(config)),
    }
    for number, (key, value) in enumerate(config.items()):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**variables, **extra}


@contextmanager
def _started(
    repository: Path, arguments: list[str], extra: Mapping[str, str], **streams: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """git, until the end of the block: whatever is still running then is killed, grandchildren included."""
    process = subprocess.Popen(
        [_git(), *arguments], env=environment(repository, extra), start_new_session=True, **streams
    )
    try:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def run(repository: Path, arguments: list[str], input: Iterable[bytes], extra: Mapping[str, str]) -> tuple[int, bytes]:
    """Feed git and wait for it; returns its exit code and the end of what it said (both streams).

    What it says goes into a file: through a pipe it would wait for us to listen while we wait for it to eat.
    """
    with (
        tempfile.TemporaryFile() as said,
        _started(repository, arguments, extra, stdin=subprocess.PIPE, stdout=said, stderr=said) as process,
    ):
        assert process.stdin
        with suppress(BrokenPipeError):  # git has seen enough; it says why
            for chunk in input:
                process.stdin.write(chunk)
            process.stdin.close()
        try:
            code = process.wait(WALL_SECONDS)
        except subprocess.TimeoutExpired:
            return -1, b"it took too long"
        said.seek(max(0, said.seek(0, os.SEEK_END) - _CHUNK))
        return code, said.read()


def stream(repository: Path, arguments: list[str], input: bytes, extra: Mapping[str, str]) -> Iterator[bytes]:
    """What git answers, piece by piece; it is ended when the consumer goes away.

    Its input is a file, so that neither side ever waits for the other.
    """
    with tempfile.TemporaryFile() as given:
        given.write(input)
        given.seek(0)
        with _started(
            repository, arguments, extra, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout
            while chunk := os.read(process.stdout.fileno(), _CHUNK):
                yield chunk
