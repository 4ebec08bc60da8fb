"""The pages, as they come over HTTP."""

import re

import pytest

from tests.harness import Client, Git, Server


def test_the_gist_page(alice: Client, nobody: Client) -> None:
    gist = alice.create(
        {"src/hello.py": "def f():\n    return 1 < 2\n", "notes": "plain & simple"}, description="What <b>it</b> is"
    )
    page = nobody.get(f"/alice/{gist['id']}")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    words = page.text
    assert '<span class="k">def</span>' in words, "highlighted"
    assert re.search(r'id="file-2-L2"><th scope="row"><a href="#file-2-L2">2</a>', words), "with numbers that are links"
    assert 'id="file-2-L3"' not in words, "the end of the last line is not a line"
    assert "plain &amp; simple" in words
    assert "What &lt;b&gt;it&lt;/b&gt; is" in words
    assert gist["clone_url"] in words
    assert f"/alice/{gist['id']}/raw/{gist['commits'][0]['version']}/src/hello.py" in words
    assert gist["commits"][0]["version"][:10] in words


def test_a_revision_has_a_page(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a": "the old words"})
    alice.change(gist["id"], files={"a": {"content": "the new words"}})
    first = gist["commits"][0]["version"]
    old = nobody.get(f"/alice/{gist['id']}/rev/{first}").text
    assert "the old words" in old and "the new words" not in old and "not the newest" in old
    for wrong in ("HEAD~1", "main", first[:7], "f" * 40, "--output=x", ":%2Fx"):
        assert nobody.get(f"/alice/{gist['id']}/rev/{wrong}").status_code == 404


def test_lists(alice: Client, nobody: Client) -> None:
    public = alice.create({"a": "x"}, title="A public one", topics=["tea"])
    hidden = [alice.create({"a": "x"}, title=f"canary {word}", visibility=word) for word in ("unlisted", "private")]
    for path in ("/", "/alice"):
        words = nobody.get(path).text
        assert "A public one" in words and f"/alice/{public['id']}" in words and "tea" in words
        assert "canary" not in words and hidden[0]["id"] not in words
    assert "noindex" in nobody.get(f"/alice/{hidden[0]['id']}").text


RAW = [
    ("a.txt", b"text", "text/plain; charset=utf-8", "inline"),
    ("a.html", b"<script>alert(1)</script>", "text/plain; charset=utf-8", "inline"),
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain; charset=utf-8", "inline"),
    ("a.js", b"alert(1)", "text/plain; charset=utf-8", "inline"),
    ("a.pdf", b"%PDF-1.4 \0", "application/octet-stream", "attachment"),
    ("a.png", b"\x89PNG\r\n\x1a\n\0", "image/png", "inline"),
    ("a.gif", b"GIF89a/*<script>*/", "image/gif", "inline"),
    ("a.html.png", b"<html>", "text/plain; charset=utf-8", "inline"),
    ("utf16.html", "<script>".encode("utf-16"), "application/octet-stream", "attachment"),
    ("no extension", b"\x7fELF\0", "application/octet-stream", "attachment"),
    ('q"uote%41 é😀.txt', b"x", "text/plain; charset=utf-8", "inline"),
]


def test_raw_files_are_what_they_are_and_harm_nobody(alice: Client, nobody: Client, git: Git) -> None:
    from urllib.parse import quote

    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {name: content for name, content, _, _ in RAW})
    git("push", "-q", cwd=clone)
    for name, content, type, place in RAW:
        answer = nobody.get(f"/alice/{gist['id']}/raw/HEAD/{quote(name)}")
        assert answer.content == content, name
        assert answer.headers["Content-Type"] == type, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith(f"{place}; filename=") and disposition.endswith(quote(name, safe=""))
    assert nobody.get(f"/alice/{gist['id']}/raw/HEAD/missing").status_code == 404


def test_every_page_has_a_strict_policy(alice: Client, nobody: Client) -> None:
    gist = alice.create()
    for path in ("/", "/alice", f"/alice/{gist['id']}", "/nobody-here", "/a/b/c/d"):
        headers = nobody.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", ["style.css", "icon.svg"])
def test_what_pages_need_comes_from_here(nobody: Client, name: str) -> None:
    assert f"/-/static/{name}" in nobody.get("/").text
    assert nobody.get(f"/-/static/{name}").status_code == 200
    assert nobody.get("/-/static/../pages.py").status_code == 404


def test_a_page_for_what_is_not_there(nobody: Client) -> None:
    for path in ("/nobody-here", "/alice/0", f"/alice/{'0' * 32}", "/a/b/c", "/%00", "/%ff/%fe", "/alice/x/raw/HEAD/y"):
        answer = nobody.get(path)
        assert answer.status_code == 404 and "<h1>Not found</h1>" in answer.text, path
    assert nobody.request("POST", "/").status_code == 405


def test_hostile_words_are_only_words(alice: Client, nobody: Client) -> None:
    evil = '"><script>alert(1)</script>'
    gist = alice.create({f"{evil.replace('/', '')}.py": evil, "b.html": evil}, title=evil, description=evil)
    for path in ("/", "/alice", f"/alice/{gist['id']}"):
        assert "<script>" not in nobody.get(path).text


def test_large_and_strange_files(server: Server, alice: Client, nobody: Client, git: Git) -> None:
    gist = alice.create({"big.txt": "x" * 600_000, "long.py": "a = 1\n" * 30_000, **{f"f{n}": "x" for n in range(60)}})
    clone = git.clone(alice.clone_url(gist))
    git.commit(
        clone,
        {"0.utf16": "Grüße".encode("utf-16"), "0.latin": "Grüße".encode("latin-1"), "0.bin": b"\0\1", "0.empty": b""},
    )
    git("push", "-q", cwd=clone)
    words = nobody.get(f"/alice/{gist['id']}").text
    assert words.count("Grüße") == 2
    for note in ("too large to be shown", "not a text file", "is empty"):
        assert note in words
    assert 'href="?page=2#file-66"' in words and 'id="file-50"' in words and 'id="file-51"' not in words
    words = nobody.get(f"/alice/{gist['id']}?page=2").text
    assert 'id="file-50"' not in words and 'id="file-66"' in words
    assert nobody.get(f"/alice/{gist['id']}?page=3").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.sh-session", "x", 1), ("a.lhs", "x", 1), ("a.py", "x", 1), ("a.py", "x\n", 1), ("a.py", "x\n\n", 2),
        ("a.py", "\n\nx", 3), ("a.txt", "x\n\n", 2), ("a", "\n", 1), ("a.py", "x\r\ny\r\n", 2),
        ("big.py", "x\n" * 40_000 + "\n", 40_001),
    ],
)  # fmt: skip
def test_every_line_is_there(alice: Client, nobody: Client, name: str, content: str, lines: int) -> None:
    words = nobody.get(f"/alice/{alice.create({name: content})['id']}").text
    assert len(re.findall(r'<tr id="file-1-L\d+">', words)) == lines
    cells = "".join(re.findall("<td>(.*?)</td>", words, re.DOTALL))
    assert ("x" in re.sub("<[^>]*>", "", cells)) == ("x" in content)


def test_a_page_shows_plain_what_cannot_be_rendered(alice: Client, nobody: Client) -> None:
    gist = alice.create({"slow.py": " \n" * 32768 + "THE_END", "quick.py": "def f(): pass\n"})
    page = nobody.get(f"/alice/{gist['id']}")
    assert page.status_code == 200 and "THE_END" in page.text and '<span class="k">def</span>' in page.text


def test_markdown_and_tables_are_shown_as_such_with_their_source(alice: Client, nobody: Client) -> None:
    files = {
        "doc/a.md": "# One\n\n## Two\n\n## Three\n\n- [x] done ![a](b.png)\n\n<script>x()</script>\n",
        "t.csv": 'name,number\n"a <b>",1\n',
        "ragged.csv": "a,b\n1\n",
    }
    gist = alice.create(files)
    words = nobody.get(f"/alice/{gist['id']}").text
    assert '<h1 id="user-content-one">One</h1>' in words and '<a href="#user-content-two">Two</a>' in words
    assert f'src="/alice/{gist["id"]}/raw/{gist["commits"][0]["version"]}/doc/b.png"' in words
    assert "<script>x" not in words and "&lt;script&gt;x()" in words.replace("</span>", "").replace(
        '<span class="nt">', ""
    )
    assert '<th scope="col">name</th>' in words and "<td>a &lt;b&gt;</td>" in words
    assert words.count('<details class="source">') == 2, "the ragged one is no table"
    assert 'id="file-1-L1"' in words, "lines can still be linked to"
