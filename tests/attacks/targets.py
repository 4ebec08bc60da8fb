"""What is fuzzed: the parsers themselves, and by `doors` the whole application."""

import base64
import gzip
import hashlib
import html.parser
import io
import json
import lzma
import random
import re
import urllib.parse
from collections.abc import Callable, Iterator

from gistd import api
from gistd.api.pastegg.content import FORMATS, Unpacker
from gistd.core import (
    credentials,
    diffs,
    digests,
    drafts,
    gists,
    house,
    languages,
    listings,
    masterkeys,
    options,
    pushes,
    rendering,
    search,
    sessions,
    text,
)
from gistd.core.drafts import Draft
from gistd.core.listings import Listing
from gistd.errors import GistdError, Invalid
from gistd.index import Gist
from gistd.store import check_path, folded, guard, upload
from gistd.store.delta import apply
from tests.transport import packs, random_packs, wire
from tests.transport.packs import blob, commit, file, folder, tree

from . import doors, doors_of_apps
from .fuzz import Finding, Target
from .world import SECRET, Door, World

Ask = Callable[[bytes], object]


def all_targets() -> list[Target]:
    world = World()
    return [
        *of_git(world),
        *of_text(world),
        *of_secrets(world),
        *doors.of_requests(world),
        *doors_of_apps.of_apps(world),
    ]


# ---------------------------------------------------------------------- git

_BLOBS = {blob(content).id: blob(content) for content in (b"one\n", random_packs.TEXT, b"")}
_ONE = blob(b"one\n").id
_INSIDE = tree(file("x", _ONE))
_TREES = (
    tree(file("a.txt", _ONE)),
    tree(file(".gitattributes", _ONE), file("a", _ONE, "100755"), folder("d", _INSIDE.id), file("z z", _ONE)),
    tree(*(file(f"{number:03}", _ONE) for number in range(20))),
    tree(file("\u00e9\u4e2d", _ONE), file("\U0001f600", _ONE)),
)
_NAMES = (
    b".git", b".gitmodules", b"git~1", b".GIT", b"..", b".", b"a/b", b"a\\b", b"\xe2\x80\xae", b"\xe2\x80\x8c", b"\xff",
    b"CON", b".gitattributes", b"100644 ", b"40000 ", b"120000 ", b"160000 ", b"\0", bytes.fromhex(_ONE),
)  # fmt: skip
_COMMITS = (
    commit(_TREES[0].id),
    commit(_TREES[0].id, who="\u00c9 <> 0 +0000", message=""),
    commit(_TREES[0].id, message="one\n\ntwo\0three"),
)
_PEOPLE = (
    b"author ", b"committer ", b"parent ", b"tree ", b"encoding UTF-7\n", b"gpgsig ", b"mergetag ", b"\n ", b"<", b">",
    b" <p@x> 1 +0000", b"9" * 18, b"-1", b"+9999", b"-2400", b"\xff\xfe", b"\n\n",
)  # fmt: skip


def of_git(world: World) -> Iterator[Target]:
    def push(*objects: packs.Obj) -> str:
        body = packs.request([packs.command(packs.NOTHING, objects[-1].id)], packs.pack(dict.fromkeys(objects)))
        return pushed(world, body)

    def of_tree(data: bytes) -> str:
        top = packs.Obj(packs.TREE, data)
        held = [each for each in _BLOBS.values() if bytes.fromhex(each.id) in data]
        held += [_INSIDE, _BLOBS[_ONE]] if bytes.fromhex(_INSIDE.id) in data else []
        return push(*held, top, commit(top.id))

    def of_commit(data: bytes) -> str:
        return push(_BLOBS[_ONE], _TREES[0], packs.Obj(packs.COMMIT, data))

    def of_delta(data: bytes) -> str:
        left = [1_000_000]

        def spend(number: int) -> None:
            left[0] -= number
            if left[0] < 0:
                raise guard.TooLarge("too much work")

        return f"{len(apply(random_packs.TEXT, data, 10_000, spend)) // 100}"

    steps = packs.delta(len(random_packs.TEXT), 30, packs.copy(0, 10), packs.insert(b"x" * 20))
    good = packs.request(
        [packs.command(packs.NOTHING, _COMMITS[0].id)], packs.pack([_BLOBS[_ONE], _TREES[0], _COMMITS[0]])
    )
    thin = packs.pack(
        [_BLOBS[_ONE], packs.ref_delta(_ONE, packs.appending(b"one\n", b"two\n")), _TREES[0], _COMMITS[0]]
    )
    several = packs.request([packs.command(packs.NOTHING, _COMMITS[0].id, f"refs/heads/{name}") for name in "ab"], thin)
    told = packs.request([packs.command(packs.NOTHING, _COMMITS[0].id)], thin, options=[b"title=T", b"topics=a,b"])
    of_pack = [_BLOBS[_ONE], _TREES[0], _COMMITS[0]]
    kinds = [packs.header(kind, size) for kind in range(8) for size in (0, 4, 300)]

    yield Target("trees of pushes", [each.content for each in _TREES], of_tree, _NAMES)
    yield Target("commits of pushes", [each.content for each in _COMMITS], of_commit, _PEOPLE)
    yield Target("deltas", [steps, packs.appending(random_packs.TEXT, b"more")], of_delta, [b"\x80", b"\xff", b"\0"])
    yield Target(
        "packs",
        [packs.pack(of_pack)[:-20], thin[:-20]],
        lambda data: pushed(world, packs.request([packs.command(packs.NOTHING, _COMMITS[0].id)], packs.sealed(data))),
        kinds,
    )
    yield Target("pushes in pieces", [b"1", b"2"], lambda data: made_up(world, data))
    yield Target(
        "bodies of pushes",
        [good, several, told],
        lambda data: pushed(world, data),
        [b"0000", b"0001", b"push-options", b"shallow " + b"1" * 40],
    )
    yield Target(
        "push options",
        [
            b"title=T",
            b"visibility=private\nexpire=1day",
            b"topics=a b,c\nurl=slug\ndescription=d",
            b"expire=2030-01-31T12:00:00Z",
        ],
        lambda data: _options(data),
        [b"title", b"expire=", b"never", b"9999-12-31T23:59:59-23:59", b"url=", b"topics="],
    )
    yield Target(
        "fetches",
        list(_fetches(world)),
        lambda data: _fetched(world, data),
        [b"0000", b"0001", b"0002", b"ffff", b"want ", b"have ", b"deepen 1", b"$HEAD", b"command=fetch", b"filter "],
    )


def pushed(world: World, body: bytes) -> str:
    """What became of a push that makes a gist; one that was taken is read in every way, and is gone again."""
    made = pushes.push_new(world.alice, "", io.BytesIO(body))
    if made.made is None:
        made.push.report(made.problem)
        if made.problem is not None:
            raise Invalid(made.problem)
        return "nothing to do"
    made.push.report(None, "words")
    try:
        looked_at(world, made.made)
    finally:
        gists.delete(world.alice, made.made)
    return "made"


def made_up(world: World, data: bytes) -> str:
    """As the dice fall: a push to a gist that holds what `random_packs` builds upon; see there."""
    dice = random.Random(data)
    level = dice.choice([name for name, (weight, _) in random_packs.LEVELS.items() for _ in range(weight)])
    gist = world.held()
    done = pushes.push(world.alice, gist, io.BytesIO(random_packs.LEVELS[level][1](dice).body()))
    done.push.report(done.problem)
    if done.problem is not None:
        raise Invalid(done.problem)
    looked_at(world, gists.get(world.alice, gist.id))
    gists.delete(world.alice, gist)
    return level


def looked_at(world: World, gist: Gist) -> None:
    """Every way to read a gist."""
    contents = gists.contents(gist)
    for each in contents.files:
        contents.read(each)
        world.ask(Door("GET", b"/alice/<HERE>"), f"{gist.id}/raw/HEAD/{urllib.parse.quote(each.path)}".encode())
    head = (gist.head or "").encode()
    for page in (
        b"",
        b"/revisions",
        b"/rev/" + head,
        b"/edit",
        b"/embed",
        b"/archive/HEAD.zip",
        b"/archive/HEAD.tar.gz",
    ):
        world.ask(Door("GET", b"/alice/<HERE>", (("Cookie", b"gistd_session=$SESSION"),)), gist.id.encode() + page)
    for place in (b"/api/gists/", b"/v1/snippets/", b"/v1/pastes/"):
        world.ask(Door("GET", place + b"<HERE>"), gist.id.encode())
    world.ask(Door("GET", b"/api/gists/<HERE>/commits"), gist.id.encode())
    world.ask(Door("GET", b"/v1/pastes/<HERE>/files"), gist.id.encode())
    world.ask(Door("GET", b"/paste/<HERE>/", (("Accept", b"application/json"),)), str(gist.number).encode())
    world.ask(Door("GET", b"/paste/<HERE>/raw/"), str(gist.number).encode())


def _options(data: bytes) -> str:
    wanted = options.change(data.decode(errors="replace").split("\n"))
    wanted.check()
    return ",".join(wanted.columns())


def _fetches(world: World) -> Iterator[bytes]:
    for version in (0, 2):
        for haves in ([], ["$FIRST"], ["1" * 40]):
            head = "$HEAD".ljust(40, "x")  # as long as what will stand there, so that the lengths are right
            yield bytes([version]) + wire.fetch_request(
                version, [head], [have.ljust(40, "x") for have in haves]
            ).replace(b"$HEAD" + b"x" * 35, b"$HEAD").replace(b"$FIRST" + b"x" * 34, b"$FIRST")
    yield (
        b"\2"
        + wire.line("command=ls-refs\n")
        + b"0001"
        + wire.line("peel\n")
        + wire.line("symrefs\n")
        + wire.line("ref-prefix refs/\n")
        + b"0000"
    )


def _fetched(world: World, data: bytes) -> str:
    protocol = "version=2" if data[:1] == b"\2" else ""
    answer = upload.serve(gists.repository(world.gist), protocol, world.named(data[1:]), house.answers)
    return "by git" if not isinstance(answer, bytes) else f"{answer[:12]!r}"


# ---------------------------------------------------------------------- text


def of_text(world: World) -> Iterator[Target]:
    bodies = [
        json.dumps(each).encode()
        for each in ({"files": {"a": {"content": "x"}}, "n": [1, 2.5, None, True]}, ["\ud83d\ude00", {}, []])
    ]
    marks = (
        b'"',
        b"\\ud800",
        b"\\u0000",
        b"NaN",
        b"1e400",
        b"[" * 200,
        b"{",
        b'{"a":1,"a":2}',
        b"\xff",
        b"Infinity",
        b"-",
    )
    yield Target("JSON", bodies, lambda data: type(api.parse(data)).__name__, marks)
    yield Target("contents of paste.gg", list(_contents()), _unpacked, (b"=", b"\n", b"\xfd7zXZ\0", b"\x1f\x8b"))
    yield Target(
        "search",
        [
            b"hello",
            b'"two words" lang:python',
            b"user:alice file:read title:Title topic:topic",
            b"print user:bob",
            b"std::sort https://x.y",
        ],
        lambda data: _found(world, data.decode(errors="surrogateescape")),
        (
            b'"',
            b"user:",
            b"lang:",
            b"file:",
            b"topic:",
            b"title:",
            b"*",
            b"NEAR(",
            b"^",
            b"%",
            b"_",
            b"\\",
            b" OR ",
            b"-",
            b"\0",
            b"c++",
            b"\xf0\x9f\x98\x80",
        ),
    )
    yield Target(
        "names of files",
        [b"a.txt", b"a/b/c.d", "\u00e9/\u4e2d.py".encode(), b"a\nA\nb"],
        lambda data: _placed(world, data),
        (*_NAMES, b"/", b"\n", b"a" * 260, b"e\xcc\x81", "\u00df\u1e9e\ufb01\u0130".encode()),
    )
    yield Target(
        "texts of forms", [b"one\r\ntwo\r\n\0one\ntwo\n", b"a\rb\0a\nb"], _from_form, (b"\r", b"\n", b"\r\n", b"\0")
    )
    yield Target(
        "kinds of files",
        [b"%PDF-1.7", b"<?xml version='1.0'?><svg/>", b"GIF89a", b"\xff\xfeh\0i\0", b"[1]", b"<!doctype html>"],
        _kind,
        (b"<!--", b"-->", b"<?", b"RIFF", b"ftyp", b"\0"),
    )
    yield Target(
        "diffs",
        [b"one\ntwo\nthree\n\0one\n2\nthree", b"\0a"],
        _different,
        (b"\n", b"\r", b"\n\n", b"\xff", b"\\ No newline"),
    )
    yield Target(
        "languages",
        [b"python", b"C++", b"Jupyter Notebook"],
        lambda data: _language(data.decode(errors="surrogateescape")),
        (b"#", b"++", b".", b"/"),
        0.1,
    )
    yield Target("Markdown", [_MARKDOWN, b"# a\n\n[a](b)\n", b"---\na: b\n---\n"], _markdown, _MARKDOWN_WORDS, 0.2)
    yield Target(
        "highlighting",
        [b"a.py\0def f(): pass\n", b"x.html\0<p>a</p>", b"Makefile\0a:\n\tb", b"a.ipynb\0{}", b"a.md\0# a"],
        _highlighted,
        (b".py", b".php", b".pl", b'"""', b"/*", b"<", b"&", b"\0", b"'"),
    )
    yield Target(
        "tables",
        [b",a,b\n1,2\n", b"\ta\tb\n1\t2\n", b';"a;b";c\n1;2\n'],
        _table,
        (b'"', b'""', b",", b"\n", b"\r", b"\0"),
    )
    yield Target("marked words", [b"one two\0one three", b"a\0b"], _marked, (b" ", b"\xe2\x80\xa8"))


def _contents() -> Iterator[bytes]:
    for number, format in enumerate(FORMATS):
        packed = {"text": b"one", "base64": b"one", "gzip": gzip.compress(b"one"), "xz": lzma.compress(b"one")}[format]
        yield bytes([number]) + (packed if format == "text" else base64.b64encode(packed))
    yield b"\2" + base64.b64encode(gzip.compress(b"a") + gzip.compress(b"b"))


def _unpacked(data: bytes) -> str:
    """The first byte is the format. What is no base64 is made that, or few would come further."""
    format, value = FORMATS[(data[:1] or b"\0")[0] % len(FORMATS)], data[1:]
    if format in ("gzip", "xz") and (data[:1] or b"\0")[0] >= 64:
        value = base64.b64encode(value)
    return f"{len(Unpacker()({'format': format, 'value': value.decode(errors='replace')})).bit_length()}"


def _found(world: World, words: str) -> str:
    page = listings.page(world.alice, Listing(words=words), 1, 3)
    search.parse(words)
    return f"{page.total > 0} {len(page.gists)}"


def _placed(world: World, data: bytes) -> str:
    """A name that is taken can be stored and read; names that are made up of others are all different, and taken."""
    names = data.decode(errors="surrogateescape").split("\n")
    paths = drafts.place(names)
    assert len({folded(path) for path in paths}) == len(names), "two of one name"
    for path in paths:
        check_path(path)
    for name in names:
        check_path(name)
    if len(data) % 8 == 0:  # it takes a hundred times as long
        gist = gists.create(world.alice, Draft(files=dict.fromkeys(paths, b"x")))
        looked_at(world, gist)
        gists.delete(world.alice, gist)
        return "stored"
    return "taken"


def _from_form(data: bytes) -> str:
    """What was not changed comes back as it was; and lines are never lost."""
    typed, _, before = (part.decode(errors="replace") for part in data.partition(b"\0"))
    sent = re.sub(r"\r\n|\r|\n", "\r\n", before)
    assert text.from_form(sent, before) == before, "a text that nobody changed was changed"
    made = text.from_form(typed, before)
    assert re.split(r"\r\n|\r|\n", made) == re.split(r"\r\n|\r|\n", typed), "a line was lost"
    return f"{chr(13) in made} {chr(10) in made}"


def _kind(data: bytes) -> str:
    text.for_display(data), text.editable(data), text.decode(data)
    return text.mime_type(data)


def _different(data: bytes) -> str:
    old, _, new = data.partition(b"\0")
    found = diffs.between(old, new, rendering.deadline())
    return "none" if found is None else f"{len(found)}"


def _language(word: str) -> str:
    known = languages.named(word)
    languages.near(word), languages.from_highlight(word), languages.guess(word, word), text.language(word)
    return f"{known is None}"


_MARKDOWN = b"""# Title
> [!NOTE]
> *a* **b** `c` [d](e.md "f") ![g](h.png) <b onclick=x>i</b>

| j | k |
|---|:-:|
| l | m |

- [x] n[^1]

```python
print(1)
```

[^1]: o
[p]: http://example.org
<details><summary>q</summary>r</details> ~~s~~ https://example.org
"""
_MARKDOWN_WORDS = (
    b"<script>", b"<img src=x onerror=alert(1)>", b"[a](javascript:alert(1))", b"<a href='java\tscript:x'>", b"<style>",
    b"<svg onload=x>", b"<math><mtext>", b"&#106;avascript:", b"data:text/html,x", b"<iframe srcdoc=x>", b"```", b"[^", b"|",
    b"<form action=x>", b"<input onfocus=x autofocus>", b"\0", b"<!--", b"-->", b"<![CDATA[", b"\n\n", b"    ", b"](", b"![", b"<a name=x id=y>",
)  # fmt: skip


class _Watch(html.parser.HTMLParser):
    """Meets nothing that could run, or load something from elsewhere."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe", "object", "embed", "form", "svg", "math", "link", "meta", "base"):
            raise Finding(f"an element that must not be: {tag}")
        for name, value in attrs:
            address = re.sub(r"[\0-\x20]", "", value or "").lower()
            if name.startswith("on") or name in ("style", "srcset", "formaction"):
                raise Finding(f"an attribute that must not be: {name}")
            if (
                name == "href"
                and re.match(r"[a-z][a-z0-9+.-]*:", address)
                and not address.startswith(("http:", "https:", "mailto:"))
            ):
                raise Finding(f"an address that must not be: {address[:20]}")
            if name == "src" and not address.startswith("/near/"):
                raise Finding("a picture from elsewhere")


def _blob(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _markdown(data: bytes) -> str:
    made = rendering.markdown(_blob(data), data.decode(errors="replace"), rendering.deadline(), "/near/")
    if made is None:
        return "none"
    _Watch(convert_charrefs=True).feed(made.html)
    return f"{len(made.headings)} {len(made.html).bit_length()}"


def _highlighted(data: bytes) -> str:
    name, _, words = (part.decode(errors="replace") for part in data.partition(b"\0"))
    lines = rendering.lines(_blob(data), name, words, rendering.deadline())
    for line in lines:
        _Watch(convert_charrefs=True).feed(line)
        if re.search(r"<(?!/?span\b)", line):
            raise Finding("something is not escaped")
    return f"{len(lines).bit_length()}"


def _table(data: bytes) -> str:
    delimiter = {b"\t": "\t", b";": ";"}.get(data[:1], ",")
    rows = rendering.table(_blob(data), data[1:].decode(errors="replace"), delimiter, rendering.deadline())
    return "none" if rows is None else f"{len(rows)} {len(rows[0])}"


def _marked(data: bytes) -> str:
    old, _, new = (part.decode(errors="replace") for part in data.partition(b"\0"))
    [(gone, came)] = rendering.marks([(old, new)], rendering.deadline())
    for words, spans in ((old, gone), (new, came)):
        assert all(0 <= start < end <= len(words) for start, end in spans), "a mark that is outside of the line"
    return f"{len(gone)} {len(came)}"


# ---------------------------------------------------------------------- secrets


def of_secrets(world: World) -> Iterator[Target]:
    words = (b"og_", b".", b"$TOKEN", b"$APITOKEN", b"$SESSION", b"$KEY", b"\xff", b"\0")
    given = [b"$TOKEN", b"$APITOKEN", b"$SESSION", b"$KEY", b"og_" + b"0" * 64, b"a.b.c"]
    yield Target("tokens and sessions", given, lambda data: _known(world, data), words)
    yield Target(
        "nonces of HTTP digest", [b"$NONCE", b"a.b.c"], lambda data: _nonce(world, data), (b".", b"$NONCE", b"-", b"_")
    )


def _known(world: World, data: bytes) -> str:
    """Nobody is let in by a secret that is not one."""
    word = world.named(data).decode("latin-1")
    known = {value.decode() for value in world.names.values()}
    found = []
    for ask in (
        lambda: credentials.actor_by_token(word, "x"),
        lambda: credentials.actor_by_token(word, "x", credentials.KEY),
        lambda: masterkeys.actor_by_token(word, "x"),
        lambda: credentials.actor_by_deletion_key(word),
        lambda: sessions.actor(word),
    ):
        try:
            found.append(ask().user is not None)
        except GistdError:
            found.append(False)
    sessions.half(word)
    if any(found) and word not in known:
        raise Finding("somebody is let in by what is no secret")
    return f"{found}"


def _nonce(world: World, data: bytes) -> str:
    """An answer that is right, to a nonce that may not be ours; none is good for twice."""
    nonce = data.replace(b"$NONCE", digests.nonce().encode()).decode("latin-1")
    known = hashlib.md5(f"alice:ownpaste:{SECRET}".encode()).hexdigest()
    asked = hashlib.md5(b"POST:/paste/").hexdigest()
    response = hashlib.md5(f"{known}:{nonce}:00000001:c:auth:{asked}".encode(errors="surrogatepass")).hexdigest()
    answer = digests.Answer("POST", "/paste/", "alice", nonce, "/paste/", response, "auth", "00000001", "c")
    digests.actor(answer, "x")
    try:
        digests.actor(answer, "x")
    except GistdError:
        return "ours"
    raise Finding("an answer was good for twice")
