"""Everybody at once: clones, pushes to many gists and to one, edits by REST. Nothing is lost, nothing gets stuck."""

import os
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.harness import Client, Git, Server, wait_until
from tests.real_files import Files, assert_sound, git_revisions
from tests.test_two_writers import at_once
from tests.transport import watch

CLONES, PUSHED_ONCE, PUSHERS, WRITERS, CHANGES = 200, 50, 20, 3, 5
MOVES = PUSHERS + WRITERS * CHANGES
"""So often the shared gist moves: nobody has to fetch more often."""


@dataclass(frozen=True)
class Acknowledged:
    """A file that somebody was told is stored, and the revision that brought it."""

    id: str
    revision: str
    path: str
    content: bytes


def clone(git: Git, gist: dict[str, Any], target: Path) -> tuple[str, str, Files]:
    """What a clone got: of which gist, which revision, which files."""
    git("clone", "-q", gist["clone_url"], target)
    files = {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}
    contents = {name: path.read_bytes() for name, path in files.items() if not name.startswith(".git/")}
    return gist["id"], git("rev-parse", "HEAD", cwd=target).strip(), contents


def prepare_push(alice: Client, git: Git, gist: dict[str, Any], name: str) -> Callable[[], list[Acknowledged]]:
    """A clone with a commit; the push is for later. It is repeated for as long as somebody else is quicker."""
    target, path, content = git.home / name, f"pushed by/{name}.bin", os.urandom(5000)
    git("clone", "-q", alice.clone_url(gist), target)
    git.commit(target, {path: content})

    def push() -> list[Acknowledged]:
        for _ in range(MOVES):
            done = git.try_("push", "-q", cwd=target)
            if done.returncode == 0:
                return [Acknowledged(gist["id"], git("rev-parse", "HEAD", cwd=target).strip(), path, content)]
            assert "fetch first" in done.stderr, done.stderr
            git("pull", "-q", "--rebase", cwd=target)
        raise AssertionError(f"{name} never got its turn")

    return push


def edit(alice: Client, gist: dict[str, Any], name: str) -> list[Acknowledged]:
    """A few changes by REST, one after the other."""
    client, stored = Client(alice.server, alice.name, alice.token), []
    for number in range(CHANGES):
        path, text = f"edited by/{name}/{number}.txt", f"{name}: {number}\n" * 100
        changed = client.change(gist["id"], files={path: {"content": text}})
        stored.append(Acknowledged(gist["id"], changed["commits"][0]["version"], path, text.encode()))
    return stored


def make_gist(alice: Client, number: int) -> dict[str, Any]:
    return alice.create({f"{number}.txt": f"gist {number}\n" * 100, "folder/same.md": "# the same in all\n"})


def assert_nothing_is_lost(server: Server, git: Git, clones: list[Any], stored: list[Acknowledged]) -> None:
    ids = {id for id, *_ in clones} | {each.id for each in stored}
    histories = {id: dict(git_revisions(git, server.repository(id))) for id in ids}
    for id, revision, files in clones:
        assert histories[id][revision] == files, (id, revision)
    for each in stored:
        revisions = histories[each.id]
        newest = list(revisions.values())[-1]
        assert revisions[each.revision][each.path] == newest[each.path] == each.content, each


def assert_nothing_is_stuck(server: Server, git: Git) -> None:
    wait_until(lambda: not watch.git_processes(server), "no git works for the server")
    assert [path for path in server.on_disk() if path.endswith(".lock") or path.startswith("tmp/")] == []
    assert server.nobody.get("/-/health").status_code == 200
    assert_sound(server, git)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text(), "the server met something it did not expect"


def test_everybody_at_once(own_server: Callable[..., Server], git: Git) -> None:
    """All git processes start together: 200 clones of five gists, 50 pushes to 50 others, 20 to the same one."""
    git("config", "--global", "core.fsync", "none")
    server = own_server(rate_limits=False).start()
    alice = server.user("alice")
    shared, *gists = [make_gist(alice, number) for number in range(5)]
    alone = [make_gist(alice, number) for number in range(PUSHED_ONCE)]
    with futures.ThreadPoolExecutor(8) as pool:
        names = [f"alone-{number}" for number in range(PUSHED_ONCE)] + [f"shared-{n}" for n in range(PUSHERS)]
        pushes = list(pool.map(partial(prepare_push, alice, git), alone + [shared] * PUSHERS, names))
    edits = [partial(edit, alice, shared, f"writer {number}") for number in range(WRITERS)]
    clones = [
        partial(clone, git, [shared, *gists][number % 5], git.home / f"clone-{number}") for number in range(CLONES)
    ]
    done = at_once(*clones, *pushes, *edits)
    stored = [each for answers in done[CLONES:] for each in answers]
    assert len(stored) == PUSHED_ONCE + MOVES
    assert_nothing_is_lost(server, git, done[:CLONES], stored)
    assert_nothing_is_stuck(server, git)
