"""The JSON reader of all dialects: what it refuses, and at what price."""

import resource

import pytest

from gistd.api import MAX_MARKS, NotJson, parse


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"'a'", b"NaN", b"-Infinity", b"1e999", b"[1e999]", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b"01",
        b'"\\ud800"', b'["\\uDFFF"]', b'{"\\udc00":1}', b'"\\ud800\\ud800"', b'"\xff"', b"\xff\xfe1\x00",
        b"\xef\xbb\xbf1",
        b'"\n"', b"9" * 5000, b"[" * 50_000, b'{"a":' * 50_000, b"[" + b"[]," * MAX_MARKS + b"[]]", b"[1,]", b"1 2",
    ],
)  # fmt: skip
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse(body)


def test_what_is_not() -> None:
    assert parse(b'{"a":[1,2.5,null,true],"\\ud83d\\ude00":"\\u0000"}') == {"a": [1, 2.5, None, True], "😀": "\0"}
    marks = b'{"a":"' + b'[,{\\"' * MAX_MARKS + b'"}'
    assert parse(marks) == {"a": '[,{"' * MAX_MARKS}, "what is in a string does not count"


def test_the_price_of_many_values() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NotJson):
        parse(b"[" + b"[]," * 20_000_000 + b"[]]")  # as objects they would take more than a gigabyte
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 8_000_000, b'"' + b"\\" * 16_000_001, b'""' * 8_000_000])
def test_strings_without_an_end_are_looked_at_once(body: bytes) -> None:
    with pytest.raises(NotJson):  # in hours, if each quotation mark began a search for the next one
        parse(body)
