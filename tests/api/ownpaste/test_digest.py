"""HTTP digest with real clients, through several workers and over restarts; who may set a secret, and how it ends."""

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from tests.api.ownpaste.client import JSON, SECRET, Digest, Paster, outcome, status
from tests.harness import PASSWORD, Server, wait_until
from tests.web.people import Person

PAGE = "/-/settings/digest"


def curl(server: Server, *options: str, secret: str = SECRET) -> tuple[str, Any]:
    """curl's POST: the algorithm that it answered with, and the paste."""
    command = ["curl", "-sS", "-v", "--digest", "-u", f"alice:{secret}", f"{server.url}/paste/", *options]
    command += ["-H", "Accept: application/json", "-H", "Content-Type: application/json", "-d", '{"file_content": "x"}']
    done = subprocess.run(command, text=True, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stderr.rpartition(", algorithm=")[2].split()[0], json.loads(done.stdout)


@pytest.mark.parametrize(("offered", "algorithm"), [("MD5, SHA-256", "MD5"), ("SHA-256,MD5", "SHA-256")])
def test_real_clients_through_workers_and_restarts(
    own_server: Callable[..., Server], offered: str, algorithm: str
) -> None:
    server = own_server(digest_algorithms=offered).start("--workers", "3")
    alice = Paster.of(server.user("alice"))
    by_hand = Digest(alice, algorithm)
    assert [by_hand.post() for _ in range(12)] == [200] * 12
    used = by_hand.header()
    assert status(by_hand.send(used)) == 200
    for restarted in (False, True):
        if restarted:
            assert server.stop() == 0
            server.start("--workers", "3")
            assert status(by_hand.send(used)) == 401, "a restart forgets no count"
            assert by_hand.post() == 200, "and no nonce"
        name, paste = curl(server)
        assert name == algorithm and paste["status"] == "ok"
        # Each request opens a connection of its own, so that any of the workers may answer.
        ask = {"json": {"file_content": "x"}, "headers": {"Connection": "close"}}
        pastes = [alice.send("POST", "/paste/", **ask) for _ in range(9)]
        assert {status(response) for response in pastes} == {200}
        assert sum(len(response.history) for response in pastes) <= 1, "a nonce is good for more than one request"
    assert curl(server, secret="wrong")[1] == {"status": "fail", "error": "Authentication required"}


def test_a_large_paste_is_sent_twice_on_one_connection(ownpaste_server: Server, pasters: dict[str, Paster]) -> None:
    """The first time it is refused with a challenge. What is not read of a body ends the connection."""
    for number in range(8):
        session = requests.Session()
        answer = session.post(
            f"{ownpaste_server.url}/paste/",
            json={"file_content": f"{number}" * 400_000},
            headers={"Accept": "application/json"},
            auth=HTTPDigestAuth("alice", pasters["alice"].secret),
        )
        assert answer.status_code == 200
        session.close()


def test_of_many_replays_at_once_one_is_taken(pasters: dict[str, Paster], ownpaste_server: Server) -> None:
    by_hand = Digest(pasters["alice"])
    header = by_hand.header()

    def send(_: int) -> int:
        return (
            Paster(ownpaste_server)
            .send("POST", "/paste/", {"file_content": "x"}, headers={"Authorization": header})
            .status_code
        )

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(16))) == [200] + [401] * 15


def test_a_nonce_is_good_for_a_while(own_server: Callable[..., Server]) -> None:
    server = own_server(digest_nonce_seconds=1).start("--workers", "1")
    alice = Paster.of(server.user("alice"))
    assert alice.paste("requests has a nonce now")
    by_hand = Digest(alice).challenge()

    def stale() -> bool:
        answer = by_hand.send(by_hand.header())
        return answer.status_code == 401 and "stale=true" in answer.headers["WWW-Authenticate"]

    wait_until(stale, "the nonce is stale")
    assert by_hand.challenge().post() == 200
    assert alice.paste("requests asks for another one by itself")


def test_wrong_answers_lock_out(own_server: Callable[..., Server]) -> None:
    server = own_server(max_failures_per_account=3).start("--workers", "2")
    alice, bob = Paster.of(server.user("alice")), Paster.of(server.user("bob"))
    paste = alice.paste("x")

    def wrong() -> Any:
        by_hand = Digest(alice)
        return by_hand.send(by_hand.header(response="0" * 32))

    assert [status(wrong()) for _ in range(2)] == [401] * 2
    assert alice.paste("what is right begins the count anew")
    assert [status(wrong()) for _ in range(5)] == [401] * 3 + [403] * 2
    assert int(wrong().headers["Retry-After"]) > 0
    assert status(alice.send("POST", "/paste/", {"file_content": "x"})) == 403, "a right one, too"
    assert status(alice.get("/paste/")) == status(alice.get(f"/paste/{paste['paste_id']}/")) == 200
    assert bob.paste("somebody else")
    server.stop()
    server.start()
    assert status(wrong()) == 403, "over restarts"


@pytest.mark.parametrize(("settings", "reading"), [({"api_enabled": "false"}, 403), ({"require_login": "true"}, 401)])
def test_closed(own_server: Callable[..., Server], settings: dict[str, str], reading: int) -> None:
    server = own_server(**settings).start()
    alice, nobody = Paster.of(server.user("alice")), Paster(server)
    for path in ("/", "/paste/", "/paste/1/", "/paste/1/raw/"):
        assert status(nobody.get(path)) == reading
    assert nobody.http.get("/", headers={"Accept": "text/html"}).status_code in (200, 302), "pages are as they were"
    if reading == 401:
        paste = alice.paste("x", private=True)
        for path in (paste["paste_id"], paste["private_id"]):
            assert status(alice.get(f"/paste/{path}/")) == 200
        assert outcome(alice.get("/paste/?private=1"))[1]["total"] == 1


def test_a_gist_of_several_files(pasters: dict[str, Paster], ownpaste_server: Server) -> None:
    http = ownpaste_server.client("alice")
    gist = http.create({"b.py": "import os\n", "a.c": "int a;\n"}, visibility="private")
    alice, nobody = pasters["alice"], pasters["nobody"]
    paste = outcome(alice.get("/paste/?private=1"))[1]["pastes"][0]
    assert (paste["file_name"], paste["language"], paste["private"]) == ("a.c", "c", True)
    assert {nobody.get(f"/paste/{paste[name]}/").status_code for name in ("paste_id", "private_id")} == {404}
    assert pasters["bob"].send("DELETE", f"/paste/{paste['paste_id']}/").status_code == 404
    changes = {"file_content": "int b;\n", "file_name": "b.py", "private": True}
    assert status(alice.send("PATCH", f"/paste/{paste['paste_id']}/", changes)) == 200
    after = http.read(gist["id"])
    assert after["visibility"] == "private", "what is more than private to ownpaste stays so"
    assert sorted(file["content"] for file in after["files"].values()) == ["import os\n", "int b;\n"]
    assert alice.read({**paste, "private_id": None})["file_name"] == "b.py"


def test_a_secret_is_set_and_forgotten_on_its_page(ownpaste_server: Server) -> None:
    carol = Person(ownpaste_server, "carol").sign_up()
    paster = Paster(ownpaste_server, "carol", "a secret for digest")
    ask = {"json": {"file_content": "x"}, "headers": JSON}

    def works() -> bool:
        auth = HTTPDigestAuth("carol", paster.secret)
        return paster.http.request("POST", "/paste/", auth=auth, **ask).status_code == 200

    form = {"current": PASSWORD, "password": paster.secret, "repeat": paster.secret}
    assert not works() and "It is set" not in carol.get(PAGE).text
    for wrong in (
        {"current": "x"},
        {"repeat": "x"},
        {"password": "short", "repeat": "short"},
        {"password": PASSWORD, "repeat": PASSWORD},
    ):
        assert carol.post(PAGE, **{**form, **wrong}).status_code == 422
    assert not works()
    assert carol.post(PAGE, **form).headers["Location"] == f"{PAGE}?saved=1"
    assert works() and "It is set" in carol.get(PAGE).text
    assert carol.post("/-/settings/profile", username="carol", email="c@example.org").status_code == 303 and works()
    assert carol.post("/-/settings/profile", username="carola", email="").status_code == 303
    assert "It is set" not in carol.get(PAGE).text, "it goes with the name"
    assert carol.post("/-/settings/profile", username="carol", email="").status_code == 303 and not works()
    ownpaste_server.cli("user", "digest", "carol", "--password-stdin", input=f"{paster.secret}\n")
    assert works()
    assert carol.post(f"{PAGE}/forget").status_code == 303
    assert not works()
    assert "not your password" in ownpaste_server.cli(
        "user", "digest", "carol", "--password-stdin", input=f"{PASSWORD}\n", code=1
    )
    assert "there is no user" in ownpaste_server.cli("user", "digest", "nobody", "--password-stdin", code=1)
    kept = b"".join(file.read_bytes() for file in [*ownpaste_server.repos.glob("index.sqlite3*"), ownpaste_server.log])
    assert b"carol" in kept and paster.secret.encode() not in kept


def test_an_algorithm_that_there_is_not_is_no_setting(own_server: Callable[..., Server]) -> None:
    assert "GISTD_DIGEST_ALGORITHMS" in own_server(digest_algorithms="SHA-1").cli("settings", code=1)
