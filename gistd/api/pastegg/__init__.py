"""paste.gg's API, at /api/v1, /api/v0, /v1 and /v0. Where we differ from it, docs/compatibility.md says why."""

from . import links
from .routes import face

__all__ = ["face", "links"]
