"""Requests to where strangers want us to send something: never to this machine, or to networks behind it.

A name is resolved once, every address that it has is judged, and the connection goes to exactly the address that was
judged, whatever the name means a moment later. Redirects are not followed, and nobody's proxy is asked.
"""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from gistd.errors import Invalid

from . import house

MAX_URL = 2048
MAX_HEADERS = 16 * 1024

_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")

# IANA's special-purpose registries, and what becomes one of these on its way.
_FORBIDDEN = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a carrier; some clouds have their metadata there
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # a cloud's metadata
        "169.254.0.0/16",  # link-local; most clouds have their metadata there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # for protocols; one more cloud's metadata
        "192.0.2.0/24",  # for documents
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # for benchmarks
        "198.51.100.0/24",  # for documents
        "203.0.113.0/24",  # for documents
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, this machine, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, private
        "100::/64",  # discarded
        "2001::/23",  # for protocols; Teredo
        "2001:db8::/32",  # for documents
        "2002::/16",  # 6to4
        "3fff::/20",  # for documents
        "5f00::/16",  # segment routing
        "fc00::/7",  # private
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
]

Address = IPv4Address | IPv6Address


class Unreachable(Exception):
    """There was no answer; the words say why. They do not tell a name that leads to the inside from one that leads
    nowhere."""


@dataclass(frozen=True)
class Answer:
    """What came back, cut to the sizes that are kept. The headers are lines."""

    status: int
    headers: str
    body: str


def check_url(url: str) -> None:
    """Raise Invalid for what is no URL to send something to. A name is looked up when something is sent, not now; an
    address, in whatever spelling, is judged at once."""
    if len(url) > MAX_URL or not _URL.fullmatch(url) or not _HOST.fullmatch(_split(url).hostname or ""):
        raise _wrong(f"a URL that begins with http:// or https:// and has at most {MAX_URL} characters")
    with suppress(socket.gaierror, UnicodeError):
        numbers = socket.getaddrinfo(_split(url).hostname, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        if not all(_is_allowed(ip_address(found[4][0])) for found in numbers):
            raise _wrong("webhooks may not go to this address")


def _wrong(words: str) -> Invalid:
    return Invalid(f"url: {words}", {"url": [words]})


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise _wrong("this is not a URL") from None
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send the body there. Raises Unreachable when there is no answer in time, or may be none."""
    parts = _split(url)
    secure = parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    host = parts.hostname or ""
    seconds = house.settings.webhook_seconds
    address = _resolve(host, port, seconds)
    try:
        with _connected(address, port, seconds, host if secure else None) as sock:
            connection = HTTPConnection(host, port)
            connection.sock = sock
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {**headers, **_about(parts), "Connection": "close"})
            return _kept(connection.getresponse())
    except TimeoutError:
        raise Unreachable(f"timed out after {seconds} seconds") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"the certificate is not good: {error.verify_message}") from None
    except ssl.SSLError:
        raise Unreachable("TLS failed") from None
    except ConnectionRefusedError:
        raise Unreachable("the connection was refused") from None
    except (OSError, HTTPException, ValueError):  # ValueError: http.client does not expect everything
        raise Unreachable("the connection failed, or what came was not HTTP") from None


def _about(parts: SplitResult) -> dict[str, str]:
    """The headers that the URL asks for."""
    told = {"Host": parts.netloc.rpartition("@")[2]}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        told["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return told


def _kept(response: HTTPResponse) -> Answer:
    body = response.read(house.settings.max_webhook_answer_bytes)
    headers = "\n".join(f"{name}: {value}" for name, value in response.getheaders())
    return Answer(response.status, _text(headers.encode("latin-1", "replace"))[:MAX_HEADERS], _text(body))


def _text(raw: bytes) -> str:
    """As every database takes it."""
    return raw.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


@contextmanager
def _connected(address: Address, port: int, seconds: int, name: str | None) -> Iterator[socket.socket]:
    """A connection, with TLS if a name is given. Each step has its seconds; all of it twice as many, after which it is
    cut, however many bytes still come, one by one."""
    over = threading.Event()
    with socket.create_connection((str(address), port), seconds) as plain:
        line = plain if name is None else _tls().wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)

        def cut() -> None:
            over.set()
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)

        watch = threading.Timer(2 * seconds, cut)
        watch.daemon = True
        watch.start()
        try:
            with line:
                if isinstance(line, ssl.SSLSocket):
                    line.do_handshake()
                yield line
        except Exception:
            if over.is_set():
                raise TimeoutError from None
            raise
        finally:
            watch.cancel()
    if over.is_set():
        raise TimeoutError


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


# ---------------------------------------------------------------------- addresses


def _resolve(host: str, port: int, seconds: int) -> Address:
    """The address to connect to. Raises Unreachable unless every one that the name has may be."""
    found: list[Address] = []

    def ask() -> None:
        with suppress(OSError, ValueError, UnicodeError):
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(ip_address(answer[4][0]) for answer in answers)

    asking = threading.Thread(target=ask, daemon=True)  # who asks for a name waits as long as its servers like
    asking.start()
    asking.join(seconds)
    addresses = list(found)
    if not addresses or not all(map(_is_allowed, addresses)):
        raise Unreachable("the host has no address that webhooks may go to")
    return addresses[0]


def _is_allowed(address: Address) -> bool:
    if any(address in network for network in house.settings.webhook_networks):
        return True
    return not any(address in network for network in _FORBIDDEN) and address.is_global
