"""Clients that go away in the middle: nothing of them stays, no process, no thread, no file, no descriptor."""

import os
import signal
import socket
import struct
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gistd.server import THREADS
from tests.harness import DEADLINE, Git, Server, require, wait_until
from tests.transport import watch

MIB = 1024 * 1024
SIZE = 40 * MIB
TIMES = 3 * THREADS
AT_ONCE = 8
SLACK = 3
RESET = struct.pack("ii", 1, 0)


class Scene:
    """A server of one worker with a gist of 40 MiB, and a clone of it with a commit that would add as much."""

    def __init__(self, server: Server, git: Git) -> None:
        self.server, self.git = server, git
        self.alice = server.user("alice")
        self.worker = watch.worker(server)
        for setting in ("core.compression 0", "pack.window 0", "core.fsync none"):
            git("config", "--global", *setting.split())
        gist = self.alice.create()
        self.id, self.url = gist["id"], self.alice.clone_url(gist)
        self.clone = git.clone(self.url)
        self.head = self._commit()
        git("push", "-q", cwd=self.clone)
        self.next = self._commit()
        self.alice.session.close()

    def _commit(self) -> str:
        return self.git.commit(self.clone, {f"{number}.bin": os.urandom(SIZE // 4) for number in range(4)})

    def push(self) -> bytes:
        """What git would send in order to push."""
        revisions = f"{self.next}\n^{self.head}\n".encode()
        command = ["git", "pack-objects", "--revs", "--stdout", "-q"]
        done = subprocess.run(command, cwd=self.clone, env=self.git.environment, input=revisions, capture_output=True)
        assert len(done.stdout) > SIZE
        return packet(f"{self.head} {self.next} refs/heads/main\0report-status side-band-64k") + b"0000" + done.stdout

    def fetch(self, version: str, deepen: list[str]) -> bytes:
        """What git would send in order to clone."""
        lines, wants = [packet(line) for line in deepen], f"want {self.head}"
        if version == "2":
            arguments = [packet("ofs-delta\n"), *lines, packet(f"{wants}\n"), packet("done\n")]
            return packet("command=fetch") + b"0001" + b"".join(arguments) + b"0000"
        return packet(f"{wants} side-band-64k ofs-delta\n") + b"".join(lines) + b"0000" + packet("done\n")

    @contextmanager
    def connection(self, service: str, length: int | None, **headers: str) -> Iterator[socket.socket]:
        """One that has sent the head of a request; without a length the body is to be sent in chunks."""
        place = urlsplit(self.server.url)
        about = {
            "Host": place.netloc,
            "Authorization": "Basic " + b64encode(f"alice:{self.alice.token}".encode()).decode(),
            "Content-Type": f"application/x-{service}-request",
            **({"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}),
            **headers,
        }
        head = [f"POST /alice/{self.id}.git/{service} HTTP/1.1", *(f"{name}: {value}" for name, value in about.items())]
        with socket.create_connection((place.hostname, place.port), DEADLINE) as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            yield connection


def packet(line: str) -> bytes:
    return f"{len(line) + 4:04x}{line}".encode()


def leave(connection: socket.socket, rudely: bool) -> None:
    """At the end of what was sent, or with a reset that may overtake it."""
    if rudely:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    require("procfs", Path("/proc/self/task").exists())
    root = tmp_path_factory.mktemp("gone")
    server = Server(root, rate_limits=False).start("--workers", "1")
    try:
        yield Scene(server, Git(root / "git"))
        assert server.stop() == 0
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text(), "the server met something it did not expect"


@contextmanager
def nothing_stays(scene: Scene) -> Iterator[None]:
    """What the block leaves behind is gone soon."""
    server, files, most = scene.server, scene.server.on_disk(), len(watch.open_files(scene.worker)) + SLACK
    yield
    wait_until(lambda: not watch.git_processes(server), "no git works for the server")
    wait_until(lambda: watch.is_on_disk(server, files), "the data directory is as it was")
    wait_until(lambda: len(watch.open_files(scene.worker)) <= most, "the descriptors are closed")
    assert watch.worker(server) == scene.worker, "the worker died"
    assert_all_threads_are_free(scene)


def assert_all_threads_are_free(scene: Scene) -> None:
    """All but one are given something to wait for; the last one answers."""
    with ExitStack() as stack:
        for _ in range(THREADS - 1):
            stack.enter_context(scene.connection("git-receive-pack", MIB)).sendall(b"00")
        assert requests.get(f"{scene.server.url}/-/health", timeout=DEADLINE / 2).status_code == 200


def again_and_again(work: Callable[[int], Any], times: int = TIMES) -> list[Any]:
    with futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(times)))


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with Content-Length"])
def test_half_a_push(scene: Scene, chunked: bool) -> None:
    push = scene.push()
    half = push[: len(push) // 2]
    pieces = [half[at : at + 65536] for at in range(0, len(half), 65536)]
    if chunked:
        pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]

    def send(number: int) -> None:
        with scene.connection("git-receive-pack", None if chunked else len(push)) as connection:
            for piece in pieces:
                connection.sendall(piece)
            leave(connection, rudely=number % 2 == 1)

    with nothing_stays(scene):
        again_and_again(send)


@pytest.mark.parametrize("deepen", [[], ["deepen 1\n"]], ids=["whole", "shallow"])
@pytest.mark.parametrize("version", ["0", "2"])
def test_half_a_clone(scene: Scene, version: str, deepen: list[str]) -> None:
    request = scene.fetch(version, deepen)

    def receive(number: int) -> None:
        header = {"Git-Protocol": f"version={version}"}
        with scene.connection("git-upload-pack", len(request), **header) as connection:
            connection.sendall(request)
            answer = b""
            while len(answer) < MIB and (received := connection.recv(65536)):
                answer += received
            assert answer.startswith(b"HTTP/1.1 200 ") and b"PACK" in answer, answer[:1000]
            leave(connection, rudely=number % 2 == 1)

    with nothing_stays(scene):
        again_and_again(receive)


def kill_when(git: Git, begun: Callable[[int], bool], *arguments: Any, cwd: Path | None = None) -> bool:
    """Start git and end it by SIGKILL, with its children, once it has begun; whether it was not done before."""
    process = subprocess.Popen(
        ["git", *map(str, arguments)], cwd=cwd or git.home, env=git.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or begun(process.pid), "git has begun")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_killed_clones(scene: Scene) -> None:
    def clone(number: int) -> bool:
        target = scene.git.home / f"killed-{number}"

        def begun(pid: int) -> bool:
            return any(path.stat().st_size > MIB for path in target.glob(".git/objects/pack/tmp_pack_*"))

        return kill_when(scene.git, begun, "clone", "-q", scene.url, target)

    with nothing_stays(scene):
        assert any(again_and_again(clone, THREADS + 1))


def test_killed_pushes(scene: Scene) -> None:
    def begun(pid: int) -> bool:
        """git-remote-http passes on what it has read."""
        return any(watch.has_read(child) > 4 * MIB for child in watch.descendants(pid))

    def push(_: int) -> bool:
        slowly = ["-c", "core.compression=9", "-c", "http.postBuffer=64k"]
        return kill_when(scene.git, begun, *slowly, "push", "-q", scene.url, "HEAD:main", cwd=scene.clone)

    with nothing_stays(scene):
        assert any(again_and_again(push, THREADS + 1))
