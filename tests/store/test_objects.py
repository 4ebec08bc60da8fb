"""git's own programs read what the store writes."""

import gc
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gistd.errors import Conflict, Invalid, Unavailable
from gistd.store import FileChange, Limits, Signature, Store, disk

LIMITS = Limits(file_bytes=10**6, gist_bytes=10**7, files=100)
ID = "0123456789abcdef0123456789abcdef"


def _who() -> Signature:
    return Signature("Zoë", "zoe@example.org", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "data")
    made.prepare()
    return made


def _git(store: Store, *arguments: str) -> bytes:
    command = ["git", "-C", str(store.path(ID)), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    "files",
    [
        {"a": b""},
        {"a": b"x" * 15, "b": b"x" * 16, "c": b"y" * 5000},
        {"a.b": b"1", "a/b": b"2", "a-b": b"3", "a0": b"4"},
        {"é/ü 😀.txt": b"\xff\0\r\n", "e": b"same", "f": b"same"},
        {f"{number}/{number}/{number}": b"%d" % number for number in range(60)},
        {"random": bytes(range(256)) * 3000},
    ],
)
def test_a_new_repository(store: Store, files: dict[str, bytes]) -> None:
    with store.create(ID, files, _who(), "first\n\nline") as repository:
        head = repository.head
    assert head == _git(store, "rev-parse", "HEAD").decode().strip()
    assert _git(store, "fsck", "--strict", "--full") == b""
    assert {name: _git(store, "show", f"HEAD:{name}") for name in files} == files
    assert (
        _git(store, "log", "-1", "--format=%an <%ae> %at|%B")
        .decode()
        .startswith("Zoë <zoe@example.org> 1767323045|first")
    )
    listed = _git(store, "ls-tree", "-r", "-z", "--name-only", "HEAD").decode().strip("\0").split("\0")
    assert listed == [file.path for file in store.open(ID).files(head or "")]


def test_what_a_new_repository_remembers_is_what_is_read(store: Store) -> None:
    files = {"a/b": b"x", "a.b": b"y\n", "strange": b"\x01\n\x02", "none": b""}
    for number, more in enumerate(({}, {"bom": b"\xff\xfea\n"}, {"nul": b"a\0\n"}, {"much": b"line\n" * 300_000})):
        id = f"{number:032x}"
        with store.create(id, {**files, **more}, _who(), "first\n\nl\0ine \ud800\n\n") as made:
            pass
        opened = store.open(id)
        head = opened.head or ""
        assert (made.head, made.ref, made.files(head)) == (head, opened.ref, opened.files(head))
        assert [made.read(file.blob) for file in made.files(head)] == [
            opened.read(file.blob) for file in made.files(head)
        ]
        assert made.history(head, 2) == opened.history(head, 2)
        assert made.counts(head) == opened.counts(head)
        assert made.look(head) == opened.look(head)


def test_eight_inodes_and_no_hooks(store: Store) -> None:
    with store.create(ID, {"a": b"1", "b": b"2", "c": b"3"}, _who(), "x"):
        pass
    found = sorted(str(path.relative_to(store.path(ID))) for path in store.path(ID).rglob("*"))
    assert len(found) + 1 == 8
    assert [name for name in found if "pack-" not in name] == ["HEAD", "objects", "objects/pack", "packed-refs", "refs"]
    assert sum(path.stat().st_blocks * 512 for path in [store.path(ID), *store.path(ID).rglob("*")]) <= 32 * 1024


def test_a_failed_block_takes_the_repository_away(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.create(ID, {"a": b"1"}, _who(), "x"):
        assert store.path(ID).exists()
        1 / 0  # noqa: B018
    assert not store.path(ID).exists()
    assert store.leftovers() == []


def test_a_repository_is_never_made_over_another(store: Store) -> None:
    with store.create(ID, {"a": b"1"}, _who(), "x"):
        pass
    with pytest.raises(Unavailable), store.create(ID, {"a": b"2"}, _who(), "x"):
        pass
    assert _git(store, "show", "HEAD:a") == b"1"


def test_edits_are_what_git_would_have_made(store: Store) -> None:
    with store.create(ID, {"a": b"1\n", "d/e/f": b"2\n", "d/g": b"3\n"}, _who(), "first"):
        pass
    steps: list[tuple[list[FileChange], dict[str, bytes]]] = [
        ([FileChange("a", b"one\n")], {"a": b"one\n", "d/e/f": b"2\n", "d/g": b"3\n"}),
        ([FileChange("d/e/f", delete=True)], {"a": b"one\n", "d/g": b"3\n"}),
        ([FileChange("a", new_path="d/a"), FileChange("n", b"")], {"d/a": b"one\n", "d/g": b"3\n", "n": b""}),
        ([FileChange("d/a", new_path="d/g"), FileChange("d/g", new_path="d/a")],
         {"d/a": b"3\n", "d/g": b"one\n", "n": b""}),
        ([FileChange("d/a", delete=True), FileChange("d/g", delete=True), FileChange("d", b"no folder")],
         {"d": b"no folder", "n": b""}),
    ]  # fmt: skip
    for changes, after in steps:
        with store.lock(ID) as repository:
            head = repository.edit(changes, _who(), "step", LIMITS)
        assert head == _git(store, "rev-parse", "HEAD").decode().strip()
        names = _git(store, "ls-tree", "-r", "--name-only", "HEAD").decode().split()
        assert {name: _git(store, "show", f"HEAD:{name}") for name in names} == after
    assert _git(store, "rev-list", "--count", "HEAD") == b"6\n"
    assert _git(store, "fsck", "--strict") == b""
    assert not list(store.path(ID).rglob("tmp_*"))


def test_modes_stay(store: Store, tmp_path: Path) -> None:
    with store.create(ID, {"run": b"#!/bin/sh\n"}, _who(), "x"):
        pass
    work = tmp_path / "work"
    for command in (["clone", "-q", str(store.path(ID)), str(work)],
                    ["-C", str(work), "update-index", "--chmod=+x", "run"],
                    ["-C", str(work), "-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"],
                    ["-C", str(work), "push", "-q"]):  # fmt: skip
        subprocess.run(["git", *command], check=True)
    with store.lock(ID) as repository:
        repository.edit([FileChange("run", b"#!/bin/bash\n", new_path="go")], _who(), "x", LIMITS)
    assert _git(store, "ls-tree", "HEAD").startswith(b"100755 blob")


def test_the_branch_moves_only_from_where_it_was_seen(store: Store) -> None:
    with store.create(ID, {"a": b"1"}, _who(), "x") as repository:
        first = repository.head or ""
    with store.lock(ID) as repository:
        second = repository.edit([FileChange("a", b"2")], _who(), "x", LIMITS) or ""
        with pytest.raises(Conflict):
            repository.move_head(first, first)
        assert repository.head == second


@pytest.mark.parametrize("name", ["a\nb", "a<b", "a\0b"])
def test_nobody_writes_into_the_head_of_a_commit(store: Store, name: str) -> None:
    with pytest.raises(ValueError), store.create(ID, {"a": b"1"}, Signature(name, "e", datetime.now(UTC)), "x"):
        pass
    assert store.leftovers() == []


def test_counts_are_those_of_git(store: Store) -> None:
    with store.create(ID, {"a": b"1\n2\n3\n", "b": b"no end", "c": b"\0\1"}, _who(), "x"):
        pass
    for changes in (
        [FileChange("a", b"1\n3\n4\n")],
        [FileChange("b", new_path="z")],
        [FileChange("c", b"\0\2"), FileChange("z", delete=True)],
        [FileChange("a", b"1\r\n3\r\n4\r\n", new_path="y")],
    ):
        with store.lock(ID) as repository:
            head = repository.edit(changes, _who(), "x", LIMITS) or ""
        stat = _git(store, "show", "--format=", "--shortstat", "HEAD").decode()
        numbers = {
            word: int(part.split()[0])
            for part in stat.split(",")
            for word in ("file", "insert", "delet")
            if word in part
        }
        counts = store.open(ID).counts(head)
        assert (counts.files, counts.additions, counts.deletions) == tuple(
            numbers.get(word, 0) for word in ("file", "insert", "delet")
        ), stat


def test_sweep_leaves_alone_what_is_being_made(store: Store) -> None:
    place = store.root / "tmp" / "alive.git"
    place.mkdir()
    with disk.locked(place):
        (store.root / "tmp" / "dead.git").mkdir()
        assert [path.name for path in store.sweep()] == ["dead.git"]
        assert place.exists()


def test_only_ids_are_paths(store: Store) -> None:
    for bad in ("", "..", "a" * 31, "A" * 32, "../" + "a" * 32, "a" * 32 + "\n", "g" * 32):
        with pytest.raises(ValueError):
            store.path(bad)


def test_edit_refuses_what_create_refuses(store: Store) -> None:
    with store.create(ID, {"a": b"1"}, _who(), "x"):
        pass
    before = sorted(store.path(ID).rglob("*"))
    for changes in ([FileChange("a", delete=True)], [FileChange("b", b"x" * 10**7)], [FileChange(".git/config", b"x")],
                    [FileChange("A", b"x")], [FileChange("a", b"x"), FileChange("a", b"y")]):  # fmt: skip
        with store.lock(ID) as repository, pytest.raises(Invalid):
            repository.edit(changes, _who(), "x", LIMITS)
    assert sorted(store.path(ID).rglob("*")) == before


def test_repositories_that_were_read_leave_nothing(store: Store) -> None:
    with store.create(ID, {"a": b"1"}, _who(), "first") as repository:
        revision = repository.head
    assert revision

    def read(times: int) -> int:
        for _ in range(times):
            opened = store.open(ID)
            opened.edit([FileChange("a", content=b"1")], _who(), "nothing new", LIMITS)
            assert opened.head == revision and opened.read(opened.files(revision)[0].blob) == b"1"
            assert len(opened.history(revision, 10)) == 1 and opened.reaches(revision)
            assert opened.counts(revision).files == 1
        del opened
        gc.collect()
        return sys.getallocatedblocks()

    before = read(100)
    assert read(1000) < before + 500
