"""Serving clone and fetch. Here git itself packs, after we have checked what is asked for."""

import io
import re
from collections.abc import Iterator

from gistd.errors import Invalid, NotFound

from . import pkt, process
from .repository import Repository

_OBJECT = re.compile(rb"(want|have) ([0-9a-f]{40})(?: .*)?")
MAX_WANTS = 64


def advertise(repository: Repository, protocol: str) -> Iterator[bytes]:
    """The answer to GET info/refs?service=git-upload-pack (gitprotocol-http(5)).

    `protocol` is what the client asked for in its Git-Protocol header; all but versions 1 and 2 is version 0.
    """
    version = _version(protocol)
    if version != "version=2":
        yield pkt.line(b"# service=git-upload-pack\n") + pkt.FLUSH
    arguments = ["upload-pack", "--strict", "--stateless-rpc", "--http-backend-info-refs", str(repository.path)]
    yield from process.stream(repository.path, arguments, b"", {"GIT_PROTOCOL": version})


def serve(repository: Repository, protocol: str, request: bytes) -> Iterator[bytes]:
    """The answer to POST git-upload-pack.

    Raises NotFound before the first byte when something is wanted that the branch does not reach: git's
    protocol v2 would hand out any object by its id, also what was pushed away (T1).
    """
    request = _checked(repository, request)
    arguments = ["upload-pack", "--strict", "--stateless-rpc", "--timeout=60", str(repository.path)]
    return process.stream(repository.path, arguments, request, {"GIT_PROTOCOL": _version(protocol)})


def _version(protocol: str) -> str:
    asked = protocol.split(":")
    return next((version for version in ("version=2", "version=1") if version in asked), "version=0")


def _checked(repository: Repository, request: bytes) -> bytes:
    """The request without what would let on about objects that the branch does not reach."""
    kept, source = [], io.BytesIO(request)
    wants = set()
    while (packet := pkt.read_packet(source)) is not None:
        line = packet[4:].removesuffix(b"\n")
        match = _OBJECT.fullmatch(line)
        if match is None and line.startswith((b"want", b"have")):
            raise Invalid("malformed git request: want or have")
        if match and match[1] == b"want":
            wants.add(match[2].decode())
        if match and match[1] == b"have" and repository.hides(match[2].decode()):
            continue  # git would acknowledge that it has it
        kept.append(packet)
    if len(wants) > MAX_WANTS:
        raise Invalid("too many wants")
    for want in wants:
        if not repository.reaches(want):
            raise NotFound(f"upload-pack: not our ref {want}")
    return b"".join(kept)
