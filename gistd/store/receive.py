"""Taking a push: read it, look at all it brings while it is in memory, and only then let it count.

There is no quarantine but memory, no hook and no process: of a refused push nothing was ever written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from gistd.errors import Conflict, Invalid, TooLarge

from . import disk, pkt
from .guard import TreeGuard
from .repository import Repository
from .rules import PushLimits
from .unpack import Unpacked

NOTHING = "0" * 40
MAX_COMMANDS = MAX_OPTIONS = 16
CAPABILITIES = (
    b"report-status delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=sha1 agent=git/gistd"
)
MAX_SHALLOW = 1000
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (\S{1,255})")
_SHALLOW = re.compile(rb"shallow [0-9a-f]{40}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BRANCHES = "refs/heads/"
_CHUNK = 65536


@dataclass(frozen=True)
class Command:
    """One ref to move; `old` or `new` is NOTHING when it is made or deleted."""

    old: str
    new: str
    ref: str


def advertise(refs: list[tuple[str, str]]) -> bytes:
    """The answer to GET info/refs?service=git-receive-pack: (name, id) of each ref. Always in protocol version 0."""
    offered = [(id, name) for name, id in refs] or [(NOTHING, "capabilities^{}")]
    lines = [f"{id} {name}".encode() for id, name in offered]
    lines[0] += b"\0" + CAPABILITIES
    service = pkt.line(b"# service=git-receive-pack\n") + pkt.FLUSH
    return service + b"".join(pkt.line(line + b"\n") for line in lines) + pkt.FLUSH


class Push:
    """A push as it comes in: `read`, `check` and `accept` under the lock (or `check` and `fill`), `report`."""

    def __init__(self, source: pkt.Reader) -> None:
        """Read the commands and options; the pack stays in the source. Raises Invalid when they are malformed.

        No commands at all is curl's probe before a large body, to be answered with nothing.
        """
        self._source = source
        self._pack: Unpacked | None = None
        self._data = bytearray()
        self.commands: list[Command] = []
        self.capabilities: set[bytes] = set()
        shallow = 0
        for line in pkt.read_section(source):
            if _SHALLOW.fullmatch(line) and shallow < MAX_SHALLOW:
                shallow += 1  # the pusher's clone is shallow; what we hold decides (T24)
            else:
                self._read_command(line)
        self.options = list(self._read_options()) if b"push-options" in self.capabilities else []

    def _read_command(self, line: bytes) -> None:
        if not self.commands and b"\0" in line:
            line, _, capabilities = line.partition(b"\0")
            self.capabilities = set(capabilities.split())
        match = _COMMAND.fullmatch(line)
        if match is None or len(self.commands) == MAX_COMMANDS:
            raise Invalid("malformed git request: bad command, or too many of them")
        if any(word.startswith(b"object-format=") and word != b"object-format=sha1" for word in self.capabilities):
            raise Invalid("gists are SHA-1 repositories")
        old, new, ref = match.groups()
        self.commands.append(Command(old.decode(), new.decode(), ref.decode(errors="replace")))

    def _read_options(self) -> Iterator[str]:
        for number, line in enumerate(pkt.read_section(self._source)):
            if number == MAX_OPTIONS:
                raise Invalid("too many push options")
            yield line.decode(errors="replace")

    @property
    def ref(self) -> str:
        """The one branch that is pushed. Raises Invalid when it is something else that is."""
        ref = self.commands[0].ref
        if len(self.commands) != 1 or not ref.startswith(_BRANCHES):
            raise Invalid("a gist has one branch and no tags; push one branch")
        if not pygit2.reference_is_valid_name(ref) or "\ufffd" in ref or ref == f"{_BRANCHES}HEAD":
            raise Invalid("that is no name for a branch")
        return ref

    def read(self, limits: PushLimits) -> None:
        """Take in the pack; TooLarge when it is too large. It is read to its end in any case: who is still sending
        would not read the answer."""
        while chunk := self._source.read(_CHUNK):
            if len(self._data) + len(chunk) <= limits.pack_bytes:
                self._data += chunk
            else:
                while self._source.read(_CHUNK):
                    pass
                self._data = bytearray()
                raise TooLarge(f"the push is larger than {limits.pack_bytes} bytes")

    def check(self, repository: Repository | None, limits: PushLimits) -> None:
        """Look at all that was read; raises Invalid, TooLarge or Conflict with words for the pusher.

        The repository is the one to push to, None if it is about to be made.
        """
        command = self.commands[0]
        ref = self.ref if repository is None else repository.ref
        if len(self.commands) > 1 or command.ref != ref:
            raise Invalid(f"a gist has one branch and no tags; push only to {ref.removeprefix(_BRANCHES)}")
        if command.new == NOTHING:
            raise Invalid("the branch of a gist cannot be deleted")
        # A pusher who did not get the answer sends it all again, and the branch is there already.
        if ((repository and repository.head) or NOTHING) not in (command.old, command.new):
            raise Conflict("the gist was changed in the meantime; fetch first")
        if self._data:
            self._pack = Unpacked(self._data, limits, repository.find if repository else lambda id: None)
        TreeGuard(repository, self._pack, limits).check(command.new)

    def accept(self, repository: Repository) -> None:
        """Write the pack and set the branch, all of it synced. The caller holds the lock since before `check`."""
        self.fill(repository.packs)
        disk.sync(repository.packs)
        repository.files(self.commands[0].new)  # what cannot be read must not become the newest revision
        repository.move_head(repository.head, self.commands[0].new)

    def fill(self, packs: Path) -> str:
        """Write the pack into a directory of packs; returns the id of the newest revision."""
        if self._pack is not None:
            self._pack.write(packs)
        return self.commands[0].new

    def report(self, problem: str | None, words: str = "") -> bytes:
        """The answer to the push: what became of each ref (report-status), and words for the pusher."""
        if not self.commands:
            return b""
        lines = [b"unpack ok\n"]
        for command in self.commands:
            ref = command.ref.encode(errors="replace")
            lines.append(b"ok %s\n" % ref if problem is None else b"ng %s %s\n" % (ref, _one_line(problem)))
        status = b"".join(pkt.line(line) for line in lines) + pkt.FLUSH
        if b"report-status" not in self.capabilities:
            status = b""
        if b"side-band-64k" not in self.capabilities:
            return status
        return pkt.band(2, words.encode()) + pkt.band(1, status) + pkt.FLUSH


def _one_line(text: str) -> bytes:
    """Words on a line of their own: a file name with a newline must not forge another status (T23)."""
    return _CONTROL.sub(b"?", text.encode(errors="replace"))[:300]
