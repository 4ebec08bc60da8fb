"""Answers that are kept for a moment are those that would be made: nothing shows that they are kept but the speed."""

import gzip
import logging
import re
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.test import Client as WSGIClient

import gistd
from gistd import index, kept, transport
from gistd.core import accounts, credentials
from gistd.core.access import ALL_SCOPES
from gistd.settings import Settings
from tests.harness import Client, Git, Server, wait_until
from tests.transport.wire import DELIMITER, FLUSH, RECEIVE, UPLOAD, Remote, fetch_request, line

LS_REFS = line("command=ls-refs\n") + line("object-format=sha1\n") + DELIMITER + FLUSH
LONG_LS_REFS = LS_REFS.removesuffix(FLUSH) + line("ref-prefix refs/heads/\n") * 400 + FLUSH


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Several workers, each of which keeps its own."""
    running = Server(tmp_path_factory.mktemp("kept")).start("--workers", "3")
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture(scope="module")
def alice(server: Server) -> Client:
    return server.user("alice")


@pytest.fixture(scope="module")
def bob(server: Server, alice: Client) -> Client:
    return server.user("bob")


def many(server: Server) -> list[Client]:
    """Clients with a connection each, so that all workers are asked."""
    return [server.nobody for _ in range(6)]


def test_what_is_acknowledged_is_seen_by_the_next_who_asks(server: Server, alice: Client) -> None:
    gist, askers = alice.create(), many(server)
    page = f"/alice/{gist['id']}"
    for number in range(25):
        words = f"number {number} of them"
        alice.change(gist["id"], description=words, files={"hello.py": {"content": f"print({number})\n"}})
        for asker in askers:
            read = asker.read(gist["id"])
            assert (read["description"], read["files"]["hello.py"]["content"]) == (words, f"print({number})\n")
            assert words in asker.get(page).text
            assert asker.get(f"{page}/raw/HEAD/hello.py").text == f"print({number})\n"


def test_what_is_made_or_deleted_is_in_lists_at_once_or_not_any_more(server: Server, alice: Client) -> None:
    askers = many(server)
    for number in range(5):
        gist = alice.create(title=f"here for a while {number}")
        lists = ("/api/gists/public", f"/-/search?q=while+{number}", "/-/all", "/alice", "/alice.atom")
        for asker in askers:
            assert all(gist["id"] in asker.get(path).text for path in lists)
        assert alice.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204
        for asker in askers:
            assert not any(gist["id"] in asker.get(path).text for path in lists)
            assert asker.get(f"/api/gists/{gist['id']}").status_code == 404


def test_what_becomes_private_is_gone_also_for_who_has_its_etag(server: Server, alice: Client) -> None:
    gist, askers = alice.create(), many(server)
    path = f"/api/gists/{gist['id']}"
    etags = {asker.get(path).headers["ETag"] for asker in askers}
    assert len(etags) == 1
    known = {"If-None-Match": etags.pop()}
    assert {asker.get(path, headers=known).status_code for asker in askers} == {304}
    alice.change(gist["id"], visibility="private")
    assert {asker.get(path, headers=known).status_code for asker in askers} == {404}
    assert {asker.get(f"/alice/{gist['id']}").status_code for asker in askers} == {404}
    alice.change(gist["id"], visibility="public")
    assert {asker.get(path).status_code for asker in askers} == {200}


def test_what_expires_is_gone_at_once(server: Server, alice: Client) -> None:
    """Nothing is written then."""
    gist, asker = alice.create(), server.nobody
    end = datetime.now(UTC) + timedelta(seconds=2)
    made = asker.request(
        "POST",
        "/v1/pastes",
        json={"files": [{"content": {"format": "text", "value": "x"}}], "expires": end.isoformat()},
    )
    assert made.status_code == 201, made.text
    path = f"/v1/pastes/{made.json()['result']['id']}"

    def ended() -> bool:
        asked = datetime.now(UTC)
        status = asker.get(path).status_code
        assert status == 404 if asked >= end else status in (200, 404)
        assert asker.get(f"/api/gists/{gist['id']}").status_code == 200
        return asked >= end + timedelta(seconds=0.2)

    wait_until(ended, "it has expired")


def test_a_like_and_a_fork_count_at_once(server: Server, alice: Client, bob: Client) -> None:
    gist, askers = alice.create(), many(server)
    page = f"/alice/{gist['id']}"
    before = {asker.get(page).status_code for asker in askers}
    bob.request("PUT", f"/api/gists/{gist['id']}/like")
    bob.request("POST", f"/api/gists/{gist['id']}/forks")
    assert before == {200}
    for asker in askers:
        read = asker.read(gist["id"])
        assert (read["like_count"], read["fork_count"]) == (1, 1)


def test_a_push_is_seen_at_once(server: Server, alice: Client, git: Git) -> None:
    gist, asker = alice.create(), server.nobody
    clone = git.clone(alice.clone_url(gist))
    for number in range(3):
        asker.read(gist["id"])
        git.commit(clone, {"hello.py": f"pushed {number}\n"})
        git("push", "-q", cwd=clone)
        assert asker.read(gist["id"])["files"]["hello.py"]["content"] == f"pushed {number}\n"


def test_each_page_has_a_nonce_of_its_own(server: Server, alice: Client) -> None:
    gist, asker = alice.create(), server.nobody
    nonces = []
    for _ in range(20):
        answer = asker.get(f"/alice/{gist['id']}")
        nonce = re.search(r"'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"])
        assert nonce
        assert set(re.findall(r'nonce="([^"]*)"', answer.text)) == {nonce[1]}
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        nonces.append(nonce[1])
    assert len(set(nonces)) == len(nonces)


def test_answers_hang_on_what_was_asked_for(server: Server, alice: Client) -> None:
    """Each of these would be wrong for the one that follows."""
    alice.create(title="for everybody")
    ident = server.nobody.request("POST", "/v1/snippets", json={"language": "go", "code": "x"}).json()["ident"]
    asker = server.nobody
    for _ in range(3):
        for origin in ("https://one.example", "https://two.example"):
            answer = asker.get(f"/v1/snippets/{ident}", headers={"Origin": origin})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        assert asker.get("/api/gists/public?per_page=1").headers["X-Per-Page"] == "1"
        assert asker.get("/api/gists/public?per_page=2").headers["X-Per-Page"] == "2"
        assert "text/html" in asker.get("/", headers={"Accept": "text/html"}).headers["Content-Type"]
        assert "json" in asker.get("/", headers={"Accept": "application/json"}).headers["Content-Type"]
        for host in ("one.example", "two.example"):
            urls = asker.get("/api/gists/public", headers={"Host": host}).text
            assert host in urls
            assert {"one.example", "two.example"} - {host} & set(re.findall(r"https?://([\w.]+)", urls)) == set()


def test_whoever_says_who_they_are_gets_an_answer_of_their_own(server: Server, alice: Client, bob: Client) -> None:
    gist = alice.create(visibility="private")
    path, asker = f"/api/gists/{gist['id']}", server.nobody
    for _ in range(3):
        assert [client.get(path).status_code for client in (alice, asker, bob)] == [200, 404, 404]
        assert gist["id"] in alice.get("/api/gists").text
        assert gist["id"] not in asker.get("/api/gists").text
        wrong = asker.get("/api/gists/public", headers={"Authorization": "Bearer og_" + "0" * 64})
        assert wrong.status_code == 401


def test_a_clone_and_a_fetch_bring_what_was_pushed_a_moment_ago(server: Server, alice: Client, git: Git) -> None:
    gist = alice.create()
    mine = git.clone(alice.clone_url(gist))
    behind = [git.clone(gist["clone_url"]) for _ in range(4)]
    for number in range(4):
        head = git.commit(mine, {"hello.py": f"pushed {number}\n"})
        git("push", "-q", "--force", cwd=mine)
        for clone in (*behind, git.clone(gist["clone_url"])):
            git("fetch", "-q", cwd=clone)
            assert git("rev-parse", "origin/main", cwd=clone).strip() == head
            assert git("show", "origin/main:hello.py", cwd=clone) == f"pushed {number}\n"
        if number == 2:
            git("reset", "-q", "--hard", "HEAD~2", cwd=mine)  # what comes next takes something back


@pytest.mark.parametrize("way", ["made private", "deleted"])
def test_nobody_clones_what_is_nobodys_any_more(way: str, server: Server, alice: Client, git: Git) -> None:
    gist = alice.create()
    remotes = [Remote(asker, gist["clone_url"]) for asker in many(server)]
    head = gist["commits"][0]["version"]

    def told() -> set[int]:
        return {
            answer.status_code
            for remote in remotes
            for answer in (remote.refs(version=2), remote.post(UPLOAD, LS_REFS, 2), remote.fetch(head))
        }

    for _ in range(3):
        assert told() == {200}
    git.clone(gist["clone_url"])
    if way == "deleted":
        assert alice.request("DELETE", f"/api/gists/{gist['id']}").status_code == 204
    else:
        alice.change(gist["id"], visibility="private")
    assert told() == {401}
    assert git.try_("clone", gist["clone_url"]).returncode
    if way == "made private":
        git.clone(alice.clone_url(gist))
        assert told() == {401}


def test_wrong_credentials_are_refused_where_everybody_may_clone(server: Server, alice: Client) -> None:
    gist = alice.create()
    nobody, wrong = server.nobody, ("alice", "og_" + "0" * 64)
    for _ in range(3):
        for shown, status in ((None, 200), (wrong, 401), (("alice", alice.token), 200)):
            remote = Remote(nobody, gist["clone_url"], shown)
            assert remote.refs(version=2).status_code == status
            assert remote.post(UPLOAD, LS_REFS, 2).status_code == status


def test_a_body_in_chunks_is_read_as_it_was_sent(server: Server, alice: Client) -> None:
    gist = alice.create()
    remote = Remote(server.nobody, gist["clone_url"])
    whole = remote.post(UPLOAD, LS_REFS, 2).content
    for _ in range(3):
        assert remote.post(UPLOAD, iter([LS_REFS[:9], LS_REFS[9:]]), 2).content == whole
        assert remote.post(UPLOAD, iter([LS_REFS[:9], b"zzzz"]), 2).status_code == 422


@pytest.mark.parametrize("face", ["API", "git"])
@pytest.mark.parametrize("size", [0, 32 * 2**20])
def test_an_answer_is_made_again_only_if_nothing_is_kept(
    own_server: Callable[..., Server], size: int, face: str, tmp_path: Path
) -> None:
    """The repository is taken away: whoever does not keep answers must find out."""
    server = own_server(answer_cache_bytes=size).start("--workers", "1")
    gist = server.user("alice").create()
    asker = server.nobody

    def ask() -> int:
        if face == "git":
            return Remote(asker, gist["clone_url"]).post(UPLOAD, LS_REFS, 2).status_code
        return asker.get(f"/api/gists/{gist['id']}").status_code

    def is_kept() -> bool:
        assert ask() == 200
        repository = server.repository(gist["id"])
        repository.rename(tmp_path / "away")
        status = ask()
        (tmp_path / "away").rename(repository)
        return status == 200

    if size:
        wait_until(is_kept, "an answer is given twice within its moment")
    else:
        assert not is_kept()


class House:
    """The application in this process, which keeps what may be kept for a minute, and gists of alice's."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client(use_cookies=False)
        user = accounts.create_user("alice")
        secret = credentials.issue_token(user, ALL_SCOPES)
        self.bearer = f"Bearer {secret}"
        self.basic = "Basic " + b64encode(f"alice:{secret}".encode()).decode()
        self.public, self.private = self._create("public"), self._create("private")
        self.heads = self._grow(), self._grow()

    def ask(self, asked: "Asked", **more: str) -> Any:
        words = {name: value.replace("$basic", self.basic) for name, value in {**asked.headers, **more}.items()}
        path = asked.path.replace("$public", self.public).replace("$private", self.private)
        body = asked.body(*self.heads) if callable(asked.body) else asked.body
        return self.client.open(path, method=asked.method, headers=words, data=body, environ_overrides=asked.environ)

    def _create(self, visibility: str) -> str:
        body = {"files": {"a": {"content": "one\n"}}, "visibility": visibility}
        return self._as_alice("POST", "/api/gists", json=body)["id"]

    def _grow(self) -> str:
        """The head of the public gist after one more revision."""
        body = {"files": {"a": {"content": f"more at {datetime.now()}\n"}}}
        self._as_alice("PATCH", f"/api/gists/{self.public}", json=body)
        return self._as_alice("GET", f"/api/gists/{self.public}/commits")[0]["version"]

    def _as_alice(self, method: str, path: str, **options: Any) -> Any:
        answer = self.client.open(path, method=method, headers={"Authorization": self.bearer}, **options)
        assert answer.status_code < 300, answer.data
        return answer.json


class Asked(NamedTuple):
    """A request; what it sends may be made of the last two revisions of the public gist."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}
    environ: dict[str, Any] = {}


def refs(method: str = "GET", version: int = 2, gist: str = "$public", **headers: str) -> Asked:
    words = {"Git-Protocol": f"version={version}", **headers}
    return Asked(method, f"/alice/{gist}.git/info/refs?service={UPLOAD}", None, words)


def post(body: Any, version: int = 2, gist: str = "$public", service: str = UPLOAD, **headers: str) -> Asked:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    words = {"Git-Protocol": f"version={version}", "Content-Type": f"application/x-{service}-request", **given}
    return Asked("POST", f"/alice/{gist}.git/{service}", body, words)


def clone(before: str, head: str) -> bytes:
    return fetch_request(2, [head])


def clone_what_was(before: str, head: str) -> bytes:
    return fetch_request(2, [before])


def clone_as_of_old(before: str, head: str) -> bytes:
    return fetch_request(0, [head])


def fetch(before: str, head: str) -> bytes:
    return fetch_request(2, [head], [before])


SNIPPET = b'{"language": "go", "code": "x"}'
GZIPPED = gzip.compress(LS_REFS, mtime=0)
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
UNKNOWN = {**CHUNKED, "CONTENT_LENGTH": ""}
GIVEN_AGAIN = {
    "a read": Asked("GET", "/api/gists/$public"),
    "refs": refs(),
    "ls-refs": post(LS_REFS),
    "clone": post(clone),
    "fetch": post(fetch),
    "ls-refs, packed": post(GZIPPED, Content_Encoding="gzip"),
    "nothing, which curl probes with": post(FLUSH),
}
MADE_EACH_TIME = {
    "refs, HEAD": refs("HEAD"),
    "refs, by git itself": refs(version=0),
    "clone, by git itself": post(clone_as_of_old, version=0),
    "refs, with a credential": refs(Authorization="$basic"),
    "clone, with a credential": post(clone, Authorization="$basic"),
    "clone, with a cookie": post(clone, Cookie="a=b"),
    "clone, with who knows what": post(clone, X_Whatever="b"),
    "ls-refs, long": post(LONG_LS_REFS),
    "ls-refs, in chunks": post(LS_REFS)._replace(environ=CHUNKED),
    "ls-refs, in chunks, of no length": post(LS_REFS)._replace(environ=UNKNOWN),
    "ls-refs, of a length that is none": post(LS_REFS)._replace(environ={"CONTENT_LENGTH": "1e1"}),
    "malformed": post(b"zzzz"),
    "private": post(LS_REFS, gist="$private"),
    "a new gist": Asked("POST", "/v1/snippets", SNIPPET, {"Content-Type": "application/json"}),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "SECONDS", 60.0)
        yield House(gistd.create_app(Settings(repos=tmp_path_factory.mktemp("house"), rate_limits=False)))
    index.close()


@pytest.mark.parametrize("name", [*GIVEN_AGAIN, *MADE_EACH_TIME])
def test_what_is_given_again_asks_the_index_for_nothing(
    name: str, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "peewee")
    asked = {**GIVEN_AGAIN, **MADE_EACH_TIME}[name]
    first = house.ask(asked)
    for _ in range(2):
        caplog.clear()
        again = house.ask(asked)
        asks_index = any(record.name == "peewee" for record in caplog.records)
        assert (again.status_code, asks_index) == (first.status_code, name in MADE_EACH_TIME)
        assert again.data == first.data or asks_index


OTHERS = [
    refs(), refs(version=0), refs("HEAD"), refs("POST"), refs(gist="$private"),
    post(LS_REFS), post(LONG_LS_REFS), post(LS_REFS, version=0), post(LS_REFS, gist="$private"),
    post(LS_REFS)._replace(method="GET"),
    post(LS_REFS, Content_Type="text/plain"), post(LS_REFS, service=RECEIVE), post(LS_REFS, Content_Encoding="gzip"),
    post(GZIPPED), post(GZIPPED, Content_Encoding="gzip"), post(GZIPPED, Content_Encoding="br"),
    post(clone), post(clone_what_was), post(fetch), post(FLUSH), post(b""),
    *(post(LS_REFS)._replace(environ={"CONTENT_LENGTH": str(len(LS_REFS) + more)}) for more in (-4, 4)),
]  # fmt: skip


def test_requests_of_git_are_told_apart(house: House) -> None:
    """Each of the answers would be wrong for another one. Who shows a cookie is not given what is kept."""
    for _ in range(2):
        for asked in OTHERS:
            answer, right = house.ask(asked), house.ask(asked, Cookie="a=b")
            for each in (answer, right):
                del each.headers["X-Request-ID"]
            assert (answer.status_code, answer.headers, answer.data) == (right.status_code, right.headers, right.data)


def test_a_post_is_kept_only_if_it_only_asks_and_is_not_taken_for_a_get(house: House) -> None:
    made = count()

    def answer_anew(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = b"%d" % next(made)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    client = WSGIClient(kept.Kept(answer_anew, 2**20, lambda path: path == "/asks"))
    for method, path, length, answers in [
        ("GET", "/asks", "", [b"0", b"0"]),
        ("POST", "/asks", "0", [b"1", b"1"]),
        ("POST", "/does", "0", [b"2", b"3"]),
        ("PUT", "/asks", "0", [b"4", b"5"]),
        ("POST", "/asks", "", [b"6", b"7"]),
        ("GET", "/asks", "0", [b"8", b"9"]),
        ("GET", "/asks", "", [b"0", b"0"]),
    ]:
        environ = {"CONTENT_LENGTH": length}
        assert [client.open(path, method=method, environ_overrides=environ).data for _ in range(2)] == answers


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        (f"/alice/tea.git/{UPLOAD}", True),
        (f"/gist/{'0' * 32}.git/{UPLOAD}", True),
        (f"/alice/tea.git/{RECEIVE}", False),
        (f"/init/{RECEIVE}", False),
        (f"/alice/tea.git/{UPLOAD}/", False),
        (f"/a/alice/tea.git/{UPLOAD}", False),
        (f"/alice/{UPLOAD}", False),
        ("/api/gists", False),
    ],
)
def test_what_only_asks_by_post_is_a_clone_or_a_fetch(path: str, asks: bool) -> None:
    assert transport.only_asks(path) == asks


def test_what_is_asked_with_is_not_kept(house: House) -> None:
    """The limit is one of what is answered: of long headers, as many as somebody likes, none must stay."""
    number, length = 300, 8000
    tracemalloc.start()
    for each in range(number):
        assert house.ask(refs(), **{"Git-Protocol": f"version=2:{each:0{length}}"}).status_code == 200
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < number * length / 2
