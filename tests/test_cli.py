"""The command line, as outside scripts rely on it."""

import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import GISTD, PASSWORD, Client, Git, Server

ROOT = Path(__file__).parent.parent


@pytest.fixture
def idle(own_server: Callable[..., Server]) -> Server:
    return own_server()


def test_user_create(idle: Server) -> None:
    idle.as_program()
    assert "alice is here now, as an admin" in idle.cli(
        "user", "create", "alice", "--password-stdin", input=f"{PASSWORD}\n"
    )
    assert idle.cli("user", "create", "bob", "--email", "Bob@Example.org") == "bob is here now\n"
    assert "already taken" in idle.cli("user", "create", "Alice", code=1)
    assert "reserved" in idle.cli("user", "create", "api", code=1)
    assert "8 to 1024 characters" in idle.cli("user", "create", "carol", "--password-stdin", input="short\n", code=1)


def test_token_create_prints_the_token_alone(idle: Server) -> None:
    idle.cli("user", "create", "alice")
    options = ("--scopes", "gist:read,user:write", "--label", "laptop", "--expires", "30d")
    assert re.fullmatch(r"og_[0-9a-f]{64}\n", idle.cli("token", "create", "alice", *options))
    assert "there is no user bob" in idle.cli("token", "create", "bob", "--scopes", "gist:read", code=1)
    assert "gist:read, gist:write" in idle.cli("token", "create", "alice", "--scopes", "all", code=2)
    assert "30d" in idle.cli("token", "create", "alice", "--scopes", "gist:read", "--expires", "soon", code=2)


def test_settings_say_where_they_come_from(idle: Server) -> None:
    idle.environment["GISTD_MAX_FILES"] = "7"
    idle.environment["GISTD_DATABASE_URL"] = "postgresql://gistd:hunter2@db/gistd"
    idle.environment["OG_API_ENABLED"] = "false"
    idle.environment["GISTD_SECRET_KEY"] = "canary" * 8
    (idle.root / "gistd.toml").write_text("max_gist_bytes = 123\nmax_files = 9\n")
    words = idle.cli("settings")
    assert "GISTD_MAX_FILES=7  (environment GISTD_MAX_FILES)" in words
    assert f"GISTD_MAX_GIST_BYTES=123  ({idle.root / 'gistd.toml'})".replace(f"{idle.root}/", "") in words
    assert "GISTD_API_ENABLED=false  (environment OG_API_ENABLED)" in words
    assert "GISTD_MAX_FILE_BYTES=10485760  (default)" in words
    assert "postgresql://gistd:***@db/gistd" in words and "hunter2" not in words
    assert "GISTD_SECRET_KEY=***  (environment GISTD_SECRET_KEY)" in words and "canary" not in words


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("GISTD_MAX_FILES", "many", "GISTD_MAX_FILES must be a whole number"),
        ("GISTD_MAX_FILES", "-1", "must not be negative"),
        ("GISTD_API_ENABLED", "perhaps", "GISTD_API_ENABLED must be true or false"),
        ("GISTD_EXTERNAL_URL", "gist.example.org", "must begin with http:// or https://"),
        ("GISTD_DATABASE_URL", "mysql://x/y", "not supported"),
        ("GISTD_SECRET_KEY", "x" * 31, "at least 32 characters"),
        ("GISTD_CONFIG", "/nowhere.toml", "which does not exist"),
    ],
)
def test_settings_that_make_no_sense(idle: Server, variable: str, value: str, words: str) -> None:
    idle.environment[variable] = value
    for command in (["serve", "--port", "0"], ["doctor"]):
        printed = idle.cli(*command, code=1)
        assert words in printed and "Traceback" not in printed


def test_the_secret_key_is_made_once_and_for_nobody_else(idle: Server) -> None:
    command = [*GISTD, "user", "create"]
    names = [f"u{number}" for number in range(4)]
    running = [subprocess.Popen([*command, name], cwd=idle.root, env=idle.environment) for name in names]
    assert [process.wait() for process in running] == [0] * 4, "all of them at once"
    place = idle.repos / "secret_key"
    key = place.read_bytes()
    assert len(key) == 64 and place.stat().st_mode & 0o777 == 0o400
    idle.cli("doctor")
    assert place.read_bytes() == key
    place.chmod(0o644)
    assert "readable for its owner only" in idle.cli("doctor", code=1)
    place.chmod(0o600)
    place.write_bytes(b"short")
    assert "at least 32 bytes" in idle.cli("doctor", code=1)


def test_an_unknown_setting_in_the_file(idle: Server) -> None:
    (idle.root / "gistd.toml").write_text("max_filez = 1\n")
    assert "there is no setting 'max_filez'" in idle.cli("settings", code=1)


def test_the_first_start_makes_all_it_needs(idle: Server) -> None:
    idle.as_program()
    idle.start()
    assert "There is no account yet" in idle.log.read_text()
    assert idle.nobody.get("/-/health").json() == {"status": "ok"}
    idle.user("alice").create(visibility="private")
    for path in [idle.repos, *idle.repos.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path}: private gists lie in there"
    assert idle.stop() == 0


def test_a_port_that_is_taken(idle: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = subprocess.Popen([*GISTD, "serve", "--port", str(port)], cwd=idle.root, env=idle.environment,
                                   stderr=subprocess.PIPE, text=True)  # fmt: skip
        try:
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode != 0 and "in use" in said and "Traceback" not in said


def test_it_ends_gracefully_in_the_middle_of_requests(idle: Server, git: Git) -> None:
    """What was begun before SIGTERM is answered."""
    idle.as_program()
    idle.start()
    alice = idle.user("alice")
    body = b'{"files":{"a":{"content":"slowly"}}}'
    host, port = idle.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        head = f"POST /api/gists HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\n"
        slow.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        slow.settimeout(30)
        assert slow.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "it knows of the request"
        slow.sendall(body[:10])
        assert idle.process
        idle.process.send_signal(signal.SIGTERM)
        slow.sendall(body[10:])
        assert slow.recv(100).startswith(b"HTTP/1.1 201")
    assert idle.stop() == 0


def test_a_line_a_request_and_no_secret_in_it(idle: Server, git: Git) -> None:
    idle.start()
    alice = idle.user("alice")
    gist = alice.create({"a": "hush-content"}, visibility="private")
    alice.get(f"/api/gists?page=1&secret=hush-query&token={alice.token}")
    alice.get("/%0Aforged%1b[31m line")
    git.clone(alice.clone_url(gist))
    git.clone(alice.clone_url(gist, PASSWORD.replace(" ", "%20")))
    assert idle.stop() == 0
    log = idle.log.read_text()
    lines = [line for line in log.splitlines() if re.match(r"time=\d{4}-\d\d-\d\dT[\d:]+Z level=info id=\w+ ", line)]
    assert len(lines) >= 9
    assert re.search(
        r"address=127.0.0.1 method=POST path=/api/gists status=201 bytes=\d+ ms=\d+\.\d$", log, re.MULTILINE
    )
    assert "path=/%0Aforged%1B%5B31m%20line status=404" in log
    for secret in (alice.token, alice.token[3:], PASSWORD, "hush-query", "hush-content"):
        assert secret not in log


def test_silent_and_stuck_clients_do_not_keep_others_out(idle: Server) -> None:
    idle.start()
    host, port = idle.url.removeprefix("http://").split(":")
    sockets = [socket.create_connection((host, int(port))) for _ in range(300)]
    try:
        for stuck in sockets[:12]:
            stuck.sendall(b"POST /api/gists HTTP/1.1\r\nHost: x\r\nContent-Le")
        for _ in range(20):
            assert Client(idle, "", "").get("/-/health").status_code == 200
    finally:
        for each in sockets:
            each.close()


def test_behind_a_proxy(own_server: Callable[..., Server]) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "gists.example.org", "X-Forwarded-For": "10.1.2.3"}
    plain = own_server().start()
    alice = plain.user("alice")
    gist = alice.create()
    told = alice.get(f"/api/gists/{gist['id']}", headers=forwarded).json()["html_url"]
    assert told.startswith(plain.url), "nobody is believed who was not named"
    proxied = own_server(forwarded_hops=1).start()
    alice = proxied.user("alice")
    gist = alice.create()
    told = alice.get(f"/api/gists/{gist['id']}", headers=forwarded).json()["html_url"]
    assert told.startswith("https://gists.example.org/alice/")


def test_the_external_url_is_in_every_url(own_server: Callable[..., Server]) -> None:
    server = own_server(external_url="https://gists.example.org/").start()
    gist = server.user("alice").create()
    assert gist["clone_url"] == f"https://gists.example.org/alice/{gist['id']}.git"
    page = server.nobody.get(f"/alice/{gist['id']}", headers={"Host": "evil.example"}).text
    assert gist["clone_url"] in page and "evil.example" not in page


def test_any_wsgi_server_serves_the_same(idle: Server) -> None:
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", "127.0.0.1:0", "-k", "gthread", "--threads", "4"]
    process = subprocess.Popen(
        [*command, "--no-control-socket"], cwd=ROOT, env=idle.environment, stderr=subprocess.PIPE
    )
    try:
        said = b""
        assert process.stderr
        while not (match := re.search(rb"Listening at: (http://\S+)", said)):
            said += process.stderr.read1()
        idle.url = match[1].decode()
        alice = idle.user("alice")
        assert alice.read(alice.create()["id"])["files"]["hello.py"]["content"] == "print('hello')\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_tokens_are_listed_and_revoked(idle: Server) -> None:
    idle.start()
    alice = idle.user("alice")
    alice.get("/api/gists")
    other = idle.cli(
        "token", "create", "alice", "--scopes", "gist:read", "--label", "laptop", "--expires", "8w"
    ).strip()
    listed = idle.cli("token", "list", "alice").splitlines()
    assert re.fullmatch(r"2  gist:read  never used  until \d{4}-\d\d-\d\d \d\d:\d\d  laptop", listed[0])
    assert re.fullmatch(r"1  gist:write,user:write  last used \d{4}-\d\d-\d\d \d\d:\d\d  for ever  ", listed[1])
    assert alice.token not in "".join(listed)
    assert "token 2 of alice is revoked" in idle.cli("token", "revoke", "alice", "2")
    assert Client(idle, "alice", other).get("/api/gists").status_code == 401
    assert "no such token" in idle.cli("token", "revoke", "alice", "2", code=1)
    idle.cli("user", "create", "bob")
    assert "no such token" in idle.cli("token", "revoke", "bob", "1", code=1)
    assert alice.get("/api/user").status_code == 200


def test_api_keys_are_made_listed_and_revoked(idle: Server) -> None:
    idle.cli("user", "create", "alice")
    key = idle.cli("key", "create", "alice", "--label", "laptop")
    assert re.fullmatch(r"[0-9a-f]{32}\n", key)
    assert "there is no user bob" in idle.cli("key", "create", "bob", code=1)
    assert idle.cli("key", "list", "alice") == "1  gist:write  never used  for ever  laptop\n"
    assert idle.cli("token", "list", "alice") == ""
    assert "no such token" in idle.cli("token", "revoke", "alice", "1", code=1)
    assert "key 1 of alice is revoked" in idle.cli("key", "revoke", "alice", "1")
    assert "no such key" in idle.cli("key", "revoke", "alice", "1", code=1)
