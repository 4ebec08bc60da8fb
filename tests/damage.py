"""Every file of a repository, damaged in every way: found, never answered with other bytes, mended where it can be.

python -m tests.damage [--step N]     every Nth byte is changed; 1 by default
"""

import argparse
import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gistd.errors import GistdError
from gistd.store import FileChange, Limits, Signature, Store, checkup

ID = "0123456789abcdef0123456789abcdef"
FILES = {"a.py": b"print('one')\n" * 20, "b/c.md": b"# two\n" * 9, "d.txt": b"three\n"}
_BY = Signature("Pat", "pat@example.org", datetime(2026, 1, 1, tzinfo=UTC))
_LIMITS = Limits(file_bytes=10_000, gist_bytes=100_000, files=20)


@dataclass
class Totals:
    found: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    overlooked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{name}: {number} found, {self.mended[name]} mended" for name, number in sorted(self.found.items())]
        return "\n".join([*lines, f"{len(self.overlooked)} overlooked, {len(self.wrong)} answered wrongly"])


def faults(file: Path, step: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What can happen to a file, each with a name."""
    whole = file.read_bytes()
    for at in range(0, len(whole), step):
        changed = whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :]
        yield f"flip of byte {at}", lambda changed=changed: file.write_bytes(changed)  # type: ignore[misc]
    for length in sorted({0, 1, len(whole) // 2, len(whole) - 1}):
        yield f"cut to {length}", lambda length=length: file.write_bytes(whole[:length])  # type: ignore[misc]
    yield "zeros", lambda: file.write_bytes(b"\0" * len(whole))
    yield "longer", lambda: file.write_bytes(whole + b"\0")
    yield "deleted", file.unlink
    if os.getuid():  # root reads everything
        yield "not to be read", lambda: file.chmod(0)


def prepare(root: Path) -> tuple[Store, list[dict[str, bytes]], str]:
    """A repository with three revisions; what is in the first and the last, and the id of the last."""
    store = Store(root)
    store.prepare()
    with store.create(ID, FILES, _BY, "first"):
        pass
    now = dict(FILES)
    for number in range(2):
        now["d.txt"] = b"three, %d\n" % number
        with store.lock(ID) as repository:
            head = repository.edit([FileChange("d.txt", now["d.txt"])], _BY, "next", _LIMITS)
    assert head is not None
    return store, [FILES, now], head


def run(root: Path, step: int) -> Totals:
    store, revisions, head = prepare(root)
    right = {content for files in revisions for content in files.values()} | {b"three, 0\n"}
    place, kept = store.path(ID), root / "kept"
    shutil.copytree(place, kept)
    totals = Totals()
    gc.freeze()
    assert store.problems(ID, head) == []
    for name in sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file()):
        kind = Path(name).suffix or Path(name).name
        for fault, damage in faults(place / name, step):
            (place / name).chmod(0o644)
            damage()
            totals.found[kind] += 1
            if not (store.problems(ID, head) or store.remains(ID)):
                totals.overlooked.append(f"{name}: {fault}")
            totals.wrong += [f"{name}: {fault}: {words}" for words in _wrongly_read(store, right)]
            store.mend(ID, head)
            if not store.problems(ID, head):
                totals.mended[kind] += 1
                assert store.open(ID).head == head, (name, fault)
            shutil.rmtree(place)
            shutil.copytree(kept, place)
            checkup.forget()
    return totals


def _wrongly_read(store: Store, right: set[bytes]) -> Iterator[str]:
    """What is read and is not what was written. That it cannot be read is fine."""
    with suppress(GistdError):
        repository = store.open(ID)
        for file in repository.files(repository.head or ""):
            with suppress(GistdError):
                if repository.read(file.blob) not in right:
                    yield file.path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", type=int, default=1)
    with tempfile.TemporaryDirectory() as root:
        totals = run(Path(root), parser.parse_args().step)
    print(totals, *totals.overlooked[:20], *totals.wrong[:20], sep="\n")
    raise SystemExit(bool(totals.overlooked or totals.wrong))


if __name__ == "__main__":
    main()
