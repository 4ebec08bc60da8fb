"""What the dialects share: gists without an owner, names that cannot be paths, what is said of a file, languages."""

import subprocess
import sys

import pytest

from gistd import index
from gistd.core import credentials, gists, house, languages, listings
from gistd.core.access import NOBODY, Action, Actor, Scope
from gistd.core.drafts import Change, Draft, place
from gistd.core.listings import Listing, Sort
from gistd.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gistd.index import PRIVATE, PUBLIC, UNLISTED, FileNote, Gist
from gistd.settings import Settings
from gistd.store import FileChange, check_path

DRAFT = Draft(files={"a": b"x"})


def _notes(gist: Gist) -> dict[str, FileNote]:
    return {file.path: index.files.note(file) for file in gists.contents(gist).noted()}


# ---------------------------------------------------------------------- nobody's


def test_a_gist_of_nobody_is_deleted_by_its_key_alone(alice: Actor) -> None:
    gist, key = gists.create_deletable(NOBODY, DRAFT)
    other, other_key = gists.create_deletable(NOBODY, DRAFT)
    assert key and other_key and gist.owner is None and gist.deletion_key not in (None, key)
    mine, none = gists.create_deletable(alice, DRAFT)
    assert none is None and mine.owner == alice.user
    holder = credentials.actor_by_deletion_key(key)
    for stranger in (alice, credentials.actor_by_deletion_key(other_key), credentials.actor_by_deletion_key("x")):
        with pytest.raises(Forbidden):
            gists.delete(stranger, gist)
    with pytest.raises(Unauthenticated):
        gists.delete(NOBODY, gist)
    for action in (Action.EDIT, Action.LIKE, Action.FORK):
        with pytest.raises(Forbidden):
            gists.get(holder, gist.id, action)
    for theirs in (other, mine):
        with pytest.raises(Forbidden):
            gists.delete(holder, theirs)
    gists.delete(holder, gist)
    with pytest.raises(NotFound):
        gists.get(NOBODY, gist.id)


def test_a_key_opens_nothing_that_is_private(alice: Actor) -> None:
    gist = gists.create(alice, Draft(files={"a": b"x"}, visibility=PRIVATE))
    with pytest.raises(NotFound):
        gists.delete(credentials.actor_by_deletion_key("x"), gist)


def test_who_may_make_gists_without_an_account(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid):
        gists.create(NOBODY, Draft(files={"a": b"x"}, visibility=PRIVATE))
    with pytest.raises(Forbidden):
        gists.create(Actor(alice.user, frozenset({Scope.GIST_READ})), DRAFT)
    for setting in ({"anonymous_gists": False}, {"require_login": True}):
        monkeypatch.setattr(house, "settings", Settings(**setting))
        with pytest.raises(Unauthenticated):
            gists.create(NOBODY, DRAFT)
        assert gists.create(alice, DRAFT)


def test_an_api_key(alice: Actor) -> None:
    assert alice.user is not None
    key = credentials.issue_key(alice.user, "laptop")
    assert len(key) == 32 and int(key, 16)
    assert index.Credential.get(kind="key").secret_hash != key
    assert [each.label for each in credentials.tokens(alice.user, credentials.KEY)] == ["laptop"]
    assert credentials.tokens(alice.user) == []
    actor = credentials.actor_by_token(key, "here", credentials.KEY)
    assert actor == credentials.actor_by_deletion_key(key)
    assert actor.user == alice.user and actor.scopes == {Scope.GIST_READ, Scope.GIST_WRITE}
    with pytest.raises(Unauthenticated):
        credentials.actor_by_token(key, "here")
    [known] = credentials.tokens(alice.user, credentials.KEY)
    with pytest.raises(NotFound):
        credentials.revoke_token(alice.user, known.id)
    credentials.revoke_token(alice.user, known.id, credentials.KEY)
    with pytest.raises(Unauthenticated):
        credentials.actor_by_token(key, "here", credentials.KEY)


# ---------------------------------------------------------------------- found by other ids


def test_numbers_find_what_is_public_and_ones_own(alice: Actor, bob: Actor) -> None:
    for visibility, strangers in ((PUBLIC, None), (UNLISTED, NotFound), (PRIVATE, NotFound)):
        gist = gists.create(alice, Draft(files={"a": b"x"}, visibility=visibility))
        assert gists.by_number(alice, gist.number) == gist
        for actor, error in ((bob, strangers), (NOBODY, strangers and (Unauthenticated, NotFound))):
            if error is None:
                assert gists.by_number(actor, gist.number) == gist
            else:
                with pytest.raises(error):
                    gists.by_number(actor, gist.number)
    for number in (0, -1, 10**6, 2**63, 2**200):
        with pytest.raises(NotFound):
            gists.by_number(alice, number)


def test_an_ident_that_is_taken_is_made_up_again(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.gists, "_LETTERS", "ab")  # so that there are 64
    made = [gists.create(alice, Draft(files={"a": b"x"}, topics=["one"], title=str(n))) for n in range(30)]
    assert len({gist.ident for gist in made}) == 30
    assert not index.tallies.wrong()
    assert index.tallies.about(("topic", "one"), None) == 30


def test_idents_and_private_ids(alice: Actor) -> None:
    gist = gists.create(alice, DRAFT)
    assert gists.by_ident(NOBODY, gist.ident) == gist and gist.private_id is None
    hidden = gists.change(alice, gist, Change(visibility=UNLISTED))
    assert hidden.private_id is not None and len(hidden.private_id) == 20 and hidden.private_id.isalnum()
    assert gists.by_private_id(NOBODY, hidden.private_id) == gist
    same = gists.change(alice, gist, Change(visibility=PRIVATE))
    assert same.private_id == hidden.private_id
    for actor, found in ((alice, gist), (NOBODY, None)):
        if found is None:
            with pytest.raises(NotFound):
                gists.by_private_id(actor, hidden.private_id)
        else:
            assert gists.by_private_id(actor, hidden.private_id) == found
    assert gists.change(alice, gist, Change(visibility=PUBLIC)).private_id is None
    assert gists.change(alice, gist, Change(visibility=UNLISTED)).private_id not in (None, hidden.private_id)
    for find in (gists.by_ident, gists.by_private_id):
        for word in ("", "nosuch", "\0", hidden.private_id, gist.ident.swapcase()):
            with pytest.raises(NotFound):
                find(alice, word)


def test_a_list_by_age(alice: Actor) -> None:
    first, second = gists.create(alice, DRAFT), gists.create(alice, DRAFT)
    gists.change(alice, first, Change(title="later"))
    assert listings.page(alice, Listing(), 1, 10).gists == [first, second]
    assert listings.page(alice, Listing(sort=Sort.CREATED), 1, 10).gists == [second, first]


# ---------------------------------------------------------------------- names and notes

NAMES = [
    "a", "A", "a/b", "/", "..", "../x", "", " ", ".git", "git~1", "GI7EBA~1", ".gitmodules", ".gitattributes/x",
    "a.txt", "a.txt", "x/y/", "a\0b", "a\nb", "\u202e.txt", "é", "e\u0301", "x" * 300 + ".py", "\ud800", "CON",
    "\N{MAN}" * 300, "w" * 16 + "." + "\N{MAN}" * 80, "d/e", "d", "1/2/3/4/5/6/7/8/9/10/11", "a-2", "a-2", "a.git",
    " b ",
]  # fmt: skip


def test_every_name_has_a_path(alice: Actor) -> None:
    paths = place(NAMES)
    for path in paths:
        check_path(path)
    gist = gists.create(alice, Draft(files=dict.fromkeys(paths[:20], b"x")))
    assert gist.file_count == 20
    gist = gists.create(alice, Draft(files=dict.fromkeys(place(NAMES[20:]), b"x")))
    assert gist.file_count == len(NAMES) - 20
    assert place(["a/b", "d/e", "é", "a.git"]) == ["a/b", "d/e", "é", "a.git"], "what can be a path is one"
    assert place(["a/", "A", "a", "x"]) == ["a-2", "A", "a-3", "x"], "however late it comes"
    assert place(["b", "x"], taken=["B", "x/y"]) == ["b-2", "x-2"]
    assert place(["\0.tar.gz", "../notes.md"]) == ["tar.gz", "notes.md"]


def test_notes_stay_with_their_file(alice: Actor) -> None:
    said = FileNote(label="a/", named=False, syntax="python", encoding="base64")
    gist = gists.create(alice, Draft(files={"a": b"1", "b": b"2"}, notes={"a": said}))
    assert _notes(gist) == {"a": said, "b": FileNote(label=None, named=True, syntax=None, encoding=None)}
    gist = gists.change(alice, gist, Change(files=[FileChange("b", content=b"3")]))
    assert _notes(gist)["a"] == said
    gist = gists.change(alice, gist, Change(files=[FileChange("a", content=b"4")]))
    assert _notes(gist)["a"] == said | {"encoding": None}, "how its bytes came is gone with them"
    gist = gists.change(alice, gist, Change(files=[FileChange("a", new_path="c")]))
    assert _notes(gist)["c"] == FileNote(label=None, named=True, syntax="python", encoding=None)
    gist = gists.change(alice, gist, Change(files=[FileChange("c", new_path="d")], notes={"d": {"label": "d?"}}))
    assert _notes(gist)["d"] == FileNote(label="d?", named=True, syntax="python", encoding=None)
    gist = gists.change(alice, gist, Change(files=[FileChange("d", delete=True)]))
    gist = gists.change(alice, gist, Change(files=[FileChange("d", content=b"5")]))
    assert _notes(gist)["d"]["label"] is None, "another file of that name"


def test_what_is_only_said_makes_no_revision(alice: Actor) -> None:
    gist = gists.create(alice, DRAFT)
    [before] = gists.contents(gist).noted()
    changed = gists.change(alice, gist, Change(notes={"a": {"syntax": "rust"}, "not there": {"syntax": "rust"}}))
    [after] = gists.contents(changed).noted()
    assert (after.id, after.syntax) == (before.id, "rust")
    assert (changed.head, changed.updated_at) == (gist.head, gist.updated_at)
    with pytest.raises(Invalid):
        gists.change(alice, gist, Change(notes={"a": {"label": "\0"}}))


def test_forks_take_notes_along(alice: Actor, bob: Actor) -> None:
    gist = gists.create(alice, Draft(files={"a": b"1"}, notes={"a": {"label": "a?"}}))
    fork, _ = gists.fork(bob, gist)
    assert _notes(fork)["a"]["label"] == "a?" and fork.titled is False
    assert gists.contents(fork).noted()[0].id != gists.contents(gist).noted()[0].id


def test_titles(alice: Actor) -> None:
    gist = gists.create(alice, DRAFT)
    assert (gist.title, gist.titled) == ("a", False)
    gist = gists.change(alice, gist, Change(title="notes"))
    assert (gist.title, gist.titled) == ("notes", True)
    gist = gists.change(alice, gist, Change(untitled=True))
    assert (gist.title, gist.titled) == ("a", False)
    long = "x" * 25_600
    with pytest.raises(Invalid):
        gists.change(alice, gist, Change(title=long))
    gist = gists.change(alice, gist, Change(title=long, description=long, long_words=True))
    assert gist.title == gist.description == long
    with pytest.raises(Invalid):
        gists.change(alice, gist, Change(title=long + "x", long_words=True))


# ---------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("word", "highlight"),
    [
        ("python", "python"), ("py3", "python"), ("Python", "python"), ("onec", "1c"), ("1c", "1c"), ("c++", "cpp"),
        ("c", "cpp"), ("golang", "go"), ("html", "xml"), ("sh", "bash"), ("batch", "dos"), ("cos", "cos"),
        ("rs", "rust"), ("toml", "ini"), ("text", None), ("nosuch", None), ("", None), ("\0", None),
    ],
)  # fmt: skip
def test_the_languages_of_highlight_js(word: str, highlight: str | None) -> None:
    assert languages.to_highlight(word) == highlight


def test_both_spellings_are_taken() -> None:
    assert languages.from_highlight("cplusplus") == languages.from_highlight("cpp") == "cpp"
    assert languages.from_highlight("Python") is None and languages.from_highlight("text") is None


@pytest.mark.parametrize(
    ("name", "content", "alias"),
    [
        ("m.py", "", "python"), ("m.txt", "", "text"), ("m.c", "", "c"), ("m.h", "", "c"), ("m.html", "", "html"),
        ("m.json", "", "json"), ("m.md", "", "markdown"), (None, "import os\nprint(1)", "python"), (None, "", "text"),
        ("", "import os\nprint(1)", "python"), ("a.nosuch", "import os\nprint(1)", "python"),
        (None, "\n" * 10**6, "text"),
    ],
)  # fmt: skip
def test_a_language_is_guessed(name: str | None, content: str, alias: str) -> None:
    assert languages.guess(name, content) == alias


def test_lexers_are_no_work_for_whoever_looks_for_garbage() -> None:
    script = "import gc; from gistd.core import languages; languages.guess(None, ''); print(len(gc.get_objects()))"
    objects = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert int(objects) < 10_000, "all lexers are 50,000"
