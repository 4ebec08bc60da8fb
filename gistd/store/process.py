"""Starting git: from an argument list, with an environment made from nothing, limited and never left behind."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from gistd.errors import Unavailable

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
_CHUNK = 65536

_CONFIG = {
    "core.bigFileThreshold": "512k",  # above it git spends seconds on looking for deltas (T17)
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
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


@cache
def version() -> str:
    """Which git there is, such as 2.39.5."""
    done = subprocess.run([_git(), "version"], capture_output=True, text=True, timeout=CPU_SECONDS)
    return done.stdout.removeprefix("git version ").strip()


def environment(repository: Path, config: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """All that a git child gets to know; nothing of the server's own environment. What is said last counts."""
    config = {**_CONFIG, "safe.directory": str(repository), **config}
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


def stream(
    repository: Path, arguments: list[str], input: bytes, config: Mapping[str, str], extra: Mapping[str, str]
) -> Iterator[bytes]:
    """What git answers, piece by piece. When the consumer goes away it is killed, with all that it started.

    Its input is a file, so that neither side ever waits for the other.
    """
    with tempfile.TemporaryFile() as given:
        given.write(input)
        given.seek(0)
        process = subprocess.Popen(
            [_git(), *arguments],
            env=environment(repository, config, extra),
            start_new_session=True,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    assert process.stdout
    try:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        while chunk := os.read(process.stdout.fileno(), _CHUNK):
            yield chunk
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
