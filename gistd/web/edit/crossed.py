"""Somebody else changed the gist while it was edited: the sheet becomes an edit of what there is now."""

from collections.abc import Mapping

from gistd import index
from gistd.core import diffs, editing, rendering
from gistd.core.editing import Clash, Edited
from gistd.core.gists import Contents
from gistd.errors import Conflict
from gistd.index import Gist

from ..texts import _
from . import sheet as sheets
from .sheet import Card, Sheet, Theirs, words_of


def refuse_words(sheet: Sheet, gist: Gist) -> None:
    """Conflict if others changed, to something else, what is changed here; from now on the sheet has seen it."""
    current = words_of(gist)
    mine = sheet.changed()
    sheet.say({name: words for name, words in current.items() if name not in mine})  # only others changed that
    both = [name for name in mine if current[name] not in (sheet.seen.get(name), mine[name])]
    sheet.seen = current
    if both:
        fields = {name: [_("meanwhile it became: %(words)s") % {"words": current[name] or "—"}] for name in both}
        raise Conflict(_("the gist was changed in the meantime"), fields)


def rebase(sheet: Sheet, clash: Clash, before: Mapping[str, bytes], now: Contents) -> None:
    """Let the sheet be an edit of the gist as it is now. The cards of files that both changed show what others made of
    them; what only others changed is taken over.

    `before` has the bytes of the files when the edit began, by path.
    """
    there, until = {str(file.path): file for file in now.noted()}, rendering.deadline()
    rebased: list[Card] = []
    for number, (card, edited) in enumerate(zip(sheet.chosen, sheet.edited(before), strict=True)):
        other = there.get(edited.path) if edited.is_new else editing.counterpart(edited, there)
        if number in clash.places:
            card.clash = _theirs(edited, before, other, now, until)
        if other is not None:
            _put(card, edited, other)
            del there[str(other.path)]
        elif edited.is_touched and not edited.delete:
            card.was = card.id = ""
            if card.text is None and card.content is None:
                card.content = before.get(edited.was)
        else:
            continue
        rebased.append(card)
    sheet.cards, sheet.revision = rebased, now.revision or ""
    for path, file in there.items():
        sheet.add(name=path, was=path, id=str(file.id), size=file.size)
    sheets.read((card for card in sheet.cards if card.text is None and card.content is None), now)


def _theirs(
    edited: Edited, before: Mapping[str, bytes], other: index.File | None, now: Contents, until: float
) -> Theirs:
    if other is None:
        return Theirs()
    base, theirs = before.get(edited.was, b""), now.look(other) or b""
    mine = base if edited.content is None else edited.content
    return Theirs(str(other.path), diffs.between(*((base, theirs) if edited.delete else (theirs, mine)), until))


def _put(card: Card, edited: Edited, other: index.File) -> None:
    """Let the card be of this file; what was not changed on it is as others have made it."""
    if edited.path == edited.was:
        card.name = str(other.path)
    if edited.content is None:
        card.text = None
    card.was, card.id, card.size = str(other.path), str(other.id), other.size
