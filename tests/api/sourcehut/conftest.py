from collections.abc import Iterator

import pytest

from tests.api.sourcehut.client import Sender, token
from tests.api.sourcehut.gql import Asker
from tests.harness import Client, Server
from tests.web.people import Person

SCOPES = ("gist:read", "gist:write", "user:read", "user:write")


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("sourcehut"), rate_limits="false").start()
    yield running
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text(), "the server met something it did not expect"


@pytest.fixture(scope="package")
def people(house: Server) -> dict[str, Person]:
    """alice, bob and paula at a browser, and nobody. An admin was there before them."""
    Person(house, "admin").sign_up()
    alice = Person(house, "alice").sign_up(email="alice@example.org")
    return {"alice": alice, **{name: Person(house, name).sign_up() for name in ("bob", "paula")}, "": Person(house, "")}


@pytest.fixture(scope="package")
def senders(house: Server, people: dict[str, Person]) -> dict[str, Sender]:
    """They by a token for everything, nobody without one; and alice by one for each scope alone."""
    named = [person for name, person in people.items() if name]
    senders = {each.name: Sender(house, each.name, token(each, "gist:write", "user:write")) for each in named}
    senders |= {scope: Sender(house, "alice", token(people["alice"], scope)) for scope in SCOPES}
    return {**senders, "": Sender(house)}


@pytest.fixture(scope="package")
def shelf(senders: dict[str, Sender]) -> list[str]:
    """The hashes of 102 pastes of paula's, newest first: two pages and two more."""
    made = [senders["paula"].paste(visibility=("public", "unlisted", "private")[n % 3])["sha"] for n in range(102)]
    return made[::-1]


@pytest.fixture(scope="package")
def askers(house: Server, senders: dict[str, Sender]) -> dict[str, Asker]:
    """Those who ask at /query: anna, who is alice; bert, who is bob; cleo, who has thirty pastes; nobody; and anna by
    tokens that are not for everything."""
    whose = {"anna": "alice", "bert": "bob", "reader": "gist:read", "profile": "user:read", "writer": "gist:write"}
    tokens = {name: senders[by].token for name, by in whose.items()}
    tokens["cleo"] = token(Person(house, "cleo").sign_up(email="cleo@example.org"), "gist:write", "user:write")
    found = {name: Asker(Client(house, name, given)) for name, given in {**tokens, "nobody": ""}.items()}
    for number, visibility in enumerate(["public"] * 26 + ["unlisted"] * 2 + ["private"] * 2):
        found["cleo"].http.create({f"{number}.txt": "x"}, visibility=visibility)
    return found
