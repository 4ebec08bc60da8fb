"""For admins: what there is, whose it is, and how the house is set up."""

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gistd.core import administration, gists, house, listings
from gistd.core.access import Action, Actor, Open
from gistd.errors import Conflict, Invalid
from gistd.index import now

from .face import face
from .forms import page, saved
from .lists import known, page_number
from .texts import _

PER_PAGE, MOST_PAGES = 50, 10**6
_HERE = "/-/admin"
_USER = f"{_HERE}/users/<place:username>"
_GIST = f"{_HERE}/gists/<id>/delete"


@face.get(_HERE, scope=Open.ADMIN)
def overview(actor: Actor) -> Response:
    return page("admin/overview.html", there=administration.overview(actor))


@face.get(f"{_HERE}/settings", scope=Open.ADMIN)
def house_settings(_: Actor) -> Response:
    return page("admin/settings.html", settings=list(house.settings.describe()))


@face.get(f"{_HERE}/users", scope=Open.ADMIN)
def users(actor: Actor) -> Response:
    return _users(actor)


def _users(actor: Actor, refused: Conflict | None = None) -> Response:
    words, number = request.args.get("q", ""), page_number(MOST_PAGES)
    people = administration.members(actor, words, number, PER_PAGE)
    return page("admin/users.html", refused, people=people, words=words, number=number)


@face.post(f"{_USER}/admin", scope=Open.ADMIN)
def set_admin(actor: Actor, username: str) -> AnyResponse:
    try:
        administration.set_admin(actor, known(username), request.form.get("admin") == "yes")
    except Conflict as refused:
        return _users(actor, refused)
    return saved(f"{_HERE}/users")


@face.get(f"{_USER}/delete", scope=Open.ADMIN)
def delete_user_form(_: Actor, username: str) -> Response:
    return page("admin/delete_user.html", user=known(username))


@face.post(f"{_USER}/delete", scope=Open.ADMIN)
def delete_user(actor: Actor, username: str) -> AnyResponse:
    user = known(username)
    try:
        if request.form.get("sure", "").strip() != user.username:
            words = _("that is not the name of the account")
            raise Invalid(words, {"sure": [words]})
        administration.delete_account(actor, user)
    except (Invalid, Conflict) as refused:
        return page("admin/delete_user.html", refused, user=user)
    return saved(f"{_HERE}/users")


@face.get(f"{_HERE}/gists", scope=Open.ADMIN)
def all_gists(actor: Actor) -> Response:
    name, number = request.args.get("user", "").strip(), page_number(MOST_PAGES)
    owner = known(name) if name else None
    shown = listings.inventory(actor, owner, number, PER_PAGE)
    return page(
        "admin/gists.html",
        gists=shown.gists,
        total=shown.total,
        name=name,
        number=number,
        more=shown.total > number * PER_PAGE,
        now=now(),
    )


@face.get(_GIST, scope=Open.ADMIN)
def take_down_form(actor: Actor, id: str) -> Response:
    return page("admin/delete_gist.html", gist=gists.get(actor, id, Action.ADMINISTER))


@face.post(_GIST, scope=Open.ADMIN)
def take_down(actor: Actor, id: str) -> AnyResponse:
    administration.take_down(actor, gists.get(actor, id, Action.ADMINISTER))
    return saved(f"{_HERE}/gists")
