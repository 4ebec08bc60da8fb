"""Answers that are kept for a moment are those that would be made: nothing shows that they are kept but the speed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Client, Git, Server, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Several workers, each of which keeps its own."""
    running = Server(tmp_path_factory.mktemp("kept")).start("--workers", "3")
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture(scope="module")
def alice(server: Server) -> Client:
    return server.user("alice")


@pytest.fixture(scope="module")
def bob(server: Server, alice: Client) -> Client:
    return server.user("bob")


def many(server: Server) -> list[Client]:
    """Clients with a connection each, so that all workers are asked."""
    return [server.nobody for _ in range(6)]


def test_what_is_acknowledged_is_seen_by_the_next_who_asks(server: Server, alice: Client) -> None:
    gist, askers = alice.create(), many(server)
    page = f"/alice/{gist['id']}"
    for number in range(25):
        words = f"number {number} of them"
        alice.change(gist["id"], description=words, files={"hello.py": {"content": f"print({number})\n"}})
        for asker in askers:
            read = asker.read(gist["id"])
            assert (read["description"], read["files"]["hello.py"]["content"]) == (words, f"print({number})\n")
            assert words in asker.get(page).text
            assert asker.get(f"{page}/raw/HEAD/hello.py").text == f"print({number})\n"


def test_what_is_made_or_deleted_is_in_lists_at_once_or_not_any_more(server: Server, alice: Client) -> None:
    askers = many(server)
    for number in range(5):
        gist = alice.create(title=f"here for a while {number}")
        lists = ("/api/gists/public", f"/-/search?q=while+{number}", "/-/all", "/alice", "/alice.atom")
        for asker in askers:
            assert all(gist["id"] in asker.get(path).text for path in lists)
        assert alice.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204
        for asker in askers:
            assert not any(gist["id"] in asker.get(path).text for path in lists)
            assert asker.get(f"/api/gists/{gist['id']}").status_code == 404


def test_what_becomes_private_is_gone_also_for_who_has_its_etag(server: Server, alice: Client) -> None:
    gist, askers = alice.create(), many(server)
    path = f"/api/gists/{gist['id']}"
    etags = {asker.get(path).headers["ETag"] for asker in askers}
    assert len(etags) == 1
    known = {"If-None-Match": etags.pop()}
    assert {asker.get(path, headers=known).status_code for asker in askers} == {304}
    alice.change(gist["id"], visibility="private")
    assert {asker.get(path, headers=known).status_code for asker in askers} == {404}
    assert {asker.get(f"/alice/{gist['id']}").status_code for asker in askers} == {404}
    alice.change(gist["id"], visibility="public")
    assert {asker.get(path).status_code for asker in askers} == {200}


def test_what_expires_is_gone_at_once(server: Server, alice: Client) -> None:
    """Nothing is written then."""
    gist, asker = alice.create(), server.nobody
    end = datetime.now(UTC) + timedelta(seconds=2)
    made = asker.request(
        "POST",
        "/v1/pastes",
        json={"files": [{"content": {"format": "text", "value": "x"}}], "expires": end.isoformat()},
    )
    assert made.status_code == 201, made.text
    path = f"/v1/pastes/{made.json()['result']['id']}"

    def ended() -> bool:
        asked = datetime.now(UTC)
        status = asker.get(path).status_code
        assert status == 404 if asked >= end else status in (200, 404)
        assert asker.get(f"/api/gists/{gist['id']}").status_code == 200
        return asked >= end + timedelta(seconds=0.2)

    wait_until(ended, "it has expired")


def test_a_like_and_a_fork_count_at_once(server: Server, alice: Client, bob: Client) -> None:
    gist, askers = alice.create(), many(server)
    page = f"/alice/{gist['id']}"
    before = {asker.get(page).status_code for asker in askers}
    bob.request("PUT", f"/api/gists/{gist['id']}/like")
    bob.request("POST", f"/api/gists/{gist['id']}/forks")
    assert before == {200}
    for asker in askers:
        read = asker.read(gist["id"])
        assert (read["like_count"], read["fork_count"]) == (1, 1)


def test_a_push_is_seen_at_once(server: Server, alice: Client, git: Git) -> None:
    gist, asker = alice.create(), server.nobody
    clone = git.clone(alice.clone_url(gist))
    for number in range(3):
        asker.read(gist["id"])
        git.commit(clone, {"hello.py": f"pushed {number}\n"})
        git("push", "-q", cwd=clone)
        assert asker.read(gist["id"])["files"]["hello.py"]["content"] == f"pushed {number}\n"


def test_each_page_has_a_nonce_of_its_own(server: Server, alice: Client) -> None:
    gist, asker = alice.create(), server.nobody
    nonces = []
    for _ in range(20):
        answer = asker.get(f"/alice/{gist['id']}")
        nonce = re.search(r"'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"])
        assert nonce
        assert set(re.findall(r'nonce="([^"]*)"', answer.text)) == {nonce[1]}
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        nonces.append(nonce[1])
    assert len(set(nonces)) == len(nonces)


def test_answers_hang_on_what_was_asked_for(server: Server, alice: Client) -> None:
    """Each of these would be wrong for the one that follows."""
    alice.create(title="for everybody")
    ident = server.nobody.request("POST", "/v1/snippets", json={"language": "go", "code": "x"}).json()["ident"]
    asker = server.nobody
    for _ in range(3):
        for origin in ("https://one.example", "https://two.example"):
            answer = asker.get(f"/v1/snippets/{ident}", headers={"Origin": origin})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        assert asker.get("/api/gists/public?per_page=1").headers["X-Per-Page"] == "1"
        assert asker.get("/api/gists/public?per_page=2").headers["X-Per-Page"] == "2"
        assert "text/html" in asker.get("/", headers={"Accept": "text/html"}).headers["Content-Type"]
        assert "json" in asker.get("/", headers={"Accept": "application/json"}).headers["Content-Type"]
        for host in ("one.example", "two.example"):
            urls = asker.get("/api/gists/public", headers={"Host": host}).text
            assert host in urls
            assert {"one.example", "two.example"} - {host} & set(re.findall(r"https?://([\w.]+)", urls)) == set()


def test_whoever_says_who_they_are_gets_an_answer_of_their_own(server: Server, alice: Client, bob: Client) -> None:
    gist = alice.create(visibility="private")
    path, asker = f"/api/gists/{gist['id']}", server.nobody
    for _ in range(3):
        assert [client.get(path).status_code for client in (alice, asker, bob)] == [200, 404, 404]
        assert gist["id"] in alice.get("/api/gists").text
        assert gist["id"] not in asker.get("/api/gists").text
        wrong = asker.get("/api/gists/public", headers={"Authorization": "Bearer og_" + "0" * 64})
        assert wrong.status_code == 401


@pytest.mark.parametrize("size", [0, 32 * 2**20])
def test_a_read_makes_an_answer_again_only_if_nothing_is_kept(
    own_server: Callable[..., Server], size: int, tmp_path: Path
) -> None:
    """The repository is taken away: whoever does not keep answers must find out."""
    server = own_server(answer_cache_bytes=size).start("--workers", "1")
    gist = server.user("alice").create()
    asker = server.nobody

    def kept() -> bool:
        assert asker.get(f"/api/gists/{gist['id']}").status_code == 200
        repository = server.repository(gist["id"])
        repository.rename(tmp_path / "away")
        status = asker.get(f"/api/gists/{gist['id']}").status_code
        (tmp_path / "away").rename(repository)
        return status == 200

    if size:
        wait_until(kept, "an answer is given twice within its moment")
    else:
        assert not kept()
