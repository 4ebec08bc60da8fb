"""What somebody asks for, checked before anything exists: a draft of a new gist, a change of one that is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from gistd.errors import Invalid
from gistd.index import PUBLIC, VISIBILITIES, is_text, now
from gistd.store import FileChange, Limits, check_files, check_path

MAX_TITLE = 250
MAX_DESCRIPTION = 1000
MAX_TOPICS = 10
LIFETIMES = {
    "1hour": timedelta(hours=1),
    "12hours": timedelta(hours=12),
    "1day": timedelta(days=1),
    "7days": timedelta(days=7),
    "15days": timedelta(days=15),
}
"""How long a gist may be asked to live, in Opengist's words."""

_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
_TOPIC = re.compile(r"[^\W_]([^\W_]|-){0,49}")
_SLUG = re.compile(r"[A-Za-z0-9-]{1,32}")
_ID = re.compile(r"[0-9a-f]{32}")


class Keep(Enum):
    """Stands for "as it is" where None means something else."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True)
class Draft:
    """A gist that somebody asks for. `files` maps paths to bytes; an empty title becomes the first path."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    visibility: str = PUBLIC
    topics: Sequence[str] = ()
    slug: str = ""
    expires_at: datetime | None = None

    def check(self, limits: Limits) -> None:
        """Raise Invalid or TooLarge for the first rule it breaks."""
        check_words(self)
        check_files(((path, len(content)) for path, content in self.files.items()), limits)


@dataclass(frozen=True)
class Change:
    """What is to be different about a gist; None keeps what is there."""

    files: Sequence[FileChange] = ()
    title: str | None = None
    description: str | None = None
    visibility: str | None = None
    topics: Sequence[str] | None = None
    slug: str | None = None
    expires_at: datetime | Keep | None = KEEP
    message: str = "Update gist"

    def columns(self) -> dict[str, Any]:
        """What changes in the row of the gist itself, by the names of its columns."""
        words = {name: getattr(self, name) for name in ("title", "description", "visibility", "slug")}
        columns = {name: value for name, value in words.items() if value is not None}
        return columns if self.expires_at is KEEP else {**columns, "expires_at": self.expires_at}

    def check(self) -> None:
        """Raise Invalid for the first rule it breaks; the files are checked again with the ones they join."""
        check_words(self)
        for change in self.files:
            if change.new_path is not None:
                check_path(change.new_path)


def check_words(asked: Draft | Change) -> None:
    """Raise Invalid, naming the field, for the first rule that what is asked for beside the files breaks."""
    for name, problem in _problems(asked):
        raise Invalid(f"{name}: {problem}", {name: [problem]})


def is_like_an_id(name: str) -> bool:
    """Whether this could be the id of a gist, and so cannot be a slug."""
    return _ID.fullmatch(name.lower()) is not None


def _problems(asked: Draft | Change) -> Iterator[tuple[str, str]]:
    for name, most in (("title", MAX_TITLE), ("description", MAX_DESCRIPTION)):
        text = getattr(asked, name)
        if text is not None and len(text) > most:
            yield name, f"longer than {most} characters"
        if text is not None and not is_text(text):
            yield name, "not valid text"
    if asked.visibility is not None and asked.visibility not in VISIBILITIES:
        yield "visibility", f"one of {', '.join(VISIBILITIES)}"
    if asked.topics is not None and len(asked.topics) > MAX_TOPICS:
        yield "topics", f"at most {MAX_TOPICS}"
    if any(not _TOPIC.fullmatch(topic) for topic in asked.topics or ()):
        yield "topics", "a topic is 1 to 50 letters, digits and -"
    if asked.slug and (not _SLUG.fullmatch(asked.slug) or is_like_an_id(asked.slug)):
        yield "slug", "1 to 32 letters, digits and -, and not like the id of a gist"
    if isinstance(asked.expires_at, datetime) and asked.expires_at <= now():
        yield "expires_at", "not in the future"
    if isinstance(asked.expires_at, datetime) and asked.expires_at > _LAST_MOMENT:
        yield "expires_at", "too far in the future"
