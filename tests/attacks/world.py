"""A house in this process with people and gists in it, and its whole application, asked without a socket."""

import atexit
import base64
import hashlib
import io
import logging
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from gistd import index
from gistd.app import create_app
from gistd.core import (
    accounts,
    administration,
    credentials,
    digests,
    gists,
    masterkeys,
    oauthclients,
    pushes,
    revisions,
    sessions,
    webhooks,
)
from gistd.core.access import ALL_SCOPES, Actor
from gistd.core.drafts import Change, Draft
from gistd.core.events import Kind
from gistd.index import Gist
from gistd.settings import Settings
from gistd.store import FileChange
from tests.harness import PASSWORD
from tests.transport import packs, random_packs

from .fuzz import Finding

SECRET = "battery staple"  # for HTTP digest
FILES = {"hello.py": b"print('hello')\n", "docs/read me.md": b"# Title\n\n- [x] done\n", "dot.bin": bytes(range(256))}
_MOST_MADE = 300
_APP = "https://app.example/"
_HEADER_LINE = re.compile(r"[\r\n\0]")


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Door:
    """A request with a place in it, `<HERE>`, for what somebody makes up."""

    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""


class _Listener(logging.Handler):
    """Keeps the last thing that nobody expected."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.last = f"{type(error).__name__}: {error}"


def temporary() -> Path:
    """A directory until this process ends; in memory, where there is such a place: nothing here is about disks."""
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="gistd-attack-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


class World:
    """Alice, who is an admin, bob, and a gist of alice's; every credential that there is, of hers."""

    def __init__(self) -> None:
        settings = Settings(repos=temporary() / "repos", rate_limits=False, secret_key="k" * 32, max_files=50)
        self.app = create_app(settings)
        self._listener = _Listener()
        logging.getLogger("gistd").addHandler(self._listener)
        logging.getLogger("gistd").propagate = False
        self.alice = Actor(accounts.create_user("alice", PASSWORD), ALL_SCOPES)
        accounts.create_user("bob", PASSWORD)
        assert self.alice.user is not None
        digests.set_secret(self.alice.user, SECRET)
        token = credentials.issue_token(self.alice.user, ALL_SCOPES)
        self._secrets = {
            b"$TOKEN": token,
            b"$BASIC": base64.b64encode(f"alice:{token}".encode()).decode(),
            b"$KEY": credentials.issue_key(self.alice.user),
            b"$APITOKEN": masterkeys.issue_token(self.alice.user),
            b"$SESSION": sessions.start(self.alice.user, "a browser", "127.0.0.1"),
        }
        client, hidden = oauthclients.register(self.alice.user, "an app", _APP)
        legacy, _ = oauthclients.register(self.alice.user, "an old app", _APP, legacy=True)
        hook = webhooks.subscribe(self.alice, "gistd", "https://hook.example/", [Kind.LIKE], "http://test")
        self._secrets |= {b"$CLIENT": client.public_id, b"$HIDDEN": hidden, b"$LEGACY": legacy.public_id}
        self._secrets[b"$HOOK"] = str(hook.id)
        self.base: Gist | None = None
        self.made = 0
        self.renew()

    def renew(self) -> None:
        """The gist of alice's, another one; and what names it."""
        gist = gists.create(self.alice, Draft(files=FILES, title="Title", topics=["topic"], slug=""))
        self.gist = gists.change(self.alice, gist, Change(files=[FileChange("hello.py", b"print('more')\n")]))
        first = revisions.history(self.gist, 1, 1)[0][0].id
        named = {
            b"$GIST": self.gist.id,
            b"$HEAD": self.gist.head,
            b"$FIRST": first,
            b"$IDENT": self.gist.ident,
            b"$NUMBER": self.gist.number,
            b"$SHA": self.gist.sha,
            b"$FILE": gists.contents(self.gist).noted()[0].id,
            b"$BLOB": gists.contents(self.gist).files[0].blob,
        }
        self.names = {name: str(value).encode() for name, value in {**named, **self._secrets}.items()}

    def held(self) -> Gist:
        """A gist that holds random_packs.BASE."""
        if self.base is None or index.gists.by_id(self.base.id) is None:
            body = packs.request([packs.command(packs.NOTHING, random_packs.HEAD.id)], packs.pack(random_packs.BASE))
            self.base = pushes.push_new(self.alice, "", io.BytesIO(body)).made
        assert self.base is not None
        return self.base

    def named(self, data: bytes) -> bytes:
        """With the words that stand for what is another thing in each run, such as `$GIST`, filled in."""
        return re.sub(rb"\$[A-Z]+", lambda match: self.names.get(match[0], match[0]), data)

    def ask(self, door: Door, here: bytes) -> Answer:
        """The answer of the application. Finding if it is one that nobody may get."""
        method = door.method
        target = self.named(door.target.replace(b"<HERE>", here))
        headers = [(name, self.named(value.replace(b"<HERE>", here))) for name, value in door.headers]
        headers = [(name, value.replace(b"$DIGEST", self._digest(method, target))) for name, value in headers]
        body = self.named(door.body.replace(b"<HERE>", here))
        self._listener.last = ""
        answer = self._asked(_environ(method, target, headers, body))
        if answer.status >= 500 or self._listener.last:
            raise Finding(f"{answer.status}: {self._listener.last}")
        for name, value in answer.headers:
            if _HEADER_LINE.search(name + value) or (name == "Location" and not _leads_here(value)):
                raise Finding(f"a header that must not be: {name}")
        if method not in ("GET", "HEAD") and answer.status < 400:
            self._mend()
        return answer

    def _digest(self, method: str, target: bytes) -> bytes:
        """A right answer to a challenge of HTTP digest."""
        nonce, uri = digests.nonce(), target.decode("latin-1")
        known = hashlib.md5(f"alice:{digests.REALM}:{SECRET}".encode()).hexdigest()
        asked = hashlib.md5(f"{method}:{uri}".encode()).hexdigest()
        response = hashlib.md5(f"{known}:{nonce}:00000001:c:auth:{asked}".encode()).hexdigest()
        told = f'username="alice", realm="ownpaste", nonce="{nonce}", uri="{uri}", qop=auth, nc=00000001, cnonce="c"'
        return f'Digest {told}, response="{response}", algorithm=MD5'.encode()

    def _asked(self, environ: dict[str, Any]) -> Answer:
        begun: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            begun.append((int(status.split()[0]), headers))

        pieces: Iterable[bytes] = self.app.wsgi_app(environ, start)
        try:
            body = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        return Answer(*begun[-1], body)

    def _mend(self) -> None:
        """What a request has changed is as it was, as far as the next ones depend on it."""
        user = accounts.user_by_id(self.alice.user.id if self.alice.user else 0)
        assert user is not None, "the account is gone"
        if user.username != "alice":
            accounts.change(user, username="alice")
        kept = index.gists.by_id(self.gist.id)
        if kept is None or kept.head != self.gist.head or kept.archived:
            if kept is not None:
                gists.delete(self.alice, kept)
            self.renew()
        self.made += 1
        if self.made % _MOST_MADE == 0:
            self.tidy()

    def tidy(self) -> None:
        """All gists but the one are gone."""
        kept = [self.gist.id, self.base.id if self.base else ""]
        for gist in list(Gist.select().where(Gist.id.not_in(kept))):
            administration.take_down(self.alice, gist)


def _leads_here(location: str) -> bool:
    """Or to the app that is registered."""
    return (location.startswith("/") and not location.startswith(("//", "/\\"))) or location.startswith(
        ("http://test", _APP)
    )


def _environ(method: str, target: bytes, headers: list[tuple[str, bytes]], body: bytes) -> dict[str, Any]:
    """The request as gunicorn would hand it over."""
    target = re.sub(rb"[^!-~]", lambda byte: b"%%%02x" % byte[0][0], target) or b"/"  # gunicorn takes no others
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
        "SERVER_NAME": "test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "test",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        word = re.sub(rb"[\0-\x08\x0a-\x1f\x7f]", b"", value).decode("latin-1").strip()
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = word
    return environ
