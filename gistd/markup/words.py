"""Which words differ between two versions of some lines."""

import re
from difflib import SequenceMatcher

Span = tuple[int, int]
"""From where to where in the line, in characters."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4
"""Lines that have less in common are different lines: to mark what they do not share would mark all of it."""


def marks(pairs: list[tuple[str, str]]) -> list[tuple[list[Span], list[Span]]]:
    """For each pair of an old line and a new one, what is only in the old one and what is only in the new one."""
    return [_pair(old, new) for old, new in pairs]


def _pair(old: str, new: str) -> tuple[list[Span], list[Span]]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return [], []
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return (
        [_span(before, first, last) for _, first, last, _, _ in codes if first < last],
        [_span(after, first, last) for _, _, _, first, last in codes if first < last],
    )


def _span(words: list[str], first: int, last: int) -> Span:
    start = sum(map(len, words[:first]))
    return start, start + sum(map(len, words[first:last]))
