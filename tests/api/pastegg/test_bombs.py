"""What would unpack to gigabytes, or cost minutes, is refused at the price of what was sent."""

import base64
import gzip
import json
import lzma
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.pastegg.client import outcome
from tests.harness import Server
from tests.transport.watch import Memory

MIB = 1024 * 1024
GIB = 1024 * MIB


def gzip_bomb(unpacked: int) -> bytes:
    """A gzip of so many zeros, made of one MiB of them, over and over."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    header = gzip.compress(b"")[:10]
    return header + block * (unpacked // MIB) + b"\3\0" + bytes(4) + (unpacked % 2**32).to_bytes(4, "little")


def xz_bomb(unpacked: int) -> bytes:
    """An xz of so many zeros: chunks that begin with a new dictionary can follow each other."""
    packed = lzma.compress(bytes(64 * MIB), check=lzma.CHECK_NONE)
    begin = 12 + (packed[12] + 1) * 4
    chunks = lzma.compress(bytes(64 * MIB), format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}])
    return packed[:begin] + chunks[:-1] * (unpacked // (64 * MIB)) + b"\0"


def xz_with_dictionary(size: int) -> bytes:
    """An xz of one byte whose header asks for a dictionary of about 2 ** (12 + size / 2) bytes (xz format, 5.3.1)."""
    packed = bytearray(lzma.compress(b"x"))
    end = 12 + (packed[12] + 1) * 4
    place = packed.index(b"\x21\x01", 12) + 2
    packed[place] = size
    packed[end - 4 : end] = zlib.crc32(packed[12 : end - 4]).to_bytes(4, "little")
    return bytes(packed)


def paste(*contents: tuple[str, bytes]) -> bytes:
    files = [{"content": {"format": form, "value": base64.b64encode(value).decode()}} for form, value in contents]
    return json.dumps({"files": files}).encode()


def nested(levels: int) -> bytes:
    words = b"x" * MIB
    for _ in range(levels):
        words = base64.b64encode(words)
    return words


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Memory]]:
    server = Server(tmp_path_factory.mktemp("bombs")).start("--workers", "1")
    server.nobody.request("POST", "/api/v1/pastes", data=paste(("xz", lzma.compress(b"x"))))  # what comes but once
    yield server, Memory(server)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


SMALL, LARGE = 64 * MIB, 160 * MIB
"""What the worker may have grown by; what it once took from the system it keeps, so that the small ones come first."""


def files(content: Any, number: int) -> bytes:
    return json.dumps({"files": [{"content": content}] * number}).encode()


ROWS: list[tuple[str, Any, int]] = [
    ("1 MiB of gzip for 1 GiB", lambda: paste(("gzip", gzip_bomb(GIB))), SMALL),
    ("xz for 10 GiB", lambda: paste(("xz", xz_bomb(10 * GIB))), SMALL),
    ("twenty gzips", lambda: paste(*[("gzip", gzip_bomb(50 * MIB))] * 20), SMALL),
    ("twenty xzs", lambda: paste(*[("xz", xz_bomb(64 * MIB))] * 20), SMALL),
    ("an xz that asks for 256 MiB", lambda: paste(("xz", xz_with_dictionary(32))), SMALL),
    ("an xz that asks for 4 GiB", lambda: paste(("xz", xz_with_dictionary(40))), SMALL),
    ("a hundred of those", lambda: paste(*[("xz", xz_with_dictionary(40))] * 100), SMALL),
    ("301 files", lambda: files({"format": "text", "value": "x"}, 301), SMALL),
    ("100,000 files", lambda: files({"format": "text", "value": "x"}, 100_000), SMALL),
    ("30,000 wrong files", lambda: files(1, 30_000), SMALL),
    ("a million nothings", lambda: b'{"files":[' + b"{}," * 1_000_000 + b"{}]}", SMALL),
    ("deep", lambda: b'{"files":' * 100_000, SMALL),
    ("deep where nobody looks", lambda: b'{"debug":' + b"[" * 40_000 + b"]" * 40_000 + b"}", SMALL),
    ("deeper", lambda: b"[" * 10_000_000, SMALL),
    ("200,000 gzip members", lambda: paste(("gzip", gzip.compress(b"") * 200_000)), SMALL),
    ("10 MiB of gzip for 10 GiB", lambda: paste(("gzip", gzip_bomb(10 * GIB))), LARGE),
    ("10 MiB of xz for 70 GiB", lambda: paste(("xz", xz_bomb(70 * GIB))), LARGE),
    ("twenty that fit alone", lambda: paste(*[("gzip", gzip_bomb(9 * MIB))] * 20), LARGE),
    ("base64 of 20 MiB", lambda: paste(("base64", bytes(20 * MIB))), LARGE),
]


@pytest.mark.parametrize(("make", "most"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_refused(watched: tuple[Server, Memory], make: Any, most: int) -> None:
    server, memory = watched
    body = make()
    with memory:
        status, key = outcome(server.nobody.request("POST", "/api/v1/pastes", data=body))
    assert (status, key) in ((400, "bad_json"), (413, "bad_json"))
    assert memory.added < most, f"{memory.added / MIB:.1f} MiB for {len(body) / MIB:.1f}"


def test_nested_base64_is_unpacked_once(watched: tuple[Server, Memory]) -> None:
    server, memory = watched
    inner = nested(6)
    with memory:
        status, made = outcome(server.nobody.request("POST", "/api/v1/pastes", data=paste(("base64", inner))))
    assert status == 201
    file = f"/api/v1/pastes/{made['id']}/files/{made['files'][0]['id']}/raw"
    assert server.nobody.get(file).content == inner
    assert memory.added < LARGE


def test_a_form_of_ten_thousand_parts(watched: tuple[Server, Memory]) -> None:
    server, memory = watched
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n{}\r\n{}\r\n'
    parts = [part.format("m", "Content-Type: application/json\r\n", "{}")]
    body = "".join(parts + [part.format(number, "", "x") for number in range(10_000)]) + "--x--\r\n"
    headers = {"X-Paste": "1", "Content-Type": "multipart/form-data; boundary=x"}
    with memory:
        answer = outcome(server.nobody.request("POST", "/api/v1/pastes", data=body.encode(), headers=headers))
    assert answer == (400, "bad_multipart")
    assert memory.added < LARGE


def test_a_body_over_the_limit(watched: tuple[Server, Memory]) -> None:
    server, memory = watched
    with memory:
        answer = outcome(server.nobody.request("POST", "/api/v1/pastes", data=bytes(65 * MIB)))
    assert answer == (413, "bad_json")
    assert memory.added < LARGE
