"""Protocol version 2, answered here (gitprotocol-v2(5)): what there is, and packs of gists that are small.

Everything that is not said by these few words is for git itself: see `upload`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock

from cachetools import LRUCache

from gistd.errors import Invalid, TooLarge

from . import packs, pkt
from .objects import GitObject
from .repository import Repository

CAPABILITIES = ("version 2", "agent=git/gistd", "ls-refs=unborn", "fetch=shallow", "object-format=sha1")
ADVERTISEMENT = b"".join(pkt.line(f"{words}\n".encode()) for words in CAPABILITIES) + pkt.FLUSH

MAX_COMMITS = 100
MAX_BYTES = 8 * 1024 * 1024
MAX_WANTS, MAX_HAVES = 4, 256
"""More than that git sends cheaper: it has the time to make deltas, and it streams."""

_NAMED = re.compile(r"(want|have) ([0-9a-f]{40})")
_PLAIN = {"done", "thin-pack", "no-progress", "include-tag", "ofs-delta"}


class Answers:
    """What was answered of late, such as packs, up to so many bytes in this process, by what was asked for.

    What is asked for and what is answered do not change: objects are known by their content. Whether somebody
    may ask is decided before.
    """

    def __init__(self, most_bytes: int) -> None:
        self._kept: LRUCache[bytes, bytes] = LRUCache(most_bytes, getsizeof=len)
        self._lock = Lock()

    def get(self, asked: bytes, make: Callable[[], bytes | None]) -> bytes | None:
        """The answer: the one that is kept, or what `make` makes; None if it makes none, which is not kept."""
        with self._lock:
            answer = self._kept.get(asked)
        if answer is None and (answer := make()) is not None and len(answer) <= self._kept.maxsize:
            with self._lock:
                self._kept[asked] = answer
        return answer


@dataclass
class Request:
    """A command of version 2 with its arguments."""

    command: str
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, packets: Iterable[bytes]) -> "Request | None":
        """None for no command at all, which is curl's probe before a large body. Raises Invalid."""
        head: list[str] = []
        arguments: list[str] = []
        into = head
        for packet in packets:
            if packet == pkt.DELIMITER and into is head:
                into = arguments
            elif packet == pkt.FLUSH:
                break
            elif len(packet) <= 4:
                raise Invalid("malformed git request: a packet without a line")
            else:
                into.append(packet[4:].removesuffix(b"\n").decode(errors="surrogateescape"))
        else:
            raise Invalid("malformed git request: it ends too early")
        if not head:
            return None
        for capability in head[1:]:
            if capability.startswith("object-format=") and capability != "object-format=sha1":
                raise Invalid("gists are SHA-1 repositories")
        name, _, command = head[0].partition("=")
        if name != "command":
            raise Invalid("malformed git request: no command")
        return cls(command, arguments)


def list_refs(repository: Repository, arguments: list[str]) -> bytes:
    """The answer to ls-refs: HEAD and the branch; of an empty gist the branch to come."""
    prefixes = tuple(each.removeprefix("ref-prefix ") for each in arguments if each.startswith("ref-prefix "))
    symbolic = f" symref-target:{repository.ref}" if "symrefs" in arguments else ""
    head = repository.head
    if head is None:
        lines = [("HEAD", f"unborn HEAD{symbolic}")] if "unborn" in arguments else []
    else:
        lines = [("HEAD", f"{head} HEAD{symbolic}"), (repository.ref, f"{head} {repository.ref}")]
    wanted = [line for name, line in lines if not prefixes or name.startswith(prefixes)]
    return b"".join(pkt.line(f"{line}\n".encode()) for line in wanted) + pkt.FLUSH


def fetch(repository: Repository, arguments: list[str], answers: Answers) -> bytes | None:
    """The answer to fetch, whose wants are checked already; None when it is for git to give it."""
    named: dict[str, set[str]] = {"want": set(), "have": set()}
    flags = set()
    for argument in arguments:
        if match := _NAMED.fullmatch(argument):
            named[match[1]].add(match[2])
        elif argument in _PLAIN:
            flags.add(argument)
        else:
            return None
    wants, haves = sorted(named["want"]), named["have"]
    if not wants or len(wants) > MAX_WANTS or len(haves) > MAX_HAVES:
        return None
    common = sorted(have for have in haves if repository.reaches(have))
    said = b""
    if haves and "done" not in flags:
        said = _acknowledged(common)
        if not common or not all(repository.leads_to(want, common) for want in wants):
            return said + pkt.FLUSH
        said += pkt.line(b"ready\n") + pkt.DELIMITER
    asked = hashlib.sha256(" ".join([repository.path.name, *wants, "", *common]).encode()).digest()
    pack = answers.get(asked, lambda: _pack(repository, wants, common))
    return None if pack is None else said + pack


def _acknowledged(common: list[str]) -> bytes:
    lines = [f"ACK {id}\n" for id in common] or ["NAK\n"]
    return b"".join(pkt.line(line.encode()) for line in ["acknowledgments\n", *lines])


def _pack(repository: Repository, wants: list[str], common: list[str]) -> bytes | None:
    """The packfile section; None when it would be long."""
    try:
        ids = repository.objects(wants, common, MAX_COMMITS)
    except TooLarge:
        return None
    items = []
    size = 0
    for id in ids:
        found = repository.look(id)
        size += found[1] if found else 0
        if found is None or size > MAX_BYTES:
            return None
        items.append(GitObject(found[0], repository.content(id), id))
    return pkt.line(b"packfile\n") + pkt.band(1, b"".join(packs.stream(items))) + pkt.FLUSH
