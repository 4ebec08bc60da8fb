"""The pages of admins."""

from collections.abc import Iterator

import pytest

from tests.harness import Client, Server

from .people import Person, on_record

ADMIN = "/-/admin"
PAGES = (ADMIN, f"{ADMIN}/users", f"{ADMIN}/gists", f"{ADMIN}/settings", f"{ADMIN}/users/alice/delete")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("admin"), rate_limits="false", max_files=77).start()
    for name in ("root", "alice", "bob"):
        Person(running, name).sign_up()
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def root(server: Server) -> Person:
    person = Person(server, "root")
    assert person.sign_in().status_code == 303
    return person


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    person = Person(server, "alice")
    person.sign_in()
    return person


@pytest.fixture(scope="module")
def tool(alice: Person) -> Client:
    return alice.api()


def test_for_others_there_is_nothing_there(server: Server, root: Person, alice: Person, tool: Client) -> None:
    gist = tool.create()
    all_scopes = Client(
        server, "root", server.cli("token", "create", "root", "--scopes", "gist:write,user:write").strip()
    )
    before = on_record(server)
    taken_down = f"{ADMIN}/gists/{gist['id']}/delete"
    for person in (alice, server.nobody, all_scopes):
        for path in (*PAGES, taken_down):
            answer = person.get(path)
            assert answer.status_code == 404 and "<h1>Not found</h1>" in answer.text, path
        for path in (taken_down, f"{ADMIN}/users/alice/admin", f"{ADMIN}/users/bob/delete"):
            assert person.request("POST", path, data={"admin": "yes", "sure": "bob"}).status_code == 404, path
    assert on_record(server) == before
    assert "/-/admin" not in alice.get("/").text and "/-/admin" in root.get("/").text
    assert all_scopes.request("DELETE", f"/api/gists/{gist['id']}").status_code == 403, "nor are tokens for that"


def test_what_there_is(root: Person, tool: Client) -> None:
    tool.create(visibility="unlisted")
    words = root.get(ADMIN).text
    for fact in ("3 users, 1 admin", "The index and the data directory answer", "SQLite 3.", "libgit2", "free of"):
        assert fact in words
    words = root.get(f"{ADMIN}/settings").text
    assert "GISTD_MAX_FILES" in words and ">77<" in words and "environment GISTD_MAX_FILES" in words
    assert "the most files in a gist" in words


def test_users_are_found(root: Person) -> None:
    for words, there, not_there in (
        ("", "bob", "zoe"),
        ("LIC", "alice", "bob"),
        ("%", "Nobody", "alice"),
        ("_", "Nobody", "bob"),
    ):
        page = root.get(f"{ADMIN}/users", params={"q": words}).text.partition("</form>")[2]
        assert there in page and not_there not in page.replace("root", ""), words
    assert root.get(f"{ADMIN}/users?q=%00").status_code == 200
    assert root.get(f"{ADMIN}/users?page=0").status_code == 404
    assert root.get(f"{ADMIN}/gists?user=zoe").status_code == 404


def test_admins_make_admins_and_one_always_stays(root: Person, alice: Person) -> None:
    only = root.post(f"{ADMIN}/users/root/admin", admin="no")
    assert only.status_code == 409 and "the only admin" in only.text
    assert root.post(f"{ADMIN}/users/ALICE/admin", admin="yes").status_code == 303
    assert alice.get(ADMIN).status_code == 200
    assert root.post(f"{ADMIN}/users/alice/admin", admin="no").status_code == 303
    assert alice.get(ADMIN).status_code == 404, "at once"
    assert root.post(f"{ADMIN}/users/zoe/admin", admin="yes").status_code == 404


def test_an_account_goes_when_its_name_is_given(server: Server, root: Person) -> None:
    carol = Person(server, "carol").sign_up()
    gist = carol.api().create(title="carols")
    path = f"{ADMIN}/users/carol/delete"
    before = on_record(server)
    assert root.post(path, sure="karol").status_code == 422
    assert root.post(f"{ADMIN}/users/root/delete", sure="root").status_code == 409
    assert on_record(server) == before
    assert root.post(path, sure="carol").status_code == 303
    assert not carol.is_signed_in() and not server.repository(gist["id"]).exists()
    assert root.get(path).status_code == 404


def test_gists_are_counted_not_read(server: Server, root: Person, tool: Client) -> None:
    bob = Person(server, "bob")
    bob.sign_in()
    other = bob.api()
    public = other.create(title="for all to see")
    secret = {"title": "canary", "description": "canary", "topics": ["canary"], "slug": "canary"}
    hidden = other.create({"canary": "canary"}, visibility="private", **secret)
    page = root.get(f"{ADMIN}/gists?user=BOB").text
    assert "for all to see" in page and hidden["id"] in page and "canary" not in page and "2 gists" in page
    for gist in (public, hidden):
        path = f"{ADMIN}/gists/{gist['id']}/delete"
        assert "canary" not in root.get(path).text
        assert root.post(path).status_code == 303
        assert root.post(path).status_code == 404 and not server.repository(gist["id"]).exists()
    assert "0 gists" in root.get(f"{ADMIN}/gists?user=bob").text
