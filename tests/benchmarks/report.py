"""Figures as tables, for a terminal and for docs/performance.md."""

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pygit2

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"

Cells = tuple[str, ...]


def table(rows: Iterable[Cells]) -> str:
    """In Markdown; figures, which is all but the first column, to the right."""
    lines = [*rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])))
    padded = (
        [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        for first, *others in lines
    )
    return "".join(f"| {' | '.join(cells)} |\n" for cells in padded)


def figure(number: float | None) -> str:
    """With two or three digits that mean something."""
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def spread(figures: Sequence[float]) -> str:
    """The median, and from the lowest to the highest."""
    if len(figures) < 2:
        return figure(figures[0]) if figures else ""
    return f"{figure(statistics.median(figures))} ({figure(min(figures))} to {figure(max(figures))})"


def conditions(directory: Path) -> str:
    """What it was measured on; neither names of machines nor paths."""
    filesystem = subprocess.run(["df", "--output=fstype", directory], capture_output=True, text=True).stdout.split()[-1]
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal: *(\d+)", Path("/proc/meminfo").read_text())
    git = subprocess.run(["git", "version"], capture_output=True, text=True).stdout.split()[2]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores ({model[1] if model else platform.machine()}), "
        f"{int(memory[1]) // 2**20 if memory else '?'} GiB, {filesystem}; Python {platform.python_version()}, "
        f"pygit2 {pygit2.__version__}, libgit2 {pygit2.LIBGIT2_VERSION}, git {git}."
    )


def write(part: str, words: str, page: Path = PAGE) -> None:
    """Put it between the marks of its part."""
    begin, end = f"<!-- {part}: measured -->\n", f"<!-- {part}: end -->\n"
    before, _, rest = page.read_text().partition(begin)
    _, there, after = rest.partition(end)
    assert there, f"{page} has no marks for {part}"
    page.write_text(f"{before}{begin}\n{words}\n{end}{after}")
