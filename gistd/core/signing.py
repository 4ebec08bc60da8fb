"""How receivers of webhooks know that it was us: Ed25519, over the body and a nonce."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import house


def public_key() -> str:
    """The 32 bytes of it, in base64."""
    return base64.b64encode(_key().public_key().public_bytes_raw()).decode()


def sign(body: bytes, nonce: str) -> str:
    """The signature of what is sent, with the nonce as the text that goes along; in base64."""
    return base64.b64encode(_key().sign(body + nonce.encode())).decode()


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(house.webhook_seed)
