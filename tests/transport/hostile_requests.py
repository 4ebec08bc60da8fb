"""What stands before a sound pack and is no push of one commit to the one branch. See test_hostile_packs.py."""

import re
from collections.abc import Callable, Sequence

from . import packs
from .hostile_packs import Scene
from .packs import MAIN, MISSING, NOTHING, command, pkt

HostileBody = Callable[[Scene], bytes]

_REFS = (
    *("HEAD", "config", "hooks/post-receive", "objects/info/alternates", "../../x", "refs/heads/../x", "refs/heads/.."),
    *("refs/heads", "refs/heads/", "refs/heads/x", "refs/heads/x.lock", "refs/heads/main.lock", "refs/heads/main/"),
    *("refs/heads//main", "refs/heads/./main", "/refs/heads/main", "refs/heads/Main", "refs/heads/main^{}", "main"),
    *("refs/heads/main~1", "refs/heads/main:x", "refs/heads/mai?", "refs/heads/*", "refs/heads/-x", "refs/heads/HEAD"),
    *("refs/heads/@{0}", "refs/heads/main\\", "refs/heads/mai\u0144", "refs/heads/\u202eniam", "refs/heads/main\x7f"),
    *("refs/tags/v1", "refs/remotes/origin/main", "refs/replace/" + MISSING, "refs/notes/x", "refs/notes/commits"),
    *("refs/heads/" + "x" * 244, "refs/heads/" + "x" * 245, "refs/heads/" + "x" * 60_000, "refs/heads/\x1b[31mmain"),
)  # fmt: skip


def _commands(*lines: str) -> HostileBody:
    """Commands before a sound pack; `{head}` is where the branch is, `{tip}` the new commit."""

    def body(scene: Scene) -> bytes:
        objects = packs.revision({"a": b"a\n"}, scene.head)
        ids = {"head": scene.head, "tip": objects[-1].id, "zeros": NOTHING, "missing": MISSING, "main": MAIN}
        ids |= {"HEAD": scene.head.upper(), "TIP": objects[-1].id.upper(), "tree": objects[1].id}
        written = [line.format(**ids).encode("utf-8", "surrogateescape") for line in lines]
        return packs.request(written, packs.pack(objects))

    return body


_GOOD = "{head} {tip} {main}"

COMMANDS: dict[str, Sequence[str]] = {
    "the branch is elsewhere": ["{missing} {tip} {main}"],
    "the branch is at the new commit": ["{tip} {tip} {main}"],
    "the branch is at the tree": ["{tree} {tip} {main}"],
    "there is no branch yet": ["{zeros} {tip} {main}"],
    "the new commit is not in the pack": ["{head} {missing} {main}"],
    "the new commit is the tree": ["{head} {tree} {main}"],
    "old id in upper case": ["{HEAD} {tip} {main}"],
    "new id in upper case": ["{head} {TIP} {main}"],
    "old id of 39 digits": ["{head:.39} {tip} {main}"],
    "new id of 39 digits": ["{head} {tip:.39} {main}"],
    "new id of 64 digits": ["{head} {tip}" + "0" * 24 + " {main}"],
    "an id of letters": ["{head} " + "g" * 40 + " {main}"],
    "an id with a sign": ["{head} +{tip:.39} {main}"],
    "one id": ["{tip} {main}"],
    "no ref": ["{head} {tip}"],
    "an empty ref": ["{head} {tip} "],
    "two spaces": ["{head}  {tip} {main}"],
    "tabs": ["{head}\t{tip}\t{main}"],
    "a space after the ref": ["{head} {tip} {main} "],
    "words after the ref": ["{head} {tip} {main} force"],
    "a newline in the ref": ["{head} {tip} {main}\nok {main}"],
    "a thousand and one shallow lines": [*["shallow {missing}"] * 1001, _GOOD],
    "a shallow line without an id": ["shallow ", _GOOD],
    "an empty command": [""],
    "a text": ["hello"],
    "the same ref twice": [_GOOD, _GOOD],
    "the same ref twice, in turn": [_GOOD, "{tip} {head} {main}"],
    "another ref as well": [_GOOD, "{zeros} {tip} refs/heads/other"],
    "a ref first, and then the branch": ["{zeros} {tip} refs/heads/other", _GOOD],
    "a deletion as well": [_GOOD, "{head} {zeros} refs/heads/other"],
    "a deletion first": ["{head} {zeros} {main}", _GOOD],
    "a deletion": ["{head} {zeros} {main}"],
    "a deletion of nothing": ["{zeros} {zeros} {main}"],
    "17 refs": [f"{{zeros}} {{tip}} refs/heads/{number}" for number in range(17)],
    "1,000 refs": [f"{{zeros}} {{tip}} refs/heads/{number}" for number in range(1000)],
    "17 times the branch": [_GOOD] * 17,
    "a ref that is not UTF-8": ["{head} {tip} refs/heads/ma\udcffin"],
    **{f"ref {ref[:40]!a} of {len(ref)}": ["{head} {tip} " + re.sub(r"([{}])", r"\1\1", ref)] for ref in _REFS},
    **{f"new ref {ref[:40]!a}": ["{zeros} {tip} " + ref] for ref in ("HEAD", "config", "refs/replace/x", "refs/x")},
}


def _capability(words: bytes) -> HostileBody:
    def body(scene: Scene) -> bytes:
        objects = packs.revision({"a": b"a\n"}, scene.head)
        line = command(scene.head, objects[-1].id)
        return packs.request([line], packs.pack(objects), packs.CAPABILITIES.replace(b"object-format=sha1", words))

    return body


def _certificate(scene: Scene) -> bytes:
    """A signed push (gitprotocol-pack(5)); its commands stand inside the certificate."""
    objects = packs.revision({"a": b"a\n"}, scene.head)
    lines = [b"certificate version 0.1\n", b"pusher Pat <pat@example.org> 1700000000 +0000\n", b"nonce 1\n", b"\n"]
    lines += [command(scene.head, objects[-1].id) + b"\n", b"-----BEGIN PGP SIGNATURE-----\n", b"push-cert-end\n"]
    return packs.request([b"push-cert", *lines], packs.pack(objects))


def _altered(how: Callable[[bytes], bytes]) -> HostileBody:
    """What befalls the bytes of a sound request."""

    def body(scene: Scene) -> bytes:
        objects = packs.revision({"a": b"a\n"}, scene.head)
        return how(packs.request([command(scene.head, objects[-1].id)], packs.pack(objects)))

    return body


def _length(change: Callable[[int], bytes]) -> HostileBody:
    """Another length before the command."""
    return _altered(lambda body: change(int(body[:4], 16)) + body[4:])


def _before_the_pack(what: bytes) -> HostileBody:
    return _altered(lambda body: body.replace(b"0000PACK", what + b"PACK"))


BODIES: dict[str, HostileBody] = {
    "a certificate": _certificate,
    "the ids of SHA-256": _capability(b"object-format=sha256"),
    "the ids of nobody": _capability(b"object-format=md5"),
    "a length with a sign": _length(lambda size: b"+%03x" % size),
    "a length with a space": _length(lambda size: b" %03x" % size),
    "a length with an underscore": _length(lambda size: b"0_%02x" % size),
    "a length of hex": _length(lambda size: b"0x%02x" % size),
    "a length of letters": _length(lambda size: b"wxyz"),
    "a length of bytes": _length(lambda size: b"\xff\xff\xff\xff"),
    "a length of 1": _length(lambda size: b"0001"),
    "a length of 2": _length(lambda size: b"0002"),
    "a length of 3": _length(lambda size: b"0003"),
    "a length of 4": _length(lambda size: b"0004"),
    "a length of 5": _length(lambda size: b"0005"),
    "a length of 65,534": _length(lambda size: b"fffe"),
    "a length of 65,535": _length(lambda size: b"ffff"),
    "a length one too small": _length(lambda size: b"%04x" % (size - 1)),
    "a length one too large": _length(lambda size: b"%04x" % (size + 1)),
    "a length that takes the flush in": _length(lambda size: b"%04x" % (size + 4)),
    "half a length": _altered(lambda body: body[:2]),
    "half a command": _altered(lambda body: body[:60]),
    "a command and no more": _altered(lambda body: re.sub(rb"0000PACK.*", b"", body, flags=re.DOTALL)),
    "a command, a flush and no more": _altered(lambda body: re.sub(rb"PACK.*", b"", body, flags=re.DOTALL)),
    "the pack alone": _altered(lambda body: body[body.index(b"PACK") :]),
    "no flush": _before_the_pack(b""),
    "a delimiter for a flush": _before_the_pack(b"0001"),
    "an end for a flush": _before_the_pack(b"0002"),
    "two flushes": _before_the_pack(b"00000000"),
    "an empty line": _before_the_pack(b"00040000"),
    "options that nobody asked for": _before_the_pack(b"0000" + pkt(b"ci.skip") + b"0000"),
    "a flush after the pack": _altered(lambda body: body + b"0000"),
    "the request twice": _altered(lambda body: body + body),
    "capabilities in the second line": lambda scene: _commands(_GOOD, _GOOD + "\0report-status")(scene),
}

REQUESTS: dict[str, HostileBody] = {
    **{f"command: {name}": _commands(*lines) for name, lines in COMMANDS.items()},
    **{f"request: {name}": body for name, body in BODIES.items()},
}
