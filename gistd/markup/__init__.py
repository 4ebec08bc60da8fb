"""Strangers' text made into HTML and rows, by itself: knows nothing of gists, the index or the web.

Run in processes of its own, which `core.rendering` starts, limits and kills: the libraries used here can be led
astray by text made for it.
"""

import struct

LENGTH = struct.Struct(">Q")
"""How long a message to or from such a process is, before it."""

PREFIX = "user-content-"
"""What ids of strangers begin with, so that none is taken for one of the page's own."""
NEAR = "/-/near/"
"""Stands in links of Markdown for the folder that the text is in; whoever shows it puts the real address there."""
