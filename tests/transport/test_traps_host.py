"""The traps of the machine that gistd runs on, one by one: long histories, foreign homes, foreign owners."""

import os
import shutil
from collections.abc import Callable

import pytest

from tests.harness import Client, Git, Server


def test_t28_the_newest_page_of_a_long_history(alice: Client, nobody: Client, git: Git) -> None:
    gist = alice.create()
    clone, number = git.clone(alice.clone_url(gist)), 4000
    git.grow(clone, "hello.py", number)
    git("push", "-q", cwd=clone)
    newest = git("rev-list", "-n", "30", "main", cwd=clone).split()
    answer = nobody.get(f"/api/gists/{gist['id']}/commits?per_page=30")
    assert [entry["version"] for entry in answer.json()] == newest
    last = nobody.get(f"/api/gists/{gist['id']}/commits?per_page=30&page=134").json()
    assert last[-1]["version"] == gist["commits"][0]["version"]


def _works(server: Server, alice: Client, gist: dict, git: Git) -> None:
    """Read, clone in each version, push, edit, create, fork."""
    assert alice.read(gist["id"])["files"]
    for version in (0, 2):
        clone = git.home / f"clone{len(list(git.home.iterdir()))}"
        git("-c", f"protocol.version={version}", "clone", "-q", alice.clone_url(gist), clone)
        git.commit(clone, {"pushed.txt": str(version)})
        git("push", "-q", cwd=clone)
    git.clone(alice.clone_url(gist), "--depth=1")
    alice.change(gist["id"], files={"edited.txt": {"content": "x"}})
    assert {"pushed.txt", "edited.txt"} <= set(alice.read(gist["id"])["files"])
    git.clone(alice.clone_url(alice.create()))
    assert "Traceback" not in server.log.read_text()


def test_t29_a_home_whose_configuration_cannot_be_read(own_server: Callable[..., Server], git: Git) -> None:
    server = own_server()
    home = server.root / "home"
    (home / ".config" / "git").mkdir(parents=True)
    for file in (home / ".gitconfig", home / ".config" / "git" / "config"):
        file.write_text("[core\nthis is no configuration")
        file.chmod(0)  # root reads it all the same, and stumbles over what it says
    (home / "attributes").write_text("* export-subst\n")
    server.environment |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_DIR": "/nowhere",
        "GIT_OBJECT_DIRECTORY": "/nowhere",
        "GIT_CONFIG_COUNT": "nonsense",
        "GIT_TRACE": str(server.root / "trace"),
    }
    server.start()
    alice = server.user("alice")
    _works(server, alice, alice.create(), git)
    assert not (server.root / "trace").exists()
    assert server.stop() == 0


def test_t30_repositories_of_another_owner(own_server: Callable[..., Server], git: Git) -> None:
    """As a restored backup has them: git calls that dubious ownership, libgit2 not owned by the current user."""
    if os.getuid() != 0:
        pytest.skip("only root can give files away; run the tests as root to see this one")
    server = own_server().start()
    alice = server.user("alice")
    gist = alice.create()
    assert server.stop() == 0
    for path in [server.repos, *server.repos.rglob("*")]:
        shutil.chown(path, 65534, 65534)
    server.start()
    _works(server, Client(server, alice.name, alice.token), _moved(server, gist), git)
    assert server.stop() == 0


def _moved(server: Server, gist: dict) -> dict:
    """The gist as the server says it is since it started again, at another port."""
    return server.nobody.read(gist["id"])
