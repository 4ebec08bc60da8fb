"""gistd: the self-hosted gist server that every paste client already speaks to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from gistd.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The WSGI application. Raises ConfigurationError when it cannot start as configured."""
    # Only now: `gistd.markup` is run in processes of its own that want nothing of all this.
    from gistd.app import create_app

    return create_app(settings)
