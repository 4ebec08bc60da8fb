"""What the attacks have found, once more."""

import base64

import pytest

from tests.harness import Client, Server
from tests.web.people import Person

from .sockets import exchange, statuses


@pytest.mark.parametrize("host", [b"[:1]:6", b"[1.2.3.4]", b"[::1", b"[::1%25x]", b"[12345::]", b"Xn--a.b.c.", b"xN--"])
def test_what_is_no_host(server: Server, host: bytes) -> None:
    asked = b"GET /-/login HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host
    assert statuses(exchange(server, asked, patience=30)) == [400]


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "Key", "Digest", "bearer"])
@pytest.mark.parametrize("path", ["/alice/x.git/info/refs?service=git-upload-pack", "/api/gists", "/api/pastes"])
def test_letters_in_a_credential_make_it_a_wrong_one(alice: Client, nobody: Client, path: str, scheme: str) -> None:
    for secret in (b"YWxpY2U6b\xff2dfeA==", b"\xe4", b"=?\xc3\xa9"):
        answer = nobody.get(path, headers={"Authorization": scheme.encode() + b" " + secret})
        assert answer.status_code == 401, (secret, answer.text)


@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
def test_a_date_that_no_calendar_has_is_not_looked_at(alice: Client, header: str) -> None:
    gist = alice.create()
    for date in ("Thu, 26 Nov " + "2026" * 30 + " 16:00:00 GMT", "Thu, 2147483648 Nov 0 12:0:00 GMT"):
        for path in (f"/api/gists/{gist['id']}", f"/alice/{gist['id']}/raw/HEAD/hello.py", "/-/static/style.css"):
            answer = alice.get(path, headers={header: date, "Range": "bytes=0-1"})
            assert answer.status_code in (200, 206), (path, answer.text)


def test_a_file_that_a_form_kept_badly_must_be_sent_again(server: Server) -> None:
    dora = Person(server, "dora").sign_up()
    form = {"file": "1", "name-1": "a.bin", "writer": "dora", "visibility": "public"}
    answer = dora.post("/-/new", **form, **{"kept-1": "A=="})
    assert answer.status_code == 422 and "choose the file a.bin again" in answer.text
    kept = base64.b64encode(b"\0\1").decode()
    assert dora.post("/-/new", **form, **{"kept-1": kept}).status_code == 303


def test_a_page_that_begins_beyond_all_numbers(server: Server) -> None:
    emil = Person(server, "emil").sign_up()
    made = emil.post("/-/settings/webhooks", url="https://hook.example/", event="gist:like")
    place = made.headers["Location"].partition("?")[0]
    for start in ("9" * 30, str(2**63), "-1", "0", "\u0661"):
        assert emil.get(f"{place}?start={start}").status_code == 200, start
