"""Clients that we did not write: sourcehutx, and the GraphQL library that hut is made of."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.sourcehut import gql
from tests.api.sourcehut.gql import Asker
from tests.harness import require

HERE = Path(__file__).parent
GOPATH = Path("/usr/share/gocode")
Hut = Callable[..., tuple[int, Any]]


def test_sourcehutx(askers: dict[str, Asker]) -> None:
    anna = askers["anna"].http
    command = [sys.executable, HERE / "with_sourcehutx.py", anna.server.url, anna.token]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "version": "0.1.0",
        "me": "alice",
        "owner": "alice",
        "visibility": "PRIVATE",
        "same": True,
        "names": ["hello.py", "☃.txt", "upload"],  # that is what it calls a file without a name
        "contents": ["print('hello')\n", "naïve ☃\n", "piped"],
        "listed": True,
        "deleted": True,
        "get again": "not found",
        "delete again": "not found",
        "binary": ["binary is not text in UTF-8"],
    }


@pytest.fixture(scope="module")
def hut(tmp_path_factory: pytest.TempPathFactory, askers: dict[str, Asker]) -> Hut:
    """Sends an operation in anna's name; returns how the program ended, and what it printed."""
    require("gqlclient", shutil.which("go") and (GOPATH / "src/git.sr.ht/~emersion/gqlclient").is_dir())
    program = tmp_path_factory.mktemp("hut") / "hut"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": ""}
    subprocess.run(["go", "build", "-o", program, HERE / "hut.go"], env=environment, check=True, timeout=120)

    def ask(query: str, *files: tuple[str, str], **variables: Any) -> tuple[int, Any]:
        anna = askers["anna"].http
        asked: dict[str, Any] = {"url": anna.server.url, "token": anna.token, "query": query, "variables": variables}
        if files:
            asked["files"] = [{"name": name, "contents": contents} for name, contents in files]
        done = subprocess.run([program], input=json.dumps(asked), capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip()

    return ask


@pytest.mark.parametrize(
    "files",
    [
        [("a.txt", "one\n")],
        [("", "piped\n")],
        [("", "0123456789abcdef" * 37_500)],
        [(f"{number}.txt", f"{number}\n") for number in range(12)],
        [("naïve ☃.txt", "☃\n"), ('a "b" c', "x"), ("", "y"), ("日本.py", "z")],
    ],
    ids=["one", "piped", "600 kB", "twelve", "names"],
)
def test_hut_creates(hut: Hut, askers: dict[str, Asker], files: list[tuple[str, str]]) -> None:
    code, made = hut(gql.CREATE, *files, visibility="PRIVATE")
    assert code == 0 and made["create"]["user"] == {"canonicalName": "~alice"}
    sent = [(name or None, contents.encode()) for name, contents in files]
    assert askers["anna"].contents(made["create"]["id"]) == sent


def test_hut_lists_shows_updates_and_deletes(hut: Hut) -> None:
    id = hut(gql.CREATE, ("a.txt", "x"), visibility="UNLISTED")[1]["create"]["id"]
    assert id in [paste["id"] for paste in hut(gql.LIST, cursor=None)[1]["pastes"]["results"]]
    assert hut(gql.COMPLETE)[1]["pastes"]["results"][0] == {"id": id, "files": [{"filename": "a.txt"}]}
    assert hut(gql.UPDATE, id=id, visibility="PUBLIC") == (0, {"update": {"id": id}})
    assert hut(gql.SHOW, id=id)[1]["paste"]["visibility"] == "PUBLIC"
    assert hut(gql.EXPORT_ONE, id=id)[1]["paste"]["id"] == id
    assert [hut(gql.DELETE, id=id)[1]["delete"] for _ in range(2)] == [{"id": id}, None]
    assert hut(gql.ME)[1]["me"]["email"] == "alice@example.org"


def test_hut_is_told_what_is_wrong(hut: Hut) -> None:
    code, problem = hut(gql.LIST, cursor="x")
    assert code == 1 and problem.endswith("this cursor does not belong to this list")
    code, problem = hut("{ nothing }")
    assert code == 1 and problem.endswith("Cannot query field 'nothing' on type 'Query'.")
