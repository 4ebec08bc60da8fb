"""The editor's form, filled in and sent without a browser."""

import re
from html.parser import HTMLParser

import requests

from tests.harness import Client


class Form(HTMLParser):
    """The editor's form as a browser without JavaScript has it: what is in its fields, to be changed and sent."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: list[tuple[str, str]] = []
        self.files: list[tuple[str, tuple[str, bytes, str]]] = []
        self._into: str | None = None
        self._select: str | None = None
        self._hidden = 0
        self.feed(page.replace("\r\n", "\n").replace("\r", "\n"))  # HTML, 13.2.3.5

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        self._hidden += tag == "template"
        if self._hidden or (not name and tag != "option"):
            return
        if tag == "input" and given.get("type") in ("checkbox", "radio"):
            if "checked" in given:
                self.fields.append((name, given.get("value", "on")))
        elif tag == "input" and given.get("type") != "file":
            self.fields.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._into = name
            self.fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.fields.append((self._select, given["value"]))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "template"
        if tag == "textarea" and self._into:
            name, text = self.fields[-1]
            self.fields[-1] = (name, text.removeprefix("\n"))
            self._into = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._into and not self._hidden:
            name, text = self.fields[-1]
            self.fields[-1] = (name, text + data)

    def __getitem__(self, name: str) -> str:
        return dict(self.fields)[name]

    def __contains__(self, name: str) -> bool:
        return name in dict(self.fields)

    def set(self, **values: str) -> "Form":
        """Fill in fields; `text_1` is `text-1`."""
        for key, value in values.items():
            name = re.sub(r"_(\d+)$", r"-\1", key)
            self.fields = [(field, old) for field, old in self.fields if field != name] + [(name, value)]
        return self

    def key(self, path: str) -> str:
        """The key of the card with this name."""
        return next(name.partition("-")[2] for name, value in self.fields if name.startswith("name-") and value == path)

    def choose(self, name: str, filename: str, content: bytes) -> "Form":
        self.files.append((name, (filename, content, "application/octet-stream")))
        return self

    def send(self, person: Client, path: str) -> requests.Response:
        """By multipart/form-data, with CRLF for each line end."""
        sent = [(name, (None, value.replace("\n", "\r\n").encode())) for name, value in self.fields]
        return person.request("POST", path, files=[*sent, *self.files])
