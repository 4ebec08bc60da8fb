"""For people: the pages. Each module hangs its routes on the one face."""

from . import account, admin, filters, gist, home, lists, search, settings, texts
from .face import face

__all__ = ["account", "admin", "face", "filters", "gist", "home", "lists", "search", "settings", "texts"]
