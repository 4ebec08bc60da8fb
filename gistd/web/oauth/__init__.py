"""Apps: asking people whether one may act in their name, and what they decide about those that do, and about their
own."""

from . import apps, authorize, legacy, personal

__all__ = ["apps", "authorize", "legacy", "personal"]
