"""Two writers of one gist: both get theirs in, whatever way they come."""

import threading
from collections.abc import Callable, Iterable
from concurrent import futures
from functools import partial
from itertools import pairwise
from typing import Any

from tests.harness import Client, Git, Server
from tests.real_files import fsck, git_revisions

FILES, SHARED, PUSHES = 5, 6, 3


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same time, each in a thread of its own."""
    barrier = threading.Barrier(len(work))

    def begin(one: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return one()

    with futures.ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def edits(alice: Client, id: str, path: str, contents: Iterable[str]) -> Callable[[], None]:
    """Gives a file one content after the other, as a client of its own; each answer must be 200."""
    client = Client(alice.server, alice.name, alice.token)

    def work() -> None:
        for content in contents:
            client.change(id, files={path: {"content": content}})

    return work


def pushes(git: Git, url: str, path: str, contents: Iterable[str]) -> Callable[[], None]:
    """Pushes one content after the other, and rebases for as long as somebody else is quicker."""
    clone = git.clone(url)

    def work() -> None:
        for content in contents:
            git.commit(clone, {path: content})
            while (done := git.try_("push", "-q", cwd=clone)).returncode:
                assert "fetch first" in done.stderr, done.stderr
                git("fetch", "-q", cwd=clone)
                git("rebase", "-q", "origin/main", cwd=clone)

    return work


def introduced(server: Server, git: Git, id: str) -> list[tuple[str, str]]:
    """What each revision after the first changed, oldest first; it must be one file, that is there to stay."""
    repository = server.repository(id)
    fsck(git, repository)
    assert git("rev-list", "--merges", "HEAD", cwd=repository) == ""
    found: list[tuple[str, str]] = []
    revisions = [files for _, files in git_revisions(git, repository)]
    for before, after in pairwise(revisions):
        assert before.keys() <= after.keys()
        [changed] = [path for path in after if before.get(path) != after[path]]
        found.append((changed, after[changed].decode()))
    return found


def test_every_change_of_many_writers_is_in_the_history(alice: Client, git: Git) -> None:
    gist = alice.create({"begin.txt": "begin"})
    id = gist["id"]
    own = {f"folder {n % 2}/file {n}.txt": [f"{n}: {step}\n" for step in range(5)] for n in range(FILES)}
    pushed = {f"pushed {n}.txt": [f"push {n}: {step}\n" for step in range(3)] for n in range(PUSHES)}
    shared = [[f"shared {n}: {step}\n" for step in range(4)] for n in range(SHARED)]
    at_once(
        *(edits(alice, id, path, contents) for path, contents in own.items()),
        *(edits(alice, id, "shared.txt", contents) for contents in shared),
        *(pushes(git, alice.clone_url(gist), path, contents) for path, contents in pushed.items()),
    )
    found = introduced(alice.server, git, id)
    for path, contents in {**own, **pushed}.items():
        assert [content for changed, content in found if changed == path] == contents
    in_shared = [content for changed, content in found if changed == "shared.txt"]
    for contents in shared:
        assert [content for content in in_shared if content in contents] == contents
    assert len(found) == sum(map(len, [*own.values(), *pushed.values(), *shared]))
    last = {path: contents[-1] for path, contents in {**own, **pushed}.items()}
    expected = {"begin.txt": "begin", "shared.txt": in_shared[-1], **last}
    assert {path: file["content"] for path, file in alice.read(id)["files"].items()} == expected


def test_of_two_pushes_at_once_one_is_told_to_fetch(alice: Client, git: Git) -> None:
    gist = alice.create({"notes.txt": "begin"})
    clones = [git.clone(alice.clone_url(gist)) for _ in range(2)]
    for number, clone in enumerate(clones):
        git.commit(clone, {"notes.txt": f"push {number}"})
    done = at_once(*(partial(git.try_, "push", "-q", cwd=clone) for clone in clones))
    [winner] = [number for number, each in enumerate(done) if each.returncode == 0]
    assert "fetch first" in done[1 - winner].stderr
    assert introduced(alice.server, git, gist["id"]) == [("notes.txt", f"push {winner}")]


def test_the_same_content_twice_makes_one_revision(alice: Client, git: Git) -> None:
    id = alice.create({"notes.txt": "begin"})["id"]
    contents = [f"the same {step}\n" for step in range(10)]
    for content in contents:
        at_once(*(edits(alice, id, "notes.txt", [content]) for _ in range(2)))
    assert introduced(alice.server, git, id) == [("notes.txt", content) for content in contents]
    alice.change(id, files={"notes.txt": {"content": contents[-1]}})
    assert len(introduced(alice.server, git, id)) == len(contents)
