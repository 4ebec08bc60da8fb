"""Talking to gistd as ownpaste's clients do."""

import hashlib
import itertools
import re
from functools import cached_property
from typing import Any

import requests
from requests.auth import HTTPDigestAuth

from tests.harness import Client, Server

SECRET = "battery staple"
JSON = {"Accept": "application/json"}
REASONS = {
    400: "Bad Request: The browser (or proxy) sent a request that this server could not understand",
    401: "Authentication required",
    403: "Forbidden: You don't have the permission to access the requested resource",
    404: "Not Found: The requested URL was not found on the server",
    405: "Method Not Allowed: The method is not allowed for the requested URL",
    413: "Request Entity Too Large: The data value transmitted exceeds the capacity limit",
    415: "Unsupported Media Type: The server does not support the media type transmitted in the request",
}
"""Every error that there is, word for word."""

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Paster:
    """Requests that accept JSON; with HTTP digest, if there is a name."""

    def __init__(self, server: Server, name: str = "", secret: str = SECRET) -> None:
        self.name, self.secret = name, secret
        self.http = server.nobody
        self.auth = HTTPDigestAuth(name, secret) if name else None

    @classmethod
    def of(cls, client: Client, secret: str = SECRET) -> "Paster":
        client.server.cli("user", "digest", client.name, "--password-stdin", input=f"{secret}\n")
        return cls(client.server, client.name, secret)

    def send(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        headers = {**JSON, **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        return self.http.request(method, path, headers=headers, auth=self.auth, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def paste(self, content: str = "one\n", **fields: Any) -> dict[str, Any]:
        """A new paste, as it is answered."""
        response = self.send("POST", "/paste/", {"file_content": content, **fields})
        assert response.status_code == 200, response.text
        return response.json()

    def read(self, paste: dict[str, Any]) -> dict[str, Any]:
        response = self.get(f"/paste/{paste['private_id'] or paste['paste_id']}/")
        assert response.status_code == 200, response.text
        return response.json()


def outcome(response: requests.Response) -> tuple[int, Any]:
    """The status, with an error in its exact words or with the object that was answered."""
    answer = response.json()
    if response.status_code >= 400:
        assert answer == {"status": "fail", "error": REASONS[response.status_code]}, (response.status_code, answer)
        return response.status_code, None
    assert answer.pop("status") == "ok"
    return response.status_code, answer


def status(response: requests.Response) -> int:
    return outcome(response)[0]


class Digest:
    """HTTP digest by hand (RFC 7616), one request at a time, so that any part of an answer can be another one."""

    def __init__(self, paster: Paster, algorithm: str = "MD5") -> None:
        self.paster, self.hash, self.algorithm = paster, HASHES[algorithm], algorithm
        self.nonce = ""
        self.counts = itertools.count(1)

    def challenge(self) -> "Digest":
        """Ask for another nonce."""
        told = self.paster.http.request("POST", "/paste/", headers=JSON).headers["WWW-Authenticate"]
        self.nonce = re.search(r'nonce="([^"]+)"', told)[1]  # type: ignore[index]
        self.counts = itertools.count(1)
        return self

    def header(self, method: str = "POST", uri: str = "/paste/", **parts: Any) -> str:
        """An answer; parts that are given stand in it instead, None takes one away."""
        told = {
            "username": self.paster.name,
            "realm": "ownpaste",
            "nonce": self.nonce or self.challenge().nonce,
            "uri": uri,
            "qop": "auth",
            "nc": f"{next(self.counts):08x}",
            "cnonce": "0123",
            "algorithm": self.algorithm,
            **parts,
        }
        known = self._of(told["username"] or "", "ownpaste", self.paster.secret)
        right = self._of(
            known, *(str(told[name]) for name in ("nonce", "nc", "cnonce", "qop")), self._of(method, told["uri"])
        )
        told.setdefault("response", right)
        bare = ("nc", "qop", "algorithm")
        words = (
            f"{name}={value}" if name in bare else f'{name}="{value}"'
            for name, value in told.items()
            if value is not None
        )
        return "Digest " + ", ".join(words)

    def _of(self, *parts: str) -> str:
        return self.hash(":".join(parts).encode()).hexdigest()

    def send(self, header: str, method: str = "POST", path: str = "/paste/", **options: Any) -> requests.Response:
        options.setdefault("json", {"file_content": "by hand"} if method == "POST" else None)
        return self.paster.http.request(method, path, headers={**JSON, "Authorization": header}, **options)

    def post(self, **parts: Any) -> int:
        return status(self.send(self.header(**parts)))


class Cast:
    """Everybody, and pastes of alice's made for the row that asks."""

    def __init__(self, pasters: dict[str, Paster]) -> None:
        self.alice, self.bob, self.nobody = pasters["alice"], pasters["bob"], pasters["nobody"]

    @cached_property
    def public(self) -> dict[str, Any]:
        return self.alice.paste("one\ntwo\n", file_name="a.py")

    @cached_property
    def private(self) -> dict[str, Any]:
        return self.alice.paste("secret\n", private=True)

    @property
    def path(self) -> str:
        return f"/paste/{self.public['paste_id']}/"

    @property
    def numbered(self) -> str:
        """The private paste by its number."""
        return f"/paste/{self.private['paste_id']}/"

    @property
    def named(self) -> str:
        """The private paste by its private id."""
        return f"/paste/{self.private['private_id']}/"

    def posted(self, content: Any = "x", **fields: Any) -> tuple[int, Any]:
        return outcome(self.alice.send("POST", "/paste/", {"file_content": content, **fields}))

    def changed(self, paste: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """The paste after a PATCH that was taken."""
        response = self.alice.send("PATCH", f"/paste/{(paste or self.public)['paste_id']}/", fields)
        assert response.status_code == 200, response.text
        return self.alice.read(response.json())

    def raw_post(
        self, data: bytes | None, kind: str | None = "application/json", method: str = "POST", path: str = "/paste/"
    ) -> int:
        headers = {"Content-Type": kind} if kind else {}
        return status(self.alice.send(method, path, data=data, headers=headers))

    def accepting(self, accept: str | None, path: str = "/", method: str = "GET", who: Paster | None = None) -> str:
        """The status and what kind of answer comes for this Accept header."""
        response = (who or self.nobody).send(method, path, headers={"Accept": accept})
        return f"{response.status_code} {response.headers['Content-Type'].partition(';')[0]}"
