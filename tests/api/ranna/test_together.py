"""ranna's snippets beside what else gistd does: other dialects, git, settings, workers and restarts."""

from collections.abc import Callable
from typing import Any

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]  # only to let time pass

from tests.api.ranna.client import Snipper, outcome
from tests.harness import Client, Git, Server

UNAUTHORIZED, NOT_FOUND = (401, "Unauthorized"), (404, "Not Found")


def with_token(client: Client) -> Snipper:
    """Somebody with an account of gistd's, by an access token."""
    snipper = Snipper(client.server, client.name)
    snipper.token = client.token
    return snipper


def digits(snippet: dict[str, Any]) -> str:
    return snippet["id"].replace("-", "")


def test_a_snippet_is_a_gist(alice: Client, nobody: Client, git: Git) -> None:
    snipper = with_token(alice)
    snippet = snipper.snippet("one\r\n")
    gist = nobody.read(digits(snippet))
    assert (gist["visibility"], gist["owner"]["login"]) == ("unlisted", "alice")
    assert gist["files"]["pastefile1"]["content"] == "one\r\n"
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"pastefile1": "two"})
    git("push", "-q", cwd=clone)
    alice.change(gist["id"], title="Two")
    assert snipper.get(snippet) == (200, {**snippet, "code": "two", "displayname": "Two"}), "the language stays"
    assert outcome(snipper.send("DELETE", f"/snippets/{snippet['ident']}")) == (204, None)
    assert nobody.get(f"/api/gists/{gist['id']}").status_code == 404


def test_a_gist_is_a_snippet(alice: Client, bob: Client, nobody: Client) -> None:
    gist = alice.create({"b.rs": "fn main() {}", "a.unknown": "x"}, title="T", visibility="private")
    snipper = with_token(alice)
    [snippet] = [each for each in snipper.send("GET", "/snippets").json() if digits(each) == gist["id"]]
    assert (snippet["language"], snippet["displayname"]) == ("text", "T")
    assert snipper.get(snippet)[1]["code"] == "x"
    alice.change(gist["id"], files={"a.unknown": {"content": ""}, "b.rs": {"filename": "B.rs"}})
    for who in (Snipper(alice.server), with_token(bob)):
        assert who.get(snippet) == NOT_FOUND
        assert outcome(who.send("GET", f"/snippets/{gist['id']}")) == NOT_FOUND
    changed = outcome(snipper.send("POST", f"/snippets/{gist['id']}", {"code": "y"}))[1]
    assert changed["code"] == "y" and alice.read(gist["id"])["visibility"] == "private"


def test_what_is_no_text_survives_a_change_of_its_name(alice: Client) -> None:
    png = {"content": "iVBORw0KGgoA/w==", "encoding": "base64"}
    gist = alice.request("POST", "/api/gists", json={"files": {"a.png": png}}).json()
    snipper = with_token(alice)
    shown = outcome(snipper.send("GET", f"/snippets/{gist['id']}"))[1]
    assert outcome(snipper.send("POST", f"/snippets/{gist['id']}", {**shown, "displayname": "T"}))[0] == 200
    after = alice.read(gist["id"])
    assert (after["title"], after["files"]["a.png"]["content"]) == ("T", png["content"])


def test_an_access_token_opens_what_it_is_for(server: Server, alice: Client) -> None:
    reader = with_token(server.client("alice", "gist:read"))
    assert outcome(reader.send("GET", "/snippets"))[0] == 200
    assert reader.post({"language": "go", "code": "x"})[0] == 403
    masterkey = f"bearer {alice.token}"
    assert outcome(reader.send("DELETE", "/users/alice", auth=masterkey)) == UNAUTHORIZED


def test_a_snippet_that_nobody_made_stays(server: Server, nobody: Client) -> None:
    snippet = Snipper(server).snippet()
    gist = nobody.read(digits(snippet))
    assert gist["owner"]["login"] == "anonymous"
    key = {"Authorization": f"Key {'0' * 32}"}
    assert nobody.request("DELETE", f"/api/v1/pastes/{gist['id']}", headers=key).status_code == 403


def test_the_oldest_of_a_hundred_tokens_makes_room(own_server: Callable[..., Server]) -> None:
    anna = Snipper(own_server().start("--workers", "1")).join("anna")
    second = anna.exchange()
    for _ in range(99):
        anna.exchange()
    assert outcome(anna.send("GET", "/snippets")) == UNAUTHORIZED
    assert outcome(anna.send("GET", "/snippets", auth=f"bearer {second}"))[0] == 200


def test_tokens_outlive_the_server_and_not_their_time(own_server: Callable[..., Server]) -> None:
    server = own_server(max_failures_per_address=3, max_signups_per_address=1).start("--workers", "2")
    anna = Snipper(server).join("anna")
    server.stop()
    server.start("--workers", "2")
    assert [outcome(anna.send("GET", "/snippets")) for _ in range(4)] == [(200, [])] * 4
    assert outcome(anna.send("PUT", "/users/bert"))[0] == 429
    wrong = [outcome(anna.send("GET", "/snippets", auth="bearer x"))[0] for _ in range(4)]
    assert wrong == [401] * 3 + [429]
    assert int(anna.send("GET", "/snippets", auth="bearer x").headers["Retry-After"]) > 0
    assert outcome(anna.send("GET", "/snippets"))[0] == 200, "a right token is always let in"
    with sqlite3.connect(server.repos / "index.sqlite3") as index:
        index.execute("UPDATE credential SET expires_at = 1 WHERE kind = 'apitoken'")
    assert outcome(anna.send("GET", "/snippets"))[0] == 429, "it has run out; nobody's is counted any more"
    assert anna.exchange()


def test_the_only_admin_stays(own_server: Callable[..., Server]) -> None:
    anna = Snipper(own_server().start("--workers", "1")).join("anna")
    answer = outcome(anna.send("DELETE", "/users/anna", auth=f"bearer {anna.masterkey}"))
    assert answer == (409, "this is the only admin; make somebody else one first")
    assert outcome(anna.send("GET", "/snippets")) == (200, [])


@pytest.mark.parametrize(
    ("settings", "reading", "creating", "joining"),
    [
        ({"api_enabled": "false"}, 403, 403, 403),
        ({"require_login": "true"}, 401, 401, 200),
        ({"require_login": "true", "allow_gists_without_login": "true"}, 404, 401, 200),
        ({"anonymous_gists": "false"}, 404, 401, 200),
        ({"signup": "false"}, 404, 200, 403),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_closed(own_server: Callable[..., Server], settings: Any, reading: int, creating: int, joining: int) -> None:
    nobody = Snipper(own_server(**settings).start("--workers", "1"))
    asked = {"language": "go", "code": "x"}
    assert outcome(nobody.send("GET", "/snippets/nosuch"))[0] == reading
    assert nobody.post(asked)[0] == creating
    assert outcome(nobody.send("PUT", "/users/anna"))[0] == joining
