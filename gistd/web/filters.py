"""What the templates say in their own way: moments, sizes, addresses, permissions."""

from datetime import datetime
from urllib.parse import urlencode

from flask import g, request

from gistd.core import access
from gistd.core.access import Action
from gistd.http import base_url, path_of
from gistd.index import Gist

from .face import face

face.app_template_global("path_of")(path_of)
face.app_template_global("base_url")(base_url)


@face.app_template_global()
def may(action: str, gist: Gist) -> bool:
    """Whether whoever looks may do this to the gist: for showing a button, never for deciding."""
    return access.allowed(g.get("actor", access.NOBODY), Action(action), gist)


@face.app_template_global()
def here(**changes: object) -> str:
    """This page with its arguments, some of them changed, or taken away by None; its first page if that is not one."""
    arguments = {**request.args.to_dict(), "page": None, **changes}
    return f"{request.path}?{urlencode({name: value for name, value in arguments.items() if value is not None})}"


@face.app_template_filter()
def clock(moment: datetime) -> str:
    """A moment for people."""
    return moment.strftime("%-d %b %Y, %H:%M UTC")


@face.app_template_filter()
def bytes_for_people(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    if size < 1024**2:
        return f"{size / 1024:.1f} KiB"
    return f"{size / 1024**2:.1f} MiB" if size < 1024**3 else f"{size / 1024**3:.1f} GiB"
