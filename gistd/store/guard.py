"""The tree guard: what a push brings is looked at, every new tree of every new commit, before it counts.

git's own checks (fsckObjects) let through symbolic links, submodules, names with newlines or `..\\\\`, trees
20,000 levels deep and sizes without a bound; see rules.py for what a gist may hold.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pygit2
from pygit2.enums import ObjectType

from gistd.errors import Invalid, TooLarge

from .objects import EXECUTABLE, REGULAR
from .repository import Repository
from .rules import MAX_FOLDERS, Limits, check_component, folded, shown

MAX_COMMIT_BYTES = 64 * 1024
MAX_ENTRY_BYTES = 300
"""The most that one file takes in a tree: mode, name, id."""

_COMMIT = re.compile(rb"tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author ")
_PARENT = re.compile(rb"parent ([0-9a-f]{40})")
_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"
_FILES = (b"%o" % REGULAR, b"%o" % EXECUTABLE)


class _Survey(NamedTuple):
    """What a tree holds, folders included."""

    files: int
    size: int
    depth: int


class TreeGuard:
    """Checks the commits between a gist's head and a pushed one, whose objects are in the quarantine directory."""

    def __init__(self, repository: Repository, quarantine: Path, limits: Limits, max_commits: int) -> None:
        self._repository = repository
        self._objects = repository.objects_with(quarantine)
        self._limits = limits
        self._max_commits = max_commits
        self._surveys: dict[str, _Survey] = {}

    def check(self, tip: str) -> None:
        """Raise Invalid or TooLarge, with words for the pusher, if anything new must not come in."""
        try:
            trees = self._new_trees(tip)
            for tree in trees:
                self._check_revision(self._survey(tree, "", 0), is_tip=tree == trees[0])
        except (KeyError, pygit2.GitError) as error:
            raise Invalid("the push is incomplete: an object is missing") from error

    def _new_trees(self, tip: str) -> list[str]:
        """The tree of the tip, and those of the commits behind it that the branch does not reach yet."""
        trees: list[str] = []
        todo, seen = [tip], {tip}
        while todo:
            commit = todo.pop()
            if commit != tip and self._repository.reaches(commit):
                continue
            if len(trees) >= self._max_commits:
                raise TooLarge(f"a push brings at most {self._max_commits} new commits")
            tree, parents = self._read_commit(commit)
            trees.append(tree)
            todo += [parent for parent in parents if parent not in seen]
            seen.update(parents)
        return trees

    def _read_commit(self, id: str) -> tuple[str, list[str]]:
        content = self._read(id, ObjectType.COMMIT, MAX_COMMIT_BYTES, "a commit")
        match = _COMMIT.match(content)
        if match is None:
            raise Invalid("malformed commit")
        return match[1].decode(), [parent.decode() for parent in _PARENT.findall(match[2])]

    def _read(self, id: str, kind: ObjectType, most: int, what: str) -> bytes:
        """An object, after a look at how large it would be in memory."""
        found, size = self._objects.read_header(id)
        if found != kind:
            raise Invalid(f"{what} is not what it should be")
        if size > most:
            raise TooLarge(f"{what} is larger than {most} bytes")
        return self._objects.read(id)[1]

    def _check_revision(self, survey: _Survey, is_tip: bool) -> None:
        if is_tip and not survey.files:
            raise Invalid("a gist needs at least one file")
        if survey.files > self._limits.files:
            raise TooLarge(f"a gist holds at most {self._limits.files} files")
        if survey.size > self._limits.gist_bytes:
            raise TooLarge(f"the files are together larger than {self._limits.gist_bytes} bytes")
        if survey.depth > MAX_FOLDERS:
            raise Invalid(f"more than {MAX_FOLDERS} folders deep")

    def _survey(self, tree: str, folder: str, level: int) -> _Survey:
        if level > MAX_FOLDERS:
            raise Invalid(f"folder {shown(folder)}: more than {MAX_FOLDERS} folders deep")
        if tree not in self._surveys:
            self._surveys[tree] = self._look(tree, folder, level)
        return self._surveys[tree]

    def _look(self, tree: str, folder: str, level: int) -> _Survey:
        files = size = depth = 0
        names: set[str] = set()
        content = self._read(tree, ObjectType.TREE, MAX_ENTRY_BYTES * (self._limits.files + 1), "a folder")
        for mode, raw_name, id in parse_tree(content):
            path = folder + self._name(raw_name, folder)
            key = folded(path)
            if key in names:
                raise Invalid(f"file name {shown(path)}: another one differs only in case or Unicode form")
            names.add(key)
            if len(names) > self._limits.files:
                raise TooLarge(f"a gist holds at most {self._limits.files} files")
            if mode == _FOLDER:
                below = self._survey(id, path + "/", level + 1)
                files, size, depth = files + below.files, size + below.size, max(depth, below.depth + 1)
            else:
                files, size = files + 1, size + self._file_size(mode, id, path)
        if folder and not files:
            raise Invalid(f"folder {shown(folder)}: it is empty")
        return _Survey(files, size, depth)

    def _name(self, raw: bytes, folder: str) -> str:
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            raise Invalid(f"file name {shown(folder + ascii(raw))}: not UTF-8") from None
        check_component(name, folder + name)
        if "/" in name:
            raise Invalid(f"file name {shown(folder + name)}: a slash inside a name")
        return name

    def _file_size(self, mode: bytes, id: str, path: str) -> int:
        if mode == _LINK:
            raise Invalid(f"symbolic links are not allowed: {shown(path)}")
        if mode == _SUBMODULE:
            raise Invalid(f"submodules are not allowed: {shown(path)}")
        if mode not in _FILES:
            raise Invalid(f"file {shown(path)} has a mode that is not allowed")
        kind, size = self._objects.read_header(id)
        if kind != ObjectType.BLOB:
            raise Invalid(f"file {shown(path)} is not a file")
        if size > self._limits.file_bytes:
            raise TooLarge(f"file {shown(path)} is larger than {self._limits.file_bytes} bytes")
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
