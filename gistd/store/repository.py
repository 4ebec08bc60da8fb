"""One bare repository: read its revisions, add one.

A Repository is made for a request and thrown away; libgit2 objects are not shared between threads. libgit2 opens it,
which takes fifty system calls, when an object is asked for: where the branch is stands in two small files.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import cast

import pygit2
from pygit2.enums import ObjectType, RepositoryOpenFlag, SortMode

from gistd.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable

from . import disk, objects, packs, refs
from .diff import ChangeCounts, ChangedFile, Changes, Line
from .objects import File, GitObject, Signature
from .rules import Limits, check_content, check_files, needs_reading

_KINDS = {kind: name for name, kind in objects.KINDS.items()} | {ObjectType.TAG: b"tag"}
_LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a calendar holds


@dataclass(frozen=True)
class FileChange:
    """What happens to one file. `content` None keeps its bytes, `new_path` None its name.

    A change to a file that is not there adds it when it brings content, and does nothing otherwise.
    """

    path: str
    content: bytes | None = None
    new_path: str | None = None
    delete: bool = False


@dataclass(frozen=True)
class Revision:
    """A commit on the gist's branch."""

    id: str
    author_name: str
    author_email: str
    authored_at: datetime
    message: str


class Repository:
    def __init__(self, path: Path) -> None:
        """Whatever is asked of it is Unavailable when it is missing or damaged."""
        self.path = path
        self._listed: tuple[str, list[File]] = ("", [])

    @cached_property
    def _git(self) -> pygit2.Repository:
        with readable(self.path):
            packs.check_indexes(self.packs)
            return pygit2.Repository(str(self.path), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH)

    def open(self) -> None:
        """Let libgit2 open it now. Unavailable when it cannot."""
        _ = self._git

    def __del__(self) -> None:
        # pygit2's object refers to itself. Until it is collected libgit2 would keep its packs open, and take one that
        # was put back for the damaged one of the same name.
        if opened := self.__dict__.get("_git"):
            opened.free()

    @cached_property
    def ref(self) -> str:
        """The full name of the gist's one branch."""
        with readable(self.path):
            target = refs.branch(self.path) or self._git.lookup_reference("HEAD").target
            if not isinstance(target, str):
                raise ValueError("HEAD is detached")
            # pygit2 never lets go of the name of a reference that it was asked for: let that be one and the same.
            return sys.intern(target)

    @cached_property
    def head(self) -> str | None:
        """The id of the newest revision; None while there is none. It stays what it was when somebody first asked, but
        for what is done here."""
        return self._head_now()

    def _head_now(self) -> str | None:
        if found := refs.tip(self.path, self.ref):
            return found
        with readable(self.path):
            reference = self._git.references.get(self.ref)
            return None if reference is None else str(reference.target)

    def refs(self) -> list[tuple[str, str]]:
        """(name, id) of the branch, as it is offered to a pusher; empty while there is no revision."""
        return [(self.ref, head)] if (head := self.head) else []

    # ------------------------------------------------------------------ reading

    def files(self, revision: str) -> list[File]:
        """The files of a revision in git's order, folders walked."""
        if self._listed[0] != revision:  # a write looks at what it makes before it counts, and again for the index
            with readable(self.path):
                self._listed = revision, list(self._walk_tree(self._commit(revision).tree, ""))
        return list(self._listed[1])

    def _walk_tree(self, tree: pygit2.Tree, folder: str) -> Iterator[File]:
        for entry in tree:
            path = folder + str(entry.name)
            if entry.filemode in (objects.REGULAR, objects.EXECUTABLE):
                yield File(path, str(entry.id), objects.size_of(self._git, entry.id), int(entry.filemode))
            elif isinstance(entry, pygit2.Tree):
                yield from self._walk_tree(entry, path + "/")

    def read(self, blob: str) -> bytes:
        """The bytes of a blob that `files` named. Unavailable when they are damaged."""
        with readable(self.path, "this file is damaged and cannot be read"):
            return cast(pygit2.Blob, self._git[blob]).data

    def resolve(self, digits: str) -> str:
        """The revision whose id begins with these 4 to 40 hex digits.

        NotFound unless exactly one object begins so and it is a commit that the branch reaches: what was
        pushed away is not served.
        """
        head = self.head
        with readable(self.path):
            try:
                found = self._git[digits.lower()]
            except (KeyError, ValueError):
                found = None
            if head and found and found.type == ObjectType.COMMIT and self._leads_to(head, found.id):
                return str(found.id)
        raise NotFound("Revision not found")

    def _leads_to(self, head: str, commit: pygit2.Oid) -> bool:
        return str(commit) == head or self._git.descendant_of(head, commit)

    def reaches(self, commit: str) -> bool:
        """Whether the branch contains this commit, which need not exist. Made for asking of many."""
        head = self.head
        if head is None or commit == head:
            return commit == head
        # Not asked first: whether it is here at all. The time it takes must not tell that.
        return commit in self._reachable

    @cached_property
    def _reachable(self) -> set[str]:
        """All commits of the branch as it was when somebody first asked: one walk, however many are asked for."""
        with readable(self.path):
            return {str(commit.id) for commit in self._git.walk(self.head or "", SortMode.NONE)}

    def look(self, id: str) -> tuple[bytes, int] | None:
        """(kind, size) of an object, reached by the branch or not; None when it is not here."""
        with readable(self.path):
            if id not in self._git.odb:
                return None
            kind, size = self._git.odb.read_header(id)
            return _KINDS[kind], size

    def content(self, id: str) -> bytes:
        """The bytes of an object that `look` found."""
        with readable(self.path):
            return self._git.odb.read(id)[1]

    def find(self, id: str) -> GitObject | None:
        """A commit, a tree or a blob."""
        found = self.look(id)
        return None if found is None or found[0] not in objects.KINDS else GitObject(found[0], self.content(id), id)

    def leads_to(self, commit: str, any_of: Collection[str]) -> bool:
        """Whether one of these commits is in the history of a commit, or is it."""
        ids = {pygit2.Oid(hex=id) for id in any_of}
        with readable(self.path):
            return any(found.id in ids for found in self._git.walk(commit, SortMode.NONE))

    def is_behind(self, known: str) -> bool:
        """Whether the branch is gone, or behind a revision that it was at, which is still here."""
        head = self.head
        if head == known or not self.is_revision(known):
            return False
        return head is None or self.leads_to(known, [head])

    def is_revision(self, id: str) -> bool:
        """Whether it is a commit that is here, reached by the branch or not."""
        return (self.look(id) or (b"", 0))[0] == b"commit"

    def objects(self, wanted: Iterable[str], known: Iterable[str] = (), most_commits: int | None = None) -> list[str]:
        """The ids of what these commits reach and the known ones do not: commits first, newest first.

        TooLarge when that is more than so many commits.
        """
        with readable(self.path):
            walker = self._git.walk(None, SortMode.NONE)  # unsorted: any order else walks all of the history first
            for id in wanted:
                walker.push(id)
            for id in known:
                walker.hide(id)
            commits = list(islice(walker, None if most_commits is None else most_commits + 1))
            if most_commits is not None and len(commits) > most_commits:
                raise TooLarge(f"more than {most_commits} commits")
            new = {commit.id for commit in commits}
            seen: set[pygit2.Oid] = set()
            for old in {parent for commit in commits for parent in commit.parent_ids} - new:
                self._collect(self._commit(str(old)).tree, seen)
            before = set(seen)
            for commit in commits:
                self._collect(commit.tree, seen)
            return [*(str(commit.id) for commit in commits), *(str(id) for id in seen - before)]

    def _collect(self, tree: pygit2.Tree, seen: set[pygit2.Oid]) -> None:
        """Add the ids of a tree and of all that it holds."""
        if tree.id not in seen:
            seen.add(tree.id)
            for entry in tree:
                if isinstance(entry, pygit2.Tree):
                    self._collect(entry, seen)
                else:
                    seen.add(entry.id)

    def links(self, commit: str) -> tuple[str, list[str]]:
        """The tree of a commit, and its parents."""
        with readable(self.path):
            found = self._commit(commit)
            return str(found.tree_id), [str(parent) for parent in found.parent_ids]

    def entries(self, tree: str) -> list[tuple[str, str, bool]]:
        """(name, id, whether it is a folder) of all that a tree holds."""
        with readable(self.path):
            found = cast(pygit2.Tree, self._git[tree])
            return [(str(entry.name), str(entry.id), entry.filemode == objects.FOLDER) for entry in found]

    def hides(self, id: str) -> bool:
        """Whether the object is here although the branch does not reach it: it was pushed away."""
        return id in self._git.odb and not self.reaches(id)

    def history(self, start: str, limit: int, skip: int = 0) -> list[Revision]:
        """Revisions from `start` back, newest first; as far as they can be read."""
        with readable(self.path):
            # Unsorted: a topological order would walk all of the history for its first page.
            walker = self._git.walk(start, SortMode.NONE)
        found: list[Revision] = []
        try:
            with readable(self.path):
                for commit in islice(walker, skip, skip + limit):
                    found.append(_revision(commit))
        except Unavailable:
            if not found and not skip:
                raise
        return found

    def parent(self, revision: str) -> str | None:
        """The first parent of a revision; None if it has none."""
        with readable(self.path):
            parents = self._commit(revision).parent_ids
            return str(parents[0]) if parents else None

    def changes(self, revision: str, since: str | None) -> Changes:
        """What is different since another revision; None stands for nothing."""
        with readable(self.path):
            return Changes(self._git, None if since is None else self._commit(since).tree, self._commit(revision).tree)

    def counts(self, revision: str) -> ChangeCounts:
        """How many files and lines a revision changed against its first parent."""
        with readable(self.path):
            return self.changes(revision, self.parent(revision)).counts()

    def hunks(self, changes: Changes, file: ChangedFile) -> list[list[Line]] | None:
        """The lines of one of the files of `changes`, as `Changes.hunks`."""
        with readable(self.path):
            return changes.hunks(file)

    def _commit(self, id: str) -> pygit2.Commit:
        return cast(pygit2.Commit, self._git[id])

    # ------------------------------------------------------------------ writing (the caller holds the lock)

    def edit(self, changes: Sequence[FileChange], author: Signature, message: str, limits: Limits) -> str | None:
        """Apply the changes to the newest revision, as one commit; None when they change nothing.

        The new revision is synced before this returns. Raises Invalid or TooLarge, with nothing written,
        when the outcome breaks a rule.
        """
        head = self.head
        before = {file.path: file for file in self.files(head)} if head else {}
        files, blobs = _apply(before, changes)
        check_files(((file.path, file.size) for file in files), limits)
        self._check_contents(files, {blob.id: blob.content for blob in blobs})
        folders = objects.trees(files)
        root = folders[-1].id
        damaged = [blob for blob in blobs if blob.id in self._git.odb and not self._is_whole(blob.id)]
        if head and root == str(self._commit(head).tree_id):
            if damaged:
                packs.write(self.packs, damaged)  # what is newest is read first
            return None
        commit = objects.commit(root, [head] if head else [], author, message)
        new = [item for item in [*blobs, *folders, commit] if item.id not in self._git.odb]
        packs.write(self.packs, [*new, *damaged])
        disk.sync(self.packs)
        self.move_head(head, commit.id)
        return commit.id

    def _is_whole(self, blob: str) -> bool:
        try:
            self.read(blob)
        except Unavailable:
            return False
        return True

    def _check_contents(self, files: list[File], new: dict[str, bytes]) -> None:
        for file in files:
            if needs_reading(file.path):
                check_content(file.path, new[file.blob] if file.blob in new else self.read(file.blob))

    def builder(self) -> pygit2.PackBuilder:
        """What makes a pack of objects of this repository."""
        builder = pygit2.PackBuilder(self._git)
        builder.set_threads(1)
        return builder

    @cached_property
    def packs(self) -> Path:
        """Where the objects are. There are no loose ones: libgit2 never returns from one that is cut off."""
        return self.path / "objects/pack"

    def move_head(self, old: str | None, new: str | None) -> None:
        """Let the branch name `new`, or be none, synced; Conflict when it does not name `old` any more."""
        self._clear_stale_locks(self.ref)
        with disk.writable(), refs.moved(self.path, self.ref, new):
            if self._head_now() != old:
                raise Conflict("the gist was changed in the meantime")
        self.head = new
        self.keep_head()

    def keep_head(self) -> None:
        """Sync the folders that lead to the branch, whose file is synced. All of them: whoever made one, or moved the
        branch, may have been killed before they had."""
        with disk.writable():
            disk.sync(*(each for each in (self.path / self.ref).parents if each.is_relative_to(self.path)))

    def _clear_stale_locks(self, ref: str) -> None:
        # Whoever moves a ref holds the gist's lock, as we do now: a lock file is left over from a killed process.
        for name in (ref, "HEAD", "packed-refs"):
            (self.path / f"{name}.lock").unlink(missing_ok=True)


def _apply(before: dict[str, File], changes: Sequence[FileChange]) -> tuple[list[File], list[GitObject]]:
    """The files after the changes, all applied at once (two names can be exchanged), and the new blobs."""
    touched = {change.path for change in changes}
    if len(touched) < len(changes):
        raise Invalid("one file is changed twice")
    after = [file for path, file in before.items() if path not in touched]
    blobs = []
    for change in changes:
        file = before.get(change.path)
        if change.delete or (file is None and change.content is None):
            continue
        path = change.path if change.new_path is None else change.new_path
        if change.content is not None:
            blob = objects.blob(change.content)
            blobs.append(blob)
            file = File(path, blob.id, len(change.content), file.mode if file else objects.REGULAR)
        assert file is not None
        after.append(replace(file, path=path))
    return after, blobs


def _revision(commit: pygit2.Commit) -> Revision:
    author = commit.author
    return Revision(
        id=str(commit.id),
        author_name=_text(author.raw_name),
        author_email=_text(author.raw_email),
        authored_at=_moment(author.time),
        message=_text(commit.raw_message).rstrip("\n"),
    )


def _moment(seconds: int) -> datetime:
    """A time as git has it, which may be far outside of what a calendar holds."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST_SECOND), UTC)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")


@contextmanager
def readable(path: Path, problem: str = "the repository of this gist cannot be read") -> Iterator[None]:
    """What libgit2 cannot read is Unavailable."""
    try:
        yield
    except (KeyError, ValueError, pygit2.GitError, OSError) as error:
        raise Unavailable(f"{problem}; its operator can find out more with `gistd doctor`") from error
