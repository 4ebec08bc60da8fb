"""What nobody else may see is in no page: not in its words, not in its headers, whoever asks and however."""

import hashlib
import re
import secrets
from collections.abc import Iterator

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from gistd.web import face
from tests.harness import Client, Git, Server

from .people import Person

KINDS = ("private", "expired", "unlisted")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("canaries"), rate_limits="false").start()
    yield server
    server.stop()


class Hidden:
    """A gist with a mark in everything that can be said of it, its past and whoever pushed to it included."""

    def __init__(self, house: Server, alice: Client, git: Git, kind: str) -> None:
        self.kind = kind
        self.marks = [secrets.token_hex(8) for _ in range(7)]
        old, words, title, about, topic, path, author = self.marks
        gist = alice.create(
            {f"{path}.txt": old},
            title=title,
            description=about,
            topics=[topic],
            visibility="public" if kind == "expired" else kind,
        )
        clone = git.clone(alice.clone_url(gist))
        (clone / f"{path}.txt").write_text(words)
        git("-c", f"user.name={author}", "commit", "-qam", author, cwd=clone)
        git("push", "-q", cwd=clone)
        read = alice.read(gist["id"])
        self.id, self.ids = gist["id"], [each["version"] for each in read["commits"]]
        self.sha = hashlib.sha1(self.id.encode()).hexdigest()
        self.blob = git("rev-parse", f"HEAD:{path}.txt", cwd=clone).strip()
        self.path = f"{path}.txt"
        if kind == "expired":
            index = sqlite3.connect(house.repos / "index.sqlite3")
            with index:
                index.execute("UPDATE gist SET expires_at = 1 WHERE id = ?", (self.id,))  # in 1970
            index.close()

    def secrets(self) -> list[str]:
        return [*self.marks, self.id, *self.ids, self.sha, self.blob]

    def is_named_in(self, path: str) -> bool:
        """Whether whoever asks for this knows where the gist is, or what is in it."""
        return any(key in path for key in (self.id, self.sha, self.blob))


def addresses(gist: Hidden) -> Iterator[tuple[str, str]]:
    """Each route of the pages with all that may stand in it: (method, path)."""
    last, first = gist.ids[0], gist.ids[-1]
    holes = {
        "<place:username>": "alice", "<name>": gist.id, "<since>": first, "<revision>": last, "<path:path>": gist.path,
        "<any(zip, 'tar.gz'):form>": "zip", "<topic>": gist.marks[4], "<path:word>": "Text", "<ident>": "abcdefgh",
        "/blob/<sha>": f"/blob/{gist.blob}", "<sha>": gist.sha,
    }  # fmt: skip
    for route in face.routes:
        path = route.path
        for hole, word in holes.items():
            path = path.replace(hole, word)
        if "<" not in path and path not in ("/-/logout", "/-/settings/sessions/end-others"):
            yield route.method, path
    for words in gist.marks:
        yield "GET", f"/-/search?q={words}"
        yield "GET", f"/-/search.atom?q={words}"
    for query in ("user:alice", f"title:{gist.marks[2]}", f"file:{gist.path}", f"topic:{gist.marks[4]}"):
        yield "GET", f"/-/search?q={query}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_tells_of_what_is_hidden(house: Server, git: Git, kind: str) -> None:
    alice = house.user(f"alice{kind}")
    gist = Hidden(house, alice, git, kind)
    bob = Person(house, f"bob{kind}").sign_up()
    for viewer in (house.nobody, bob):
        for method, path in addresses(gist):
            asked = re.sub("^/(~?)alice", rf"/\1{alice.name}", path)
            if kind == "unlisted" and gist.is_named_in(asked):
                continue  # whoever knows the address may look
            answer = viewer.request(method, asked)
            assert answer.status_code < 500, asked
            said = answer.text + str(answer.headers)
            for own in (asked, *([asked.partition("?q=")[2]] if "?q=" in asked else [])):
                said = said.replace(own, "")  # what one asked for, one knows
            told = [mark for mark in gist.secrets() if mark in said and mark not in asked]
            assert told == [], (viewer.name, method, asked)
            if gist.is_named_in(asked) and method == "GET":
                assert answer.status_code == 404, asked
    assert alice.read(gist.id) if kind != "expired" else alice.get(f"/api/gists/{gist.id}").status_code == 404
