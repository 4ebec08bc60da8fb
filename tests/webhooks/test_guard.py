"""Nothing is sent to the inside, however its address is written, whatever its name means a moment later."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gistd.core import house, outside
from gistd.core.outside import Unreachable
from gistd.errors import ConfigurationError, Invalid
from gistd.settings import Settings
from tests.webhooks.receiver import Receiver

REAL = socket.getaddrinfo


class Canary:
    """Listens on the inside, where nobody may come by."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self.sockets:
            each.setblocking(False)

    def heard(self) -> bool:
        for each in self.sockets:
            try:
                each.accept()
            except BlockingIOError:
                continue
            return True
        return False

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    assert not made.heard()
    made.close()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(**values: Any) -> None:
        monkeypatch.setattr(house, "settings", Settings(webhook_seconds=2, **values), raising=False)

    use()
    return use


def means(monkeypatch: pytest.MonkeyPatch, *meanings: list[str]) -> list[str]:
    """Let names mean these addresses, each time the next ones; returns the names that were asked for."""
    asked: list[str] = []

    def resolve(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        if more.get("flags", 0) & socket.AI_NUMERICHOST or host.replace(".", "").isdigit() or ":" in host:
            return REAL(host, port, *rest, **more)
        asked.append(host)
        now = meanings[min(len(asked), len(meanings)) - 1]
        return [answer for address in now for answer in REAL(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def send(url: str) -> outside.Answer:
    return outside.post(url, b"{}", {"Content-Type": "application/json"})


NAMED = ["localhost", "LOCALHOST", "localhost.", "a.localhost", "ip6-localhost"]
LITERAL = """
    127.0.0.1 127.1 127.0.1 127.255.255.254 0x7f.1 0x7f000001 0X7F.0.0.1 2130706433 017700000001 0177.0.0.1
    0177.0x0.0.1 127.0.0.1. 0 0.0.0.0 0.1.2.3 [::1] [::] [0:0:0:0:0:0:0:1] [0::1] [::127.0.0.1] [::7f00:1]
    [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1]
    [64:ff9b:1::127.0.0.1] [2002:7f00:1::] [2002:7f00:1::1] [2001:0:7f00:1::] [2001::80ff:fffe] [fe80::1]
    [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [100::1] [2001:db8::1] [3fff::1] [5f00::1] 10.0.0.1
    172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 0xa9fea9fe 2852039166 100.64.0.1 100.100.100.200
    192.0.0.192 168.63.129.16 198.18.0.1 192.0.2.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1
    255.255.255.255 192.88.99.1 user:password@127.0.0.1 1.1.1.1@127.0.0.1 a%20b@[::1]
""".split()  # noqa: SIM905 (a list of them would be a page)


@pytest.mark.parametrize("host", LITERAL)
def test_an_address_of_the_inside_is_no_webhook(canary: Canary, host: str) -> None:
    """Neither when it is made, nor when something is sent there."""
    for scheme in ("http", "https"):
        url = f"{scheme}://{host}:{canary.port}/hook"
        with pytest.raises(Unreachable, match="no address that webhooks may go to"):
            send(url)
        if not host.endswith("."):  # as a name, which is looked up later
            with pytest.raises(Invalid):
                outside.check_url(url)


@pytest.mark.parametrize("host", NAMED)
def test_nor_is_a_name_of_it(canary: Canary, host: str) -> None:
    outside.check_url(f"http://{host}:{canary.port}/")
    with pytest.raises(Unreachable, match="no address that webhooks may go to"):
        send(f"http://{host}:{canary.port}/")


@pytest.mark.parametrize("others", [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["1.1.1.1", "::1"], ["10.0.0.1"], []])
def test_each_address_of_a_name_is_judged(canary: Canary, monkeypatch: pytest.MonkeyPatch, others: list[str]) -> None:
    means(monkeypatch, others)
    with pytest.raises(Unreachable, match="no address that webhooks may go to"):
        send(f"http://rebinding.example:{canary.port}/")


def test_a_name_that_means_something_else_the_next_moment(
    monkeypatch: pytest.MonkeyPatch, settings: Any, canary: Canary
) -> None:
    """It is asked for once, and the connection goes to what was judged."""
    settings(webhook_allow="127.0.0.2/32")
    outer = socket.create_server(("127.0.0.2", canary.port))
    heard: list[bytes] = []

    def answer() -> None:
        for _ in range(2):
            connection, _ = outer.accept()
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            connection.close()

    threading.Thread(target=answer, daemon=True).start()
    asked = means(monkeypatch, ["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"])
    url = f"http://rebinding.example:{canary.port}/"
    assert send(url).status == 204
    with pytest.raises(Unreachable):
        send(url)  # it is judged anew each time
    assert send(url).status == 204
    with pytest.raises(Unreachable):
        send(url)
    assert asked == ["rebinding.example"] * 4
    assert all(f"Host: rebinding.example:{canary.port}\r\n".encode() in each for each in heard)
    outer.close()


def test_no_redirect_leads_inside_and_nobody_is_asked_to_send_it(
    monkeypatch: pytest.MonkeyPatch, settings: Any, canary: Canary
) -> None:
    settings(webhook_allow="127.0.0.2/32")
    outer = socket.create_server(("127.0.0.2", 0))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")

    def answer() -> None:
        connection, _ = outer.accept()
        connection.recv(65536)
        where = f"http://127.0.0.1:{canary.port}/"
        connection.sendall(f"HTTP/1.1 307 Over There\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    assert send(f"http://127.0.0.2:{outer.getsockname()[1]}/").status == 307
    outer.close()


def test_what_is_outside() -> None:
    for address in ("1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1", "192.167.255.255"):
        assert outside._is_allowed(ip_address(address)), address


def test_networks_that_are_allowed_all_the_same(settings: Any) -> None:
    settings(webhook_allow="10.1.0.0/16, fd00::/8 127.0.0.1")
    allowed = {
        "10.1.2.3": True, "10.2.0.1": False, "fd12::1": True, "fc00::1": False, "127.0.0.1": True, "127.0.0.2": False,
        "::ffff:10.1.2.3": False, "1.1.1.1": True,
    }  # fmt: skip
    assert {address: outside._is_allowed(ip_address(address)) for address in allowed} == allowed
    outside.check_url("http://10.1.0.1/")
    for wrong in ("10.1.0.1/16", "everything", "10.0.0.0/33"):
        with pytest.raises(ConfigurationError, match="GISTD_WEBHOOK_ALLOW"):
            Settings.load({"GISTD_WEBHOOK_ALLOW": wrong})


# ---------------------------------------------------------------------- TLS


def certificate(name: str, file: Path) -> ssl.SSLContext:
    """One that vouches for itself."""
    key, subject, now = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
        datetime.now(UTC),
    )
    made = x509.CertificateBuilder(
        x509.Name([subject]), x509.Name([subject]), key.public_key(), x509.random_serial_number(),
        now - timedelta(days=1), now + timedelta(days=1),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)  # fmt: skip
    pem = made.add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    file.write_bytes(pem.public_bytes(serialization.Encoding.PEM))
    private = file.with_suffix(".key")
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context


def test_tls_is_with_whom_the_name_says(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings(webhook_allow="127.0.0.1/32")
    context = certificate("receiver.example", tmp_path / "one.pem")
    named: list[str | None] = []
    context.sni_callback = lambda _, name, __: named.append(name)
    receiver = Receiver()
    receiver.httpd.socket = context.wrap_socket(receiver.httpd.socket, server_side=True)
    receiver.httpd.handle_error = lambda *_: None  # type: ignore[method-assign]
    address = receiver.url("tls").removeprefix("http://127.0.0.1")
    means(monkeypatch, ["127.0.0.1"])
    trusting = ssl.create_default_context(cafile=str(tmp_path / "one.pem"))
    with pytest.raises(Unreachable, match="the certificate is not good"):
        send(f"https://receiver.example{address}")
    monkeypatch.setattr(outside, "_tls", lambda: trusting)
    assert send(f"https://receiver.example{address}").status == 200
    with pytest.raises(Unreachable, match="the certificate is not good"):
        send(f"https://other.example{address}")
    with pytest.raises(Unreachable, match="TLS failed"):
        receiver_plain = Receiver()
        send(receiver_plain.url("plain").replace("http://", "https://"))
    assert named == ["receiver.example", "receiver.example", "other.example"]
    assert [got.headers["Host"] for got in receiver.got("tls")] == [f"receiver.example:{receiver.port}"]
    receiver.close()
    receiver_plain.close()
