"""paste.sr.ht's API, at /api/pastes, /api/blobs, /api/version and /api/user. Where we differ from it,
docs/compatibility.md says why."""

from typing import Any

from gistd import describe

from . import graphql, webhooks
from .openapi import DESCRIPTION
from .routes import face

faces = [face, graphql.face]


def document() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    return describe.document(face, DESCRIPTION)


__all__ = ["DESCRIPTION", "document", "face", "faces", "webhooks"]
