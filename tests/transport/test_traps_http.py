"""The traps of carrying git over HTTP, one by one: bodies, headers, and clients that stop in the middle."""

import base64
import gzip
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from gistd.server import THREADS
from tests.harness import DEADLINE, Client, Git, Server, wait_until
from tests.transport.wire import (
    DELIMITER,
    FLUSH,
    NOTHING,
    RECEIVE,
    UPLOAD,
    Remote,
    band,
    fetch_request,
    gives,
    line,
    pack,
    packed,
)

SMALL_BUFFER = ("-c", "http.postBuffer=65536")
"""Above it, and it cannot be smaller, git probes with an empty request and sends the real one in chunks."""


@pytest.fixture
def gist(alice: Client) -> dict:
    return alice.create()


@pytest.fixture
def big(alice: Client) -> dict:
    """A gist that does not fit into the buffers between a server and a client that does not read."""
    noise = base64.b85encode(os.urandom(7_000_000)).decode()
    return alice.create({"noise.txt": noise})


def head_of(gist: dict) -> str:
    return gist["commits"][0]["version"]


def unrelated_commits(git: Git, number: int) -> Path:
    """A repository of so many commits that the server does not have."""
    clone = git.home / "unrelated"
    git("init", "-q", clone)
    stream = "".join(
        f"commit refs/heads/mine\ncommitter Pat <pat@example.org> {1_600_000_000 + n} +0000\ndata 1\nx\n"
        for n in range(number)
    )
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, input=stream.encode(), cwd=clone, env=git.environment, check=True)
    return clone


def test_t03_the_probe_before_a_large_body(alice: Client, nobody: Client, gist: dict) -> None:
    for service in (UPLOAD, RECEIVE):
        for version in (0, 1, 2):
            answer = Remote(alice, gist["clone_url"]).post(service, FLUSH, version)
            assert (answer.status_code, answer.content) == (200, b""), (service, version)
    assert Remote(nobody, gist["clone_url"]).post(RECEIVE, FLUSH).status_code == 401
    private = alice.create(visibility="private")
    assert Remote(nobody, private["clone_url"]).post(UPLOAD, FLUSH).status_code == 401


def test_t03_a_push_in_chunks(alice: Client, git: Git, gist: dict) -> None:
    clone = git.clone(alice.clone_url(gist))
    noise = os.urandom(3_000_000)
    git.commit(clone, {"noise.bin": noise})
    git(*SMALL_BUFFER, "push", "-q", cwd=clone)
    assert alice.get(f"/alice/{gist['id']}/raw/HEAD/noise.bin").content == noise


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize(
    ("options", "header"), [((), "Content-Encoding: gzip"), (SMALL_BUFFER, "Transfer-Encoding: chunked")]
)
def test_t04_a_fetch_that_asks_at_length(
    git: Git, gist: dict, version: int, options: tuple[str, ...], header: str
) -> None:
    """git compresses a request beyond a kilobyte; one beyond its buffer it sends in chunks, after a probe."""
    clone = unrelated_commits(git, 300)
    command = ("-c", f"protocol.version={version}", *options, "fetch", gist["clone_url"], "main")
    done = git.try_(*command, cwd=clone, GIT_TRACE_CURL="1", GIT_TRACE_CURL_NO_DATA="1")
    assert done.returncode == 0 and f"Send header: {header}" in done.stderr, done.stderr[-2000:]
    assert git("rev-parse", "FETCH_HEAD", cwd=clone).strip() == head_of(gist)


def test_t04_a_compressed_request_is_limited_by_what_it_unpacks_to(nobody: Client, gist: dict) -> None:
    remote = Remote(nobody, gist["clone_url"])
    body = fetch_request(2, [head_of(gist)])
    for encoding in ("gzip", "x-gzip"):
        assert gives(remote.post(UPLOAD, gzip.compress(body), 2, Content_Encoding=encoding))
    bomb = gzip.compress(b"0" * 100_000_000, 1)
    for version in (0, 2):
        for broken in (b"x", gzip.compress(body)[:-9], b"\x1f\x8b" + os.urandom(100)):
            assert remote.post(UPLOAD, broken, version, Content_Encoding="gzip").status_code == 422
        for large in ({"body": bomb, "Content_Encoding": "gzip"}, {"body": b"0" * 3_000_000}):
            assert remote.post(UPLOAD, version=version, Connection="close", **large).status_code == 413


def test_t05_a_body_in_chunks_is_a_body(alice: Client, git: Git, gist: dict) -> None:
    remote = Remote(alice, gist["clone_url"])

    def in_chunks(body: bytes) -> Iterator[bytes]:
        return (body[at : at + 7] for at in range(0, len(body), 7))

    for version in (0, 2):
        body = fetch_request(version, [head_of(gist)])
        answer = remote.post(UPLOAD, in_chunks(body), version)
        assert gives(answer) and band(1, answer.content) == band(1, remote.post(UPLOAD, body, version).content)
    clone = git.clone(gist["clone_url"])
    new = git.commit(clone, {"new.txt": "new"})
    push = line(f"{head_of(gist)} {new} refs/heads/main\0report-status") + FLUSH
    push += packed(git, clone, "HEAD", f"^{head_of(gist)}")
    assert b"ok refs/heads/main" in remote.post(RECEIVE, in_chunks(push)).content


class Raw:
    """A request at the level of bytes."""

    def __init__(self, url: str, service: str, body_length: int, *headers: str, buffer: int | None = None) -> None:
        match = re.fullmatch(r"http://([^:/]+):(\d+)(/.*)", url)
        assert match
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(DEADLINE * 2)
        self.socket.connect((match[1], int(match[2])))
        self.head = "\r\n".join(
            [
                f"POST {match[3]}/{service} HTTP/1.1",
                "Host: x",
                f"Content-Type: application/x-{service}-request",
                f"Content-Length: {body_length}",
                "Connection: close",
                *headers,
                "\r\n",
            ]
        ).encode()

    def read(self, piece: int = 65536) -> bytes:
        """All there is until the server closes."""
        return b"".join(iter(lambda: self.socket.recv(piece), b""))

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def test_t06_a_client_that_waits_for_100_continue(alice: Client, git: Git, gist: dict) -> None:
    body = fetch_request(2, [head_of(gist)])
    with Raw(gist["clone_url"], UPLOAD, len(body), "Expect: 100-continue", "Git-Protocol: version=2") as raw:
        raw.socket.sendall(raw.head)
        assert raw.socket.recv(1000).startswith(b"HTTP/1.1 100 ")
        raw.socket.sendall(body)
        assert b"PACK" in raw.read()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"noise.bin": os.urandom(1_000_000)})
    git(*SMALL_BUFFER, "-c", "http.extraHeader=Expect: 100-continue", "push", "-q", cwd=clone)
    assert "noise.bin" in alice.read(gist["id"])["files"]


@pytest.mark.parametrize(
    "garbage",
    [b"+00f", b"0x0f", b" 00f", b"00_f", b"-001", b"0003", b"000g", b"\xff\xff\xff\xff", b"0032want x", b"12", b"fff0x",
     b"000ewant nonsense", b"0032want " + b"g" * 40 + b"\n"],
)  # fmt: skip
def test_t14_what_is_no_packet_is_refused(alice: Client, gist: dict, garbage: bytes) -> None:
    remote = Remote(alice, gist["clone_url"])
    assert remote.post(UPLOAD, garbage + b"0000").status_code == 422
    assert remote.post(UPLOAD, line(f"want {head_of(gist)}\n") + garbage + b"0000").status_code == 422
    assert remote.post(UPLOAD, garbage + b"0000", 2).status_code == 422
    assert remote.post(UPLOAD, line("command=fetch\n") + DELIMITER + garbage + b"0000", 2).status_code == 422
    assert remote.post(RECEIVE, garbage + b"0000").status_code == 422
    command = line(f"{head_of(gist)} {NOTHING} refs/heads/main\0report-status")
    assert remote.post(RECEIVE, command + garbage + b"0000").status_code == 422


@pytest.mark.parametrize("body", [b"0001", b"0002", b"00010000", b"0000" * 3, line("agent=x"), line("nonsense") + FLUSH,
                                  line("command=fetch"), line("command=ls-refs") + b"0001" * 2 + FLUSH])  # fmt: skip
def test_t14_packets_in_an_order_that_is_none(nobody: Client, gist: dict, body: bytes) -> None:
    for version in (0, 1, 2):
        assert Remote(nobody, gist["clone_url"]).post(UPLOAD, body, version).status_code in (200, 422)


@pytest.mark.parametrize("stuck", ["in its headers", "in its body", "reading"])
def test_t15_clients_that_stop_do_not_freeze_the_server(
    own_server: Callable[..., Server], git: Git, stuck: str
) -> None:
    """As many as have frozen other servers for a minute."""
    server = own_server().start()
    alice = server.user("alice")
    gist = alice.create({"noise.txt": os.urandom(4_500_000).hex()})
    body = fetch_request(0, [head_of(gist)])
    with ExitStack() as stack:
        for _ in range(24):
            raw = stack.enter_context(Raw(gist["clone_url"], UPLOAD, len(body), buffer=4096))
            sent = {"in its headers": raw.head[:-20], "in its body": raw.head + body[:20], "reading": raw.head + body}
            raw.socket.sendall(sent[stuck])
        assert gives(Remote(server.nobody, gist["clone_url"]).fetch(head_of(gist), depth=1))
        assert server.nobody.get("/-/health").status_code == 200


def git_processes(repository: Path) -> list[int]:
    """Everything that runs because of this repository: a git child is told its path in the environment."""

    def mentions(process: Path) -> bool:
        try:
            return str(repository).encode() in (process / "environ").read_bytes()
        except OSError:  # it has just ended
            return False

    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if mentions(process)]


@pytest.mark.parametrize("version", [0, 2])
def test_t16_a_client_that_goes_away_leaves_no_git_behind(server: Server, big: dict, git: Git, version: int) -> None:
    repository = server.repository(big["id"])
    body = fetch_request(version, [head_of(big)], depth=1)
    headers = [f"Git-Protocol: version={version}"]
    with Raw(big["clone_url"], UPLOAD, len(body), *headers, buffer=4096) as raw:
        raw.socket.sendall(raw.head + body)
        assert raw.socket.recv(1000).startswith(b"HTTP/1.1 200")
        assert git_processes(repository)
    wait_until(lambda: not git_processes(repository), "no git works for a client that has left")
    git.clone(big["clone_url"])
    assert not git_processes(repository)


@pytest.mark.parametrize("version", [0, 2])
def test_t31_a_slow_reader_gets_everything(nobody: Client, big: dict, version: int) -> None:
    body = fetch_request(version, [head_of(big)])
    quick = Remote(nobody, big["clone_url"]).post(UPLOAD, body, version)
    with Raw(big["clone_url"], UPLOAD, len(body), f"Git-Protocol: version={version}", buffer=65536) as raw:
        raw.socket.sendall(raw.head + body)
        answer = raw.read(1000)
    content = _without_chunks(answer)
    assert gives(quick) and band(1, content) == band(1, quick.content)


def _without_chunks(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    pieces, at = [], 0
    while size := int(body[at : (end := body.index(b"\r\n", at))], 16):
        pieces.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("method", "path", "type", "encoding", "status"),
    [
        ("GET", "/info/refs", None, None, 403),
        ("GET", "/info/refs?service=", None, None, 403),
        ("GET", "/info/refs?service=git-upload-archive", None, None, 403),
        ("GET", "/info/refs?service=upload-pack", None, None, 403),
        ("GET", "/HEAD", None, None, 404),
        ("GET", "/config", None, None, 404),
        ("GET", "/objects/info/packs", None, None, 404),
        ("GET", "/git-upload-pack", None, None, 405),
        ("GET", "/git-receive-pack", None, None, 405),
        ("POST", "/info/refs?service=git-upload-pack", "upload-pack-request", None, 405),
        ("POST", "/git-upload-archive", "upload-archive-request", None, 404),
        ("POST", "/git-upload-pack", None, None, 415),
        ("POST", "/git-upload-pack", "receive-pack-request", None, 415),
        ("POST", "/git-upload-pack", "upload-pack-request", "br", 415),
        ("POST", "/git-upload-pack", "upload-pack-request", "gzip, gzip", 415),
        ("POST", "/git-upload-pack", "upload-pack-request", "identity", 200),
        ("POST", "/git-receive-pack", None, None, 415),
        ("POST", "/git-receive-pack", "upload-pack-request", None, 415),
        ("POST", "/git-receive-pack?service=git-upload-pack", "upload-pack-request", None, 415),
        ("POST", "/git-receive-pack", "receive-pack-request", "br", 415),
        ("POST", "/git-receive-pack", "receive-pack-request", None, 200),
    ],
)
def test_t32_what_git_would_not_send(
    alice: Client, gist: dict, method: str, path: str, type: str | None, encoding: str | None, status: int
) -> None:
    headers = {"Content-Type": f"application/x-git-{type}"} if type else {}
    headers |= {"Content-Encoding": encoding} if encoding else {}
    data = FLUSH if method == "POST" else None
    auth = (alice.name, alice.token)
    answer = alice.request(method, gist["clone_url"] + path, data=data, headers=headers, auth=auth)
    assert answer.status_code == status, answer.text


def test_t32_a_form_of_another_site_pushes_nothing(alice: Client, gist: dict) -> None:
    """A browser sends the session's cookie along, and of content types only those that forms have."""
    command = line(f"{head_of(gist)} {'1' * 40} refs/heads/main\0report-status") + FLUSH + pack()
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = Remote(alice, gist["clone_url"]).post(RECEIVE, command, Content_Type=type)
        assert answer.status_code == 415


def test_t34_no_answer_is_kept_by_a_cache(alice: Client, bob: Client, nobody: Client, gist: dict) -> None:
    private = alice.create(visibility="private")
    answers: list[requests.Response] = []
    for client in (alice, bob, nobody):
        for url in (gist["clone_url"], private["clone_url"]):
            remote = Remote(client, url)
            answers += [remote.refs(service, version) for service in (UPLOAD, RECEIVE) for version in (0, 1, 2)]
            answers += [remote.fetch(head_of(gist), version=version) for version in (0, 2)]
            answers += [remote.post(RECEIVE, FLUSH), remote.post(UPLOAD, b"nonsense")]
    assert {answer.status_code for answer in answers} == {200, 401, 403, 404, 422}
    for answer in answers:
        assert "no-cache" in answer.headers["Cache-Control"] and answer.headers["Pragma"] == "no-cache"
        assert answer.headers["Expires"] == "Fri, 01 Jan 1980 00:00:00 GMT"


ASK = b"GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n"


def test_clients_that_ask_on_and_on_leave_room_for_others(own_server: Callable[..., Server]) -> None:
    """As many as there are threads, each with the next request there already: they kept everybody else out."""
    server = own_server().start("--workers", "1")
    host, port = server.url.removeprefix("http://").split(":")
    stop = threading.Event()

    def ask() -> None:
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(ASK * 50)
            while not stop.is_set():
                client.sendall(ASK * max(1, client.recv(65536).count(b"HTTP/1.1 200")))

    askers = [threading.Thread(target=ask) for _ in range(THREADS)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(3):
            assert requests.get(f"{server.url}/-/health", timeout=20).status_code == 200
    finally:
        stop.set()
        for asker in askers:
            asker.join()


def test_clients_that_do_not_hang_up_cost_the_others_little(own_server: Callable[..., Server]) -> None:
    """Each of them held up the whole worker for two seconds."""
    server = own_server().start("--workers", "1")
    host, port = server.url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=DEADLINE)) for _ in range(40)
        ]
        for client in clients:
            client.sendall(ASK.replace(b"x\r\n", b"x\r\nConnection: close\r\n"))
        assert requests.get(f"{server.url}/-/health", timeout=DEADLINE).status_code == 200
