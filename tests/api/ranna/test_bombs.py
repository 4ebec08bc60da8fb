"""What would cost much more than was sent is refused, in bounded memory."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.ranna.client import Snipper, outcome
from tests.harness import Server
from tests.transport.watch import Memory

MIB = 1024 * 1024
SMALL, LARGE = 64 * MIB, 160 * MIB
UNFIT = (400, "One or more validation errors occurred.")


def body(**fields: Any) -> bytes:
    return json.dumps({"language": "go", "code": "x", **fields}).encode()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Snipper, Memory]]:
    server = Server(tmp_path_factory.mktemp("bombs")).start("--workers", "1")
    nobody = Snipper(server)
    nobody.snippet()  # what comes but once
    yield nobody, Memory(server)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


ROWS: list[tuple[str, Any, tuple[int, str], int]] = [
    ("deep", lambda: b'{"code":' * 100_000, UNFIT, SMALL),
    ("deep where nobody looks", lambda: b'{"debug":' + b"[" * 40_000 + b"]" * 40_000 + b"}", UNFIT, SMALL),
    ("deeper", lambda: b"[" * 10_000_000, UNFIT, SMALL),
    ("a million members", lambda: b'{"a":1' + b',"b":1' * 1_000_000 + b"}", UNFIT, SMALL),
    ("a language of a megabyte", lambda: body(language="x" * MIB), UNFIT, SMALL),
    ("a display name of a megabyte", lambda: body(displayname="x" * MIB), UNFIT, SMALL),
    ("code of 20 MiB", lambda: body(code="x" * 20 * MIB), UNFIT, LARGE),
    ("29 MB of escapes", lambda: b'{"code":"' + b"\\u0000" * 4_800_000 + b'"}', UNFIT, LARGE),
    ("a body of 30 MB and a byte", lambda: bytes(30_000_001), (413, "Request Entity Too Large"), LARGE),
    ("a body of 65 MiB", lambda: bytes(65 * MIB), (413, "Request Entity Too Large"), LARGE),
]


@pytest.mark.parametrize(("make", "expected", "most"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_refused(watched: tuple[Snipper, Memory], make: Any, expected: Any, most: int) -> None:
    nobody, memory = watched
    sent = make()
    with memory:
        answer = nobody.send("POST", "/snippets", data=sent, headers={"Content-Type": "application/json"})
    assert outcome(answer) == expected
    assert memory.added < most, f"{memory.added / MIB:.1f} MiB for {len(sent) / MIB:.1f}"


def test_a_body_where_none_is_wanted(watched: tuple[Snipper, Memory]) -> None:
    nobody, memory = watched
    with memory:
        answer = nobody.send("PUT", "/users/anna", data=bytes(20 * MIB))
    assert answer.status_code == 200
    assert memory.added < LARGE
