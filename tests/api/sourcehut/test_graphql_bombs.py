"""Documents and bodies that somebody sends who means no good, or that nobody means: never a 5xx, and soon over."""

import json
import string
from typing import Any

import pytest
from graphql import get_introspection_query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.sourcehut import gql
from tests.api.sourcehut.gql import Asker

TOO_MANY, TOO_DEEP = "The query asks for more than 250 fields.", "The query is nested deeper than 25 levels."
NESTED = "Syntax Error: Document is nested too deeply. Parsing aborted."
IN_ITSELF = "Cannot spread fragment 'a' within itself."
ONE = "A request is for one operation, and there are 100."
TOKENS = "Syntax Error: Document contains more than 2000 tokens. Parsing aborted."


def of(*words: str) -> str:
    return f"{{ {' '.join(words)} }}"


def numbered(number: int, field: str = "") -> str:
    return " ".join(f"a{n}{field}" for n in range(number))


def nested(depth: int) -> str:
    """Pastes of the owner of pastes of the owner …"""
    query = "id"
    for _ in range(depth):
        query = f"pastes {{ results {{ user {{ {query} }} }} }}"
    return f"{{ me {{ {query} }} }}"


def fragments(number: int, spreads: str, last: str = "") -> str:
    """Fragments of which each stands for the next one, written with `spreads`."""
    each = [f"fragment f{n} on Query {{ {spreads.format(f'...f{n + 1}')} }}" for n in range(number)]
    return f"{{ ...f0 }} {' '.join(each)} fragment f{number} on Query {{ {last} }}"


CLASHING = ("... on Query { a: version { major } }", "... on Query { a: version { major: minor } }")
DOCUMENTS = {
    "2,000 aliases": (of(numbered(2000, ": version { major }")), TOKENS),
    "251 fields": (of("version", of(numbered(250, ": major"))), TOO_MANY),
    "the same field 1,900 times": (of("version", of("major " * 1900)), TOO_MANY),
    "a page in a page in a page": (nested(3), TOO_MANY),
    "pages without end": (nested(200), NESTED),
    "deep": (of("me { pastes { results {", "user { ... on User { " * 20, "id", "} } " * 20, "} } }"), TOO_DEEP),
    "deep in nothing": (of("... { " * 100, "version { major }", "} " * 100), TOO_DEEP),
    "deeper than anybody parses": ("{ a " * 900, NESTED),
    "a fragment in itself": ("{ ...a } fragment a on Query { version { major } ...a }", TOO_DEEP),
    "fragments in each other": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", TOO_DEEP),
    "an unused one in itself": ("{ version { major } } fragment a on Query { ...a }", IN_ITSELF),
    "fragments that double": (fragments(20, "{0} {0}", "version { major }"), TOO_MANY),
    "fragments that double into nothing": (fragments(22, "{0} {0}"), TOO_MANY),
    "a long chain of fragments": (fragments(150, "{0}", "version { major }"), TOO_DEEP),
    "directives": (of("version", "@skip(if: false) " * 200, "{ major }"), None),
    "unknown directives": (of("version", "@x " * 900, "{ major }"), "Unknown directive '@x'."),
    "a deep list": (of("paste(id:", "[" * 900, "]" * 900, ") { id }"), None),
    "a deep object": (of("paste(id:", "{a: " * 400, "1", "}" * 400, ") { id }"), None),
    "a long name": (of("a" * 60_000), None),
    "a long value": (f'mutation {{ update(id: "x", visibility: {"P" * 60_000}) {{ id }} }}', None),
    "a long string": (of(f'paste(id: "{"a" * 60_000}") {{ id }}'), ""),
    "a large number": (of(f"userWebhook(id: {'9' * 5000}) {{ id }}"), None),
    "comments": ("#\n" * 15_000 + "{ version { major } }", TOKENS.replace("tokens", "comments")),
    "commas": ("{ version { major } }" + "," * 60_000, ""),
    "100 operations": ("".join(f"query a{n} {{ me {{ id }} }} " for n in range(100)), ONE),
    "100 unknown fields": (of(numbered(100)), "Cannot query field 'a0' on type 'Query'."),
    "a variable 300 times": (f"query ({'$a: Int ' * 300}) {{ me {{ id }} }}", None),
    "fields that clash": (of(*CLASHING * 45), None),
    "introspection of introspection": (
        of("__schema { types", "{ fields { type " * 8, "{ name }", "} }" * 8, "}"),
        None,
    ),
}
"""Each with what is said of it: None is anything, empty is nothing at all."""


@pytest.fixture(scope="module")
def anna(askers: dict[str, Asker]) -> Asker:
    return askers["anna"]


@pytest.mark.parametrize(("document", "said"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_hostile_document(anna: Asker, document: str, said: str | None) -> None:
    response = anna.send({"query": document})
    if said == "":
        assert response.status_code == 200 and "errors" not in response.json()
        return
    assert response.status_code == 400 and list(response.json()) == ["errors"]
    errors = response.json()["errors"]
    assert said in (None, errors[0]["message"]) and len(errors) <= 11
    assert len(response.content) < 5 * len(document) + 2000


def test_what_tools_ask_of_the_schema_is_within_the_limits(anna: Asker) -> None:
    told = anna.data(get_introspection_query(specified_by_url=True, input_value_deprecation=True))
    assert {"Paste", "User"} <= {kind["name"] for kind in told["__schema"]["types"]}


@pytest.mark.parametrize("query", [query for query in gql.HUT if query is not gql.SUBSCRIPTIONS])
def test_what_clients_ask_is_within_the_limits(anna: Asker, query: str) -> None:
    """Without their variables, that is what is wrong with them, if anything."""
    answer = anna.send({"query": query}).json()
    assert all(error["message"].startswith("Variable ") for error in answer.get("errors", []))


def test_a_large_body_is_refused(anna: Asker) -> None:
    aliases = " ".join(f"a{number}: version {{ major }}" for number in range(10_000))
    for query, variables in ((f"{{ {aliases} }}", None), ("{ version { major } }", {"a": "x" * 100_000})):
        body = json.dumps({"query": query, "variables": variables}).encode()
        assert [anna.send(each).status_code for each in (body, iter([body]))] == [413, 413]


def test_a_form_has_as_many_parts_as_a_paste_has_files_and_two(anna: Asker) -> None:
    files = [(f"{number}.txt", b"x") for number in range(301)]
    for number, status in ((300, 200), (301, 413)):
        type, form = gql.hut_form(gql.CREATE, {"visibility": "PRIVATE"}, files[:number])
        assert anna.send(iter(form), **{"Content-Type": type}).status_code == status
    type, form = gql.hut_form(gql.CREATE, {"visibility": "PRIVATE", "x": "x" * 70_000}, files[:1])
    assert anna.send(iter(form), **{"Content-Type": type}).status_code == 413


def test_one_file_is_not_any_number_of_them(anna: Asker) -> None:
    operations = {"query": gql.CREATE, "variables": {"visibility": "PUBLIC", "files": [None] * 301}}
    parts = {
        "operations": (None, json.dumps(operations)),
        "map": (None, json.dumps({"0": [f"variables.files.{number}" for number in range(301)]})),
        "0": ("a", "x" * 100_000),
    }
    response = anna.http.request("POST", "/query", files=parts)
    assert response.status_code == 413 and list(response.json()) == ["errors"]


def test_a_file_that_is_too_large_is_refused(anna: Asker) -> None:
    answer = anna.upload((None, b"x" * (10 * 1024 * 1024 + 1)))
    assert answer["data"] is None and answer["errors"][0]["extensions"] == {"field": "files"}


# ---------------------------------------------------------------------- made up

_NAMES = st.sampled_from(
    ["me", "pastes", "paste", "user", "results", "id", "cursor", "files", "version", "__schema", "x"]
)
_VALUES = st.sampled_from(["1", '"x"', "null", "PUBLIC", "$a", "[1]", "{a: 1}", "true"])
_SELECTIONS = st.recursive(
    st.builds("{} {}".format, _NAMES, st.sampled_from(["", "@skip(if: true)", "@include(if: $a)"])),
    lambda inner: st.one_of(
        st.builds("{}({}: {}) {{ {} }}".format, _NAMES, st.sampled_from(["id", "cursor", "username"]), _VALUES, inner),
        st.builds("a: {} {{ {} {} }}".format, _NAMES, inner, inner),
        st.builds("... on {} {{ {} }}".format, st.sampled_from(["Query", "User", "Entity", "X"]), inner),
    ),
    max_leaves=8,
)
_DOCUMENTS = st.one_of(
    st.builds(
        "{} {{ {} }}".format, st.sampled_from(["query ($a: Boolean)", "mutation", "", "subscription"]), _SELECTIONS
    ),
    st.text(st.sampled_from('{}()[]!:=|@$."#,\\ aQ0\n\ufeff\u2028☃') | st.characters(), max_size=60),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(string.printable, max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_VARIABLES = st.fixed_dictionaries(dict.fromkeys(("id", "visibility", "cursor", "files", "config"), _JSON))
_BODIES = st.one_of(
    st.fixed_dictionaries({"query": _DOCUMENTS, "variables": st.dictionaries(st.sampled_from("abid"), _JSON) | _JSON}),
    st.fixed_dictionaries({"query": st.sampled_from(gql.HUT), "variables": _VARIABLES}),
    _JSON,
)  # fmt: skip
_HEADERS = [b'form-data; name="operations"', b'form-data; name="map"', b'form-data; name="0"; filename="a"', b"x"]
_LINES = st.sampled_from([b"--x\r\n", b"--x--\r\n", b"\r\n", b"\xff\xfe", b"{}", b'{"0": ["variables.files.0"]}\r\n'])
_LINES |= st.sampled_from([b"Content-Disposition: %s\r\n" % header for header in _HEADERS])
_LINES |= st.just(b'{"query": "{ version { major } }"}\r\n')


def _is_an_answer(response: Any) -> bool:
    return response.status_code in (200, 400, 413) and set(response.json()) <= {"errors", "data"}


made_up = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@made_up
@given(_BODIES)
def test_made_up_queries(anna: Asker, body: Any) -> None:
    assert _is_an_answer(anna.send(body))


@made_up
@given(st.lists(_LINES, max_size=20))
def test_made_up_forms(anna: Asker, lines: list[bytes]) -> None:
    assert _is_an_answer(anna.send(b"".join(lines), **{"Content-Type": "multipart/form-data; boundary=x"}))
