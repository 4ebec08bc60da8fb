"""What is counted while gistd serves, by all workers together: in memory that they share, a row for each of them."""

import mmap
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ROWS = 64
"""More than there are workers, those that end at a reload included."""
_WIDTH = 2048
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other")
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; what took longer is in a last one."""
_DROPPED, _THROTTLED = 0, 1
_FIRST = 8
_PER_FACE = len(METHODS) * len(CLASSES) + len(BUCKETS) + 2

_lock = threading.Lock()
_faces: list[str] = []
_row = 0
_cells: memoryview


class Meters(NamedTuple):
    """What was counted up to now. `requests` is by face, method and class of status; `times` by face: how many took at
    most so long, for each of the buckets, and all of them together in microseconds."""

    dropped: int
    throttled: int
    requests: dict[tuple[str, str, str], int]
    times: dict[str, tuple[list[int], int]]


def share() -> None:
    """Let the processes that are made after this one count together."""
    global _cells
    _cells = memoryview(mmap.mmap(-1, ROWS * _WIDTH * 8)).cast("q")


def name_faces(names: Sequence[str]) -> None:
    """What requests can be for; the same in every process."""
    global _faces
    _faces = [*names, "none"]
    assert _FIRST + len(_faces) * _PER_FACE <= _WIDTH


def take_row(number: int) -> None:
    """Count in a row that no other process counts in."""
    global _row
    _row = number % ROWS


def count_request(face: str, method: str, status: str, seconds: float) -> None:
    """One more that was answered."""
    start = _start(face if face in _faces else "none")
    kind = METHODS.index(method if method in METHODS else "other") * len(CLASSES) + min(max(int(status[0]), 1), 5) - 1
    times = start + len(METHODS) * len(CLASSES)
    _add((start + kind, 1), (times + bisect_left(BUCKETS, seconds), 1), (times + len(BUCKETS) + 1, int(seconds * 1e6)))


def count_dropped() -> None:
    """One more client that was not waited for any longer."""
    _add((_DROPPED, 1))


def count_throttled() -> None:
    """One more request that was refused because there were too many."""
    _add((_THROTTLED, 1))


def read() -> Meters:
    """What all processes have counted."""
    total = [sum(_cells[cell::_WIDTH]) for cell in range(_FIRST + len(_faces) * _PER_FACE)]
    return Meters(total[_DROPPED], total[_THROTTLED], dict(_requests(total)), dict(_times(total)))


def _requests(total: list[int]) -> Iterator[tuple[tuple[str, str, str], int]]:
    for face in _faces:
        for number in range(len(METHODS) * len(CLASSES)):
            if counted := total[_start(face) + number]:
                yield (face, METHODS[number // len(CLASSES)], CLASSES[number % len(CLASSES)]), counted


def _times(total: list[int]) -> Iterator[tuple[str, tuple[list[int], int]]]:
    for face in _faces:
        start = _start(face) + len(METHODS) * len(CLASSES)
        counts = total[start : start + len(BUCKETS) + 1]
        yield face, ([sum(counts[: end + 1]) for end in range(len(counts))], total[start + len(BUCKETS) + 1])


def _start(face: str) -> int:
    return _FIRST + _faces.index(face) * _PER_FACE


def _add(*increments: tuple[int, int]) -> None:
    with _lock:
        for cell, by in increments:
            _cells[_row * _WIDTH + cell] += by


share()
name_faces([])
