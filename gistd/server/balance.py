"""How many connections each of the workers has: in memory that they share, so that a new one goes to who has fewest."""

import mmap

from gistd.core.meters import ROWS

_FULL = 1 << 30


class Balance:
    """What all workers see of each other; made before they are."""

    def __init__(self) -> None:
        self._held = memoryview(mmap.mmap(-1, ROWS * 4)).cast("i")
        self._row = 0
        for row in range(ROWS):
            self.leave(row)

    def join(self, number: int) -> None:
        """Be the worker with this number, from now on in this process."""
        self._row = number % ROWS

    def leave(self, number: int) -> None:
        """There is no worker with this number any more."""
        self._held[number % ROWS] = _FULL

    def tell(self, connections: int, takes_more: bool) -> None:
        """Let the others know."""
        self._held[self._row] = connections if takes_more else _FULL

    def is_turn(self, connections: int) -> bool:
        """Whether no other one has fewer."""
        return min(self._held) >= connections
