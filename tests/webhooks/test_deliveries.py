"""Real deliveries, as a receiver sees them: signed, sent again when that is right, kept with what was answered."""

import json
import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from gistd.core import house as core_house
from gistd.core import signing
from tests.harness import Client, Server, wait_until
from tests.web.people import Person
from tests.webhooks.conftest import SEED
from tests.webhooks.hooks import HERE, arrived, deliveries, paste, settled, subscribe
from tests.webhooks.receiver import Receiver, verifies

PUBLIC = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="


@pytest.fixture(scope="module")
def alice(house: Server) -> Person:
    return Person(house, "alice").sign_up()


@pytest.fixture
def tool(alice: Person) -> Client:
    """With a token for this test alone."""
    return alice.api()


@pytest.fixture(autouse=True)
def ended(tool: Client) -> Any:
    yield
    for each in tool.get(HERE).json()["results"]:
        tool.request("DELETE", f"{HERE}/{each['id']}")


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing until the other side goes."""
    handler.connection.settimeout(10)
    handler.rfile.read(1)
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer, a byte at a time, for as long as anybody listens."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b".")
            time.sleep(0.1)
    handler.close_connection = True


def test_the_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_house, "webhook_seed", bytes(range(32)), raising=False)
    assert signing.public_key() == PUBLIC
    assert signing.sign(b'{"sha": "abc"}', "00112233aabbccdd") == (
        "gTPs3p2i1cr1xyMw2sfl2dM1rTad1rBll6kp10B5qi3RUW8qvgivyC1IOAirJKbJlId+Y2blCYDq7DNZKmSJAw=="
    )


def test_a_delivery(house: Server, tool: Client, receiver: Receiver) -> None:
    answer = (201, {"X-Thing": "yes"}, "grüß\0 dich".encode())
    webhook = subscribe(tool, f"{receiver.url('one', answer)}?q=s3cret".replace("//", "//me:s3cret%20word@"))
    made = paste(tool, "a.py", visibility="private")
    [got] = arrived(receiver, "one")
    assert got.path == "/one?q=s3cret"
    assert json.loads(got.body) == made and got.body == json.dumps(made).encode()
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["X-Webhook-Event"] == "paste:create"
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["Authorization"] == "Basic bWU6czNjcmV0IHdvcmQ="
    nonce = got.headers["X-Payload-Nonce"]
    assert len(nonce) == 16 and int(nonce, 16) >= 0 and nonce == nonce.lower()
    assert house.nobody.get("/-/webhook-key").text.strip() == PUBLIC
    assert len(got.signature) == 64 and got.is_signed_by(PUBLIC)
    message = got.body + nonce.encode()
    for place in (0, len(got.body) - 1, len(got.body), len(message) - 1):
        flipped = message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :]
        assert not verifies(PUBLIC, flipped, got.signature)
    kept = settled(tool, webhook, 201)
    assert (kept["id"], kept["event"], kept["payload"]) == (got.name, "paste:create", got.body.decode())
    sent = dict(line.split(": ", 1) for line in kept["payload_headers"].split("\n"))
    assert sent.items() <= got.headers.items() and "Authorization" not in sent and len(sent) == 6
    assert kept["response"] == "grüß� dich" and "X-Thing: yes" in kept["response_headers"].split("\n")
    assert kept["url"].endswith("?q=s3cret")


@pytest.mark.parametrize("statuses", [[503, 502, 204], [504, 503, 503]])
def test_it_is_sent_again(tool: Client, receiver: Receiver, statuses: list[int]) -> None:
    """After these answers alone, at most three times here, and each time the very same."""
    path = f"again{statuses[-1]}"
    webhook = subscribe(tool, receiver.url(path, *statuses))
    paste(tool)
    first, *others = arrived(receiver, path, 3)
    assert all(other == first for other in others) and first.is_signed_by(PUBLIC)
    settled(tool, webhook, statuses[-1])
    paste(tool)  # who gave up once is asked again, and what was given up is not sent any more
    wait_until(lambda: len(receiver.got(path)) > 3, "the next one")
    assert {got.name for got in receiver.got(path)[3:]}.isdisjoint({first.name})


@pytest.mark.parametrize("status", [200, 202, 400, 401, 403, 404, 410, 429, 500, 501])
def test_it_is_not_sent_again(tool: Client, receiver: Receiver, status: int) -> None:
    webhook = subscribe(tool, receiver.url(f"once{status}", status))
    paste(tool)
    settled(tool, webhook, status)
    paste(tool)
    settled(tool, webhook, status)
    assert len({got.name for got in arrived(receiver, f"once{status}", 2)}) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_follows_a_redirect(tool: Client, receiver: Receiver, status: int) -> None:
    elsewhere = receiver.url(f"elsewhere{status}")
    webhook = subscribe(tool, receiver.url(f"moved{status}", (status, {"Location": elsewhere}, b"")))
    paste(tool)
    settled(tool, webhook, status)
    arrived(receiver, f"moved{status}")
    assert receiver.got(f"elsewhere{status}") == []


def test_who_does_not_answer_in_time(tool: Client, receiver: Receiver) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    silent, slow, back = (
        subscribe(tool, receiver.url(name, *plan))
        for name, plan in (("silent", [hang]), ("slow", [drip]), ("back", [hang, 200]))
    )
    refusing = subscribe(tool, f"http://127.0.0.1:{port}/")
    paste(tool)
    assert "refused" in settled(tool, refusing, -1)["response"]
    for webhook in (silent, slow):
        kept = settled(tool, webhook, -1)
        assert kept["response"] == "timed out after 2 seconds" and kept["response_headers"] is None
    settled(tool, back, 200)
    first, second = arrived(receiver, "back", 2)
    assert first == second


def test_what_is_kept_has_an_end(tool: Client, receiver: Receiver) -> None:
    long = (200, {f"X-{number}": "h" * 1000 for number in range(30)}, b"b" * 200_000)
    webhook = subscribe(tool, receiver.url("long", long))
    names = [f"{number:03}{'n' * 200}" for number in range(290)]
    paste(tool, *names)
    kept = settled(tool, webhook, 200)
    [got] = arrived(receiver, "long")
    assert len(got.body) > 70_000 and got.is_signed_by(PUBLIC)
    assert [file["filename"] for file in got.told["files"]] == names
    assert kept["payload"] == got.body[:65_536].decode()
    assert (len(kept["response"]), len(kept["response_headers"])) == (65_536, 16_384)
    assert tool.request("POST", f"{HERE}/{webhook}/deliveries/{got.name}/redeliver").json() == {}
    again = arrived(receiver, "long", 2)[1]
    assert again.body == got.body and again.is_signed_by(PUBLIC)


@pytest.mark.parametrize("answer", [b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200])
def test_what_is_no_answer(tool: Client, receiver: Receiver, answer: bytes) -> None:
    def speak(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    path = f"odd{len(answer)}"
    webhook = subscribe(tool, receiver.url(path, speak, speak, 200))
    paste(tool)
    settled(tool, webhook, 200)
    assert len({got.name for got in arrived(receiver, path, 3)}) == 1


def test_redelivery(tool: Client, receiver: Receiver) -> None:
    webhook = subscribe(tool, receiver.url("redo", 500, 200))
    sha = paste(tool)["sha"]
    before = settled(tool, webhook, 500)
    tool.request("DELETE", f"/api/pastes/{sha}")  # it is sent as it was, whatever became of the paste
    arrived(receiver, "redo", 2)
    name = before["id"]
    assert tool.request("POST", f"{HERE}/{webhook}/deliveries/{name}/redeliver").status_code == 200
    first, _, third = arrived(receiver, "redo", 3)
    assert (third.name, third.body) == (first.name, first.body)
    assert third.headers["X-Payload-Nonce"] != first.headers["X-Payload-Nonce"]
    assert third.signature != first.signature and third.is_signed_by(PUBLIC)

    def after() -> Any:
        kept = tool.get(f"{HERE}/{webhook}/deliveries/{name}").json()
        return kept["response_status"] == 200 and kept

    kept = wait_until(after, "the redelivery is kept")
    assert (kept["id"], kept["created"]) == (before["id"], before["created"])
    assert third.headers["X-Payload-Nonce"] in kept["payload_headers"]
    assert len(deliveries(tool, webhook)) == 2


def test_what_waits_is_shown_as_it_will_be_sent(tool: Client, receiver: Receiver) -> None:
    webhook = subscribe(tool, receiver.url("busy", hang, 200))
    first, second = paste(tool), paste(tool)
    arrived(receiver, "busy")
    waiting = deliveries(tool, webhook)[0]
    assert (waiting["response_status"], waiting["response"], waiting["response_headers"]) == (-2, None, None)
    assert (json.loads(waiting["payload"]), waiting["payload_headers"]) == (second, "")
    settled(tool, webhook, 200)
    told = [got.told for got in arrived(receiver, "busy", 3)]  # what waits to be tried again lets others go first
    assert told[0] == first
    assert (told.count(first), told.count(second)) == (2, 1)


def test_the_key_is_not_shown(house: Server) -> None:
    assert "GISTD_WEBHOOK_KEY=***" in house.cli("settings") and SEED not in house.cli("settings")
