"""Real files through every door: written by REST and by git; read back by clone, API, page and raw, byte for byte.

python -m tests.real_files [--gists N] [--clients N]
"""

import argparse
import base64
import random
import re
import struct
import subprocess
import sysconfig
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.harness import Client, Git, Server

REAL_FILES_PER_GIST = 5
MAX_BYTES = 64 * 1024

SPECIAL = [
    ("no newline at the end.txt", "one\nthe last line has no end"),
    ("crlf.txt", "one\r\ntwo\r\n\r\n"),
    ("carriage returns.txt", "one\rtwo\r\n\n\rthree\f\u2028\x85\x1b[0m"),
    ("a name with spaces.md", "# A name with spaces\n"),
    ("🎉 Grüße 世界.py", "print('🎉 Grüße, 世界')\n"),
    ("a/b/c.py", "print('in two folders')\n"),
    ("100% #1 & <b>'it's \"quoted\"'?;+=.txt", "a name full of characters that mean something somewhere\n"),
    ("byte order mark.txt", "\ufeffbegins with a mark\n"),
    ("white space.txt", " \t \n\n\n"),
]
"""Each gist gets one of these besides its real files. An empty file, which only an edit can make, is in all."""

Files = dict[str, bytes]
FileEdits = dict[str, dict[str, str] | None]


@dataclass
class Model:
    """A gist as it must be: the ids of its revisions, oldest first, and all their files."""

    gist: dict[str, Any]
    ids: list[str] = field(default_factory=list)
    revisions: list[Files] = field(default_factory=list)

    def add(self, id: str, files: Files) -> None:
        self.ids.append(id)
        self.revisions.append(files)


@dataclass(frozen=True)
class Summary:
    gists: int
    real_files: int
    revisions: int
    files: int
    bytes: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.gists} gists from {self.real_files} real files: {self.revisions} revisions "
            f"with {self.files} files, {self.bytes / 1e6:.1f} MB, each byte compared, in {self.seconds:.0f} s"
        )


# ---------------------------------------------------------------------- what there is to store


def real_texts(count: int) -> list[tuple[str, str]]:
    """Text files of the standard library, no two with the same content, from all over the tree."""
    root = Path(sysconfig.get_path("stdlib"))
    paths = sorted(path for path in root.rglob("*") if "site-packages" not in path.parts and path.is_file())
    random.Random(1).shuffle(paths)
    texts: dict[str, str] = {}
    for path in paths:
        if len(texts) == count:
            break
        content = path.read_bytes() if 0 < path.stat().st_size <= MAX_BYTES else b"\0"
        try:
            if b"\0" not in content:
                texts.setdefault(content.decode(), str(path.relative_to(root)))
        except UnicodeDecodeError:
            continue
    return [(path, text) for text, path in texts.items()]


def image(seed: int) -> bytes:
    """A PNG, 16 by 16 pixels of colours that only this seed has."""
    rows = b"".join(b"\0" + random.Random(seed * 16 + row).randbytes(16 * 3) for row in range(16))
    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def edits(texts: Sequence[tuple[str, str]], special: tuple[str, str]) -> Iterator[FileEdits]:
    """One change after the other for a gist that begins with the first three texts and the special file."""
    paths = [path for path, _ in texts]
    yield {paths[0]: {"content": texts[4][1]}}
    yield {path: {"content": text} for path, text in texts[3:]}
    yield {paths[1]: {"filename": f"moved to/{paths[1]}"}}
    yield {paths[4]: {"content": ""}}
    yield {paths[2]: None}
    yield {  # two files exchange their names, one moves and changes, one changes, one comes
        paths[0]: {"filename": paths[3]},
        paths[3]: {"filename": paths[0]},
        f"moved to/{paths[1]}": {"filename": paths[1], "content": texts[1][1] + texts[2][1]},
        special[0]: {"content": special[1] * 2},
        "new/" + paths[2]: {"content": texts[2][1]},
    }


def edited(files: Files, changes: FileEdits) -> Files:
    """What the files are after the changes."""
    after = {path: content for path, content in files.items() if path not in changes}
    for path, change in changes.items():
        if change is not None:
            content = change.get("content")
            after[change.get("filename", path)] = files[path] if content is None else content.encode()
    return after


# ---------------------------------------------------------------------- reading back


def api_files(gist: dict[str, Any]) -> Files:
    """The files of a gist as the API gives them."""
    assert not gist["truncated"] and not any(file["truncated"] for file in gist["files"].values())
    return {
        path: base64.b64decode(file["content"]) if file["encoding"] == "base64" else file["content"].encode()
        for path, file in gist["files"].items()
    }


def git_revisions(git: Git, repository: Path) -> list[tuple[str, Files]]:
    """Every revision in a clone, or in a bare repository, oldest first: its id and its files."""

    def run(*arguments: str, input: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *arguments], cwd=repository, env=git.environment, input=input, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed: list[tuple[str, dict[str, bytes]]] = []
    for revision in run("rev-list", "--reverse", "HEAD").decode().split():
        entries = [entry.split(b"\t", 1) for entry in run("ls-tree", "-r", "-z", revision).split(b"\0") if entry]
        listed.append((revision, {path.decode(): about.split()[2] for about, path in entries}))
    ids = list({id: None for _, files in listed for id in files.values()})
    blobs = dict(zip(ids, _batch(run("cat-file", "--batch", input=b"".join(id + b"\n" for id in ids))), strict=True))
    return [(revision, {path: blobs[id] for path, id in files.items()}) for revision, files in listed]


def _batch(output: bytes) -> Iterator[bytes]:
    """The contents in what `git cat-file --batch` prints."""
    at = 0
    while at < len(output):
        start = output.index(b"\n", at) + 1
        size = int(output[at:start].split()[2])
        yield output[start : start + size]
        at = start + size + 1


def assert_sound(server: Server, git: Git) -> None:
    """git finds nothing wrong with any repository on disk, and gistd's doctor nothing with the whole."""
    for repository in [*server.repos.glob("[0-9a-f][0-9a-f]/*.git"), *server.repos.glob("lost+found/*.git")]:
        fsck(git, repository)
    assert server.cli("doctor") == ""


def fsck(git: Git, repository: Path) -> None:
    done = git.try_("--git-dir", repository, "fsck", "--strict", "--no-dangling", "--no-progress")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), repository


# ---------------------------------------------------------------------- the run


class Run:
    """One server, one account, and so many clients at once."""

    def __init__(self, server: Server, clients: int) -> None:
        self.server = server
        self.token = server.user("alice").token
        self.git = Git(server.root / "git")
        self.clients = clients
        self.models: list[Model] = []

    def client(self) -> Client:
        return Client(self.server, "alice", self.token)

    def at_once(self, work: Callable[..., Any], *arguments: Sequence[Any]) -> list[Any]:
        with ThreadPoolExecutor(self.clients) as pool:
            return list(pool.map(work, *arguments))

    def everything(self, gists: int, texts: list[tuple[str, str]]) -> None:
        supply = cycle(texts)
        shares = [list(islice(supply, REAL_FILES_PER_GIST)) for _ in range(gists)]
        numbers = range(gists)
        self.models = self.at_once(self.write, shares, numbers)
        self.at_once(self.compare_clone, self.models, [f"first-{number}" for number in numbers])
        self.at_once(self.push, self.models, numbers)
        self.at_once(self.compare_reads, self.models)
        self.at_once(self.compare_clone, self.models, [f"second-{number}" for number in numbers])
        assert len(list(self.server.repos.glob("??/*.git"))) == gists
        assert all(self.server.repository(model.gist["id"]).is_dir() for model in self.models)
        assert_sound(self.server, self.git)

    def write(self, texts: list[tuple[str, str]], number: int) -> Model:
        """Make a gist and edit it; each answer must show what was asked for."""
        client, special = self.client(), SPECIAL[number % len(SPECIAL)]
        begin = dict([*texts[:3], special])
        gist = client.create(begin, title=f"real files {number}")
        files = {path: text.encode() for path, text in begin.items()}
        model = Model(gist)
        model.add(gist["commits"][0]["version"], files)
        assert api_files(gist) == files
        for changes in edits(texts, special):
            gist, files = client.change(gist["id"], files=changes), edited(files, changes)
            model.add(gist["commits"][0]["version"], files)
            assert api_files(gist) == files
        return model

    def compare_clone(self, model: Model, name: str) -> None:
        self.git("clone", "-q", self.client().clone_url(model.gist), self.git.home / name)
        found = git_revisions(self.git, self.git.home / name)
        assert [id for id, _ in found] == model.ids
        for number, (_, files) in enumerate(found):
            assert files == model.revisions[number], (model.gist["id"], number)

    def push(self, model: Model, number: int) -> None:
        """Add a line to a file, and the files that REST has no way for."""
        files = model.revisions[-1]
        path = min(files)
        pushed = {
            path: files[path] + f"\npushed-{model.gist['id']}\n".encode(),
            "pictures/🖼 image.png": image(number),
            "utf-16.txt": f"Grüße, 世界 {number}\r\n".encode("utf-16"),
        }
        clone = self.git.home / f"first-{number}"
        model.add(self.git.commit(clone, dict(pushed)), files | pushed)
        self.git("push", "-q", cwd=clone)

    def compare_reads(self, model: Model) -> None:
        """The newest revision by API, page and raw."""
        client, id, files = self.client(), model.gist["id"], model.revisions[-1]
        gist = client.read(id)
        assert api_files(gist) == files
        assert [commit["version"] for commit in gist["commits"]] == model.ids[::-1]
        for binary in ("pictures/🖼 image.png", "utf-16.txt"):
            assert gist["files"][binary]["encoding"] == "base64"
        page = client.get(f"/alice/{id}")
        words = unescape(re.sub(r"<[^>]*>", "", page.text))
        assert page.status_code == 200 and f"pushed-{id}" in words
        for path, content in files.items():
            assert path in words
            raw = client.get(f"/alice/{id}/raw/HEAD/{quote(path)}")
            assert (raw.status_code, raw.content) == (200, content), (id, path)


def run(root: Path, gists: int, clients: int = 8) -> Summary:
    """Store real files and compare; fails where a byte differs."""
    began = time.monotonic()
    texts = real_texts(gists * REAL_FILES_PER_GIST)
    server = Server(root, rate_limits=False).start()
    try:
        this = Run(server, clients)
        this.everything(gists, texts)
        assert server.stop() == 0
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text(), "the server met something it did not expect"
    contents = [content for model in this.models for files in model.revisions for content in files.values()]
    return Summary(
        gists=gists,
        real_files=len(texts),
        revisions=sum(len(model.revisions) for model in this.models),
        files=len(contents),
        bytes=sum(map(len, contents)),
        seconds=time.monotonic() - began,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gists", type=int, default=100)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        print(run(Path(root), options.gists, options.clients))


if __name__ == "__main__":
    main()
