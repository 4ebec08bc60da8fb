"""The files of a gist as a page shows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from gistd.core import languages, rendering, text
from gistd.core.gists import Contents
from gistd.core.rendering import Document
from gistd.http import path_of
from gistd.index import File as NotedFile
from gistd.store import File

from .texts import _

FILES_PER_PAGE = 50
MAX_BYTES = 512 * 1024
# What a browser may show of a stranger's file in place; it has no way to run a script in these.
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"}
SVG = "image/svg+xml"
_DELIMITERS = {"csv": ",", "tsv": "\t"}
# Characters that change the order in which others are read (Unicode Standard Annex 9): code can hide behind them.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class ShownFile:
    """A file as a page shows it: a document, a table or lines of HTML, an image, or nothing with a reason why.

    `number` counts the files of the revision from 1; `raw` is the address of its bytes.
    """

    file: File
    number: int
    name: str
    raw: str
    language: str = ""
    lines: tuple[str, ...] = ()
    document: Document | None = None
    rows: list[list[str]] | None = None
    image: str = ""
    note: str = ""
    is_reordered: bool = False

    @property
    def anchor(self) -> str:
        return f"file-{self.number}"

    @property
    def download(self) -> str:
        return self.raw.replace("/raw/", "/download/", 1)


def files(contents: Contents, page: int = 1, only: str | None = None) -> Iterator[ShownFile]:
    """A page of the files, or the one of that path."""
    until = rendering.deadline()
    noted = {file.path: file for file in contents.noted()} if contents.revision == contents.gist.head else {}
    first = (page - 1) * FILES_PER_PAGE
    for number, file in enumerate(contents.files, 1):
        if file.path == only if only is not None else first < number <= first + FILES_PER_PAGE:
            yield _shown(contents, file, number, noted.get(file.path), until)


def _shown(contents: Contents, file: File, number: int, noted: NotedFile | None, until: float) -> ShownFile:
    base, path = f"{path_of(contents.gist)}", f"{contents.revision}/{quote(file.path)}"
    name = (noted and noted.label) or file.path
    shown = ShownFile(file, number, name, f"{base}/raw/{path}")
    if file.size > MAX_BYTES:
        return _because(shown, _("too large to be shown here"))
    content = contents.look(file)
    if content is None:
        return _because(shown, _("damaged and cannot be read"))
    kind = text.mime_type(content)
    if kind in IMAGES:
        return ShownFile(file, number, name, shown.raw, image=shown.raw)
    words = text.for_display(content)
    if not words:
        return _because(shown, _("not a text file") if words is None else _("empty"))
    chosen = noted.syntax if noted else None
    language, meant = languages.spoken(file.path, chosen), languages.known(chosen) if chosen else None
    delimiter = _DELIMITERS.get(file.path.rpartition(".")[2].lower())
    return ShownFile(
        file,
        number,
        name,
        shown.raw,
        language,
        tuple(rendering.lines(file.blob, file.path, words, until, meant.alias if meant else "")),
        rendering.markdown(file.blob, words, until, _folder(shown.raw)) if language == "Markdown" else None,
        rendering.table(file.blob, words, delimiter, until) if delimiter else None,
        image=f"{base}/svg/{path}" if kind == SVG else "",
        is_reordered=_REORDERING.search(words) is not None,
    )


def _because(shown: ShownFile, note: str) -> ShownFile:
    return ShownFile(shown.file, shown.number, shown.name, shown.raw, note=note)


def _folder(address: str) -> str:
    return address.rpartition("/")[0] + "/"
