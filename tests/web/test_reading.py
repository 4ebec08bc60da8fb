"""What a gist's pages give to read: revisions, what changed, files to keep, likes, forks, and gists on other pages."""

import io
import secrets
import tarfile
import zipfile
from collections.abc import Iterator

import pytest

from tests.harness import Client, Git, Server

from .people import Person


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("reading"), rate_limits="false").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def alice(house: Server) -> Client:
    return house.user("alice")


@pytest.fixture(scope="module")
def nobody(house: Server) -> Client:
    return house.nobody


def page(gist: dict[str, object]) -> str:
    return f"/alice/{gist['id']}"


def test_what_a_revision_changed_is_marked_word_by_word(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a.py": "one = 1\nkept = 2\n", "gone.txt": "farewell\n", "old name.txt": "stays\n" * 20})
    alice.change(
        gist["id"],
        files={
            "a.py": {"content": "one = <b>3</b>\nkept = 2\n"},
            "gone.txt": None,
            "old name.txt": {"filename": "new name.txt"},
            "came.txt": {"content": "hello\n"},
        },
    )
    first, last = gist["commits"][0]["version"], alice.read(gist["id"])["commits"][0]["version"]
    for address in (f"..{last}", f"{first}..{last}"):
        words = nobody.get(f"{page(gist)}/compare/{address}").text
        assert "one = <mark>1</mark>" in words and "one = <mark>&lt;b&gt;3&lt;/b&gt;</mark>" in words
        assert "old name.txt → new name.txt" in words and "renamed" in words
        assert "farewell" in words and "deleted" in words and "hello" in words and "added" in words
        assert "4 files" in words
    back = nobody.get(f"{page(gist)}/compare/{last}..{first}").text
    assert "new name.txt → old name.txt" in back
    begun = nobody.get(f"{page(gist)}/compare/..{first}").text
    assert "farewell" in begun and "3 files" in begun
    assert "Nothing is different" in nobody.get(f"{page(gist)}/compare/{first}..{first}").text


def test_revisions_are_listed_and_two_can_be_chosen(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a": "0"})
    for number in range(1, 33):
        alice.change(gist["id"], files={"a": {"content": str(number)}})
    first = gist["commits"][0]["version"]
    assert first not in nobody.get(f"{page(gist)}/revisions").text
    assert first in nobody.get(f"{page(gist)}/revisions?page=2").text
    assert nobody.get(f"{page(gist)}/revisions?page=3").status_code == 404
    answer = nobody.get(f"{page(gist)}/compare?from={first}&to={first}")
    assert answer.status_code == 302 and answer.headers["Location"] == f"{page(gist)}/compare/{first}..{first}"


@pytest.mark.parametrize("asked", ["..main", "HEAD~1..HEAD", "..--output=x", f"..{'f' * 40}", "a..b..c", "..%2Fx", "x"])
def test_no_other_name_of_a_revision_is_understood(alice: Client, nobody: Client, asked: str) -> None:
    gist = alice.create({"a": "0"})
    assert nobody.get(f"{page(gist)}/compare/{asked}").status_code == 404
    assert nobody.get(f"{page(gist)}/compare?from=..%2F..&to=").status_code == 404


def test_large_and_other_files_are_named_without_their_lines(alice: Client, nobody: Client, git: Git) -> None:
    gist = alice.create({"big.txt": "x\n" * 100_000, "long.txt": "y\n" * 5_000, "wide.txt": "z" * 20_000})
    clone = git.clone(alice.clone_url(gist))
    last = git.commit(
        clone, {"big.txt": "y\n" * 100_000, "long.txt": "z\n" * 5_000, "wide.txt": "y" * 20_000, "b": b"\0"}
    )
    git("push", "-q", cwd=clone)
    words = nobody.get(f"{page(gist)}/compare/..{last}").text
    assert words.count("Too large to be compared") == 2 and "more of it" in words
    assert "y" * 1000 in words and "y" * 1001 not in words


def test_many_changed_files_have_pages(alice: Client, nobody: Client) -> None:
    gist = alice.create({f"no{number:02}": str(number) for number in range(45)})
    first = f"{page(gist)}/compare/..{gist['commits'][0]['version']}"
    assert ["no19" in nobody.get(f"{first}?page={number}").text for number in (1, 2, 3)] == [True, False, False]
    assert "no44" in nobody.get(f"{first}?page=3").text
    assert nobody.get(f"{first}?page=4").status_code == 404


def test_archives_hold_the_files_as_they_are(alice: Client, nobody: Client, git: Git) -> None:
    gist = alice.create({"src/a.txt": "Grüße\r\n"}, slug="kept")
    clone = git.clone(alice.clone_url(gist))
    (clone / "run.sh").write_text("#!/bin/sh\n")
    (clone / "run.sh").chmod(0o755)
    last = git.commit(clone, {"ünï.bin": b"\0\1"})
    git("push", "-q", cwd=clone)
    inside = f"kept-{last[:10]}"
    wanted = {"src/a.txt": "Grüße\r\n".encode(), "run.sh": b"#!/bin/sh\n", "ünï.bin": b"\0\1"}

    answer = nobody.get(f"/alice/kept/archive/{last}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"{inside}/{n}": c for n, c in wanted.items()
        }
        assert archive.getinfo(f"{inside}/run.sh").external_attr >> 16 & 0o777 == 0o755
    assert f"{inside}.zip" in answer.headers["Content-Disposition"]
    assert nobody.get(f"/alice/kept/archive/{last}.zip").content == answer.content, "the same each time"

    answer = nobody.get("/alice/kept/archive/HEAD.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        found = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
        assert found == {f"{inside}/{name}": content for name, content in wanted.items()}
        assert archive.getmember(f"{inside}/run.sh").mode == 0o755
    for wrong in ("HEAD.rar", "main.zip", f"{last}.tar", f"{'f' * 40}.zip"):
        assert nobody.get(f"/alice/kept/archive/{wrong}").status_code == 404


SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"><script>1</script></svg>'


def test_a_picture_is_shown_and_its_script_is_not_run(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a b.svg": SVG, "a.txt": "x"})
    assert f'src="{page(gist)}/svg/{gist["commits"][0]["version"]}/a%20b.svg"' in nobody.get(page(gist)).text
    answer = nobody.get(f"{page(gist)}/svg/HEAD/a b.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert nobody.get(f"{page(gist)}/svg/HEAD/a.txt").status_code == 404
    assert nobody.get(f"{page(gist)}/raw/HEAD/a b.svg").headers["Content-Type"] == "text/plain; charset=utf-8"
    kept = nobody.get(f"{page(gist)}/download/HEAD/a b.svg")
    assert kept.headers["Content-Type"] == "application/octet-stream" and kept.text == SVG
    assert kept.headers["Content-Disposition"].startswith("attachment")


def test_what_is_unchanged_is_not_sent_again_and_only_to_those_who_may_see_it(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a": "x"})
    address = f"{page(gist)}/raw/HEAD/a"
    answer = nobody.get(address)
    seen = {"If-None-Match": answer.headers["ETag"]}
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert nobody.get(address, headers=seen).status_code == 304
    alice.change(gist["id"], visibility="unlisted")
    assert nobody.get(address).headers["Cache-Control"] == "private, no-store"
    assert "no-store" in nobody.get(page(gist)).headers["Cache-Control"]
    alice.change(gist["id"], visibility="private")
    for each in ("", "/raw/HEAD/a", "/archive/HEAD.zip", "/revisions", "/likes", "/forks", "/embed", ".js"):
        assert nobody.get(page(gist) + each, headers=seen).status_code == 404, each


def test_order_that_is_turned_around_is_warned_of(alice: Client, nobody: Client) -> None:
    gist = alice.create({"a.py": "ok = 1 # \u202e } hidden\n", "b.py": "fine = 1\n"})
    assert nobody.get(page(gist)).text.count("may not be what it seems") == 1


def test_one_damaged_file_does_not_take_the_page_away(house: Server, alice: Client, nobody: Client) -> None:
    gist = alice.create({"a.txt": "one that is sound", "b.txt": "x"})
    packs = house.repository(gist["id"]) / "objects" / "pack"
    before = set(packs.glob("*.pack"))
    last = alice.change(gist["id"], files={"b.txt": {"content": secrets.token_hex(2000)}})["commits"][0]["version"]
    [pack] = set(packs.glob("*.pack")) - before
    whole = pack.read_bytes()
    pack.chmod(0o644)
    broken = bytearray(whole)
    broken[20:40] = bytes(20)  # the first object: the blob
    pack.write_bytes(broken)
    words = nobody.get(page(gist)).text
    assert "one that is sound" in words and "damaged and cannot be read" in words
    assert "Update gist" in nobody.get(f"{page(gist)}/revisions").text
    assert "b.txt" in nobody.get(f"{page(gist)}/compare/..{last}").text


def test_likes_and_forks(house: Server, alice: Client) -> None:
    gist = alice.create({"a": "x"}, title="Likeable")
    bob = Person(house, "bob").sign_up()
    assert "Liked" not in bob.get(page(gist)).text
    for _ in range(2):
        answer = bob.post(f"{page(gist)}/like", liked="yes")
        assert answer.status_code == 303
    assert "Likes: 1" in bob.get(page(gist)).text and "Liked" in bob.get(page(gist)).text
    assert ">bob<" in house.nobody.get(f"{page(gist)}/likes").text
    bob.post(f"{page(gist)}/like", liked="no")
    assert "Nobody yet" in bob.get(f"{page(gist)}/likes").text

    answer = bob.post(f"{page(gist)}/fork")
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/bob/")
    assert "forked from" in bob.get(answer.headers["Location"]).text
    assert "bob" in house.nobody.get(f"{page(gist)}/forks").text
    for what in ("like", "fork"):
        assert house.nobody.request("POST", f"{page(gist)}/{what}").status_code == 401
    hidden = alice.create({"a": "x"}, visibility="private")
    for what in ("like", "fork"):
        assert bob.post(f"{page(hidden)}/{what}").status_code == 404


def test_gists_on_other_pages(house: Server, alice: Client, nobody: Client) -> None:
    gist = alice.create({"a.py": "x = 1\n", "b.py": "y = 2\n"}, title='</script>"\u2028')
    script = nobody.get(f"{page(gist)}.js?file=b.py&theme=dark")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "</script>" not in script.text and "\u2028" not in script.text
    assert f"{page(gist)}/embed?file=b.py&theme=dark" in script.text
    frame = nobody.get(f"{page(gist)}/embed?file=b.py&theme=dark")
    assert 'data-theme="dark"' in frame.text and "b.py" in frame.text and "a.py" not in frame.text
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"] and "X-Frame-Options" not in frame.headers
    assert "<form" not in frame.text
    missing = nobody.get(f"{page(gist)}/embed?file=c.py")
    assert missing.status_code == 404 and missing.headers["X-Frame-Options"] == "DENY"
    mine = Person(house, "carol").sign_up()
    hidden = house.client("carol").create({"a": "canary"}, visibility="private")
    for what in (".js", "/embed"):
        assert mine.get(f"/carol/{hidden['id']}{what}").status_code == 404, (
            "not even for the owner: a page around it could read it"
        )


def test_colours_are_as_somebody_likes_them(house: Server) -> None:
    dave = Person(house, "dave").sign_up()
    assert "data-theme" not in dave.get("/").text
    answer = dave.post("/-/theme", theme="dark", next="/-/all")
    assert answer.status_code == 303 and answer.headers["Location"] == "/-/all"
    assert 'data-theme="dark"' in dave.get("/").text
    dave.post("/-/theme", theme="", next="//evil.example")
    assert "data-theme" not in dave.get("/").text
    assert dave.post("/-/theme", theme="x", next="//evil.example").headers["Location"] == "/"


def test_a_link_preview_tells_of_public_gists_only(alice: Client, nobody: Client) -> None:
    public, unlisted = (alice.create({"a": "x"}, title="A title", visibility=word) for word in ("public", "unlisted"))
    assert 'property="og:title" content="A title"' in nobody.get(page(public)).text
    assert "og:title" not in nobody.get(page(unlisted)).text
