"""Webhooks in somebody's name, as a tool of sourcehut's and as a person at a browser make them."""

from typing import Any

from tests.harness import Client, Server, wait_until
from tests.web.people import Person
from tests.webhooks.receiver import Got, Receiver

QUICK = {
    "webhook_allow": "127.0.0.0/8",
    "webhook_retry_seconds": 0,
    "webhook_attempts": 3,
    "webhook_seconds": 2,
    "max_webhooks": 1000,
    "rate_limits": "false",
}
"""Settings with which little has to be waited for, and yet enough where much else is going on."""

EVERYTHING = ["gist:create", "gist:update", "gist:delete", "gist:fork", "gist:like"]
HERE = "/api/pastes/webhooks"


def subscribe(tool: Client, url: str, *events: str) -> int:
    """By a tool, in sourcehut's dialect."""
    answer = tool.request("POST", HERE, json={"url": url, "events": list(events) or ["paste:create", "paste:delete"]})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def paste(tool: Client, *names: str, **fields: Any) -> dict[str, Any]:
    files = [{"filename": name, "contents": "x\n"} for name in names or ["a.txt"]]
    answer = tool.request("POST", "/api/pastes", json={"files": files, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def deliveries(tool: Client, webhook: int) -> list[dict[str, Any]]:
    """The latest first."""
    found: list[dict[str, Any]] = tool.get(f"{HERE}/{webhook}/deliveries").json()["results"]
    return found


def settled(tool: Client, webhook: int, status: int) -> dict[str, Any]:
    """The latest delivery, once it has this status."""

    def look() -> Any:
        told = deliveries(tool, webhook)
        return told and told[0]["response_status"] == status and told[0]

    found: dict[str, Any] = wait_until(look, f"the delivery has the status {status}")
    return found


def arrived(receiver: Receiver, path: str, number: int = 1) -> list[Got]:
    """What came to this address, once it is so much."""
    wait_until(lambda: len(receiver.got(path)) >= number, f"{number} requests to /{path}")
    got = receiver.got(path)
    assert len(got) == number
    return got


def on_its_page(server: Server, name: str, url: str, events: list[str] = EVERYTHING) -> tuple[Person, str]:
    """A person with a webhook of gistd's own, and the address of its page."""
    person = Person(server, name).sign_up()
    made = person.post("/-/settings/webhooks", url=url, event=events)
    assert made.status_code == 303, made.text
    return person, made.headers["Location"].partition("?")[0]
