"""The traps of taking pushes, one by one: packs that are made to hurt, and what must not get in beside them."""

import hashlib
import re
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness import Client, Git, Server
from tests.real_files import fsck
from tests.transport.wire import BLOB, COMMIT, REF_DELTA, TREE, Remote, entry, pack, packed

WHO = "Pat <pat@example.org> 1700000000 +0000"


@pytest.fixture
def gist(alice: Client) -> dict:
    return alice.create()


def head_of(gist: dict) -> str:
    return gist["commits"][0]["version"]


def object_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()


def revision(parent: str, files: dict[bytes, str]) -> tuple[str, list[bytes]]:
    """A commit of these blobs, and its entries in a pack."""
    tree = b"".join(b"100644 %s\0%s" % (name, bytes.fromhex(id)) for name, id in sorted(files.items()))
    commit = f"tree {object_id('tree', tree)}\nparent {parent}\nauthor {WHO}\ncommitter {WHO}\n\nx\n".encode()
    return object_id("commit", commit), [entry(COMMIT, commit), entry(TREE, tree)]


def size(number: int) -> bytes:
    """A number as deltas have it: seven bits a byte, the lowest first."""
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def literally(base: bytes, result: bytes, step: int = 127) -> bytes:
    """A delta that copies nothing, by instructions of `step` bytes each."""
    pieces = [result[at : at + step] for at in range(0, len(result), step)]
    return size(len(base)) + size(len(result)) + b"".join(bytes([len(piece)]) + piece for piece in pieces)


def take(alice: Client, gist: dict, new: str, content: bytes) -> bool:
    """Push that pack; whether it was taken. What is refused leaves nothing behind, and the server goes on."""
    before = alice.server.on_disk()
    report = Remote(alice, gist["clone_url"]).push(head_of(gist), new, content)
    taken = b"ok refs/heads/main" in report
    if not taken:
        assert report[-1].startswith(b"ng refs/heads/main "), report
        assert alice.server.on_disk() == before
    assert alice.read(gist["id"])["commits"][0]["version"] == (new if taken else head_of(gist))
    return taken


def test_t18_a_small_pack_that_unpacks_to_a_lot(alice: Client, gist: dict) -> None:
    """200 MB of zeros in 200 KB: refused before they are anywhere."""
    megabyte, deflater = bytes(1_000_000), zlib.compressobj(9)
    deflated = b"".join(deflater.compress(megabyte) for _ in range(200)) + deflater.flush()
    digest = hashlib.sha1(b"blob 200000000\0")
    for _ in range(200):
        digest.update(megabyte)
    new, entries = revision(head_of(gist), {b"zeros": digest.hexdigest()})
    header = bytes([0xB0 | 200_000_000 & 15]) + size(200_000_000 >> 4)
    assert not take(alice, gist, new, pack(*entries, header + deflated))


def test_t19_a_delta_of_a_million_instructions(alice: Client, gist: dict) -> None:
    """It is valid; refused or taken, it is answered, and what is taken is right."""
    base, result = b"base", bytes(1_000_000)
    delta = literally(base, result, step=1)
    new, entries = revision(head_of(gist), {b"base": object_id("blob", base), b"zeros": object_id("blob", result)})
    content = pack(*entries, entry(BLOB, base), entry(REF_DELTA, delta, object_id("blob", base)))
    assert len(content) < 10_000
    if take(alice, gist, new, content):
        assert alice.get(f"/alice/{gist['id']}/raw/HEAD/zeros").content == result


@pytest.mark.parametrize("length", [40, 900])
@pytest.mark.parametrize("turned", [False, True])
def test_t20_a_chain_of_deltas_in_either_order(alice: Client, gist: dict, length: int, turned: bool) -> None:
    contents = [b"%d\n" % number for number in range(length)]
    ids = [object_id("blob", content) for content in contents]
    chain = [entry(BLOB, contents[0])] + [
        entry(REF_DELTA, literally(contents[n - 1], contents[n]), ids[n - 1]) for n in range(1, length)
    ]
    new, entries = revision(head_of(gist), {b"%03d" % n: id for n, id in enumerate(ids)})
    content = pack(*reversed(chain), *entries) if turned else pack(*entries, *chain)
    if take(alice, gist, new, content):
        assert alice.get(f"/alice/{gist['id']}/raw/HEAD/{length - 1:03}").content == contents[-1]
    else:
        assert length > 50, "git itself makes chains as long as that"


def test_t21_a_pack_of_twenty_thousand_objects(alice: Client, git: Git, gist: dict) -> None:
    clone, number = git.clone(alice.clone_url(gist)), 4999
    git.grow(clone, "folder/file.txt", number)
    git("push", "-q", cwd=clone)
    seen = alice.read(gist["id"])
    assert seen["files"]["folder/file.txt"]["content"] == str(number - 1)
    assert git("rev-list", "--count", "HEAD", cwd=git.clone(gist["clone_url"])) == f"{number + 1}\n"


def test_t22_corrupt_packs_are_refused_and_not_stumbled_over(alice: Client, git: Git, gist: dict) -> None:
    clone = git.clone(alice.clone_url(gist))
    new = git.commit(clone, {"hello.py": "print('hello')\n" * 20, "new.txt": "new"})
    good = packed(git, clone, "HEAD", f"^{head_of(gist)}")[:-20]
    for at in range(0, len(good), 9):
        bad = good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :]
        assert not take(alice, gist, new, bad + hashlib.sha1(bad).digest()), at
    for cut in (0, 11, 12, 30, len(good)):
        assert not take(alice, gist, new, good[:cut]), cut
        assert not take(alice, gist, new, good[:cut] + hashlib.sha1(good[:cut]).digest()) or cut == len(good)
    assert alice.read(gist["id"])["commits"][0]["version"] == new


@pytest.mark.parametrize(
    "name", [b"a\nok refs/heads/main", b"a\n000eunpack ok\n", b"\x00"[:0] + b"\x1b[2J\r\x07", b"\xff"]
)
def test_t23_a_file_name_forges_no_answer(alice: Client, gist: dict, name: bytes) -> None:
    blob = b"x"
    new, entries = revision(head_of(gist), {name: object_id("blob", blob)})
    report = Remote(alice, gist["clone_url"]).push(head_of(gist), new, pack(*entries, entry(BLOB, blob)))
    assert report[0].startswith(b"unpack ") and len(report) == 2
    assert re.fullmatch(rb"ng refs/heads/main [^\x00-\x1f\x7f]+", report[1]), report


def test_t24_a_push_from_a_shallow_clone(alice: Client, git: Git, gist: dict) -> None:
    for number in range(3):
        alice.change(gist["id"], files={"hello.py": {"content": str(number)}})
    clone = git.clone(alice.clone_url(gist), "--depth=1")
    git.commit(clone, {"new.txt": "new"})
    git("push", "-q", cwd=clone)
    assert git("rev-list", "--count", "HEAD", cwd=git.clone(gist["clone_url"])) == "5\n"
    git("commit", "-q", "--amend", "-m", "again", cwd=clone)
    git("push", "-q", "--force", cwd=clone)
    fsck(git, alice.server.repository(gist["id"]))


@pytest.mark.parametrize(
    "name",
    [".gitmodules", ".git", ".GIT", "git~1", ".g\u200cit", ".git/config", "a\\b", "a\nb", "a\tb", "x" * 300, "é" * 200,
     "..", "../x", "a//b", "/a", "a/", "a\u202eb", "d/" * 9 + "x"],
)  # fmt: skip
def test_t25_the_faces_refuse_what_a_push_refuses(alice: Client, gist: dict, name: str) -> None:
    """libgit2 would write each of them into a tree."""
    before = alice.server.on_disk()
    files = {name: {"content": "x"}}
    assert alice.request("POST", "/api/gists", json={"files": files}).status_code == 422
    assert alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": files}).status_code == 422
    renamed = {"hello.py": {"filename": name}}
    assert alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": renamed}).status_code == 422
    assert alice.server.on_disk() == before


@pytest.mark.parametrize("name", ["a\nb", "a<b", "a\x1bb"])
def test_t26_no_name_writes_into_the_head_of_a_commit(server: Server, alice: Client, name: str) -> None:
    assert "Traceback" not in server.cli("user", "create", name, "--password-stdin", input="correct horse\n", code=1)


def test_t26_what_is_told_of_a_gist_does_not_get_into_its_commits(server: Server, alice: Client, git: Git) -> None:
    made = alice.create(title="a\nparent " + "1" * 40, description="x\ncommitter x")
    assert alice.request("PATCH", f"/api/gists/{made['id']}", json={"description": "a\0b"}).status_code == 422
    alice.change(made["id"], description="\n\n", files={"hello.py": {"content": "2"}})
    repository = server.repository(made["id"])
    fsck(git, repository)
    assert git("--git-dir", repository, "log", "--format=%an|%cn|%B%P").count("alice|alice") == 2


def test_t27_of_many_pushes_at_once_one_wins(alice: Client, git: Git, gist: dict) -> None:
    clone, pushes = git.clone(alice.clone_url(gist)), []
    for number in range(8):
        git("reset", "-q", "--hard", head_of(gist), cwd=clone)
        new = git.commit(clone, {"who.txt": str(number)})
        pushes.append((new, packed(git, clone, "HEAD", f"^{head_of(gist)}")))

    def push(what: tuple[str, bytes]) -> bytes:
        return Remote(Client(alice.server, alice.name, alice.token), gist["clone_url"]).push(head_of(gist), *what)[1]

    with ThreadPoolExecutor(len(pushes)) as pool:
        reports = list(pool.map(push, pushes))
    winners = [new for (new, _), report in zip(pushes, reports, strict=True) if report == b"ok refs/heads/main"]
    assert len(winners) == 1 and all(report.startswith((b"ok ", b"ng ")) for report in reports), reports
    assert [entry["version"] for entry in alice.read(gist["id"])["commits"]] == [winners[0], head_of(gist)]
    fsck(git, alice.server.repository(gist["id"]))
