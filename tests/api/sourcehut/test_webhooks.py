"""sourcehut's webhooks as a client manages them, statement by statement. What receivers see is in tests/webhooks."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from peewee import sqlite3  # type: ignore[attr-defined]

from tests.api.sourcehut.client import (
    BAD_TOKEN,
    NO_AUTHORIZATION,
    NOT_FOUND,
    TIME,
    UNAUTHORIZED,
    Answer,
    Sender,
    token,
)
from tests.harness import Server
from tests.web.people import Person

HERE = "/pastes/webhooks"
URL = "http://receiver.invalid/hook?key=1"
BOTH = ["paste:create", "paste:delete"]
NEVER = "00000000-0000-4000-8000-000000000000"
DENIED = (400, ["Permission denied - does your token have the appropriate scopes?"])


class Tools:
    """Tokens for one row alone: two of carol's, one of hers that reads no pastes, and one of bob's."""

    def __init__(self, house: Server, carol: Person, bob: Person) -> None:
        self.carol, self.other = (Sender(house, "carol", token(carol, "gist:write")) for _ in range(2))
        self.narrow = Sender(house, "carol", token(carol, "user:write"))
        self.bob = Sender(house, "bob", token(bob, "gist:write"))
        self.nobody = Sender(house)
        self.people = {"carol": carol, "bob": bob}

    def hook(self, *events: str, url: str = URL, by: str = "carol") -> dict[str, Any]:
        status, made = getattr(self, by).ask("POST", HERE, {"url": url, "events": list(events) or BOTH})
        assert status == 201, made
        return dict(made)

    def told(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.carol.ask("GET", f"{HERE}/{hook['id']}/deliveries")[1]["results"])


@pytest.fixture(scope="module")
def carol(house: Server, people: dict[str, Person]) -> Person:
    return Person(house, "carol").sign_up()


@pytest.fixture
def t(house: Server, carol: Person, people: dict[str, Person]) -> Any:
    tools = Tools(house, carol, people["bob"])
    yield tools
    for sender in (tools.carol, tools.other, tools.bob):
        for each in sender.ask("GET", HERE)[1]["results"]:
            sender.send("DELETE", f"{HERE}/{each['id']}")


Check = Callable[[Tools], Any]


def posted(body: Any, by: str = "carol") -> Check:
    return lambda t: getattr(t, by).ask("POST", HERE, body)


def wrong(field: str, *reasons: str) -> Answer:
    return 400, [f"{field}: {reason}" for reason in reasons]


def url(value: str) -> Check:
    return posted({"url": value, "events": BOTH})


def asked(method: str, path: str, by: str = "carol", whose: str = "carol") -> Check:
    """The outcome for one token, with the webhook of another one in the path."""

    def check(t: Tools) -> Any:
        hook = t.hook(by=whose)
        return getattr(t, by).ask(method, HERE + path.format(id=hook["id"]))

    return check


def created(t: Tools) -> Any:
    made = t.hook("paste:delete", "paste:create", "paste:delete")
    same = t.carol.ask("GET", f"{HERE}/{made['id']}") == (200, made)
    fine = type(made["id"]) is int and TIME.fullmatch(made["created"])
    return bool(same and fine), set(made), made["events"], made["url"]


def listed(t: Tools) -> Any:
    mine = [t.hook()["id"], t.hook()["id"]]
    t.hook(by="other")
    status, page = t.carol.ask("GET", HERE)
    return status, [each["id"] for each in page["results"]] == mine[::-1], {**page, "results": len(page["results"])}


def deleted(t: Tools) -> Any:
    hook = t.hook()
    t.carol.paste()
    [told] = t.told(hook)
    gone = t.carol.send("DELETE", f"{HERE}/{hook['id']}")
    return gone.status_code, gone.content, [
        t.carol.ask(method, f"{HERE}/{hook['id']}{path}")
        for method, path in (
            ("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("GET", f"/deliveries/{told['id']}"),
            ("POST", f"/deliveries/{told['id']}/redeliver"),
        )
    ]  # fmt: skip


def told(t: Tools) -> Any:
    """Newest first: what was made, then deleted; of nobody else's; private ones, too."""
    hook, deletes = t.hook(), t.hook("paste:delete")
    first, second = t.carol.paste(), t.other.paste(visibility="private")
    t.bob.paste()
    t.carol.ask("PUT", f"/pastes/{first['sha']}", {"visibility": "public"})
    t.carol.send("DELETE", f"/pastes/{first['sha']}")
    seen = [(each["event"], json.loads(each["payload"])) for each in t.told(hook)]
    expected = [
        ("paste:delete", {**first, "visibility": "public"}), ("paste:create", second), ("paste:create", first),
    ]  # fmt: skip
    return seen == expected, [each["event"] for each in t.told(deletes)]


def shown(t: Tools) -> Any:
    hook = t.hook()
    t.carol.paste()
    [one] = t.told(hook)
    same = {"created", "id", "payload", "event", "url"}
    again = t.carol.ask("GET", f"{HERE}/{hook['id']}/deliveries/{one['id']}")[1]
    return (
        {name: one[name] for name in same} == {name: again[name] for name in same},
        one["url"], bool(TIME.fullmatch(one["created"])), set(one), one["response_status"] in (-2, -1),
    )  # fmt: skip


def redelivered(t: Tools) -> Any:
    hook = t.hook()
    t.carol.paste()
    [one] = t.told(hook)
    answer = t.carol.ask("POST", f"{HERE}/{hook['id']}/deliveries/{one['id']}/redeliver")
    return answer, [each["id"] for each in t.told(hook)] == [one["id"]]


def deliveries_of_another(t: Tools) -> Any:
    """A delivery is found only under its own webhook."""
    hook, other = t.hook(), t.hook()
    t.carol.paste()
    name = t.told(hook)[0]["id"]
    return [
        t.carol.ask(method, f"{HERE}/{other['id']}/deliveries/{name}{more}")
        for method, more in (("GET", ""), ("POST", "/redeliver"))
    ]


def revoked(t: Tools) -> Any:
    """A token that ends takes its webhooks along."""
    hook, other = t.hook(), t.hook(by="other")
    tokens = t.people["carol"].get("/-/settings/access-tokens").text
    newest_first = [int(part.partition("/")[0]) for part in tokens.split("/-/settings/access-tokens/")[1:]]
    t.people["carol"].post(f"/-/settings/access-tokens/{newest_first[2]}/revoke")
    gone = t.carol.ask("GET", HERE)
    page = t.people["carol"].get("/-/settings/webhooks").text
    t.carol = t.other
    return gone, f'/webhooks/{hook["id"]}"' in page, f'/webhooks/{other["id"]}"' in page


PAGE = {"next": None, "results": 2, "results_per_page": 50, "total": 2}
FIELDS = {
    "id", "created", "event", "url", "payload", "payload_headers", "response", "response_status", "response_headers",
}  # fmt: skip
BAD_URL = "a URL that begins with http:// or https:// and has at most 2048 characters"

ROWS: list[tuple[str, Check, Any]] = [
    ("4 it is made, its events sorted and each once", created,
        (True, {"id", "created", "events", "url"}, BOTH, URL)),
    ("4 the list is that of this very token, newest first", listed, (200, True, PAGE)),
    ("4 -1 is the beginning", lambda t: t.carol.ask("GET", f"{HERE}?start=-1")[0], 200),
    ("4 start is a number", lambda t: t.carol.ask("GET", f"{HERE}?start=x"), wrong("start", "start should be an int")),
    ("4 of deliveries, too", asked("GET", "/{id}/deliveries?start=x"), wrong("start", "start should be an int")),
    ("4 DELETE is 204, and takes deliveries along", deleted, (204, b"", [NOT_FOUND] * 5)),
    ("4 what is told, newest first", told, (True, ["paste:delete"])),
    ("4 a delivery", shown, (True, URL, True, FIELDS, True)),
    ("4 redeliver", redelivered, ((200, {}), True)),
    ("4 there is no PUT", asked("PUT", "/{id}"), (405, ["405 method not allowed"])),
    ("4 a delivery belongs to its webhook", deliveries_of_another, [NOT_FOUND] * 2),
    ("4 a token that is revoked", revoked, (BAD_TOKEN, False, True)),
    ("4 no token", lambda t: t.nobody.ask("GET", HERE), NO_AUTHORIZATION),
    ("4 any token lists", lambda t: t.narrow.ask("GET", HERE), (200, {**PAGE, "results": [], "total": 0})),
    ("4 one that reads no pastes subscribes to nothing", posted({"url": URL, "events": BOTH}, "narrow"), DENIED),
    ("4 nothing at all", posted({}), (400, ["url: url is required", "events: events is required"])),
    ("4 no url", posted({"events": BOTH}), wrong("url", "url is required")),
    ("4 an empty one", url(""), wrong("url", "url is required")),
    ("4 null", posted({"url": None, "events": BOTH}), wrong("url", "url may not be null", "url is required")),
    ("4 a number", posted({"url": 1, "events": BOTH}), wrong("url", "url should be a str")),
    ("4 no events", posted({"url": URL}), wrong("events", "events is required")),
    ("4 an empty list", posted({"url": URL, "events": []}), wrong("events", "events is required")),
    ("4 no list", posted({"url": URL, "events": "paste:create"}), wrong("events", "events should be a list")),
    *[(f"4 unknown: {event!a}", posted({"url": URL, "events": ["paste:create", event]}),
        wrong("events", "Unsupported event type")) for event in ("paste:update", "gist:create", "", None, 1, {}, [])],
    *[(f"4 no url to post to: {ascii(value)[:40]}", url(value), wrong("url", BAD_URL)) for value in (
        "example.org", "ftp://example.org/", "javascript:alert(1)", "file:///etc/passwd", "http://", "http:///x",
        "https://exa mple.org", "http://a\nb/", "http://ex\u00e4mple.org/", "http://[fe80::1%eth0]/", "http://a..{b}/",
        "http://h/" + "x" * 2040,
    )],
    *[(f"4 an address of the inside: {value}", url(value), wrong("url", "webhooks may not go to this address"))
        for value in ("http://127.0.0.1/", "https://[::1]:8443/", "http://2130706433/", "http://me:pw@0x7f.1/")],
    *[(f"4 {method} {path} of {whose}'s token, by carol's", asked(method, path, "carol", whose), UNAUTHORIZED)
        for whose in ("other", "bob")
        for method, path in (("GET", "/{id}"), ("DELETE", "/{id}"), ("GET", "/{id}/deliveries"),
            ("GET", f"/{{id}}/deliveries/{NEVER}"), ("POST", f"/{{id}}/deliveries/{NEVER}/redeliver"))],
    *[(f"4 {method} {path}", lambda t, method=method, path=path: t.carol.ask(method, HERE + path), NOT_FOUND)
        for method, path in (("GET", "/999999"), ("DELETE", "/999999"), ("GET", "/0"), ("GET", "/99999999999999999999"),
            ("GET", "/x"), ("GET", "/-1"), ("GET", "/999999/deliveries"))],
    *[(f"4 the delivery {name}", asked("GET", f"/{{id}}/deliveries/{name}"), NOT_FOUND)
        for name in (NEVER, "1", "not-a-uuid", "%00", NEVER.upper())],
]  # fmt: skip


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_statement(t: Tools, check: Check, expected: Any) -> None:
    assert check(t) == expected


def test_pages_of_deliveries(t: Tools) -> None:
    hook = t.hook("paste:create")
    made = [t.carol.paste()["sha"] for _ in range(52)]
    path = f"{HERE}/{hook['id']}/deliveries"
    first = t.carol.ask("GET", path)[1]
    second = t.carol.ask("GET", f"{path}?start={first['next']}")[1]
    assert isinstance(first["next"], str) and (second["next"], first["total"], second["total"]) == (None, 52, 52)
    seen = [json.loads(each["payload"])["sha"] for page in (first, second) for each in page["results"]]
    assert (len(first["results"]), seen) == (50, made[::-1])


def test_a_token_that_expires_takes_its_webhooks_along(t: Tools, house: Server) -> None:
    hook = t.hook()
    secret = house.cli("token", "create", "carol", "--scopes", "gist:write", "--expires", "1m").strip()
    soon = Sender(house, "carol", secret)
    assert soon.ask("POST", HERE, {"url": URL, "events": BOTH})[0] == 201
    index = sqlite3.connect(house.repos / "index.sqlite3", timeout=30)
    with index:
        index.execute("UPDATE credential SET expires_at = 1 WHERE expires_at IS NOT NULL")  # in 1970
    t.carol.paste()
    told = index.execute("SELECT subscription_id FROM delivery").fetchall()
    index.close()
    assert told == [(hook["id"],)] and soon.ask("GET", HERE) == BAD_TOKEN
