"""Who is told: an HTTP server of ours that remembers what came, and answers as it was asked to."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Answer = int | tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]
"""A status; or one with headers and a body; or what is done with the connection."""


@dataclass(frozen=True)
class Got:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def name(self) -> str:
        return self.headers["X-Webhook-Delivery"]

    def is_signed_by(self, public_key: str) -> bool:
        """As sourcehut's document has it: over the body, and the nonce as it is written."""
        return verifies(public_key, self.body + self.headers["X-Payload-Nonce"].encode(), self.signature)

    @property
    def signature(self) -> bytes:
        return base64.b64decode(self.headers["X-Payload-Signature"], validate=True)


def verifies(public_key: str, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class Receiver:
    """Listens at a free port until it is closed."""

    def __init__(self) -> None:
        self._got: list[Got] = []
        self._plans: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._take(self)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.httpd.server_port

    def url(self, path: str, *answers: Answer) -> str:
        """An address here that answers so, one after the other; the last one from then on."""
        self._plans[f"/{path}"] = list(answers) or [200]
        return f"http://127.0.0.1:{self.port}/{path}"

    def got(self, path: str) -> list[Got]:
        """What has come to this address."""
        with self._lock:
            return [got for got in self._got if urlsplit(got.path).path == f"/{path}"]

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        plan = self._plans[urlsplit(handler.path).path]
        with self._lock:
            self._got.append(Got(handler.path, dict(handler.headers), body))
            answer = plan.pop(0) if len(plan) > 1 else plan[0]
        if callable(answer):
            answer(handler)
            return
        status, headers, content = (answer, {}, b"") if isinstance(answer, int) else answer
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
