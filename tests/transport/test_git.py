"""The clone URL, with the real git."""

import pytest

from tests.harness import PASSWORD, Client, Git


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


def test_an_older_revision_can_be_fetched_by_its_id(alice: Client, git: Git) -> None:
    gist = alice.create()
    first = gist["commits"][0]["version"]
    alice.change(gist["id"], files={"hello.py": {"content": "2"}})
    empty = git.home / "empty"
    git("init", "-q", empty)
    git("fetch", "-q", gist["clone_url"], first, cwd=empty)
    assert git("rev-parse", "FETCH_HEAD", cwd=empty).strip() == first


def test_a_big_push_in_chunks(alice: Client, git: Git) -> None:
    """Above http.postBuffer git probes with an empty request, then sends the body chunked."""
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    noise = bytes((i * i * 31 + i // 7) % 251 for i in range(3_000_000))
    git.commit(clone, {"noise.bin": noise})
    git("-c", "http.postBuffer=65536", "push", "-q", cwd=clone)
    assert alice.read(gist["id"])["files"]["noise.bin"]["size"] == len(noise)
    assert alice.get(f"/alice/{gist['id']}/raw/HEAD/noise.bin").content == noise


def test_who_may_push(alice: Client, bob: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(gist["clone_url"])
    git.commit(clone, {"hello.py": "mine now"})
    reader = alice.server.client("alice", "gist:read")
    for who, url, words in (
        ("nobody", gist["clone_url"], "could not read Username"),
        ("a wrong password", alice.clone_url(gist, "wrong-password"), "Authentication failed"),
        ("a stranger", bob.clone_url(gist), "403"),
        ("a token that may only read", reader.clone_url(gist), "403"),
    ):
        done = git.try_("push", url, "HEAD", cwd=clone)
        assert done.returncode != 0 and words in done.stderr, (who, done.stderr)
    assert alice.read(gist["id"])["files"]["hello.py"]["content"] == "print('hello')\n"


def test_a_private_gist_is_as_if_it_were_not(alice: Client, bob: Client, nobody: Client, git: Git) -> None:
    gist = alice.create(visibility="private")
    missing = gist["clone_url"].replace(gist["id"], "0" * 32)
    assert git.clone(alice.clone_url(gist)).joinpath("hello.py").exists()
    for client, status in ((nobody, 401), (bob, 404)):
        answers = [
            client.request(
                "GET",
                f"{url}/info/refs?service=git-upload-pack",
                auth=(client.name, client.token) if client.name else None,
            )
            for url in (gist["clone_url"], missing)
        ]
        assert [answer.status_code for answer in answers] == [status, status]
        assert answers[0].content == answers[1].content
        assert set(answers[0].headers) == set(answers[1].headers)


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/info/refs", {}, 403),
        ("/info/refs?service=git-upload-archive", {}, 403),
        ("/HEAD", {}, 404),
        ("/objects/info/packs", {}, 404),
        ("/git-upload-pack", {"method": "POST", "data": b"0000"}, 415),
        ("/git-upload-pack", {"method": "POST", "data": b"0000", "type": "upload"}, 200),
        ("/git-upload-pack", {"method": "POST", "data": b"+00f", "type": "upload"}, 422),
        ("/git-upload-pack", {"method": "POST", "data": b"0032want x", "type": "upload"}, 422),
        ("/git-upload-pack", {"method": "POST", "data": b"x", "type": "upload", "encoding": "gzip"}, 422),
        ("/git-upload-pack", {"method": "POST", "data": b"x", "type": "upload", "encoding": "br"}, 415),
        ("/git-receive-pack", {"method": "POST", "data": b"0000", "type": "receive"}, 401),
        ("/git-receive-pack?service=git-upload-pack", {"method": "POST", "data": b"0000", "type": "upload"}, 401),
        ("/git-upload-pack", {"method": "GET"}, 405),
    ],
)
def test_requests_that_git_would_not_make(alice: Client, nobody: Client, path: str, options: dict, status: int) -> None:
    gist = alice.create()
    headers = {}
    if "type" in options:
        headers["Content-Type"] = f"application/x-git-{options['type']}-pack-request"
    if "encoding" in options:
        headers["Content-Encoding"] = options["encoding"]
    answer = nobody.request(
        options.get("method", "GET"), gist["clone_url"] + path, data=options.get("data"), headers=headers
    )
    assert answer.status_code == status, answer.text


def test_a_compressed_bomb_is_refused(own_server, git: Git) -> None:
    import gzip

    server = own_server(max_request_bytes=1_000_000).start()
    gist = server.user("alice").create()
    answer = server.nobody.request(
        "POST",
        gist["clone_url"] + "/git-upload-pack",
        data=gzip.compress(b"0" * 50_000_000),
        headers={"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"},
    )
    assert answer.status_code == 413


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


def test_whether_something_was_pushed_away_is_not_told(alice: Client, nobody: Client, git: Git) -> None:
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    gone = git.commit(clone, {"secret.txt": "hunter2"})
    git("push", "-q", cwd=clone)
    git("reset", "-q", "--hard", "HEAD^", cwd=clone)
    git("push", "-q", "--force", cwd=clone)

    def answer(have: str) -> bytes:
        lines = [f"want {gist['commits'][0]['version']} multi_ack_detailed no-done\n", "", f"have {have}\n", ""]
        body = b"".join(b"%04x%s" % (len(line) + 4, line.encode()) if line else b"0000" for line in lines)
        return nobody.request(
            "POST", gist["clone_url"] + "/git-upload-pack", data=body,
            headers={"Content-Type": "application/x-git-upload-pack-request"},
        ).content  # fmt: skip

    assert answer(gone) == answer("1" * 40)
    assert answer(gist["commits"][0]["version"]) != answer("1" * 40)


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


def test_a_request_for_a_fetch_is_limited(alice: Client, nobody: Client) -> None:
    gist = alice.create()
    answer = nobody.request(
        "POST", gist["clone_url"] + "/git-upload-pack", data=b"0" * 3_000_000,
        headers={"Content-Type": "application/x-git-upload-pack-request"},
    )  # fmt: skip
    assert answer.status_code == 413


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
