"""Starting git: from an argument list, with an environment made from nothing, limited and never left behind."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from gistd.errors import Unavailable

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
_CHUNK = 65536

_CONFIG = {
    "core.bigFileThreshold": "512k",  # above it git spends seconds on looking for deltas (T17)
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "fetch.fsckObjects": "true",
    "gc.auto": "0",
    "pack.threads": "1",
    "pack.window": "10",
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
    repository: Path, arguments: list[str], extra: Mapping[str, str], stderr: int
) -> Iterator[subprocess.Popen[bytes]]:
    """git, until the end of the block: whatever is still running then is killed, grandchildren included."""
    process = subprocess.Popen(
        [_git(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment(repository, extra),
        start_new_session=True,
    )
    try:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            _close(pipe)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(repository: Path, arguments: list[str], input: Iterable[bytes], extra: Mapping[str, str]) -> tuple[int, bytes]:
    """Feed git and wait for it; returns its exit code and the end of what it said (both streams)."""
    with _started(repository, arguments, extra, stderr=subprocess.STDOUT) as process:
        assert process.stdin and process.stdout
        with suppress(BrokenPipeError):  # git has seen enough; it says why
            for chunk in input:
                process.stdin.write(chunk)
        _close(process.stdin)
        said = process.stdout.read(_CHUNK)
        return process.wait(), said


def stream(repository: Path, arguments: list[str], input: bytes, extra: Mapping[str, str]) -> Iterator[bytes]:
    """What git answers, piece by piece; it is ended when the consumer goes away."""
    with _started(repository, arguments, extra, stderr=subprocess.DEVNULL) as process:
        assert process.stdin and process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write(input)
        _close(process.stdin)
        while chunk := os.read(process.stdout.fileno(), _CHUNK):
            yield chunk


def _close(pipe: IO[bytes] | None) -> None:
    with suppress(BrokenPipeError):
        if pipe is not None:
            pipe.close()
