"""Serving clone and fetch: what is small and asked by protocol version 2 here, the rest by git itself.

Either way it is looked at first what is asked for: git's protocol v2 would hand out any object by its id, also
one that was pushed away (T1).
"""

import io
import re
from collections.abc import Iterator

from gistd.errors import Invalid

from . import fetch, pkt, process
from .repository import Repository

_OBJECT = re.compile(rb"(want|have) ([0-9a-f]{40})(?: .*)?")
_NOBODYS = pkt.line(b"have %s\n" % (b"0" * 40))
"""Stands for what git must not know that it has: without any `have` it would take the client for a new one."""

MAX_WANTS = 64


def advertise(repository: Repository, protocol: str) -> bytes | Iterator[bytes]:
    """The answer to GET info/refs?service=git-upload-pack (gitprotocol-http(5)).

    `protocol` is what the client asked for in its Git-Protocol header; all but versions 1 and 2 is version 0.
    """
    version = _version(protocol)
    if version == "version=2":
        return fetch.ADVERTISEMENT
    return _advertised(repository, version)


def _advertised(repository: Repository, version: str) -> Iterator[bytes]:
    yield pkt.line(b"# service=git-upload-pack\n") + pkt.FLUSH
    yield from _git(repository, version, "--http-backend-info-refs", b"")


def serve(repository: Repository, protocol: str, request: bytes, answers: fetch.Answers) -> bytes | Iterator[bytes]:
    """The answer to POST git-upload-pack. Raises Invalid, before the first byte, for what is not git's."""
    packets = _packets(request)
    strangers = _unreachable(repository, packets)
    if strangers:
        return pkt.line(f"ERR upload-pack: not our ref {strangers[0]}\n".encode())
    version = _version(protocol)
    if version == "version=2":
        asked = fetch.Request.parse(packets)
        if asked is None:
            return b""
        if asked.command == "ls-refs":
            return fetch.list_refs(repository, asked.arguments)
        if asked.command != "fetch":
            raise Invalid("malformed git request: an unknown command")
        if (answer := fetch.fetch(repository, asked.arguments, answers)) is not None:
            return answer
    kept = b"".join(_NOBODYS if _tells(repository, packet) else packet for packet in packets)
    return _git(repository, version, "--timeout=60", kept)


def _git(repository: Repository, version: str, option: str, request: bytes) -> Iterator[bytes]:
    arguments = ["upload-pack", "--strict", "--stateless-rpc", option, str(repository.path)]
    # There is one branch and nothing else, unless somebody made it by hand.
    shown = {"transfer.hideRefs": "refs/", "uploadpack.hideRefs": f"!{repository.ref}"}
    return process.stream(repository.path, arguments, request, shown, {"GIT_PROTOCOL": version})


def _version(protocol: str) -> str:
    asked = protocol.split(":")
    return next((version for version in ("version=2", "version=1") if version in asked), "version=0")


def _packets(request: bytes) -> list[bytes]:
    source = io.BytesIO(request)
    packets = []
    while (packet := pkt.read_packet(source)) is not None:
        if packet[4:].startswith((b"want", b"have")) and _object(packet) is None:
            raise Invalid("malformed git request: want or have")
        packets.append(packet)
    return packets


def _object(packet: bytes) -> re.Match[bytes] | None:
    return _OBJECT.fullmatch(packet[4:].removesuffix(b"\n"))


def _unreachable(repository: Repository, packets: list[bytes]) -> list[str]:
    """What is wanted although the branch does not reach it."""
    wants = {match[2].decode() for packet in packets if (match := _object(packet)) and match[1] == b"want"}
    if len(wants) > MAX_WANTS:
        raise Invalid("too many wants")
    return sorted(want for want in wants if not repository.reaches(want))


def _tells(repository: Repository, packet: bytes) -> bool:
    """Whether git's answer to it would let on that an object is here which the branch does not reach."""
    match = _object(packet)
    return match is not None and match[1] == b"have" and repository.hides(match[2].decode())
