"""What a push must not bring in. Each is refused with words for the pusher, and leaves no byte behind."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from tests.harness import Client, Git, Server

Entry = tuple[str, bytes, str]
"""(mode, name, object id) of a tree, written as it stands."""


class Forge:
    """Makes objects in a clone that git's own commands would not make."""

    def __init__(self, git: Git, clone: Path) -> None:
        self.git = git
        self.clone = clone
        self.blob = self.object("blob", b"content\n")

    def object(self, kind: str, content: bytes) -> str:
        command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
        done = subprocess.run(command, cwd=self.clone, env=self.git.environment, input=content, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def tree(self, *entries: Entry) -> str:
        return self.object("tree", b"".join(b"%s %s\0%s" % (m.encode(), n, bytes.fromhex(i)) for m, n, i in entries))

    def file(self, name: bytes, mode: str = "100644") -> str:
        return self.tree((mode, name, self.blob))

    def commit(self, tree: str) -> str:
        parent = self.git("rev-parse", "HEAD", cwd=self.clone).strip()
        who = b"Pat <pat@example.org> 1700000000 +0000"
        return self.object(
            "commit",
            b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\nx\n" % (tree.encode(), parent.encode(), who, who),
        )

    def thicket(self, folders: int, levels: int) -> str:
        """Few objects that stand for folders ** levels paths."""
        tree = self.tree()
        for _ in range(levels):
            tree = self.tree(*(("40000", b"%02d" % number, tree) for number in range(folders)))
        return self.tree(("40000", b"d", tree), ("100644", b"x", self.blob))

    def deep(self, levels: int) -> str:
        tree = self.file(b"x")
        for _ in range(levels):
            tree = self.tree(("40000", b"d", tree))
        return tree


def _names(*names: bytes) -> dict[str, Callable[[Forge], str]]:
    return {f"name {name[:20]!r}": lambda forge, name=name: forge.file(name) for name in names}


HOSTILE: dict[str, Callable[[Forge], str]] = {
    **_names(
        *(b".git", b".GIT", b".Git", b".git ", b".git.", b".git. .", b"git~1", b"GIT~1", b"git~12", b".git:x"),
        *(b".git::$INDEX_ALLOCATION", b".gitmodules", b".GitModules", b"gitmod~1", b"gi7eba~1"),
        *(".g\u200cit".encode(), ".gi\ufefft".encode(), "\u200e.git".encode(), ".gitmod\u200dules".encode()),
        *(b".", b"..", b"a/b", b"a\\b", b"..\\..\\x", b"a\nb", b"a\tb", b"a\x1bb", b"a\x7fb", "a\u0085b".encode()),
        *(b" a", b"a ", "a\u202eb".encode(), "a\u2066b".encode(), "a\u2028b".encode()),
        *(b"a\xff", b"a" * 256, b"\xc3\xa9" * 128),
    ),
    "symbolic link": lambda forge: forge.file(b"link", "120000"),
    "submodule": lambda forge: forge.tree(("160000", b"sub", "1" * 40)),
    "mode 100664": lambda forge: forge.file(b"x", "100664"),
    "mode 100777": lambda forge: forge.file(b"x", "100777"),
    "mode 0100644": lambda forge: forge.file(b"x", "0100644"),
    "mode 1": lambda forge: forge.file(b"x", "1"),
    "case": lambda forge: forge.tree(("100644", b"A", forge.blob), ("100644", b"a", forge.blob)),
    "Unicode form": lambda forge: forge.tree(
        ("100644", "e\u0301".encode(), forge.blob), ("100644", "\u00e9".encode(), forge.blob)
    ),
    "the same name twice": lambda forge: forge.tree(("100644", b"a", forge.blob), ("100644", b"a", forge.blob)),
    "unsorted": lambda forge: forge.tree(("100644", b"b", forge.blob), ("100644", b"a", forge.blob)),
    "empty": lambda forge: forge.tree(),
    "empty folder": lambda forge: forge.tree(("40000", b"a", forge.tree()), ("100644", b"b", forge.blob)),
    "folders without end": lambda forge: forge.thicket(12, 6),
    "a tree of many megabytes": lambda forge: forge.tree(
        *(("100644", b"%07d" % number, forge.blob) for number in range(200_000))
    ),
    "missing blob": lambda forge: forge.tree(("100644", b"a", "1" * 40)),
    "tree as file": lambda forge: forge.tree(("100644", b"a", forge.file(b"x"))),
    "blob as folder": lambda forge: forge.tree(("40000", b"a", forge.blob)),
    "bad name in a folder": lambda forge: forge.tree(("40000", b"a", forge.file(b".git"))),
    "link in a folder": lambda forge: forge.tree(("40000", b"a", forge.file(b"x", "120000"))),
    "nine folders deep": lambda forge: forge.deep(9),
    "2,000 folders deep": lambda forge: forge.deep(2000),
    "too many files": lambda forge: forge.tree(*(("100644", b"%03d" % n, forge.blob) for n in range(301))),
    "too many files by folders": lambda forge: forge.tree(
        *(("40000", b"%03d" % n, forge.tree(*(("100644", b"%03d" % m, forge.blob) for m in range(20))))
          for n in range(20))
    ),
    "cut off tree": lambda forge: forge.object("tree", b"100644 a\0" + bytes.fromhex(forge.blob)[:10]),
}  # fmt: skip


@pytest.fixture(scope="module")
def target(server: Server, alice: Client) -> dict:
    return alice.create()


def _push_is_refused(server: Server, gist: dict, git: Git, clone: Path, what: str) -> str:
    before = server.on_disk()
    done = git.try_("push", "--force", "origin", f"{what}:refs/heads/main", cwd=clone)
    assert done.returncode != 0, done.stderr
    assert server.on_disk() == before, "something of the push stayed on disk"
    return done.stderr


@pytest.mark.parametrize("what", HOSTILE, ids=str)
def test_hostile_trees_are_refused(server: Server, alice: Client, git: Git, target: dict, what: str) -> None:
    clone = git.clone(alice.clone_url(target))
    forge = Forge(git, clone)
    try:
        commit = forge.commit(HOSTILE[what](forge))
    except AssertionError as error:  # this git refuses to make it at all
        pytest.fail(f"the object cannot be made: {error}")
    done = git.try_("push", "--force", "origin", f"{commit}:refs/heads/main", cwd=clone)
    if "remote rejected" not in done.stderr:
        # The pushing git would not send it: send a pack that it does not look at so closely.
        answer = _push_raw(alice, target, git, clone, commit)
        assert b"ng refs/heads/main" in answer, (done.stderr, answer)
    before = server.on_disk()
    git.try_("push", "--force", "origin", f"{commit}:refs/heads/main", cwd=clone)
    assert server.on_disk() == before
    assert [entry["version"] for entry in alice.read(target["id"])["commits"]] == [target["commits"][0]["version"]]


def _push_raw(alice: Client, gist: dict, git: Git, clone: Path, commit: str) -> bytes:
    old = gist["commits"][0]["version"]
    names = subprocess.run(
        ["git", "cat-file", "--batch-check=%(objectname)", "--batch-all-objects"],
        cwd=clone, env=git.environment, capture_output=True, check=True,
    ).stdout  # fmt: skip
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "-q"], cwd=clone, env=git.environment, input=names, capture_output=True
    ).stdout
    command = f"{old} {commit} refs/heads/main\0report-status".encode()
    return alice.request(
        "POST",
        gist["clone_url"] + "/git-receive-pack",
        data=b"%04x%s0000%s" % (len(command) + 4, command, pack),
        headers={"Content-Type": "application/x-git-receive-pack-request"},
        auth=(alice.name, alice.token),
    ).content


def test_refusals_say_why(server: Server, alice: Client, git: Git, target: dict) -> None:
    clone = git.clone(alice.clone_url(target))
    os.symlink("/etc/passwd", clone / "link")
    git("add", "-A", cwd=clone)
    git("commit", "-q", "-m", "a link", cwd=clone)
    assert "symbolic links are not allowed: 'link'" in _push_is_refused(server, target, git, clone, "HEAD")


def test_a_bad_tree_in_the_middle_of_the_history_counts(server: Server, alice: Client, git: Git, target: dict) -> None:
    clone = git.clone(alice.clone_url(target))
    os.symlink("/etc/passwd", clone / "link")
    git("add", "-A", cwd=clone)
    git("commit", "-q", "-m", "a link", cwd=clone)
    git("rm", "-q", "link", cwd=clone)
    git.commit(clone, {"x": "x"}, "and gone again")
    assert "symbolic links" in _push_is_refused(server, target, git, clone, "HEAD")


@pytest.mark.parametrize(
    ("refspec", "words"),
    [
        ("HEAD:refs/heads/other", "one branch and no tags; push only to main"),
        ("HEAD:refs/tags/v1", "a gist has one branch and no tags"),
        ("HEAD:refs/replace/x", "a gist has one branch and no tags"),
        ("HEAD:refs/heads/HEAD", "a gist has one branch and no tags"),
        (":refs/heads/main", "cannot be deleted"),
    ],
)
def test_only_the_branch(server: Server, alice: Client, git: Git, target: dict, refspec: str, words: str) -> None:
    clone = git.clone(alice.clone_url(target))
    git.commit(clone, {"x": "x"})
    before = server.on_disk()
    done = git.try_("push", "origin", refspec, cwd=clone)
    assert done.returncode != 0 and words in done.stderr, done.stderr
    assert server.on_disk() == before


def test_limits_hold_for_pushes(own_server: Callable[..., Server], git: Git) -> None:
    server = own_server(max_file_bytes=1000, max_gist_bytes=3000, max_push_bytes=20_000, max_push_commits=5).start()
    alice = server.user("alice")
    gist = alice.create()
    for files, words in (
        ({"big": "x" * 1001}, "'big' is larger than 1000 bytes"),
        ({str(n): f"{n}" * 999 for n in range(4)}, "together larger than 3000 bytes"),
        ({"noise": os.urandom(30_000)}, "the push is larger than 20000 bytes"),
    ):
        clone = git.clone(alice.clone_url(gist))
        git.commit(clone, files)
        assert words in _push_is_refused(server, gist, git, clone, "HEAD")
    clone = git.clone(alice.clone_url(gist))
    for number in range(6):
        git.commit(clone, {"x": f"{number}"})
    assert "at most 5 new commits" in _push_is_refused(server, gist, git, clone, "HEAD")


def test_another_gists_commits_cannot_be_named(server: Server, alice: Client, bob: Client, git: Git) -> None:
    """A commit of somebody's private gist cannot be pulled into another gist by naming it."""
    secret = alice.create(visibility="private")
    mine = bob.create()
    command = f"{mine['commits'][0]['version']} {secret['commits'][0]['version']} refs/heads/main\0report-status"
    empty_pack = bytes.fromhex("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e")
    answer = bob.request(
        "POST",
        mine["clone_url"] + "/git-receive-pack",
        data=b"%04x%s0000%s" % (len(command) + 4, command.encode(), empty_pack),
        headers={"Content-Type": "application/x-git-receive-pack-request"},
        auth=(bob.name, bob.token),
    )
    assert b"ng refs/heads/main" in answer.content, answer.content


def test_two_pushes_from_the_same_start(alice: Client, git: Git) -> None:
    gist = alice.create()
    first, second = git.clone(alice.clone_url(gist)), git.clone(alice.clone_url(gist))
    git.commit(first, {"a": "a"})
    git.commit(second, {"b": "b"})
    git("push", "-q", cwd=first)
    assert git.try_("push", "-q", cwd=second).returncode != 0
    git("pull", "-q", "--rebase", cwd=second)
    git("push", "-q", cwd=second)
    assert set(alice.read(gist["id"])["files"]) == {"hello.py", "a", "b"}


def test_commits_of_odd_dates_and_sizes(alice: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    forge = Forge(git, clone)
    for date in (b"253402300800", b"99999999999999"):
        head = git("rev-parse", "HEAD", cwd=clone).strip().encode()
        who = b"Pat <pat@example.org> %s +0000" % date
        tree = forge.file(b"x%s" % date).encode()
        commit = forge.object("commit", b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\nx\n" % (tree, head, who, who))
        git("push", "-q", "origin", f"{commit}:refs/heads/main", cwd=clone)
        git("reset", "-q", "--hard", commit, cwd=clone)
    assert alice.read(gist["id"])["commits"][0]["committed_at"] == "9999-12-31T23:59:59Z"
    assert alice.get(f"/alice/{gist['id']}").status_code == 200
    git("commit", "-q", "--allow-empty", "-m", "x" * 100_000, cwd=clone)
    assert "a commit is larger than 65536 bytes" in git.try_("push", cwd=clone).stderr


def test_an_empty_gist_does_not_come_in_by_the_back_door(server: Server, alice: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git("rm", "-q", "hello.py", cwd=clone)
    git("commit", "-q", "-m", "nothing left", cwd=clone)
    git.commit(clone, {"x": "x"})
    git("push", "-q", cwd=clone)
    assert "at least one file" in _push_is_refused(server, gist, git, clone, "HEAD^")


def test_a_push_that_makes_git_talk_a_lot(alice: Client, git: Git) -> None:
    """index-pack warns of each of these trees; nobody listened, and it waited for ever."""
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    forge = Forge(git, clone)
    # Enough of them that the words fill a pipe, also after one reading. Made in this process: git would take long.
    odb = pygit2.Repository(str(clone)).odb
    entries = [b"100664 %d\0%s" % (number, bytes.fromhex(forge.blob)) for number in range(3000)]
    trees = [str(odb.write(ObjectType.TREE, entry)) for entry in entries]
    folders = [("40000", b"%04d" % number, tree) for number, tree in enumerate(trees)]
    answer = _push_raw(alice, gist, git, clone, forge.commit(forge.tree(*folders)))
    assert b"ng refs/heads/main" in answer


def test_a_path_with_colons(own_server: Callable[..., Server], git: Git, tmp_path: Path) -> None:
    odd = tmp_path / "a:b #c%20?"
    odd.mkdir()
    server = Server(odd).start()
    try:
        alice = server.user("alice")
        gist = alice.create()
        clone = git.clone(alice.clone_url(gist))
        git.commit(clone, {"x": "x"})
        git("push", "-q", cwd=clone)
        assert "x" in alice.read(gist["id"])["files"]
        assert (server.repos / "index.sqlite3").exists()
    finally:
        server.stop()


def test_a_gitattributes_of_long_lines(alice: Client, git: Git) -> None:
    """Each byte of it was looked at two thousand times, for each commit anew."""
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {".gitattributes": ("x" * 2047 + "\n") * 4000})
    for number in range(5):
        git.commit(clone, {"x": f"{number}"})
    git("push", "-q", cwd=clone)
    alice.change(gist["id"], files={"x": {"content": "by REST"}})
    too_long = {".gitattributes": {"content": "x" * 2048}}
    answer = alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": too_long})
    assert (answer.status_code, "longer than 2047 bytes" in answer.text) == (422, True)
    for name in ("GitAtt~1", ".GITATTRIBUTES", ".gitattributes/x", "gi7d29~1", "~1000000"):
        answer = alice.request("PATCH", f"/api/gists/{gist['id']}", json={"files": {name: {"content": "x"}}})
        assert answer.status_code == 422, name
