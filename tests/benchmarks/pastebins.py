"""Pastebins from PyPI, each in a virtual environment of its own; none of them has revisions, users' gists or git."""

import json
import socket
import subprocess
import sys
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.load import busy_seconds
from tests.benchmarks.subjects import CREATE, PAGE, RAW, READ, Asks, Subject
from tests.benchmarks.texts import SMALL, USUAL, files
from tests.harness import Server, wait_until

_LEXERS = {".py": "python", ".md": "markdown", ".txt": "text"}


class Pastebin(Server):
    """One of them, installed and running."""

    needs: tuple[str, ...]

    def start(self, *arguments: str) -> "Pastebin":
        """Raises CalledProcessError or TimeoutExpired when it cannot be installed."""
        run: dict[str, Any] = {"check": True, "capture_output": True, "text": True, "timeout": 180}
        subprocess.run([sys.executable, "-m", "venv", self.root / "venv"], **run)
        subprocess.run([self.python, "-m", "pip", "install", "-q", "--retries", "1", *self.needs], **run)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with self.log.open("wb") as log:
            command, environment = self.command(port)
            self.process = subprocess.Popen(
                command, cwd=self.root, env={"PATH": "", **environment}, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(partial(_listens, port), f"{self.needs[0]} listens")
        return self

    @property
    def python(self) -> str:
        return str(self.root / "venv" / "bin" / "python")

    @property
    def version(self) -> str:
        words = f"from importlib.metadata import version; print(version({self.needs[0]!r}))"
        return subprocess.run([self.python, "-c", words], capture_output=True, text=True).stdout.strip()

    def command(self, port: int) -> tuple[list[str], dict[str, str]]:
        """How it is started, with which environment."""
        raise NotImplementedError


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Pinnwand(Pastebin):
    """Tornado and SQLite, one process; it syncs what SQLite syncs by default."""

    needs = ("pinnwand",)

    def command(self, port: int) -> tuple[list[str], dict[str, str]]:
        limits = "\n".join(
            f"[ratelimit.{area}]\ncapacity = 1000000000\nconsume = 1\nrefill = 1000000000"
            for area in ("read", "create", "delete")
        )
        database = f"sqlite:///{self.root}/pinnwand.sqlite3"
        words = f'database_uri = "{database}"\npaste_size = 100000000\nspamscore = 1000\n{limits}\n'
        (self.root / "pinnwand.toml").write_text(words)
        command = ["-m", "pinnwand", "--configuration-path", f"{self.root}/pinnwand.toml", "http", "--port", str(port)]
        return [self.python, *command], {}

    def subject(self) -> Subject:
        return _Pinnwand(self)


class _Pinnwand(Subject):
    def __init__(self, server: Pinnwand) -> None:
        assert server.process
        super().__init__(f"pinnwand {server.version}", server.url, partial(busy_seconds, server.process.pid))
        self._paths = {size: self._path(size) for size in (SMALL, USUAL)}

    def _path(self, size: str) -> str:
        return "/" + json.loads(self.once(self._create(size)).body)["link"].rpartition("/")[2]

    def _create(self, size: str) -> Asks:
        entries = [
            {"name": name, "lexer": _LEXERS[Path(name).suffix], "content": content}
            for name, content in files(size).items()
        ]
        return self.send("POST", "/api/v1/paste", {"expiry": "1day", "files": entries}, 200)

    def asks(self, work: str, size: str) -> Asks | None:
        if size not in self._paths:
            return None
        path = self._paths[size]
        if work == READ:  # of one file
            return self.get(f"/json/show{path}")
        if work in (PAGE, RAW):
            return self.get(path if work == PAGE else f"{path}/raw")
        return self._create(size) if work == CREATE else None


class Bepasty(Pastebin):
    """Flask and files, in gunicorn with as many workers and threads as gistd has; it syncs nothing."""

    needs = ("bepasty", "gunicorn")

    def command(self, port: int) -> tuple[list[str], dict[str, str]]:
        (self.root / "items").mkdir()
        (self.root / "bepasty.conf").write_text(
            f"STORAGE_FILESYSTEM_DIRECTORY = '{self.root}/items'\nSECRET_KEY = 'not much of a secret here'\n"
            "DEFAULT_PERMISSIONS = 'create,read,list,modify,delete'\nMAX_BODY_SIZE = 2 ** 24\n"
        )
        bind = ["-b", f"127.0.0.1:{port}", "-w", "2", "--threads", "16", "--access-logfile", "-"]
        command = ["-m", "gunicorn", "--no-control-socket", *bind, "bepasty.wsgi:application"]
        return [self.python, *command], {"BEPASTY_CONFIG": f"{self.root}/bepasty.conf"}

    def subject(self) -> Subject:
        return _Bepasty(self)


class _Bepasty(Subject):
    """Has single files only."""

    def __init__(self, server: Bepasty) -> None:
        assert server.process
        super().__init__(f"bepasty {server.version}", server.url, partial(busy_seconds, server.process.pid))
        head = self.once(self._create()).head.decode()
        self._item = next(line[18:] for line in head.splitlines() if line.lower().startswith("content-location: "))

    def _create(self) -> Asks:
        ((name, content),) = files(SMALL).items()
        headers = {"Content-Type": "text/x-python", "Content-Filename": name}
        headers["Content-Range"] = f"bytes 0-{len(content) - 1}/{len(content)}"
        return self.send("POST", "/apis/rest/items", b64encode(content.encode()), 201, **headers)

    def asks(self, work: str, size: str) -> Asks | None:
        if size != SMALL:
            return None
        item = self._item.rpartition("/")[2]
        if work == READ:
            return self.get(f"{self._item}/download")
        if work in (PAGE, RAW):
            return self.get(f"/{item}" if work == PAGE else f"/{item}/+inline")
        return self._create() if work == CREATE else None


PASTEBINS: dict[str, type[Pinnwand] | type[Bepasty]] = {"pinnwand": Pinnwand, "bepasty": Bepasty}
