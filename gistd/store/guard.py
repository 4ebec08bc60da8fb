"""The tree guard: what a push brings is looked at, every new tree of every new commit, before it counts.

git's own checks (fsckObjects) let through symbolic links, submodules, names with newlines or `..\\\\`, trees
20,000 levels deep and sizes without a bound; see rules.py for what a gist may hold.
"""

from itertools import islice
from typing import NamedTuple

import pygit2
from pygit2.enums import ObjectType, SortMode

from gistd.errors import Invalid, TooLarge

from .objects import EXECUTABLE, REGULAR
from .rules import MAX_FOLDERS, Limits, check_component, folded, shown

_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"
_FILES = (b"%o" % REGULAR, b"%o" % EXECUTABLE)


class _Survey(NamedTuple):
    """What a tree holds, folders included."""

    files: int
    size: int
    depth: int


class TreeGuard:
    """Checks the commits between a gist's head and a pushed one. `git` sees the pushed objects as well."""

    def __init__(self, git: pygit2.Repository, limits: Limits, max_commits: int) -> None:
        self._git = git
        self._limits = limits
        self._max_commits = max_commits
        self._surveys: dict[str, _Survey] = {}

    def check(self, head: str | None, tip: str) -> None:
        """Raise Invalid or TooLarge, with words for the pusher, if anything new must not come in."""
        try:
            for commit in self._new_commits(head, tip):
                survey = self._survey(str(commit.tree_id), "", 0)
                self._check_revision(survey, is_tip=str(commit.id) == tip)
        except (KeyError, pygit2.GitError) as error:
            raise Invalid("the push is incomplete: an object is missing") from error

    def _new_commits(self, head: str | None, tip: str) -> list[pygit2.Commit]:
        if self._git.odb.read_header(tip)[0] != ObjectType.COMMIT:
            raise Invalid("only commits can be pushed to a branch")
        walker = self._git.walk(tip, SortMode.NONE)
        if head:
            walker.hide(head)
        commits = list(islice(walker, self._max_commits + 1))
        if len(commits) > self._max_commits:
            raise TooLarge(f"a push brings at most {self._max_commits} new commits")
        return commits

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
        kind, content = self._git.odb.read(tree)
        if kind != ObjectType.TREE:
            raise Invalid("a commit's tree is not a tree")
        for mode, raw_name, id in parse_tree(content):
            path = folder + self._name(raw_name, folder)
            key = folded(path)
            if key in names:
                raise Invalid(f"file name {shown(path)}: another one differs only in case or Unicode form")
            names.add(key)
            if mode == _FOLDER:
                below = self._survey(id, path + "/", level + 1)
                files, size, depth = files + below.files, size + below.size, max(depth, below.depth + 1)
            else:
                files, size = files + 1, size + self._file_size(mode, id, path)
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
        kind, size = self._git.odb.read_header(id)
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
