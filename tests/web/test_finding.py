"""Lists, what there is to go by, and search, as they come over HTTP."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.harness import Client, Server
from tests.web.people import Person, found

HOSTILE = "<b>&\"'</b>"


class Town:
    """A server with people and gists of every kind; `made` has the gists by name."""

    def __init__(self, root: Path) -> None:
        self.server = Server(root).start()
        self.alice, self.bob = (Person(self.server, name).sign_up() for name in ("alice", "bob"))
        self.nobody = Person(self.server, "")
        self.tools = self.alice.api()
        self.made = {
            name: self.tools.create(files, title=f"The {name}", topics=topics)
            for name, files, topics in (
                ("bread", {"bake.py": "flour\nBröt(chen)\n"}, ["baking", "été"]),
                ("tea", {"tea.c": "int steep;\n", "long.txt": "a\n" * 50 + "kettle\n" * 9}, ["baking"]),
                ("markup", {f"{HOSTILE.replace('/', '')}.txt": f"one\n{HOSTILE} needle\n"}, []),
            )
        }
        bobs = self.bob.api()
        assert bobs.request("POST", f"/api/gists/{self.made['tea']['id']}/forks").status_code == 201
        assert bobs.request("PUT", f"/api/gists/{self.made['bread']['id']}/like").status_code == 204


def titles_in(words: str) -> list[str]:
    """Of the gists that a page shows, in their order, without the first word."""
    return re.findall(r">The ([a-z]\w*)</a>", words)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"))
    yield town
    assert town.server.stop() == 0
    assert "Traceback" not in town.server.log.read_text()


def test_home(town: Town) -> None:
    words = town.nobody.get("/").text
    assert "Snippets with a history" in words and f"git push {town.server.url}/your-name/hello" in words
    assert 'href="/-/new"' in words and 'href="/-/register"' in words
    assert titles_in(words) == ["tea", "markup", "tea", "bread"], "a fork is called as what it is of"
    words = town.bob.get("/").text
    own, recent = words.split("Recent public gists")
    assert titles_in(own) == ["tea"] and len(titles_in(recent)) == 4
    newcomer = Person(town.server, "newcomer").sign_up()
    assert f"git push {town.server.url}/newcomer/hello" in newcomer.get("/").text


LISTS = [
    ("/-/all", "tea markup tea bread"),
    ("/alice", "markup tea bread"),
    ("/ALICE", "markup tea bread"),
    ("/-/topics/baking", "tea tea bread"),
    ("/-/topics/%C3%A9t%C3%A9", "bread"),
    ("/-/topics/nothing", ""),
    ("/-/languages/python", "bread"),
    ("/-/languages/C", "tea tea"),
    ("/-/languages/text", "tea markup tea"),
    ("/-/languages/C%23", ""),
    ("/-/languages/PL/pgSQL", ""),
    ("/-/liked?user=bob", "bread"),
    ("/-/liked?user=alice", ""),
    ("/-/forked?user=bob", "tea"),
    ("/-/forked?user=alice", ""),
    ("/-/all?sort=created", "tea markup tea bread"),
    ("/-/all?sort=created&order=asc", "bread tea markup tea"),
    ("/-/all?sort=likes", "bread tea markup tea"),
    ("/-/all?sort=likes&order=asc", "tea markup tea bread"),
    ("/-/all?sort=no+such&order=no+such&page=x", "tea markup tea bread"),
    ("/-/search?q=user:alice&sort=created&order=asc", "bread tea markup"),
]


def test_lists(town: Town) -> None:
    for path, titles in LISTS:
        page = town.nobody.get(path)
        assert page.status_code == 200, path
        below = page.text.split("</h1>")[1]
        assert titles_in(below) == titles.split(), path
        assert titles or re.search('<p>[^<]+<a href="/', below), "an empty list says what to do next"


def test_lists_of_ones_own_need_somebody(town: Town) -> None:
    assert titles_in(town.bob.get("/-/liked").text) == ["bread"]
    assert titles_in(town.bob.get("/-/forked").text) == ["tea"]
    for path in ("/-/liked", "/-/forked"):
        assert town.nobody.get(path).headers["Location"] == f"/-/login?next={path}"


LANGUAGES = [("Text", 3), ("C", 2), ("Python", 1)]


def test_what_there_is_to_go_by(town: Town) -> None:
    for path, wanted in (
        ("/-/topics", [("/-/topics/baking", "baking", 3), ("/-/topics/%C3%A9t%C3%A9", "été", 1)]),
        ("/-/languages", [(f"/-/languages/{name}", name, number) for name, number in LANGUAGES]),
        ("/-/users?q=LI", [("/alice", "alice", 3)]),
        ("/-/users?q=nobody", []),
    ):  # fmt: skip
        words = town.nobody.get(path).text
        shown = re.findall(r'<li><a href="([^"]*)">([^<]*)</a>\s*<span class="meta">(\d+) gist', words)
        assert [(address, name, int(number)) for address, name, number in shown] == wanted
        for address, _, number in wanted:
            assert f"{number} gist" in town.nobody.get(address).text, "the count is that of the list"


def test_many_people_are_called_so(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    rows = [(f"{number:032x}", f"twin{number}", f"twin{number}", "", False, 0) for number in range(1001)]
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as connection, connection:
        columns = "uuid, username, name_key, email, is_admin, created_at"
        connection.executemany(f"INSERT INTO account ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
    nobody = Person(server, "")
    for asked, number in (("", "1001 users"), ("q=twin", "more than 1000 users"), ("q=twin10", "12 users")):
        assert f"</button> {number}</p>" in nobody.get(f"/-/users?{asked}").text
    last = nobody.get("/-/users?q=twin&page=21").text
    assert "twin1000<" in last and 'rel="next"' not in last, "one gets to those who are not counted"
    assert server.stop() == 0


def test_pages_and_orders_are_links(town: Town) -> None:
    for number in range(22):
        town.tools.create({"a": f"page{number}"}, title=f"The page{number}", topics=["pages"])
    path, number = "/-/topics/pages?sort=created&order=asc", 0
    seen = titles_in(town.nobody.get(path).text)
    path = found('rel="next" href="([^"]*)"', town.nobody.get(path).text).replace("&amp;", "&")
    second = town.nobody.get(path).text
    assert seen + titles_in(second) == [f"page{number}" for number in range(22)], "the order is kept"
    assert 'rel="next"' not in second and 'rel="prev"' in second
    assert 'href="/-/topics/pages?order=asc"' in second, "another order begins at the first page"
    assert 'href="/-/topics/pages?sort=created"' in second
    assert second.count('aria-current="true"') == 2
    searched = town.nobody.get("/-/search?q=topic:pages+page1").text
    assert 'href="/-/search?q=topic%3Apages+page1&amp;page=2"' in searched
    for path in ("/-/all", "/-/topics", "/-/languages", "/-/users", "/alice", "/-/search?q=page"):
        join = "&" if "?" in path else "?"
        for wrong in ("0", "-1", "99999999999"):
            assert town.nobody.get(f"{path}{join}page={wrong}").status_code == 404
        beyond = town.nobody.get(f"{path}{join}page=99")
        assert beyond.status_code == 404 and "no page 99" in beyond.text, path
        assert town.nobody.get(f"{path}{join}page=x&sort=&order=%00").status_code == 200


def test_hits_are_shown_in_their_lines(town: Town) -> None:
    tea = f"/alice/{town.made['tea']['id']}"
    words = town.nobody.get("/-/search?q=KETTLE+user:alice").text
    assert f'<a href="{tea}#file-1">long.txt</a>' in words or f'<a href="{tea}#file-2">long.txt</a>' in words
    lines = re.findall(r'<a href="([^"]*)">(\d+)</a></th><td><mark>kettle</mark></td>', words)
    assert [int(number) for _, number in lines] == [51, 52, 53, 54, 55], "some of them are enough"
    address, anchor = lines[0][0].split("#")
    assert f'<tr id="{anchor}"><th scope="row"><a href="#{anchor}">51</a>' in town.nobody.get(address).text
    words = town.nobody.get("/-/search?q=file:bake+br%C3%B6t(").text
    assert "<mark>bake</mark>.py" in words and "<td><mark>Bröt(</mark>chen)</td>" in words


def test_what_is_found_is_escaped(town: Town) -> None:
    page = town.nobody.get(f"/-/search?{urlencode({'q': HOSTILE})}")
    assert page.status_code == 200 and titles_in(page.text) == ["markup"]
    assert HOSTILE not in page.text and "<b>" not in page.text
    assert "<mark>&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;</mark> needle" in page.text


QUESTIONS = [
    ("language:c", 200, "language: is no qualifier", 'href="/-/search?q=lang%3Ac"'),
    ("weight:3kg", 200, "weight: is no qualifier", "Nothing was found"),
    ("https://example.org", 200, "Nothing was found", "0 gists"),
    ("lang:pythn", 422, "did you mean lang:python?", 'aria-invalid="true"'),
    ("user:", 422, "comes right behind it", 'value="user:"'),
    ('title:""', 422, "nothing between the quotes", 'role="alert"'),
    ("ab", 422, "3 characters or more", 'value="ab"'),
    ("x" * 201, 422, "at most 200 characters", 'role="alert"'),
    ("\0abc", 422, "1 to 10 words", 'role="alert"'),
    ("", 200, "How to search", "lang:python"),
    ("   ", 200, "How to search", "lang:python"),
    ("'; DROP TABLE gist; --", 200, "Nothing was found", "0 gists"),
    ('NEAR( "', 200, "Nothing was found", "0 gists"),
    ("AND OR NOT", 200, "Nothing was found", "0 gists"),
    ("\ud800\udfff".encode("utf-16", "surrogatepass").decode("utf-16"), 422, "3 characters or more", "alert"),
]


@pytest.mark.parametrize(("query", "status", "words", "more"), QUESTIONS)
def test_questions_are_answered(town: Town, query: str, status: int, words: str, more: str) -> None:
    page = town.nobody.get(f"/-/search?{urlencode({'q': query})}")
    assert page.status_code == status
    assert words in page.text and more in page.text
    assert ('rel="alternate"' in page.text) == (status == 200 and bool(query.strip()))


NOWHERE = [
    "/-/languages/no%20such", "/-/languages/%00", "/-/languages/no.atom", "/-/liked?user=nobody-here",
    "/-/forked?user=%00", "/nobody-here", "/nobody-here.atom", "/-/nothing", "/-/nothing.atom",
]  # fmt: skip


def test_lists_that_there_are_not(town: Town) -> None:
    for path in NOWHERE:
        assert town.nobody.get(path).status_code == 404, path


ODD = [
    "/-/search?q=%ff%fe", "/-/topics/%ff", "/-/topics/%00", "/-/users?q=%00", "/-/users?q=%25", "/-/all?page=%00",
    "/alice?visibility=%00", "/-/search.atom?q=%00", "/-/search.atom", "/-/topics/%00.atom", "/-/topics/",
]  # fmt: skip


def test_bad_input_is_no_fault(town: Town) -> None:
    for path in ODD:
        assert town.nobody.get(path).status_code in (200, 422), path


MARKS = {
    "title": "zqtitle", "description": "zqdescription", "topics": ["zqtopic"],
    "files": {"zqname.ml": {"content": "zqcontent\n"}},
}  # fmt: skip
WORDS = ["zqtitle", "zqdescription", "zqtopic", "zqname", "zqcontent", "zqlater", "zqearlier", "topic:zqtopic"]
WORDS += ["title:zqtitle", "file:zqname", "lang:ocaml", "user:keeper"]
PLACES = ["/", "/-/all", "/-/topics", "/-/topics/zqtopic", "/-/languages", "/-/languages/ocaml", "/-/users", "/keeper"]
PLACES += ["/keeper?visibility=private", "/-/liked?user=keeper", "/-/forked?user=keeper", "/-/all?sort=likes"]
FEEDS = ["/-/all.atom", "/keeper.atom", "/-/topics/zqtopic.atom", "/-/languages/ocaml.atom"]


def _everywhere(somebody: Client) -> dict[str, str]:
    """What somebody reads in every list, search and feed, without the words that they asked for themselves."""
    asked = [f"/-/{way}?q={word}" for word in WORDS for way in ("search", "search.atom")]
    pages = {path: somebody.get(path) for path in [*PLACES, *FEEDS, *asked]}
    assert {page.status_code for page in pages.values()} == {200}
    return {path: _without_question(path, page.text) for path, page in pages.items()}


def _without_question(path: str, words: str) -> str:
    for said in (path.rpartition("=")[2], *(("zqtopic",) if "/zqtopic" in path else ())):
        words = words.replace(said, "").replace(said.replace(":", "%3A"), "")
    return words.replace("zqtopic", "") if path.endswith("topic:zqtopic") else words


def test_what_is_hidden_is_nowhere(town: Town) -> None:
    """Each mark is in a gist of every kind that others may not see, and in the past of one that they may."""
    keeper = Person(town.server, "keeper").sign_up()
    tool = keeper.api()
    seen = tool.create({"plain.txt": "zqearlier\n"}, title="seen")
    tool.change(seen["id"], files={"plain.txt": {"content": "plain\n"}})
    fork_of = tool.request("POST", f"/api/gists/{town.made['tea']['id']}/forks").json()
    tool.change(fork_of["id"], visibility="private")
    before = [_everywhere(somebody) for somebody in (town.nobody, town.bob)]

    hidden = {kind: _make(tool, visibility=kind) for kind in ("unlisted", "private")}
    was_public = _make(tool)
    tool.change(was_public["id"], visibility="private", files={"zqname.ml": {"content": "zqlater\n"}})
    gone = _make(tool, expires_at="2099-01-01T00:00:00Z")
    with closing(sqlite3.connect(town.server.repos / "index.sqlite3")) as index, index:
        index.execute("UPDATE gist SET expires_at = 1 WHERE id = ?", [gone["id"]])
    ids = [gist["id"] for gist in (*hidden.values(), was_public, gone)]
    for id in ids[:3]:
        assert tool.request("PUT", f"/api/gists/{id}/like").status_code == 204

    after = [_everywhere(somebody) for somebody in (town.nobody, town.bob)]
    assert after == before, "no list, count or feed tells that anything is there"
    for pages in after:
        for path, words in pages.items():
            assert "zq" not in words and not [id for id in ids if id in words], path
    theirs = _everywhere(keeper)
    assert all(gone["id"] not in words for words in theirs.values())
    assert all(id in theirs["/-/search?q=zqtitle"] for id in ids[:3])
    assert {path for path in FEEDS if theirs[path] != after[0][path]} == set(), "a feed is the same for everybody"


def _make(tool: Client, **more: str) -> dict[str, Any]:
    answer = tool.request("POST", "/api/gists", json={**MARKS, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()
