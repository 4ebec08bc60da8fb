"""Gists are written and changed on the pages, by forms alone: what a browser sends without JavaScript."""

import re
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.harness import Client, Git, Server

from .form import Form
from .people import Person, found, on_record

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


def test_forms_have_all_that_stands_in_them_after_an_error(alice: Person, tool: Client) -> None:
    before = on_record(alice.server)
    form = _new(
        alice,
        title="  kept  ",
        description="</textarea>\n\n<b>",
        topics="a b",
        slug="not ok",
        message="why",
        visibility="private",
        expires="at",
        expires_at="2090-01-31T12:00",
        name_1="../x",
        text_1="\n\ntyped\n",
    )
    form.choose("uploads", "image.png", PNG).choose("uploads", "lines.txt", b"a\r\nb").choose(
        "uploads", "plain", b"a\n"
    )
    problems = [
        ("slug", "1 to 32 letters", {"slug": ""}),
        ("name", "are not names", {"name_1": "image.png"}),
        ("name", "have the same name", {"name_1": "PLAIN"}),
        ("name", "have the same name", {"name_1": "plain/x"}),
        ("name", "a file and a folder", {"name_1": "fine", "topics": "a_b"}),
        ("topics", "a topic is", {"topics": "a", "expires_at": "2001-01-01T00:00"}),
        ("expires_at", "not in the future", {"expires_at": "soon"}),
        ("expires_at", "a day and a time", {"expires_at": "2090-01-31T12:00", "title": "x" * 251}),
        ("title", "longer than 250", {"title": "kept", "text_1": "x" * 3001}),
        ("name", "larger than 3000", {"text_1": "\n\ntyped\n"}),
    ]
    for field, words, mend in problems:
        answer = form.send(alice, "/-/new")
        assert answer.status_code == 422 and 'role="alert"' in answer.text, field
        assert re.search(rf'name="{field}(-\d)?"[^>]*aria-invalid="true"', answer.text), field
        assert words in answer.text, (field, words)
        assert answer.headers["Cache-Control"] == "no-store"
        sent, form = form, Form(answer.text)
        for name, value in sent.fields:
            if name.partition("-")[0] not in ("file", "writer", "seen", "kept"):
                assert form[name] == (value.strip() if name in ("title", "description") else value), name
        form.set(**mend)
    assert on_record(alice.server) == before
    path = _saved(form.send(alice, "/-/new"))
    assert _raw(alice, path, "image.png") == PNG and _raw(alice, path, "lines.txt") == b"a\r\nb"
    assert _raw(alice, path, "plain") == b"a\n" and _raw(alice, path, "fine") == b"\n\ntyped\n"


def test_what_is_not_text_is_kept_renamed_and_replaced(alice: Person, tool: Client) -> None:
    path = _saved(
        _new(alice).choose("uploads", "a.png", PNG).choose("uploads", "long", b"x" * 2600).send(alice, "/-/new")
    )
    form = _edit(alice, path)
    assert "text-1" not in form and "text-2" not in form, "neither what is no text nor what is too much for the page"
    _saved(form.set(name_1="folder/b.png").send(alice, f"{path}/edit"))
    assert _raw(alice, path, "folder/b.png") == PNG and _raw(alice, path, "long") == b"x" * 2600
    form = _edit(alice, path)
    _saved(form.choose(f"upload-{form.key('long')}", "other", PNG + b"2").send(alice, f"{path}/edit"))
    assert _raw(alice, path, "long") == PNG + b"2"
    _saved(_edit(alice, path).choose("uploads", "long", b"short\r\n").send(alice, f"{path}/edit"))
    assert _raw(alice, path, "long") == b"short\r\n", "by its name"


def test_names_are_exchanged_and_given_up(alice: Person) -> None:
    path = _saved(_new(alice, name_1="a", text_1="A").choose("uploads", "b", b"B").send(alice, "/-/new"))
    _saved(_edit(alice, path).set(name_1="b", name_2="a").send(alice, f"{path}/edit"))
    assert (_raw(alice, path, "a"), _raw(alice, path, "b")) == (b"B", b"A")
    form = Form(_edit(alice, path).set(name_1="c", do="add").send(alice, f"{path}/edit").text)
    _saved(form.set(name_3="a", text_3="new").send(alice, f"{path}/edit"))
    assert [_raw(alice, path, name) for name in "abc"] == [b"new", b"A", b"B"]
    answer = _edit(alice, path).set(name_1="b").send(alice, f"{path}/edit")
    assert answer.status_code == 422 and "have the same name" in answer.text
    answer = _edit(alice, path).set(remove_1="on", remove_2="on", remove_3="on").send(alice, f"{path}/edit")
    assert answer.status_code == 422 and "at least one file" in answer.text


def test_a_file_without_a_name(alice: Person, tool: Client) -> None:
    path = _saved(_new(alice, text_1="x").send(alice, "/-/new"))
    assert list(tool.read(path.rpartition("/")[2])["files"]) == ["gistfile1.txt"]
    answer = _new(alice, title="nothing in it").send(alice, "/-/new")
    assert answer.status_code == 422 and "at least one file" in answer.text


HOSTILE = ["../x", "/etc/passwd", "a//b", ".git/config", "x\x00y", "a\nb", "\u202egnp.exe", "a" * 256, "con\\x", "."]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(alice: Person, name: str) -> None:
    before = on_record(alice.server)
    answers = [
        _new(alice, name_1=name, text_1="x").send(alice, "/-/new"),
        _new(alice).choose("uploads", re.sub(r"[\x00\n\\]", "\x01", name), PNG).send(alice, "/-/new"),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all(re.search(r'name="name-\d"[^>]*aria-invalid', answer.text) for answer in answers)
    assert on_record(alice.server) == before


def test_markup_in_names_is_shown_as_it_is(alice: Person) -> None:
    evil = '"><script>alert(1)</script>'
    path = _saved(_new(alice, name_1=evil, text_1="x", title=evil, description=evil).send(alice, "/-/new"))
    for page in (alice.get(f"{path}/edit").text, alice.get(f"{path}/delete").text):
        assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert _edit(alice, path)["name-1"] == evil


# ---------------------------------------------------------------------- two at once


def test_files_that_only_one_side_changed_merge_by_themselves(alice: Person, tool: Client) -> None:
    gist = tool.create({"mine": "1", "theirs": "1", "gone": "1", "moved": "1"}, title="old", description="old")
    path = f"/alice/{gist['id']}"
    form = _edit(alice, path).set(title="mine")
    files = {"theirs": {"content": "2"}, "gone": None, "moved": {"filename": "elsewhere"}, "new": {"content": "n"}}
    tool.change(gist["id"], files=files, description="theirs")
    form.set(**{f"text-{form.key('mine')}": "2", f"text-{form.key('moved')}": "2"})
    _saved(form.send(alice, f"{path}/edit"))
    now = tool.read(gist["id"])
    assert {name: file["content"] for name, file in now["files"].items()} == {
        "mine": "2", "theirs": "2", "elsewhere": "2", "new": "n"
    }  # fmt: skip
    assert (now["title"], now["description"]) == ("mine", "theirs")


@pytest.mark.parametrize("take", ["mine", "theirs"])
def test_a_file_that_both_changed(alice: Person, tool: Client, take: str) -> None:
    gist = tool.create({"both": "1\n", "removed": "1", "deleted": "1", "other": "1"}, title="t")
    path = f"/alice/{gist['id']}"
    form = _edit(alice, path)
    keys = {name: form.key(name) for name in ("both", "removed", "deleted")}
    form.set(**{f"text-{keys['both']}": "mine\n", f"remove-{keys['removed']}": "on", f"text-{keys['deleted']}": "mine"})
    form = Form(form.set(do="add").send(alice, f"{path}/edit").text).set(do="", name_5="added", text_5="mine")
    files = {"both": {"content": "theirs <b>\n"}, "removed": {"content": "theirs"}, "deleted": None,
             "added": {"content": "theirs"}, "other": {"content": "2"}}  # fmt: skip
    tool.change(gist["id"], files=files)
    before = tool.read(gist["id"])
    answer = form.send(alice, f"{path}/edit")
    assert answer.status_code == 409 and answer.text.count('class="clash"') == 4
    assert "theirs &lt;b&gt;" in answer.text and "Somebody deleted this file" in answer.text
    assert tool.read(gist["id"]) == before
    form = Form(answer.text)
    assert form[f"text-{form.key('both')}"] == "mine\n" and form[f"text-{form.key('other')}"] == "2"
    for name in ("both", "removed", "deleted", "added"):
        form.set(**{f"take-{form.key(name)}": take})
    _saved(form.send(alice, f"{path}/edit"))
    now = {name: file["content"] for name, file in tool.read(gist["id"])["files"].items()}
    mine = {"both": "mine\n", "deleted": "mine", "added": "mine", "other": "2"}
    theirs = {"both": "theirs <b>\n", "removed": "theirs", "added": "theirs", "other": "2"}
    assert now == (mine if take == "mine" else theirs)


def test_words_that_both_changed(alice: Person, tool: Client) -> None:
    gist = tool.create({"a": "1"}, title="old")
    path = f"/alice/{gist['id']}"
    form = _edit(alice, path).set(title="mine")
    tool.change(gist["id"], title="theirs")
    answer = form.send(alice, f"{path}/edit")
    assert answer.status_code == 409 and "meanwhile it became: theirs" in answer.text
    _saved(Form(answer.text).send(alice, f"{path}/edit"))
    assert tool.read(gist["id"])["title"] == "mine"


def test_what_the_edit_began_at_was_pushed_away(alice: Person, tool: Client, git: Git) -> None:
    gist = tool.create({"a": "1", "b": "1"})
    path = f"/alice/{gist['id']}"
    form = _edit(alice, path).set(text_1="mine")
    clone = git.clone(tool.clone_url(gist))
    git("commit", "-q", "--amend", "-m", "another", cwd=clone)
    git("push", "-q", "--force", cwd=clone)
    answer = form.send(alice, f"{path}/edit")
    assert answer.status_code == 409 and answer.text.count('class="clash"') == 1
    _saved(Form(answer.text).send(alice, f"{path}/edit"))
    assert _raw(alice, path, "a") == b"mine" and _raw(alice, path, "b") == b"1"


# ---------------------------------------------------------------------- who may


def test_only_the_owner_edits_archives_and_deletes(alice: Person, bob: Person, server: Server, tool: Client) -> None:
    nobody = Person(server, "")
    for visibility, refused in (("public", 403), ("private", 404)):
        path = f"/alice/{tool.create(title='alices', visibility=visibility)['id']}"
        before = on_record(server)
        for page in ("edit", "delete"):
            assert bob.get(f"{path}/{page}").status_code == refused
            there = nobody.get(f"{path}/{page}")
            assert (
                there.status_code == 404 if visibility == "private" else "/-/login?next=" in there.headers["Location"]
            )
        assert _new(bob, name_1="a", text_1="x").send(bob, f"{path}/edit").status_code == refused
        assert bob.post(f"{path}/delete").status_code == refused
        assert bob.post(f"{path}/archived").status_code == refused
        for sent in ("edit", "delete", "archived"):
            assert (
                alice.request("POST", f"{path}/{sent}", headers={"Origin": "https://evil.example"}).status_code == 403
            )
            assert nobody.post(f"{path}/{sent}").status_code in (401, 404, 409)
        assert on_record(server) == before


def test_text_is_not_lost_with_the_session(alice: Person, server: Server, tool: Client) -> None:
    path = f"/alice/{tool.create(visibility='private')['id']}"
    nobody = Person(server, "")
    answers = [nobody.post(where, writer="").status_code for where in (f"{path}/edit", "/alice/no-such-gist/edit")]
    assert answers == [409, 409], "which of them is there is not told"
    gone = f"/alice/{tool.create()['id']}"
    form = _edit(alice, gone).set(text_1="long work")
    alice.post(f"{gone}/delete")
    answer = form.send(alice, f"{gone}/edit")
    assert answer.status_code == 404 and Form(answer.text)["text-1"] == "long work"
    for form, where in ((_edit(alice, path), f"{path}/edit"), (_new(alice), "/-/new")):
        before = on_record(server)
        answer = form.set(text_1="long work", name_1="x").send(nobody, where)
        assert answer.status_code == 409 and "not signed in any more" in answer.text
        assert Form(answer.text)["text-1"] == "long work" and on_record(server) == before


def test_archive(alice: Person, tool: Client) -> None:
    path = f"/alice/{tool.create()['id']}"
    form = _edit(alice, path)
    for archived in ("yes", "no"):
        assert f'name="archived" value="{archived}"' in alice.get(path).text
        assert _saved(alice.post(f"{path}/archived", archived=archived)) == path
        assert tool.read(path.rpartition("/")[2])["archived"] is (archived == "yes")
        assert form.set(text_1=f"after {archived}").send(alice, f"{path}/edit").status_code == (
            403 if archived == "yes" else 303
        )


def test_delete_says_what_goes(alice: Person, bob: Person, tool: Client) -> None:
    path = f"/alice/{tool.create({'a': '1', 'b': '2'}, title='doomed')['id']}"
    page = alice.get(f"{path}/delete").text
    assert "doomed" in page and "2 files" in page and "history" in page and "Forks" in page
    assert alice.get(path).status_code == 200, "a GET deletes nothing"
    assert _saved(alice.post(f"{path}/delete")) == "/alice"
    assert alice.get(path).status_code == 404 and alice.get(f"{path}/delete").status_code == 404


def test_nobody_makes_a_gist_and_deletes_it_by_its_key(server: Server) -> None:
    nobody = Person(server, "")
    form = _new(nobody, name_1="a", text_1="x")
    assert 'value="private"' not in nobody.get("/-/new").text
    assert form.set(visibility="private").send(nobody, "/-/new").status_code == 422
    answer = form.set(visibility="unlisted").send(nobody, "/-/new")
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    key, path = found(r'id="secret"[^>]*value="(\w{32})"', answer.text), found(r'href="(/anonymous/\w+)"', answer.text)
    assert key not in nobody.get(path).text and key not in str(on_record(server))
    assert "/-/login" in nobody.get(f"{path}/edit").headers["Location"]
    wrong = nobody.post(f"{path}/delete", key="0" * 32)
    assert wrong.status_code == 403 and 'id="key-problem"' in wrong.text and nobody.get(path).status_code == 200
    assert nobody.post(f"{path}/delete", key=f" {key.upper()} ").status_code == 303
    assert nobody.get(path).status_code == 404


def test_nobody_makes_none_where_that_is_off(own_server: Callable[..., Server]) -> None:
    server = own_server(anonymous_gists="false").start()
    nobody = Person(server, "")
    assert nobody.get("/-/new").headers["Location"] == "/-/login?next=/-/new"
    answer = nobody.request("POST", "/-/new", data={"file": "1", "name-1": "a", "text-1": "x"})
    assert answer.status_code == 401 and "x</textarea>" in answer.text


def test_preview(alice: Person, bob: Person, tool: Client) -> None:
    def preview(who: Person, **fields: str) -> str:
        answer = who.post("/-/preview", **{"file": "1", "preview": "1", **fields})
        assert answer.status_code == 200 and "nonce-" in answer.headers["Content-Security-Policy"]
        return answer.text

    words = {"name-1": "docs/a.md", "text-1": "# Hi\r\n\r\n![x](b.png) <script>alert(1)</script>"}
    page = preview(alice, **words)
    assert ">Hi</h1>" in page and "<script>alert" not in page and 'src="#docs/b.png"' in page
    gist = tool.create(visibility="private")
    assert f'src="/alice/{gist["id"]}/raw/HEAD/docs/b.png"' in preview(alice, **words, gist=gist["id"])
    assert bob.post("/-/preview", file="1", preview="1", **words, gist=gist["id"]).status_code == 404
    assert '<span class="k">def</span>' in preview(alice, **{"name-1": "a.py", "text-1": "def f(): pass"})
    assert 'id="preview"' in preview(alice, preview="7"), "of nothing"


def test_limits_are_said(alice: Person) -> None:
    many = _new(alice)
    for number in range(17):
        many.choose("uploads", f"f{number}", b"x")
    answer = many.send(alice, "/-/new")
    assert answer.status_code == 422 and "at most 16 files" in answer.text
    large = _new(alice, slug="!").choose("uploads", "large", PNG * 90)
    answer = large.send(alice, "/-/new")
    assert answer.status_code == 422 and "choose it again" in answer.text, "more than the page keeps"
    form = Form(answer.text).set(slug="")
    answer = form.send(alice, "/-/new")
    assert answer.status_code == 422 and "choose the file large again" in answer.text, "no empty file in its place"
    path = _saved(Form(answer.text).choose(f"upload-{form.key('large')}", "x", PNG * 90).send(alice, "/-/new"))
    assert _raw(alice, path, "large") == PNG * 90


def test_odd_forms_are_no_fault(alice: Person, tool: Client) -> None:
    path = f"/alice/{tool.create({'a': '1'})['id']}"
    head = tool.read(path.rpartition("/")[2])["commits"]
    for fields in ({}, {"file": ["x", "-1", "9" * 30, "1"]}, {"seen": "[" * 5000}, {"seen": '{"title": 1}'},
                   {"revision": "HEAD", "file": "1", "was-1": "a", "text-1": "1"}, {"file": "1", "kept-1": "%%%"},
                   {"file": "1", "was-1": "../x", "id-1": "' OR 1"}, {"expires": "no"},
                   {"visibility": "secret"}):  # fmt: skip
        answer = alice.post(f"{path}/edit", **{"writer": "alice", **fields})
        assert answer.status_code in (303, 409, 422), fields
    assert tool.read(path.rpartition("/")[2])["commits"] == head


def test_files_stand_in_the_order_that_they_were_put_in(alice: Person, bob: Person, tool: Client) -> None:
    def shown(path: str) -> list[str]:
        return re.findall(r'<h2 id="file-\d+-name"><a[^>]*>([^<]*)<', alice.get(path).text)

    form = _new(alice, name_1="z", text_1="1")
    for name in "abc":
        form.choose("uploads", name, name.encode())
    form = Form(form.set(do="up-3").send(alice, "/-/new").text)
    path = _saved(form.set(do="").send(alice, "/-/new"))
    assert shown(path) == ["z", "b", "a", "c"]
    head = tool.read(path.rpartition("/")[2])
    form = _edit(alice, path)
    _saved(form.send(alice, f"{path}/edit"))
    assert tool.read(head["id"]) == head, "nothing changed"
    tool.change(head["id"], files={"new": {"content": "1"}, "c": None})
    assert shown(path) == ["z", "b", "a", "new"]
    fork = bob.post(f"{path}/fork").headers["Location"]
    assert shown(fork) == ["z", "b", "a", "new"]
    form = Form(_edit(alice, path).set(do="down-1").send(alice, f"{path}/edit").text)
    _saved(form.set(do="").send(alice, f"{path}/edit"))
    assert shown(path) == ["b", "z", "a", "new"] and len(tool.read(head["id"])["commits"]) == 2, "no revision"
