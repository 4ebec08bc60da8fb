"""paste.sr.ht's other API, GraphQL at /query, which its newer clients speak."""

from . import resolvers, webhooks
from .transport import face

__all__ = ["face", "resolvers", "webhooks"]
