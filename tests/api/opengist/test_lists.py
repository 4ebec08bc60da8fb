"""Opengist's lists and their pages (spec sections 4.1 and 4.2)."""

from collections.abc import Iterator

import pytest

from tests.harness import Client, Server


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A server of its own, where alice has a gist of each visibility and bob 34 public ones."""
    server = Server(tmp_path_factory.mktemp("lists")).start()
    alice, bob = server.user("alice"), server.user("bob")
    hers = {word: alice.create(visibility=word)["id"] for word in ("public", "unlisted", "private")}
    his = [bob.create({"n": str(number)})["id"] for number in range(34)]
    yield {"alice": alice, "bob": bob, "nobody": server.nobody, "hers": hers, "his": his}
    server.stop()


def _ids(client: Client, path: str) -> list[str]:
    return [gist["id"] for gist in client.get(path).json()]


def test_who_sees_what(shelf: dict) -> None:
    alice, hers, his = shelf["alice"], shelf["hers"], shelf["his"]
    public = [*reversed(his), hers["public"]]
    assert _ids(shelf["nobody"], "/api/gists?per_page=100") == public
    assert _ids(shelf["nobody"], "/api/gists/public?per_page=100") == public
    assert _ids(alice, "/api/gists/public?per_page=100") == public
    assert _ids(alice, "/api/gists") == [hers["private"], hers["unlisted"], hers["public"]]
    without_reading = alice.server.client("alice", "user:read")
    assert _ids(without_reading, "/api/gists") == [hers["public"]], "the public subset, not a refusal"
    assert _ids(shelf["bob"], "/api/gists?per_page=100") == list(reversed(his))


def test_a_change_brings_a_gist_to_the_top(shelf: dict) -> None:
    alice, hers = shelf["alice"], shelf["hers"]
    alice.change(hers["unlisted"], title="newer")
    assert _ids(alice, "/api/gists")[0] == hers["unlisted"]


@pytest.mark.parametrize(
    ("query", "page", "per_page", "items", "links"),
    [
        ("", 1, 30, 30, "next"),
        ("?page=2", 2, 30, 5, "prev"),
        ("?page=3", 3, 30, 0, "prev"),
        ("?page=0", 1, 30, 30, "next"),
        ("?page=-1", 1, 30, 30, "next"),
        ("?page=x", 1, 30, 30, "next"),
        ("?page=99999999999999999999", 1, 30, 30, "next"),
        ("?per_page=10&page=2", 2, 10, 10, "next prev"),
        ("?per_page=0", 1, 30, 30, "next"),
        ("?per_page=1000", 1, 100, 35, ""),
        ("?per_page=%D9%A1", 1, 30, 30, "next"),
        ("?page=2147483647&per_page=100", 2147483647, 100, 0, "prev"),
    ],
)
def test_pages(shelf: dict, query: str, page: int, per_page: int, items: int, links: str) -> None:
    response = shelf["nobody"].get(f"/api/gists{query}")
    assert response.status_code == 200
    assert len(response.json()) == items
    assert response.headers["X-Page"] == str(page)
    assert response.headers["X-Per-Page"] == str(per_page)
    assert response.headers["X-Total"] == "35"
    assert response.headers["X-Total-Pages"] == str(-(-35 // per_page))
    assert " ".join(word for word in ("next", "prev") if f'rel="{word}"' in response.headers.get("Link", "")) == links


def test_links_keep_the_rest_of_the_query(shelf: dict) -> None:
    nobody = shelf["nobody"]
    response = nobody.get("/api/gists?since=2020-01-01T00:00:00%2B01:00&per_page=10&page=2")
    url = f"{nobody.server.url}/api/gists"
    rest = "per_page=10&since=2020-01-01T00%3A00%3A00%2B01%3A00"
    assert response.headers["Link"] == f'<{url}?page=3&{rest}>; rel="next", <{url}?page=1&{rest}>; rel="prev"'
    assert nobody.get(response.links["next"]["url"]).headers["X-Page"] == "3"


def test_pages_neither_repeat_nor_skip(shelf: dict) -> None:
    seen = [id for page in range(1, 9) for id in _ids(shelf["nobody"], f"/api/gists?per_page=5&page={page}")]
    assert len(seen) == len(set(seen)) == 35


@pytest.mark.parametrize(
    ("since", "status", "some"),
    [
        ("2020-01-01T00:00:00Z", 200, True),
        ("2090-01-01T00:00:00Z", 200, False),
        ("2090-01-01T00:00:00%2B02:00", 200, False),
        ("", 200, True),
        ("yesterday", 400, None),
        ("2020-01-01", 400, None),
        ("2020-01-01T00:00:00", 400, None),
        ("0001-01-01T00:00:00%2B10:00", 400, None),
    ],
)
def test_since(shelf: dict, since: str, status: int, some: bool | None) -> None:
    response = shelf["nobody"].get(f"/api/gists?since={since}")
    assert response.status_code == status
    assert response.json()["status"] == 400 if some is None else bool(response.json()) is some
