"""For people: the pages. Each module hangs its routes on the one face."""

from . import account, admin, edit, filters, gist, home, lists, search, settings, texts
from .face import face

__all__ = ["account", "admin", "edit", "face", "filters", "gist", "home", "lists", "search", "settings", "texts"]
