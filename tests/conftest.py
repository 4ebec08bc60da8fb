import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forks import Forks
from tests.harness import Client, Git, Server, require, wait_until

LONGEST = (
    "test_walk.py",
    "test_openapi.py",
    "test_memory.py",
    "test_crashes.py",
    "test_benchmarks.py",
    "test_hostile.py",
    "test_docs.py",
    "test_errors.py",
    "test_real_clients.py",
    "test_attacks.py",
    "test_hostile_packs.py",
    "test_backup.py",
    "test_editor_browser.py",
    "test_cli.py",
    "test_browser.py",
    "test_push_guard.py",
    "test_load.py",
    "test_cross_dialect.py",
    "test_matrix.py",
)
"""A file is run by one process from end to end: these first, lest the others wait for one of them at the end."""

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Several times what tests have there at once: what one wrote is deleted when it has passed."""


def pytest_configure() -> None:
    """What the tests write is in memory where there is room for it, unless TMPDIR says where: files are made and
    deleted by the hundred thousand. What is synced is told from the calls that ask for it, not from a disk."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    room = os.statvfs(MEMORY)
    if room.f_bavail * room.f_frsize > ROOM and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a quarter of the time tests wait, for disks and for processes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files in their order, then the others in theirs."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """Servers and commands of these tests need not read the program again, except where a test wants that."""
    Server.forks = Forks()
    yield
    Server.forks.close()
    Server.forks = None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share; each makes gists of its own."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text(), "the server met something it did not expect"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes a server for this test alone, with the settings given; not started."""
    made: list[Server] = []

    def make(**settings: Any) -> Server:
        root = tmp_path / f"server-{len(made)}"
        root.mkdir()
        made.append(Server(root, **settings))
        return made[-1]

    yield make
    for running in made:
        if running.process is not None and running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="session")
def alice(server: Server) -> Client:
    """The owner; an admin, being the first."""
    return server.user("alice")


@pytest.fixture(scope="session")
def bob(server: Server, alice: Client) -> Client:
    """A stranger with an account."""
    return server.user("bob")


@pytest.fixture(scope="session")
def nobody(server: Server) -> Client:
    return server.nobody


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "git")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty PostgreSQL that runs for this session only, from Debian's packages."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    require("postgresql", programs)
    root = tmp_path_factory.mktemp("postgresql")
    as_postgres: list[str] = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(root, "postgres", "postgres")
        for parent in [root, *root.parents][:4]:
            if parent.owner() == "root" and parent.stat().st_mode & 0o001 == 0:
                parent.chmod(0o711)
        as_postgres = ["runuser", "-u", "postgres", "--"]
    data = root / "data"
    run: dict[str, Any] = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    subprocess.run([*as_postgres, programs[-1] / "initdb", "-A", "trust", "-U", "gistd", "-D", data], **run)
    options = f"-c listen_addresses='' -c unix_socket_directories='{root}' -c fsync=off"
    process = subprocess.Popen(
        [*as_postgres, programs[-1] / "postgres", "-D", data, *options.replace("'", "").split()],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ready = [programs[-1] / "pg_isready", "-q", "-h", root]
    wait_until(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL answers")
    yield f"postgresql://gistd@/postgres?host={root}"
    process.terminate()
    process.wait()
