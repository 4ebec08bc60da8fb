"""How much somebody may make, in the words of every dialect; and that a full disk is still good for something."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.api.ownpaste.client import Paster as Digester
from tests.api.pastegg.client import Paster, text
from tests.api.ranna.client import Snipper
from tests.api.sourcehut.client import Sender
from tests.harness import Client, Git, Server
from tests.web.form import Form
from tests.web.people import Person

EDIT, PIECE = {"files": {"a": {"content": "b"}}}, {"files": {"a": {"content": "x" * 2000}}}


def ways(person: Person, client: Client) -> dict[str, Callable[[], requests.Response]]:
    """How somebody makes a gist in each dialect."""
    server = client.server
    ranna, sourcehut = Snipper(server, client.name), Sender(server, client.name, client.token)
    ranna.token = client.token
    return {
        "Opengist": lambda: client.request("POST", "/api/gists", json=PIECE),
        "paste.gg": lambda: Paster.of(client).send("POST", "/pastes", {"files": [text("x" * 2000)]}),
        "ownpaste": lambda: Digester.of(client).send("POST", "/paste/", {"file_content": "x" * 2000}),
        "ranna": lambda: ranna.send("POST", "/snippets", {"code": "x" * 2000, "language": "text"}),
        "sourcehut": lambda: sourcehut.send("POST", "/pastes", {"files": [{"filename": "a", "contents": "x" * 2000}]}),
        "web": lambda: Form(person.get("/-/new").text).choose("uploads", "a", b"x" * 2000).send(person, "/-/new"),
    }


ERRORS: dict[str, Callable[[Any], str]] = {
    "Opengist": lambda body: body["message"],
    "paste.gg": lambda body: body["message"],
    "ownpaste": lambda body: body["error"],
    "ranna": lambda body: body["message"],
    "sourcehut": lambda body: body["errors"][0]["reason"],
}


def words(dialect: str, answer: requests.Response) -> str:
    """What is said of what went wrong."""
    return answer.text if dialect == "web" else ERRORS[dialect](answer.json())


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Where nobody may make much."""
    settings: dict[str, Any] = {"max_writes_per_user": 2, "max_anonymous_gists": 3}
    running = Server(tmp_path_factory.mktemp("strict"), **settings).start("--workers", "1")
    yield running
    assert running.stop() == 0 and "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Where there is room for two gists, or a few bytes, of each."""
    settings: dict[str, Any] = {"max_gists_per_user": 2, "max_bytes_per_user": 3000, "rate_limits": False}
    running = Server(tmp_path_factory.mktemp("poor"), **settings).start("--workers", "1")
    yield running
    assert running.stop() == 0 and "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def spent(strict: Server) -> dict[str, Callable[[], requests.Response]]:
    """Somebody who has made all that they may, for a minute."""
    person = Person(strict, "spender").sign_up()
    client = person.api()
    gist = client.create()
    client.change(gist["id"], **EDIT)
    return ways(person, client)


@pytest.mark.parametrize("dialect", ["Opengist", "paste.gg", "ownpaste", "ranna", "sourcehut", "web"])
def test_too_many_writes_are_refused_in_every_dialect(
    spent: dict[str, Callable[[], requests.Response]], dialect: str
) -> None:
    """ownpaste has no status of its own for that; its documentation says 403."""
    answer = spent[dialect]()
    assert answer.status_code == (403 if dialect == "ownpaste" else 429)
    assert answer.headers.get("Retry-After") == (None if dialect == "web" else "60"), "people see their words again"
    assert ("Forbidden" if dialect == "ownpaste" else "oo many") in words(dialect, answer)


def test_too_many_pushes(strict: Server, git: Git) -> None:
    client = strict.user("pusher")
    gist = client.create()
    clone = git.clone(client.clone_url(gist))
    client.change(gist["id"], title="again")
    git.commit(clone, {"b": "c"})
    refused = git.try_("push", cwd=clone)
    assert refused.returncode and "429" in refused.stderr
    assert client.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204, "this needs no room"
    other = strict.user("another")
    other.create()


def test_nobody_makes_only_so_many(strict: Server) -> None:
    """From one address, whatever dialect they speak, all workers and restarts together."""
    pastegg, nobody = Paster(strict), Person(strict, "nobody")
    for _ in range(2):
        pastegg.paste()
    assert Form(nobody.get("/-/new").text).choose("uploads", "a", b"x").send(nobody, "/-/new").status_code == 201
    strict.stop()
    strict.start("--workers", "1")
    nobody.session.headers["Origin"] = strict.url
    for answer in (
        pastegg.send("POST", "/pastes", {"files": [text("x")]}),
        pastegg.send("POST", "/pastes", {"files": [text("x")]}, headers={"X-Forwarded-For": "8.8.8.8"}),
        Form(nobody.get("/-/new").text).choose("uploads", "a", b"x").send(nobody, "/-/new"),
    ):
        assert answer.status_code == 429 and 0 < int(answer.headers.get("Retry-After", 1)) <= 900
    assert nobody.get("/").status_code == 200


@pytest.mark.parametrize("dialect", ["Opengist", "ranna", "sourcehut", "web"])
def test_a_quota_of_gists_is_said_in_every_dialect(poor: Server, dialect: str) -> None:
    person = Person(poor, f"poor-{dialect.replace('.', '').lower()}").sign_up()
    client = person.api()
    made = ways(person, client)
    for _ in range(2):
        id = client.create({"a": "b"})["id"]
    refused = made[dialect]()
    assert refused.status_code == 403
    client.change(id, **EDIT)
    assert client.request("DELETE", f"/api/gists/{id}").status_code == 204
    assert made[dialect]().ok


def test_a_quota_of_bytes(poor: Server, git: Git) -> None:
    client = poor.user("large")
    gist = client.create({"a": "x" * 3000})
    for method, path, body in (("POST", "/api/gists", PIECE), ("PATCH", f"/api/gists/{gist['id']}", EDIT)):
        refused = client.request(method, path, json=body)
        assert refused.status_code == 403 and "3000" in refused.json()["message"]
    clone = git.clone(client.clone_url(gist))
    git.commit(clone, {"b": "c"})
    assert "403" in git.try_("push", cwd=clone).stderr
    assert client.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204
    client.create()


def test_without_room_on_the_disk_reading_and_deleting_work(own_server: Callable[..., Server], git: Git) -> None:
    server = own_server().start("--workers", "1")
    person = Person(server, "alice").sign_up()
    client = person.api()
    made, gist = ways(person, client), client.create()
    clone = git.clone(client.clone_url(gist))
    server.stop()
    server.environment["GISTD_MIN_FREE_BYTES"] = str(1 << 60)
    before = server.url
    server.start("--workers", "1")
    person.session.headers["Origin"] = server.url
    for dialect, make in made.items():
        answer = make()
        said = "Insufficient Storage" if dialect == "ownpaste" else "room left"
        assert answer.status_code == 507 and said in words(dialect, answer), dialect
        assert dialect == "web" or answer.headers["Retry-After"]
    assert client.request("PATCH", f"/api/gists/{gist['id']}", json=EDIT).status_code == 507
    git.commit(clone, {"b": "c"})
    url = client.clone_url(gist).replace(before, server.url).replace(before[7:], server.url[7:])
    assert "507" in git.try_("push", url, "HEAD:main", cwd=clone).stderr
    assert client.read(gist["id"]) and client.get(f"/alice/{gist['id']}").status_code == 200
    assert client.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204
