"""git objects as bytes: blobs, trees and commits, and the ids that they have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import pygit2
from pygit2.enums import ObjectType

REGULAR, EXECUTABLE, FOLDER = 0o100644, 0o100755, 0o040000
KINDS = {b"commit": ObjectType.COMMIT, b"tree": ObjectType.TREE, b"blob": ObjectType.BLOB}


class GitObject(NamedTuple):
    """An object that may not be in any repository yet; `id` is 40 hex digits."""

    kind: bytes
    content: bytes
    id: str


@dataclass(frozen=True)
class File:
    """A file of a revision: where it is, the id of its bytes, how many they are."""

    path: str
    blob: str
    size: int
    mode: int = REGULAR


@dataclass(frozen=True)
class Signature:
    """Who made a commit, and when (aware, whole seconds count)."""

    name: str
    email: str
    at: datetime

    def __bytes__(self) -> bytes:
        if any(character in f"{self.name}{self.email}" for character in "<>\n\0"):
            raise ValueError("a signature must not hold <, >, a newline or NUL")  # T26: libgit2 would let it through
        zone = self.at.strftime("%z")[:5]
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} {zone}".encode()


def size_of(repository: pygit2.Repository, id: pygit2.Oid) -> int:
    """The size of a blob; 0 for one that is so damaged that it cannot be told."""
    try:
        return int(repository.odb.read_header(id)[1])
    except (KeyError, ValueError, pygit2.GitError):
        return 0


class _Nowhere(pygit2.OdbBackend):
    """Takes objects and forgets them; libgit2 names them on the way."""

    def exists_cb(self, id: pygit2.Oid) -> bool:
        return False

    def refresh_cb(self) -> None:
        pass

    def write_cb(self, id: pygit2.Oid, content: bytes, kind: int) -> None:
        pass


def named(kind: bytes, content: bytes) -> GitObject:
    """An object with its id. Raises pygit2.GitError for content that is made to collide with another's.

    It is libgit2 that hashes, and not hashlib: it refuses the known ways to make SHA-1 collide.
    """
    if kind == b"blob":
        return GitObject(kind, content, str(pygit2.hash(content)))
    odb = pygit2.Odb()
    odb.add_backend(_Nowhere(), 1)
    return GitObject(kind, content, str(odb.write(KINDS[kind], content)))


def blob(content: bytes) -> GitObject:
    return named(b"blob", content)


def blob_id(content: bytes) -> str:
    """The id that these bytes have as a file."""
    return blob(content).id


def trees(files: Iterable[File]) -> list[GitObject]:
    """The trees of a revision, folders before what holds them; the root is the last one."""
    root: dict[str, Any] = {}
    for file in files:
        *folders, name = file.path.split("/")
        folder = root
        for part in folders:
            folder = folder.setdefault(part, {})
        folder[name] = file
    made: list[GitObject] = []
    _make_tree(root, made)
    return made


def _make_tree(folder: dict[str, Any], made: list[GitObject]) -> str:
    rows = []
    for name, child in folder.items():
        raw = name.encode()
        if isinstance(child, File):
            rows.append((raw, b"%o %s\0" % (child.mode, raw) + bytes.fromhex(child.blob)))
        else:  # git sorts a folder as if its name ended in a slash
            rows.append((raw + b"/", b"40000 %s\0" % raw + bytes.fromhex(_make_tree(child, made))))
    content = b"".join(row for _, row in sorted(rows))
    made.append(named(b"tree", content))
    return made[-1].id


def commit(tree: str, parents: Sequence[str], author: Signature, message: str) -> GitObject:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    head = "\n".join(lines).encode()
    signature = bytes(author)
    return named(b"commit", b"%s\nauthor %s\ncommitter %s\n\n%s\n" % (head, signature, signature, text(message)))


def text(message: str) -> bytes:
    """A message as a commit has it."""
    return message.replace("\0", "").encode(errors="replace")
