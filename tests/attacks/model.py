"""What gistd promises of gists, in the fewest words: who may do what, and what there is afterwards.

Knows nothing of core, with which `machine` compares it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Files = dict[str, bytes]

SCOPES = {
    "all": {"gist:read", "gist:write", "user:read", "user:write"},
    "read": {"gist:read"},
    "write": {"gist:read", "gist:write"},
    "user": {"user:read", "user:write"},
    "none": set(),
}
"""What tokens are given, with what that implies."""


@dataclass(frozen=True)
class Who:
    """Somebody with a token that grants this; nobody without a name."""

    name: str = ""
    grant: str = "none"

    def may(self, scope: str) -> bool:
        return self.name != "" and scope in SCOPES[self.grant]


@dataclass
class Kept:
    """A gist. `ends` tells that it will expire, `is_over` that it has; `history` has its revisions, the first first."""

    id: str
    owner: str
    title: str
    description: str
    visibility: str
    topics: set[str]
    slug: str
    ends: bool
    updated_at: datetime
    history: list[tuple[str, Files]]
    fork_of: str = ""
    archived: bool = False
    is_over: bool = False
    key: str = ""
    likers: list[str] = field(default_factory=list)

    @property
    def files(self) -> Files:
        return self.history[-1][1]

    @property
    def head(self) -> str:
        return self.history[-1][0]

    def has(self, word: str) -> bool:
        """Whether search finds it by the word."""
        texts = [content.decode() for content in self.files.values() if b"\0" not in content]
        return any(word in text.lower() for text in (self.title, self.description, *self.topics, *self.files, *texts))


class World:
    """All that is there, the oldest first."""

    def __init__(self) -> None:
        self.gists: list[Kept] = []

    def refusal(self, who: Who, action: str, gist: Kept) -> str:
        """The name of the error that an actor gets; empty if there is none."""
        is_owner = who.name != "" and who.name == gist.owner
        if gist not in self.gists or gist.is_over:
            return "NotFound"
        if gist.visibility == "private" and not (is_owner and who.may("gist:read")):
            return "NotFound"
        if action == "view":
            return ""
        if not who.name:
            return "Unauthenticated"
        if not who.may("user:write" if action == "like" else "gist:write"):
            return "Forbidden"
        if action in ("edit", "archive", "delete") and not is_owner:
            return "NotYours"
        if action == "edit" and gist.archived:
            return "Forbidden"
        return ""

    def listed(self, who: Who) -> list[Kept]:
        """What lists show, the oldest first."""
        mine = who.name if who.may("gist:read") else None
        return [g for g in self.gists if not g.is_over and (g.visibility == "public" or (mine and g.owner == mine))]

    def holder(self, owner: str, slug: str) -> Kept | None:
        """Who has this slug."""
        found = (gist for gist in self.gists if gist.owner == owner and slug and gist.slug.lower() == slug.lower())
        return next(found, None)

    def refuses_slug(self, owner: str, slug: str, besides: Kept | None = None) -> bool:
        holder = self.holder(owner, slug)
        return holder is not None and holder is not besides and not holder.is_over

    def take_slug(self, owner: str, slug: str, besides: Kept | None = None) -> None:
        """One that has expired gives it up: it is gone."""
        holder = self.holder(owner, slug)
        if holder is not None and holder is not besides:
            self.remove(holder)

    def remove(self, gist: Kept) -> None:
        """Its forks stay, and are nobody's forks any more."""
        self.gists.remove(gist)
        for other in self.gists:
            if other.fork_of == gist.id:
                other.fork_of = ""


SAME = {"A.txt": "a.txt", "e\u0301.md": "\u00e9.md"}
"""Names that are the same for file systems that ignore case or Unicode form."""

RESERVED = {".git", "a/../b"}


def may_stand(paths: Iterable[str]) -> bool:
    """Whether these files can be in one gist."""
    keys = [SAME.get(path, path) for path in paths]
    if not keys or len(set(keys)) < len(keys) or RESERVED & set(keys):
        return False
    return not any(other.startswith(f"{key}/") for key in keys for other in keys)


@dataclass(frozen=True)
class Edit:
    """What is to become of one file."""

    path: str
    content: bytes | None = None
    new_path: str | None = None
    delete: bool = False


def edited(files: Mapping[str, bytes], edits: Iterable[Edit]) -> list[tuple[str, bytes]]:
    """The files after all edits at once; two may claim one name."""
    edits = list(edits)
    touched = {edit.path for edit in edits}
    after = [(path, content) for path, content in files.items() if path not in touched]
    for edit in edits:
        content = files.get(edit.path) if edit.content is None else edit.content
        if not edit.delete and content is not None:
            after.append((edit.new_path or edit.path, content))
    return after
