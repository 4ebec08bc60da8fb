"""Opengist's REST API, at /api. Where we differ from the original, docs/compatibility.md says why."""

from .routes import face

__all__ = ["face"]
