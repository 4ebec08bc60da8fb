"""Apps that people register here, which OAuth calls clients: what they are called, where they lead, how they prove
who they are. There are those of OAuth 2.0, and those of sourcehut's older flow; an id tells which."""

import re
import secrets
import uuid
from base64 import b64encode
from hmac import compare_digest
from urllib.parse import urlsplit

from gistd import index
from gistd.errors import Invalid, NotFound, Unauthenticated
from gistd.index import OAuthClient, User, is_text

from . import credentials, throttle
from .passwords import digest

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""For an app without an address: people copy what it is to be sent. In the older flow only."""

MAX_NAME, MAX_URI = 100, 2000
MOST = 100
"""Apps that one user may register."""

_LEGACY_ID = re.compile(r"[0-9a-f]{16}")
_WEB_ADDRESS = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?][!-\[\]-~]*)?")
_SEGMENT = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_BELOW = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*/?")


def register(
    user: User, name: str, redirect_uri: str, legacy: bool = False, public: bool = False
) -> tuple[OAuthClient, str]:
    """A new app of the user's, and its secret, of which only the hash is kept; empty for a public one, which could not
    keep it. Raises Invalid."""
    name, redirect_uri = name.strip(), redirect_uri.strip()
    _check(name, redirect_uri, legacy)
    public_id, secret = secrets.token_hex(8) if legacy else str(uuid.uuid4()), "" if public else _secret(legacy)
    hashed = digest(secret) if secret else None
    client = index.oauth.add_client(user, public_id, hashed, name, redirect_uri, MOST)
    if client is None:
        raise Invalid(f"you have {MOST} apps already")
    return client, secret


def find(public_id: str, legacy: bool = False) -> OAuthClient | None:
    """The app of that id, of the kind that is asked for."""
    found = index.oauth.client(public_id)
    return found if found is not None and is_legacy(found) is legacy else None


def of(user: User) -> list[OAuthClient]:
    """The apps that a user registered, newest first."""
    return index.oauth.clients(user)


def own(user: User, public_id: str) -> OAuthClient:
    """One of them. Raises NotFound."""
    found = index.oauth.client(public_id)
    if found is None or found.owner != user:
        raise NotFound("there is no such app")
    return found


def is_legacy(client: OAuthClient) -> bool:
    return _LEGACY_ID.fullmatch(client.public_id) is not None


def is_public(client: OAuthClient) -> bool:
    return client.secret_hash is None


def rotate(client: OAuthClient) -> str:
    """Another secret in place of the one it has, which is void from now on. Raises Invalid for a public one."""
    if is_public(client):
        raise Invalid("this app has no secret")
    secret = _secret(is_legacy(client))
    index.oauth.set_secret(client, digest(secret))
    return secret


def remove(client: OAuthClient) -> None:
    """The end of it, and of all that people have let it do."""
    index.oauth.delete_client(client)


def check_secret(client: OAuthClient, secret: str, address: str) -> None:
    """Raises Unauthenticated for a wrong one, TooManyRequests after too many of those."""
    if client.secret_hash is None or not compare_digest(client.secret_hash, digest(secret)):
        # It cannot be guessed, so a right one is always let in, whoever else fails from that address.
        throttle.count(credentials.by_address(address))
        raise Unauthenticated("Invalid client secret")


def leads_to(client: OAuthClient, redirect_uri: str) -> bool:
    """Whether an answer to this app may go there: where it was registered for, to the letter; in the older flow also
    below that, by plain names alone."""
    registered = client.redirect_uri
    if redirect_uri == registered:
        return True
    if not is_legacy(client) or registered == OUT_OF_BAND or "?" in registered:
        return False
    root = registered if registered.endswith("/") else f"{registered}/"
    return redirect_uri.startswith(root) and _BELOW.fullmatch(redirect_uri.removeprefix(root)) is not None


def host(redirect_uri: str) -> str:
    """Whom an answer that goes there is for, as people know them."""
    return urlsplit(redirect_uri).netloc


def _secret(legacy: bool) -> str:
    return secrets.token_hex(16) if legacy else b64encode(secrets.token_bytes(64)).decode()


def _check(name: str, redirect_uri: str, legacy: bool) -> None:
    problems = {}
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or not is_text(name):
        problems["name"] = [f"1 to {MAX_NAME} characters that can be seen"]
    if not (legacy and redirect_uri == OUT_OF_BAND) and not _is_web_address(redirect_uri):
        problems["redirect_uri"] = ["an address that begins with https:// or http://, without user name and fragment"]
    if problems:
        field, words = next(iter(problems.items()))
        raise Invalid(f"{field}: {words[0]}", problems)


def _is_web_address(uri: str) -> bool:
    """Whether it is one that says the same to everybody: host, port and path stand there plainly."""
    if len(uri) > MAX_URI or "#" in uri or not _WEB_ADDRESS.fullmatch(uri):
        return False
    try:
        return urlsplit(uri).port != 0
    except ValueError:
        return False
