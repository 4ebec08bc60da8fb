"""Taking a push: read its commands, unpack it where nobody looks, check it, and only then let it count.

The pack goes into a quarantine directory, by `git index-pack --strict`; the guard looks at the trees; then,
under the gist's lock, the pack moves into the repository and the branch is set as by any other writer. No
hook runs, and nothing of a refused push stays.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gistd.errors import Conflict, Invalid, TooLarge

from . import disk, pkt, process
from .guard import TreeGuard
from .repository import Repository
from .rules import Limits

NOTHING = "0" * 40
MAX_COMMANDS = 16
CAPABILITIES = b"report-status delete-refs side-band-64k quiet ofs-delta object-format=sha1 agent=git/gistd"
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (\S{1,255})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_CHUNK = 65536


@dataclass(frozen=True)
class Command:
    """One ref to move; `old` or `new` is NOTHING when it is made or deleted."""

    old: str
    new: str
    ref: str


def advertise(repository: Repository) -> bytes:
    """The answer to GET info/refs?service=git-receive-pack. It is always in protocol version 0."""
    offered = [(id, name) for name, id in repository.refs()] or [(NOTHING, "capabilities^{}")]
    lines = [f"{id} {name}".encode() for id, name in offered]
    lines[0] += b"\0" + CAPABILITIES
    service = pkt.line(b"# service=git-receive-pack\n") + pkt.FLUSH
    return service + b"".join(pkt.line(line + b"\n") for line in lines) + pkt.FLUSH


class Push:
    """A push as it comes in: `check`, then `accept` under the lock, then `report`."""

    def __init__(self, source: pkt.Reader) -> None:
        """Read the commands; the pack stays in the source. Raises Invalid when they are malformed.

        No commands at all is curl's probe before a large body, to be answered with nothing.
        """
        self._source = source
        self.commands: list[Command] = []
        self.capabilities: set[bytes] = set()
        for line in pkt.read_section(source):
            self._read_command(line)

    def _read_command(self, line: bytes) -> None:
        if not self.commands and b"\0" in line:
            line, _, capabilities = line.partition(b"\0")
            self.capabilities = set(capabilities.split())
        if line.startswith(b"shallow "):  # the pusher's clone is shallow; what we hold decides (T24)
            return
        match = _COMMAND.fullmatch(line)
        if match is None or len(self.commands) == MAX_COMMANDS:
            raise Invalid("malformed git request: bad command, or too many of them")
        old, new, ref = match.groups()
        self.commands.append(Command(old.decode(), new.decode(), ref.decode(errors="replace")))

    def check(self, repository: Repository, quarantine: Path, limits: Limits, max_bytes: int, max_commits: int) -> None:
        """Take the pack in and look at it; raises Invalid, TooLarge or Conflict with words for the pusher."""
        problem = self._problem(repository)
        self._unpack(repository, quarantine, max_bytes, keep=problem is None)
        if problem:
            raise problem
        TreeGuard(repository, quarantine, limits, max_commits).check(self.commands[0].new)

    def _problem(self, repository: Repository) -> Invalid | Conflict | None:
        ref = repository.ref
        if len(self.commands) != 1 or self.commands[0].ref != ref:
            return Invalid(f"a gist has one branch; push to {ref.removeprefix('refs/heads/')}")
        if self.commands[0].new == NOTHING:
            return Invalid("the branch of a gist cannot be deleted")
        return None

    def _unpack(self, repository: Repository, quarantine: Path, max_bytes: int, keep: bool) -> None:
        head = self._source.read(12)
        if not head:
            return  # only deletions come without a pack
        if len(head) != 12 or head[:4] != b"PACK":
            raise Invalid("malformed git request: not a pack")
        chunks = self._chunks(max_bytes - len(head))
        if not keep or struct.unpack(">I", head[8:])[0] == 0:
            for _ in chunks:  # read to the end: a client that is still sending would not read the answer
                pass
            return
        (quarantine / "pack").mkdir()
        code, said = process.run(
            repository.path,
            [f"--git-dir={repository.path}", "index-pack", "--stdin", "--fix-thin", "--strict"],
            chain([head], chunks),
            {
                "GIT_OBJECT_DIRECTORY": str(quarantine),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(repository.path / "objects"),
            },
        )
        for _ in chunks:  # the end that git did not want to see any more
            pass
        if code != 0:
            words = said.decode(errors="replace").strip().splitlines()
            raise Invalid(f"git does not accept the pack: {words[-1] if words else 'it gave up'}")

    def _chunks(self, allowed: int) -> Iterator[bytes]:
        while chunk := self._source.read(_CHUNK):
            allowed -= len(chunk)
            if allowed < 0:
                while self._source.read(_CHUNK):  # to the end: who is still sending would not read the answer
                    pass
                raise TooLarge("the push is too large")
            yield chunk

    def accept(self, repository: Repository, quarantine: Path) -> None:
        """Move the objects in and set the branch, all of it synced. The caller holds the lock.

        Conflict when somebody moved the branch since the pusher last looked.
        """
        command = self.commands[0]
        if (repository.head or NOTHING) != command.old:
            raise Conflict("the gist was changed in the meantime; fetch first")
        packs = repository.packs
        # The index comes last: a pack is seen by its index.
        arrived = sorted((quarantine / "pack").glob("*"), key=lambda path: path.suffix == ".idx")
        disk.sync(*arrived)
        for path in arrived:
            path.rename(packs / path.name)
        disk.sync(packs)
        repository.move_head(repository.head, command.new)

    def report(self, problem: str | None) -> bytes:
        """The answer to the push: what became of each ref (report-status)."""
        lines = [b"unpack ok\n"]
        for command in self.commands:
            ref = command.ref.encode(errors="replace")
            lines.append(b"ok %s\n" % ref if problem is None else b"ng %s %s\n" % (ref, _one_line(problem)))
        status = b"".join(pkt.line(line) for line in lines) + pkt.FLUSH
        if b"report-status" not in self.capabilities:
            status = b""
        if b"side-band-64k" not in self.capabilities:
            return status
        return pkt.band(1, status) + pkt.FLUSH


def _quoted(path: Path) -> str:
    """A path in a list that is separated by colons, whatever is in it (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES)."""
    words = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{words}"'


def _one_line(text: str) -> bytes:
    """Words on a line of their own: a file name with a newline must not forge another status (T23)."""
    return _CONTROL.sub(b"?", text.encode(errors="replace"))[:300]
