from collections.abc import Iterator

import pytest

from tests.api.ranna.client import Snipper
from tests.harness import Server


@pytest.fixture(scope="package")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes any number of new accounts."""
    running = Server(tmp_path_factory.mktemp("snippets"), rate_limits="false").start()
    yield running
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text(), "the server met something it did not expect"


@pytest.fixture(scope="package")
def snippers(snippets: Server) -> dict[str, Snipper]:
    """anna and bert with an account each, and nobody. An admin was there before them."""
    snippets.user("admin")
    nobody = Snipper(snippets)
    return {"anna": nobody.join("anna"), "bert": nobody.join("bert"), "nobody": nobody}
