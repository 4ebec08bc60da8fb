"""What is hidden is looked for everywhere: in every answer of every face, to everybody who may not see it.

    python -m tests.attacks.leaks --responses 50000

Gists that are private, unlisted, expired, deleted, or public no more, with a mark in everything that can be said of
them. Every route of the application is asked about them, by everybody else and in every way to say who one is, and so
are the lists and searches in which they might be. Three things are held:

- no mark, and no id, is in an answer, be it in its headers;
- the answer about a hidden gist is, byte for byte, the one about a gist that never was;
- lists, counts, feeds and pages are, byte for byte, what they were before the hidden gist was made.
"""

import argparse
import base64
import hashlib
import itertools
import re
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from peewee import sqlite3  # type: ignore[attr-defined]
from requests.auth import HTTPDigestAuth

from gistd.app import create_app
from gistd.settings import Settings
from tests.api.ranna.client import Snipper
from tests.harness import Client, Git, Server
from tests.transport.wire import fetch_request
from tests.web.people import Person

KINDS = ("private", "unlisted", "expired", "deleted", "withdrawn")
"""The last one was public, and is private now."""

NAMES = {
    "id": ("id", "dashed"),
    "name": ("id", "slug"),
    "ident": ("ident", "id"),
    "sha": ("sha", "head", "blob", "old_blob"),
    "file_id": ("file_id",),
}
"""What a gist may be called by, where a route has a hole of that name; the rest of the holes is filled in below."""

FILL = {
    "username": "owner", "revision": "{head}", "since": "{first}", "path": "{path}", "filename": "{path}",
    "form": "zip", "version": "v1", "topic": "{topic}", "word": "Text",
}  # fmt: skip
_QUERIES = ("page=2", "per_page=1", "sort=likes", "sort=created&order=asc", "limit=1", "private=1", "full=true")
_LISTS = (
    "/api/gists", "/api/gists/public", "/api/users/owner/gists", "/api/users/bob/liked", "/v1/pastes",
    "/v1/users/owner", "/paste/", "/-/all", "/owner", "/-/liked", "/-/users", "/api/pastes",
)  # fmt: skip
_OF_PEOPLE = (
    "/owner", "/owner.atom", "/-/liked?user=bob", "/-/forked?user=owner", "/-/languages/Text", "/u/owner",
    "/v1/users/owner", "/api/users/owner", "/api/users/owner/gists", "/api/user/~owner",
)  # fmt: skip
_GRAPHQL_LIST = """{ me { canonicalName pastes { results { id files { filename hash contents } } cursor } }
  pastes { results { id visibility files { filename hash } user { canonicalName } } cursor }
  user(username: "owner") { canonicalName pastes { results { id files { filename hash contents } } cursor } } }"""
_GRAPHQL = (
    '{ paste(id: "%s") { id created visibility files { filename hash contents } user { canonicalName } } }',
    'mutation { update(id: "%s", visibility: PUBLIC) { id } }',
    'mutation { delete(id: "%s") { id } }',
)
_NOT_ASKED = re.compile(r"/-/(settings|admin|login|logout|register|health|metrics|static|theme|webhook)|/oauth|/query$")
"""Pages about oneself: they differ by who asks and when, and know of no gist."""

_PASSING = re.compile(r"nonce[-=\"]+[\w.-]+|[0-9a-f]{32}-[0-9a-f]{16}|\d\d:\d\d:\d\d GMT")
"""What is another one in each answer: nonces, and the ids of requests that ranna's errors have."""

_DROPPED = {"date", "content-length", "x-request-id", "etag", "set-cookie"}
SECRET = "battery staple"  # for HTTP digest


@dataclass
class Caller:
    """Somebody, in one of the ways to say who they are."""

    name: str
    http: Client
    headers: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    git: tuple[str, str] | None = None

    def ask(self, method: str, path: str, query: str = "", **headers: str) -> requests.Response:
        """`query` is one for GraphQL."""
        options: dict[str, Any] = {"headers": {**self.headers, **headers}}
        if self.digest:
            options["auth"] = HTTPDigestAuth(self.digest, SECRET)  # another one each time: it would remember the nonce
        if method not in ("GET", "HEAD", "DELETE"):
            options["json"] = {"query": query} if query else {}
        return self.http.request(method, path, **options)


class Hidden:
    """A gist of the owner's with marks, and all that names it."""

    def __init__(self, attack: "Attack", kind: str) -> None:
        self.kind = kind
        names = ("old", "words", "title", "about", "topic", "path", "author", "slug")
        self.marks = {name: f"m{secrets.token_hex(7)}" for name in names}
        marks, alice = self.marks, attack.owner
        gist = alice.create(
            {f"{marks['path']}.txt": marks["old"]}, title=marks["title"], description=marks["about"],
            topics=[marks["topic"]], slug=marks["slug"],
            visibility=kind if kind in ("private", "unlisted") else "public",
        )  # fmt: skip
        clone = attack.git.clone(alice.clone_url(gist))
        (clone / f"{marks['path']}.txt").write_text(marks["words"])
        attack.git("-c", f"user.name={marks['author']}", "commit", "-qam", marks["author"], cwd=clone)
        attack.git("push", "-q", cwd=clone)
        self.names = self._named(attack.server, alice.read(gist["id"]))
        self.etags = attack.etags(self)
        self._hide(attack, gist["id"])

    def _named(self, server: Server, gist: dict[str, Any]) -> dict[str, str]:
        index = sqlite3.connect(server.repos / "index.sqlite3")
        row = index.execute("SELECT ident, sha, private_id, number FROM gist WHERE id = ?", (gist["id"],)).fetchone()
        file = index.execute("SELECT file.id, blob FROM file JOIN gist ON gist_id = number WHERE gist.id = ?",
                             (gist["id"],)).fetchone()  # fmt: skip
        index.close()
        ident, sha, private_id, number = row
        old = self.marks["old"].encode()
        return {
            "id": gist["id"], "dashed": re.sub("(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-", gist["id"]), "ident": ident,
            "sha": sha, "private_id": private_id or "x" * 20, "number": str(number), "file_id": file[0],
            "blob": file[1], "old_blob": hashlib.sha1(b"blob %d\0%b" % (len(old), old)).hexdigest(),
            "head": gist["commits"][0]["version"], "first": gist["commits"][-1]["version"],
            "slug": self.marks["slug"], "topic": self.marks["topic"], "path": f"{self.marks['path']}.txt",
        }  # fmt: skip

    def _hide(self, attack: "Attack", id: str) -> None:
        if self.kind == "deleted":
            assert attack.owner.request("DELETE", f"/api/gists/{id}").status_code == 204
        if self.kind == "withdrawn":
            assert attack.fan.request("PUT", f"/api/gists/{id}/like").status_code == 204
            attack.owner.change(id, visibility="private")
        if self.kind == "expired":
            index = sqlite3.connect(attack.server.repos / "index.sqlite3", timeout=30)
            with index:
                index.execute("UPDATE gist SET expires_at = 1 WHERE id = ?", (id,))  # in 1970
            index.close()

    def secrets(self) -> list[str]:
        """What nobody may be told. Short names and numbers may turn up by chance."""
        ids = [value for name, value in self.names.items() if name not in ("number", "ident")]
        plain = {*self.marks.values(), *ids}
        shifted = (b"x" * shift + mark.encode() for mark in self.marks.values() for shift in range(3))
        coded = {base64.b64encode(each).decode()[4:-4] for each in shifted}
        return sorted(plain | coded)


def ghost(names: Mapping[str, str]) -> dict[str, str]:
    """What would name a gist that never was: of the same form."""

    def other(word: str) -> str:
        pool = "0123456789abcdef" if re.fullmatch(r"[0-9a-f-]+", word) else "abcdefghijklmnopqrstuvwxyz"
        return "".join(secrets.choice(pool) if letter.isalnum() else letter for letter in word)

    made = {name: other(word) for name, word in names.items() if name not in ("number", "path")}
    made["dashed"] = re.sub("(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-", made["id"])
    return {**made, "path": f"m{secrets.token_hex(7)}.txt", "number": str(900_000 + secrets.randbelow(99_999))}


def routes() -> tuple[list[tuple[str, str]], list[str]]:
    """(method, path with holes) of each way to ask about a gist, and the paths of what lists many."""
    with tempfile.TemporaryDirectory() as root:
        app = create_app(Settings(repos=Path(root) / "repos"))
    addressed, general = [], []
    for rule in app.url_map.iter_rules():
        holes = re.findall(r"<(?:[^:<>]*:)?(\w+)>", rule.rule)
        if _NOT_ASKED.match(rule.rule):
            continue
        names = {**NAMES, "id": ("number", "private_id")} if rule.endpoint.startswith("ownpaste.") else NAMES
        choices = [names.get(hole, (None,)) for hole in holes]
        for chosen in itertools.islice(itertools.product(*choices), 8):
            words = iter(
                f"{{{name}}}" if name else FILL.get(hole, "1") for name, hole in zip(chosen, holes, strict=True)
            )
            path = re.sub(r"<(?:[^<>]*)>", lambda _, words=words: next(words), rule.rule)
            if "{" in path:
                addressed += [(method, path) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
            elif "GET" in (rule.methods or ()):
                general.append(path)
    return sorted({*addressed}), sorted({*general})


class Attack:
    """A server with its people; what was asked of it, and what was told that must not be."""

    def __init__(self, root: Path, every: int) -> None:
        self.every = every
        self.server = Server(root, rate_limits="false").start()
        self.git = Git(root / "git")
        names = ("admin", "owner", "bob", "carol")
        self.people = {name: Person(self.server, name).sign_up() for name in names}
        self.owner, self.fan = (self.people[name].api() for name in ("owner", "bob"))
        self.addressed, self.general = routes()
        self.shown = self.owner.create({"a.txt": "shown"}, title="shown", topics=["shown"])
        self.callers = list(self._callers())
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        lists = itertools.product(self.callers, self._lists())
        self.before = [
            (caller, path, _plain(self._ask(caller, "GET", path), {}))
            for number, (caller, path) in enumerate(lists)
            if number % every == 0
        ]
        self.queried = [(caller, self._queried(caller)) for caller in self.callers]

    def _queried(self, caller: Caller) -> str:
        """What /query lists."""
        return _plain(self._ask(caller, "POST", "/query", query=_GRAPHQL_LIST), {})

    def _callers(self) -> Iterator[Caller]:
        server, nobody, bob = self.server, self.server.nobody, self.people["bob"]
        yield Caller("nobody", nobody)
        yield Caller("carol, signed in", self.people["carol"])
        for scopes in (("gist:write", "user:write"), ("gist:read",), ("user:read",)):
            for name in ("bob", "admin"):
                client = self.people[name].api(*scopes)
                yield Caller(f"{name} by {' '.join(scopes)}", client, git=(name, client.token))
        blind = self.people["owner"].api("user:write")
        yield Caller("the owner by user:write", blind, git=("owner", blind.token))
        yield Caller("bob by sourcehut's header", nobody, {"Authorization": f"token {bob.api('gist:write').token}"})
        yield Caller("bob by a key of paste.gg's", nobody, {"Authorization": f"Key {bob.key()}"})
        ranna = Snipper(server).join("dora").token
        yield Caller("dora by a token of ranna's", nobody, {"Authorization": f"bearer {ranna}"})
        bob.set_digest(SECRET)
        yield Caller("bob by HTTP digest", nobody, {"Accept": "application/json"}, digest="bob")
        yield Caller(
            "a wrong token", nobody, {"Authorization": "Bearer og_" + "0" * 64}, git=("owner", "og_" + "0" * 64)
        )

    def _lists(self) -> Iterator[str]:
        """What lists many, in several orders and pages."""
        yield from self.general
        for query, path in itertools.product(_QUERIES, _LISTS):
            yield f"{path}?{query}"
        for path in (*_OF_PEOPLE, f"/api/gists/{self.shown['id']}", f"/owner/{self.shown['id']}/forks"):
            yield path
        for query in ("user:owner", "shown", "file:.txt", "lang:text", "title:m", "user:owner lang:text"):
            for path in ("/api/gists/search", "/-/search", "/-/search.atom"):
                yield f"{path}?q={query}"

    # ------------------------------------------------------------------ looking

    def etags(self, gist: Hidden) -> dict[str, str]:
        """Where the owner gets an ETag, and which: whoever knows the content can compute it."""
        found = {}
        for method, path in self.addressed[:: max(1, self.every // 10)]:
            if method == "GET" and "{sha}" not in path and "{topic}" not in path:
                answer = self.owner.get(path.format(**gist.names))
                if "ETag" in answer.headers:
                    found[path] = answer.headers["ETag"]
        return found

    def look(self, gist: Hidden, first: int = 0) -> None:
        """Ask for it in every way, or in one of `every` so many, beginning with the `first`."""
        ways = [*self._about(gist), *self._searches(gist), *self._of_git(gist), *self._by_graphql(gist)]
        for number, (way, caller) in enumerate(itertools.product(ways, self.callers)):
            if number % self.every == first % self.every:
                way(caller)  # type: ignore[operator]
        for caller, path, before in self.before:
            if _plain(self._asked(gist, caller, "GET", path), {}) != before:
                self._tell(f"{caller.name}: GET {path} is not what it was before a {gist.kind} gist was made")
        for caller, before in self.queried:
            if self._queried(caller) != before:
                self._tell(f"{caller.name}: /query lists something else than before a {gist.kind} gist was made")

    def _about(self, gist: Hidden) -> Iterator[Any]:
        """The answers about it are those about a gist that never was."""
        other = ghost(gist.names)
        for method, path in self.addressed:
            if gist.kind == "unlisted" and not re.fullmatch(r"[^{]*\{(number|topic)\}[^{]*", path):
                continue  # whoever knows the address may look
            if (
                gist.kind == "unlisted" and "{number}" in path
            ):  # whoever wants it is asked who they are, as ownpaste does
                yield lambda caller, method=method, path=path: self._asked(
                    gist, caller, method, path.format(**gist.names)
                )
                continue
            yield lambda caller, method=method, path=path: self._compare(gist, other, caller, method, path)
            if method == "GET" and path in gist.etags:
                headers = {"If-None-Match": gist.etags[path]}
                yield lambda caller, path=path, headers=headers: self._compare(
                    gist, other, caller, "GET", path, headers
                )

    def _compare(self, gist: Hidden, other: Mapping[str, str], caller: Caller, method: str, path: str,
                 headers: Mapping[str, str] | None = None) -> None:  # fmt: skip
        about = self._asked(gist, caller, method, path.format(**gist.names), **(headers or {}))
        never = self._ask(caller, method, path.format(**other), **(headers or {}))
        if _plain(about, gist.names) != _plain(never, other):
            both = f"{_plain(about, gist.names)[:600]}\n{_plain(never, other)[:600]}"
            self._tell(f"{caller.name}: {method} {path} tells a {gist.kind} gist from none\n{both}")

    def _searches(self, gist: Hidden) -> Iterator[Any]:
        """Nobody finds it by its own words."""
        queries = [*gist.marks.values(), f"topic:{gist.marks['topic']}", f"title:{gist.marks['title']}"]
        queries += [
            f"file:{gist.marks['path']}",
            f"user:owner {gist.marks['words']}",
            gist.names["id"],
            gist.names["head"],
        ]
        for query in queries:
            for path in (
                "/api/gists/search?q=",
                "/-/search?q=",
                "/-/search.atom?q=",
                "/-/users?q=",
                "/-/all?page=1&q=",
            ):
                yield lambda caller, asked=path + query: self._asked(gist, caller, "GET", asked)

    def _of_git(self, gist: Hidden) -> Iterator[Any]:
        """Neither by its address nor through another gist is a commit of it given away."""
        if gist.kind != "unlisted":
            for name, version, service in itertools.product(("{id}", "{slug}"), (0, 1, 2), ("upload", "receive")):
                path = f"/owner/{name}.git/info/refs?service=git-{service}-pack"
                if service == "receive" and name == "{slug}" and gist.kind in ("expired", "deleted"):
                    continue  # the slug is free again, for its owner
                yield lambda caller, path=path, version=version: self._git(gist, caller, path, version)
            for wanted, version in itertools.product(("head", "first"), (0, 2)):
                path = "/owner/{id}.git/git-upload-pack"
                yield lambda caller, path=path, wanted=wanted, version=version: self._git(
                    gist, caller, path, version, wanted
                )
        for wanted, version in itertools.product(("head", "first", "blob"), (0, 2)):
            path = f"/owner/{self.shown['id']}.git/git-upload-pack"
            yield lambda caller, path=path, wanted=wanted, version=version: self._git(
                gist, caller, path, version, wanted
            )

    def _by_graphql(self, gist: Hidden) -> Iterator[Any]:
        """Nor is it told of by /query."""
        yield lambda caller: self._asked(gist, caller, "POST", "/query", query=_GRAPHQL_LIST)
        if gist.kind != "unlisted":
            for query in _GRAPHQL:
                yield lambda caller, query=query: self._compare_queries(gist, caller, query)

    def _compare_queries(self, gist: Hidden, caller: Caller, query: str) -> None:
        other = ghost(gist.names)
        said = [
            _plain(self._asked(gist, caller, "POST", "/query", query=query % names["sha"]), names)
            for names in (gist.names, other)
        ]
        if said[0] != said[1]:
            self._tell(f"{caller.name}: {query} tells a {gist.kind} gist from none\n{said[0][:600]}\n{said[1][:600]}")

    def _git(self, gist: Hidden, caller: Caller, path: str, version: int, wanted: str = "") -> None:
        other, said = ghost(gist.names), []
        for names in (gist.names, other):
            options: dict[str, Any] = {"headers": {"Git-Protocol": f"version={version}"}}
            if wanted:
                options["data"] = fetch_request(version, [names[wanted]])
                options["headers"]["Content-Type"] = "application/x-git-upload-pack-request"
            asked = path.format(**names)
            answer = self.server.nobody.request("POST" if wanted else "GET", asked, auth=caller.git, **options)
            self.answers[f"{answer.status_code}"] += 1
            said.append(_plain(answer, names))
        if said[0] != said[1]:
            self._tell(f"{caller.name}: git {path} {wanted} v{version} tells a {gist.kind} gist from none")

    def _asked(self, gist: Hidden, caller: Caller, method: str, path: str, **headers: str) -> requests.Response:
        """The answer, in which nothing of the gist may be but what was asked for, be it in a header or a query."""
        answer = self._ask(caller, method, path, **headers)
        said = answer.text + str(answer.headers)
        asked = path + str(headers) + (gist.names["id"] if gist.names["dashed"] in path else "")
        told = [secret for secret in gist.secrets() if secret in said and secret not in asked]
        if told:
            self._tell(f"{caller.name}: {method} {path} tells {told} of a {gist.kind} gist")
        return answer

    def _ask(self, caller: Caller, method: str, path: str, **headers: str) -> requests.Response:
        answer = caller.ask(method, path, **headers)
        self.answers[f"{answer.status_code}"] += 1
        if answer.status_code >= 500:
            self._tell(f"{caller.name}: {method} {path}: {answer.status_code}")
        return answer

    def _tell(self, words: str) -> None:
        if words not in self.wrong:
            self.wrong.append(words)

    def sees(self, gist: Hidden) -> int:
        """In how many places the owner finds it who may see it: what is looked for can be found."""
        paths = [path.format(**gist.names) for method, path in self.addressed if method == "GET"]
        return sum(any(mark in self.owner.get(path).text for mark in gist.marks.values()) for path in paths)

    def finish(self) -> None:
        assert self.server.stop() == 0
        if "Traceback" in self.server.log.read_text(errors="replace"):
            self._tell("a traceback in the log")


def _plain(answer: requests.Response, names: Mapping[str, str]) -> str:
    """An answer without what passes, and with the names of the gist that was asked for by what they are."""
    headers = sorted((name.lower(), value) for name, value in answer.headers.items() if name.lower() not in _DROPPED)
    said = f"{answer.status_code} {headers}\n{answer.text}"
    for name, value in sorted(names.items(), key=lambda item: -len(item[1])):
        found = rf"(?<=/){value}(?=/)|(?<=%2F){value}(?=%2F)" if name == "number" else re.escape(value)
        said = re.sub(found, f"<{name}>", said)
    return _PASSING.sub("…", said)


def run(root: Path, responses: int, every: int = 1, kinds: Sequence[str] = KINDS) -> Attack:
    """So many responses at least, or all that there are to ask of `every` one so many."""
    attack = Attack(root, every)
    try:
        for round in itertools.count():
            for kind in kinds:
                gist = Hidden(attack, kind)
                if kind == "private":
                    assert attack.sees(gist) > 10, "not even its owner finds it"
                attack.look(gist, first=round)
            if attack.answers.total() >= responses:
                break
    finally:
        attack.finish()
    return attack


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=50_000)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        attack = run(Path(root), asked.responses)
    print("\n".join(attack.wrong))
    print(", ".join(f"{number:,} x {status}" for status, number in sorted(attack.answers.items())))
    where = f"{len(attack.callers)} callers at {len(attack.addressed)} addresses and {len(attack.before)} lists"
    seconds = f"{time.monotonic() - began:.0f} s"
    print(f"{attack.answers.total():,} answers, {where}, in {seconds}: {len(attack.wrong)} told something")
    return len(attack.wrong)


if __name__ == "__main__":
    sys.exit(main())
