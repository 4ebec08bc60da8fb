"""The traps of serving clones, one by one: what other servers of git's protocol fell into."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Client, Git, Server
from tests.transport.wire import DELIMITER, FLUSH, NOTHING, RECEIVE, UPLOAD, Remote, fetch_request, gives, line, lines

VERSIONS = (0, 1, 2)


@pytest.fixture
def gist(alice: Client) -> dict:
    return alice.create()


def head_of(gist: dict) -> str:
    return gist["commits"][0]["version"]


def push_and_take_back(git: Git, url: str, files: dict[str, bytes | str]) -> dict[str, str]:
    """Push a secret and force it away again; returns the ids of what must not be served any more."""
    clone = git.clone(url)
    git.commit(clone, files)
    git("push", "-q", cwd=clone)
    gone = {name: git("rev-parse", f"HEAD{path}", cwd=clone).strip() for name, path in
            {"commit": "", "tree": "^{tree}", "blob": f":{next(iter(files))}"}.items()}  # fmt: skip
    git("reset", "-q", "--hard", "HEAD^", cwd=clone)
    git("push", "-q", "--force", cwd=clone)
    return gone


def test_t01_what_was_pushed_away_is_fetched_by_nobody(alice: Client, nobody: Client, git: Git, gist: dict) -> None:
    gone = push_and_take_back(git, alice.clone_url(gist), {"secret.txt": "hunter2"})
    other = git.clone(gist["clone_url"])
    for kind, id in gone.items():
        for version in VERSIONS:
            done = git.try_("-c", f"protocol.version={version}", "fetch", "-q", "origin", id, cwd=other)
            assert done.returncode != 0, (kind, version)
            for client in (nobody, alice):
                for depth in (0, 1):
                    remote = Remote(client, gist["clone_url"])
                    assert not gives(remote.fetch(id, version=version, depth=depth)), (kind, version)
                    assert not gives(remote.fetch(head_of(gist), id, version=version, depth=depth)), (kind, version)
    for path in (f"/api/gists/{gist['id']}/{gone['commit']}", f"/alice/{gist['id']}/raw/{gone['commit']}/secret.txt"):
        assert alice.get(path).status_code == 404


def test_t01_a_fork_does_not_have_what_its_parent_hides(alice: Client, bob: Client, git: Git, gist: dict) -> None:
    gone = push_and_take_back(git, alice.clone_url(gist), {"secret.txt": "hunter2"})
    fork = bob.request("POST", f"/api/gists/{gist['id']}/forks").json()
    private = alice.create({"secret.txt": "another"}, visibility="private")
    for id in (*gone.values(), head_of(private)):
        assert not gives(Remote(bob, fork["clone_url"]).fetch(id))


@pytest.mark.parametrize("version", VERSIONS)
def test_t01_whether_it_was_ever_there_is_not_told(
    alice: Client, nobody: Client, git: Git, gist: dict, version: int
) -> None:
    """git acknowledges every object that it has, also what was pushed away."""
    gone = push_and_take_back(git, alice.clone_url(gist), {"secret.txt": "hunter2"})
    remote, head = Remote(nobody, gist["clone_url"]), head_of(gist)

    def negotiate(have: str) -> bytes:
        body = fetch_request(version, [head], [have]).replace(line("done\n"), b"")
        return remote.post(UPLOAD, body if version == 2 else body + FLUSH, version).content

    for id in gone.values():
        assert negotiate(id) == negotiate("1" * 40)
        assert remote.fetch(id, version=version).status_code == remote.fetch("1" * 40, version=version).status_code
    assert negotiate(head) != negotiate("1" * 40)


def test_t02_an_older_revision_can_be_fetched_by_its_id(alice: Client, git: Git, gist: dict) -> None:
    alice.change(gist["id"], files={"hello.py": {"content": "2"}})
    for options in ((), ("--depth=1",)):
        empty = git.home / f"empty{len(options)}"
        git("init", "-q", empty)
        git("fetch", "-q", *options, gist["clone_url"], head_of(gist), cwd=empty)
        assert git("rev-parse", "FETCH_HEAD", cwd=empty).strip() == head_of(gist)


@pytest.mark.parametrize("version", VERSIONS)
def test_t02_the_branch_moves_between_the_two_requests(alice: Client, nobody: Client, gist: dict, version: int) -> None:
    remote = Remote(nobody, gist["clone_url"])
    assert remote.refs(version=version).status_code == 200
    alice.change(gist["id"], files={"hello.py": {"content": "2"}})
    for depth in (0, 1):
        assert gives(remote.fetch(head_of(gist), version=version, depth=depth))


@pytest.mark.parametrize("version", VERSIONS)
def test_t07_the_first_push_names_the_branch(alice: Client, git: Git, version: int) -> None:
    slug = f"first-push-v{version}"
    remote = Remote(alice, f"{alice.server.url}/alice/{slug}.git")
    answer = remote.refs(RECEIVE, version)
    assert answer.status_code == 200, answer.text
    offered = [text for text in lines(answer.content) if b"capabilities^{}" in text]
    assert len(offered) == 1 and offered[0].startswith(f"{NOTHING} capabilities^{{}}\0".encode())
    source = git.home / "source"
    git("init", "-q", "-b", "trunk", source)
    head = git.commit(source, {"a.txt": "a"})
    protocol = ("-c", f"protocol.version={version}")
    git(*protocol, "push", "-q", alice.clone_url({"clone_url": remote.url}), "trunk", cwd=source)
    assert git(*protocol, "ls-remote", "--symref", remote.url) == (
        f"ref: refs/heads/trunk\tHEAD\n{head}\tHEAD\n{head}\trefs/heads/trunk\n"
    )
    clone = git.clone(remote.url)
    assert git("symbolic-ref", "HEAD", cwd=clone) == "refs/heads/trunk\n"


def test_t08_a_branch_that_head_lost_is_put_back(server: Server, alice: Client, git: Git, gist: dict) -> None:
    """The index knows where it was."""
    (server.repository(gist["id"]) / "HEAD").write_text("ref: refs/heads/gone\n")
    remote = Remote(alice, gist["clone_url"])
    for version in VERSIONS:
        assert remote.refs(UPLOAD, version).status_code == 200
    assert git("rev-parse", "HEAD", cwd=git.clone(alice.clone_url(gist))).strip() == head_of(gist)


@pytest.mark.parametrize("damage", ["{head}\n", "1" * 40 + "\n", "", "garbage\n", None])
def test_t08_a_broken_head_is_said_and_can_be_mended(
    server: Server, alice: Client, git: Git, gist: dict, damage: str | None
) -> None:
    head = server.repository(gist["id"]) / "HEAD"
    right, logged = head.read_text(), server.log.stat().st_size
    head.unlink() if damage is None else head.write_text(damage.format(head=head_of(gist)))
    remote = Remote(alice, gist["clone_url"])
    for version in VERSIONS:
        for answer in (
            remote.refs(UPLOAD, version),
            remote.refs(RECEIVE, version),
            remote.fetch(head_of(gist), version=version),
        ):
            assert answer.status_code == 503 and answer.headers["Retry-After"], answer.text
            assert answer.headers["Content-Type"].startswith("text/plain") and "gistd doctor" in answer.text
        done = git.try_("-c", f"protocol.version={version}", "ls-remote", alice.clone_url(gist))
        assert done.returncode != 0 and "503" in done.stderr
    assert b"Traceback" not in server.log.read_bytes()[logged:]
    head.write_text(right)
    git.clone(alice.clone_url(gist))


def by_http_backend(repository: Path, service: str, version: int) -> tuple[dict[str, str], bytes]:
    """What git's own server answers to the first request: its headers and its body."""
    done = subprocess.run(
        ["git", "http-backend"],
        env={
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(repository.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": f"version={version}" if version else "",
            "REQUEST_METHOD": "GET",
            "REMOTE_USER": "alice",
            "PATH_INFO": f"/{repository.name}/info/refs",
            "QUERY_STRING": f"service={service}",
        },
        capture_output=True,
        check=True,
    ).stdout
    head, _, body = done.partition(b"\r\n\r\n")
    return dict(text.split(": ", 1) for text in head.decode().splitlines()), body


@pytest.mark.parametrize("service", [UPLOAD, RECEIVE])
@pytest.mark.parametrize("version", VERSIONS)
def test_t09_the_first_answer_is_that_of_git_itself(
    server: Server, alice: Client, git: Git, gist: dict, version: int, service: str
) -> None:
    # gistd takes pushes in version 0 only, as every git does.
    copy, spoken = git.clone(str(server.repository(gist["id"])), "--bare"), version if service == UPLOAD else 0
    headers, body = by_http_backend(copy, service, spoken)
    answer = Remote(alice, gist["clone_url"]).refs(service, version)
    assert {name: answer.headers.get(name) for name in headers} == headers
    theirs, ours = lines(body), lines(answer.content)
    if spoken == 2:
        assert ours[0] == theirs[0] == b"version 2"
        assert {text.partition(b"=")[0] for text in ours} <= {text.partition(b"=")[0] for text in theirs}
        return
    # git offers HEAD to whoever fetches, and to nobody who pushes.
    assert [text.partition(b"\0")[0] for text in ours] == [text.partition(b"\0")[0] for text in theirs]


def test_t10_tags_and_other_branches_that_came_in_by_hand_are_not_offered(
    server: Server, alice: Client, nobody: Client, git: Git, gist: dict
) -> None:
    repository, head = server.repository(gist["id"]), head_of(gist)
    git("--git-dir", repository, "tag", "-a", "-m", "by hand", "v1")
    git("--git-dir", repository, "branch", "other", "main")
    tag = git("--git-dir", repository, "rev-parse", "v1").strip()
    for version in VERSIONS:
        protocol = ("-c", f"protocol.version={version}")
        assert git(*protocol, "ls-remote", gist["clone_url"]) == f"{head}\tHEAD\n{head}\trefs/heads/main\n"
        assert b"v1" not in Remote(alice, gist["clone_url"]).refs(RECEIVE, version).content
        assert not gives(Remote(nobody, gist["clone_url"]).fetch(tag, version=version))
        clone = git.home / f"copy{version}"
        git(*protocol, "clone", "-q", gist["clone_url"], clone)
        assert git("tag", cwd=clone) == ""


def test_t11_another_object_format_is_refused(alice: Client, nobody: Client, git: Git, gist: dict) -> None:
    fetch = fetch_request(2, [head_of(gist)]).replace(b"object-format=sha1\n", b"object-format=sha256\n")
    fetch = fetch.replace(b"0017object", b"0019object")
    references = line("command=ls-refs\n") + line("object-format=sha256\n") + FLUSH
    for body in (fetch, references):
        answer = Remote(nobody, gist["clone_url"]).post(UPLOAD, body, 2)
        assert answer.status_code != 500 and head_of(gist).encode() not in answer.content and not gives(answer)
    command = f"{head_of(gist)} {'1' * 40} refs/heads/main\0report-status object-format=sha256"
    answer = Remote(alice, gist["clone_url"]).post(RECEIVE, line(command) + FLUSH)
    assert answer.status_code == 422 or b"ng refs/heads/main" in answer.content
    long = f"{'0' * 64} {'1' * 64} refs/heads/main\0report-status"
    assert Remote(alice, gist["clone_url"]).post(RECEIVE, line(long) + FLUSH).status_code == 422
    other = git.home / "sha256"
    git("init", "-q", "--object-format=sha256", other)
    git.commit(other, {"a": "a"})
    assert git.try_("push", "--force", alice.clone_url(gist), "HEAD:main", cwd=other).returncode != 0
    assert git.try_("fetch", gist["clone_url"], cwd=other).returncode != 0


@pytest.mark.parametrize("version", VERSIONS)
def test_t12_what_git_may_ask_for_works_or_is_ignored(alice: Client, git: Git, gist: dict, version: int) -> None:
    for number in range(3):
        alice.change(gist["id"], files={"hello.py": {"content": str(number)}})
    protocol = ("-c", f"protocol.version={version}")
    for options, revisions in (
        (("--depth=1",), 1),
        (("--depth=2", "--no-single-branch"), 2),
        (("--shallow-since=2000-01-01",), 4),
        (("--filter=blob:none",), 4),
        (("--filter=tree:0", "--depth=1"), 1),
        (("-c", "fetch.bundleURI=x"), 4),
    ):
        clone = git.home / f"clone{len(list(git.home.iterdir()))}"
        git(*protocol, "clone", "-q", *options, gist["clone_url"], clone)
        assert git("rev-list", "--count", "HEAD", cwd=clone) == f"{revisions}\n", options
        assert (clone / "hello.py").read_text() == "2"
        if revisions == 1:
            git(*protocol, "fetch", "-q", "--deepen=1", cwd=clone)
            assert git("rev-list", "--count", "HEAD", cwd=clone) == "2\n"
            git(*protocol, "fetch", "-q", "--unshallow", cwd=clone)
        git("fsck", "--strict", cwd=clone)


@pytest.mark.parametrize(
    "argument",
    ["filter blob:none", "sideband-all", "packfile-uris https", "wait-for-done", "want-ref refs/heads/main", "nonsense",
     "deepen 0", "deepen -1", "deepen x", "deepen-since x", "deepen-not x", "shallow x", "want", "have"],
)  # fmt: skip
def test_t12_what_is_not_offered_breaks_nothing(nobody: Client, gist: dict, argument: str) -> None:
    remote = Remote(nobody, gist["clone_url"])
    extensions = [text for text in lines(remote.refs(UPLOAD, 2).content) if text.startswith(b"fetch=")]
    assert set(b" ".join(extensions).removeprefix(b"fetch=").split()) <= {b"shallow", b"wait-for-done"}
    body = fetch_request(2, [head_of(gist)]).replace(line("done\n"), line(argument + "\n") + line("done\n"))
    assert remote.post(UPLOAD, body, 2).status_code in (200, 422)


def test_t12_unknown_commands_are_refused(alice: Client, nobody: Client, git: Git, gist: dict) -> None:
    """One that git knows, and takes without having offered it, tells the size of any object."""
    hidden = push_and_take_back(git, alice.clone_url(gist), {"secret.txt": "hunter2"})["blob"]
    for command in ("object-info", "bundle-uri", "archive", "", "ls-refs\0"):
        body = line(f"command={command}\n") + DELIMITER + line("size\n") + line(f"oid {hidden}\n") + FLUSH
        answer = Remote(nobody, gist["clone_url"]).post(UPLOAD, body, 2)
        assert answer.status_code in (200, 422) and hidden.encode() not in answer.content, command


@pytest.mark.parametrize("start", ["back to the start", "a new root"])
def test_t13_a_pack_is_not_reused_for_having_the_right_number_of_objects(
    alice: Client, nobody: Client, git: Git, gist: dict, start: str
) -> None:
    """Commit, tree and blob were pushed away; commit, tree and blob are left."""
    url = alice.clone_url(gist)
    secret = push_and_take_back(git, url, {"hello.py": "hunter2"})
    if start == "a new root":
        root = git.home / "root"
        git("init", "-q", root)
        git.commit(root, {"new.txt": "new"})
        git("push", "-q", "--force", url, "HEAD:main", cwd=root)
    for version in VERSIONS:
        for options in ((), ("--depth=1",)):
            clone = git.home / f"v{version}{''.join(options)}"
            git("-c", f"protocol.version={version}", "clone", "-q", *options, gist["clone_url"], clone)
            held = set(git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", cwd=clone).split())
            reached = git("rev-list", "--objects", "--no-object-names", "HEAD", cwd=clone).split()
            assert held == set(reached) and not held & set(secret.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_t17_noise_comes_back_as_it_went(alice: Client, git: Git, gist: dict, version: int) -> None:
    """Large files that do not compress, and one that is almost another: whatever is done about deltas."""
    noise = os.urandom(2_000_000)
    clone = git.clone(alice.clone_url(gist))
    git.commit(clone, {"a.bin": noise, "b.bin": noise[:1_000_000] + b"x" + noise[1_000_000:]})
    git("push", "-q", cwd=clone)
    copy = git.home / "copy"
    git("-c", f"protocol.version={version}", "clone", "-q", gist["clone_url"], copy)
    assert (copy / "a.bin").read_bytes() == noise
    assert (copy / "b.bin").read_bytes() == noise[:1_000_000] + b"x" + noise[1_000_000:]


def _ask_for_credentials(client: Client, url: str) -> list[tuple]:
    remote = Remote(client, url)
    answers = [remote.refs(service, version) for service in (UPLOAD, RECEIVE) for version in VERSIONS]
    answers += [remote.post(service, FLUSH) for service in (UPLOAD, RECEIVE)]
    return [
        (answer.status_code, answer.content, {**answer.headers, "Date": "", "X-Request-ID": ""}) for answer in answers
    ]


def test_t33_private_and_missing_look_the_same(alice: Client, bob: Client, nobody: Client, git: Git) -> None:
    """git sends its credentials only after a 401: so nobody gets that for both, and a stranger 404."""
    gist = alice.create(visibility="private")
    missing = gist["clone_url"].replace(gist["id"], "0" * 32)
    for client, status in ((nobody, 401), (bob, 404)):
        private = _ask_for_credentials(client, gist["clone_url"])
        assert private == _ask_for_credentials(client, missing)
        assert {answer[0] for answer in private} == {status}
        assert all(("WWW-Authenticate" in answer[2]) == (status == 401) for answer in private)
        words = {
            git.try_("ls-remote", client.clone_url({"clone_url": url})).stderr.replace(url.split("/")[-1], "x")
            for url in (gist["clone_url"], missing)
        }
        assert len(words) == 1
    assert (git.clone(alice.clone_url(gist)) / "hello.py").exists()


def _delete(alice: Client, git: Git, gist: dict) -> None:
    alice.request("DELETE", f"/api/gists/{gist['id']}")


def _hide(alice: Client, git: Git, gist: dict) -> None:
    alice.change(gist["id"], visibility="private")


def _push_away(alice: Client, git: Git, gist: dict) -> None:
    root = git.home / "root"
    git("init", "-q", root)
    git.commit(root, {"new.txt": "new"})
    git("push", "-q", "--force", alice.clone_url(gist), "HEAD:main", cwd=root)


@pytest.mark.parametrize("change", [_delete, _hide, _push_away])
def test_t35_what_was_served_once_is_not_served_again(
    alice: Client, nobody: Client, git: Git, gist: dict, change: Callable[[Client, Git, dict], None]
) -> None:
    """Whatever is remembered of a clone is asked for permission first, and by what the branch reaches now."""
    remote, head = Remote(nobody, gist["clone_url"]), head_of(gist)
    for _ in range(2):
        git.clone(gist["clone_url"])
        assert all(gives(remote.fetch(head, version=version)) for version in VERSIONS)
    change(alice, git, gist)
    for version in VERSIONS:
        assert not gives(remote.fetch(head, version=version))
        assert not gives(remote.fetch(head, version=version, depth=1))
        empty = git.home / f"empty{version}"
        git("init", "-q", empty)
        assert git.try_("fetch", gist["clone_url"], head, cwd=empty).returncode != 0
    assert head.encode() not in remote.refs(version=0).content
