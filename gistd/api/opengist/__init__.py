"""Opengist's REST API, at /api. What it must do is written in docs/compatibility.md and docs/api/opengist.md."""

from .routes import face

__all__ = ["face"]
