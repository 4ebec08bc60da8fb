"""Every parser that meets strangers' bytes, given a great many of them: they end in success or in an error of ours.

    python -m tests.attacks.fuzz --inputs 1000000
    python -m tests.attacks.fuzz --target search --inputs 100000 --seed 7
    python -m tests.attacks.fuzz --replay FILE

Inputs are changed examples. What leads to an outcome that no other led to is kept, and changed further. With
`--coverage` libFuzzer chooses instead, by the lines of gistd that an input reaches (`pip install atheris`).

What an input must not end in is kept as a file, and played again by `--replay`.
"""

import argparse
import hashlib
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 4096
_MOST_KEPT = 2000
_SHOWN = 5


class Finding(Exception):
    """An input ended in something that it must not end in."""


@dataclass(frozen=True)
class Target:
    """A parser: what it is called, inputs that are good examples, and words that mean something to it.

    `run` tells in a word or two what became of an input, and raises what it likes.
    """

    name: str
    examples: Sequence[bytes]
    run: Callable[[bytes], object]
    words: Sequence[bytes] = ()
    weight: float = 1
    """of how many inputs it gets; less for what takes long"""


@dataclass
class Tally:
    """What became of the inputs of one target."""

    name: str
    ends: Counter[str] = field(default_factory=Counter)
    """taken, refused, or wrong"""
    outcomes: set[str] = field(default_factory=set)
    wrong: dict[str, bytes] = field(default_factory=dict)
    """what was wrong, and the first input that led to it"""
    seconds: float = 0.0
    slowest: float = 0.0

    def row(self) -> str:
        ends = (self.ends[word] for word in ("taken", "refused"))
        numbers = [self.ends.total(), *ends, len(self.outcomes), len(self.wrong), round(self.slowest * 1000)]
        return f"{self.name:24}" + "".join(f"{number:>11,}" for number in numbers) + f"{self.seconds:>9.0f}"


HEADING = f"{'':24}" + "".join(
    f"{word:>{width}}"
    for word, width in (
        ("inputs", 11), ("taken", 11), ("refused", 11), ("outcomes", 11), ("findings", 11), ("slowest ms", 11), ("s", 9)
    )
)  # fmt: skip


# ---------------------------------------------------------------------- judging


def judge(target: Target, data: bytes, tally: Tally) -> bool:
    """Give an input to its target, and keep book; whether it led to something new."""
    from gistd.errors import GistdError

    began = time.monotonic()
    try:
        end, outcome = "taken", f"{target.run(data)}"
    except GistdError as refused:
        end, outcome = ("wrong" if refused.status >= 500 else "refused"), _family(refused, refused.message)
    except Exception as error:
        end, outcome = "wrong", _family(error, str(error))
    tally.slowest = max(tally.slowest, time.monotonic() - began)
    tally.ends[end] += 1
    if end == "wrong":
        tally.wrong.setdefault(outcome, data)
    is_new = outcome not in tally.outcomes
    tally.outcomes.add(outcome)
    return is_new


def _family(error: Exception, words: str) -> str:
    """An error without what differs from input to input."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", words)
    return f"{type(error).__name__}: " + re.sub(r"\b[0-9a-f]{7,40}\b|\d+", "…", words)[:300]


# ---------------------------------------------------------------------- changing


def attack(target: Target, inputs: int, seed: int) -> Tally:
    """So many inputs: the examples, then changed ones. The same seed makes the same ones, as long as all goes well."""
    tally, began = Tally(target.name), time.monotonic()
    dice = random.Random(f"{seed}/{target.name}")
    kept = [*target.examples]
    for number in range(inputs):
        data = kept[number] if number < len(target.examples) else changed(dice, kept, target.words)
        if judge(target, data, tally) and number >= len(target.examples) and len(kept) < _MOST_KEPT:
            kept.append(data)
    tally.seconds = time.monotonic() - began
    return tally


def changed(dice: random.Random, kept: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the inputs with a few changes; or with a part of another one."""
    data = dice.choice(kept)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        data = dice.choice(_CHANGES)(dice, data, kept, words)
    return data[:MOST_BYTES]


_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"255",
    b"256",
    b"65536",
    b"2147483648",
    b"9" * 19,
    b"9" * 400,
    b"1e999",
    b"0x1",
    b"\xb2",
)
_BYTES = (0, 1, 9, 10, 13, 32, 34, 37, 47, 58, 92, 0x7F, 0x80, 0xC0, 0xED, 0xFF)


def _at(dice: random.Random, data: bytes) -> int:
    return dice.randrange(len(data) + 1)


def _range(dice: random.Random, data: bytes) -> tuple[int, int]:
    start = _at(dice, data)
    return start, start + dice.choice((1, 1, 2, 4, 8, 20, 100))


def _flip(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    at = _at(dice, data)
    return data[:at] + bytes(byte ^ 1 << dice.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]


def _put(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    at = _at(dice, data)
    return data[:at] + bytes([dice.choice((*_BYTES, dice.randrange(256)))]) + data[at + dice.randrange(2) :]


def _word(dice: random.Random, data: bytes, _: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = _at(dice, data)
    return data[:at] + dice.choice(words or _NUMBERS) + data[at + dice.choice((0, 0, 1, 4)) :]


def _number(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    found = [*re.finditer(rb"\d+", data)]
    if not found:
        return data
    match = dice.choice(found)
    return data[: match.start()] + dice.choice(_NUMBERS) + data[match.end() :]


def _delete(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    start, end = _range(dice, data)
    return data[:start] + data[end:]


def _repeat(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    start, end = _range(dice, data)
    return data[:start] + data[start:end] * dice.choice((2, 2, 3, 50)) + data[end:]


def _move(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    start, end = _range(dice, data)
    rest = data[:start] + data[end:]
    at = _at(dice, rest)
    return rest[:at] + data[start:end] + rest[at:]


def _cut(dice: random.Random, data: bytes, *_: Sequence[bytes]) -> bytes:
    return data[: _at(dice, data)]


def _splice(dice: random.Random, data: bytes, kept: Sequence[bytes], _: Sequence[bytes]) -> bytes:
    other = dice.choice(kept)
    return data[: _at(dice, data)] + other[_at(dice, other) :]


_CHANGES = (
    _flip,
    _flip,
    _put,
    _put,
    _put,
    _word,
    _word,
    _word,
    _number,
    _delete,
    _delete,
    _repeat,
    _move,
    _cut,
    _splice,
)


# ---------------------------------------------------------------------- by coverage


def attack_by_coverage(name: str, inputs: int, seed: int) -> None:
    """As `attack`, with what libFuzzer makes up. Ends this process, which prints the row."""
    import atheris

    with atheris.instrument_imports(include=["gistd"]):
        targets = _targets()
    target, tally, began = targets[name], Tally(name), time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="gistd-fuzz-"))
    for number, example in enumerate(target.examples):
        (place / f"{number}").write_bytes(example)
    (place.with_suffix(".words")).write_text("".join(f'"{_escaped(word)}"\n' for word in target.words if word))

    def one(data: bytes) -> None:
        judge(target, data, tally)
        if tally.ends.total() >= inputs:
            tally.seconds = time.monotonic() - began
            print("\n".join([tally.row(), *_findings(tally)]), flush=True)
            os._exit(bool(tally.wrong))  # libFuzzer would go on

    options = [f"-seed={seed}", f"-max_len={MOST_BYTES}", "-verbosity=0", f"-dict={place.with_suffix('.words')}"]
    atheris.Setup([sys.argv[0], *options, str(place)], one)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


# ---------------------------------------------------------------------- the command


def _targets() -> dict[str, Target]:
    """All of them, in a house of their own, by their names."""
    from . import targets

    return {target.name: target for target in targets.all_targets()}


def _findings(tally: Tally) -> Iterator[str]:
    for words, data in list(tally.wrong.items())[:_SHOWN]:
        file = Path(tempfile.gettempdir()) / f"gistd-finding-{hashlib.sha256(data).hexdigest()[:12]}"
        file.write_bytes(tally.name.encode() + b"\n" + data)
        yield f"  {tally.name}: {words}\n    {data[:200]!r}\n    --replay {file}"


def replay(file: Path) -> None:
    """Play an input again, and let what it ends in come out."""
    name, _, data = file.read_bytes().partition(b"\n")
    print(_targets()[name.decode()].run(data))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="of all targets together, by their weight")
    parser.add_argument("--target", action="append", help="all of them if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args()
    if asked.replay:
        replay(asked.replay)
        return 0
    if asked.coverage and asked.target and len(asked.target) == 1:
        attack_by_coverage(asked.target[0], asked.inputs, asked.seed)
    targets = _targets()
    names = asked.target or list(targets)
    whole = sum(targets[name].weight for name in names)
    numbers = {name: math.ceil(asked.inputs * targets[name].weight / whole) for name in names}
    if asked.coverage:
        print(HEADING, flush=True)
        command = [sys.executable, "-m", "tests.attacks.fuzz", "--coverage", "--seed", str(asked.seed)]
        return sum(
            subprocess.run([*command, "--inputs", str(number), "--target", name]).returncode
            for name, number in numbers.items()
        )
    print(HEADING, flush=True)
    tallies = []
    for name, number in numbers.items():
        tallies.append(attack(targets[name], number, asked.seed))
        print(tallies[-1].row(), flush=True)
    findings = [line for tally in tallies for line in _findings(tally)]
    print("\n".join(findings))
    print(f"{sum(tally.ends.total() for tally in tallies):,} inputs, {len(findings)} findings")
    return len(findings)


if __name__ == "__main__":
    sys.exit(main())
