"""What this process has opened: its settings, its repositories and its index. One process serves one house."""

import os

from gistd import index
from gistd.settings import Settings
from gistd.store import Limits, Store

settings: Settings
store: Store


def open(with_settings: Settings) -> None:
    """Open the data directory and the index; both are made at the first start."""
    global settings, store
    os.umask(0o077)  # what people keep private is nobody else's business on this machine either
    settings = with_settings
    store = Store(settings.repos)
    store.prepare()
    index.open(settings.index_url)


def limits() -> Limits:
    """What a gist may hold."""
    return Limits(file_bytes=settings.max_file_bytes, gist_bytes=settings.max_gist_bytes, files=settings.max_files)


def check() -> None:
    """Raise Unavailable unless both the index and the data directory answer."""
    index.check()
    store.check()
