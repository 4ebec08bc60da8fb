"""Gists on other people's pages: a script that puts a frame in its place, and the page in the frame.

Whoever looks at such a page looks as nobody: what only they may see must not be readable by the page around it (X11 in
the threats). The frame keeps the two pages apart: neither can run a script in the other.
"""

import json
from urllib.parse import urlencode

from flask import Response, g, render_template, request

from gistd.core import access, gists
from gistd.core.access import NOBODY, Actor, Open
from gistd.http import page_url
from gistd.index import Gist

from . import shown
from .face import face

THEMES = ("light", "dark")

_SCRIPT = """(function () {
  var script = document.currentScript, frame = document.createElement("iframe");
  frame.src = %s;
  frame.title = %s;
  frame.style.cssText = "display:block;width:100%%;height:16rem;border:0";
  addEventListener("message", function (event) {
    var height = event.source === frame.contentWindow && event.data && event.data.gistdHeight;
    if (typeof height === "number") frame.style.height = Math.min(Math.max(height, 32), 50000) + "px";
  });
  script.parentNode.insertBefore(frame, script.nextSibling);
})();
"""


@face.get("/<place:username>/<name>.js", scope=Open.ONE_GIST)
def script(actor: Actor, username: str, name: str) -> Response:
    """A script that shows the gist where it stands; `file` chooses one file, `theme` light or dark."""
    gist = _seen_by_all(username, name)
    asked = {word: request.args[word] for word in ("file", "theme") if word in request.args}
    address = f"{page_url(gist)}/embed" + (f"?{urlencode(asked)}" if asked else "")
    response = Response(
        _SCRIPT % (_string(address), _string(gist.title)), content_type="text/javascript; charset=utf-8"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "no-cache"
    return response


@face.get("/<place:username>/<name>/embed", scope=Open.ONE_GIST)
def embed(actor: Actor, username: str, name: str) -> Response:
    """The page in the frame."""
    g.may_be_framed = True
    g.actor = NOBODY
    gist = _seen_by_all(username, name)
    contents, file = gists.contents(gist), request.args.get("file")
    if file is not None:
        contents.find(file)
    theme = request.args.get("theme")
    return Response(
        render_template(
            "embed.html",
            gist=gist,
            page_url=page_url(gist),
            files=list(shown.files(contents, only=file)),
            left_out=0 if file is not None else max(0, len(contents.files) - shown.FILES_PER_PAGE),
            theme=theme if theme in THEMES else "",
        )
    )


def _seen_by_all(username: str, name: str) -> Gist:
    access.require_scope(NOBODY, Open.ONE_GIST)
    return gists.find(NOBODY, username, name)


def _string(words: str) -> str:
    """A string in JavaScript that also a page may hold."""
    return json.dumps(words).replace("<", "\\u003c")
