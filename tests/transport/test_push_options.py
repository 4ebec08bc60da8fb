"""What a pusher says beside the commits: push options, on a push that makes a gist and on one that changes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.harness import Client, Git, Server, wait_until

ALL = {
    "title": "Notes on tea",
    "description": "Green, black = and white",
    "visibility": "unlisted",
    "topics": "tea, notes  green",
    "expire": "12hours",
}


@pytest.fixture
def clone(git: Git) -> Path:
    """A repository of the pusher's own, on a branch of its own."""
    git("init", "-q", "-b", "trunk", git.home / "own")
    git.commit(git.home / "own", {"tea.md": "# Tea\n"})
    return git.home / "own"


def _address(client: Client, path: str) -> str:
    return client.server.url.replace("http://", f"http://{client.name}:{client.token}@") + path


def _push(git: Git, clone: Path, address: str, **options: str) -> str:
    """What git said; it says so on standard error."""
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = git.try_("push", *given, address, "trunk", cwd=clone)
    return f"{done.returncode} {done.stderr}"


def _mine(alice: Client, words: str) -> list[dict]:
    return [gist for gist in alice.get("/api/gists?per_page=100").json() if gist["title"] == words]


def test_they_describe_a_gist_that_the_push_makes(alice: Client, git: Git, clone: Path) -> None:
    said = _push(git, clone, _address(alice, "/init"), **{**ALL, "url": "Tea-1"})
    assert said.startswith("0 ") and f"The new gist is at {alice.server.url}/alice/Tea-1" in said, said
    gist = alice.read(_mine(alice, ALL["title"])[0]["id"])
    assert (gist["title"], gist["description"], gist["visibility"]) == tuple(
        ALL[name] for name in ("title", "description", "visibility")
    )
    assert sorted(gist["topics"]) == ["green", "notes", "tea"] and gist["slug_url"] == "Tea-1"
    ends = datetime.fromisoformat(gist["expires_at"])
    assert timedelta(hours=11) < ends - datetime.now(UTC) < timedelta(hours=12, seconds=1)
    assert git("ls-remote", "--symref", gist["clone_url"], "HEAD").startswith("ref: refs/heads/trunk\tHEAD\n")


def test_they_change_a_gist_that_is_there(alice: Client, git: Git) -> None:
    gist = alice.create(topics=["old"])
    clone = git.clone(alice.clone_url(gist))
    git("checkout", "-q", "-b", "trunk", cwd=clone)
    git.commit(clone, {"x": "x"})
    done = git.try_("push", "-o", "title=New", "-o", "topics=", "-o", "expire=never", "origin", "trunk:main", cwd=clone)
    assert done.returncode == 0, done.stderr
    seen = alice.read(gist["id"])
    assert (seen["title"], seen["topics"], seen["description"]) == ("New", [], gist["description"])
    assert "x" in seen["files"] and seen["expires_at"] is None


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("titel=x", "push option 'titel': there are title, description, visibility, topics, url, expire"),
        ("", "push option ''"),
        ("title", None),
        ("title=" + "x" * 251, "push option title: longer than 250 characters"),
        ("description=" + "x" * 1001, "push option description: longer than 1000 characters"),
        ("visibility=secret", "push option visibility: one of public, unlisted, private"),
        ("visibility=Private", "push option visibility"),
        ("topics=" + " ".join("abcdefghijk"), "push option topics: at most 10"),
        ("topics=a/b", "push option topics"),
        ("url=no_no", "push option url: 1 to 32 letters, digits and -"),
        ("url=" + "0" * 32, "push option url"),
        ("expire=soon", "push option expire: never, 1hour"),
        ("expire=2030-01-01T00:00:00", "push option expire"),
        ("expire=2020-01-01T00:00:00Z", "push option expire: not in the future"),
        ("expire=9999-12-31T23:59:59-12:00", "push option expire: too far in the future"),
    ],
)
@pytest.mark.parametrize("kind", ["new", "there"])
def test_bad_ones_refuse_the_push(
    server: Server, alice: Client, git: Git, clone: Path, kind: str, option: str, words: str | None
) -> None:
    if kind == "new":
        url, ref = _address(alice, "/init"), "trunk"
    else:
        gist = alice.create()
        url, ref = alice.clone_url(gist), "trunk:main"
    before = server.on_disk()
    done = git.try_("push", "--force", "-o", option, url, ref, cwd=clone)
    if words is None:  # no value is an empty one
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert server.on_disk() == before


def test_one_that_is_given_twice_is_refused(alice: Client, git: Git, clone: Path) -> None:
    done = git.try_("push", "-o", "title=a", "-o", "title=b", _address(alice, "/init"), "trunk", cwd=clone)
    assert "push option title: given twice" in done.stderr
    many = [word for number in range(17) for word in ("-o", f"x{number}=1")]
    assert git.try_("push", *many, _address(alice, "/init"), "trunk", cwd=clone).returncode != 0


def test_a_url_that_is_taken_is_refused(alice: Client, git: Git, clone: Path) -> None:
    taken = alice.create(slug="taken-url")
    said = _push(git, clone, _address(alice, "/init"), url="Taken-URL")
    assert "you have another gist with this URL" in said
    other = alice.create()
    done = git.try_("push", "-f", "-o", "url=taken-url", alice.clone_url(other), "trunk:main", cwd=clone)
    assert "you have another gist with this URL" in done.stderr
    assert alice.read(other["id"])["commits"] == other["commits"] and alice.read(taken["id"])


def test_the_url_of_a_gist_that_is_over_is_free(alice: Client, git: Git, clone: Path) -> None:
    ends = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    over = alice.create(slug="short-lived", expires_at=ends)
    wait_until(lambda: alice.get(f"/api/gists/{over['id']}").status_code == 404, "the gist expires")
    said = _push(git, clone, _address(alice, "/alice/short-lived.git"))
    assert said.startswith("0 "), said
    assert "tea.md" in git("ls-tree", "--name-only", "trunk", cwd=git.clone(_address(alice, "/alice/short-lived.git")))
    assert not alice.server.repository(over["id"]).exists()


def test_every_push_to_init_makes_another_one(alice: Client, git: Git, clone: Path) -> None:
    before = len(_mine(alice, "tea.md"))
    for _ in range(2):
        git("push", "-q", _address(alice, "/init"), "trunk", cwd=clone)
    assert len(_mine(alice, "tea.md")) == before + 2


def test_a_push_of_several_branches_makes_nothing(server: Server, alice: Client, git: Git, clone: Path) -> None:
    git("branch", "other", cwd=clone)
    before = server.on_disk()
    for refs in (["--all"], ["--mirror"], ["trunk:refs/tags/v1"], ["trunk:refs/heads/HEAD"]):
        done = git.try_("push", _address(alice, "/init"), *refs, cwd=clone)
        assert done.returncode == 1 and "remote rejected" in done.stderr, done.stderr
    assert server.on_disk() == before
