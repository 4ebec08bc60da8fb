"""Curves of how long things take with more and more gists, as a picture that fits a light page and a dark one."""

import statistics
from collections.abc import Iterator, Sequence
from math import log10
from pathlib import Path
from typing import NamedTuple

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "growth.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 380, 56, 110, 40, 48
_COLOURS = {"lists": "#2a78d6", "pages": "#1a9a6c", "searches": "#c2571a", "create": "#8a5cd0"}
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.axis{stroke:#bbb}.thin{stroke-width:1;opacity:.3}"
    ".bold{stroke-width:3}path{fill:none}@media(prefers-color-scheme:dark){text{fill:#ddd}.axis{stroke:#555}"
    "svg{background:#16181c}}"
)


class Curve(NamedTuple):
    """Of one thing, which is of a kind, the milliseconds at each size."""

    kind: str
    name: str
    times: Sequence[float]


def draw(sizes: Sequence[int], curves: Sequence[Curve], picture: Path = PICTURE) -> None:
    """Each thing thin, and the median of each kind bold."""
    picture.write_text("\n".join(_lines(sizes, curves)) + "\n")


def _lines(sizes: Sequence[int], curves: Sequence[Curve]) -> Iterator[str]:
    most = max(max(curve.times) for curve in curves) * 1.05
    tick = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if most / step <= 8)
    first, last = log10(sizes[0]), log10(max(sizes[-1], sizes[0] + 1))

    def x(size: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(size) - first) / (last - first)

    def y(time: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * time / most

    def path(times: Sequence[float], kind: str, style: str) -> str:
        points = " L".join(f"{x(size):.1f},{y(time):.1f}" for size, time in zip(sizes, times, strict=True))
        return f'<path class="{style}" stroke="{_COLOURS[kind]}" d="M{points}"/>'

    title = "Milliseconds of an answer, by the number of gists: each list, page and search; bold: the median of a kind"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
    yield f"<style>{_STYLE}</style>"
    yield f'<text x="{LEFT}" y="20">Milliseconds of an answer (median), by the number of gists</text>'
    for time in range(0, int(most) + 1, tick):
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(time):.1f}" y2="{y(time):.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y(time) + 4:.1f}" text-anchor="end">{time}</text>'
    for size in sizes:
        yield f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{size:,}</text>'
    yield from (path(curve.times, curve.kind, "thin") for curve in curves)
    labels: list[float] = []
    for kind in _COLOURS:
        of_kind = [curve.times for curve in curves if curve.kind == kind]
        if of_kind:
            medians = [statistics.median(times) for times in zip(*of_kind, strict=True)]
            yield path(medians, kind, "bold")
            at = y(medians[-1]) + 4
            while any(abs(at - other) < 16 for other in labels):
                at -= 16
            labels.append(at)
            yield f'<text x="{WIDTH - RIGHT + 8}" y="{at:.1f}" style="fill:{_COLOURS[kind]}">{kind}</text>'
    yield "</svg>"
