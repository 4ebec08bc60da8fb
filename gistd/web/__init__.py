"""For people: the pages."""

from .pages import face

__all__ = ["face"]
