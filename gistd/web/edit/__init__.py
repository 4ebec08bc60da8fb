"""The editor: a gist is written, changed, archived, deleted.

`sheet` is its form as somebody filled it in, with a card for each file; `write` are the pages that show and take it,
`crossed` is what becomes of it when somebody else was faster.
"""

from . import ending, preview, write

__all__ = ["ending", "preview", "write"]
