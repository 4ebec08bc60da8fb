"""What cannot be told from outside: how often the index is asked, and where a query ends that takes too long."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import gistd
from gistd import index
from gistd.api.sourcehut.graphql import execution
from gistd.api.sourcehut.graphql.asked import Asked
from gistd.core import accounts, gists, house
from gistd.core.access import ALL_SCOPES, Actor
from gistd.core.drafts import Draft
from gistd.index import connection
from gistd.settings import Settings

EVERYTHING = """{ pastes { cursor results { id visibility files { filename hash contents } user { ...whose } } } }
fragment whose on User { username pastes { results { id files { filename } } } }"""


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Actor]:
    house.open(Settings(repos=tmp_path))
    yield Actor(accounts.create_user("alice"), ALL_SCOPES)
    index.close()


def make(owner: Actor, number: int) -> None:
    for each in range(number):
        gists.create(owner, Draft(files={"a.txt": b"a", f"{each}.txt": b"x"}))


def ask(actor: Actor, query: str) -> Any:
    return execution.run(query, None, None, Asked(actor, "https://gists.example.org"))


def statements(actor: Actor, query: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the index is asked for the query."""
    asked, original = [], connection._Sqlite.execute_sql

    def note(self: Any, sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return original(self, sql, params)

    with monkeypatch.context() as patched:
        patched.setattr(connection._Sqlite, "execute_sql", note)
        assert "errors" not in ask(actor, query)
    return asked


def test_a_page_takes_as_many_statements_as_a_paste(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    make(alice, 1)
    one = statements(alice, EVERYTHING, monkeypatch)
    make(alice, 29)
    page = statements(alice, EVERYTHING, monkeypatch)
    assert [sql.split(" IN ")[0] for sql in page] == [sql.split(" IN ")[0] for sql in one] and len(page) <= 7
    assert len(ask(alice, EVERYTHING)["data"]["pastes"]["results"]) == 25


def test_who_does_not_ask_for_files_does_not_wait_for_them(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    make(alice, 2)
    assert not [sql for sql in statements(alice, "{ pastes { results { id } } }", monkeypatch) if '"file"' in sql]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"query_seconds": 0}, "The query takes longer than 0 seconds."),
        ({"max_query_answer_bytes": 100}, "The answer is larger than 100 bytes."),
    ],
)
@pytest.mark.parametrize("query", ["{ pastes { results { id } } }", "{ __schema { types { name } } }"])
def test_a_query_ends_at_its_limits(
    alice: Actor, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int], message: str, query: str
) -> None:
    make(alice, 3)
    monkeypatch.setattr(house, "settings", replace(house.settings, **limit))
    assert ask(alice, query) == {"errors": [{"message": message}], "data": None}


def test_an_alias_counts_as_often_as_it_is_answered(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    make(alice, 3)
    monkeypatch.setattr(house, "settings", replace(house.settings, max_query_answer_bytes=5000))
    assert "errors" not in ask(alice, "{ pastes { results { id } } }")
    assert ask(alice, f"{{ pastes {{ results {{ {'a' * 2000}: id }} }} }}")["data"] is None


def test_where_the_apis_are_off_it_is_off(tmp_path: Path) -> None:
    client = gistd.create_app(Settings(repos=tmp_path, api_enabled=False)).test_client()
    for answer in (client.post("/query", json={"query": "{ me { id } }"}), client.get("/query/api-meta.json")):
        assert (answer.status_code, answer.json) == (403, {"errors": [{"message": "API is disabled"}]})
    index.close()


def test_what_nobody_expected_is_logged_and_not_told(
    alice: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(accounts, "user", fail)
    answer = ask(alice, '{ user(username: "bob") { id } version { major } }')
    assert answer["data"] == {"user": None, "version": {"major": 0}}
    assert answer["errors"][0]["message"].startswith("Something went wrong here")
    assert "a secret" in caplog.text
