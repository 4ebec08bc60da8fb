"""paste.sr.ht's API, at /api/pastes, /api/blobs, /api/version and /api/user. Where we differ from it,
docs/compatibility.md says why."""

from .routes import face

__all__ = ["face"]
