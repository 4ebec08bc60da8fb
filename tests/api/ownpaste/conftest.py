from collections.abc import Iterator

import pytest

from tests.api.ownpaste.client import SECRET, Paster
from tests.harness import Server


@pytest.fixture(scope="session")
def ownpaste_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what lists count is what these tests made. Several workers, as nonces must work for all."""
    running = Server(tmp_path_factory.mktemp("ownpaste"), rate_limits="false").start("--workers", "3")
    yield running
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="session")
def pasters(ownpaste_server: Server) -> dict[str, Paster]:
    """alice and bob with a secret each, and nobody."""
    people = {name: Paster.of(ownpaste_server.user(name), f"{SECRET} of {name}") for name in ("alice", "bob")}
    return {**people, "nobody": Paster(ownpaste_server)}
