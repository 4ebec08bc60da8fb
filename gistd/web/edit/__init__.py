"""The editor: a gist is written, changed, archived, deleted.

`sheet` is its form as somebody filled it in, with a card for each file; `write` are the pages that show and take it.
"""

from . import preview, write

__all__ = ["preview", "write"]
