"""A few hundred random pushes; fuzz_packs.py makes as many more as one likes."""

from pathlib import Path

from .fuzz_packs import run

ROUNDS, SEED = 120, 1


def test_gistd_accepts_nothing_that_git_refuses(tmp_path: Path) -> None:
    report = run(tmp_path, ROUNDS, SEED)
    print(report)
    assert not report.wrong, "\n".join(report.wrong)
    verdicts = {verdict for _, verdict in report.verdicts}
    assert {"accepted by both", "refused by both"} <= verdicts, "the pushes are all of one kind"
