"""What search finds gists by is filed in SQLite's index by and by; nobody can tell what is filed and what is not."""

import random
from contextlib import closing

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from gistd import index
from gistd.core import gists, jobs, listings, search
from gistd.core.access import NOBODY, Actor
from gistd.core.drafts import Change, Draft, FileChange
from gistd.core.listings import Listing
from gistd.index import Gist, writing
from gistd.index.models import Search, Unfiled
from gistd.index.words import _UNFILED_ROWS

_WORDS = ["apple", "banana", "cherry", "damson", "elder", "figs", "apples", "ban"]


pytestmark = pytest.mark.parametrize("opened", ["sqlite"], indirect=True)


def _waiting() -> int:
    """How many rows are not filed yet."""
    return int(Unfiled.select().count())


def _make(actor: Actor, text: str, title: str = "") -> Gist:
    return gists.create(actor, Draft(files={"a.txt": text.encode()}, title=title))


def _found(query: str) -> list[str]:
    return sorted(gist.id for gist in listings.page(NOBODY, Listing(words=query), 1, 100).gists)


def _everything() -> dict[str, list[str]]:
    queries = [*_WORDS, "apple ban", "title:fig", "user:alice el", "file:c.t apple"]
    return {query: _found(query) for query in queries}


def test_it_is_found_the_same_way_before_and_after(alice: Actor) -> None:
    """Whatever becomes of gists that are filed, and of such as are not."""
    chance = random.Random(1)
    there: list[Gist] = []
    for turn in range(80):
        text = " ".join(chance.choices(_WORDS, k=2))
        at = chance.randrange(len(there) + 2)
        if at >= len(there):
            there.append(_make(alice, text, text))
        elif chance.random() < 0.1:
            gists.delete(alice, there.pop(at))
        else:
            changes = [
                Change(title=text),
                *(Change(files=[FileChange(name, text.encode())]) for name in ("a.txt", "b.txt")),
                Change(files=[FileChange("b.txt", new_path="c.txt")]),
                Change(files=[FileChange("c.txt", delete=True)]),
            ]
            there[at] = gists.change(alice, there[at], chance.choice(changes))
        before = _everything()
        if turn % 7 == 0:
            index.words.file()
            assert not _waiting()
            assert _everything() == before, turn
    assert sum(map(bool, before.values())) > 8


LETTERS = [
    ("straße", "straße", True), ("straße", "strasse", False), ("ÄPFEL", "äpfel", True), ("ﬁsh", "fish", False),
    ("10 µm wide", "μm wid", True), ("10 μm wide", "µm wid", True), ("λόγος", "λόγοσ", True), ("ΛΌΓΟΣ", "λόγος", True),
    ("long miſſtep", "misstep", True), ("long misstep", "miſſtep", True), ("ϐϑϕ beta", "βθφ", True),
    ("Ⅷ chapters", "ⅷ chap", True), ("İstanbul", "istanbul", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "query", "is_found"), LETTERS)
def test_letters_of_all_kinds(alice: Actor, text: str, query: str, is_found: bool) -> None:
    made = _make(alice, text)
    expected = [made.id] if is_found else []
    assert _found(f'"{query}"') == expected
    index.words.file()
    assert _found(f'"{query}"') == expected


def test_not_much_waits(alice: Actor) -> None:
    seen = []
    for number in range(40):
        _make(alice, f"number {number}")
        seen.append(_waiting())
    assert max(seen) == _UNFILED_ROWS and seen.count(0) == 40 * 2 // (_UNFILED_ROWS + 2)
    assert Search.select().count() + _waiting() == 80
    index.words.file()
    gist = _make(alice, "short")
    assert _waiting() == 2
    gists.change(alice, gist, Change(files=[FileChange("a.txt", b"long " * 1999)]))
    assert _waiting() == 2, "which are less than so many bytes"
    most = 0
    for number in range(20):
        _make(alice, f"{number} longer " * 800)
        most = max(most, _waiting())
    assert most == 16, "of the longer ones fewer wait"


def test_what_is_deleted_is_nowhere(alice: Actor) -> None:
    """Neither where it is filed nor where it waits; not even when the next gist gets its number."""
    filed = _make(alice, "one")
    index.words.file()
    for gist in (_make(alice, "two"), filed):
        gists.change(alice, gist, Change(files=[FileChange("a.txt", b"three")]))
        gists.delete(alice, gist)
    assert Search.select().count() == _waiting() == 0
    assert _found("three") == []
    made = _make(alice, "four")
    assert _found("four") == [made.id]


def test_it_does_not_wait_for_ever(alice: Actor) -> None:
    made = _make(alice, "quiet")
    jobs._do_regularly()
    assert not _waiting() and _found("quiet") == [made.id]


def test_an_index_that_is_busy_keeps_nothing_else_that_is_regular(
    alice: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made, done = _make(alice, "quiet"), []
    monkeypatch.setattr(jobs, "_regular", [search.file, lambda: done.append(_waiting())])
    monkeypatch.setattr(writing, "PATIENCE", 0)
    file = index.database.database
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        jobs._do_regularly()
    assert done == [2] and "file: the index is busy" in caplog.text
    assert _found("quiet") == [made.id]
