"""What is logged: enough to find a request again, nothing that is secret, and every line its own."""

import json
import re
import socket
from collections.abc import Callable, Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.harness import PASSWORD, Client, Git, Server, wait_until

TOKEN = "metrics-" + "t" * 24
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)')


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("observed"), metrics_token=TOKEN, rate_limits="false").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def olga(observed: Server) -> Client:
    return observed.user("olga")


def parsed(line: str) -> dict[str, str]:
    """A line taken apart; nothing of it may be left over."""
    pairs = _PAIR.findall(line)
    assert line == " ".join(f"{key}={value}" for key, value in pairs), line
    return {key: json.loads(value) if value.startswith('"') else value for key, value in pairs}


def lines(server: Server) -> list[dict[str, str]]:
    """All that was logged since it said where it serves."""
    words = server.log.read_bytes()
    assert words.isascii() and b"\x1b" not in words and b"\r" not in words
    return [parsed(line) for line in words.decode().split("gistd serves ")[1].splitlines()[1:]]


def raw(server: Server, request: bytes) -> bytes:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 30) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_secrets_are_in_no_line(observed: Server, olga: Client, git: Git) -> None:
    """In every place that something secret is ever sent in, right or wrong."""
    canary = f"og_{'c0ffee' * 10}beef"
    gist, place = olga.create({"a": "hush"}, visibility="private"), observed.url.replace("http://", "")
    anybody = observed.nobody
    for secret in (canary, olga.token):
        for header in ("Authorization", "Cookie", "X-Api-Key", "Referer", "User-Agent", "X-Forwarded-For", "From"):
            for words in (secret, f"Bearer {secret}", f"session={secret}; gistd={secret}"):
                anybody.get("/api/gists", headers={header: words})
        anybody.get(f"/api/gists?token={secret}&access_token={secret}")
        anybody.request("POST", f"/-/login?next={secret}", data={"username": "olga", "password": secret})
        anybody.request("POST", "/api/gists", json={"token": secret, "files": {}}, headers={"Authorization": secret})
        anybody.request("DELETE", "/paste/1", headers={"Authorization": f'Digest username="x", response="{secret}"'})
        for url in (f"http://olga:{secret}@{place}", f"http://{secret}@{place}"):
            git.try_("ls-remote", f"{url}/olga/{gist['id']}.git")
            git.try_("push", f"{url}/olga/{gist['id']}.git", "HEAD:main")
        raw(observed, f"GET /?token={secret} HTTP/9.9\r\nHost: x\r\n\r\n".encode())
        raw(observed, f"GET http://olga:{secret}@{place}/-/health HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        raw(observed, f"GET / HTTP/1.1\r\nHost: x\r\nBad Header {secret}: 1\r\n\r\n".encode())
        raw(observed, f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {secret}\r\n\r\n".encode())
    git.try_("ls-remote", f"http://olga:{PASSWORD.replace(' ', '%20')}@{place}/olga/{gist['id']}.git")
    assert len(lines(observed)) > 60
    written = observed.log.read_text()
    for secret in (canary[3:], olga.token[3:], PASSWORD, PASSWORD.replace(" ", "%20"), TOKEN, "hush"):
        assert secret not in written


def test_nobody_forges_a_line(observed: Server) -> None:
    forged = "\r\ntime=2026-01-01T00:00:00Z level=info id=forged"
    hostile = [forged, "\x1b[31mred", "a" * 5000, "\u202e", 'quote" x="y', "nul\x00", "\\"]
    for words in hostile:
        path = "".join(f"%{byte:02x}" for byte in words.encode())[:3000]
        observed.nobody.get(f"/{path}")
        for piece in (words.encode(), words.encode("utf-16")):
            clean = piece.replace(b"\r", b"").replace(b"\n", b" ")
            raw(observed, b"G" + clean + b"T / HTTP/1.1\r\nHost: x\r\n\r\n")
            raw(observed, b"GET /" + clean + b" HTTP/1.1\r\nHost: x\r\nX-Request-ID: " + clean + b"\r\n\r\n")
            raw(observed, b"GET / HTTP/1.1\r\nHost: " + clean + b"\r\n\r\n")
    assert not [line for line in lines(observed) if line.get("id") == "forged"]
    assert max(map(len, observed.log.read_text().splitlines())) < 2000


@pytest.mark.parametrize(
    ("asked", "taken"),
    [("abcdef12", True), ("a" * 64, True), ("A.b_c-9999", True), ("short", False), ("a" * 65, False),
     ("with space", False), ("ünicode99", False), ("a=b&c=d;", False)],
)  # fmt: skip
def test_a_request_has_an_id(observed: Server, asked: str, taken: bool) -> None:
    """In the answer and in its line; the one that it came with, if that is one."""
    for path in ("/-/health", "/api/gists", "/nobody/nothing", "/x/y.git/info/refs", "/api/gists/none", "/-/static/x"):
        answer = observed.nobody.get(path, headers={"X-Request-ID": asked.encode()})
        id = answer.headers["X-Request-ID"]
        assert (id == asked) == taken and re.fullmatch(r"[A-Za-z0-9._-]{8,64}", id)
        wanted = {"id": id, "path": path, "status": str(answer.status_code)}.items()
        wait_until(lambda wanted=wanted: [line for line in lines(observed) if wanted <= line.items()], "it is logged")
    assert len(observed.nobody.get("/-/health").headers["X-Request-ID"]) == 16


def test_a_page_for_what_went_wrong_says_which_request_it_was(own_server: Callable[..., Server]) -> None:
    server = own_server().start("--workers", "1")
    gist = server.user("alice").create()
    for pack in (server.repository(gist["id"]) / "objects" / "pack").iterdir():
        pack.unlink()
    answer = server.nobody.get(f"/alice/{gist['id']}/raw/HEAD/hello.py")
    assert answer.status_code >= 500 and answer.headers["X-Request-ID"] in answer.text


def test_metrics_are_for_those_who_hold_the_token(observed: Server, olga: Client, server: Server) -> None:
    nobody = observed.nobody
    assert server.nobody.get("/-/metrics").status_code == 404, "not on as long as nobody wants them"
    assert nobody.get("/-/metrics").status_code == 401
    assert olga.get("/-/metrics").status_code == 401
    assert nobody.get("/-/metrics", headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
    assert nobody.get(f"/-/metrics?token={TOKEN}").status_code == 401


def metrics(server: Server) -> dict[tuple[str, ...], float]:
    answer = server.nobody.get("/-/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_metrics_count_what_all_workers_do(observed: Server, olga: Client) -> None:
    gist = olga.create({"secret-name": "x"}, title="secret-title", visibility="private")
    before = metrics(observed)
    for _ in range(20):
        observed.nobody.session.close()
        olga.read(gist["id"])
        observed.nobody.get(f"/olga/{gist['id']}")
    after = metrics(observed)

    def grown(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert grown("gistd_requests_total", "opengist", "GET", "2xx") == 20
    assert grown("gistd_requests_total", "web", "GET", "4xx") == 20
    assert grown("gistd_request_seconds_count", "opengist") == 20
    assert grown("gistd_request_seconds_bucket", "opengist", "+Inf") == 20
    assert grown("gistd_request_seconds_sum", "opengist") > 0
    assert after["gistd_users",] == 1 and after["gistd_gists",] >= 1
    assert after["gistd_gist_bytes",] > 0 and after["gistd_disk_free_bytes",] > 0
    for hidden in ("olga", "secret", gist["id"]):
        assert hidden not in str(after)
