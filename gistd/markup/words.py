"""Which words differ between a line and the one that came in its place."""

import json
import re
from difflib import SequenceMatcher

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_LEAST_ALIKE = 0.35
"""Two lines that have less than this in common are two lines: marks all over them would tell nothing."""

Spans = list[tuple[int, int]]


def marks(pairs: str) -> list[tuple[Spans, Spans]]:
    """For each pair of an old and a new line (JSON), where in them the words are that the other one has not."""
    return [_marks(_WORD.findall(old), _WORD.findall(new)) for old, new in json.loads(pairs)]


def _marks(old: list[str], new: list[str]) -> tuple[Spans, Spans]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    changes = [(a, b, c, d) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
    if matcher.ratio() < _LEAST_ALIKE:
        return [], []
    return _spans(old, [(a, b) for a, b, _, _ in changes]), _spans(new, [(c, d) for _, _, c, d in changes])


def _spans(words: list[str], ranges: Spans) -> Spans:
    """Ranges of words as ranges of characters."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return [(starts[first], starts[end]) for first, end in ranges if first < end]
