"""The servers that are measured, each started when it is wanted for the first time."""

from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tests.benchmarks.load import busy_seconds
from tests.benchmarks.subjects import Opengist
from tests.harness import WITHOUT_CACHES, Git, Server
from tests.web.people import Person

GISTD, COLD, PEER = "gistd", "gistd, nothing kept", "peer"


class World:
    def __init__(self, root: Path, running: ExitStack, peer: tuple[str, str] | None) -> None:
        self.root = root
        self.running = running
        self._peer = peer
        self.git = Git(root / "git")

    @cached_property
    def server(self) -> Server:
        return self._serve("gistd")

    @cached_property
    def one_worker(self) -> Server:
        """A server whose requests all go to the same process."""
        return self._serve("one", "--workers", "1")

    @cached_property
    def gistd(self) -> Opengist:
        return in_the_name_of_alice(GISTD, self.server)

    @cached_property
    def speakers(self) -> list[Opengist]:
        """All that speak Opengist's API."""
        cold = self._serve("cold", **{name.removeprefix("GISTD_"): "0" for name in WITHOUT_CACHES})
        others = [Opengist(PEER, *self._peer)] if self._peer else []
        return [self.gistd, in_the_name_of_alice(COLD, cold), *others]

    def _serve(self, name: str, *arguments: str, **settings: Any) -> Server:
        """gistd, with room for as many writes as come."""
        (self.root / name).mkdir()
        server = Server(self.root / name, rate_limits=False, **settings).start(*arguments)
        self.running.callback(server.stop)
        return server


def in_the_name_of_alice(name: str, server: Server) -> Opengist:
    token = server.user("alice").token
    reader = Person(server, "alice")
    assert reader.sign_in().status_code == 303
    cookie = "; ".join(f"{name}={value}" for name, value in reader.session.cookies.items())
    assert server.process
    return Opengist(name, server.url, token, partial(busy_seconds, server.process.pid), cookie)
