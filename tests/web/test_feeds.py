"""Feeds, as feed readers get them: Atom (RFC 4287), of public gists only, asked for again and again."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import requests

from tests.harness import Client, Server
from tests.web.people import Person, found

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")  # RFC 3339
URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HOSTILE = "]]> <b>&amp; \x01\x0b\x1b￾ \U0001f600"
FEEDS = ["/-/all.atom", "/Alice.atom", "/-/topics/t%C3%A9e.atom", "/-/languages/py.atom", "/-/search.atom?q=needle"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("feeds")).start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def alice(here: Server) -> Person:
    return Person(here, "alice").sign_up()


@pytest.fixture(scope="module")
def tool(alice: Person) -> Client:
    return alice.api()


@pytest.fixture(scope="module")
def gists(tool: Client) -> list[dict[str, str]]:
    files = {"a.py": "needle\n"}
    plain = tool.create(files, title="plain", topics=["tée"])
    hostile = tool.create(files, title="hostile", description="x", topics=["tée"], slug="its-own-url")
    tool.create(files, title="zqhidden", topics=["tée"], visibility="unlisted")
    tool.create(files, title="zqhidden", topics=["tée"], visibility="private")
    return [plain, hostile]


def _read(page: requests.Response) -> ElementTree.Element:
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(page.content)


def _text(element: ElementTree.Element, name: str) -> str:
    (child,) = element.findall(ATOM + name)
    return child.text or ""


def _links(element: ElementTree.Element) -> dict[str, str]:
    return {link.attrib["rel"]: link.attrib["href"] for link in element.findall(f"{ATOM}link")}


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_valid(here: Server, gists: list[dict[str, str]], path: str) -> None:
    feed = _read(here.nobody.get(path))
    assert feed.tag == f"{ATOM}feed"
    links = _links(feed)
    assert _text(feed, "id") == links["self"], "it can be told from others"
    assert links["self"].startswith(f"{here.url}/") and links["alternate"].startswith(f"{here.url}/")
    assert here.nobody.get(links["self"]).status_code == here.nobody.get(links["alternate"]).status_code == 200
    assert 'type="application/atom+xml" title=' in here.nobody.get(links["alternate"]).text
    head = found('<link rel="alternate" [^>]*href="([^"]*)"', here.nobody.get(links["alternate"]).text)
    assert here.url + head == links["self"], "the page tells where its feed is"
    entries = feed.findall(f"{ATOM}entry")
    assert [_text(entry, "title") for entry in entries] == ["hostile", "plain"]
    assert _text(feed, "updated") == _text(entries[0], "updated")
    ids = [_text(entry, "id") for entry in entries]
    assert ids == sorted(set(ids), key=ids.index)
    for entry, gist in zip(entries, gists[::-1], strict=True):
        assert URN.fullmatch(_text(entry, "id")) and _text(entry, "id").replace("-", "").endswith(gist["id"])
        assert _links(entry)["alternate"] == gist["html_url"]
        for name in ("updated", "published"):
            assert MOMENT.fullmatch(_text(entry, name))
        (author,) = entry.findall(f"{ATOM}author")
        assert (_text(author, "name"), _text(author, "uri")) == ("alice", f"{here.url}/alice")
        assert [category.attrib["term"] for category in entry.findall(f"{ATOM}category")] == ["tée"]


def test_a_feed_is_the_same_for_everybody(here: Server, alice: Person, gists: list[dict[str, str]]) -> None:
    for path in FEEDS:
        assert alice.get(path).content == here.nobody.get(path).content
        assert "zqhidden" not in alice.get(path).text
    assert "zqhidden" in alice.get("/-/all").text


def test_a_feed_that_a_reader_has_is_not_sent_again(here: Server, tool: Client, gists: list[dict[str, str]]) -> None:
    for path in FEEDS:
        tag = here.nobody.get(path).headers["ETag"]
        again = here.nobody.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    tag = here.nobody.get("/-/all.atom").headers["ETag"]
    tool.create({"a": "x"}, title="unseen", visibility="private")
    assert here.nobody.get("/-/all.atom").headers["ETag"] == tag, "nor does the tag tell of what is hidden"
    before = _text(_read(here.nobody.get("/-/all.atom")), "id")
    tool.change(gists[0]["id"], description="another")
    changed = here.nobody.get("/-/all.atom", headers={"If-None-Match": tag})
    feed = _read(changed)
    assert changed.headers["ETag"] != tag and _text(feed, "id") == before
    assert _text(feed.findall(f"{ATOM}entry")[0], "title") == "plain", "what was updated last comes first"
    tool.change(gists[1]["id"], description="")


def test_what_xml_cannot_hold(here: Server) -> None:
    server_words = here.nobody.request("POST", "/api/v1/pastes", json={
        "name": HOSTILE, "description": HOSTILE, "visibility": "public",
        "files": [{"name": "x", "content": {"format": "text", "value": "x"}}],
    })  # fmt: skip
    assert server_words.status_code == 201, server_words.text
    entry = _read(here.nobody.get("/-/all.atom")).findall(f"{ATOM}entry")[0]
    shown = "]]> <b>&amp; ���� \U0001f600"
    assert (_text(entry, "title"), _text(entry, "summary")) == (shown, shown)
    assert _text(entry.findall(f"{ATOM}author")[0], "name") == "anonymous"


def test_empty_feeds_are_feeds(here: Server) -> None:
    for path in ("/-/topics/nothing.atom", "/-/languages/haskell.atom", "/-/search.atom?q=%22%26%3C%22+xyz"):
        feed = _read(here.nobody.get(path))
        assert not feed.findall(f"{ATOM}entry") and MOMENT.fullmatch(_text(feed, "updated"))
        assert here.nobody.get(path).headers["ETag"] == here.nobody.get(path).headers["ETag"]
    assert here.nobody.get("/-/search.atom?q=ab").status_code == 422
    assert here.nobody.get("/nobody-here.atom").status_code == 404
