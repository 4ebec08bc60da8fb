"""The page of webhooks: made, tried out, looked into, told again, deleted; and nobody else's business."""

import io
import json
import re
import zipfile
from collections.abc import Iterator

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.harness import PASSWORD, Client, Server, wait_until
from tests.web.people import Person, found
from tests.webhooks.hooks import QUICK, arrived, on_its_page, paste, subscribe
from tests.webhooks.receiver import Receiver

HERE = "/-/settings/webhooks"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("hooks"), **{**QUICK, "max_webhooks": 3}).start()
    server.user("first")  # the admin
    yield server
    assert server.stop() == 0 and "Traceback" not in server.log.read_text()


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_a_webhook_is_made_tried_out_and_deleted(house: Server, receiver: Receiver) -> None:
    url = receiver.url("tried", (200, {"X-Said": "<b>yes</b>"}, b"<script>alert(1)</script>"))
    person, here = on_its_page(house, "ada", f"{url}?key=<i>", ["gist:create"])
    page = person.get(HERE).text
    assert f'href="{here}"' in page and "tried?key=&lt;i&gt;" in page and "gist:create" in text(page)
    assert "Nothing yet." in person.get(here).text
    place = person.post(f"{here}/ping").headers["Location"]
    [got] = arrived(receiver, "tried")
    assert got.told == {"event": "ping", "delivery": got.name, "at": got.told["at"]}
    assert place == f"{here}/deliveries/{got.name}" and got.headers["X-Webhook-Event"] == "ping"
    wait_until(lambda: "answered 200" in text(person.get(place).text), "it has arrived")
    page = person.get(place).text
    assert "X-Said: &lt;b&gt;yes&lt;/b&gt;" in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f"X-Payload-Nonce: {got.headers['X-Payload-Nonce']}" in page
    assert person.post(f"{place}/redeliver").headers["Location"] == place
    again = arrived(receiver, "tried", 2)[1]
    assert (again.name, again.body) == (got.name, got.body) and again.signature != got.signature
    assert again.is_signed_by(person.get("/-/webhook-key").text.strip()) and again.path == "/tried?key=<i>"
    assert person.post(f"{here}/delete").headers["Location"] == HERE
    assert [person.get(each).status_code for each in (here, place)] == [404, 404]
    assert person.post(f"{here}/ping").status_code == 404 and "You have none." in person.get(HERE).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "", "event": "gist:create"}, "a URL that begins with http:// or https://"),
        ({"url": "ftp://x/", "event": "gist:create"}, "a URL that begins with http:// or https://"),
        ({"url": "http://10.0.0.1/", "event": "gist:create"}, "webhooks may not go to this address"),
        ({"url": "http://receiver.invalid/"}, "choose at least one"),
        ({"url": "http://receiver.invalid/", "event": ["ping", "gist:everything"]}, "choose at least one"),
    ],
)
def test_what_is_wrong_is_said(house: Server, form: dict[str, str], words: str) -> None:
    person = Person(house, "ben")
    if person.sign_in().status_code != 303:
        person.sign_up()
    refused = person.post(HERE, **form)
    assert refused.status_code == 422 and words in text(refused.text)
    if form["url"]:
        assert f'value="{form["url"]}"' in refused.text
    assert "You have none." in person.get(HERE).text


def test_there_may_be_so_many(house: Server, receiver: Receiver) -> None:
    person, _ = on_its_page(house, "cleo", receiver.url("many"))
    subscribe(person.api(), receiver.url("many"))
    form = {"url": receiver.url("many"), "event": "gist:create"}
    assert [person.post(HERE, **form).status_code for _ in range(2)] == [303, 409]
    assert "an account has at most 3 webhooks" in person.post(HERE, **form).text


def test_those_of_tools_are_on_the_page(house: Server, receiver: Receiver) -> None:
    person = Person(house, "dora").sign_up()
    tool = person.api()
    number = subscribe(tool, receiver.url("tools"))
    page = text(person.get(HERE).text)
    assert "made by a tool, for sourcehut" in page and "paste:create paste:delete" in page
    paste(tool)
    [got] = arrived(receiver, "tools")
    assert got.name in person.get(f"{HERE}/{number}").text
    assert person.post(f"{HERE}/{number}/delete").status_code == 303
    assert tool.get(f"/api/pastes/webhooks/{number}").status_code == 404


def test_what_fails_is_said_and_old_deliveries_are_on_further_pages(house: Server, receiver: Receiver) -> None:
    person, here = on_its_page(house, "emil", receiver.url("fails", 503), ["gist:create"])
    tool = person.api()
    for _ in range(22):
        tool.create()
    wait_until(lambda: text(person.get(here).text).count("answered 503, 3 attempts") == 20, "all are given up")
    page = person.get(here).text
    assert "it does not answer" in text(page) and "it does not answer" in text(person.get(HERE).text)
    older = person.get(found(r'rel="next" href="([^"]*)"', page)).text
    assert older.count("/deliveries/") == 2 and 'rel="next"' not in older
    assert person.get(f"{here}?start=x").status_code == 200


def test_another_ones_webhooks_are_not_there(house: Server, receiver: Receiver) -> None:
    """Neither for somebody else, nor for nobody; and forms from elsewhere are not taken."""
    owner, here = on_its_page(house, "frida", receiver.url("hers"))
    name = owner.post(f"{here}/ping").headers["Location"]
    stranger = Person(house, "gustav").sign_up()
    never = "00000000-0000-4000-8000-000000000000"
    asked = [("GET", here), ("GET", name)]
    asked += [("POST", path) for path in (f"{here}/delete", f"{here}/ping", f"{name}/redeliver")]
    for method, path in [*asked, ("GET", f"{HERE}/2147483647"), ("GET", f"{HERE}/99999999999")]:
        assert stranger.request(method, path).status_code == 404, path
        assert house.nobody.request(method, path).status_code in (302, 401, 404), path
    made = stranger.post(HERE, url=receiver.url("his"), event="gist:create")
    mine = made.headers["Location"].partition("?")[0]
    borrowed = name.rpartition("/")[2]
    for wrong in (borrowed, never):
        assert stranger.get(f"{mine}/deliveries/{wrong}").status_code == 404
        assert stranger.post(f"{mine}/deliveries/{wrong}/redeliver").status_code == 404
    evil = Client(house, "", "")
    evil.session.cookies.update(owner.session.cookies)
    evil.session.headers["Sec-Fetch-Site"] = "cross-site"
    assert evil.request("POST", f"{here}/delete").status_code == 403
    assert owner.get(here).status_code == 200


def test_the_export_has_them_and_they_end_with_the_account(house: Server, receiver: Receiver) -> None:
    url = receiver.url("exported")
    person, here = on_its_page(house, "hilda", url, ["gist:like", "gist:create"])
    person.post(f"{here}/ping")
    arrived(receiver, "exported")
    archive = zipfile.ZipFile(io.BytesIO(person.get("/-/settings/export.zip").content))
    [kept] = json.loads(archive.read("account.json"))["webhooks"]
    assert {**kept, "created_at": ""} == {
        "url": url, "dialect": "gistd", "events": ["gist:create", "gist:like"], "query": None, "created_at": "",
    }  # fmt: skip
    assert person.post("/-/settings/delete", current=PASSWORD).status_code == 303
    index = sqlite3.connect(house.repos / "index.sqlite3")
    assert index.execute("SELECT * FROM subscription WHERE url = ?", (url,)).fetchall() == []
    assert (
        index.execute("SELECT * FROM delivery WHERE subscription_id = ?", (here.rpartition("/")[2],)).fetchall() == []
    )
    index.close()
