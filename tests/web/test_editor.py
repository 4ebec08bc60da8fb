"""Gists are written and changed on the pages, by forms alone: what a browser sends without JavaScript."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import requests

from tests.harness import Client, Server

from .people import Person, found

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
ODD_TEXTS = {
    "lf": b"one\ntwo\n",
    "crlf": b"one\r\ntwo\r\n",
    "cr": b"one\rtwo\r",
    "mixed": b"one\ntwo\r\nthree\rfour\n\r\nfive",
    "no end": b"one\ntwo",
    "only ends": b"\n\n\r\n",
    "leading": b"\n\none",
    "mark": "\ufeffone\n".encode(),
    "controls": b"\x01\x0c\x1b[0m\x7f\n",
    "markup": b"</textarea><script>alert(1)</script>&amp;&lt;\n<!-- -->\n",
    "spaces": b" \t one \t \n \n",
    "empty": b"",
}


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("editor"), rate_limits="false", max_file_bytes=3000, max_files=16, max_form_bytes=2500
    ).start()
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    return Person(server, "alice").sign_up()


@pytest.fixture(scope="module")
def tool(alice: Person) -> Client:
    return alice.api()


@pytest.fixture(scope="module")
def bob(server: Server, alice: Person) -> Person:
    return Person(server, "bob").sign_up()


def _new(person: Client, **fields: str) -> Form:
    page = person.get("/-/new")
    assert page.status_code == 200
    return Form(page.text).set(**fields)


def _edit(person: Client, path: str) -> Form:
    page = person.get(f"{path}/edit")
    assert page.status_code == 200, page.text
    return Form(page.text)


def _raw(person: Client, path: str, name: str) -> bytes:
    answer = person.get(f"{path}/raw/HEAD/{name}")
    assert answer.status_code == 200, (path, name)
    return answer.content


def _saved(answer: requests.Response) -> str:
    assert answer.status_code == 303, re.findall(r'(?s)class="[\w ]*problem".*?</', answer.text)
    return answer.headers["Location"]


def test_a_gist_is_made_and_changed(alice: Person, tool: Client) -> None:
    form = _new(
        alice,
        title="By hand",
        message="As it began",
        description="two\nlines",
        visibility="unlisted",
        topics="tea, milk  sugar",
        slug="by-hand",
        expires="1day",
        name_1="src/main.py",
        text_1="print(1)\n",
    )
    more = form.set(do="add").send(alice, "/-/new")
    form = Form(more.text)
    assert more.status_code == 200 and form["text-1"] == "print(1)\n" and form["title"] == "By hand"
    path = _saved(form.set(name_2="notes.md", text_2="# Notes").send(alice, "/-/new"))
    assert path == "/alice/by-hand"
    page = alice.get(path).text
    assert "As it began" in page and "unlisted" in page
    id = found(r'name="gist" value="(\w+)"', alice.get(f"{path}/edit").text)
    gist = tool.read(id)
    assert (gist["title"], gist["description"]) == ("By hand", "two\nlines")
    assert sorted(gist["topics"]) == ["milk", "sugar", "tea"] and gist["expires_at"]
    assert _raw(alice, path, "src/main.py") == b"print(1)\n" and _raw(alice, path, "notes.md") == b"# Notes"

    form = _edit(alice, path)
    assert form["topics"] == "milk sugar tea" and form["expires"] == "keep"
    form.set(text_2="print(2)\n", name_2="src/app.py", remove_1="on", title="", topics="", expires="never")
    assert _saved(form.set(message="Tidied").send(alice, f"{path}/edit")) == path
    gist = tool.read(id)
    assert list(gist["files"]) == ["src/app.py"] and gist["title"] == "src/app.py"
    assert gist["topics"] == [] and not gist["expires_at"] and gist["description"] == "two\nlines"
    assert len(gist["commits"]) == 2 and "Tidied" in alice.get(path).text


def test_what_nobody_touched_stays_byte_for_byte(alice: Person, tool: Client) -> None:
    form = _new(alice)
    for name, content in {**ODD_TEXTS, "image.png": PNG, "latin": "caf\xe9".encode("latin-1")}.items():
        form.choose("uploads", f"folder/{name}" if name == "cr" else name, content)
    answer = form.send(alice, "/-/new")
    path = _saved(answer)
    before = alice.get(f"{path}/raw/HEAD/mixed").content
    assert before == ODD_TEXTS["mixed"]
    id = path.rpartition("/")[2]
    head = tool.read(id)["commits"]
    assert _saved(_edit(alice, path).set(title="Another title").send(alice, f"{path}/edit"))
    assert tool.read(id)["commits"] == head, "no revision: nothing changed in the files"
    form = _edit(alice, path)
    form.set(**{f"text-{form.key('lf')}": "one\ntwo\nthree\n"})
    _saved(form.send(alice, f"{path}/edit"))
    assert _raw(alice, path, "lf") == b"one\ntwo\nthree\n"
    for name, content in ODD_TEXTS.items():
        if name not in ("lf", "cr"):
            assert _raw(alice, path, name) == content, name
    assert _raw(alice, path, "folder/cr") == ODD_TEXTS["cr"] and _raw(alice, path, "image.png") == PNG
