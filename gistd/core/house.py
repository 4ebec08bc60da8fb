"""What this process has opened: its settings, its repositories and its index. One process serves one house."""

import base64
import os

from gistd import index
from gistd.settings import Settings
from gistd.store import Answers, Limits, PushLimits, Store

settings: Settings
store: Store
secret_key: bytes
webhook_seed: bytes
answers: Answers
rendered: Answers


def open(with_settings: Settings) -> None:
    """Open the data directory and the index; both are made at the first start."""
    global settings, store, secret_key, webhook_seed, answers, rendered
    os.umask(0o077)  # what people keep private is nobody else's business on this machine either
    settings = with_settings
    store = Store(settings.repos)
    store.prepare()
    secret_key = settings.secret_key.encode() or store.secret("secret_key")
    webhook_seed = base64.b64decode(settings.webhook_key) or bytes.fromhex(store.secret("webhook_key").decode())
    answers = Answers(settings.pack_cache_bytes)
    rendered = Answers(settings.render_cache_bytes)
    index.open(settings.index_url)


def claim() -> None:
    """Be the only server of an index that only one machine may open. Raises ConfigurationError."""
    if index.is_a_file():
        store.claim()


def limits() -> Limits:
    """What a gist may hold."""
    return Limits(file_bytes=settings.max_file_bytes, gist_bytes=settings.max_gist_bytes, files=settings.max_files)


def push_limits() -> PushLimits:
    """What a push may bring."""
    return PushLimits(
        revision=limits(),
        pack_bytes=settings.max_push_bytes,
        unpacked_bytes=settings.max_push_unpacked_bytes,
        memory_bytes=settings.max_push_memory_bytes,
        objects=settings.max_push_objects,
        commits=settings.max_push_commits,
    )


def check() -> None:
    """Raise Unavailable unless both the index and the data directory answer."""
    index.check()
    store.check()
