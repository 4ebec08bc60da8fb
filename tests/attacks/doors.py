"""The whole application, fuzzed by one part of a request at a time."""

import base64
import gzip
import re
from collections.abc import Iterator, Sequence

from tests.transport import wire

from .fuzz import Target
from .world import Door, World

BEARER = ("Authorization", b"Bearer $TOKEN")
COOKIE = ("Cookie", b"gistd_session=$SESSION")
JSON = ("Content-Type", b"application/json")
ORIGIN = ("Origin", b"http://test")
FORM = ("Content-Type", b"application/x-www-form-urlencoded")
MULTIPART = ("Content-Type", b"multipart/form-data; boundary=xx")


def through(
    world: World,
    name: str,
    doors: Sequence[tuple[Door, Sequence[bytes]]],
    words: Sequence[bytes] = (),
    weight: float = 1,
) -> Target:
    """A target that asks the whole application: the first byte of an input chooses the door, the rest is put there."""

    def run(data: bytes) -> str:
        number = (data[:1] or b"\0")[0] % len(doors)
        answer = world.ask(doors[number][0], data[1:])
        is_error = answer.status >= 400 or b'"errors"' in answer.body
        said = re.sub(rb"\d+|'[^']*'", b"", answer.body[:90]) if is_error else b""
        return f"door {chr(65 + number)}: {answer.status} {said!r}"

    examples = [bytes([number]) + example for number, (_, given) in enumerate(doors) for example in given]
    return Target(name, examples, run, words, weight)


def of_requests(world: World) -> Iterator[Target]:
    yield through(
        world,
        "paths",
        [
            (Door("GET", b"<HERE>", (COOKIE,)), _paths(world)),
            (Door("GET", b"<HERE>", (BEARER, ("Accept", b"application/json"))), _paths(world)),
            (Door("POST", b"<HERE>", (COOKIE, ORIGIN, FORM)), [b"/alice/$GIST/like", b"/-/theme"]),
            (Door("DELETE", b"<HERE>", (BEARER,)), [b"/api/gists/" + b"0" * 32]),
        ],
        _PATH_WORDS,
    )
    yield through(
        world,
        "query strings",
        [(Door("GET", path + b"?<HERE>", (COOKIE, BEARER)), _QUERIES) for path in _LISTS],
        _QUERY_WORDS,
    )
    yield through(
        world,
        "Host",
        [
            (Door("GET", path, (("Host", b"<HERE>"), BEARER)), [b"test", b"test:80", b"[::1]:6157", b"a.b.c."])
            for path in (b"/", b"/api/gists", b"/alice/$GIST.git/info/refs?service=git-upload-pack", b"/-/login?next=/")
        ],
        (b"@", b":", b"xn--", b"[", b"]", b"%", b"..", b"/", b"\xc3\xa9"),
    )
    yield through(
        world,
        "Authorization",
        [
            (Door(method, path, (("Authorization", b"<HERE>"), ("Accept", b"application/json"))), _CREDENTIALS)
            for method, path in _GUARDED
        ],
        (
            b"Basic ",
            b"Bearer ",
            b"Token ",
            b"Key ",
            b"Digest ",
            b"bearer ",
            b'"',
            b",",
            b"=",
            b"qop=auth",
            b"$TOKEN",
            b"$KEY",
            b"\\",
            b"nc=00000001",
        ),
    )
    yield through(
        world,
        "cookies",
        [
            (Door("GET", path, (("Cookie", b"<HERE>"),)), _COOKIES)
            for path in (b"/", b"/-/settings", b"/-/login/second", b"/-/all")
        ]
        + [(Door("POST", b"/-/logout", (("Cookie", b"<HERE>"), ORIGIN)), [b"gistd_session=x"])],
        (b"=", b";", b'"', b"\\101", b"gistd_session", b"__Host-", b"$SESSION", b"theme="),
    )
    yield through(
        world,
        "headers",
        [
            (Door("GET", path, (BEARER, (name, b"<HERE>"))), examples)
            for name, examples in _HEADERS.items()
            for path in (b"/api/gists/$GIST", b"/alice/$GIST/raw/HEAD/hello.py", b"/alice/$GIST")
        ],
        (b"*", b'"', b"W/", b",", b";q=", b"bytes=", b"-", b"GMT", b"\xff"),
    )
    yield through(
        world,
        "bodies of Opengist",
        [
            (Door("POST", b"/api/gists", (BEARER, JSON), b"<HERE>"), _OPENGIST),
            (Door("PATCH", b"/api/gists/$GIST", (BEARER, JSON), b"<HERE>"), _OPENGIST),
            (
                Door("PATCH", b"/api/user", (BEARER, JSON), b"<HERE>"),
                [b'{"email": "a@b.c"}', b'{"username": "alice"}'],
            ),
        ],
        JSON_WORDS,
    )
    yield through(
        world,
        "bodies of paste.gg",
        [
            (Door(method, path, (("Authorization", b"Key $KEY"), JSON), b"<HERE>"), examples)
            for method, path, examples in _PASTEGG
        ],
        JSON_WORDS,
    )
    yield through(
        world,
        "bodies of ranna",
        [
            (Door("POST", path, (("Authorization", b"bearer $APITOKEN"), JSON), b"<HERE>"), _RANNA)
            for path in (b"/v1/snippets", b"/v1/snippets/$IDENT")
        ],
        JSON_WORDS,
    )
    yield through(
        world,
        "forms",
        [(Door("POST", path, (COOKIE, ORIGIN, FORM), b"<HERE>"), examples) for path, examples in _FORMS.items()],
        (b"&", b"=", b"%00", b"%ff", b"+", b"%0d%0a", b"file=", b"text-1=", b"name-1=", b"%F0%9F%98%80"),
    )
    yield through(
        world,
        "signing in",
        [(Door("POST", path, (COOKIE, ORIGIN, FORM), b"<HERE>"), given) for path, given in _SIGNING_IN.items()],
        (b"&", b"=", b"%00", b"%ff", b"username=", b"alice", b"%0d%0a", b"next=//"),
        weight=0.02,  # hashing a password takes a tenth of a second
    )
    yield through(
        world,
        "multipart",
        [(Door("POST", path, (*who, MULTIPART), b"<HERE>"), examples) for path, who, examples in _MULTIPARTS],
        (
            b"--xx\r\n",
            b"--xx--",
            b"Content-Disposition: form-data; name=",
            b'filename="',
            b"filename*=UTF-8''",
            b"\r\n\r\n",
            b"Content-Type: ",
            b"\0",
            b"charset=utf-7",
        ),
    )
    yield through(
        world,
        "requests of git",
        [
            (
                Door(
                    "POST",
                    b"/alice/$GIST.git/git-upload-pack",
                    (
                        ("Content-Type", b"application/x-git-upload-pack-request"),
                        ("Git-Protocol", b"version=2"),
                        ("Content-Encoding", b"gzip"),
                    ),
                    b"<HERE>",
                ),
                [gzip.compress(b"0000"), gzip.compress(wire.line("command=ls-refs\n") + b"0000")],
            ),
            (
                Door(
                    "POST",
                    b"/init/git-receive-pack",
                    (
                        ("Authorization", b"Basic " + b"$BASIC"),
                        ("Content-Type", b"application/x-git-receive-pack-request"),
                    ),
                    b"<HERE>",
                ),
                [b"0000"],
            ),
            (
                Door("GET", b"/alice/$GIST.git/info/refs?<HERE>", (("Git-Protocol", b"version=2"),)),
                [b"service=git-upload-pack"],
            ),
            (
                Door("GET", b"/alice/$GIST.git/info/refs?service=git-upload-pack", (("Git-Protocol", b"<HERE>"),)),
                [b"version=2", b"version=2:x"],
            ),
        ],
        (b"service=", b"git-receive-pack", b"\x1f\x8b", b"0000", b"version=2"),
    )


_PATH_WORDS = (
    b"/",
    b"..",
    b"%2e%2e",
    b"%2f",
    b"%00",
    b"%ff",
    b"//",
    b"~",
    b"$GIST",
    b"$HEAD",
    b"$IDENT",
    b"$FILE",
    b"/api",
    b"/-/",
    b"alice",
    b".git",
    b"/raw/HEAD/",
    b"%0a",
    b"%e2%80%ae",
    b"\xc3\xa9",
    b"?",
    b"#",
    b";",
    b"%",
    b"anonymous",
    b"gist",
)


def _paths(world: World) -> list[bytes]:
    """The route of every page and endpoint, filled in."""
    holes = {
        "username": b"alice", "name": b"$GIST", "revision": b"$HEAD", "since": b"$FIRST", "path": b"hello.py", "sha": b"$HEAD",
        "filename": b"hello.py", "file_id": b"$FILE", "ident": b"$IDENT", "topic": b"topic", "word": b"Python", "form": b"zip",
        "version": b"v1",
    }  # fmt: skip
    found = []
    for rule in world.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            id = {"pastegg": b"$GIST", "ownpaste": b"$NUMBER", "opengist": b"$GIST"}.get(
                rule.endpoint.partition(".")[0], b"1"
            )
            path = re.sub(
                rb"<(?:[^:<>]*:)?(\w+)>", lambda match, id=id: holes.get(match[1].decode(), id), rule.rule.encode()
            )
            found.append(path)
    return found


_LISTS = (
    b"/api/gists",
    b"/api/gists/public",
    b"/api/gists/search",
    b"/api/users/alice/gists",
    b"/api/gists/$GIST/commits",
    b"/api/gists/$GIST/forks",
    b"/paste/",
    b"/v1/pastes",
    b"/v1/users/alice",
    b"/v1/pastes/$GIST",
    b"/-/all",
    b"/-/all.atom",
    b"/-/search",
    b"/-/topics",
    b"/-/users",
    b"/-/liked",
    b"/-/forked",
    b"/alice",
    b"/alice/$GIST",
    b"/alice/$GIST/revisions",
    b"/alice/$GIST/compare",
    b"/alice/$GIST.js",
    b"/alice/$GIST/embed",
    b"/-/login",
    b"/u/alice",
    b"/-/admin/users",
    b"/-/admin/gists",
    b"/-/settings/export.zip",
)
_QUERIES = [
    b"page=2&per_page=5",
    b"since=2020-01-01T00:00:00Z",
    b"q=hello&page=1",
    b"sort=likes&order=asc",
    b"user=alice&visibility=private",
    b"limit=5",
    b"full=true",
    b"file=hello.py&theme=dark",
    b"next=/x",
    b"skip=1&saved=1",
]
_QUERY_WORDS = (
    b"&",
    b"=",
    b"%00",
    b"%ff",
    b"+",
    b"page=",
    b"per_page=",
    b"q=",
    b"since=",
    b"limit=",
    b"skip=",
    b"file=",
    b"next=",
    b"//",
    b"%5c",
    b"%ed%a0%80",
    b"9999-12-31T23:59:59-23:59",
    b"0001-01-01T00:00:00%2B14:00",
    b"\xd9\xa1",
    b"user=",
)
_GUARDED = (
    ("GET", b"/api/gists"),
    ("GET", b"/v1/pastes"),
    ("POST", b"/paste/"),
    ("GET", b"/v1/snippets"),
    ("DELETE", b"/v1/users/alice"),
    ("GET", b"/alice/$GIST.git/info/refs?service=git-receive-pack"),
    ("DELETE", b"/v1/pastes/" + b"0" * 32),
)
_CREDENTIALS = [
    b"Bearer $TOKEN",
    b"Token $TOKEN",
    b"Key $KEY",
    b"Basic " + base64.b64encode(b"alice:og_x"),
    b"bearer $APITOKEN",
    b'Digest username="alice", realm="ownpaste", nonce="a.b.c", uri="/paste/", qop=auth, nc=00000001, cnonce="c", response="'
    + b"0" * 32
    + b'", algorithm=MD5',
    b"Digest username*=UTF-8''alice, nonce=x",
]
_COOKIES = [b"gistd_session=$SESSION", b"gistd_session=x; theme=dark", b'gistd_session="a\\"b"', b"theme=light"]
_HEADERS: dict[str, list[bytes]] = {
    "If-None-Match": [b'"$BLOB"', b"*", b'W/"a", "b"'],
    "If-Match": [b"*", b'"x"'],
    "If-Modified-Since": [b"Thu, 26 Nov 2026 16:00:00 GMT"],
    "Range": [b"bytes=0-3", b"bytes=-1", b"bytes=0-0,2-3"],
    "If-Range": [b'"x"', b"Thu, 26 Nov 2026 16:00:00 GMT"],
    "Accept": [b"application/json", b"text/html;q=0.5, */*"],
    "Accept-Language": [b"de-CH, en;q=0.8", b"*"],
    "Accept-Encoding": [b"gzip, br"],
    "User-Agent": [b"Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"],
    "Origin": [b"http://test", b"null"],
    "Sec-Fetch-Site": [b"same-origin"],
    "X-Forwarded-For": [b"1.2.3.4, ::1"],
    "Forwarded": [b"for=1.2.3.4;host=x"],
    "X-Paste": [b"1"],
    "Content-Type": [b"multipart/form-data; boundary=x", b"application/json; charset=utf-7"],
}
JSON_WORDS = (
    b'"',
    b"null",
    b"{}",
    b"[]",
    b"true",
    b"-1",
    b"1e5",
    b"\\ud800",
    b"\\u0000",
    b'"content"',
    b'"files"',
    b'"visibility"',
    b'"private"',
    b'"expires_at"',
    b'"filename"',
    b'"encoding": "base64"',
    b'"id"',
    b'"name"',
    b'"format": "xz"',
    b'"9999-12-31T23:59:59-23:59"',
    b"\xc3\xa9",
    b"\xff",
    b'"slug"',
    b'"topics"',
    b"a/b",
    b".git",
    b"\\u202e",
)
_OPENGIST = [
    b'{"files": {"a.py": {"content": "x"}}, "title": "T", "description": "d", "visibility": "private", "topics": ["a"], "slug": "s", "expire": "1day"}',
    b'{"files": {"hello.py": {"content": "eA==", "encoding": "base64", "filename": "b/c"}, "dot.bin": null}}',
    b'{"files": {"a": {"content": "x"}}, "expire": "custom", "expires_at": "2090-01-31T12:00:00Z"}',
    b'{"visibility": 1}',
]
_PASTE = (
    b'{"name": "n", "description": "d", "visibility": "unlisted", "expires": "2090-01-31T12:00:00Z", "files": [{"name": "a.py", "highlight_language": "python", "content": {"format": "text", "value": "x"}}, {"content": {"format": "gzip", "value": "'
    + base64.b64encode(gzip.compress(b"x"))
    + b'"}}]}'
)
_PASTEGG: list[tuple[str, bytes, list[bytes]]] = [
    ("POST", b"/v1/pastes", [_PASTE]),
    ("PATCH", b"/v1/pastes/$GIST", [b'{"name": null, "description": "d", "visibility": "public", "expires": null}']),
    ("POST", b"/v1/pastes/$GIST/files", [b'{"name": "b", "content": {"format": "base64", "value": "eA=="}}']),
    (
        "PATCH",
        b"/v1/pastes/$GIST/files",
        [
            b'[{"id": "$FILE", "name": "c"}, {"content": {"format": "text", "value": "y"}}]',
            b'[{"id": "$FILE", "content": null}]',
        ],
    ),
    ("PATCH", b"/v1/pastes/$GIST/files/$FILE", [b'{"name": "d", "highlight_language": null}', b'{"content": null}']),
    ("DELETE", b"/v1/pastes/ids", [b'["00000000-0000-0000-0000-000000000000"]']),
]
_RANNA = [b'{"language": "go", "code": "x", "displayname": "n"}', b'{"Code": "y"}']
_FORMS: dict[bytes, list[bytes]] = {
    b"/-/new": [
        b"file=1&name-1=a.py&text-1=x%0D%0A&title=T&description=d&visibility=public&topics=a+b&slug=&expires=1day&writer=alice",
        b"file=1&text-1=x&expires=at&expires_at=2090-01-31T12:00&writer=alice&do=add",
    ],
    b"/alice/$GIST/edit": [
        b"file=1&was-1=hello.py&id-1=$FILE&name-1=hello.py&text-1=x&revision=$HEAD&writer=alice&seen=%7B%22title%22%3A%22Title%22%7D&visibility=public&title=T&topics=topic&expires=never",
        b"file=1&was-1=hello.py&remove-1=1&file=2&name-2=n&kept-2=eA==&revision=$FIRST&writer=alice&take-1=theirs",
    ],
    b"/-/preview": [b"file=1&name-1=a.md&text-1=%23+a&preview=1&gist=$GIST"],
    b"/-/theme": [b"theme=dark&next=/"],
    b"/-/settings/access-tokens": [b"name=n&scope=gist:read&expires=30"],
    b"/-/settings/profile": [b"username=alice&email=a@b.c"],
    b"/-/settings/two-factor/on": [b"code=123456"],
    b"/alice/$GIST/like": [b"liked=1"],
    b"/alice/$GIST/archived": [b"archived=1"],
}
_SIGNING_IN: dict[bytes, list[bytes]] = {
    b"/-/login": [b"username=nobody&password=x&next=/"],
    b"/-/login/second": [b"code=123456&next=/"],
    b"/-/register": [b"username=a&email=b&password=c&repeat=d"],
    b"/-/settings/password": [b"current=x&password=c&repeat=c"],
}
PART = b'--xx\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
_MULTIPARTS: list[tuple[bytes, tuple[tuple[str, bytes], ...], list[bytes]]] = [
    (
        b"/-/new",
        (COOKIE, ORIGIN),
        [
            PART % (b"file", b"", b"1")
            + PART % (b"name-1", b"", b"a")
            + PART % (b"text-1", b"", b"x")
            + PART % (b"writer", b"", b"alice")
            + PART % (b"uploads", b'; filename="b.bin"\r\nContent-Type: image/png', b"\0\1")
            + b"--xx--\r\n"
        ],
    ),
    (
        b"/v1/pastes",
        (("X-Paste", b"1"),),
        [
            b'--xx\r\nContent-Disposition: form-data; name="m"\r\nContent-Type: application/json\r\n\r\n{"visibility": "public"}\r\n'
            + PART % (b"a.txt", b'; filename="f"\r\nContent-Type: text/plain', b"x")
            + b"--xx--\r\n"
        ],
    ),
]
