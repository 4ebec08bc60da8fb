"""Raw pushes that a real git would not send: refused with words, and without a trace; or odd, and taken."""

import os
import re
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness import Client, Git, Server

from . import packs
from .hostile_bombs import BOMBS
from .hostile_objects import OBJECTS
from .hostile_packs import FILE, PACKS, HostilePush, Scene, Sent
from .hostile_requests import REQUESTS
from .packs import Answer, Obj, blob, commit, entry, file, folder, ref_delta, tree

HOSTILE: dict[str, HostilePush] = {**PACKS, **OBJECTS}
MEMORY_MIB = 200
"""The most that a worker may grow by, whatever it is sent."""

_PROGRAMMERS_WORDS = re.compile(
    r"Traceback|Error\b|Exception|<class|<built-in|NoneType|(?:^|[\s(=])b['\"]|0x[0-9a-f]{6}|/tmp|\.py\b"
)
_BESIDE_THE_POINT = re.compile(r"fetch first|meantime|one branch")


class Place(NamedTuple):
    """A gist to push to, in its owner's name, and what a push finds there."""

    client: Client
    url: str
    scene: Scene

    @property
    def id(self) -> str:
        return self.url.rpartition("/")[2].removesuffix(".git")

    def send(self, sent: Sent) -> Answer:
        return self.post(packs.request([packs.command(self.scene.head, sent.tip)], sent.pack))

    def post(self, body: bytes) -> Answer:
        return packs.push(self.client, self.url, body)


def place(client: Client, foreign: list[str]) -> Place:
    """A new gist with a known history, of which one revision was pushed away."""
    gist = client.create()
    head = gist["commits"][0]["version"]
    old, new = (packs.revision({"hello.py": content}) for content in (b"print('old')\n", b"print('hello')\n"))
    for objects in (old, new):
        command = packs.command(head, objects[-1].id)
        answer = packs.push(client, gist["clone_url"], packs.request([command], packs.pack(objects)))
        assert answer.accepted, answer
        head = objects[-1].id
    hello, top, tip = new
    return Place(client, gist["clone_url"], Scene(tip.id, top.id, hello.id, old, foreign))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little on its disk, so that all of it can be looked at often."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts it for what we start, too
    running = Server(tmp_path_factory.mktemp("packs")).as_program().start("--workers", "1")
    yield running
    peak = _stop_and_weigh(running)
    print(f"the largest process of the server held {peak:.0f} MiB; this one {own:.0f}")
    assert "Traceback" not in running.log.read_text(), "the server met something it did not expect"
    assert peak < own + MEMORY_MIB


def _peaks(server: Server) -> dict[int, float]:
    """MiB that each process of the server has held at most, by its id."""
    assert server.process is not None
    peaks = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            session = (path / "stat").read_text().rpartition(")")[2].split()[3]
            found = re.search(r"VmHWM:\s+(\d+)", (path / "status").read_text())
            if found and int(session) == server.process.pid:
                peaks[int(path.name)] = int(found[1]) / 1024
    return peaks


def _stop_and_weigh(server: Server) -> float:
    """MiB that the largest process of the server has held, of all that it has ever started."""
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(server.process.pid, 0)
    server.process.returncode = os.waitstatus_to_exitcode(status)
    assert server.process.returncode == 0, server.log.read_text()
    return usage.ru_maxrss / 1024


@pytest.fixture(scope="module")
def pusher(quiet: Server) -> Client:
    return quiet.user("pusher")


@pytest.fixture(scope="module")
def foreign(quiet: Server, pusher: Client) -> list[str]:
    """The ids of a commit and of a file that only somebody else may see."""
    gist = quiet.user("other").create({"secret": "secret\n"}, visibility="private")
    return [gist["commits"][0]["version"], blob(b"secret\n").id]


@pytest.fixture(scope="module")
def idle(quiet: Server, pusher: Client) -> dict[int, float]:
    """What the processes of the server have held before the first bomb."""
    place(pusher, [])
    return _peaks(quiet)


@pytest.fixture(scope="module")
def targets() -> list[Place]:
    return []


@pytest.fixture
def target(pusher: Client, foreign: list[str], targets: list[Place]) -> Place:
    """Where everything is refused, so that it stays as it is; another one after a push that was not."""
    if not targets or pusher.read(targets[-1].id)["commits"][0]["version"] != targets[-1].scene.head:
        targets.append(place(pusher, foreign))
    return targets[-1]


def refused(server: Server, push: Callable[[], Answer]) -> Answer:
    """The answer to a push that must be refused in words for people and leave nothing behind."""
    before = server.on_disk()
    answer = push()
    assert not answer.accepted, answer
    assert answer.status == 200 or 400 <= answer.status < 500, answer
    assert answer.status != 200 or (answer.refs and all(answer.refs.values())), "not every ref is refused"
    for words in (answer.reason.removesuffix("\n"), answer.unpack, *answer.said.splitlines()):
        assert words.isprintable() and len(words) <= 400, answer
        assert not _PROGRAMMERS_WORDS.search(words), answer
    assert re.search(r"[a-z]{2,} .*[a-z]{2,}", answer.reason), f"these are no words: {answer}"
    assert server.on_disk() == before, "something of the push stayed on disk"
    return answer


@pytest.mark.parametrize("what", HOSTILE, ids=str)
def test_hostile_packs_are_refused(quiet: Server, target: Place, what: str) -> None:
    sent = HOSTILE[what](target.scene)
    answer = refused(quiet, lambda: target.send(sent))
    print(answer.reason)
    assert not _BESIDE_THE_POINT.search(answer.reason), answer


@pytest.mark.parametrize("what", REQUESTS, ids=str)
def test_hostile_requests_are_refused(quiet: Server, target: Place, what: str) -> None:
    body = REQUESTS[what](target.scene)
    print(refused(quiet, lambda: target.post(body)).reason)


def test_a_pack_that_is_cut_off_anywhere(quiet: Server, target: Place) -> None:
    sound = packs.revision({"a": b"a\n"}, target.scene.head)
    pack, tip = packs.pack(sound), sound[-1].id
    before = quiet.on_disk()
    for at in range(len(pack) - 20):
        cut = packs.sealed(pack[:at]) if at % 10 else pack[:at]
        answer = target.send(Sent(cut, tip))
        assert not answer.accepted, (at, answer)
    assert quiet.on_disk() == before


def test_the_next_push_is_taken_as_ever(target: Place) -> None:
    """By the gist that all of the above was sent to."""
    assert target.send(ODD_BUT_FINE["whole objects"](target.scene)).accepted


# ---------------------------------------------------------------- bombs


@pytest.mark.parametrize("what", BOMBS, ids=str)
def test_bombs_cost_little_memory(quiet: Server, target: Place, idle: dict[int, float], what: str) -> None:
    """Of the worker; what it may have started is weighed when the server stops."""
    sent = BOMBS[what](target.scene)
    answer = refused(quiet, lambda: target.send(sent))
    growth = max(peak - idle.get(process, 0) for process, peak in _peaks(quiet).items())
    print(f"{len(sent.pack):,} bytes; the worker has grown by up to {growth:.1f} MiB; {answer.reason}")
    assert not _BESIDE_THE_POINT.search(answer.reason), answer
    assert growth < MEMORY_MIB


# ---------------------------------------------------------------- odd, but fine


def _people(scene: Scene, who: bytes, message: bytes = b"x\n", headers: bytes = b"") -> Sent:
    top = tree(file("a", FILE.id))
    head = f"tree {top.id}\nparent {scene.head}\n".encode()
    made = Obj(packs.COMMIT, head + b"author %s\ncommitter %s\n%s\n%s" % (who, who, headers, message))
    return _of(FILE, top, made)


def _of(*objects: Obj) -> Sent:
    return Sent(packs.pack(objects), objects[-1].id)


def _reversed_chain(scene: Scene) -> Sent:
    """240 REF_DELTAs, each before its base."""
    contents = [b"x\n%d" % number for number in range(241)]
    deltas = [
        ref_delta(blob(before).id, packs.delta(len(before), len(after), packs.copy(0, 2), packs.insert(after[2:])))
        for before, after in pairwise(contents)
    ]
    revisions = packs.history(contents, scene.head)
    entries = [*reversed(deltas), entry(blob(contents[0])), *map(entry, reversed(revisions))]
    return Sent(packs.pack(entries), revisions[-1].id)


def _thin(scene: Scene) -> Sent:
    """All three are deltas against what the gist holds."""
    hello, top, tip = packs.revision({"hello.py": b"print('hello')\n"})
    made = packs.revision({"hello.py": b"print('hello')\n# more\n"}, scene.head)
    deltas = [
        ref_delta(old.id, packs.delta(len(old.content), len(new.content), packs.insert(new.content)))
        for old, new in zip((hello, top, tip), made, strict=True)
    ]
    return Sent(packs.pack(deltas), made[-1].id)


def _all_again(scene: Scene) -> Sent:
    """What a clone sends that does not know the branch's newest commit: what the gist holds, and more."""
    first = packs.revision({"hello.py": b"print('hello')\n"})
    return _of(*first, *packs.revision({"a": b"a\n"}, first[-1].id))


def _commits_first(scene: Scene) -> Sent:
    objects = packs.revision({"a": b"a\n", "b": b"b\n"}, scene.head)
    return Sent(packs.pack(objects[::-1]), objects[-1].id)


def _folders(scene: Scene) -> Sent:
    """`a.b` sorts before the folder `a`, `a0` behind it; one tree stands in three places."""
    inside = tree(file("x", FILE.id))
    names = [file("a.b", FILE.id), folder("a", inside.id), file("a0", FILE.id), folder("b", inside.id)]
    top = tree(*names, file("c", FILE.id, "100755"))
    return _of(FILE, inside, top, commit(top.id, scene.head), commit(inside.id, commit(top.id, scene.head).id))


def _many_parents(scene: Scene) -> Sent:
    """Three commits out of nowhere, merged with the branch."""
    roots = [commit(scene.tree, message=f"{number}\n") for number in range(3)]
    return _of(*roots, commit(scene.tree, scene.head, *(root.id for root in roots)))


def _stored(scene: Scene) -> Sent:
    objects = packs.revision({"a": bytes(100_000)}, scene.head)
    return Sent(packs.pack([entry(each, level=0) for each in objects]), objects[-1].id)


def _binary(scene: Scene) -> Sent:
    return _of(*packs.revision({"empty": b"", "a": bytes(range(256)) * 300, "b": b"\r\n\0"}, scene.head))


ODD_BUT_FINE: dict[str, Callable[[Scene], Sent]] = {
    "whole objects": lambda scene: _of(*packs.revision({"a": b"a\n"}, scene.head)),
    "a chain of 240 deltas, from behind": _reversed_chain,
    "a thin pack": _thin,
    "a pack with all that is there already": _all_again,
    "commits before trees before files": _commits_first,
    "folders": _folders,
    "merged roots": _many_parents,
    "streams without compression": _stored,
    "empty and binary files": _binary,
    "what was pushed away comes back": lambda scene: _of(*scene.gone),
    "the same revision again": lambda scene: _of(*packs.revision({"hello.py": b"print('hello')\n"})),
    "a new commit of the same tree": lambda scene: _of(commit(scene.tree, scene.head)),
    "an empty name": lambda scene: _people(scene, b" <pat@example.org> 1700000000 +0000"),
    "an empty address": lambda scene: _people(scene, b"Pat <> 1700000000 +0000"),
    "a name in Latin-1": lambda scene: _people(scene, b"P\xe4t <p\xe4t@example.org> 1700000000 +0000"),
    "the first second": lambda scene: _people(scene, b"Pat <pat@example.org> 0 +0000"),
    "a zone that is not on earth": lambda scene: _people(scene, b"Pat <pat@example.org> 1700000000 -9959"),
    "no message": lambda scene: _people(scene, packs.PAT.encode(), b""),
    "a message in Latin-1": lambda scene: _people(scene, packs.PAT.encode(), b"\xe4\xff"),
    "a signed commit": lambda scene: _people(scene, packs.PAT.encode(), headers=b"gpgsig -----BEGIN\n x\n -----END\n"),
    "an encoding": lambda scene: _people(scene, packs.PAT.encode(), headers=b"encoding ISO-8859-1\n"),
    "attributes with long lines": lambda scene: _of(
        *packs.revision({".gitattributes": b"a" * 2047 + b"\n", ".gitignore": b"x" * 5000, "gitatt": b"y"}, scene.head)
    ),
}


@pytest.mark.parametrize("what", ODD_BUT_FINE, ids=str)
def test_odd_but_fine(quiet: Server, pusher: Client, foreign: list[str], git: Git, what: str) -> None:
    somewhere = place(pusher, foreign)
    sent = ODD_BUT_FINE[what](somewhere.scene)
    answer = somewhere.send(sent)
    assert answer.accepted, answer
    repository = quiet.repository(somewhere.id)
    git("fsck", "--strict", "--no-dangling", cwd=repository)
    clone = git.clone(pusher.clone_url({"clone_url": somewhere.url}))
    assert git("rev-parse", "HEAD", cwd=clone).strip() == sent.tip


@pytest.mark.parametrize("capabilities", [b"report-status", b"report-status side-band-64k", b"side-band-64k", b""])
def test_answers_as_asked(pusher: Client, capabilities: bytes) -> None:
    somewhere = place(pusher, [])
    sent = ODD_BUT_FINE["whole objects"](somewhere.scene)
    body = packs.request([packs.command(somewhere.scene.head, sent.tip)], sent.pack, capabilities)
    answer = somewhere.post(body)
    assert answer.accepted == (b"report-status" in capabilities), answer
    assert pusher.read(somewhere.id)["commits"][0]["version"] == sent.tip
