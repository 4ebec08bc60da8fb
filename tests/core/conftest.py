"""Core, without a face, on each database that gistd supports."""

from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest

from gistd import index
from gistd.core import accounts, house
from gistd.core.access import ALL_SCOPES, Actor
from gistd.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """An empty house."""
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        index.connect(url)
        tables = index.database.get_tables()
        if tables:
            index.database.execute_sql(f"DROP TABLE {', '.join(tables)} CASCADE")
        index.close()
    house.open(Settings(repos=tmp_path / "repos", database_url=url, max_files=20, max_file_bytes=10_000))
    yield
    index.close()


@pytest.fixture
def alice(opened: None) -> Actor:
    return Actor(accounts.create_user("Alice"), ALL_SCOPES)


@pytest.fixture
def bob(opened: None, alice: Actor) -> Actor:
    return Actor(accounts.create_user("bob"), ALL_SCOPES)


@pytest.fixture
def database() -> peewee.Database:
    return index.database.obj
