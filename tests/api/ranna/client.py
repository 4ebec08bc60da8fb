"""Talking to gistd as the clients of ranna's snippets do."""

import itertools
import re
from functools import cached_property
from typing import Any

import requests

from tests.harness import Client, Server

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDENT = re.compile(r"[A-Za-z0-9]{6}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?\+00:00")
TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00")
MASTERKEY = re.compile(r"[A-Za-z0-9/_-]{171}_")
Answer = tuple[int, Any]

_NUMBERS = itertools.count(1)


class Snipper:
    """Requests with somebody's API token, or none; below /v1 unless the path says where it is."""

    def __init__(self, server: Server, name: str = "", masterkey: str = "") -> None:
        self.server, self.name, self.masterkey = server, name, masterkey
        self.http: Client = server.nobody
        self.token = ""

    def join(self, name: str) -> "Snipper":
        """A new account, with its token."""
        made = self.send("PUT", f"/users/{name}").json()
        new = Snipper(self.server, name, made["masterkey"])
        new.token = new.exchange()
        return new

    def exchange(self) -> str:
        return self.send("POST", f"/users/{self.name}/apitoken", auth=f"bearer {self.masterkey}").json()["token"]

    def send(self, method: str, path: str, json: Any = None, auth: str | None = None, **options: Any) -> Any:
        token = f"bearer {self.token}" if self.token else None
        given = token if auth is None else auth
        headers = {**({"Authorization": given} if given is not None else {}), **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        path = path.removeprefix("!") if path.startswith("!") else f"/v1{path}"
        return self.http.request(method, path, headers=headers, **options)

    def post(self, asked: Any, path: str = "/snippets") -> Answer:
        return outcome(self.send("POST", path, asked))

    def snippet(self, code: str = "one\n", language: str = "go", **fields: Any) -> dict[str, Any]:
        response = self.send("POST", "/snippets", {"code": code, "language": language, **fields})
        assert response.status_code == 200, response.text
        return response.json()

    def get(self, snippet: dict[str, Any]) -> Answer:
        return outcome(self.send("GET", f"/snippets/{snippet['ident']}"))


def outcome(response: requests.Response) -> Answer:
    """The status, with the message of an error, or with what was answered. An error has both shapes."""
    if not response.content:
        return response.status_code, None
    answer = response.json()
    if response.status_code < 400:
        return response.status_code, answer
    assert set(answer) - {"errors"} == {"type", "title", "status", "traceId", "code", "message"}, answer
    assert answer["code"] == answer["status"] == response.status_code and TRACE.fullmatch(answer["traceId"])
    return response.status_code, answer["message"]


class Cast:
    """Everybody, and snippets made for the row that asks."""

    def __init__(self, snippers: dict[str, Snipper]) -> None:
        self.alice, self.bob, self.nobody = snippers["anna"], snippers["bert"], snippers["nobody"]

    @cached_property
    def snippet(self) -> dict[str, Any]:
        return self.alice.snippet()

    @cached_property
    def anonymous(self) -> dict[str, Any]:
        return self.nobody.snippet()

    @cached_property
    def newcomer(self) -> Snipper:
        """An account of this row's own."""
        return self.nobody.join(f"new-{next(_NUMBERS)}")

    def changed(self, asked: Any, who: Snipper | None = None) -> Answer:
        return outcome((who or self.alice).send("POST", f"/snippets/{self.snippet['ident']}", asked))

    def raw(self, data: bytes, **headers: str) -> requests.Response:
        headers = {"Content-Type": "application/json", **headers}
        return self.nobody.send("POST", "/snippets", data=data, headers=headers)
