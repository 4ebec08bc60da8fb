from collections.abc import Iterator

import pytest

from tests.harness import Server
from tests.webhooks.hooks import QUICK
from tests.webhooks.receiver import Receiver

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that sends at once, again at once, and signs with the key of sourcehut's test vector."""
    server = Server(tmp_path_factory.mktemp("webhooks"), webhook_key=SEED, **QUICK).start()
    yield server
    assert server.stop() == 0
    log = server.log.read_text()
    assert "Traceback" not in log and "s3cret" not in log
