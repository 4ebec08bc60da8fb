"""What is written and read: gists of several sizes, of text that is as compressible as text is."""

import random
from functools import cache
from typing import NamedTuple

SMALL, USUAL, MANY_FILES, LARGE, LONG = "small", "usual", "100 files", "5 MiB", "2,000 revisions"


class Size(NamedTuple):
    """How many files of how many bytes, after how many revisions."""

    files: int
    bytes: int
    revisions: int


SIZES = {
    SMALL: Size(1, 1000, 1),
    USUAL: Size(3, 1700, 5),
    MANY_FILES: Size(100, 1000, 1),
    LARGE: Size(1, 5 * 2**20, 1),
    LONG: Size(1, 1000, 2000),
}
NAMES = ("program.py", "notes.md", "steps.txt")


@cache
def words(size: int, seed: str) -> str:
    """So many characters, in lines."""
    choice = random.Random(seed)
    vocabulary = ["".join(choice.choices("etaoinshrdlu", k=choice.randint(2, 9))) for _ in range(150)]
    lines = [" ".join(choice.choices(vocabulary, k=8)) for _ in range(min(size, 10**5) // 30 + 1)]
    text = "\n".join(lines) + "\n"
    return (text * (size // len(text) + 1))[: size - 1] + "\n"


def files(size: str) -> dict[str, str]:
    number, each, _ = SIZES[size]
    names = [*NAMES, *(f"part{n}.txt" for n in range(number))][:number]
    return {name: words(each, name) for name in names}
