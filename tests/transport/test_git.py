"""The clone URL, with the real git."""

import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness import PASSWORD, Client, Git, Server, wait_until


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_clone_has_every_byte_and_revision(alice: Client, git: Git, version: str) -> None:
    gist = alice.create({"a.txt": "one\n", "folder/b.txt": "no newline at the end"})
    alice.change(gist["id"], files={"a.txt": {"content": "two\r\n"}})
    clone = git.home / f"v{version}"
    git("-c", f"protocol.version={version}", "clone", "-q", gist["clone_url"], clone)
    assert (clone / "a.txt").read_bytes() == b"two\r\n"
    assert (clone / "folder/b.txt").read_bytes() == b"no newline at the end"
    assert git("show", "HEAD^:a.txt", cwd=clone) == "one\n"


def test_fetch_brings_only_what_is_new(alice: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(gist["clone_url"])
    alice.change(gist["id"], files={"hello.py": {"content": "print('again')\n"}})
    git("pull", "-q", cwd=clone)
    assert (clone / "hello.py").read_text() == "print('again')\n"
    assert "0 (delta 0)" not in git("log", "--oneline", cwd=clone)


def test_shallow_clone(alice: Client, git: Git) -> None:
    gist = alice.create()
    alice.change(gist["id"], files={"hello.py": {"content": "2"}})
    clone = git.clone(gist["clone_url"], "--depth=1")
    assert git("rev-list", "--count", "HEAD", cwd=clone) == "1\n"


@pytest.mark.parametrize("secret", ["token", "password", "token as user"])
def test_push_shows_at_once_everywhere(alice: Client, git: Git, secret: str) -> None:
    gist = alice.create()
    url = {
        "token": alice.clone_url(gist),
        "password": alice.clone_url(gist, PASSWORD.replace(" ", "%20")),
        "token as user": gist["clone_url"].replace("http://", f"http://{alice.token}:@"),
    }[secret]
    clone = git.clone(url)
    head = git.commit(clone, {"hello.py": "print('pushed')\n", "new/file.md": "# new\n"})
    git("push", "-q", cwd=clone)
    seen = alice.read(gist["id"])
    assert seen["files"]["hello.py"]["content"] == "print('pushed')\n"
    assert seen["files"]["new/file.md"]["content"] == "# new\n"
    assert seen["commits"][0]["version"] == head
    assert "pushed" in alice.get(f"/alice/{gist['id']}").text
    assert seen["updated_at"] >= gist["updated_at"]


def test_push_of_a_rewritten_history(alice: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"secret.txt": "hunter2"})
    git("push", "-q", cwd=clone)
    secret = git("rev-parse", "HEAD", cwd=clone).strip()
    blob = git("rev-parse", "HEAD:secret.txt", cwd=clone).strip()
    git("reset", "-q", "--hard", "HEAD^", cwd=clone)
    assert git.try_("push", "-q", cwd=clone).returncode != 0
    git("push", "-q", "--force", cwd=clone)
    assert list(alice.read(gist["id"])["files"]) == ["hello.py"]
    # What was pushed away is not served, whatever way it is asked for (git itself would serve it in version 2).
    other = git.clone(gist["clone_url"])
    for version in ("0", "2"):
        for wanted in (secret, blob):
            done = git.try_("-c", f"protocol.version={version}", "fetch", "-q", "origin", wanted, cwd=other)
            assert done.returncode != 0, (version, wanted)
    assert alice.get(f"/api/gists/{gist['id']}/{secret}").status_code == 404
    assert alice.get(f"/alice/{gist['id']}/raw/{secret}/secret.txt").status_code == 404


def test_the_clone_url_leads_a_browser_to_the_page(alice: Client, nobody: Client) -> None:
    gist = alice.create()
    answer = nobody.get(gist["clone_url"])
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/alice/{gist['id']}"


def test_a_gist_with_a_slug(alice: Client, git: Git) -> None:
    gist = alice.create(slug="My-Notes")
    assert gist["clone_url"].endswith("/alice/My-Notes.git")
    for name in ("My-Notes", "my-notes", gist["id"]):
        assert git("ls-remote", f"{alice.server.url}/Alice/{name}.git")


def test_a_request_that_git_answers_at_length(alice: Client, nobody: Client) -> None:
    """Every repeated `have` is acknowledged at once: the answer must not wait for the end of the request."""
    gist = alice.create()
    head = gist["commits"][0]["version"]
    want = f"want {head} multi_ack\n".encode()
    have = f"have {head}\n".encode()
    packet = b"%04x%s" % (len(have) + 4, have)
    body = b"%04x%s0000" % (len(want) + 4, want) + packet * 30_000
    answer = nobody.request(
        "POST", gist["clone_url"] + "/git-upload-pack", data=body,
        headers={"Content-Type": "application/x-git-upload-pack-request"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.content.count(b"ACK") > 29_000


def test_many_haves_cost_one_walk(own_server, git: Git) -> None:
    """Each `have` was a walk through the history: a small request kept a core busy for minutes."""
    server = own_server().start()
    alice = server.user("alice")
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    tree = git("rev-parse", "HEAD^{tree}", cwd=clone).strip()
    commits = [gist["commits"][0]["version"]]
    for number in range(400):
        commits.append(git("commit-tree", tree, "-p", commits[-1], "-m", str(number), cwd=clone).strip())
    git("push", "-q", "origin", f"{commits[-1]}:refs/heads/main", cwd=clone)
    lines = [f"want {commits[-1]} multi_ack_detailed no-done\n".encode()]
    packets = b"".join(b"%04x%s" % (len(line) + 4, line) for line in lines) + b"0000"
    packets += b"".join(b"0032have %s\n" % commits[n % 300].encode() for n in range(40_000)) + b"0000"
    answer = server.nobody.request(
        "POST", gist["clone_url"] + "/git-upload-pack", data=packets,
        headers={"Content-Type": "application/x-git-upload-pack-request"},
    )  # fmt: skip
    assert answer.status_code == 200 and b"ACK" in answer.content


def test_a_shallow_clone_goes_on_after_a_rewrite(alice: Client, git: Git) -> None:
    """What it has was pushed away: git must not take it for a new clone on that account."""
    gist = alice.create()
    clone = git.clone(gist["clone_url"], "--depth=1")
    other = git.clone(alice.clone_url(gist))
    git("commit", "-q", "--amend", "-m", "another beginning", cwd=other)
    git("push", "-q", "--force", cwd=other)
    git("fetch", "-q", cwd=clone)
    git("fetch", "-q", "--depth=1", cwd=clone)
    assert git("rev-parse", "origin/main", cwd=clone) == git("rev-parse", "main", cwd=other)


def test_what_is_pushed_as_private_is_never_public(own_server: Callable[..., Server], git: Git) -> None:
    """The index hears of the visibility before the branch moves, and not only afterwards."""
    server = own_server().start()
    alice = server.user("alice")
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"secret.txt": "hunter2"})
    with ThreadPoolExecutor() as pool, (server.repos / "index.sqlite3.lock").open("w") as index:
        fcntl.flock(index, fcntl.LOCK_EX)  # as any other writer does
        pushed = pool.submit(git.try_, "push", "-o", "visibility=private", cwd=clone)
        wait_until(lambda: is_locked(server.repository(gist["id"])), "the push waits for the index")
        head = git("ls-remote", str(server.repository(gist["id"])), "main").split()[0]
        fcntl.flock(index, fcntl.LOCK_UN)
    assert pushed.result().returncode == 0
    assert head == gist["commits"][0]["version"], "the branch moved while the gist was still public"
    assert server.nobody.get(f"/api/gists/{gist['id']}").status_code == 404
    assert "secret.txt" in alice.read(gist["id"])["files"]


def is_locked(repository: Path) -> bool:
    descriptor = os.open(repository, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
