"""paste.gg's API, at /api/v1, /api/v0, /v1 and /v0. Where we differ from it, docs/compatibility.md says why."""

from typing import Any

from gistd import describe

from . import links
from .openapi import DESCRIPTION
from .routes import face


def document() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    return describe.document(face, DESCRIPTION)


__all__ = ["DESCRIPTION", "document", "face", "links"]
