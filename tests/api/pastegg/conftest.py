import pytest

from tests.api.pastegg.client import Paster
from tests.harness import Client, Server


@pytest.fixture(scope="session")
def pasters(server: Server, alice: Client, bob: Client) -> dict[str, Paster]:
    """alice and bob with an API key each, and nobody."""
    return {"alice": Paster.of(alice), "bob": Paster.of(bob), "nobody": Paster(server)}
