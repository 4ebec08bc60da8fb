"""Answers to nobody in particular, kept for a moment: of what is read a thousand times each page is made once.

An answer is given again only while nothing at all has been written to the index and no gist has expired, so that it is
the one that would be made. Whoever shows a credential or a cookie gets answers of their own.
"""

import re
import secrets
import time
from collections.abc import Iterable
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

# What answers hang on, and what they do not. Who sends another header may mean something that we know nothing of here.
_TELLING = ("HTTP_HOST", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ORIGIN")
_SILENT = re.compile(
    r"HTTP_(?:USER_AGENT|REFERER|ACCEPT_ENCODING|CONNECTION|IF_NONE_MATCH|CACHE_CONTROL|PRAGMA|DNT|PRIORITY"
    r"|UPGRADE_INSECURE_REQUESTS|SEC_\w+|X_FORWARDED_\w+|X_REAL_IP|X_REQUEST_ID)"
)
_PLACE = ("wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
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
    """The answers of an application, up to so many bytes in this process."""

    def __init__(self, app: WSGIApplication, most_bytes: int) -> None:
        self._app = app
        self._watch = Watch()
        self._lock = Lock()
        self._answers: LRUCache[tuple[str, ...], Answer] = LRUCache(most_bytes, lambda answer: len(answer.body) + _EACH)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stand = self._watch.stand() if _is_plain(environ) else None
        if stand is None:
            return self._app(environ, start_response)
        asked = tuple([environ.get(name, "") for name in _TELLING + _PLACE])
        with self._lock:
            answer = self._answers.get(asked)
        if answer is None or answer.stand != stand or not 0 <= time.monotonic() - answer.made < SECONDS:
            return self._make(asked, stand, environ, start_response)
        return _give(answer, environ, start_response)

    def _make(
        self, asked: tuple[str, ...], stand: Stand, environ: WSGIEnvironment, start_response: StartResponse
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


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Whether somebody asks who shows nothing of who they are, for something whole."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and not environ.get("CONTENT_LENGTH")
        and all(name in _TELLING or _SILENT.fullmatch(name) for name in environ if name.startswith("HTTP_"))
    )


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
