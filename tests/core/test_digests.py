"""The counts of nonces, on each database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from gistd import index


def test_counts_rise_and_old_nonces_go(opened: None) -> None:
    void = index.now() - timedelta(minutes=1)
    assert [index.digests.spend("a", count, void) for count in (1, 2, 2, 1, 5, 4, 2**32 - 1)] == [
        True, True, False, False, True, False, True,
    ]  # fmt: skip
    assert index.digests.spend("b", 1, index.now() + timedelta(minutes=1)), "which forgets the other"
    assert index.digests.spend("a", 1, void)


def test_of_many_at_once_one_is_first(opened: None) -> None:
    void = index.now() - timedelta(minutes=1)

    def spend(_: int) -> bool:
        try:
            return index.digests.spend("a", 1, void)
        finally:
            index.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(16))) == 1
