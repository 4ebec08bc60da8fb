"""One store, many dialects: what was made in one of them, any other reads, changes and deletes, byte for byte."""

import base64
import hashlib
import re
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.api.ownpaste.client import Paster as Digester
from tests.api.pastegg.client import Paster, packed, text
from tests.api.ranna.client import Snipper
from tests.api.sourcehut.client import Sender, at, blob_at, blob_id
from tests.harness import Client, Git, Server
from tests.web.form import Form
from tests.web.people import Person, found

CONTENTS = {
    "text": b"one\ntwo\n",
    "CRLF": b"one\r\ntwo\r\n",
    "unicode": "na\u00efve \U0001f600 e\u0301\u2028\u4e2d\n".encode(),
    "no newline at the end": b"\tone\n\ntwo ",
    "binary": bytes(range(256)),
}
CAN = {
    "Opengist": "make read change delete binary",
    "paste.gg": "make read change delete binary",
    "ownpaste": "make read change delete",
    "ranna": "make read change delete",
    "sourcehut": "make read delete",
    "git": "make read change binary",
    "web": "make read change delete binary",
}
"""What the protocol of each dialect can. Deleting is none of git's business, and sourcehut changes no content."""

NAME = "note.txt"


def words_of(content: bytes) -> str | None:
    """The text, or None of what is none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


class Dialect:
    """Somebody who works with gists in one dialect. They know a gist by its id, and its content by its first file.

    Reading gives None of a gist that is not there.
    """

    def make(self, content: bytes) -> str:
        raise NotImplementedError

    def read(self, id: str) -> bytes | None:
        raise NotImplementedError

    def change(self, id: str, content: bytes) -> None:
        raise NotImplementedError

    def delete(self, id: str) -> None:
        raise NotImplementedError


def answered(response: requests.Response, status: int) -> requests.Response:
    assert response.status_code == status, response.text
    return response


def is_gone(response: requests.Response) -> bool:
    return response.status_code == 404 or not answered(response, 200)


class Opengist(Dialect):
    def __init__(self, client: Client) -> None:
        self.client = client

    @staticmethod
    def file(content: bytes) -> dict[str, str]:
        words = words_of(content)
        coded = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        return coded if words is None else {"content": words}

    def make(self, content: bytes) -> str:
        asked = {"files": {NAME: self.file(content)}}
        return answered(self.client.request("POST", "/api/gists", json=asked), 201).json()["id"]

    def read(self, id: str) -> bytes | None:
        response = self.client.get(f"/api/gists/{id}")
        if is_gone(response):
            return None
        file = next(iter(response.json()["files"].values()))
        return base64.b64decode(file["content"]) if file["encoding"] == "base64" else file["content"].encode()

    def change(self, id: str, content: bytes) -> None:
        name = next(iter(self.client.read(id)["files"]))
        asked = {"files": {name: self.file(content)}}
        answered(self.client.request("PATCH", f"/api/gists/{id}", json=asked), 200)

    def delete(self, id: str) -> None:
        answered(self.client.request("DELETE", f"/api/gists/{id}"), 204)


class PasteGG(Dialect):
    def __init__(self, client: Client) -> None:
        self.paster = Paster.of(client)

    @staticmethod
    def file(content: bytes) -> dict[str, object]:
        words = words_of(content)
        return packed("base64", base64.b64encode(content).decode()) if words is None else text(words)

    def make(self, content: bytes) -> str:
        return self.paster.paste(self.file(content))["id"]

    def read(self, id: str) -> bytes | None:
        response = self.paster.get(f"/pastes/{id}?full=true")
        if is_gone(response):
            return None
        content = response.json()["result"]["files"][0]["content"]
        return content["value"].encode() if content["format"] == "text" else base64.b64decode(content["value"])

    def change(self, id: str, content: bytes) -> None:
        file = self.paster.read({"id": id})["files"][0]
        answered(self.paster.send("PATCH", f"/pastes/{id}/files/{file['id']}", self.file(content)), 204)

    def delete(self, id: str) -> None:
        answered(self.paster.send("DELETE", f"/pastes/{id}"), 204)


class Ownpaste(Dialect):
    """Its ids are others than the store's: what was made last comes first in the list of one's own."""

    def __init__(self, client: Client) -> None:
        self.paster = Digester.of(client)
        self.opengist = client
        self.paths: dict[str, str] = {}

    def make(self, content: bytes) -> str:
        paste = self.paster.paste(content.decode(), private=True)
        id = self.opengist.get("/api/gists?per_page=1").json()[0]["id"]
        self.paths[id] = self.path_of(paste)
        return id

    @staticmethod
    def path_of(paste: dict[str, Any]) -> str:
        return f"/paste/{paste['private_id'] or paste['paste_id']}/"

    def path(self, id: str) -> str:
        if id not in self.paths:
            newest = self.paster.get("/paste/?private=1").json()["pastes"][0]
            self.paths[id] = self.path_of(newest)
        return self.paths[id]

    def read(self, id: str) -> bytes | None:
        response = self.paster.get(self.path(id))
        if is_gone(response):
            return None
        content = response.json()["file_content"].encode()
        assert content == self.paster.get(f"{self.path(id)}raw/").content
        return content

    def change(self, id: str, content: bytes) -> None:
        answered(self.paster.send("PATCH", self.path(id), {"file_content": content.decode()}), 200)

    def delete(self, id: str) -> None:
        answered(self.paster.send("DELETE", self.path(id)), 200)


class Ranna(Dialect):
    def __init__(self, client: Client) -> None:
        self.snipper = Snipper(client.server, client.name)
        self.snipper.token = client.token

    def make(self, content: bytes) -> str:
        return self.snipper.snippet(content.decode())["id"].replace("-", "")

    def read(self, id: str) -> bytes | None:
        response = self.snipper.send("GET", f"/snippets/{id}")
        return None if is_gone(response) else response.json()["code"].encode()

    def change(self, id: str, content: bytes) -> None:
        answered(self.snipper.send("POST", f"/snippets/{id}", {"code": content.decode()}), 200)

    def delete(self, id: str) -> None:
        answered(self.snipper.send("DELETE", f"/snippets/{id}"), 204)


class Sourcehut(Dialect):
    def __init__(self, client: Client) -> None:
        self.sender = Sender(client.server, client.name, client.token)
        self.opengist = client

    @staticmethod
    def path(id: str) -> str:
        return f"/pastes/{hashlib.sha1(id.encode()).hexdigest()}"

    def make(self, content: bytes) -> str:
        paste = self.sender.paste(content.decode())
        id = self.opengist.get("/api/gists?per_page=1").json()[0]["id"]
        assert self.path(id) == at(paste)
        return id

    def read(self, id: str) -> bytes | None:
        response = self.sender.send("GET", self.path(id))
        if is_gone(response):
            return None
        paste = response.json()
        number = min(range(len(paste["files"])), key=lambda each: paste["files"][each]["filename"] or "pastefile")
        content = answered(self.sender.send("GET", blob_at(paste, number)), 200).json()["contents"].encode()
        assert paste["files"][number]["blob_id"] == blob_id(content)
        return content

    def delete(self, id: str) -> None:
        answered(self.sender.send("DELETE", self.path(id)), 204)


class ByGit(Dialect):
    def __init__(self, client: Client, git: Git) -> None:
        self.git = git
        self.host = client.server.url.replace("http://", f"http://{client.name}:{client.token}@")
        self.numbers = count(1)

    def url(self, id: str) -> str:
        return f"{self.host}/gist/{id}.git"

    def make(self, content: bytes) -> str:
        clone = self.git.home / f"new-{next(self.numbers)}"
        self.git("init", "-q", "-b", "main", clone)
        self.git.commit(clone, {NAME: content})
        pushed = self.git.try_("push", f"{self.host}/init", "main", cwd=clone)
        assert pushed.returncode == 0, pushed.stderr
        return found(r"set-url origin \S+/([0-9a-f]{32})\.git", pushed.stderr)

    def read(self, id: str) -> bytes | None:
        if "not found" in self.git.try_("ls-remote", self.url(id)).stderr:
            return None
        return self.first(self.git.clone(self.url(id))).read_bytes()

    @staticmethod
    def first(clone: Path) -> Path:
        return min(path for path in clone.iterdir() if path.name != ".git")

    def change(self, id: str, content: bytes) -> None:
        clone = self.git.clone(self.url(id))
        self.git.commit(clone, {self.first(clone).name: content})
        self.git("push", "-q", cwd=clone)


class Web(Dialect):
    """A browser without scripts; files are chosen, which is how bytes get into a form."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def make(self, content: bytes) -> str:
        form = Form(self.person.get("/-/new").text).choose("uploads", NAME, content)
        return answered(form.send(self.person, "/-/new"), 303).headers["Location"].rpartition("/")[2]

    def read(self, id: str) -> bytes | None:
        page = self.person.get(f"/{self.person.name}/{id}")
        if is_gone(page):
            return None
        return answered(self.person.get(found(r'href="(\S+)" aria-label="[^"]*, raw"', page.text)), 200).content

    def change(self, id: str, content: bytes) -> None:
        path = f"/{self.person.name}/{id}/edit"
        form = Form(self.person.get(path).text)
        answered(form.choose("uploads", form["name-1"], content).send(self.person, path), 303)

    def delete(self, id: str) -> None:
        answered(self.person.post(f"/{self.person.name}/{id}/delete"), 303)


@pytest.fixture(scope="module")
def dialects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Dialect]]:
    """alice, in every dialect."""
    server = Server(tmp_path_factory.mktemp("dialects"), rate_limits="false").start()
    alice = Person(server, "alice").sign_up()
    client = alice.api()
    yield {
        "Opengist": Opengist(client),
        "paste.gg": PasteGG(client),
        "ownpaste": Ownpaste(client),
        "ranna": Ranna(client),
        "sourcehut": Sourcehut(client),
        "git": ByGit(client, Git(tmp_path_factory.mktemp("git") / "home")),
        "web": Web(alice),
    }
    assert server.cli("doctor") == ""
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_the_table_is_of_these(dialects: dict[str, Dialect]) -> None:
    for name, dialect in dialects.items():
        made = {each for each in ("make", "read", "change", "delete") if each in vars(type(dialect))}
        assert made == set(CAN[name].split()) - {"binary"}


@pytest.mark.parametrize(("one", "other"), [*product(CAN, repeat=2)], ids=lambda name: name)
def test_what_one_made_the_other_can_have(dialects: dict[str, Dialect], one: str, other: str) -> None:
    maker, user = dialects[one], dialects[other]
    both_binary = "binary" in CAN[one] and "binary" in CAN[other]
    contents = [content for content in CONTENTS.values() if both_binary or words_of(content) is not None]
    for before, after in zip(contents, contents[1:] + contents[:1], strict=True):
        id = maker.make(before)
        assert re.fullmatch(r"[0-9a-f]{32}", id)
        assert user.read(id) == before
        changer = next((dialects[name] for name in (other, one) if "change" in CAN[name]), dialects["Opengist"])
        changer.change(id, after)
        assert (user.read(id), maker.read(id)) == (after, after)
        remover = next((dialects[name] for name in (other, one) if "delete" in CAN[name]), dialects["Opengist"])
        remover.delete(id)
        assert (user.read(id), maker.read(id)) == (None, None)


@pytest.mark.parametrize("name", [name for name in CAN if "change" in CAN[name]])
def test_other_files_are_left_alone(dialects: dict[str, Dialect], name: str) -> None:
    opengist = dialects["Opengist"]
    assert isinstance(opengist, Opengist)
    files = {"a.txt": "one\r\n", "b.txt": "two"}
    asked = {"files": {path: {"content": content} for path, content in files.items()}}
    asked["files"]["c.bin"] = opengist.file(CONTENTS["binary"])
    gist = answered(opengist.client.request("POST", "/api/gists", json=asked), 201).json()
    dialects[name].change(gist["id"], b"three\r\n\r\nfour")
    after = opengist.client.read(gist["id"])["files"]
    assert after.pop("a.txt")["content"] == "three\r\n\r\nfour"
    assert after == {path: file for path, file in gist["files"].items() if path != "a.txt"}
