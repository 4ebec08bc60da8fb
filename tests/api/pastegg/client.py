"""Talking to gistd as paste.gg's clients do."""

from functools import cached_property
from typing import Any

import requests

from tests.harness import Client, Server

MOUNT = "/api/v1"
Answer = tuple[int, Any]


class Paster:
    """Requests with somebody's API key, or none."""

    def __init__(self, server: Server, name: str = "", key: str = "") -> None:
        self.name, self.key = name, key
        self.http = server.nobody
        self.headers = {"Authorization": f"Key {key}"} if key else {}

    @classmethod
    def of(cls, client: Client) -> "Paster":
        return cls(client.server, client.name, client.server.cli("key", "create", client.name).strip())

    def send(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """A path of the API, below /api/v1 unless it says where it is."""
        headers = {**self.headers, **options.pop("headers", {})}
        path = path if path.startswith(("/api/", "/v1/", "/v0/", "/p/", "/u/", "//")) else MOUNT + path
        if json is not None:
            options["json"] = json
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def paste(self, *files: Any, **fields: Any) -> dict[str, Any]:
        """A new paste, of strings or of whole files; with one file if none is given."""
        response = self.send("POST", "/pastes", body(*files, **fields))
        assert response.status_code == 201, response.text
        return response.json()["result"]

    def read(self, paste: dict[str, Any], full: bool = True) -> dict[str, Any]:
        response = self.get(f"/pastes/{paste['id']}", params={"full": "true"} if full else {})
        assert response.status_code == 200, response.text
        return response.json()["result"]


def text(value: str, name: str | None = None, **fields: Any) -> dict[str, Any]:
    named = {} if name is None else {"name": name}
    return {**named, "content": {"format": "text", "value": value}, **fields}


def packed(format: str, value: str, **fields: Any) -> dict[str, Any]:
    return {"content": {"format": format, "value": value}, **fields}


def body(*files: Any, **fields: Any) -> dict[str, Any]:
    given = files or ("one",)
    return {"files": [text(file) if isinstance(file, str) else file for file in given], **fields}


def outcome(response: requests.Response) -> Answer:
    """The status, with the key of an error, or with the result."""
    if not response.content:
        return response.status_code, None
    answer = response.json()
    if answer["status"] == "success":
        return response.status_code, answer["result"]
    assert set(answer) <= {"status", "error", "message"}, answer
    return response.status_code, answer["error"]


class Cast:
    """Everybody, and a paste of alice's made for the row that asks."""

    def __init__(self, pasters: dict[str, Paster]) -> None:
        self.alice, self.bob, self.nobody = pasters["alice"], pasters["bob"], pasters["nobody"]

    def post(self, asked: Any, who: Paster | None = None, **options: Any) -> Answer:
        return outcome((who or self.nobody).send("POST", "/pastes", asked, **options))

    def raw_post(self, data: bytes, **headers: str) -> Answer:
        headers = {"Content-Type": "application/json", **headers}
        return outcome(self.nobody.send("POST", "/pastes", data=data, headers=headers))

    def patch(self, asked: Any, who: Paster | None = None, path: str = "") -> Answer:
        return outcome((who or self.alice).send("PATCH", self.path + path, asked))

    def get(self, path: str = "", who: Paster | None = None, **options: Any) -> Answer:
        return outcome((who or self.alice).get(self.path + path, **options))

    def delete(self, paste: dict[str, Any], key: str) -> Answer:
        headers = {"Authorization": f"Key {key}"} if key else {}
        return outcome(self.nobody.send("DELETE", f"/pastes/{paste['id']}", headers=headers))

    def made(self, *files: Any, **fields: Any) -> dict[str, Any]:
        """A new paste of alice's, as it is read."""
        return self.alice.read(self.alice.paste(*files, **fields))

    def changed(self, asked: Any, path: str = "") -> dict[str, Any]:
        """The paste after a PATCH that was taken."""
        assert self.patch(asked, path=path) == (204, None)
        return self.alice.read(self.paste)

    @cached_property
    def paste(self) -> dict[str, Any]:
        """Two text files: a.py and b.txt."""
        return self.alice.read(self.alice.paste(text("one", "a.py"), text("two", "b.txt"), name="n", description="d"))

    @property
    def path(self) -> str:
        return f"/pastes/{self.paste['id']}"

    @property
    def a(self) -> dict[str, Any]:
        return self.paste["files"][0]

    @property
    def b(self) -> dict[str, Any]:
        return self.paste["files"][1]

    @cached_property
    def private(self) -> dict[str, Any]:
        return self.alice.paste("secret", visibility="private")

    @cached_property
    def anonymous(self) -> dict[str, Any]:
        return self.nobody.paste("nobody's")
