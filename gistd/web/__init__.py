"""For people: the pages. Each module hangs its routes on the one face."""

from . import (
    account,
    admin,
    edit,
    embed,
    files,
    filters,
    gist,
    history,
    home,
    lists,
    search,
    settings,
    sharing,
    sourcehut,
    texts,
    theme,
)
from .face import face

__all__ = [
    "account",
    "admin",
    "edit",
    "embed",
    "face",
    "files",
    "filters",
    "gist",
    "history",
    "home",
    "lists",
    "search",
    "settings",
    "sharing",
    "sourcehut",
    "texts",
    "theme",
]
