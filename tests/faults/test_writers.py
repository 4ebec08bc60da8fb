"""Sixteen processes write at once; see writers.py, which goes on for longer."""

from pathlib import Path

import pytest

from gistd.index import connection, writing
from tests.faults import writers


def test_sixteen_processes_write(tmp_path: Path) -> None:
    total = writers.run(tmp_path, writers=16, writes=3)
    assert total.wrong == [] and {what[-3:] for what in total.statuses} == {"200", "201", "204"}


def test_somebody_has_the_index_for_longer_than_writers_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hears so in clear words, also those who wait for each other; later all goes on."""
    monkeypatch.setattr(connection, "_PRAGMAS", [("busy_timeout", 200), *connection._PRAGMAS[1:]])
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    monkeypatch.setattr(writing, "PATIENCE", 0.2)
    total = writers.run(tmp_path, writers=4, writes=4, held=lambda index: writers.hold(index, 1))
    assert total.wrong == []
    assert {what[-3:] for what in total.statuses} >= {"503"}
