"""Finding gists, on both databases: queries, hits, orders, and what there is to go by."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from gistd import index
from gistd.core import accounts, browse, catalogue, gists, hits, house, likes, listings, search
from gistd.core.access import NOBODY, Actor
from gistd.core.drafts import Change, Draft, FileChange
from gistd.core.listings import Listing, Sort
from gistd.errors import Invalid
from gistd.index import FileNote, Gist
from gistd.index.models import Tally
from gistd.index.prepared import insert

_BREAD = {"oven/bake.py": "import heat\nprint('Brötchen')\n".encode()}
_TEA = {"tea.go": b"package tea\n", "notes.md": b"steep: 3 minutes\n"}
_STEW = {"stew": b"std::stew at https://stew.example/pot\n"}


@pytest.fixture
def kitchen(alice: Actor, bob: Actor) -> dict[str, Gist]:
    """A few gists by two people; the last two are for some only."""
    hidden = {"topics": ["baking", "hush"]}
    drafts = {
        "bread": (alice, Draft(files=_BREAD, title="Übung: Brot", topics=["baking", "go"])),
        "tea": (alice, Draft(files=_TEA, description="green tea", topics=["tea"])),
        "stew": (bob, Draft(files=_STEW, notes={"stew": FileNote(syntax="py")})),
        "unlisted": (alice, Draft(files={"u.py": b"import unlisted\n"}, visibility="unlisted", **hidden)),
        "private": (alice, Draft(files={"p.py": b"import private\n"}, visibility="private", **hidden)),
    }
    return {name: gists.create(actor, draft) for name, (actor, draft) in drafts.items()}


QUERIES = [
    ("import", "bread"), ("BRÖTCHEN", "bread"), ("user:alice", "bread tea"), ("USER:Alice tea", "tea"),
    ("user:nobody-here", ""), ("lang:python", "bread stew"), ("lang:PY", "bread stew"), ("lang:go", "tea"),
    ("lang:markdown lang:go", "tea"), ("lang:markdown lang:python", ""), ("file:BAKE", "bread"),
    ("file:oven/", "bread"), ("file:e.p", "bread"), ("file:e_p", ""), ("topic:tea", "tea"), ("topic:te", ""),
    ("title:übung", "bread"), ("title:ÜBUNG", "bread"), ('title:"übung: br"', "bread"), ("title:baking", ""),
    ('"steep: 3 min"', "tea"), ('"minutes steep"', ""), ("minutes steep", "tea"), ("green file:notes", "tea"),
    ("std::stew", "stew"), ("https://stew", "stew"), ("steep:", "tea"), ('"steep', ""), ("topic:go br", "bread"),
    ("lang:python x", "stew"), ("user:alice 3", "tea"), ("private", ""), ("hush", ""), ("topic:hush", ""),
    ("title:p.py", ""), ("file:u.py", ""), ("unlisted user:alice", ""), ("lang:text", ""),
]  # fmt: skip


def test_queries(kitchen: dict[str, Gist]) -> None:
    names = {gist.id: name for name, gist in kitchen.items()}
    for query, found in QUERIES:
        page = listings.page(NOBODY, Listing(words=query), 1, 10)
        assert {names[gist.id] for gist in page.gists} == set(found.split()), query
        assert page.total == len(found.split()), query


def test_what_is_made_of_common_parts(alice: Actor) -> None:
    words = [f"pinpoint {number} pinpoint" for number in range(12)]
    gists.create(alice, Draft(files={f"{number}.txt": text.encode() for number, text in enumerate(words)}))
    there = ["pinpointpin here", "point 12", "12 pin", "a long \u017f: mi\u017f\u017ftep"]
    for text in there:
        gists.create(alice, Draft(files={"a.txt": text.encode()}))
    for query, number in (
        ("pinpoint", 2), ("pinpointpin", 1), ("pinpointpinpoint", 0), ("pointpin here", 1), ('"pointpin here"', 1),
        ("point pin", 2), ('"pinpoint 12"', 0), ('"point 12"', 1), ("title:pinpoint", 0), ("file:pinpoint", 0),
        ("mi\u017f\u017ftep", 1), ("MI\u017fSTEPS", 0),
        ("long \u017ft", 1), ("user:alice long \u017ft", 1), ("user:alice 12", 2),
    ):  # fmt: skip
        assert listings.page(NOBODY, Listing(words=query), 1, 10).total == number, query


def test_the_few_of_one_stream_are_looked_at_for_the_others(alice: Actor, bob: Actor) -> None:
    for number in range(70):
        gists.create(alice if number % 30 == 0 else bob, Draft(files={"a.txt": b"common " + b"often " * (number % 2)}))
    hidden = gists.create(alice, Draft(files={"a.txt": b"common seldom"}, visibility="private"))
    for query, number in (
        ("user:alice common", 3),
        ("user:alice often", 0),
        ("common seldom", 0),
        ("user:bob often", 35),
    ):
        assert listings.page(NOBODY, Listing(words=query), 1, 100).total == number, query
    assert [gist.id for gist in listings.page(alice, Listing(words="common seldom"), 1, 9).gists] == [hidden.id]
    assert not listings.page(bob, Listing(words="common seldom"), 1, 9).gists


def test_more_than_is_looked_at_at_once(alice: Actor) -> None:
    for number in range(80):
        files = {f"{each}.txt": b"seven letters" for each in range(3)} if number % 20 == 0 else {"a": b"other things"}
        gists.create(alice, Draft(files=files))
    for query, number in (("letters", 4), ("things", 76), ("e", 80), ("letters other", 0), ("user:alice things", 76)):
        page = listings.page(alice, Listing(words=f"user:alice {query}"), 1, 100)
        assert page.total == len(page.gists) == number, query


REFUSED = [
    ("lang:pythn", "did you mean lang:python?"), ("lang:qqqqqq", "no language is called qqqqqq"),
    ("user:", 'write "user:"'), ("title: x", "right behind it"), ('user:""', "nothing between the quotes"),
    ('"  "', "nothing between the quotes"), ("", "1 to 10 words"), ("ab", "3 characters or more"),
    ("x" * 201, "at most 200 characters"), ("abc " * 11, "1 to 10 words"), ("user:\0", "1 to 10 words"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "words"), REFUSED)
def test_what_is_no_query_is_told_why(query: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        search.parse(query)
    assert words in refused.value.message


def test_what_looks_like_a_qualifier_is_told() -> None:
    query = search.parse("language:go filename:x weight:3 a:b std::sort http://x user:alice")
    assert query.unknown == (("language", "lang"), ("filename", "file"), ("weight", None), ("a", None))
    assert query.words == ("language:go", "filename:x", "weight:3", "a:b", "std::sort", "http://x")
    assert query.qualifiers == (("user", "alice"),)


def test_what_is_hidden_is_found_by_its_owner_only(kitchen: dict[str, Gist], alice: Actor, bob: Actor) -> None:
    for query, number in (("import", 3), ("topic:hush", 2), ("lang:python", 4), ("user:alice", 4), ("file:p.py", 1)):
        assert listings.page(alice, Listing(words=query), 1, 10).total == number, query
        for other in (bob, NOBODY):
            assert listings.page(other, Listing(words=query), 1, 10).total <= number - 1, query
    assert browse.topics(NOBODY, 1, 9) == browse.topics(bob, 1, 9) == ([("baking", 1), ("go", 1), ("tea", 1)], False)
    assert browse.topics(alice, 1, 2) == ([("baking", 3), ("hush", 2)], True)
    assert browse.topics(alice, 2, 2) == ([("go", 1), ("tea", 1)], False)
    assert browse.languages(NOBODY, 1, 9) == ([("Python", 2), ("Go", 1), ("Markdown", 1)], False)
    assert browse.languages(alice, 1, 1) == ([("Python", 4)], True)
    for actor, counts in (
        (alice, {"public": 2, "unlisted": 1, "private": 1}),
        (bob, {"public": 2}),
        (NOBODY, {"public": 2}),
    ):
        assert alice.user and browse.visibilities(actor, alice.user) == counts
        people = browse.people(actor, "LIC", 1, 10)
        assert [(person.user.username, person.gists) for person in people.users] == [("Alice", sum(counts.values()))]
        assert (people.total, people.is_all, people.more) == (1, True, False)


def test_of_those_who_are_called_so_some_are_counted(alice: Actor, bob: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bobby", "bobo"):
        accounts.create_user(name)
    for counted, words, wanted in (
        (3, "bob", (3, True)), (2, "bob", (2, False)), (2, "ob", (2, False)), (1, "lic", (1, True)), (1, "", (4, True)),
    ):  # fmt: skip
        monkeypatch.setattr(index.accounts, "COUNTED", counted)
        pages = [browse.people(alice, words, number, 2) for number in (1, 2, 3)]
        names = [
            user.username for user in index.User.select().order_by(index.User.id) if words in user.username.lower()
        ]
        assert [person.user.username for page in pages for person in page.users] == names, (
            "each is there, counted or not"
        )
        assert [page.more for page in pages] == [len(names) > 2, False, False]
        assert {(page.total, page.is_all) for page in pages} == {wanted}


def test_a_list_of_each_thing(kitchen: dict[str, Gist], alice: Actor, bob: Actor) -> None:
    def found(actor: Actor, **wanted: object) -> set[str]:
        page = listings.page(actor, Listing(**wanted), 1, 10)  # type: ignore[arg-type]
        assert page.total == len(page.gists)
        return {name for name, gist in kitchen.items() if gist.id in {row.id for row in page.gists}}

    assert found(bob, topic="baking") == {"bread"}
    assert found(bob, topic="bak") == found(bob, topic="\0") == set()
    assert found(alice, topic="baking") == {"bread", "unlisted", "private"}
    assert found(bob, language="Python") == {"bread", "stew"}
    assert found(alice, visibility="private") == {"private"}
    assert found(bob, visibility="private") == found(NOBODY, visibility="unlisted") == set()
    assert found(bob, owner=alice.user, language="Go", topic="tea") == {"tea"}


def test_orders(kitchen: dict[str, Gist], alice: Actor, bob: Actor) -> None:
    gists.change(alice, kitchen["bread"], Change(description="later"))
    for actor in (alice, bob):
        likes.like(actor, kitchen["tea"])
    likes.like(bob, kitchen["stew"])
    names = {gist.id: name for name, gist in kitchen.items()}
    for sort, wanted in (
        (Sort.UPDATED, "bread stew tea"), (Sort.CREATED, "stew tea bread"), (Sort.LIKES, "tea stew bread"),
    ):  # fmt: skip
        listing = Listing(public_only=True, sort=sort)
        for asked, order in ((listing, wanted.split()), (replace(listing, ascending=True), wanted.split()[::-1])):
            one_by_one = [listings.page(NOBODY, asked, number, 1).gists[0] for number in (1, 2, 3)]
            assert [names[gist.id] for gist in one_by_one] == order


def test_a_language_that_was_chosen_counts(alice: Actor) -> None:
    gist = gists.create(alice, Draft(files={"a.txt": b"x", "b.md": b"y"}, notes={"a.txt": FileNote(syntax="rust")}))
    assert browse.languages(NOBODY, 1, 9)[0] == [("Markdown", 1), ("Rust", 1)]
    assert not _outdated(gist)
    gists.change(alice, gist, Change(files=[FileChange("a.txt", None, "c.py"), FileChange("b.md", b"z")]))
    assert browse.languages(NOBODY, 1, 9)[0] == [("Markdown", 1), ("Rust", 1)], "it stays with the file"
    gists.change(alice, gist, Change(notes={"c.py": FileNote(syntax="no such language")}))
    assert browse.languages(NOBODY, 1, 9)[0] == [("Markdown", 1), ("Python", 1)]
    gists.change(alice, gist, Change(notes={"c.py": FileNote(syntax="html"), "b.md": FileNote(syntax="csv")}))
    assert browse.languages(NOBODY, 1, 9)[0] == [("CSV", 1), ("HTML", 1)]
    gists.change(alice, gist, Change(notes={"c.py": FileNote(syntax=None)}))
    assert browse.languages(NOBODY, 1, 9)[0] == [("CSV", 1), ("Python", 1)]
    assert not _outdated(gists.get(alice, gist.id))


def _outdated(gist: Gist) -> list[str]:
    return catalogue.outdated(gist, house.store.open(gist.id), catalogue.kept([gist])[gist.number])


def _marked(pieces: list[hits.Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces)


def test_hits(alice: Actor) -> None:
    content = "first\nNeedle and needle\r\nİ needle\n" + "x" * 500 + "NEEDLE" + "y" * 500 + "\n" + "needle\n" * 9
    files = {
        "a.bin": b"needle\0",
        "b/needles.py": content.encode(),
        "c.py": b"needle",
        "d.txt": b"pin\n" * 20 + b"pin pen\n",
    }
    gist = gists.create(alice, Draft(files=files))
    found = hits.within(gist, search.parse("needle file:C.PY"))
    assert [(file.position, _marked(file.pieces)) for file in found] == [(2, "b/[needle]s.py"), (3, "[c.py]")]
    assert [line.number for line in found[0].lines] == [2, 3, 4, 5, 6]
    shown = [_marked(line.pieces) for line in found[0].lines]
    assert shown[:2] == ["[Needle] and [needle]\r", "İ needle"], "unmarked where small letters are more letters"
    assert shown[2] == "…" + "x" * 40 + "[NEEDLE]" + "y" * 154 + "…"
    assert hits.within(gist, search.parse("user:alice")) == []
    best = hits.within(gist, search.parse("pin pen"))[0].lines
    assert [line.number for line in best] == [1, 2, 3, 4, 21], "the lines with most of the words"
    gists.change(alice, gist, Change(files=[FileChange("c.py", b"a new secret")], visibility="private"))
    assert not [file for file in hits.within(gist, search.parse("secret")) if file.lines], "not what came later"
    gists.delete(alice, gist)
    assert hits.within(gist, search.parse("needle")) == []


def test_of_too_much_what_was_made_last_is_found(
    kitchen: dict[str, Gist], alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = listings.page(alice, Listing(words="import", sort=Sort.CREATED), 1, 10)
    assert everything.is_all and everything.total == 3
    monkeypatch.setattr(listings, "FOUND", 2)
    for sort in Sort:
        page = listings.page(alice, Listing(words="import", sort=sort), 1, 10)
        assert (page.total, page.is_all) == (2, False)
        assert {gist.id for gist in page.gists} == {gist.id for gist in everything.gists[:2]}
    assert [gist.id for gist in listings.page(alice, Listing(words="import"), 2, 1).gists] == [page.gists[1].id]
    monkeypatch.setattr(listings, "FOUND", 3)
    assert listings.page(alice, Listing(words="import"), 1, 10).is_all


def test_counts_follow_what_expires(kitchen: dict[str, Gist], alice: Actor) -> None:
    """At once, by whoever reads; and for good, with the next write."""
    over = kitchen["bread"]
    asked = (Listing(), Listing(topic="baking"), Listing(language="Python"), Listing(owner=alice.user))
    before = [listings.page(alice, listing, 1, 10).total for listing in asked]
    with index.write():
        Gist.update(expires_at=index.now()).where(Gist.id == over.id).execute()
    for _ in range(2):
        pages = [listings.page(alice, listing, 1, 10) for listing in asked]
        assert [page.total for page in pages] == [len(page.gists) for page in pages] == [each - 1 for each in before]
        assert browse.topics(alice, 1, 1) == ([("baking", 2)], True)
        assert alice.user and browse.visibilities(alice, alice.user)["public"] == 1
        gists.create(alice, Draft(files={"unlike": b"any"}, visibility="private"))
        before = [before[0] + 1, *before[1:3], before[3] + 1]
        assert not index.tallies.wrong()
    assert index.Gist.get(Gist.id == over.id).counted is False
    assert sum(each.number for each in index.tallies.sums(over.owner_id or 0).values()) == before[3]


def test_the_most_common_are_those_with_ones_own(alice: Actor) -> None:
    """However the two are spread: few of them or many, alike or the other way round."""
    assert alice.user
    for seed in range(20):
        draw = random.Random(seed)
        names, most = [f"t{number}" for number in range(draw.choice([3, 30]))], draw.choice([5, 50])
        of_all, own = ({name: number for name in names if (number := draw.randint(0, most))} for _ in range(2))
        with index.write():
            Tally.delete().execute()
            for scope, counts in ((0, of_all), (alice.user.id, own)):
                insert(Tally, [("topic", name, scope, number, 0) for name, number in counts.items()])
        for owner, counted in ((None, of_all), (alice.user.id, Counter(of_all) + Counter(own))):
            there = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
            for limit, offset in ((1, 0), (2, 1), (3, 3), (5, 20), (50, 0)):
                found = index.tallies.most_common("topic", owner, limit=limit, offset=offset)
                assert found == there[offset : offset + limit], (seed, owner, limit, offset)
