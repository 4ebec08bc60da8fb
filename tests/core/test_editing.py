"""What a text area gives back, and an edit that crosses another one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gistd.core import text
from gistd.core.drafts import arranged, order_column

LINE_END = re.compile(r"\r\n|\r|\n")
TEXTS = st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "\r", "\ufeff", " "]), max_size=14).map("".join)


@given(TEXTS)
def test_what_was_not_touched_comes_back(before: str) -> None:
    assert text.from_form(LINE_END.sub("\r\n", before), before) == before


@given(TEXTS, TEXTS)
def test_what_was_typed_is_there_line_by_line(before: str, typed: str) -> None:
    assert LINE_END.split(text.from_form(typed, before)) == LINE_END.split(typed)


@pytest.mark.parametrize(
    ("before", "typed", "then"),
    [
        ("", "a\r\nb\r\n", "a\nb\n"),
        ("a\nb\n", "a\r\nb\r\nc\r\n", "a\nb\nc\n"),
        ("a\r\nb", "a\r\nb\r\nc", "a\r\nb\r\nc"),
        ("a\rb", "a\r\nx", "a\rx"),
        ("a\r\nb\nc\r\nd", "a\r\nX\r\nc\r\nd", "a\r\nX\r\nc\r\nd"),
        ("a\nb\nc\nd\r\n", "0\r\na\r\nb\r\nc\r\nd\r\n", "0\na\nb\nc\nd\r\n"),
    ],
)
def test_a_text_that_was_changed_keeps_its_line_ends(before: str, typed: str, then: str) -> None:
    assert text.from_form(typed, before) == then


def test_an_order_of_files() -> None:
    assert arranged(["b", "a", "c/d"], None) == ["a", "b", "c/d"] and order_column([]) is None
    assert arranged(["b", "a", "c", "d"], order_column(["c", "gone", "b"])) == ["c", "b", "a", "d"]
