"""Answers to nobody in particular, kept for a moment: of what is read a thousand times each page is made once.

An answer is given again only while nothing at all has been written to the index and no gist has expired, so that it is
the one that would be made. Whoever shows a credential or a cookie gets answers of their own.
"""

import hashlib
import io
import re
import secrets
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cachetools import LRUCache
from werkzeug.http import parse_etags, remove_entity_headers

from gistd.http import FACE
from gistd.index import Stand, Watch

SECONDS = 1.0
"""Whatever else an answer may hang on, such as a repository that is ahead of the index after a crash, is seen then."""
MAX_BYTES = 512 * 1024
MAX_ASKED_BYTES = 8 * 1024
"""What a POST may ask with: some hundred bytes for a usual clone, some thousand for a fetch by one who has a lot."""

# What answers hang on, and what they do not. Who sends another header may mean something that we know nothing of here.
_TELLING = (
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ORIGIN",
    "HTTP_CONTENT_ENCODING",
    "HTTP_GIT_PROTOCOL",
)
_SILENT = re.compile(
    r"HTTP_(?:USER_AGENT|REFERER|ACCEPT_ENCODING|CONNECTION|IF_NONE_MATCH|CACHE_CONTROL|PRAGMA|DNT|PRIORITY"
    r"|UPGRADE_INSECURE_REQUESTS|SEC_\w+|X_FORWARDED_\w+|X_REAL_IP|X_REQUEST_ID)"
)
_PLACE = ("REQUEST_METHOD", "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE")
_NONCE = re.compile(r"'nonce-([\w-]{20,})'")
_EACH = 1000  # about what headers take

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """A 200, the face that made it, when, and how the index stood then. `nonce` is what marks its scripts, if there are
    any."""

    face: str
    headers: Headers
    body: bytes
    etag: str
    nonce: str
    stand: Stand
    made: float


class Kept:
    """The answers of an application, up to so many bytes in this process.

    `only_asks` says of a path whether a POST to it changes nothing, and is answered like a GET.
    """

    def __init__(self, app: WSGIApplication, most_bytes: int, only_asks: Callable[[str], bool]) -> None:
        self._app = app
        self._only_asks = only_asks
        self._watch = Watch()
        self._lock = Lock()
        self._answers: LRUCache[bytes, Answer] = LRUCache(most_bytes, lambda answer: len(answer.body) + _EACH)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stand = self._watch.stand() if self._is_plain(environ) else None
        if stand is None:
            return self._app(environ, start_response)
        asked = _asked(environ)
        with self._lock:
            answer = self._answers.get(asked)
        if answer is None or answer.stand != stand or not 0 <= time.monotonic() - answer.made < SECONDS:
            return self._make(asked, stand, environ, start_response)
        return _give(answer, environ, start_response)

    def _is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether somebody only asks, and with few words, who shows nothing of who they are, for something whole."""
        method, length = environ["REQUEST_METHOD"], environ.get("CONTENT_LENGTH", "")
        if method == "POST":
            is_short = length.isdecimal() and int(length) <= MAX_ASKED_BYTES
            asks = is_short and self._only_asks(environ["PATH_INFO"])
        else:
            asks = method == "GET" and not length
        headers = (name for name in environ if name.startswith("HTTP_"))
        return asks and all(name in _TELLING or _SILENT.fullmatch(name) for name in headers)

    def _make(
        self, asked: bytes, stand: Stand, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        made = time.monotonic()
        started: list[Any] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            started[:] = [status, headers]
            if _may_be_kept(status, headers):
                return None  # nobody here uses what start_response returns
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        known = environ.pop("HTTP_IF_NONE_MATCH", "")  # what is kept is all of it
        pieces = self._app(environ, start)
        environ["HTTP_IF_NONE_MATCH"] = known
        status, headers = started
        if not _may_be_kept(status, headers):
            return pieces
        try:
            body = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        found = {name.lower(): value for name, value in headers}
        nonce = _NONCE.search(found.get("content-security-policy", ""))
        marked = nonce[1] if nonce else ""
        answer = Answer(environ.get(FACE, ""), headers, body, found.get("etag", ""), marked, stand, made)
        with self._lock:
            if len(body) + _EACH <= self._answers.maxsize:
                self._answers[asked] = answer
        return _give(answer, environ, start_response)


def _asked(environ: WSGIEnvironment) -> bytes:
    """A digest of all that the answer hangs on, which is as short whatever somebody sends. The application can still
    read the body."""
    asked = hashlib.sha256(repr([environ.get(name) for name in _TELLING + _PLACE]).encode())
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        asked.update(body)
    return asked.digest()


def _may_be_kept(status: str, headers: Headers) -> bool:
    found = {name.lower(): value for name, value in headers}
    length = found.get("content-length", "")
    return (
        status.startswith("200 ")
        and length.isdecimal()
        and int(length) <= MAX_BYTES
        and "set-cookie" not in found
        and "no-store" not in found.get("cache-control", "")
    )


def _give(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    environ[FACE] = answer.face
    headers, body = answer.headers, answer.body
    wanted = environ.get("HTTP_IF_NONE_MATCH")
    if wanted and answer.etag and parse_etags(wanted).contains_weak(answer.etag.removeprefix("W/").strip('"')):
        headers = list(headers)
        remove_entity_headers(headers)
        start_response("304 NOT MODIFIED", headers)
        return []
    if answer.nonce:  # another one each time: who has seen one must not know the next
        fresh = secrets.token_urlsafe(16)
        headers = [(name, value.replace(answer.nonce, fresh)) for name, value in headers]
        body = body.replace(answer.nonce.encode(), fresh.encode())
    start_response("200 OK", headers)
    return [body]
