"""What pages with forms share."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import credentials
from gistd.core.access import Actor
from gistd.errors import Conflict, GistdError, Invalid
from gistd.http import client_address
from gistd.index import User

from .texts import _


def user_of(actor: Actor) -> User:
    """Who is signed in, on pages that let nobody else in."""
    assert actor.user is not None
    return actor.user


def page(template: str, refused: GistdError | None = None, status: int = 200, **values: Any) -> Response:
    """The page, with what was wrong about a form that was sent: in whole, and by field. No cache keeps it."""
    fields = refused.fields if isinstance(refused, Invalid | Conflict) else {}
    problems = {name: words[0] for name, words in fields.items()}
    rendered = render_template(template, problem=refused.message if refused else "", problems=problems, **values)
    response = make_response(rendered, refused.status if refused else status)
    response.headers["Cache-Control"] = "no-store"
    return response


def saved(place: str) -> AnyResponse:
    """On to a page that says that it worked."""
    return redirect(f"{place}?saved=1", 303)


def typed(*names: str) -> dict[str, Any]:
    """What was typed into these fields."""
    return {name: request.form.get(name, "") for name in names}


def confirm(user: User) -> None:
    """Let a form show by the password that it is still them who sent it. Raises Invalid."""
    credentials.confirm(user, request.form.get("current", ""), client_address())


def typed_twice() -> str:
    """The new password of a form, which asks for it twice: nobody sees what they type. Raises Invalid."""
    password = request.form.get("password", "")
    if request.form.get("repeat", "") != password:
        words = _("that is not the same password")
        raise Invalid(words, {"repeat": [words]})
    return password


def name_of_secret() -> str:
    """What a form says that the new secret is called. Raises Invalid."""
    name = request.form.get("name", "").strip()
    if not name:
        words = _("give it a name, so that you know it again")
        raise Invalid(words, {"name": [words]})
    return name
