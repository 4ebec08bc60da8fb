from pathlib import Path

from tests import crash


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Fifty times in the middle of writes: see crash.py."""
    totals = crash.run(tmp_path, rounds=35)
    print(totals)
    assert totals.lost == []
    assert totals.rounds == 35
    for kind in ("create", "change", "push", "delete"):
        assert totals.acknowledged[kind] > 0, kind
    assert totals.in_flight.total() > 50
