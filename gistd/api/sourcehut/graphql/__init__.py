"""paste.sr.ht's other API, GraphQL at /query, which its newer clients speak."""

from .transport import face

__all__ = ["face"]
