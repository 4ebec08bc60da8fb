"""For people: the pages. Each module hangs its routes on the one face."""

from . import account, filters, gist, lists, settings, texts
from .face import face

__all__ = ["account", "face", "filters", "gist", "lists", "settings", "texts"]
