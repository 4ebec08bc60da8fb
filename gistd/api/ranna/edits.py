"""What ranna's clients ask for, in the words of core: a draft of a new snippet, a change of one that is."""

from typing import Any

from gistd.api import UNNAMED, first
from gistd.core.drafts import Change, Draft
from gistd.core.gists import Contents, Plan
from gistd.index import UNLISTED, File, FileNote
from gistd.store import FileChange

from .answers import Refused
from .shapes import code as code_of
from .shapes import is_blank


def draft(asked: dict[str, Any]) -> Draft:
    """A draft of what SnippetIn read; a display name is only taken later, as in the original. Raises Refused."""
    for name in ("language", "code"):
        if is_blank(asked[name]):
            raise Refused(f"{name.capitalize()} must be specified")
    note = FileNote(named=False, syntax=asked["language"], encoding="text")
    return Draft({UNNAMED: asked["code"].encode()}, visibility=UNLISTED, notes={UNNAMED: note})


def change(contents: Contents, asked: dict[str, Any]) -> Plan:
    """The change of a gist that SnippetIn read: what is blank stays, and so does the language.

    Clients send back what they have read, so that code as it was answered is no change, be the file text or not.
    """
    title, code = asked["displayname"], asked["code"]
    stays = is_blank(code) or code == code_of(contents, first(contents.noted()))

    def plan(files: list[File]) -> Change:
        title_or_none = None if is_blank(title) else title
        if stays:
            return Change(title=title_or_none, long_words=True)
        file = first(files)
        path = file.path if file else UNNAMED
        note = FileNote(encoding="text")
        return Change([FileChange(path, code.encode())], title=title_or_none, notes={path: note}, long_words=True)

    return plan
