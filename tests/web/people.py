"""People at a browser: what the tests of accounts, settings and administration share."""

import re
from typing import Any

import requests
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.harness import PASSWORD, Client, Server

_TABLES = ("account", "second_factor", "gist", "file", "topic", "liked", "oauth_client", "oauth_code")


class Person(Client):
    """Somebody with a browser, who fills in forms; not signed in at first."""

    def __init__(self, server: Server, name: str, **headers: str) -> None:
        super().__init__(server, name, "")
        self.session.headers.update({"Origin": server.url, **headers})

    def post(self, path: str, **form: Any) -> requests.Response:
        return self.request("POST", path, data=form)

    def sign_up(self, **form: Any) -> "Person":
        given = {"username": self.name, "password": PASSWORD, "repeat": PASSWORD, **form}
        answer = self.post("/-/register", **given)
        assert answer.status_code == 303, answer.text
        return self

    def sign_in(self, password: str = PASSWORD, **form: Any) -> requests.Response:
        return self.post("/-/login", username=self.name, password=password, **form)

    def is_signed_in(self) -> bool:
        return "Sign out" in self.get("/").text

    def api(self, *scopes: str) -> Client:
        """A tool that acts in the person's name, with a token that they make on its page; for everything by default."""
        given = scopes or ("gist:write", "user:write")
        page = self.post("/-/settings/access-tokens", name="a tool", scope=given)
        return Client(self.server, self.name, found(r"(og_[0-9a-f]{64})", page.text))

    def key(self) -> str:
        """An API key for paste.gg's clients."""
        return found(r"\b([0-9a-f]{32})\b", self.post("/-/settings/api-keys", name="a tool").text)

    def set_digest(self, secret: str) -> None:
        """Let HTTP digest know them by this secret."""
        form = {"password": secret, "repeat": secret, "current": PASSWORD}
        assert self.post("/-/settings/digest", **form).status_code == 303


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, (pattern, text)
    return match[1]


def on_record(server: Server) -> list[Any]:
    """What the index of a server holds, but not when it was last looked at."""
    connection = sqlite3.connect(server.repos / "index.sqlite3")
    try:
        rows = [(table, *row) for table in _TABLES for row in connection.execute(f"SELECT * FROM {table}")]
        return rows + list(connection.execute("SELECT id, user_id, kind, secret_hash, label, scopes FROM credential"))
    finally:
        connection.close()
