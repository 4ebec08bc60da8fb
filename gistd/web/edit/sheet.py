"""The editor's form as somebody filled it in: a sheet, with a card for each file.

The fields of a card end in its key (`name-3`); `file` has the keys of all of them. What of a file is not text, or too
much for the page, is not in the form: then it stays as it is.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import request

from gistd.core import house, text
from gistd.core.access import Actor
from gistd.core.diffs import ShownLine
from gistd.core.editing import Edited
from gistd.core.gists import Contents
from gistd.errors import Invalid
from gistd.index import PUBLIC, Gist
from gistd.store import folded

from ..texts import _

_FIELDS_OF_A_CARD, _OTHER_FIELDS = 10, 100
WORDS = ("title", "description", "visibility", "topics", "slug")
"""What is said of a gist beside its files, by the names of the fields."""
_ABOUT = ("expires", "expires_at", "message", "writer", "revision")


@dataclass(frozen=True)
class Theirs:
    """What others made of a file that is changed here, too: its path, empty if they deleted it.

    `hunks` lead from theirs to what stands here, or, if it is removed here, show what they changed; None if there is no
    telling.
    """

    path: str = ""
    hunks: list[list[ShownLine]] | None = None


@dataclass
class Card:
    """A file: `text` is what stands in its text area; without one, `content` is what was sent as a file.

    `was` is its path at the revision where the edit began, `id` its id; both are empty for a new file.
    """

    key: str
    name: str = ""
    text: str | None = None
    content: bytes | None = None
    was: str = ""
    id: str = ""
    size: int = 0
    removed: bool = False
    clash: Theirs | None = None
    theirs: bool = False
    """What others made of it is to stay."""

    problem: str = ""

    @property
    def is_blank(self) -> bool:
        """Nobody has written anything there."""
        return not (self.was or self.name or self.text or self.content is not None)

    @property
    def is_lost(self) -> bool:
        """It was a file that was sent, and too large for the page: see `Sheet.fit`."""
        return self.text is None and self.content is None and not self.was

    @property
    def kept(self) -> str:
        """What was sent as a file, to be sent again with the form, which must be mended first."""
        return "" if self.content is None else b64encode(self.content).decode()

    def edited(self, name: str, before: bytes | None) -> Edited:
        """The file as it is wanted; `before` are the bytes that it had."""
        content = self.content
        if self.text is not None:
            content = text.from_form(self.text, (text.editable(before) or "") if before is not None else "").encode()
        if content == before or self.theirs:
            content = None
        return Edited(self.was if self.theirs else name, content, self.was, self.id, self.removed and not self.theirs)


@dataclass
class Sheet:
    """`revision` is the one that the edit began at, `seen` what WORDS were then, `writer` who was signed in."""

    title: str = ""
    description: str = ""
    visibility: str = PUBLIC
    topics: str = ""
    slug: str = ""
    expires: str = "never"
    expires_at: str = ""
    message: str = ""
    writer: str = ""
    revision: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)

    @property
    def chosen(self) -> list[Card]:
        """The cards that something comes of."""
        return [card for card in self.cards if card.was or not (card.is_blank or card.removed or card.theirs)]

    def edited(self, before: Mapping[str, bytes]) -> list[Edited]:
        """The files as they are wanted, a card each of those that are `chosen`; `before` has the bytes by path.

        Those without a name get a made up one. Raises Invalid for a file that must be sent again.
        """
        for card in self.chosen:
            if card.is_lost:
                raise Invalid(_("choose the file %(name)s again") % {"name": card.name}, path=card.name)
        taken = {card.name for card in self.cards}
        free = (name for number in range(1, 10**6) if (name := f"gistfile{number}.txt") not in taken)
        return [card.edited(card.name or card.was or next(free), before.get(card.was)) for card in self.chosen]

    def changed(self) -> dict[str, str]:
        """What of WORDS is not as it was when the edit began."""
        typed = {name: str(getattr(self, name)) for name in WORDS}
        return {name: words for name, words in typed.items() if not _same(name, words, self.seen.get(name))}

    def say(self, words: Mapping[str, str]) -> None:
        """Fill in these fields."""
        for name, value in words.items():
            setattr(self, name, value)

    def add(self, **values: Any) -> Card:
        """One more card."""
        number = 1 + max((int(card.key) for card in self.cards), default=0)
        self.cards.append(Card(str(number), **values))
        return self.cards[-1]

    def move(self, key: str, by: int) -> None:
        """Let a card change places with a neighbour."""
        at = next((number for number, card in enumerate(self.cards) if card.key == key), None)
        if at is not None and 0 <= at + by < len(self.cards):
            self.cards.insert(at + by, self.cards.pop(at))

    def mark(self, path: str | None, problem: str) -> None:
        """Say at the cards with this name what is wrong about it."""
        for card in self.cards:
            if path is not None and folded(card.name) == folded(path) and not card.removed:
                card.problem = problem

    def fit(self) -> None:
        """Let go what is more than the page may hold."""
        left = house.settings.max_form_bytes
        for card in self.cards:
            if card.content is not None:
                left -= len(card.content)
                if left < 0:
                    again = _("this file is too large to be kept here: choose it again")
                    card.content, card.problem = None, f"{card.problem}; {again}" if card.problem else again


def blank() -> Sheet:
    """A sheet for a new gist."""
    sheet = Sheet()
    sheet.add(text="")
    return sheet


def of(contents: Contents) -> Sheet:
    """A sheet for a gist as it is."""
    gist = contents.gist
    words = words_of(gist)
    sheet = Sheet(revision=contents.revision or "", seen=words, expires="keep" if gist.expires_at else "never")
    sheet.say(words)
    ids = {file.path: str(file.id) for file in contents.noted()}
    for file in contents.files:
        sheet.add(name=file.path, was=file.path, id=ids.get(file.path, ""), size=file.size)
    read(sheet.cards, contents)
    return sheet


def read(cards: Iterable[Card], contents: Contents) -> None:
    """Fill the text areas of these cards, as far as there is room on the page."""
    left = house.settings.max_form_bytes
    for card in cards:
        content = contents.look(contents.find(card.was)) if card.size <= left else None
        words = None if content is None else text.editable(content)
        left -= card.size if words is not None else 0
        card.text = words


def words_of(gist: Gist) -> dict[str, str]:
    """WORDS of a gist, as they stand in the form."""
    return {
        "title": gist.title if gist.titled else "",
        "description": gist.description,
        "visibility": gist.visibility,
        "topics": " ".join(gist.topic_names),
        "slug": gist.slug,
    }


def name_of(actor: Actor) -> str:
    return actor.user.username if actor.user else ""


def typed() -> Sheet:
    """The form that was sent."""
    request.max_form_parts = _FIELDS_OF_A_CARD * house.settings.max_files + _OTHER_FIELDS
    form = request.form
    sheet = Sheet(seen=_seen(form.get("seen", "")))
    sheet.say({name: text.from_form(form.get(name, "")).strip() for name in (*WORDS, *_ABOUT)})
    keys = dict.fromkeys(key for key in form.getlist("file") if key.isdecimal() and len(key) < 10)
    sheet.cards = [_card(key) for key in keys]
    for upload in request.files.getlist("uploads"):
        if upload.filename:
            _put(sheet, upload.filename, upload.read())
    return sheet


def _card(key: str) -> Card:
    form = request.form
    card = Card(
        key,
        form.get(f"name-{key}", "").strip(),
        form.get(f"text-{key}"),
        was=form.get(f"was-{key}", ""),
        id=form.get(f"id-{key}", ""),
        removed=f"remove-{key}" in form,
        theirs=form.get(f"take-{key}") == "theirs",
    )
    upload = request.files.get(f"upload-{key}")
    if upload and upload.filename:
        _take(card, upload.read())
        card.name = card.name or upload.filename
    elif card.text is None and (kept := form.get(f"kept-{key}")):
        with suppress(ValueError):  # what is no base64 any more must be sent again
            _take(card, b64decode(kept))
    return card


def _put(sheet: Sheet, name: str, content: bytes) -> None:
    """A file that was sent replaces the one of its name, or a card that nobody has written on."""
    there = next((card for card in sheet.cards if card.name == name), None)
    card = there or next((card for card in sheet.cards if card.is_blank), None) or sheet.add()
    card.name = name
    _take(card, content)


def _take(card: Card, content: bytes) -> None:
    """A new text is shown to be edited, if that gives it back as it came; what replaces something is not."""
    words = text.editable(content)
    as_text = not card.was and words is not None and "\r" not in words and len(content) <= house.settings.max_form_bytes
    card.text, card.content, card.size = (words, None, 0) if as_text else (None, content, len(content))


def _same(name: str, typed: str, seen: str | None) -> bool:
    """Whether a field was left alone; one of a single line cannot give back every kind of space."""
    return seen is not None and (
        typed == text.from_form(seen).strip() if name == "description" else typed.split() == seen.split()
    )


def _seen(words: str) -> dict[str, str]:
    try:
        found = json.loads(words or "{}")
    except (ValueError, RecursionError):
        return {}
    return {name: str(value) for name, value in found.items() if name in WORDS} if isinstance(found, dict) else {}
