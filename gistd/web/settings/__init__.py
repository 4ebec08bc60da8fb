"""What people decide about their own account: one module, and one page, for each thing. They stand beside each other
in `templates/settings/base.html`."""

from . import access_tokens, api_keys, delete, digest, export, password, profile, sessions, two_factor, webhooks

__all__ = [
    "access_tokens",
    "api_keys",
    "delete",
    "digest",
    "export",
    "password",
    "profile",
    "sessions",
    "two_factor",
    "webhooks",
]
