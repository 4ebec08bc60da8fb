"""git's protocol without git: the requests of gitprotocol-http(5), and answers taken apart."""

import hashlib
import struct
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests

from tests.harness import Client, Git

FLUSH, DELIMITER = b"0000", b"0001"
NOTHING = "0" * 40
COMMIT, TREE, BLOB, REF_DELTA = 1, 2, 3, 7
UPLOAD, RECEIVE = "git-upload-pack", "git-receive-pack"


def line(text: bytes | str) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return b"%04x%s" % (len(data) + 4, data)


def lines(answer: bytes) -> list[bytes]:
    """The packets of an answer without their lengths and newlines; flushes and delimiters are empty."""
    found, at = [], 0
    while at < len(answer):
        size = max(int(answer[at : at + 4], 16), 4)
        found.append(answer[at + 4 : at + size].removesuffix(b"\n"))
        at += size
    return found


def band(number: int, answer: bytes) -> bytes:
    """What came on a side-band: 1 the answer, 2 words for the user."""
    at, found = 0, []
    while at < len(answer):
        size = max(int(answer[at : at + 4], 16), 4)
        if answer[at + 4 : at + 5] == bytes([number]):
            found.append(answer[at + 5 : at + size])
        at += size
    return b"".join(found)


def fetch_request(version: int, wants: Iterable[str], haves: Iterable[str] = (), depth: int = 0) -> bytes:
    """The body of a request for all that the wants reach and the haves do not."""
    asked = [f"want {id}" for id in wants]
    held = [f"have {id}\n" for id in haves]
    deepen = [f"deepen {depth}\n"] if depth else []
    if version == 2:
        head = line("command=fetch\n") + line("object-format=sha1\n") + DELIMITER
        rest = ["no-progress\n", "ofs-delta\n", *(f"{want}\n" for want in asked), *deepen, *held, "done\n"]
        return head + b"".join(map(line, rest)) + FLUSH
    asked[0] += " side-band-64k ofs-delta no-progress"
    body = b"".join(line(want + "\n") for want in asked) + b"".join(map(line, deepen)) + FLUSH
    return body + b"".join(map(line, held)) + line("done\n")


def pack(*entries: bytes) -> bytes:
    """A pack of entries made by `entry`."""
    content = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    return content + hashlib.sha1(content).digest()


def entry(kind: int, content: bytes, base: str = "", deflated: bytes | None = None) -> bytes:
    """An object in a pack; `base` is the id that a REF_DELTA is against."""
    size, header = len(content), []
    first = kind << 4 | size & 15
    size >>= 4
    while size:
        header.append(first | 128)
        first, size = size & 127, size >> 7
    return bytes([*header, first]) + bytes.fromhex(base) + (zlib.compress(content) if deflated is None else deflated)


def packed(git: Git, clone: Path, *revisions: str) -> bytes:
    """The pack that git would push for these, as `git rev-list` reads them."""
    return subprocess.run(
        ["git", "pack-objects", "--stdout", "-q", "--revs", "--thin"],
        cwd=clone,
        env=git.environment,
        input="\n".join(revisions).encode(),
        capture_output=True,
        check=True,
    ).stdout


class Remote:
    """A clone URL, spoken to without git, in somebody's name or with the (user name, secret) given."""

    def __init__(self, client: Client, url: str, credentials: tuple[str, str] | None = None) -> None:
        self.client = client
        self.url = url
        self.credentials = credentials or ((client.name, client.token) if client.name else None)

    def refs(self, service: str = UPLOAD, version: int = 0) -> requests.Response:
        """The first request of each conversation."""
        headers = {"Git-Protocol": f"version={version}"} if version else {}
        return self._request("GET", f"/info/refs?service={service}", headers=headers)

    def post(self, service: str, body: Any, version: int = 0, **headers: str) -> requests.Response:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Content-Type": f"application/x-{service}-request", **headers}
        if version:
            headers["Git-Protocol"] = f"version={version}"
        return self._request("POST", f"/{service}", data=body, headers=headers)

    def fetch(self, *wants: str, haves: Iterable[str] = (), version: int = 2, depth: int = 0) -> requests.Response:
        return self.post(UPLOAD, fetch_request(version, wants, haves, depth), version)

    def push(self, old: str, new: str, pack: bytes, ref: str = "refs/heads/main") -> list[bytes]:
        """The report on the push: "unpack ok", then a line for each ref."""
        answer = self.post(RECEIVE, line(f"{old} {new} {ref}\0report-status") + FLUSH + pack)
        assert answer.status_code == 200, answer.text
        return [status for status in lines(answer.content) if status]

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.client.request(method, self.url + path, auth=self.credentials, **options)


def gives(answer: requests.Response) -> bool:
    """Whether the answer to a fetch has a pack in it."""
    return answer.status_code == 200 and b"PACK" in answer.content
