"""Requests that are no HTTP, by hand, over real sockets: each gets an answer, or none, and no worker dies of it.

    python -m tests.attacks.sockets --requests 100000

Sound requests changed at random, in their bytes and in their lines. What is never answered is a 5xx; but a coding that
nobody knows is a 501 (RFC 9112, 6.1).
"""

import argparse
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.harness import Client, Server

from .fuzz import changed

THREADS = 8
_PATIENCE = 0.5
"""Seconds that a client waits for an answer that may not come: what was cut off is waited for."""
_WORDS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"Host: ", b"Content-Length: ", b"-1", b"+5",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity, chunked\r\n", b"Expect: 100-continue\r\n", b" ", b"\t",
    b"0\r\n\r\n", b"5\r\nabcde\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\n", b"\0", b":", b"Connection: close\r\n", b"%00", b"\x80",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01", b"GET http://x/ HTTP/1.1",
    b"Content-Encoding: gzip\r\n", b"Range: bytes=0-0\r\n", b"Cookie: gistd_session=x\r\n", b"Trailer: x\r\n", b"X: " + b"x" * 9000,
)  # fmt: skip


def examples(client: Client) -> list[bytes]:
    """Sound requests of each kind."""
    gist = client.create()
    host = client.server.url.removeprefix("http://")
    who = f"Authorization: Bearer {client.token}"
    body = '{"files": {"a": {"content": "x"}}}'
    form = "file=1&text-1=x&writer="
    chunks = f"5\r\n{body[:5]}\r\n{len(body) - 5:x}\r\n{body[5:]}\r\n0\r\n\r\n"
    page = f"/{client.name}/{gist['id']}"
    asked = [
        ("GET / HTTP/1.1", "", ""),
        (f"GET {page} HTTP/1.1", "Accept-Language: de", ""),
        (f"GET {page}/raw/HEAD/hello.py HTTP/1.1", 'If-None-Match: "x"', ""),
        ("GET /api/gists/search?q=hello HTTP/1.1", who, ""),
        (f"HEAD {page} HTTP/1.0", "Connection: keep-alive", ""),
        ("OPTIONS /api/gists HTTP/1.1", "Origin: http://x", ""),
        (f"PATCH /api/gists/{gist['id']} HTTP/1.1", f"{who}\r\nContent-Type: application/json\r\nContent-Length: 13", '{"title":"t"}'),
        ("POST /api/gists HTTP/1.1", f"Content-Type: application/json\r\nContent-Length: {len(body)}", body),
        ("POST /api/gists HTTP/1.1", "Content-Type: application/json\r\nTransfer-Encoding: chunked", chunks),
        ("POST /-/preview HTTP/1.1", f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}", form),
        (f"GET {page}.git/info/refs?service=git-upload-pack HTTP/1.1", "Git-Protocol: version=2", ""),
        (f"POST {page}.git/git-upload-pack HTTP/1.1", "Content-Type: application/x-git-upload-pack-request\r\nContent-Length: 4", "0000"),
    ]  # fmt: skip
    lines = [
        f"{first}\r\nHost: {host}\r\n{more}{chr(13) + chr(10) if more else ''}\r\n{rest}" for first, more, rest in asked
    ]
    return [line.encode() for line in lines] + ["".join(lines[:3]).encode()]


def exchange(server: Server, data: bytes, patience: float = _PATIENCE) -> bytes:
    """All that is answered to these bytes until the connection ends, or nothing more comes."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(patience)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    return answer


def statuses(answer: bytes) -> list[int]:
    """Those of all answers that came one after the other."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n(?:Server|Connection): ", answer)]


def attack(client: Client, requests: int, seed: int) -> tuple[Counter[str], list[bytes]]:
    """How many were answered how; and those that were answered with a 5xx."""
    sound = examples(client)

    def some(number: int, count: int) -> tuple[Counter[str], list[bytes]]:
        dice = random.Random(f"{seed}/{number}")
        said: Counter[str] = Counter()
        wrong = []
        for _ in range(count):
            data = _made_up(dice, sound)
            found = statuses(exchange(client.server, data))
            said[f"{found[0]}" if found else "no answer"] += 1
            if any(status >= 500 and not (status == 501 and b"ransfer" in data) for status in found):
                wrong.append(data)
        return said, wrong

    shares = [requests // THREADS + (number < requests % THREADS) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(some, range(THREADS), shares))
    return sum((said for said, _ in results), Counter()), [data for _, wrong in results for data in wrong]


def _made_up(dice: random.Random, sound: Sequence[bytes]) -> bytes:
    """A sound request with changes in its bytes, in its lines, or in both."""
    data = dice.choice(sound)
    if dice.random() < 0.4:
        lines = data.splitlines(keepends=True)
        at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        lines[at:at] = [dice.choice((lines[other], dice.choice(_WORDS) + b"\r\n"))]
        data = b"".join(lines)
    return changed(dice, [data], _WORDS) if dice.random() < 0.8 else data


def workers(server: Server) -> set[int]:
    """The processes that answer requests."""
    assert server.process is not None
    path = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return {int(word) for word in path.read_text().split()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), rate_limits="false").start()
        client, before, began = server.user("alice"), workers(server), time.monotonic()
        said, wrong = attack(client, asked.requests, asked.seed)
        died, seconds = before - workers(server), time.monotonic() - began
        server.stop()
        tracebacks = server.log.read_text(errors="replace").count("Traceback")
    print("\n".join(f"{number:9,}  {words}" for words, number in sorted(said.items())))
    print("\n".join(f"5xx: {data!r}"[:500] for data in wrong[:10]))
    print(f"{said.total():,} requests in {seconds:.0f} s: {len(wrong)} answered with a 5xx, {len(died)} workers died, "
          f"{tracebacks} tracebacks in the log")  # fmt: skip
    return len(wrong) + len(died) + tracebacks


if __name__ == "__main__":
    sys.exit(main())
