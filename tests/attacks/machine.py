"""Core held against a model: any order of writes by anybody, and after each of them what everybody sees.

    python -m tests.attacks.machine --runs 2000 --steps 50

Real SQLite, real repositories, in this process. Hypothesis makes up the orders, and shows the shortest that goes wrong.
"""

import argparse
import io
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gistd import index
from gistd.core import (
    access,
    accounts,
    administration,
    browse,
    credentials,
    doctor,
    gists,
    house,
    likes,
    listings,
    pushes,
    revisions,
)
from gistd.core.access import NOBODY, Actor, Scope
from gistd.core.drafts import KEEP, Change, Draft
from gistd.core.listings import Listing, Sort
from gistd.core.passwords import digest
from gistd.errors import GistdError
from gistd.index import Gist
from gistd.settings import Settings
from gistd.store import FileChange
from tests.transport import packs

from .model import SCOPES, Edit, Files, Kept, Who, World, edited, may_stand
from .world import temporary

NAMES = ("alice", "bob", "carol")
"""The first one is an admin."""

WORDS = ("needle", "thread", "w\u00f6rter", "config", "Read ME")
PATHS = ("a.txt", "A.txt", "b.py", "d/x.md", "d", "\u00e9.md", "e\u0301.md", "config.toml", ".git", "a/../b")
WHO = [Who(), *(Who(name, grant) for name in NAMES for grant in SCOPES), *(Who(name, "all") for name in NAMES)]
_ANY = "NotFound|NotYours|Forbidden|Unauthenticated|Invalid|PreconditionFailed|Conflict"
SLUGS = ("", "", "notes", "Notes", "other")

who = st.sampled_from(WHO)
owner = st.sampled_from([Who(name, "all") for name in NAMES])
which = st.integers(0, 11)
"""Of the gists, counted from the newest."""

word = st.sampled_from(WORDS)
visibility = st.sampled_from(["public", "public", "unlisted", "private"])
content = st.one_of(word.map(lambda each: f"{each}\n".encode()), st.sampled_from([b"", b"\0\1", b"one\r\ntwo"]))
files = st.dictionaries(st.sampled_from(PATHS[:3] + PATHS), content, max_size=4)
topics = st.sets(st.sampled_from(["red", "green"]))
edit = st.builds(
    Edit,
    st.sampled_from(PATHS),
    st.none() | content,
    st.none() | st.sampled_from(PATHS),
    st.sampled_from([False, False, False, True]),
)


class Machine(RuleBasedStateMachine):
    """Each rule does one thing in core and in the model, and compares what became of it."""

    house_is_open: ClassVar[bool] = False
    tokens: ClassVar[dict[Who, str]] = {}
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.graves: list[Kept] = []
        self.seen: list[tuple[Kept, Gist]] = []
        """gists as they were when somebody read them"""
        if not Machine.house_is_open:
            Machine.settings = Settings(repos=temporary() / "repos", rate_limits=False, max_files=20)
            house.open(Machine.settings)
            for name in NAMES:
                self._sign_up(name)
            Machine.house_is_open = True
        _empty()

    def _sign_up(self, name: str) -> None:
        user = accounts.create_user(name)
        for grant, scopes in SCOPES.items():
            given = [Scope(scope) for scope in scopes]
            Machine.tokens[Who(name, grant)] = credentials.issue_token(user, given)

    # ------------------------------------------------------------------ helpers

    def actor(self, who: Who) -> Actor:
        return credentials.actor_by_token(self.tokens[who], "here") if who.name else NOBODY

    def pick(self, which: int) -> Kept | None:
        """One of the gists, or of those that are gone."""
        there = [*self.graves[-2:], *self.world.gists]
        return there[-1 - which % len(there)] if there else None

    def ask(self, due: str, what: Callable[[], Any]) -> Any:
        """What core returns, None if it refuses; which it must where an error is due, and that one."""
        try:
            returned, error = what(), ""
        except GistdError as refused:
            returned, error = None, type(refused).__name__
        error = "Forbidden" if error == "LacksScope" else error
        assert error in due.split("|"), f"{error or 'success'} instead of {due or 'success'}"
        Machine.done[error or "success"] += 1
        return returned

    def due(self, who: Who, action: str, gist: Kept) -> str:
        """The error that is due. Who holds a gist as it was before it was deleted is refused for some reason."""
        return self.world.refusal(who, action, gist) if gist in self.world.gists else _ANY

    def row(self, gist: Kept) -> Gist:
        """As core has it, be it gone: whoever asks may still hold what they read."""
        found = index.gists.by_id(gist.id)
        return found or next(row for kept, row in reversed(self.seen) if kept is gist)

    def keep(self, made: Gist, **words: Any) -> Kept:
        kept = Kept(made.id, updated_at=made.updated_at, **words)
        self.world.gists.append(kept)
        self.saw(kept, made)
        return kept

    def saw(self, kept: Kept, row: Gist) -> None:
        self.seen.append((kept, row))

    def lose(self, gist: Kept) -> None:
        self.world.remove(gist)
        self.graves.append(gist)

    # ------------------------------------------------------------------ writing

    @rule(who=who, files=files, title=st.sampled_from(["", *WORDS]), about=st.sampled_from(["", *WORDS]),
          visibility=visibility, topics=topics, slug=st.sampled_from(SLUGS), ends=st.booleans())  # fmt: skip
    def create(self, who: Who, files: Files, title: str, about: str, visibility: str, topics: set[str], slug: str,
               ends: bool) -> None:  # fmt: skip
        expires_at = index.now() + timedelta(hours=1) if ends else None
        draft = Draft(files, title, about, visibility, sorted(topics), slug, expires_at)
        due = ""
        if who.name and not who.may("gist:write"):
            due = "Forbidden"
        elif (not who.name and visibility == "private") or not may_stand(files):
            due = "Invalid"
        elif self.world.refuses_slug(who.name, slug):
            due = "Conflict"
        made = self.ask(due, lambda: gists.create_deletable(self.actor(who), draft))
        if made is not None:
            self.world.take_slug(who.name, slug)
            gist, key = made
            words = {"title": title or min(files), "description": about, "visibility": visibility, "slug": slug}
            self.keep(
                gist, owner=who.name, topics=topics, ends=ends, key=key or "", history=[(gist.head, files)], **words
            )

    @rule(who=who | owner, which=which, edits=st.lists(edit, max_size=3), title=st.none() | word,
          about=st.none() | word, visibility=st.none() | visibility, topics=st.none() | topics,
          slug=st.none() | st.sampled_from(SLUGS), ends=st.sampled_from([KEEP, KEEP, True, False]),
          insists=st.booleans(), stale=st.integers(0, 3))  # fmt: skip
    def change(self, who: Who, which: int, edits: list[Edit], title: str | None, about: str | None,
               visibility: str | None, topics: set[str] | None, slug: str | None, ends: Any, insists: bool,
               stale: int) -> None:  # fmt: skip
        gist = self.pick(which)
        if gist is None:
            return
        known = [row for kept, row in self.seen if kept is gist] if insists else [self.row(gist)]
        held = known[-1 - stale % len(known)]
        expires_at = KEEP if ends is KEEP else index.now() + timedelta(hours=1) if ends else None
        change = Change(
            [FileChange(each.path, each.content, each.new_path, each.delete) for each in edits],
            title, about, visibility, None if topics is None else sorted(topics), slug, expires_at,
        )  # fmt: skip
        after = edited(gist.files, edits)
        touched = [each.path for each in edits]
        bad_names = {each.new_path for each in edits} & {".git", "a/../b"}
        due = self.due(who, "edit", gist)
        if due == "":
            fits = may_stand([path for path, _ in after]) or not edits
            if bad_names:
                due = "Invalid"
            elif insists and (held.head, held.updated_at) != (gist.head, gist.updated_at):
                due = "PreconditionFailed"
            elif self.world.refuses_slug(gist.owner, slug or "", gist):
                due = "Conflict"
            elif len(set(touched)) < len(touched) or not fits:
                due = "Invalid"
        elif held.visibility != gist.visibility or held.archived != gist.archived or gist.is_over:
            due = _ANY  # it is first looked at as it was when it was read
        before = gist.updated_at
        changed = self.ask(due, lambda: gists.change(self.actor(who), held, change, only_if_unchanged=insists))
        if changed is None:
            return
        if slug:
            self.world.take_slug(gist.owner, slug, gist)
        words = {"title": title, "description": about, "visibility": visibility, "topics": topics, "slug": slug}
        for name, value in words.items():
            if value is not None:
                setattr(gist, name, value)
        if ends is not KEEP:
            gist.ends = ends
        moved = dict(after) != gist.files and bool(edits)
        if moved:
            gist.history.append((changed.head, dict(after)))
        gist.updated_at = changed.updated_at
        told = moved or ends is not KEEP or any(value is not None for value in words.values())
        assert (changed.updated_at > before) == told
        self.saw(gist, changed)

    @rule(who=who | owner, which=which, new=files, back=st.integers(0, 2), title=st.none() | word)
    def push(self, who: Who, which: int, new: Files, back: int, title: str | None) -> None:
        """On top of the newest revision, or of an older one: what came after that is pushed away."""
        gist = self.pick(which)
        if gist is None:
            return
        new = {path: text for path, text in new.items() if "/" not in path} or {"a.txt": b"pushed"}
        kept = gist.history[: max(1, len(gist.history) - back)]
        objects = packs.revision(new, kept[-1][0])
        if self._is_known(gist, objects[-1].id):
            return
        told = [] if title is None else [f"title={title}".encode()]
        body = packs.request([packs.command(gist.head, objects[-1].id)], packs.pack(objects), options=told)
        due = self.due(who, "edit", gist)
        is_gone = gist not in self.world.gists
        pushed = self.ask(
            f"{due}|" if is_gone else due, lambda: pushes.push(self.actor(who), self.row(gist), io.BytesIO(body))
        )
        if pushed is None:
            return
        assert (pushed.problem is None) == (may_stand(new) and not is_gone), pushed.problem
        if pushed.problem is None:
            gist.history = [*kept, (objects[-1].id, dict(sorted(new.items())))]
            gist.title = title or gist.title
            self._moved(gist)

    def _is_known(self, gist: Kept, revision: str) -> bool:
        return any(revision == each for each, _ in gist.history)

    def _moved(self, gist: Kept) -> None:
        row = self.row(gist)
        assert row.updated_at > gist.updated_at
        gist.updated_at = row.updated_at
        self.saw(gist, row)

    @rule(who=who, new=files, slug=st.sampled_from(SLUGS))
    def push_new(self, who: Who, new: Files, slug: str) -> None:
        new = {path: text for path, text in new.items() if "/" not in path} or {"a.txt": b"pushed"}
        objects = packs.revision(new)
        body = packs.request([packs.command(packs.NOTHING, objects[-1].id)], packs.pack(objects))
        due = "" if who.may("gist:write") else "Forbidden" if who.name else "Unauthenticated"
        pushed = self.ask(due, lambda: pushes.push_new(self.actor(who), slug, io.BytesIO(body)))
        if pushed is None:
            return
        fine = may_stand(new) and not self.world.refuses_slug(who.name, slug)
        assert (pushed.made is not None) == fine, pushed.problem
        if pushed.made is not None:
            self.world.take_slug(who.name, slug)
            words = {"title": slug or min(new), "description": "", "visibility": "public", "slug": slug}
            history = [(objects[-1].id, dict(sorted(new.items())))]
            self.keep(pushed.made, owner=who.name, topics=set(), ends=False, history=history, **words)

    @rule(who=who | owner, which=which)
    def delete(self, who: Who, which: int) -> None:
        gist = self.pick(which)
        if gist is not None:
            due = self.due(who, "delete", gist)
            is_gone = gist not in self.world.gists  # to delete it twice is to delete it once
            self.ask(f"{due}|" if is_gone else due, lambda: gists.delete(self.actor(who), self.row(gist)))
            if not due:
                self.lose(gist)

    @rule(which=which, key_of=which)
    def delete_by_key(self, which: int, key_of: int) -> None:
        gist, other = self.pick(which), self.pick(key_of)
        if gist is None or other is None:
            return
        due = self.due(Who(), "view", gist)
        if not due and not (gist.key and gist.key == other.key):
            due = "Forbidden"
        is_gone = gist not in self.world.gists
        holder = credentials.actor_by_deletion_key(other.key or "x")
        self.ask(f"{due}|" if is_gone else due, lambda: gists.delete(holder, self.row(gist)))
        if not due:
            self.lose(gist)

    @rule(who=who, which=which)
    def fork(self, who: Who, which: int) -> None:
        gist = self.pick(which)
        if gist is None:
            return
        due = self.due(who, "fork", gist)
        if not due and gist.owner == who.name:
            due = "Invalid"
        forked = self.ask(due, lambda: gists.fork(self.actor(who), self.row(gist)))
        if forked is None:
            return
        row, made = forked
        mine = [each for each in self.world.gists if each.fork_of == gist.id and each.owner == who.name]
        assert made == (not mine)
        if mine:
            assert row.id in [each.id for each in mine]
            return
        words = {"title": gist.title, "description": gist.description, "visibility": gist.visibility, "slug": ""}
        self.keep(row, owner=who.name, topics=set(gist.topics), ends=False, history=list(gist.history), fork_of=gist.id,
                  **words)  # fmt: skip

    @rule(who=who, which=which, liked=st.booleans())
    def like(self, who: Who, which: int, liked: bool) -> None:
        gist = self.pick(which)
        if gist is None:
            return
        due = self.due(who, "like", gist)
        self.ask(due, lambda: likes.like(self.actor(who), self.row(gist), liked))
        if not due:
            if liked and who.name not in gist.likers:
                gist.likers.append(who.name)
            if not liked and who.name in gist.likers:
                gist.likers.remove(who.name)

    @rule(who=who | owner, which=which, archived=st.booleans())
    def archive(self, who: Who, which: int, archived: bool) -> None:
        gist = self.pick(which)
        if gist is not None:
            due = self.due(who, "archive", gist)
            self.ask(due, lambda: gists.archive(self.actor(who), self.row(gist), archived))
            if not due:
                gist.archived = archived

    @rule(who=who, which=which)
    def take_down(self, who: Who, which: int) -> None:
        gist = self.pick(which)
        if gist is None:
            return
        admin = who == Who(NAMES[0], "all")
        self.ask("" if admin else "NotFound", lambda: administration.take_down(self.actor(who), self.row(gist)))
        if admin and gist in self.world.gists:
            self.lose(gist)

    # ------------------------------------------------------------------ what happens by itself

    @rule(which=which)
    def time_passes(self, which: int) -> None:
        gist = self.pick(which)
        if gist in self.world.gists and gist.ends and not gist.is_over:
            with index.write():
                Gist.update(expires_at=index.now()).where(Gist.id == gist.id).execute()
            gist.is_over = True

    @rule()
    def reopen(self) -> None:
        index.close()
        house.open(Machine.settings)
        assert house.store.sweep() == []

    @rule(which=which, text=content)
    def crash(self, which: int, text: bytes) -> None:
        """The branch has moved, and the index has not heard of it: whoever reads next brings it up to date."""
        gist = self.pick(which)
        new = dict(gist.files) | {"a.txt": text} if gist else {}
        if gist not in self.world.gists or gist.is_over or new == gist.files or not may_stand(new):
            return
        with house.store.lock(gist.id) as repository:
            edits = [FileChange("a.txt", text)]
            revision = repository.edit(edits, revisions.signature(NOBODY), "lost", house.limits())
        index.close()
        assert gists.contents(self.row(gist)).revision == revision
        gist.history.append((str(revision), new))
        self._moved(gist)

    @rule(who=st.sampled_from([each for each in WHO if each.name]))
    def revoke(self, who: Who) -> None:
        """Take a token back, and give another one."""
        old, user = self.tokens[who], self.actor(who).user
        assert user is not None
        token = index.accounts.credential_by_hash(credentials.TOKEN, digest(old))
        assert token is not None
        credentials.revoke_token(user, token.id)
        self.ask("Unauthenticated", lambda: credentials.actor_by_token(old, "here"))
        Machine.tokens[who] = credentials.issue_token(user, [Scope(scope) for scope in SCOPES[who.grant]])

    @rule(by=st.sampled_from([Who("carol", "all"), Who("alice", "all"), Who("bob", "all")]))
    def delete_account(self, by: Who) -> None:
        """carol's; somebody of that name comes again."""
        carol = accounts.user("carol")
        assert carol is not None
        due = "NotFound" if by.name == "bob" else ""
        self.ask(due, lambda: administration.delete_account(self.actor(by), carol))
        if due:
            return
        for gist in [each for each in self.world.gists if each.owner == "carol"]:
            self.lose(gist)
        for gist in self.world.gists:
            gist.likers = [name for name in gist.likers if name != "carol"]
        for grant in SCOPES:
            self.ask("Unauthenticated", lambda grant=grant: self.actor(Who("carol", grant)))
        self._sign_up("carol")

    # ------------------------------------------------------------------ reading

    @rule(who=who, which=which)
    def read(self, who: Who, which: int) -> None:
        gist = self.pick(which)
        if gist is not None:
            self.compare(who, gist)

    def compare(self, who: Who, gist: Kept) -> None:
        """One gist, found in every way, with its words, files and history, as an actor sees it."""
        actor, row, due = self.actor(who), self.row(gist), self.world.refusal(who, "view", gist)
        place = gist.owner or "anonymous"
        found = self.ask(due, lambda: gists.get(actor, gist.id))
        for ask in (
            lambda: gists.find(actor, place, gist.id),
            lambda: gists.find(actor, "gist", gist.id),
            lambda: gists.by_ident(actor, row.ident),
        ):
            assert self.ask(due, ask) == found
        for other in {"anonymous", *NAMES} - {place}:
            self.ask("NotFound", lambda other=other: gists.find(actor, other, gist.id))
        if gist in self.world.gists and row.private_id:
            self.ask(due, lambda: gists.by_private_id(actor, row.private_id))
        counted = due or ("" if gist.visibility == "public" or (who.name and who.name == gist.owner) else
                          "NotFound" if who.name else "Unauthenticated")  # fmt: skip
        if gist in self.world.gists:  # another one may have the number by now
            self.ask(counted, lambda: gists.by_number(actor, row.number))
        if found is None:
            return
        if gist.slug and self.world.holder(gist.owner, gist.slug) is gist and gist.owner:
            assert gists.find(actor, gist.owner.upper(), gist.slug.upper()) == found
        self.saw(gist, found)
        public_forks = [each for each in self.world.gists if each.fork_of == gist.id and each.visibility == "public"]
        for name in ("title", "description", "visibility", "slug", "archived", "updated_at", "head"):
            assert getattr(found, name) == getattr(gist, name), name
        assert (found.like_count, set(found.topic_names)) == (len(gist.likers), gist.topics)
        assert (found.owner.username if found.owner else "") == gist.owner
        assert found.fork_count == sum(not each.is_over for each in public_forks)
        self._compare_files(actor, who, gist, found)

    def _compare_files(self, actor: Actor, who: Who, gist: Kept, found: Gist) -> None:
        contents = gists.contents(found)
        assert {file.path: contents.read(file) for file in contents.files} == gist.files
        assert {file.path: file.size for file in contents.noted()} == {p: len(c) for p, c in gist.files.items()}
        assert [revision.id for revision, _ in revisions.history(found, 0, 99)] == [
            id for id, _ in reversed(gist.history)
        ]
        oldest, old_files = gist.history[0]
        then = gists.contents(found, oldest)
        assert {file.path: then.read(file) for file in then.files} == old_files
        strange = {id for other in self.world.gists for id, _ in other.history} - {id for id, _ in gist.history}
        for revision in sorted(strange)[:2]:
            self.ask("NotFound", lambda revision=revision: gists.contents(found, revision))
        assert {user.username for user in likes.likers(found, 1, 9)} == set(gist.likers)
        assert likes.is_liked(actor, found) == (who.name in gist.likers)
        shown = self.world.listed(who)
        parent = listings.parent(actor, found)
        assert (parent.id if parent else "") == (gist.fork_of if gist.fork_of in [g.id for g in shown] else "")
        forks = listings.forks(actor, found, 1, 50)
        assert {each.id for each in forks.gists} == {each.id for each in shown if each.fork_of == gist.id}
        assert forks.total == len(forks.gists)

    @rule(who=who, sort=st.sampled_from([*Sort]), ascending=st.booleans(), of=st.none() | st.sampled_from(NAMES),
          liked_by=st.none() | st.sampled_from(NAMES), seen=st.none() | visibility, topic=st.none() | st.just("red"),
          words=st.none() | word, language=st.none() | st.just("Python"), forks=st.booleans(), public=st.booleans(),
          size=st.integers(1, 5))  # fmt: skip
    def list(self, who: Who, sort: Sort, ascending: bool, of: str | None, liked_by: str | None, seen: str | None,
             topic: str | None, words: str | None, language: str | None, forks: bool, public: bool,
             size: int) -> None:  # fmt: skip
        """Any list, page by page, with its count."""
        due = [
            gist
            for gist in self.world.listed(Who() if public else who)
            if (of is None or gist.owner == of)
            and (liked_by is None or liked_by in gist.likers)
            and (seen is None or gist.visibility == seen)
            and (topic is None or topic in gist.topics)
            and (words is None or all(gist.has(each) for each in words.lower().split()))
            and (language is None or any(path.endswith(".py") for path in gist.files))
            and (gist.fork_of or not forks)
        ]
        listing = Listing(
            owner=accounts.user(of) if of else None, liked_by=accounts.user(liked_by) if liked_by else None,
            visibility=seen, topic=topic, words=words, language=language, forks_only=forks, public_only=public,
            sort=sort, ascending=ascending,
        )  # fmt: skip
        found = self._paged(self.actor(who), listing, size, len(due))
        assert set(found) == {gist.id for gist in due}
        orders = {Sort.UPDATED: lambda g: g.updated_at, Sort.CREATED: due.index, Sort.LIKES: lambda g: len(g.likers)}
        kept = {gist.id: gist for gist in due}
        keys = [orders[sort](kept[id]) for id in found]
        assert keys == sorted(keys, reverse=not ascending)

    def _paged(self, actor: Actor, listing: Listing, size: int, total: int) -> Any:
        found: Any = []
        for number in range(1, 2 + total // size):
            page = listings.page(actor, listing, number, size)
            assert page.total == total
            found += [gist.id for gist in page.gists]
        assert listings.page(actor, listing, 2 + total // size, size).gists == []
        assert len(found) == len(set(found))
        return found

    @rule(who=who)
    def look_around(self, who: Who) -> None:
        """What there is to go by, with its counts."""
        actor, shown = self.actor(who), self.world.listed(who)
        assert dict(browse.topics(actor, 1, 50)[0]) == Counter(topic for gist in shown for topic in gist.topics)
        spoken = {".py": "Python", ".md": "Markdown", "txt": "Text", "oml": "TOML"}
        languages = Counter(
            each for gist in shown for each in {spoken[path[-3:]] for path in gist.files if path[-3:] in spoken}
        )
        assert dict(browse.languages(actor, 1, 50)[0]) == languages
        people = browse.people(actor, "", 1, 50)
        assert {each.user.username: each.gists for each in people.users} == {
            name: sum(gist.owner == name for gist in shown) for name in NAMES
        }
        for name in NAMES:
            user = accounts.user(name)
            assert user is not None
            counts = Counter(gist.visibility for gist in shown if gist.owner == name)
            assert browse.visibilities(actor, user) == counts

    def teardown(self) -> None:
        """Everything is compared once more; the doctor finds nothing; and nothing is left when all is deleted."""
        try:
            for gist in self.world.gists:
                for each in (Who(gist.owner, "all") if gist.owner else Who(), Who("bob", "all"), Who()):
                    self.compare(each, gist)
            assert set(house.store.ids()) == {gist.id for gist in self.world.gists}
            assert list(doctor.examine(repair=False)) == []
        finally:
            _empty()


def _empty() -> None:
    """Take away all gists; nothing of them stays."""
    for gist in list(Gist.select()):
        administration.take_down(Actor(accounts.user(NAMES[0]), access.ALL_SCOPES), gist)
    for table in ("gist", "file", "topic", "liked", "search"):
        assert index.database.execute_sql(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert list(house.store.ids()) == []


def run(runs: int, steps: int, chosen: int) -> Counter[str]:
    """How often core did what was asked, and how often it refused with which error. Raises what goes wrong."""
    Machine.done = Counter()
    options = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, database=None, print_blob=True,
        report_multiple_bugs=False, suppress_health_check=[*HealthCheck],
        phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    machine = seed(chosen)(Machine)
    run_state_machine_as_test(machine, settings=options)  # type: ignore[arg-type]
    return Machine.done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    done = run(asked.runs, asked.steps, asked.seed)
    print("\n".join(f"{number:9,}  {words}" for words, number in done.most_common()))
    steps = f"{asked.runs:,} runs of up to {asked.steps} steps"
    print(f"{steps}, {done.total():,} answers compared, {time.monotonic() - began:.0f} s: no difference")


if __name__ == "__main__":
    sys.exit(main())
