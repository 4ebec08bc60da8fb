"""kill -9, a little of it: see crash.py and points.py, and order.py for what a kill does not show."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gistd.index import writing
from tests.faults import crash, order, points, power
from tests.faults.points import Sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    points.require_strace()
    yield Sweep(tmp_path_factory.mktemp("order")).furnish()


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    totals = crash.run(tmp_path, rounds=12, writes=120, workers=2, tree_every=4)
    print(totals)
    for kind in ("create", "change", "delete"):
        assert any(kind in name for name in totals.acknowledged), kind
    assert totals.trees == 3


def test_a_write_killed_at_its_system_calls(tmp_path: Path) -> None:
    points.require_strace()
    totals = points.sweep_all(tmp_path, ["create", "push", "delete"], every=70)
    print(totals)
    assert totals.points.total() >= 2 and totals.wrong == []


def test_a_first_start_killed_at_its_system_calls(tmp_path: Path) -> None:
    points.require_strace()
    assert points.sweep_first_start(tmp_path, every=150) >= 2


MOST_SYNCS = {"create": 12, "change": 11, "push": 11}
"""Two of them SQLite's, once for each new log."""


@pytest.mark.parametrize("write", order.WRITES)
def test_all_is_synced_before_the_answer(sweep: Sweep, write: str) -> None:
    synced = [str(path) for path in order.prove(sweep, write).synced]
    if write in MOST_SYNCS:
        first_of_queue = next((at for at, path in enumerate(synced) if "/queue." in path), len(synced))
        assert first_of_queue <= MOST_SYNCS[write], synced


def test_folders_that_a_killed_writer_made_are_synced(sweep: Sweep) -> None:
    """Nobody knows of a branch that is there whether its folders were."""
    trace = order.prove(sweep, "change again")
    repository = sweep.work / "{0:.2}/{0}.git".format(sweep.people.gists["packed"]["id"])
    assert {repository, repository / "refs", repository / "refs/heads"} <= set(trace.synced)


@pytest.mark.parametrize("write", ["create", "push", "delete"])
def test_what_was_acknowledged_survives_the_end_of_power(sweep: Sweep, write: str) -> None:
    power.prove(sweep, write, sweep.after(write))


def test_what_is_not_synced_is_missed(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of a disk tells the difference."""
    after = sweep.after("create")
    monkeypatch.setattr(writing, "_sync", lambda: None)
    with pytest.raises(AssertionError):
        power.prove(sweep, "create", after)
