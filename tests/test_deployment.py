"""What docs/operations.md says of running gistd is what happens: nginx before it, the tests that its table names."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.harness import Git, Server, require, wait_until

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "operations.md"


def documented(words: str) -> str:
    """The block of the page that holds these words."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return next(block for block in blocks if words in block)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_documented_nginx(own_server: Callable[..., Server], tmp_path: Path, git: Git) -> None:
    """Without its TLS."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    require("nginx", program)
    server = own_server(forwarded_hops=1).start("--workers", "1")
    port = free_port()
    site = re.sub(r"^ *(ssl_|server_name).*\n", "", documented("proxy_pass"), flags=re.M)
    site = site.replace("443 ssl", f"127.0.0.1:{port}").replace("127.0.0.1:6157", server.url.removeprefix("http://"))
    names = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    folders = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in names)
    user = "user root;" if os.getuid() == 0 else ""
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"daemon off; {user} pid {tmp_path}/pid; events {{}} http {{ access_log off; {folders} {site} }}")
    with proxied(server, port, str(program), "-e", tmp_path / "error.log", "-c", conf):
        work_through(server, git)


def test_the_documented_caddy(own_server: Callable[..., Server], tmp_path: Path, git: Git) -> None:
    """As nginx."""
    program = shutil.which("caddy")
    require("caddy", program)
    server, port = own_server(forwarded_hops=1).start("--workers", "1"), free_port()
    site = documented("reverse_proxy").replace("127.0.0.1:6157", server.url.removeprefix("http://"))
    site = site.replace("gists.example.org", f"http://127.0.0.1:{port}")
    (tmp_path / "Caddyfile").write_text("{\n    admin off\n}\n" + site)
    with proxied(server, port, str(program), "run", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile"):
        work_through(server, git)


def test_the_documented_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    require("systemd-analyze", program)
    unit = tmp_path / "gistd.service"
    gistd = Path(sys.executable).with_name("gistd")
    unit.write_text(documented("ExecReload").replace("/opt/gistd/bin/gistd", str(gistd)).replace("User=gistd\n", ""))
    said = subprocess.run([str(program), "verify", "--man=no", unit], capture_output=True, text=True)
    assert said.returncode == 0 and "gistd.service" not in said.stderr, said.stderr


@contextmanager
def proxied(server: Server, port: int, *command: str | Path) -> Iterator[None]:
    """With a proxy between the server and whoever asks."""
    direct = server.url
    with (server.root / "proxy.log").open("wb") as log:
        proxy = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(server.root)})
    try:
        wait_until(lambda: listens(port), "the proxy listens")
        server.url = f"http://127.0.0.1:{port}"
        yield
    finally:
        proxy.terminate()
        proxy.wait(30)
        server.url = direct


def work_through(server: Server, git: Git) -> None:
    """Pages, large bodies, clones and pushes in chunks; addresses are the proxy's, and not forged."""
    alice = server.user("alice")
    gist = alice.create({"large": "x" * 9_000_000})
    assert gist["clone_url"].startswith(server.url)
    assert alice.get(f"/alice/{gist['id']}").status_code == 200
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"noise": os.urandom(9_000_000)})
    git("-c", "http.postBuffer=64k", "push", "-q", cwd=clone)
    assert git.clone(alice.clone_url(gist)).joinpath("noise").read_bytes() == (clone / "noise").read_bytes()
    assert alice.request("POST", "/api/gists", data=b"x" * 70_000_000).status_code == 413
    forged = {"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Host": "evil.example", "X-Request-ID": "forged-id"}
    told = alice.get(f"/api/gists/{gist['id']}", headers=forged)
    assert "evil.example" not in told.text and re.fullmatch(r"[0-9a-f-]{32,36}", told.headers["X-Request-ID"])
    wait_until(lambda: told.headers["X-Request-ID"] in server.log.read_text(), "it is logged")
    assert "8.8.8.8" not in server.log.read_text()


def test_there_is_no_control_socket(own_server: Callable[..., Server]) -> None:
    """gunicorn would make one below the home directory, for whoever may write there."""
    server = own_server()
    home = server.root / "home"
    home.mkdir()
    server.environment.update(HOME=str(home), XDG_RUNTIME_DIR=str(home))
    server.start("--workers", "1")
    assert requests.get(f"{server.url}/-/health", timeout=30).status_code == 200
    assert [path for path in home.rglob("*") if path.is_socket()] == []


def rows() -> list[list[str]]:
    lines = PAGE.read_text().partition("## Threats")[2].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [A-Z]\d", line)]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0].replace(", ", "-"))
def test_every_defence_has_a_test_or_a_reason(row: list[str]) -> None:
    named = re.findall(r"`(\S+?\.py)::(test_\w+)`", row[-1])
    assert named or row[-1].startswith("no test:")
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), (file, name)


def test_every_fault_has_a_test() -> None:
    lines = PAGE.read_text().partition("| fault | what")[2].partition("\n\n")[0].splitlines()[2:]
    for line in lines:
        file = ""
        for name in re.findall(r"`(\S+)`", line.strip("|").split("|")[-1]):
            file, name = name.split("::") if "::" in name else (file, name)
            path = ROOT / (name if name.endswith(".py") else file if "/" in file else f"tests/faults/{file}")
            assert name.endswith(".py") or f"def {name}(" in path.read_text(), (line, name)
            assert path.is_file()


def test_no_threat_is_left_out() -> None:
    listed = {each for row in rows() for each in row[0].split(", ")}
    for letter, last in (("X", 19), ("G", 16), ("D", 14), ("A", 20), ("V", 9), ("R", 24)):
        assert {f"{letter}{number}" for number in range(1, last + 1)} <= listed
