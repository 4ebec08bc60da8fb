from collections.abc import Iterator

import pytest

from tests.harness import Server
from tests.web.people import Person

from .apps import App


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("oauth"), rate_limits="false").start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def dora(house: Server) -> Person:
    """Who registers apps."""
    return Person(house, "dora").sign_up()


@pytest.fixture(scope="session")
def ulla(house: Server, dora: Person) -> Person:
    """Who uses them."""
    return Person(house, "ulla").sign_up()


@pytest.fixture(scope="session")
def app(dora: Person) -> App:
    """An app that keeps its secret."""
    return App(dora)


@pytest.fixture(scope="session")
def phone(dora: Person) -> App:
    """An app without a secret."""
    return App(dora, name="Phone", public=True)


@pytest.fixture(scope="session")
def old(dora: Person) -> App:
    """An app of the older flow."""
    return App(dora, name="Old", legacy=True)
