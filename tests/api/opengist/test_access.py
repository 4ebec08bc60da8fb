"""Who may do what: {nobody, stranger, owner, each scope} by {public, unlisted, private}."""

import pytest

from tests.harness import Client

READ = {"nobody": 200, "stranger": 200, "owner": 200, "gist:read": 200, "gist:write": 200, "user:write": 200}
READ_PRIVATE = {**READ, "nobody": 404, "stranger": 404, "user:write": 404}
WRITE = {"nobody": 401, "stranger": 403, "owner": 200, "gist:read": 403, "gist:write": 200, "user:write": 403}
WRITE_PRIVATE = {**WRITE, "stranger": 404}


@pytest.fixture(scope="module")
def actors(alice: Client, bob: Client, nobody: Client) -> dict[str, Client]:
    scopes = ("gist:read", "gist:write", "user:write")
    by_scope = {scope: alice.server.client("alice", scope) for scope in scopes}
    return {"nobody": nobody, "stranger": bob, "owner": alice, **by_scope}


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
def test_single_gists(actors: dict[str, Client], visibility: str) -> None:
    gist = actors["owner"].create({"a": "canary"}, visibility=visibility)
    path = f"/api/gists/{gist['id']}"
    private = visibility == "private"
    for name, actor in actors.items():
        for suffix in ("", "/commits", f"/{gist['commits'][0]['version']}"):
            response = actor.get(path + suffix)
            assert response.status_code == (READ_PRIVATE if private else READ)[name], (name, suffix)
            assert response.status_code == 200 or "canary" not in response.text
        response = actor.request("PATCH", path, json={"title": name})
        assert response.status_code == (WRITE_PRIVATE if private else WRITE)[name], name
    for name in ("nobody", "stranger", "gist:read", "user:write"):
        assert actors[name].request("DELETE", path).status_code == (WRITE_PRIVATE if private else WRITE)[name]
    assert actors["gist:write"].request("DELETE", path).status_code == 204


def test_a_private_gist_answers_like_none(actors: dict[str, Client]) -> None:
    gist = actors["owner"].create(visibility="private")
    for name in ("nobody", "stranger"):
        for suffix in ("", "/commits", "/abc", f"/{gist['commits'][0]['version']}"):
            answers = [actors[name].get(f"/api/gists/{id}{suffix}") for id in (gist["id"], "0" * 32)]
            assert answers[0].content == answers[1].content
            assert answers[0].status_code == answers[1].status_code == 404
            assert {k: v for k, v in answers[0].headers.items() if k != "Date"}.keys() == answers[1].headers.keys() - {
                "Date"
            }
        assert actors[name].get(f"/{actors['owner'].name}/{gist['id']}").status_code == 404
        assert actors[name].get(f"/{actors['owner'].name}/{gist['id']}/raw/HEAD/hello.py").status_code == 404


def test_an_expired_token_is_refused(alice: Client) -> None:
    import sqlite3  # only to let time pass: there is no other way to have a token that has run out

    token = alice.server.cli("token", "create", "alice", "--scopes", "gist:read", "--expires", "1m").strip()
    client = Client(alice.server, "alice", token)
    assert client.get("/api/gists").status_code == 200
    with sqlite3.connect(alice.server.repos / "index.sqlite3", timeout=30) as index:
        index.execute("UPDATE credential SET expires_at = 1 WHERE expires_at IS NOT NULL")
    index.close()
    assert client.get("/api/gists").status_code == 401
