"""The clock of the machine is set back, or ahead and back: what has expired stays so, and nothing waits for a time that
is far away. The server runs under a clock of its own."""

import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.ownpaste.client import SECRET
from tests.api.ownpaste.client import Paster as Digester
from tests.api.ranna.client import Snipper
from tests.harness import PASSWORD, Client, Git, Server, require, wait_until
from tests.web.people import Person, found

HOUR, DAY, DECADE = timedelta(hours=1), timedelta(days=1), timedelta(days=3652)
LIMIT = 3


class Clocked(Server):
    """A server with a clock of its own; see clock.c."""

    def __init__(self, root: Path, **settings: Any) -> None:
        super().__init__(root, **settings)
        library = root / "clock.so"
        compiler = ["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, Path(__file__).with_name("clock.c")]
        subprocess.run(compiler, check=True)
        self._clock = root / "clock"
        self._clock.write_bytes(struct.pack("l", 0))
        self.environment |= {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._clock)}

    def set(self, ahead: timedelta) -> None:
        """So much ahead of the real clock, from now on."""
        with self._clock.open("r+b") as file:  # in place, where it is mapped
            file.write(struct.pack("l", int(ahead.total_seconds())))

    def again(self) -> None:
        """kill -9, and start."""
        self.kill()
        self.start("--workers", "1", "--port", self.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clocked]:
    require("cc", shutil.which("cc"))
    running = Clocked(tmp_path_factory.mktemp("clocked"), max_failures_per_account=LIMIT)
    running.start("--workers", "2")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(autouse=True)
def right(server: Clocked) -> None:
    server.set(timedelta(0))


@pytest.fixture(scope="module")
def alice(server: Clocked) -> Client:
    return server.user("alice")


def short(client: Client, **fields: Any) -> dict[str, Any]:
    """A gist that ends in an hour."""
    return client.create(expires_at=(datetime.now(UTC) + HOUR).isoformat(), **fields)


def seen(client: Client, git: Git, gist: dict[str, Any]) -> set[str]:
    """The ways to a gist that lead to it."""
    id, owner = gist["id"], gist["owner"]["login"]
    paths = {
        "page": f"/{owner}/{id}",
        "raw": f"/{owner}/{id}/raw/HEAD/hello.py",
        "Opengist": f"/api/gists/{id}",
        "paste.gg": f"/api/v1/pastes/{id}",
    }
    lists = {
        "list": "/api/gists?per_page=100",
        "search": f"/-/search?q={gist['title']}",
        "start": "/",
        "feed": f"/{owner}.atom",
    }
    found = {name for name, path in paths.items() if client.get(path).status_code == 200}
    found |= {name for name, path in lists.items() if id in client.get(path).text}
    return found | ({"clone"} if git.try_("ls-remote", client.clone_url(gist)).returncode == 0 else set())


def ends(server: Server) -> list[int]:
    with closing(sqlite3.connect(server.repos / "index.sqlite3")) as index:
        return [end for (end,) in index.execute("SELECT expires_at FROM gist WHERE expires_at IS NOT NULL")]


def test_what_has_expired_stays_so(server: Clocked, alice: Client, git: Git) -> None:
    """In every face, for all workers, through restarts; until the operator says that the clock was wrong."""
    gist = short(alice, title="Shortlived", visibility="public")
    everywhere = seen(alice, git, gist)
    assert everywhere == {"page", "raw", "Opengist", "list", "search", "start", "feed", "clone", "paste.gg"}
    server.set(2 * HOUR)
    assert alice.get(f"/api/gists/{gist['id']}").status_code == 404
    for back in (HOUR, DAY, DECADE):
        server.set(2 * HOUR - back)
        assert seen(alice, git, gist) == set(), back
    server.set(timedelta(0))
    server.again()
    assert seen(alice, git, gist) == set()
    assert server.cli("doctor") == ""
    assert "1 gists" in server.cli("revive")
    assert seen(alice, git, gist) == everywhere
    assert alice.read(gist["id"])["expires_at"] == gist["expires_at"]
    alice.request("DELETE", f"/api/gists/{gist['id']}")


def test_also_what_nobody_asked_for(server: Clocked, alice: Client) -> None:
    gist = short(alice)
    server.set(2 * HOUR)
    server.again()
    wait_until(lambda: ends(server)[0] < 0, "it is kept that it has expired")
    server.set(timedelta(0))
    assert alice.get(f"/api/gists/{gist['id']}").status_code == 404


def test_who_was_locked_out_is_not_for_years(server: Clocked, alice: Client) -> None:
    def guess() -> int:
        return server.nobody.get("/alice/x.git/info/refs?service=git-upload-pack", auth=("alice", "wrong")).status_code

    server.set(DECADE)
    assert [guess() for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
    server.set(timedelta(0))
    assert [guess() for _ in range(LIMIT + 1)] == [401] * LIMIT + [429], "and it is counted again"
    server.set(-DECADE)
    right = server.nobody.get("/alice/x.git/info/refs?service=git-upload-pack", auth=("alice", PASSWORD))
    assert right.status_code == 404


def test_sessions_and_what_is_signed_end(server: Clocked) -> None:
    """What was over stays so; and what ends is not believed if it was made later than now."""
    person, snipper, digester = (
        Person(server, "bella").sign_up(),
        Snipper(server).join("cora"),
        Digester(server, "bella"),
    )
    person.set_digest(SECRET)
    end = (datetime.now(UTC) + 2 * DAY).date().isoformat()
    page = person.post("/-/settings/access-tokens", name="short", scope=["user:read"], expires_at=end)
    tool = Client(server, "bella", found(r"(og_[0-9a-f]{64})", page.text))

    def challenges() -> int:
        """How often digest was asked for another nonce."""
        answer = digester.send("POST", "/paste/", {"file_content": "one"})
        assert answer.status_code == 200
        return len(answer.history)

    def are_let_in() -> list[bool]:
        made = snipper.send("POST", "/snippets", {"code": "one\n", "language": "go"})
        return [person.is_signed_in(), tool.get("/api/user").status_code == 200, made.status_code == 200]

    assert are_let_in() == [True] * 3 and challenges() == 1 and challenges() == 0
    server.set(-HOUR)
    assert are_let_in() == [False] * 3 and challenges() == 1, "a nonce from the future is none"
    server.set(timedelta(0))
    assert are_let_in() == [False, True, True], "a session is over for good"
    assert person.sign_in().status_code == 303
    for ahead in (400 * DAY, 3 * DAY, timedelta(0)):
        server.set(ahead)
        assert are_let_in() == [False] * 3, ahead
