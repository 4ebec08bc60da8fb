"""What a gist may hold: the names of files, their number and their sizes.

One rule for the APIs and for pushes. git itself is more lenient (it stores `a\\b`, newlines and names that
another file system reads as `.git`), and whoever clones a gist must not pay for that.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from gistd.errors import Invalid, TooLarge

MAX_COMPONENT_BYTES = 255
MAX_FOLDERS = 8
MAX_ENTRY_BYTES = 300
"""The most that one file takes in a tree: mode, name, id."""

MAX_ATTRIBUTES_LINE = 2047
"""git does not take a `.gitattributes` with a longer one (git-fsck(1), gitattributesLineLength)."""

ATTRIBUTES = ".gitattributes"
# HFS+ ignores these in names, so that `.g<U+200C>it` opens `.git` there.
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# NTFS's short names for .git, .gitmodules and .gitattributes, the ones it makes when those are taken included.
_SHORT_NAME = re.compile(r"git~\d+|git(mod|att)~\d+|gi[0-9a-f]{4}~\d+|(?=.{8}$)(g|gi|gi[0-9a-f]{1,4})?~\d+")
# From the beginning of a line, so that each byte is looked at once.
_LONG_LINE = re.compile(rb"(?:\A|\n)[^\n]{%d}" % (MAX_ATTRIBUTES_LINE + 1))
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Limits:
    """The most a revision may hold; sizes in bytes."""

    file_bytes: int
    gist_bytes: int
    files: int


@dataclass(frozen=True)
class PushLimits:
    """The most a push may bring; sizes in bytes.

    `unpacked_bytes` is what all of its objects come to, `memory_bytes` what unpacking may take beside the pack.
    """

    revision: Limits
    pack_bytes: int
    unpacked_bytes: int
    memory_bytes: int
    objects: int
    commits: int

    commit_bytes: int = 64 * 1024

    @property
    def names(self) -> int:
        """Different names of files and folders, in all revisions together."""
        return 100 * self.revision.files

    @property
    def tree_bytes(self) -> int:
        return MAX_ENTRY_BYTES * (self.revision.files + 1)


def check_path(path: str) -> None:
    """Raise Invalid unless `path` is a name that a gist may hold."""
    components = path.split("/")
    for component in components:
        check_component(component, path)
    check_folders(components[:-1], path)
    if len(components) - 1 > MAX_FOLDERS:
        raise Invalid(f"file name {shown(path)}: more than {MAX_FOLDERS} folders deep", path=path)


def check_component(component: str, path: str) -> None:
    """Raise Invalid unless `component` may be a part of `path`."""
    problem = _problem(component)
    if problem:
        raise Invalid(f"file name {shown(path)}: {problem}", path=path)


def check_folders(folders: Iterable[str], path: str) -> None:
    """Raise Invalid if one of the folders has a name that only a file may have."""
    if ATTRIBUTES in folders:
        raise Invalid(f"file name {shown(path)}: {ATTRIBUTES} cannot be a folder", path=path)


def check_files(files: Iterable[tuple[str, int]], limits: Limits) -> None:
    """Raise Invalid or TooLarge unless the (path, size) pairs may stand together in one revision."""
    files = list(files)
    if not files:
        raise Invalid("a gist needs at least one file")
    if len(files) > limits.files:
        raise TooLarge(f"a gist holds at most {limits.files} files, not {len(files)}")
    paths: dict[str, str] = {}
    for path, size in files:
        check_path(path)
        if size > limits.file_bytes:
            raise TooLarge(f"file {shown(path)} is larger than {limits.file_bytes} bytes", path=path)
        key = folded(path)
        if key in paths:
            raise Invalid(f"files {shown(paths[key])} and {shown(path)} have the same name", path=path)
        paths[key] = path
    if sum(size for _, size in files) > limits.gist_bytes:
        raise TooLarge(f"the files are together larger than {limits.gist_bytes} bytes")
    for key, path in paths.items():
        while "/" in key:
            key = key.rpartition("/")[0]
            if key in paths:
                raise Invalid(f"{shown(paths[key])} cannot be a file and a folder (of {shown(path)})", path=paths[key])


def folded(path: str) -> str:
    """The form in which two names are the same on a file system that ignores case and Unicode form."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _problem(component: str) -> str | None:
    if not component:
        return "a part of it is empty"
    try:
        size = len(component.encode())
    except UnicodeEncodeError:
        return "not valid Unicode"
    if size > MAX_COMPONENT_BYTES:
        return f"longer than {MAX_COMPONENT_BYTES} bytes"
    if _CONTROL.search(component):
        return "control characters are not allowed"
    if _BIDI.search(component):
        return "characters that change the direction of text are not allowed"
    if "\\" in component:
        return "a backslash is not allowed"
    if component in (".", ".."):
        return "`.` and `..` are not names"
    if component != component.strip():
        return "a space at the beginning or the end is not allowed"
    if _reads_as_git(component):
        return "reserved for git"
    return None


def _reads_as_git(component: str) -> bool:
    """Whether git, NTFS or HFS+ would take the name for `.git` or `.gitmodules`, or another for `.gitattributes`."""
    name = _HFS_IGNORED.sub("", component).casefold().split(":", 1)[0].rstrip(" .")
    if name == ATTRIBUTES:
        return component != ATTRIBUTES
    return name in ("", ".git", ".gitmodules") or _SHORT_NAME.fullmatch(name) is not None


def needs_reading(path: str) -> bool:
    """Whether git has something to say about the content of a file of that name; see `check_content`."""
    return path.rpartition("/")[2] == ATTRIBUTES


def check_content(path: str, content: bytes) -> None:
    """Raise Invalid for a content that git would not take under that name."""
    if needs_reading(path) and _LONG_LINE.search(content):
        raise Invalid(f"file {shown(path)}: a line is longer than {MAX_ATTRIBUTES_LINE} bytes", path=path)


def shown(path: str) -> str:
    """A name as it may stand in an error: short, on one line, escaped."""
    return repr(path if len(path) <= 80 else path[:77] + "…")
