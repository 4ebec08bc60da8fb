"""Opengist's REST API, at /api. Where we differ from the original, docs/compatibility.md says why."""

from typing import Any

from . import openapi
from .routes import face


def document() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    return openapi.document(face)


__all__ = ["document", "face"]
