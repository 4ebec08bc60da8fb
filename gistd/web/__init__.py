"""For people: the pages. Each module hangs its routes on the one face."""

from . import account, pages
from .face import face

__all__ = ["account", "face", "pages"]
