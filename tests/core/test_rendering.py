"""Strangers' text: what comes of it is safe, and what takes too long is shown as it is."""

import re
import time
from collections.abc import Iterator

import pytest

from gistd.core.rendering.pool import Pool, TooMuch
from gistd.markup import markdown, table

MIB = 1024 * 1024
SECONDS = 2

HOSTILE = [
    "<script>x()</script>",
    "<img src=x onerror=x()>",
    "<svg onload=x()><script>x()</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=x()></style></mglyph></table></mtext></math>",
    "<a href='java\tscript:x()'>a</a>",
    "[a](javascript:x())",
    "[a](data:text/html,<script>x()</script>)",
    "[a](&#106;avascript:x())",
    "<iframe src=/></iframe>",
    "<form action=/><input name=action type=text><button>b</button></form>",
    "<style>* { display: none }</style><p style='position: fixed'>p</p>",
    "<base href=//example.org><meta http-equiv=refresh content=0><link rel=stylesheet href=x>",
    "![a](http://example.org/x.png) <img src=//example.org/x.png> <img src='\thttps://example.org/x.png'>",
    '```x"><script>x()</script>\ny\n```',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_in_markdown_is_gone(text: str) -> None:
    html, _ = markdown.render(text)
    assert not re.search(r"<(script|svg|math|style|iframe|form|button|base|meta|link|object|embed)\b", html), html
    assert not re.search(r"<[^>]*\s(on\w+|style|name|action|srcset)=", html), html
    assert not re.search(r"(href|src)=[\"']?\s*(javascript|data|vbscript):", html, re.IGNORECASE), html
    assert not re.search(r"<img[^>]*src=[\"'](?!/-/near/)", html), "nothing is loaded from elsewhere"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("| a | b |\n|:--|--:|\n| 1 | 2 |", '<th align="left">a</th>'),
        ("- [x] done", 'checked=""'),
        ("~~gone~~", "<s>gone</s>"),
        ("www.example.org", '<a href="http://www.example.org" rel="nofollow noopener ugc">'),
        ("> [!NOTE]\n> words", 'class="markdown-alert markdown-alert-note"'),
        ("a[^1]\n\n[^1]: note", 'href="#user-content-fn1"'),
        ("# A *title*", '<h1 id="user-content-a-title">'),
        ("[there](#a-title)", 'href="#user-content-a-title"'),
        ("![x](img/x.png)", 'src="/-/near/img/x.png"'),
        ("![x](../x.png)", 'alt="x"'),
        ("```python\ndef f(): 1\n```", '<span class="k">def</span>'),
        ("<p id=content class='site k'>x</p>", '<p id="user-content-content" class="k">x</p>'),
        ("---\na: b\n---\nwords", "<p>words</p>"),
    ],
)
def test_markdown_is_what_github_makes_of_it(text: str, made: str) -> None:
    assert made in markdown.render(text)[0]


def test_headings_for_a_table_of_contents() -> None:
    assert markdown.render("# A `b`\n\n## A `b`")[1] == [
        (1, "user-content-a-b", "A b"),
        (2, "user-content-a-b-1", "A b"),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n1,"x, ""y"""\n', [["a", "b"], ["1", 'x, "y"']]),
        ("a,b\n1\n", None),
        ("one\ntwo\n", None),
        ("", None),
    ],
)
def test_tables(text: str, rows: list[list[str]] | None) -> None:
    assert table.rows(",", 10, text) == rows


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(processes=1, seconds=SECONDS, memory_bytes=512 * MIB, answer_bytes=MIB)
    yield made
    for child in made._idle:
        child.kill()


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("highlight", ("x.py", "", " \n" * 65536)),
        ("highlight", ("x.txt", "", "x" * MIB)),
        ("markdown", ("![" * 131072,)),
    ],
    ids=["slow", "too much of it", "slow Markdown"],
)
def test_what_takes_too_long_is_ended(pool: Pool, kind: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(TooMuch) as failed:
        pool.run(time.monotonic() + 60, kind, *arguments)
    assert failed.value.given >= SECONDS * 0.9, "it had its time, so this is remembered"
    assert b"x" in pool.run(time.monotonic() + 60, "highlight", "x", "", "x"), "the next one is served"
