"""What tests drive gistd with: a real server process, real git, real HTTP. Nothing here reaches into gistd."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
import requests

from tests.forks import Fork, Forks

GISTD = [sys.executable, "-m", "gistd.cli"]
PASSWORD = "correct horse"
EVERYTHING = "gist:write,user:write"
DEADLINE = 30
WITHOUT_CACHES = {f"GISTD_{name}_CACHE_BYTES": "0" for name in ("ANSWER", "PACK", "RENDER")}
"""What servers are given with GISTD_TEST_CACHES=off: whatever holds must hold without them, too."""


def require(name: str, there: Any) -> None:
    """Skip, loudly, where the machine lacks something; fail where GISTD_TEST_REQUIRE says that it must be there."""
    if not there:
        words = f"{name} is not on this machine; .ci/run installs it"
        if os.environ.get("GISTD_TEST_REQUIRE") in ("all", name):
            pytest.fail(words)
        pytest.skip(words)


def permit(what: str, *command: Any) -> None:
    """Skip, loudly, where the machine does not let us do this, which no package changes; a command tells."""
    if subprocess.run([*map(str, command)], capture_output=True).returncode:
        pytest.skip(f"this machine does not let us {what}")


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition returns once it is true. Looks again at once, and gives up after half a minute."""
    pause, end = 0.001, time.monotonic() + DEADLINE
    while not (result := condition()):
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    return result


class Server:
    """`gistd serve` on a free port, with a data directory of its own."""

    forks: Forks | None = None
    """What begins its processes, where reading the program again would tell nothing; without, the program does."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.repos = root / "repos"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GISTD_", "OG_"))},
            "GISTD_REPOS": str(self.repos),
            **(WITHOUT_CACHES if os.environ.get("GISTD_TEST_CACHES") == "off" else {}),
            **{f"GISTD_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.log = root / "server.log"
        self.process: subprocess.Popen[bytes] | Fork | None = None
        self.url = ""
        self.clients: list[Client] = []
        self._read: dict[str, tuple[tuple[int, ...], bytes]] = {}

    def as_program(self) -> "Server":
        """Read the program anew: where it is looked at what that takes, or that it can be done."""
        self.forks = None
        return self

    def start(self, *arguments: str) -> "Server":
        """Start, and wait until it says where it is."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = self.begin("serve", "--port", "0", *arguments, output=log, errors=log)

        def address() -> Any:
            assert self.process is not None
            words = self.log.read_bytes()[before:].decode(errors="replace")
            assert self.process.poll() is None, words
            return re.search(r"gistd serves .* at (http://[^\s,]+)", words)

        self.url = wait_until(address, "gistd serve prints its address")[1]
        return self

    def kill(self) -> None:
        """kill -9, workers and all."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and wait until it has; returns its exit code."""
        assert self.process is not None
        for client in self.clients:
            client.session.close()  # it would wait a while for what may come on open connections
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE)
        finally:
            if self.process.poll() is None:
                self.kill()

    def cli(self, *arguments: str, input: str = "", code: int = 0) -> str:
        """Run `gistd …` on the same data; returns what it printed, both streams. Fails unless it exits with `code`."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            given.write(input.encode())
            given.seek(0)
            done = self.begin(*arguments, input=given, output=out, errors=errors).wait()
            out.seek(0)
            errors.seek(0)
            said = out.read().decode(), errors.read().decode()
        assert done == code, (done, *said)
        return "".join(said)

    def begin(
        self, *arguments: str, output: IO[bytes], errors: IO[bytes], input: IO[bytes] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes] | Fork:
        """`gistd …` on the same data, in a session of its own."""
        if self.forks and self.forks.can(self.environment):
            return self.forks.start(arguments, self.root, self.environment, input, output, errors)
        return subprocess.Popen(
            [*GISTD, *arguments],
            cwd=self.root,
            env={**self.environment, "PYTHONUNBUFFERED": "1"},
            stdin=input,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )

    def user(self, name: str) -> "Client":
        """A new account, and a client that may do everything in its name."""
        self.cli("user", "create", name, "--password-stdin", input=f"{PASSWORD}\n")
        return self.client(name)

    def client(self, name: str, scopes: str = EVERYTHING) -> "Client":
        return Client(self, name, self.cli("token", "create", name, "--scopes", scopes).strip())

    @property
    def nobody(self) -> "Client":
        return Client(self, "", "")

    def repository(self, id: str) -> Path:
        return self.repos / id[:2] / f"{id}.git"

    def on_disk(self) -> dict[str, bytes]:
        """Every file below the data directory that belongs to a repository or to none, with its bytes.

        Asked for hundreds of times, of a directory that grows with every test: what is the same by inode, size and
        times as it was the last time is not read again.
        """
        read = {}
        for folder, folders, files in os.walk(self.repos):
            read.update((os.path.join(folder, name), ((), b"")) for name in folders)
            for name in files:
                if not name.startswith(("index.sqlite3", "queue.sqlite3")):
                    path = os.path.join(folder, name)
                    read[path] = self._read_again(path)
        self._read = read
        return {path.removeprefix(f"{self.repos}/"): content for path, (_, content) in read.items()}

    def _read_again(self, path: str) -> tuple[tuple[int, ...], bytes]:
        stat = os.stat(path)
        known, as_it_is = self._read.get(path), (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        return known if known and known[0] == as_it_is else (as_it_is, Path(path).read_bytes())


class Client:
    """HTTP in somebody's name."""

    def __init__(self, server: Server, name: str, token: str) -> None:
        self.server = server
        self.name = name
        self.token = token
        self.session = requests.Session()
        server.clients.append(self)
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.server.url + path
        return self.session.request(method, url, timeout=DEADLINE * 2, allow_redirects=False, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def create(self, files: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        """A new gist, by REST."""
        files = {"hello.py": "print('hello')\n"} if files is None else files
        body = {"files": {name: {"content": content} for name, content in files.items()}, **fields}
        response = self.request("POST", "/api/gists", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    def change(self, id: str, **fields: Any) -> dict[str, Any]:
        response = self.request("PATCH", f"/api/gists/{id}", json=fields)
        assert response.status_code == 200, response.text
        return response.json()

    def read(self, id: str) -> dict[str, Any]:
        response = self.get(f"/api/gists/{id}")
        assert response.status_code == 200, response.text
        return response.json()

    def clone_url(self, gist: dict[str, Any], secret: str | None = None) -> str:
        """The clone URL with credentials in it: the token, or the secret given."""
        url = gist["clone_url"].replace("http://", f"http://{self.name}:{secret or self.token}@", 1)
        return url if self.name else gist["clone_url"]


class Git:
    """The real git, with nobody's configuration."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Pat",
            "GIT_AUTHOR_EMAIL": "pat@example.org",
            "GIT_COMMITTER_NAME": "Pat",
            "GIT_COMMITTER_EMAIL": "pat@example.org",
            "LC_ALL": "C.UTF-8",
        }

    def try_(self, *arguments: Any, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *map(str, arguments)],
            cwd=cwd or self.home,
            env={**self.environment, **environment},
            text=True,
            capture_output=True,
            timeout=DEADLINE * 2,
        )

    def __call__(self, *arguments: Any, cwd: Path | None = None, **environment: str) -> str:
        """Run git; returns what it printed. Fails if git does."""
        done = self.try_(*arguments, cwd=cwd, **environment)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def clone(self, url: str, *options: str) -> Path:
        target = self.home / f"clone-{len(list(self.home.iterdir()))}"
        self("clone", "-q", *options, url, target)
        return target

    def commit(self, clone: Path, files: dict[str, bytes | str], message: str = "by git") -> str:
        for name, content in files.items():
            path = clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self("add", "-A", cwd=clone)
        self("commit", "-q", "-m", message, cwd=clone)
        return self("rev-parse", "HEAD", cwd=clone).strip()

    def grow(self, clone: Path, path: str, number: int) -> None:
        """So many commits at once on top of main; each writes its number into the file."""
        head = self("rev-parse", "main", cwd=clone).strip()
        stream = "".join(
            f"commit refs/heads/main\ncommitter Pat <pat@example.org> {1_700_000_000 + n} +0000\ndata 1\nx\n"
            + (f"from {head}\n" if n == 0 else "")
            + f"M 644 inline {path}\ndata {len(str(n))}\n{n}\n"
            for n in range(number)
        )
        command = ["git", "fast-import", "--quiet", "--force"]
        subprocess.run(command, input=stream.encode(), cwd=clone, env=self.environment, check=True)


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
