"""Sound packs of objects that must not come in: commits, trees, what they name, what nobody names.

See test_hostile_packs.py, and test_push_guard.py for the trees that git itself would take.
"""

from collections.abc import Callable

from . import packs
from .hostile_packs import HostilePush, Scene, Sent, of
from .packs import MISSING, PAT, Obj, blob, commit, file, folder, ref_delta, tag, tree

FILE = blob(b"content\n")
_LAST = file("zz", FILE.id)  # so that the file is always used

# ---------------------------------------------------------------- commits

_HEAD = "tree {tree}\nparent {head}\n"
_WHO = f"author {PAT}\ncommitter {PAT}\n"
_BAD_PEOPLE = {
    "no mail address": "Pat 1700000000 +0000",
    "no brackets": "Pat pat@example.org 1700000000 +0000",
    "no name": "<pat@example.org> 1700000000 +0000",
    "no space before the address": "Pat<pat@example.org> 1700000000 +0000",
    "no space after the address": "Pat <pat@example.org>1700000000 +0000",
    "an open bracket in the name": "P<at <pat@example.org> 1700000000 +0000",
    "a closing bracket in the name": "P>at <pat@example.org> 1700000000 +0000",
    "an open bracket in the address": "Pat <pat<@example.org> 1700000000 +0000",
    "two addresses": "Pat <pat@example.org> <pat@example.org> 1700000000 +0000",
    "an address without end": "Pat <pat@example.org 1700000000 +0000",
    "no date": "Pat <pat@example.org>",
    "no date but a zone": "Pat <pat@example.org> +0000",
    "a date of words": "Pat <pat@example.org> yesterday +0000",
    "a date with zeros before it": "Pat <pat@example.org> 01700000000 +0000",
    "a date before all dates": "Pat <pat@example.org> -1 +0000",
    "a date with a plus": "Pat <pat@example.org> +1700000000 +0000",
    "a date beyond 64 bits": "Pat <pat@example.org> 99999999999999999999 +0000",
    "a date beyond all numbers": f"Pat <pat@example.org> {'9' * 5000} +0000",
    "a date of hex digits": "Pat <pat@example.org> 0x5 +0000",
    "a date with a fraction": "Pat <pat@example.org> 1700000000.5 +0000",
    "two spaces before the date": "Pat <pat@example.org>  1700000000 +0000",
    "no zone": "Pat <pat@example.org> 1700000000",
    "a zone of letters": "Pat <pat@example.org> 1700000000 UTC",
    "a zone without a sign": "Pat <pat@example.org> 1700000000 0000",
    "a zone of three digits": "Pat <pat@example.org> 1700000000 +000",
    "a zone of five digits": "Pat <pat@example.org> 1700000000 +00000",
    "words after the zone": "Pat <pat@example.org> 1700000000 +0000 x",
    "NUL in the name": "P\0at <pat@example.org> 1700000000 +0000",
}

COMMITS: dict[str, str] = {
    "empty": "",
    "a text": "hello, world\n",
    "no tree": "parent {head}\n" + _WHO + "\nx\n",
    "two trees": "tree {tree}\n" + _HEAD + _WHO + "\nx\n",
    "tree after parent": "parent {head}\ntree {tree}\n" + _WHO + "\nx\n",
    "tree in upper case": "tree {TREE}\nparent {head}\n" + _WHO + "\nx\n",
    "tree of 39 digits": "tree {tree:.39}\nparent {head}\n" + _WHO + "\nx\n",
    "tree of 41 digits": "tree {tree}0\nparent {head}\n" + _WHO + "\nx\n",
    "tree and a space": "tree {tree} \nparent {head}\n" + _WHO + "\nx\n",
    "tree and a carriage return": "tree {tree}\r\nparent {head}\n" + _WHO + "\nx\n",
    "tree is not here": "tree {missing}\nparent {head}\n" + _WHO + "\nx\n",
    "tree is a file": "tree {blob}\nparent {head}\n" + _WHO + "\nx\n",
    "tree is a commit": "tree {head}\nparent {head}\n" + _WHO + "\nx\n",
    "tree of zeros": "tree {zeros}\nparent {head}\n" + _WHO + "\nx\n",
    "parent is not here": "tree {tree}\nparent {missing}\n" + _WHO + "\nx\n",
    "parent is a tree": "tree {tree}\nparent {tree}\n" + _WHO + "\nx\n",
    "parent is a file": "tree {tree}\nparent {blob}\n" + _WHO + "\nx\n",
    "parent of zeros": "tree {tree}\nparent {zeros}\n" + _WHO + "\nx\n",
    "parent in upper case": "tree {tree}\nparent {HEAD}\n" + _WHO + "\nx\n",
    "parent of 39 digits": "tree {tree}\nparent {head:.39}\n" + _WHO + "\nx\n",
    "parent was pushed away": "tree {tree}\nparent {gone}\n" + _WHO + "\nx\n",
    "parent is in another gist": "tree {tree}\nparent {foreign}\n" + _WHO + "\nx\n",
    "second parent is not here": _HEAD + "parent {missing}\n" + _WHO + "\nx\n",
    "second parent is in another gist": _HEAD + "parent {foreign}\n" + _WHO + "\nx\n",
    "parent after author": f"tree {{tree}}\nauthor {PAT}\nparent {{head}}\ncommitter {PAT}\n\nx\n",
    "no author": _HEAD + f"committer {PAT}\n\nx\n",
    "two authors": _HEAD + f"author {PAT}\n" + _WHO + "\nx\n",
    "author after committer": _HEAD + f"committer {PAT}\nauthor {PAT}\n\nx\n",
    "no committer": _HEAD + f"author {PAT}\n\nx\n",
    "no people": _HEAD + "\nx\n",
    "Author": _HEAD + f"Author {PAT}\ncommitter {PAT}\n\nx\n",
    "headers without end": _HEAD + _WHO.removesuffix("\n"),
    "headers cut off": _HEAD + "author Pat <pat@exam",
    "NUL in the message": _HEAD + _WHO + "\nx\0y\n",
    "NUL in a header": _HEAD + _WHO + "encoding a\0b\n\nx\n",
    "10,000 parents": "tree {tree}\n" + "parent {head}\n" * 10_000 + _WHO + "\nx\n",
    **{f"author, {name}": f"{_HEAD}author {who}\ncommitter {PAT}\n\nx\n" for name, who in _BAD_PEOPLE.items()},
    **{f"committer, {name}": f"{_HEAD}author {PAT}\ncommitter {who}\n\nx\n" for name, who in _BAD_PEOPLE.items()},
}
"""The bytes of a commit; all that it names is in the pack."""


def _written(scene: Scene, text: str) -> tuple[Obj, Obj]:
    """(its tree, the commit)"""
    top = tree(_LAST)
    ids = {"head": scene.head, "blob": FILE.id, "missing": MISSING, "zeros": packs.NOTHING}
    ids |= {"tree": top.id, "TREE": top.id.upper(), "HEAD": scene.head.upper()}
    ids |= {"gone": scene.gone[-1].id, "foreign": scene.foreign[0]}
    return top, Obj(packs.COMMIT, text.format(**ids).encode())


def with_commit(text: str) -> HostilePush:
    return lambda scene: of([FILE, *_written(scene, text)])


def _as_delta(text: str) -> HostilePush:
    """A malformed commit that only shows itself when it is put together."""

    def push(scene: Scene) -> Sent:
        top, bad = _written(scene, text)
        good = commit(top.id, scene.head)
        step = packs.delta(len(good.content), len(bad.content), packs.insert(bad.content))
        above = commit(top.id, bad.id, good.id)
        return Sent(packs.pack([FILE, top, good, ref_delta(good.id, step), above]), above.id)

    return push


# ---------------------------------------------------------------- trees

_INSIDE = tree(_LAST)
_MODES = ("", "1006440", "10064", "100644x", "100600", "100000", "107777", "20000", "60000", "140000", "040000", "-1")
_MORE_MODES = ("+100644", "0x81a4", "100644\n", "000000000000000000000000100644", "7" * 30)

TREES: dict[str, bytes] = {
    **{f"mode {mode[:12]!r}": file("a", FILE.id, mode) + _LAST for mode in (*_MODES, *_MORE_MODES)},
    "a folder with a padded mode": file("a", _INSIDE.id, "040000") + _LAST,
    "no mode": b"a\0" + bytes.fromhex(FILE.id) + _LAST,
    "no name": file("", FILE.id) + _LAST,
    "no id": b"100644 a\0",
    "no end of the name": b"100644 a",
    "no space": b"100644",
    "half an id": _LAST[:-10],
    "a byte too many": _LAST + b"1",
    "noise": bytes(range(256)),
    "a file of zeros": file("a", packs.NOTHING) + _LAST,
    "a folder of zeros": folder("a", packs.NOTHING) + _LAST,
    "a folder that is not here": folder("a", MISSING) + _LAST,
    "a folder and a file behind it that sorts before": folder("a", _INSIDE.id) + file("a.b", FILE.id) + _LAST,
    "a folder sorted as a file": folder("a", _INSIDE.id) + file("a-b", FILE.id) + _LAST,
    "a file sorted as a folder": file("a0", FILE.id) + folder("a", _INSIDE.id) + _LAST,
    "folders out of order": folder("b", _INSIDE.id) + folder("a", _INSIDE.id) + _LAST,
    "a file and a folder of one name": file("a", FILE.id) + folder("a", _INSIDE.id) + _LAST,
    "a file, a file, a folder of one name": file("a", FILE.id) + file("a.b", FILE.id) + folder("a", _INSIDE.id) + _LAST,
    "a folder twice": folder("a", _INSIDE.id) * 2 + _LAST,
    "a file twice, not in a row": file("a", FILE.id) + file("b", FILE.id) + file("a", FILE.id) + _LAST,
    "a file twice, in two modes": file("a", FILE.id) + file("a", FILE.id, "100755") + _LAST,
    "a file that differs from a folder in case": file("A", FILE.id) + folder("a", _INSIDE.id) + _LAST,
    ".gitattributes is a link": file(".gitattributes", FILE.id, "120000") + _LAST,
    ".gitattributes is a folder": folder(".gitattributes", _INSIDE.id) + _LAST,
    ".gitmodules is a folder": folder(".gitmodules", _INSIDE.id) + _LAST,
    ".gitignore is a link": file(".gitignore", FILE.id, "120000") + _LAST,
    ".mailmap is a link": file(".mailmap", FILE.id, "120000") + _LAST,
}  # fmt: skip
"""The bytes of the tip's tree; FILE and _INSIDE are in the pack."""

EVIL = blob(b'[submodule "../../x"]\n\tpath = x\n\turl = -u./x\n' + b"a " * 1500)
"""What git refuses as .gitmodules and, for its long line, as .gitattributes."""

EVIL_NAMES = (
    *(".gitattributes", ".GITATTRIBUTES", ".GitAttributes", ".gitattributes.", ".gitattributes::$DATA", ".gitmodules."),
    *("gitatt~1", "GITATT~2", "gitatt~4", "gi7d29~1", "GI7D29~9", "gi7d2~12", "gi7~1234"),
    *("gitmod~2", "GITMOD~4", "gi7eba~2", "gi7eb~12", "GI7~1234", "gi~12345", "g~123456", "~1000000", "~9999999"),
    *(".git\u200cattributes", "\ufeff.gitattributes", ".GitAttri\u206abutes", ".git\u200dmodules", ".gitmodules\u206f"),
)  # fmt: skip
"""What some file system takes for one of the two."""


def with_tree(raw: bytes) -> HostilePush:
    top = Obj(packs.TREE, raw)
    inside = [_INSIDE] if bytes.fromhex(_INSIDE.id) in raw else []
    return lambda scene: of([FILE, *inside, top, commit(top.id, scene.head)])


def _evil(name: str, in_folder: bool = False) -> HostilePush:
    def push(scene: Scene) -> Sent:
        top = inside = tree(file(name, EVIL.id))
        if in_folder:
            top = tree(folder("a", inside.id))
        return of([*dict.fromkeys([EVIL, inside, top]), commit(top.id, scene.head)])

    return push


def _attributes(line: bytes) -> HostilePush:
    return lambda scene: of(packs.revision({".gitattributes": b"a b\n" + line}, scene.head))


def _tree_as_delta(scene: Scene) -> Sent:
    """An unsorted tree, made of a sorted one."""
    a, b = file("a", FILE.id), file("b", FILE.id)
    good, bad = tree(a, b), tree(b, a)
    step = packs.delta(len(a + b), len(a + b), packs.copy(len(a), len(b)), packs.copy(0, len(a)))
    below = commit(good.id, scene.head)
    tip = commit(bad.id, below.id)
    return Sent(packs.pack([FILE, good, ref_delta(good.id, step), below, tip]), tip.id)


# ---------------------------------------------------------------- what is not there, what nobody asked for


def _tip_is(make: Callable[[Scene], Obj]) -> HostilePush:
    """Something other than a commit that the branch shall name, beside a sound revision."""

    def push(scene: Scene) -> Sent:
        made = make(scene)
        return Sent(packs.pack([*packs.revision({"a": b"a\n"}, scene.head), made]), made.id)

    return push


def _besides(make: Callable[[Scene], Obj]) -> HostilePush:
    """A sound revision, and an object that it does not reach."""

    def push(scene: Scene) -> Sent:
        objects = packs.revision({"a": b"a\n"}, scene.head)
        return Sent(packs.pack([*objects, make(scene)]), objects[-1].id)

    return push


def _without(which: int) -> HostilePush:
    def push(scene: Scene) -> Sent:
        objects = packs.revision({"a": b"only here\n"}, scene.head)
        return Sent(packs.pack([each for each in objects if each != objects[which]]), objects[-1].id)

    return push


def _foreign_file(scene: Scene) -> Sent:
    top = tree(file("stolen", scene.foreign[1]))
    return of([top, commit(top.id, scene.head)])


def _nothing_with_tip(find: Callable[[Scene], str]) -> HostilePush:
    return lambda scene: Sent(packs.pack([]), find(scene))


OBJECTS: dict[str, HostilePush] = {
    **{f"commit: {name}": with_commit(text) for name, text in COMMITS.items()},
    **{f"commit by delta: {name}": _as_delta(COMMITS[name]) for name in ("empty", "no author", "two trees")},
    **{f"tree: {name}": with_tree(raw) for name, raw in TREES.items()},
    **{f"tree: evil {name!a}": _evil(name) for name in EVIL_NAMES},
    "tree: evil .gitattributes in a folder": _evil(".gitattributes", in_folder=True),
    "tree: .gitattributes with a line of 2,048 bytes": _attributes(b"c" * 2048 + b"\n"),
    "tree: .gitattributes that ends in a line of 2,048 bytes": _attributes(b"c" * 2048),
    "tree by delta: unsorted": _tree_as_delta,
    "tip: a tag": _tip_is(lambda scene: tag(scene.head)),
    "tip: a tree": _tip_is(lambda scene: tree(file("b", blob(b"a\n").id))),
    "tip: a file": _tip_is(lambda scene: blob(b"b\n")),
    "tip: a tree of the gist": _nothing_with_tip(lambda scene: scene.tree),
    "tip: a file of the gist": _nothing_with_tip(lambda scene: scene.blob),
    "tip: it is not here": _nothing_with_tip(lambda scene: MISSING),
    "tip: it was pushed away": _nothing_with_tip(lambda scene: scene.gone[-1].id),
    "tip: it is in another gist": _nothing_with_tip(lambda scene: scene.foreign[0]),
    "missing: the file": _without(0),
    "missing: the tree": _without(1),
    "missing: the commit": _without(2),
    "missing: a file of another gist": _foreign_file,
    "leftover: a file": _besides(lambda scene: blob(b"nobody wants me\n")),
    "leftover: a tree": _besides(lambda scene: tree(file("b", blob(b"a\n").id))),
    "leftover: a commit": _besides(lambda scene: commit(scene.tree, scene.head, message="nobody\n")),
    "leftover: a tag": _besides(lambda scene: tag(scene.head)),
    "leftover: a malformed commit": _besides(lambda scene: Obj(packs.COMMIT, b"x")),
    "leftover: a malformed tree": _besides(lambda scene: Obj(packs.TREE, b"x")),
    "leftover: a malformed tag": _besides(lambda scene: Obj(packs.TAG, b"x")),
}
