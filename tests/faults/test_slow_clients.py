"""Clients that take their time: how long they may, and that nobody else waits for them."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gistd.server import THREADS
from tests.harness import DEADLINE, Client, Server, wait_until
from tests.transport import watch

from .slow_clients import run

MIB = 1024 * 1024
HEAD = "POST /api/gists HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n"
BODY = json.dumps({"files": {"a": {"content": "slowly"}}}).encode()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little patience."""
    settings = {"head_seconds": 1, "body_seconds": 1, "max_waiting_bytes": 8 * MIB}
    running = Server(tmp_path_factory.mktemp("hasty"), **settings).start("--workers", "1")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def anna(hasty: Server) -> Client:
    return hasty.user("anna")


@contextmanager
def connection(server: Server) -> Iterator[socket.socket]:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), DEADLINE) as opened:
        yield opened


def heard(client: socket.socket, answers: int = 1) -> bytes:
    """What the server says until so many answers have begun and their ends are there, or until it hangs up."""
    said = b""
    while piece := client.recv(65536):
        said += piece
        if said.count(b"HTTP/1.1 ") == answers and said.endswith(b"}\n"):
            break
    return said


def test_thousands_say_nothing_and_hundreds_drip(tmp_path: Path) -> None:
    """Figures are `python -m tests.faults.slow_clients`; here nothing must fail."""
    _, meanwhile, flood = run(tmp_path, silent=1000, dripping=100, seconds=0, at_least=15)
    assert meanwhile.failed == [] and flood.size == 1100


@pytest.mark.parametrize(
    "beginning",
    ["GET / HT", HEAD + "Content-Length: 100\r\n\r\n{", HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\n"],
    ids=["a head", "a body", "chunks"],
)
def test_who_sends_too_little_is_not_waited_for(hasty: Server, beginning: str) -> None:
    with connection(hasty) as slow:
        slow.sendall(beginning.encode())
        assert heard(slow).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_head_that_never_ends(hasty: Server) -> None:
    with connection(hasty) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 5000)
        assert heard(endless).startswith(b"HTTP/1.1 431 ")


def test_too_much_waits_for_the_rest(hasty: Server, anna: Client) -> None:
    """It would fill the disk; others are served meanwhile, and after."""
    with connection(hasty) as large:
        large.sendall(HEAD.format(anna.token).encode() + b"Content-Length: 60000000\r\n\r\n" + b" " * 9 * MIB)
        assert heard(large).startswith(b"HTTP/1.1 503 ")
    anna.create()


def test_who_hangs_up_half_way_is_told_what_is_wrong(hasty: Server, anna: Client) -> None:
    """They may still listen; and nothing was made."""
    before = len(anna.get("/api/gists").json())
    with connection(hasty) as half:
        half.sendall(HEAD.format(anna.token).encode() + b"Content-Length: 100\r\n\r\n" + BODY)
        half.shutdown(socket.SHUT_WR)
        assert heard(half).startswith(b"HTTP/1.1 400 ")
    assert len(anna.get("/api/gists").json()) == before


def test_who_does_not_take_an_answer_is_not_waited_for(hasty: Server, anna: Client) -> None:
    """As many as there are threads; whoever comes after them is served."""
    path = f"/anna/{anna.create({'long.txt': 'x' * 9 * MIB})['id']}/raw/HEAD/long.txt"
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {anna.token}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(THREADS):
            reader = stack.enter_context(connection(hasty))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(asked)
            assert reader.recv(1) == b"H"
        assert anna.get("/api/gists").status_code == 200
        wait_until(lambda: hasty.log.read_text().count(path) == THREADS, "all of them are let go")


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: 1\r\n\r\n"


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_wherever_a_request_is_cut_it_is_understood(hasty: Server, anna: Client, framing: str) -> None:
    """Two of them on one connection, the second partly sent with the first."""
    head = HEAD.format(anna.token).encode()
    if framing == "length":
        request = head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    else:
        request = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY, 7)
    with connection(hasty) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(len(head) - 3, len(request), 5):
            client.sendall(request[:cut])
            client.sendall(request[cut:] + request[:cut])
            assert heard(client).startswith(b"HTTP/1.1 201 ")
            client.sendall(request[cut:])
            assert heard(client).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_is_too_long_to_be_kept(own_server: Callable[..., Server], framing: str) -> None:
    """It is read while it is worked on, to hear why it is refused; and the connection ends."""
    server = own_server(max_request_bytes=100_000, max_push_bytes=100_000).start("--workers", "1")
    body = b'{"files": {"a": {"content": "' + b"x" * 3 * MIB + b'"}}}'
    head = HEAD.format(server.user("anna").token).encode()
    with connection(server) as client:
        if framing == "length":
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        else:
            client.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 50_000))
        assert heard(client).startswith(b"HTTP/1.1 413 ")
    assert server.nobody.get("/-/health").status_code == 200


def test_gistd_serve_takes_all_the_files_that_it_may_open(own_server: Callable[..., Server]) -> None:
    server = own_server().start("--workers", "1")
    assert server.process
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    soft, hard = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3:5]
    assert int(soft) == min(int(hard), 65536)


def test_clients_that_come_together_are_divided(own_server: Callable[..., Server]) -> None:
    """One worker took all of them, and its threads waited for each other while the other one had nothing to do."""
    server = own_server().start("--workers", "2")
    process = server.process
    assert process
    wait_until(lambda: len(watch.children(process.pid)) == 3, "there are two workers, and what is beside them")

    def connections() -> list[int]:
        """Of each worker, the one that it listens with among them."""
        workers = watch.children(process.pid)[:2]
        return [sum(name.startswith("socket:") for name in watch.open_files(worker)) for worker in workers]

    def divided() -> int:
        """How many of 40 the worker has that has fewer."""
        with ExitStack() as clients:
            for _ in range(40):
                clients.enter_context(connection(server))
            wait_until(lambda: sum(connections()) >= 40, "all are let in")
            fewer = min(connections())
        wait_until(lambda: max(connections()) < 10, "all are gone")
        return fewer

    wait_until(lambda: divided() > 5, "both let clients in")
    assert sum(divided() for _ in range(3)) >= 45
