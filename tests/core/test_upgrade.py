"""An index of any earlier gistd, with all that was in it, becomes one of today's; however often that is interrupted."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from gistd.index.writing import MIGRATIONS
from tests.harness import Client, Server

STEPS = sorted(path.stem for path in MIGRATIONS.glob("0*.py"))
UP_TO = """
import sys
from gistd.index import connection, writing
from playhouse.migrations import Runner
connection.connect(f"sqlite:///{sys.argv[1]}")
Runner(connection.database.obj, str(writing.MIGRATIONS), table_name="schema_migration").up(target=sys.argv[2])
"""
KILLED = """
import os, signal, sys
from gistd.index import connection, writing
connection.connect(f"sqlite:///{sys.argv[1]}")
left, execute = int(sys.argv[2]), connection.database.obj.execute_sql
def counted(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(*arguments)
connection.database.obj.execute_sql = counted
writing.migrate()
"""
KEPT = {
    "account": "username, password_hash, is_admin, created_at",
    "credential": "secret_hash, label, scopes, user_id",
    "gist": "id, slug, title, description, visibility, head, owner_id, fork_of_id, like_count, file_count, size",
    "file": "gist_id, path, blob, size",
    "topic": "gist_id, name",
    "liked": "user_id, gist_id",
}


def run(script: str, *arguments: object, code: int = 0) -> int:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode in (code, 0), done.stderr
    return done.returncode


class House(Server):
    """A data directory with accounts, tokens, likes, forks and gists of each visibility in it."""

    alice: Client

    @property
    def index(self) -> Path:
        return self.repos / "index.sqlite3"

    def rows(self) -> dict[str, list[Any]]:
        with sqlite3.connect(self.index) as index:
            return {table: sorted(index.execute(f"SELECT {columns} FROM {table}")) for table, columns in KEPT.items()}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("today"))
    house.start("--workers", "1")
    house.alice, bob = house.user("alice"), house.user("bob")
    for number, visibility in enumerate(("public", "unlisted", "private")):
        files = {f"{path}.py": f"print({number}, 'é')\n" for path in ("a", "b/c")}
        gist = house.alice.create(files, title=f"title {number}", visibility=visibility, topics=["one", "two"])
        house.alice.change(gist["id"], files={"a.py": {"content": "later\n"}})
        if visibility == "public":
            assert bob.request("POST", f"/api/gists/{gist['id']}/forks").status_code == 201
            assert bob.request("PUT", f"/api/gists/{gist['id']}/star").status_code < 300
    house.stop()
    with sqlite3.connect(house.index) as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield house


def aged(today: House, root: Path, step: str) -> House:
    """The same house as a gistd had left it that knew the steps up to this one."""
    shutil.copytree(today.repos, root / "repos", ignore=shutil.ignore_patterns("index.sqlite3*"))
    (root / "repos").chmod(0o700)
    old = House(root)
    run(UP_TO, old.index, step)
    with sqlite3.connect(old.index) as index:
        index.execute("ATTACH ? AS today", (str(today.index),))
        for table in KEPT:
            columns = {name: (kind, needed, default) for _, name, kind, needed, default, _ in index.execute(
                f"PRAGMA table_info({table})")}  # fmt: skip
            known = {row[1] for row in index.execute(f"PRAGMA today.table_info({table})")}
            values = {name: name if name in known else "''" if "CHAR" in kind or kind == "TEXT" else "0"
                      for name, (kind, needed, default) in columns.items() if name in known or needed}  # fmt: skip
            index.execute(
                f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM today.{table}"
            )
    return old


@pytest.mark.parametrize("step", [STEPS[0], STEPS[4], STEPS[-2]])
def test_all_is_there_after_an_upgrade(today: House, tmp_path: Path, step: str) -> None:
    house = aged(today, tmp_path, step)
    house.cli("doctor", "--repair")
    assert house.cli("doctor") == ""
    assert house.rows() == today.rows()


def test_after_an_upgrade_from_the_first_everything_works(today: House, tmp_path: Path) -> None:
    """Tokens, reading, finding, writing."""
    house = aged(today, tmp_path, STEPS[0])
    house.start("--workers", "1")
    alice = Client(house, "alice", today.alice.token)
    listed = alice.get("/api/gists").json()
    assert len(listed) >= 3
    for gist in listed:
        read = alice.read(gist["id"])
        if read["owner"]["login"] == "alice":
            assert read["files"]["a.py"]["content"] == "later\n"
            alice.change(gist["id"], files={"new": {"content": "x"}})
    alice.create()
    assert house.stop() == 0 and "Traceback" not in house.log.read_text()


def test_killed_in_the_middle_it_goes_on(today: House, tmp_path: Path) -> None:
    """kill -9 at one statement after the other: the next start makes of it what it would have been."""
    aged(today, tmp_path, STEPS[0])
    for number in count(1, 60):
        root = tmp_path / f"killed-{number}"
        shutil.copytree(tmp_path / "repos", root / "repos")
        house = House(root)
        if run(KILLED, house.index, number, code=-signal.SIGKILL) == 0:
            break
        house.cli("doctor", "--repair")
        assert house.rows() == today.rows()
    assert number > 120, "that it was killed at all"
