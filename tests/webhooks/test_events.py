"""Whatever face something becomes of a gist by, its owner's webhooks are told, and nobody else's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness import Git, Server, wait_until
from tests.test_cross_dialect import (
    CAN,
    ByGit,
    Dialect,
    Opengist,
    Ownpaste,
    PasteGG,
    Ranna,
    Sourcehut,
    Web,
    answered,
)
from tests.web.form import Form
from tests.web.people import Person
from tests.webhooks.hooks import arrived, on_its_page, paste
from tests.webhooks.receiver import Receiver

MADE = {"gist:create", "gist:delete"}


class Scene:
    """alice, who is told, in every dialect; bob, who is told of his."""

    def __init__(self, house: Server, receiver: Receiver, git: Git) -> None:
        self.house, self.receiver, self.git = house, receiver, git
        self.alice, _ = on_its_page(house, "alicia", receiver.url("alicia"))
        self.bob, _ = on_its_page(house, "robert", receiver.url("robert"))
        self.tool = self.alice.api()
        self.dialects: dict[str, Dialect] = {
            "Opengist": Opengist(self.tool),
            "paste.gg": PasteGG(self.tool),
            "ownpaste": Ownpaste(self.tool),
            "ranna": Ranna(self.tool),
            "sourcehut": Sourcehut(self.tool),
            "git": ByGit(self.tool, git),
            "web": Web(self.alice),
        }
        self.seen = 0

    def told(self, number: int, who: str = "alicia") -> list[Any]:
        """What was told since the last time that this was asked, once it is so much."""
        begin = self.seen if who == "alicia" else 0
        wait_until(lambda: len(self.receiver.got(who)) >= begin + number, f"{number} more for {who}")
        got = self.receiver.got(who)[begin:]
        if who == "alicia":
            self.seen += len(got)
        assert len(got) == number, [each.told["event"] for each in got]
        return [each.told for each in got]

    def fence(self) -> None:
        """Let all that came before be there, and nothing more than what was expected."""
        id = self.tool.create()["id"]
        assert [each["gist"]["id"] for each in self.told(1)] == [id]


@pytest.fixture(scope="module")
def s(house: Server, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    house.user("first")  # the admin
    yield Scene(house, receiver, Git(tmp_path_factory.mktemp("git") / "home"))


@pytest.fixture(autouse=True)
def nothing_left(s: Scene) -> None:
    """What other tests did has been told."""
    id = s.tool.create()["id"]
    wait_until(lambda: id in [got.told["gist"]["id"] for got in s.receiver.got("alicia")[-1:]], "all is told")
    s.seen = len(s.receiver.got("alicia"))


@pytest.mark.parametrize("name", CAN)
def test_what_a_dialect_does_is_told(s: Scene, name: str) -> None:
    dialect, other = s.dialects[name], s.dialects["Opengist"]
    id = dialect.make(b"one\n")
    [made] = s.told(1)
    assert (made["event"], made["gist"]["id"], made["gist"]["files"][0]["size"]) == ("gist:create", id, 4)
    (dialect if "change" in CAN[name] else other).change(id, b"three\n")
    [changed] = s.told(1)
    assert (changed["event"], changed["gist"]["id"], changed["gist"]["files"][0]["size"]) == ("gist:update", id, 6)
    assert changed["gist"]["revision"] != made["gist"]["revision"]
    (dialect if "delete" in CAN[name] else other).delete(id)
    [deleted] = s.told(1)
    assert deleted["event"] == "gist:delete" and deleted["gist"] == changed["gist"]
    assert len({each["delivery"] for each in (made, changed, deleted)}) == 3


def by_opengist(s: Scene, id: str, visibility: str) -> None:
    s.tool.change(id, visibility=visibility)


def by_pastegg(s: Scene, id: str, visibility: str) -> None:
    answered(s.dialects["paste.gg"].paster.send("PATCH", f"/pastes/{id}", {"visibility": visibility}), 204)  # type: ignore[attr-defined]


def by_sourcehut(s: Scene, id: str, visibility: str) -> None:
    answered(s.dialects["sourcehut"].sender.send("PUT", Sourcehut.path(id), {"visibility": visibility}), 200)  # type: ignore[attr-defined]


def by_graphql(s: Scene, id: str, visibility: str) -> None:
    query = "mutation($id: String!, $visibility: Visibility!) { update(id: $id, visibility: $visibility) { id } }"
    sha = Sourcehut.path(id).rpartition("/")[2]
    asked = {"query": query, "variables": {"id": sha, "visibility": visibility.upper()}}
    assert answered(s.tool.request("POST", "/query", json=asked), 200).json() == {"data": {"update": {"id": sha}}}


def by_push(s: Scene, id: str, visibility: str) -> None:
    """A push option goes along with a commit."""
    clone = s.git.clone(ByGit(s.tool, s.git).url(id))
    s.git.commit(clone, {"more.txt": visibility})
    s.git("push", "-q", "-o", f"visibility={visibility}", cwd=clone)


def by_web(s: Scene, id: str, visibility: str) -> None:
    path = f"/{s.alice.name}/{id}/edit"
    form = Form(s.alice.get(path).text)
    form.set(visibility=visibility)
    answered(form.send(s.alice, path), 303)


@pytest.mark.parametrize("change", [by_opengist, by_pastegg, by_sourcehut, by_graphql, by_push, by_web])
def test_visibility(s: Scene, change: Callable[[Scene, str, str], None]) -> None:
    """Each change of it is told once, with what it is from then on; no change is not."""
    id = s.tool.create(visibility="public")["id"]
    for visibility in ("private", "unlisted", "public"):
        change(s, id, visibility)
    if change is not by_push:
        change(s, id, "public")
    seen = s.told(4)
    assert [each["event"] for each in seen] == ["gist:create"] + ["gist:update"] * 3
    assert [each["gist"]["visibility"] for each in seen] == ["public", "private", "unlisted", "public"]
    s.fence()


def test_graphql_makes_and_deletes(s: Scene) -> None:
    sha = paste(s.tool)["sha"]
    asked = {"query": "mutation($id: String!) { delete(id: $id) { id } }", "variables": {"id": sha}}
    answered(s.tool.request("POST", "/query", json=asked), 200)
    assert [each["event"] for each in s.told(2)] == ["gist:create", "gist:delete"]


def test_push_to_create(s: Scene) -> None:
    clone = s.git.home / "pushed"
    s.git("init", "-q", "-b", "main", clone)
    s.git.commit(clone, {"a.txt": "a"})
    s.git("push", "-q", f"{ByGit(s.tool, s.git).host}/alicia/by-push.git", "main", cwd=clone)
    s.git.try_("push", f"{ByGit(s.tool, s.git).host}/alicia/by-push.git", "main", cwd=clone)  # nothing to push
    assert [(each["event"], each["gist"]["url"].rpartition("/")[2]) for each in s.told(1)] == [
        ("gist:create", "by-push")
    ]


@pytest.mark.parametrize("face", ["Opengist", "web"])
def test_forks_and_likes(s: Scene, face: str) -> None:
    gist = s.tool.create(visibility="public", title="Liked")
    before = len(s.receiver.got("robert"))
    bob = s.bob.api()
    if face == "web":
        answered(s.bob.post(f"/alicia/{gist['id']}/fork"), 303)
        answered(s.bob.post(f"/alicia/{gist['id']}/like", liked="yes"), 303)
    else:
        answered(bob.request("POST", f"/api/gists/{gist['id']}/forks"), 201)
        for _ in range(2):
            answered(bob.request("PUT", f"/api/gists/{gist['id']}/like"), 204)
        answered(bob.request("DELETE", f"/api/gists/{gist['id']}/like"), 204)
    _, forked, liked = s.told(3)
    assert (forked["event"], forked["by"], forked["gist"]["id"]) == ("gist:fork", "robert", gist["id"])
    assert (liked["event"], liked["by"], liked["gist"]["title"]) == ("gist:like", "robert", "Liked")
    wait_until(lambda: len(s.receiver.got("robert")) > before, "the fork is made, for him")
    [his] = s.receiver.got("robert")[before:]
    assert (his.told["event"], his.told["gist"]["owner"]) == ("gist:create", "robert")
    assert forked["fork"] == {"id": his.told["gist"]["id"], "url": his.told["gist"]["url"]}
    s.fence()


def test_who_else_deletes_it(s: Scene) -> None:
    """An admin, on theirs."""
    id = s.tool.create()["id"]
    admin = Person(s.house, "first")
    admin.sign_in()
    answered(admin.post(f"/-/admin/gists/{id}/delete"), 303)
    assert [each["event"] for each in s.told(2)] == ["gist:create", "gist:delete"]


def test_what_others_do_is_not_told(s: Scene) -> None:
    before = len(s.receiver.got("robert"))
    s.house.nobody.request("POST", "/v1/snippets", json={"language": "go", "code": "x"})
    s.bob.api().create()
    wait_until(lambda: len(s.receiver.got("robert")) > before, "bob is told")
    s.fence()


def test_only_what_was_chosen_is_told(s: Scene, receiver: Receiver) -> None:
    person, _ = on_its_page(s.house, "carla", receiver.url("carla"), ["gist:delete", "gist:like"])
    tool = person.api()
    id = tool.create()["id"]
    tool.change(id, title="Other")
    answered(tool.request("DELETE", f"/api/gists/{id}"), 204)
    assert [got.headers["X-Webhook-Event"] for got in arrived(receiver, "carla")] == ["gist:delete"]
