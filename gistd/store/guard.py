"""The tree guard: what a push brings is looked at, every new tree of every new commit, before it counts.

git's own checks (fsckObjects) let through symbolic links, submodules, names with newlines or `..\\\\`, trees
20,000 levels deep and sizes without a bound; see rules.py for what a gist may hold. What git's checks do not let
through (git-fsck(1), all of its messages that are errors under --strict) does not pass here either.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from gistd.errors import Invalid, TooLarge

from .objects import EXECUTABLE, REGULAR
from .repository import Repository
from .rules import (
    ATTRIBUTES,
    MAX_FOLDERS,
    PushLimits,
    check_component,
    check_content,
    folded,
    needs_reading,
    shown,
)
from .unpack import Unpacked

_IDENT = rb"[^<>\n\0]* <[^<>\n\0]*> (?:0|[1-9]\d{0,17}) [+-]\d{4}"
_COMMIT = re.compile(
    rb"tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author %b\ncommitter %b\n" % (_IDENT, _IDENT)
    + rb"(?:[^\n\0]+\n)*(?:\n[^\0]*)?"  # more headers, of whatever name, and the message
)
_PARENT = re.compile(rb"parent ([0-9a-f]{40})")
_REMEMBERED = 50_000
_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"
_FILES = (b"%o" % REGULAR, b"%o" % EXECUTABLE)


class _Survey(NamedTuple):
    """What a tree holds, folders included."""

    files: int
    size: int
    depth: int


class TreeGuard:
    """Checks a pack, and the commits that it adds to a gist's branch.

    `repository` None stands for one without a revision, `pack` None for one without objects.
    """

    def __init__(self, repository: Repository | None, pack: Unpacked | None, limits: PushLimits) -> None:
        self._repository = repository
        self._look_here = lru_cache(_REMEMBERED)(repository.look if repository else lambda id: None)
        self._pack = pack
        self._brought = pack.objects if pack else {}
        self._limits = limits
        self._used: set[str] = set()
        self._surveys: dict[str, _Survey] = {}
        self._names: dict[bytes, tuple[str, str]] = {}
        self._read_already: set[str] = set()

    def check(self, tip: str) -> None:
        """Raise Invalid or TooLarge, with words for the pusher, if anything must not come in."""
        trees = self._trees(tip)
        for tree in trees:
            self._check_revision(self._survey(tree, "", 0), is_tip=tree == trees[0])
        if len(self._used) < len(self._brought):
            raise Invalid("the pack brings objects that the branch does not lead to")

    def _trees(self, tip: str) -> list[str]:
        """The tree of the tip, and those of the commits behind it that the pack brings."""
        trees: list[str] = []
        todo, seen = [tip], {tip}
        while todo:
            commit = todo.pop()
            if commit not in self._brought:
                if self._repository is None or not self._repository.reaches(commit):
                    raise Invalid(f"the push is incomplete: commit {commit[:10]} is missing")
                if commit != tip:
                    continue
            elif len(trees) >= self._limits.commits:
                raise TooLarge(f"a push brings at most {self._limits.commits} new commits")
            tree, parents = self._commit(commit)
            trees.append(tree)
            if commit in self._brought:
                new = dict.fromkeys(parent for parent in parents if parent not in seen)
                todo += new
                seen.update(new)
        return trees

    def _commit(self, id: str) -> tuple[str, list[str]]:
        content = self._read(id, b"commit", self._limits.commit_bytes)
        match = _COMMIT.fullmatch(content)
        if match is None:
            raise Invalid(f"commit {id[:10]} is malformed; `git fsck --strict` says how")
        return match[1].decode(), [parent.decode() for parent in _PARENT.findall(match[2])]

    def _look(self, id: str, kind: bytes, what: str) -> int:
        """The size of an object of that kind, brought or here already."""
        if entry := self._brought.get(id):
            self._used.add(id)
            found: tuple[bytes, int] | None = (entry.kind, entry.size)
        else:
            found = self._look_here(id)
        if found is None:
            raise Invalid(f"the push is incomplete: {what} is missing")
        if found[0] != kind:
            raise Invalid(f"{what} is not a {kind.decode()}")
        return found[1]

    def _read(self, id: str, kind: bytes, most: int, what: str = "") -> bytes:
        what = what or f"{kind.decode()} {id[:10]}"
        if self._look(id, kind, what) > most:
            raise TooLarge(f"{what} is larger than {most} bytes")
        if self._pack and id in self._brought:
            return self._pack.content(id)
        assert self._repository
        return self._repository.content(id)

    def _check_revision(self, survey: _Survey, is_tip: bool) -> None:
        if is_tip and not survey.files:
            raise Invalid("a gist needs at least one file")
        limits = self._limits.revision
        if survey.files > limits.files:
            raise TooLarge(f"a gist holds at most {limits.files} files")
        if survey.size > limits.gist_bytes:
            raise TooLarge(f"the files are together larger than {limits.gist_bytes} bytes")
        if survey.depth > MAX_FOLDERS:
            raise Invalid(f"more than {MAX_FOLDERS} folders deep")

    def _survey(self, tree: str, folder: str, level: int) -> _Survey:
        if level > MAX_FOLDERS:
            raise Invalid(f"folder {shown(folder)}: more than {MAX_FOLDERS} folders deep")
        if tree not in self._surveys:
            self._surveys[tree] = self._count(tree, folder, level)
        if folder and not self._surveys[tree].files:
            raise Invalid(f"folder {shown(folder)}: it is empty")
        return self._surveys[tree]

    def _count(self, tree: str, folder: str, level: int) -> _Survey:
        files = size = depth = 0
        names: set[str] = set()
        last = b""
        content = self._read(tree, b"tree", self._limits.tree_bytes, f"folder {shown(folder)}" if folder else "")
        for mode, raw_name, id in parse_tree(content):
            name, key = self._name(raw_name, folder)
            path = folder + name
            order = raw_name + b"/" if mode == _FOLDER else raw_name  # git sorts a folder as if it ended in a slash
            if order <= last:
                raise Invalid(f"malformed tree: {shown(path)} is not where it should be")
            last = order
            if key in names:
                raise Invalid(f"file name {shown(path)}: another one differs only in case or Unicode form")
            names.add(key)
            if len(names) > self._limits.revision.files:
                raise TooLarge(f"a gist holds at most {self._limits.revision.files} files")
            if mode == _FOLDER:
                below = self._folder(raw_name, id, path, level)
                files, size, depth = files + below.files, size + below.size, max(depth, below.depth + 1)
            else:
                files, size = files + 1, size + self._file_size(mode, id, path)
        return _Survey(files, size, depth)

    def _folder(self, raw_name: bytes, id: str, path: str, level: int) -> _Survey:
        if raw_name == ATTRIBUTES.encode():
            raise Invalid(f"folder {shown(path)}: only a file may have that name")
        return self._survey(id, path + "/", level + 1)

    def _name(self, raw: bytes, folder: str) -> tuple[str, str]:
        """A name, and the form in which it must be the only one of its folder; each name is looked at once."""
        if raw not in self._names:
            try:
                name = raw.decode()
            except UnicodeDecodeError:
                raise Invalid(f"file name {shown(folder + ascii(raw))}: not UTF-8") from None
            check_component(name, folder + name)
            if "/" in name:
                raise Invalid(f"file name {shown(folder + name)}: a slash inside a name")
            if len(self._names) >= self._limits.names:
                raise TooLarge(f"a push brings at most {self._limits.names} different names of files")
            self._names[raw] = name, folded(name)
        return self._names[raw]

    def _file_size(self, mode: bytes, id: str, path: str) -> int:
        if mode == _LINK:
            raise Invalid(f"symbolic links are not allowed: {shown(path)}")
        if mode == _SUBMODULE:
            raise Invalid(f"submodules are not allowed: {shown(path)}")
        if mode not in _FILES:
            raise Invalid(f"file {shown(path)} has a mode that is not allowed")
        size = self._look(id, b"blob", f"file {shown(path)}")
        most = self._limits.revision.file_bytes
        if size > most:
            raise TooLarge(f"file {shown(path)} is larger than {most} bytes")
        if needs_reading(path) and id not in self._read_already:
            check_content(path, self._read(id, b"blob", most))
            self._read_already.add(id)
        return size


def parse_tree(content: bytes) -> list[tuple[bytes, bytes, str]]:
    """(mode, name, id) of each entry of a tree, as written. Invalid when it is malformed."""
    entries, at = [], 0
    while at < len(content):
        space = content.find(b" ", at, at + 8)
        end = content.find(b"\0", space + 1)
        if space < 0 or end < 0 or end + 21 > len(content):
            raise Invalid("malformed tree")
        entries.append((content[at:space], content[space + 1 : end], content[end + 1 : end + 21].hex()))
        at = end + 21
    return entries
