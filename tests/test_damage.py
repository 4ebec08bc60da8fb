"""R8 and R9 of the fault matrix: damaged and missing files of repositories (tests/damage.py does it byte by byte)."""

from pathlib import Path

from tests import damage


def test_every_kind_of_damage_is_found_and_nothing_is_answered_wrongly(tmp_path: Path) -> None:
    totals = damage.run(tmp_path, step=31)
    assert not totals.overlooked and not totals.wrong
    whole = {kind for kind in totals.found if totals.found[kind] == totals.mended[kind]}
    assert whole == {".idx", "HEAD", "main", "packed-refs"}
