"""Backup and restore on each database."""

import dataclasses
from pathlib import Path

import pytest

from gistd import index
from gistd.core import backup, gists, house, likes
from gistd.core.access import Actor
from gistd.core.drafts import Change, Draft
from gistd.errors import Conflict
from gistd.index import PRIVATE
from gistd.store import FileChange

from . import test_verbs


def _quiet(done: int, total: int) -> None:
    pass


def _fail(words: str) -> None:
    raise AssertionError(words)


def test_there_and_back(alice: Actor, bob: Actor, tmp_path: Path) -> None:
    gist = gists.create(alice, Draft(files={"a.py": b"print(1)\n"}, topics=["kept"], visibility=PRIVATE))
    gone = gists.create(bob, Draft(files={"b": b"soon gone"}))
    likes.like(alice, gone)
    assert backup.make(tmp_path / "folder", _quiet, _fail).gists == 2
    gists.change(alice, gist, Change(title="afterwards", files=[FileChange("a.py", b"print(2)\n")]))
    gists.delete(bob, gone)
    with pytest.raises(Conflict):
        list(backup.restore(tmp_path / "folder", house.settings, replace=False, progress=_quiet))
    assert list(backup.restore(tmp_path / "folder", house.settings, replace=True, progress=_quiet)) == []
    gist, gone = gists.get(alice, gist.id), gists.get(bob, gone.id)
    assert (gist.title, gist.topic_names, gist.visibility) == ("a.py", ["kept"], PRIVATE)
    assert test_verbs._files(gist) == {"a.py": b"print(1)\n"} and gone.like_count == 1
    later = gists.create(alice, Draft(files={"c": b"later"}))
    assert later.number > gone.number and index.gists.total() == 3


def test_what_happens_while_it_is_made(alice: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is of the moment at which it began, but for what was deleted since: that is gone there, too."""
    first, second = (gists.create(alice, Draft(files={"a": b"at first"})) for _ in range(2))

    def meanwhile(done: int, total: int) -> None:
        if done == 0 and not (tmp_path / "over").exists():
            (tmp_path / "over").touch()
            for gist in (first, second):
                gists.change(alice, gist, Change(files=[FileChange("a", b"now")]))
            gists.delete(alice, max(first, second, key=lambda gist: gist.id))
            gists.create(alice, Draft(files={"a": b"new"}))

    backup.make(tmp_path / "all.tar.zst", meanwhile, _fail)
    aside = dataclasses.replace(house.settings, repos=tmp_path / "other")
    assert list(backup.restore(tmp_path / "all.tar.zst", aside, replace=True, progress=_quiet)) == []
    left = min(first, second, key=lambda gist: gist.id)
    assert index.gists.total() == 1
    assert test_verbs._files(gists.get(alice, left.id)) == {"a": b"at first"}
