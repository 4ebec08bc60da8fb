"""Commands of gistd as forks of a process that has read the program.

Each is a process of its own, with arguments, environment, folder and streams of its own, and does all that the program
does; what is spared is reading the program, which the tests start more than a thousand times.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

_MOST = 1 << 17


class Fork:
    """A command that runs, as `subprocess.Popen` has it."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.pid = int(told.recv(_MOST))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = int(self._told.recv(_MOST))
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Forks:
    """The process that has read the program; it ends with the one that has begun it."""

    def __init__(self) -> None:
        self._words, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = _others(os.environ)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=Path(__file__).parent.parent,
                env={**self._environment, "PYTHONUNBUFFERED": "1"},
                stdin=its,
                start_new_session=True,
            )

    def can(self, environment: dict[str, str]) -> bool:
        """Whether that differs in settings of gistd only: what the interpreter goes by has been read."""
        return _others(environment) == self._environment

    def start(
        self, arguments: Sequence[str], cwd: Path, environment: dict[str, str], *streams: IO[bytes] | int
    ) -> Fork:
        """`streams` are those for input, output and errors."""
        told, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = json.dumps([arguments, str(cwd), environment]).encode()
        with its, open(os.devnull) as nothing:
            handles = [nothing.fileno() if each == subprocess.DEVNULL else each.fileno() for each in streams]
            socket.send_fds(self._words, [words], [its.fileno(), *handles])
        return Fork(told)

    def close(self) -> None:
        self._words.close()
        self._process.wait()


def _others(environment: Any) -> dict[str, str]:
    ours = ("GISTD_", "OG_", "PYTEST_", "PYTHONUNBUFFERED")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


def _serve() -> None:
    """Fork for whoever asks, until nobody does. Returns, if at all, in a command that is to be run."""
    asked = socket.socket(fileno=os.dup(0))
    while True:
        words, handles, *_ = socket.recv_fds(asked, _MOST, 4)
        if not words:
            break
        if not os.fork():
            asked.close()
            _keep(socket.socket(fileno=handles[0]), handles[1:], *json.loads(words))
            return
        for each in handles:
            os.close(each)
        _bury(os.WNOHANG)
    signal.alarm(10)  # not for ever: a test that failed may have left a server behind
    _bury(0)
    os._exit(0)


def _bury(options: int) -> None:
    """So that the time that they took is counted."""
    try:
        while os.waitpid(-1, options)[0]:
            pass
    except ChildProcessError:
        pass


def _keep(told: socket.socket, streams: list[int], arguments: list[str], cwd: str, environment: dict[str, str]) -> None:
    """Begin the command, and tell of its end. Returns in the command."""
    if pid := os.fork():
        for each in streams:
            os.close(each)
        told.send(str(pid).encode())
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # its number is nobody else's until they know
        assert ended is not None
        told.send(str(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status).encode())
        told.recv(1)
        os.waitpid(pid, 0)
        os._exit(0)
    told.close()
    os.setsid()
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


def _run() -> None:
    import gistd.app
    import gistd.server.worker  # by its name, gunicorn would read it in each
    from gistd.cli import main

    gistd.app.api.dialects()
    gc.freeze()
    _serve()
    try:
        main()
    except SystemExit as end:  # also that of a worker
        _end(end.code)


def _end(code: Any) -> NoReturn:
    """As the interpreter does, but for taking apart all that was read: most of what a short command takes."""
    assert code is None or isinstance(code, int)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    _run()
