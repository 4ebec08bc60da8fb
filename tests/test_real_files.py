from pathlib import Path

from tests import real_files


def test_real_files_come_back_byte_for_byte(tmp_path: Path) -> None:
    """Hundreds of files of the standard library, by eight clients at once: see real_files.py."""
    summary = real_files.run(tmp_path, gists=40, clients=8)
    print(summary)
    assert summary.real_files >= 200
