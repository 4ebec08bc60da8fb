"""Feeds of lists (RFC 4287, Atom): what was updated last, of what everybody may see, whoever asks."""

import re
import uuid

from flask import Response, render_template, request

from gistd.core import listings
from gistd.core.access import NOBODY
from gistd.core.listings import Listing
from gistd.http import base_url

from .face import face

ENTRIES = 30

_NEVER = "1970-01-01T00:00:00Z"
# What no XML document may hold, however it is written (XML 1.0, 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@face.app_template_filter()
def urn(id: str) -> str:
    """The id of a gist as a name of it that stays, wherever it is served."""
    return uuid.UUID(id).urn


def feed(title: str, listing: Listing, page: str, address: str) -> Response:
    """The feed of a list, whose page and whose feed have these addresses here. 304 if it is what the reader has."""
    found = listings.page(NOBODY, listing, 1, ENTRIES).gists
    updated = found[0].updated_at.isoformat() if found else _NEVER
    rendered = render_template(
        "feed.xml", title=title, gists=found, updated=updated, page=base_url() + page, address=base_url() + address
    )
    response = Response(_FORBIDDEN.sub("\ufffd", rendered), content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
