"""What apps ask of OAuth by themselves: tokens for codes, in both flows, and what becomes of tokens. The pages that ask
people are in gistd/web."""

from .routes import face

__all__ = ["face"]
