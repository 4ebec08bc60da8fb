"""Where the branch is, read from files by ourselves: as libgit2 reads them, and left to it where they are not plain."""

import shutil
from pathlib import Path

import pygit2
import pytest

from gistd import index
from gistd.errors import Conflict, Unavailable
from gistd.store import Repository, Signature, Store
from gistd.store.repository import FileChange
from gistd.store.rules import Limits

ID = "0123456789abcdef0123456789abcdef"
_BY = Signature("pat", "pat@example.org", index.now())
_LIMITS = Limits(file_bytes=1000, gist_bytes=1000, files=10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("refs"))
    store.prepare()
    with store.create(ID, {"a.txt": b"a\n"}, _BY, "first"):
        pass
    return store.path(ID)


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy.git"))


def _by_libgit2(path: Path) -> tuple[str, str | None]:
    git = pygit2.Repository(str(path))
    ref = str(git.lookup_reference("HEAD").target)
    found = git.references.get(ref)
    return ref, None if found is None else str(found.target)


def _read(path: Path) -> tuple[str, str | None]:
    repository = Repository(path)
    return repository.ref, repository.head


def test_a_packed_branch_a_loose_one_and_none(path: Path) -> None:
    assert _read(path) == _by_libgit2(path)
    first = Repository(path).head
    second = Repository(path).edit([FileChange("a.txt", b"b\n")], _BY, "second", _LIMITS)
    assert _read(path) == _by_libgit2(path) == ("refs/heads/main", second) and second != first
    (path / "HEAD").write_bytes(b"ref: refs/heads/other\n")
    assert _read(path) == _by_libgit2(path) == ("refs/heads/other", None)


@pytest.mark.parametrize("end", [b"", b" \n", b"\nmore\n", b"\r\n"])
def test_a_loose_branch_that_is_not_plain_is_what_libgit2_makes_of_it(path: Path, end: bytes) -> None:
    second = Repository(path).edit([FileChange("a.txt", b"b\n")], _BY, "second", _LIMITS)
    assert second
    (path / "refs/heads/main").write_bytes(second.encode() + end)
    assert _read(path) == _by_libgit2(path) == ("refs/heads/main", second)


def test_a_branch_that_cannot_be_read_is_never_the_one_that_it_was_before(path: Path) -> None:
    Repository(path).edit([FileChange("a.txt", b"b\n")], _BY, "second", _LIMITS)
    (path / "refs/heads/main").write_bytes(b"")
    with pytest.raises(Unavailable):
        Repository(path).refs()


def test_objects_that_are_missing_are_unavailable_when_something_is_asked_of_it(path: Path) -> None:
    head = Repository(path).head or ""
    shutil.rmtree(path / "objects")
    with pytest.raises(Unavailable):
        Repository(path).files(head)


def test_a_branch_that_is_moved_and_taken_back(path: Path) -> None:
    repository = Repository(path)
    first = repository.head
    second = repository.edit([FileChange("a.txt", b"b\n")], _BY, "second", _LIMITS)
    for old, new in ((second, first), (first, second)):
        repository.move_head(old, new)
        assert _read(path) == _by_libgit2(path) == ("refs/heads/main", new)
    with pytest.raises(Conflict):
        repository.move_head(first, first)
    assert _read(path) == ("refs/heads/main", second) and not [*path.rglob("*.lock")]
    assert [file.path for file in repository.files(second or "")] == ["a.txt"]


def test_the_first_revision_of_a_branch_that_is_taken_back(path: Path) -> None:
    head = Repository(path).head
    (path / "HEAD").write_bytes(b"ref: refs/heads/deep/er\n")
    empty = Repository(path)
    empty.move_head(None, head)
    assert _read(path) == _by_libgit2(path) == ("refs/heads/deep/er", head)
    empty.move_head(head, None)
    assert _read(path) == _by_libgit2(path) == ("refs/heads/deep/er", None) and empty.head is None
