"""The cookie by which a browser is signed in."""

import re

from flask import request
from werkzeug.wrappers import Response

from gistd.core import sessions
from gistd.http import base_url, client_address
from gistd.index import User

# What is looked for in a User-Agent, and what people call it. The first one counts: most pretend to be others, too.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def over_tls() -> bool:
    """Whether people reach us so: then a cookie goes no other way."""
    return base_url().startswith("https:")


def _cookie() -> str:
    """Over TLS no other host under the same domain can set it (RFC 6265bis, the `__Host-` prefix)."""
    return "__Host-gistd_session" if over_tls() else "gistd_session"


def secret() -> str:
    """What the browser was given when somebody signed in, or has begun to; empty for nobody."""
    return request.cookies.get(_cookie(), "")


def start(response: Response, user: User) -> None:
    """Sign in. The session is a new one each time: one that somebody else may have planted is not taken over."""
    sessions.end(secret())
    _put(response, sessions.start(user, device(), client_address()), int(sessions.LIFETIME.total_seconds()))


def start_half(response: Response, user: User) -> None:
    """Remember that the password was right, until the second factor comes."""
    sessions.end(secret())
    _put(response, sessions.start_half(user), int(sessions.SECOND_STEP.total_seconds()))


def end(response: Response) -> None:
    """Sign out."""
    sessions.end(secret())
    _put(response, "", 0)


def _put(response: Response, secret: str, seconds: int) -> None:
    response.set_cookie(_cookie(), secret, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=over_tls())


def device() -> str:
    """What people call the browser: `Firefox on Linux`; else how it calls itself."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for word, name in _BROWSERS.items() if f"{word}/" in agent), "")
    system = next((name for word, name in _SYSTEMS.items() if word in agent), "")
    return f"{browser} on {system}" if browser and system else re.sub(r"[^ -~]", "", agent)[:60]
