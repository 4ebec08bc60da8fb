"""What somebody asks for, checked before anything exists: a draft of a new gist, a change of one that is."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import chain, count
from typing import Any

from gistd.errors import Invalid
from gistd.index import PUBLIC, VISIBILITIES, FileNote, is_text, now
from gistd.store import FileChange, Limits, check_files, check_path, folded

MAX_TITLE = 250
MAX_DESCRIPTION = 1000
MAX_MESSAGE = 1000
MAX_LONG_WORDS = 25_600
"""The longest title and the longest description, in bytes, for the dialects that allow longer ones than we do."""

MAX_TOPICS = 10
LIFETIMES = {
    "1hour": timedelta(hours=1),
    "12hours": timedelta(hours=12),
    "1day": timedelta(days=1),
    "7days": timedelta(days=7),
    "15days": timedelta(days=15),
}
"""How long a gist may be asked to live, in Opengist's words."""

# A path that `place` makes up: at most 4 bytes a character, so that with a number it is not too long.
_MAX_STEM = 40
_STEM_AND_ENDING = r"(.*?)((?:\.[\w+-]{1,16})?)"
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
    """A gist that somebody asks for. `files` maps paths to bytes; an empty title becomes the first path.

    `order` are the paths in the order in which they are to be shown; empty: git's own. `notes` is what is said of the
    files beside that, by path. `long_words` lets title and description be as long as
    MAX_LONG_WORDS.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    visibility: str = PUBLIC
    topics: Sequence[str] = ()
    slug: str = ""
    expires_at: datetime | None = None
    order: Sequence[str] = ()
    message: str = "Create gist"
    notes: Mapping[str, FileNote] = field(default_factory=dict)
    long_words: bool = False

    def check(self, limits: Limits) -> None:
        """Raise Invalid or TooLarge for the first rule it breaks."""
        check_words(self)
        check_files(((path, len(content)) for path, content in self.files.items()), limits)


@dataclass(frozen=True)
class Change:
    """What is to be different about a gist; None keeps what is there, and so does what `notes` do not say.

    `untitled` takes the title away: it gets one from its files again. `notes` are of the files by the paths that they
    have afterwards. `long_words` is as in Draft.
    """

    files: Sequence[FileChange] = ()
    title: str | None = None
    description: str | None = None
    visibility: str | None = None
    topics: Sequence[str] | None = None
    slug: str | None = None
    expires_at: datetime | Keep | None = KEEP
    order: Sequence[str] | None = None
    message: str = "Update gist"
    untitled: bool = False
    notes: Mapping[str, FileNote] = field(default_factory=dict)
    long_words: bool = False

    def columns(self) -> dict[str, Any]:
        """What changes in the row of the gist itself, by the names of its columns."""
        words = {name: getattr(self, name) for name in ("title", "description", "visibility", "slug")}
        columns: dict[str, Any] = {name: value for name, value in words.items() if value is not None}
        if self.title is not None:
            columns["titled"] = True
        if self.untitled:
            columns["titled"] = False
        if self.order is not None:
            columns["file_order"] = order_column(self.order)
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


def topics_in(words: str) -> list[str]:
    """The topics that somebody wrote one after the other, with spaces or commas between them."""
    return [topic for topic in re.split(r"[\s,]+", words) if topic]


def order_column(order: Sequence[str]) -> str | None:
    """How the index keeps an order of files; None for git's own."""
    return json.dumps(order, ensure_ascii=False) if order else None


def arranged(paths: Iterable[str], order: str | None) -> list[str]:
    """The paths in an order that the index keeps; those that it does not tell of come last, in git's."""
    places = {path: place for place, path in enumerate(json.loads(order))} if order else {}
    return sorted(sorted(paths), key=lambda path: places.get(path, len(places)))


def made_up_title(paths: Iterable[str]) -> str:
    """The title of a gist that was given none."""
    return min(paths)[:MAX_TITLE]


def place(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """A path for each name that a dialect accepts as the name of a file: the name itself where that can be a path
    beside the others and those that are taken, else one that looks like it.
    """
    files: set[str] = set()
    folders: set[str] = set()
    names = list(names)
    paths: dict[int, str] = {}
    for path in taken:
        _take(path, files, folders)
    for number, name in enumerate(names):
        if _is_free(name, files, folders):
            paths[number] = name
            _take(name, files, folders)
    for number, name in enumerate(names):
        if number not in paths:  # only now: no made up path is in the way of one that was asked for
            paths[number] = _free(_plain(name), files, folders)
            _take(paths[number], files, folders)
    return [paths[number] for number in range(len(names))]


def _take(path: str, files: set[str], folders: set[str]) -> None:
    files.add(folded(path))
    folders.update(_folders(folded(path)))


def _folders(path: str) -> Iterator[str]:
    """The folders that a path leads through."""
    return (path[: match.start()] for match in re.finditer("/", path))


def _is_free(path: str, files: set[str], folders: set[str]) -> bool:
    """Whether there can be a file under this path beside those."""
    try:
        check_path(path)
    except Invalid:
        return False
    key = folded(path)
    return key not in files and key not in folders and not any(folder in files for folder in _folders(key))


def _plain(name: str) -> str:
    """A path that looks like the name; its ending, from which a language can be told, stays."""
    plain = re.sub(r"[^\w.+() -]+", "_", unicodedata.normalize("NFC", name))
    stem, ending = re.fullmatch(_STEM_AND_ENDING, plain).groups()  # type: ignore[union-attr]  # it takes anything
    return f"{stem.strip(' ._')[:_MAX_STEM].rstrip() or 'file'}{ending}"


def _free(path: str, files: set[str], folders: set[str]) -> str:
    """The path, or that path with a number that nobody has yet."""
    stem, dot, ending = path.rpartition(".") if "." in path else (path, "", "")
    numbered = (f"{stem}-{number}{dot}{ending}" for number in count(2))
    return next(each for each in chain([path], numbered) if _is_free(each, files, folders))


def is_like_an_id(name: str) -> bool:
    """Whether this could be the id of a gist, and so cannot be a slug."""
    return _ID.fullmatch(name.lower()) is not None


def _problems(asked: Draft | Change) -> Iterator[tuple[str, str]]:
    for name, most in (("title", MAX_TITLE), ("description", MAX_DESCRIPTION), ("message", MAX_MESSAGE)):
        text = getattr(asked, name)
        if text is not None and not is_text(text):
            yield name, "not valid text"
        elif text is not None and len(text) > most and not asked.long_words:
            yield name, f"longer than {most} characters"
        elif text is not None and len(text.encode()) > MAX_LONG_WORDS:
            yield name, f"longer than {MAX_LONG_WORDS} bytes"
    if not all(is_text(word) for note in asked.notes.values() for word in note.values() if isinstance(word, str)):
        yield "files", "not valid text"
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
