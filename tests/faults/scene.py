"""gistd with two people and their gists, asked without a network in between; each kind of write that can be asked for;
and what there is to see before and afterwards."""

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.test import Client, TestResponse

from gistd.app import create_app
from gistd.core import accounts, chores, credentials, doctor, webhooks
from gistd.core.access import ALL_SCOPES, Actor, Scope
from gistd.core.events import Kind
from gistd.errors import Unavailable
from gistd.index.connection import database
from gistd.index.models import Delivery
from gistd.settings import Settings
from tests.faults import child
from tests.harness import Git
from tests.real_files import fsck
from tests.transport import packs

Gists = dict[str, Any]
"""What there is to see, by the titles of the gists, and what is to be told of them: all that does not depend on chance,
or on the clock."""

TOLD = "what webhooks are told"


@dataclass
class People:
    """Whom the data directory knows, and their gists by title, as they were answered."""

    tokens: dict[str, str] = field(default_factory=dict)
    gists: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def acknowledged(self) -> bool:
        """A push that is refused is answered with 200, too."""
        return 200 <= self.status < 300 and b"\x00ng refs/" not in self.body and b"ng refs/" not in self.body


class Asker:
    """The whole application, in this process."""

    def __init__(self, root: Path, people: People) -> None:
        self.app = create_app(Settings(repos=root, rate_limits=False))
        self.people = people
        self.client = Client(self.app.wsgi_app, TestResponse)

    def send(self, method: str, path: str, who: str = "alice", **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.people.tokens[who]}", **options.pop("headers", {})}
        response = self.client.open(path, method=method, headers=headers, **options)
        return Answer(response.status_code, response.get_data(), dict(response.headers))

    def read(self, path: str, who: str = "alice", status: int = 200) -> Any:
        answer = self.send("GET", path, who)
        assert answer.status == status, (path, answer)
        return json.loads(answer.body)

    def push(self, path: str, old: str, objects: list[packs.Obj]) -> Answer:
        body = packs.request([packs.command(old, objects[-1].id)], packs.pack(objects), b"report-status")
        basic = base64.b64encode(f"alice:{self.people.tokens['alice']}".encode()).decode()
        kind = "application/x-git-receive-pack-request"
        headers = {"Authorization": f"Basic {basic}"}
        return self.send("POST", f"{path}/git-receive-pack", data=body, content_type=kind, headers=headers)

    def id(self, title: str) -> str:
        return str(self.people.gists[title]["id"])

    # ------------------------------------------------------------------ looking

    def look(self) -> Gists:
        """Everything that alice can see, all revisions included; and what is to be sent to webhooks."""
        gists = {gist["title"]: self._look(gist) for who in ("alice", "bob") for gist in self.read("/api/gists", who)}
        with database.connection_context():
            deliveries = Delivery.select().where(Delivery.due_at.is_null(False))
            told = [f"{each.kind} {json.loads(each.event)['gist']['title']}" for each in deliveries]
        return {**gists, TOLD: sorted(told)}

    def _look(self, listed: dict[str, Any]) -> dict[str, Any]:
        path = f"/api/gists/{listed['id']}"
        gist = self.read(path, listed["owner"]["login"])
        versions = [commit["version"] for commit in gist["commits"]]
        revisions = [self.read(f"{path}/{version}", listed["owner"]["login"])["files"] for version in versions]
        assert gist["files"] == revisions[0]
        return {
            "visibility": gist["visibility"],
            "files": [{name: file["content"] for name, file in files.items()} for files in revisions],
            "forks": len(gist["forks"]),
            "liked": self.send("GET", f"{path}/like").status == 204,
        }


# ---------------------------------------------------------------------- what there is at first


def furnish(root: Path) -> People:
    """Make the data directory, in a process that ends."""
    return child.run(lambda: furnish_here(root), root.with_suffix(".log"))


def furnish_here(root: Path) -> People:
    asker = Asker(root, people := People())
    for name in ("alice", "bob"):
        user = accounts.create_user(name)
        people.tokens[name] = credentials.issue_token(user, [Scope.GIST_WRITE, Scope.USER_WRITE])
        told = [kind for kind in Kind if kind is not Kind.PING]
        webhooks.subscribe(Actor(user, ALL_SCOPES), "gistd", "http://receiver.example/", told, "http://localhost")
    for title in ("changed", "pushed", "deleted", "hidden", "packed"):
        _make(asker, "alice", title)
    for title in ("forked", "liked"):
        _make(asker, "bob", title)
    for number in range(3):
        files = {"a.txt": {"content": f"a {number}\n"}, "b/c.txt": {"content": f"c {number}\n" * 100}}
        answer = asker.send("PATCH", f"/api/gists/{asker.id('packed')}", json={"files": files})
        assert answer.status == 200, answer
    return people


def _make(asker: Asker, who: str, title: str) -> None:
    files = {"a.txt": {"content": f"{title}: a\n"}, "b/c.txt": {"content": f"{title}: c\n" * 50}}
    answer = asker.send("POST", "/api/gists", who, json={"title": title, "files": files})
    assert answer.status == 201, answer
    asker.people.gists[title] = json.loads(answer.body)


# ---------------------------------------------------------------------- what can be asked for

PUSHED = packs.revision({"pushed.txt": b"by git\n" * 40})


def _create(asker: Asker) -> Answer:
    files = {"new.txt": {"content": "new\n" * 30}, "in/a/folder.txt": {"content": "deep\n"}}
    return asker.send("POST", "/api/gists", json={"title": "created", "topics": ["one"], "files": files})


def _change(asker: Asker) -> Answer:
    files = {"a.txt": {"content": "changed\n"}, "b/c.txt": None, "d.txt": {"content": "d\n"}}
    return asker.send("PATCH", f"/api/gists/{asker.id('changed')}", json={"files": files})


def _change_again(asker: Asker) -> Answer:
    """Its branch is a file of its own by then."""
    files = {"a.txt": {"content": "changed again\n"}}
    return asker.send("PATCH", f"/api/gists/{asker.id('packed')}", json={"files": files})


def _push(asker: Asker) -> Answer:
    old = asker.people.gists["pushed"]["commits"][0]["version"]
    top = packs.revision({"pushed.txt": b"by git\n" * 40}, old)
    return asker.push(f"/alice/{asker.id('pushed')}.git", old, top)


def _push_create(asker: Asker) -> Answer:
    return asker.push("/alice/pushed-new.git", packs.NOTHING, PUSHED)


def _fork(asker: Asker) -> Answer:
    return asker.send("POST", f"/api/gists/{asker.id('forked')}/forks")


def _delete(asker: Asker) -> Answer:
    return asker.send("DELETE", f"/api/gists/{asker.id('deleted')}")


def _hide(asker: Asker) -> Answer:
    files = {"a.txt": {"content": "now secret\n"}}
    return asker.send("PATCH", f"/api/gists/{asker.id('hidden')}", json={"visibility": "private", "files": files})


def _like(asker: Asker) -> Answer:
    return asker.send("PUT", f"/api/gists/{asker.id('liked')}/like")


def _collect(asker: Asker) -> Answer:
    warnings: list[str] = []
    try:
        chores.collect_garbage(lambda done, total: None, warnings.append)
    except Unavailable as error:
        warnings.append(error.message)
    return Answer(503 if warnings else 200, "\n".join(warnings).encode(), {"Retry-After": "-"})


WRITES: dict[str, Callable[[Asker], Answer]] = {
    "create": _create,
    "change": _change,
    "change again": _change_again,
    "push": _push,
    "push-create": _push_create,
    "fork": _fork,
    "delete": _delete,
    "hide": _hide,
    "like": _like,
    "gc": _collect,
}


def outcomes(write: str, before: Gists, after: Gists) -> list[Gists]:
    """What may be there after a write that was not acknowledged: nothing of it, or all. Only a gist that is hidden and
    changed at once is hidden first."""
    hidden = {**before, "hidden": {**before["hidden"], "visibility": "private"}}
    return [before, after, hidden] if write == "hide" else [before, after]


# ---------------------------------------------------------------------- what must hold afterwards


@dataclass(frozen=True)
class Recovered:
    """What there was to see after the start, and what the doctor mended."""

    seen: Gists
    mended: list[str]


def recover(root: Path, people: People, log: Path) -> Recovered:
    """Start gistd again and let the doctor mend; then everything must be sound, and take a new write."""
    found: Recovered = child.run(lambda: _recover(Asker(root, people)), log)
    with closing(sqlite3.connect(root / "index.sqlite3")) as index:
        assert index.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    git = Git(root.parent / "git")
    for repository in repositories(root):
        fsck(git, repository)
    assert leftovers(root) == []
    child.run(lambda: _go_on(root, people, found), log)
    return found


def use(root: Path) -> None:
    """Start, and do what one does first."""
    assert furnish_here(root).gists
    assert list(doctor.examine(repair=False)) == []


def _recover(asker: Asker) -> Recovered:
    seen = asker.look()
    findings = list(doctor.examine(repair=True))
    assert all(finding.mended for finding in findings), findings
    assert list(doctor.examine(repair=False)) == []
    assert asker.look() == seen, "the doctor changed what there is to see"
    return Recovered(seen, [finding.words for finding in findings])


def _go_on(root: Path, people: People, found: Recovered) -> None:
    """A second recovery does nothing, and every gist takes a new write."""
    asker = Asker(root, people)
    assert _recover(asker) == Recovered(found.seen, []), "the second recovery did something"
    files = {"after.txt": {"content": "afterwards\n"}}
    for who in ("alice", "bob"):
        for gist in asker.read("/api/gists", who):
            answer = asker.send("PATCH", f"/api/gists/{gist['id']}", who, json={"files": files})
            assert answer.status == 200, (gist["title"], answer)
    assert list(doctor.examine(repair=False)) == []


def repositories(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("[0-9a-f][0-9a-f]/*.git"))


def leftovers(root: Path) -> list[str]:
    """What a killed write left that nobody has taken away."""
    found = list((root / "tmp").iterdir())
    for pattern in ("tmp_*", "[0-9a-f][0-9a-f]/*.git/**/*.lock", "[0-9a-f][0-9a-f]/*.git/**/tmp_*"):
        found += root.glob(pattern)
    return [str(path.relative_to(root)) for path in found]


def copy(source: Path, target: Path) -> Path:
    """The data directory once more; of 256 folders, most are empty."""
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target, symlinks=True)
