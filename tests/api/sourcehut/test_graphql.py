"""GraphQL at /query, statement by statement: section 7 of what is known of paste.sr.ht's API. Each row names a section
and one thing that a client can see."""

import hashlib
import itertools
import json
import re
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from tests.api.sourcehut import gql
from tests.api.sourcehut.gql import Asker, File
from tests.harness import Git

Check = Callable[["Cast"], Any]
SHA, ZEROS = re.compile(r"[0-9a-f]{40}"), "0" * 40
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NULL = "the requested element is null which the schema does not allow"
NO_SCOPE = "Your OAuth token is not permitted to use this field (needs {})"
UNSAID = "Authentication error: No authorization supplied (expected an OAuth token)"
MALFORMED = "Authentication error: Invalid authorization supplied"
UNKNOWN = "Authentication error: Invalid or expired OAuth token"
BINARY = b"\x89PNG\r\n\x1a\n\xff\xfe"

SCHEMA = {
    "Query": "version: Version!  me: User!  user(username: String!): User  pastes(cursor: Cursor): PasteCursor  paste(id: String!): Paste  userWebhooks(cursor: Cursor): WebhookSubscriptionCursor!  userWebhook(id: Int!): WebhookSubscription  webhook: WebhookPayload!",
    "Mutation": "create(files: [Upload!]!, visibility: Visibility!): Paste!  update(id: String!, visibility: Visibility!): Paste  delete(id: String!): Paste  createUserWebhook(config: UserWebhookInput!): WebhookSubscription!  deleteUserWebhook(id: Int!): WebhookSubscription!  deleteUser: Int!",
    "Version": "major: Int!  minor: Int!  patch: Int!  deprecationDate: Time",
    "Entity": "id: Int!  created: Time!  canonicalName: String!  pastes(cursor: Cursor): PasteCursor!",
    "User": "id: Int!  created: Time!  canonicalName: String!  username: String!  email: String  url: String  location: String  bio: String  pastes(cursor: Cursor): PasteCursor!",
    "Paste": "id: String!  created: Time!  visibility: Visibility!  files: [File!]!  user: Entity!",
    "File": "filename: String  hash: String!  contents: URL!",
    "PasteCursor": "results: [Paste!]!  cursor: Cursor",
    "WebhookSubscription": "id: Int!  events: [WebhookEvent!]!  query: String!  url: String!  client: OAuthClient  deliveries(cursor: Cursor): WebhookDeliveryCursor!  sample(event: WebhookEvent!): String!",
    "UserWebhookSubscription": "id: Int!  events: [WebhookEvent!]!  query: String!  url: String!  client: OAuthClient  deliveries(cursor: Cursor): WebhookDeliveryCursor!  sample(event: WebhookEvent!): String!",
    "WebhookDelivery": "uuid: String!  date: Time!  event: WebhookEvent!  subscription: WebhookSubscription!  requestBody: String!  responseBody: String  responseHeaders: String  responseStatus: Int",
    "WebhookPayload": "uuid: String!  event: WebhookEvent!  date: Time!",
    "PasteEvent": "uuid: String!  event: WebhookEvent!  date: Time!  paste: Paste!",
    "WebhookSubscriptionCursor": "results: [WebhookSubscription!]!  cursor: Cursor",
    "WebhookDeliveryCursor": "results: [WebhookDelivery!]!  cursor: Cursor",
    "OAuthClient": "uuid: String!",
}  # fmt: skip
ENUMS = {
    "Visibility": ["PUBLIC", "UNLISTED", "PRIVATE"],
    "WebhookEvent": ["PASTE_CREATED", "PASTE_UPDATED", "PASTE_DELETED"],
}
INTERFACES = {"User": ["Entity"], "UserWebhookSubscription": ["WebhookSubscription"], "PasteEvent": ["WebhookPayload"]}


class Cast:
    """Everybody, and pastes made for the row that asks."""

    def __init__(self, askers: dict[str, Asker]) -> None:
        self.anna, self.bert, self.cleo, self.nobody = (askers[name] for name in ("anna", "bert", "cleo", "nobody"))
        self.reader, self.profile, self.writer = (askers[name] for name in ("reader", "profile", "writer"))

    @cached_property
    def paste(self) -> str:
        return self.anna.create()

    @cached_property
    def private(self) -> str:
        return self.anna.create(("secret.txt", f"{time.monotonic_ns()}\n".encode()), visibility="PRIVATE")

    @cached_property
    def public(self) -> str:
        return self.anna.create(visibility="PUBLIC")

    def rest(self, id: str) -> Any:
        response = self.anna.http.get(f"/api/pastes/{id}")
        return response.json() if response.status_code == 200 else response.status_code


# ---------------------------------------------------------------------- what rows are made of


def sha(id: str) -> str:
    """What sourcehut calls the gist with this id."""
    return hashlib.sha1(id.encode()).hexdigest()


def signature(kind: Any) -> str:
    if kind["kind"] == "NON_NULL":
        return f"{signature(kind['ofType'])}!"
    return f"[{signature(kind['ofType'])}]" if kind["kind"] == "LIST" else kind["name"]


def fields_of(name: str) -> Check:
    """The fields of a type, as introspection tells them."""
    kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
    query = f'{{ __type(name: "{name}") {{ fields {{ name type {{ {kind} }} args {{ name type {{ {kind} }} }} }} }} }}'

    def check(c: Cast) -> str:
        told = []
        for field in c.anna.data(query)["__type"]["fields"]:
            given = ", ".join(f"{argument['name']}: {signature(argument['type'])}" for argument in field["args"])
            told.append(f"{field['name']}{f'({given})' if given else ''}: {signature(field['type'])}")
        return "  ".join(told)

    return check


def of_type(name: str, words: str) -> Check:
    return lambda c: c.anna.data(f'{{ __type(name: "{name}") {{ {words} }} }}')["__type"]


def asked(query: str, who: str = "anna", **variables: Any) -> Check:
    return lambda c: getattr(c, who).data(query, **variables)


def problem(query: str, who: str = "anna", **variables: Any) -> Check:
    return lambda c: getattr(c, who).problem(query, **variables)


def refused(query: str, variables: Any = None) -> Check:
    return lambda c: c.anna.refused(query, variables)


def sent(body: Any, **headers: str) -> Check:
    """The status and the message of an error, or what was answered without one."""

    def check(c: Cast) -> Any:
        response = c.anna.send(body, **{name.replace("_", "-"): value for name, value in headers.items()})
        answer = response.json()
        return (response.status_code, answer["errors"][0]["message"]) if "errors" in answer else answer["data"]

    return check


def with_header(value: str | None) -> Check:
    def check(c: Cast) -> Any:
        headers = {} if value is None else {"Authorization": value.format(c.anna.http.token)}
        response = c.nobody.send({"query": "{ version { major } }"}, **headers)
        answer = response.json()
        return response.status_code, answer["errors"][0]["message"] if "errors" in answer else answer["data"]

    return check


def uploaded(*files: File, **options: Any) -> Check:
    """What a paste of these files holds, fetched from where it says."""
    return lambda c: c.anna.contents(c.anna.upload(*files, **options)["data"]["create"]["id"])


def refused_file(*files: File, **options: Any) -> Check:
    """The error for such a paste, and that nothing was made."""

    def check(c: Cast) -> Any:
        before = c.bert.http.get("/api/pastes").json()["total"]
        answer = c.bert.upload(*files, **options)
        assert answer["data"] is None and c.bert.http.get("/api/pastes").json()["total"] == before
        (error,) = answer["errors"]
        assert error["path"] == ["create"]
        return error["message"], error["extensions"]

    return check


def form(*parts: tuple[str, str], boundary: str = "x") -> Check:
    """The outcome of a form of these parts, each with what follows `form-data` in its header."""
    body = "".join(f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n" for head, content in parts)
    return sent(f"{body}--x--\r\n".encode(), Content_Type=f"multipart/form-data; boundary={boundary}")


def mapped(places: Any, variables: Any = None, *files: tuple[str, str]) -> Check:
    """The outcome of a form with this map."""
    variables = {"visibility": "UNLISTED", "files": [None]} if variables is None else variables
    operations = ('name="operations"', json.dumps({"query": gql.CREATE, "variables": variables}))
    outcome = form(operations, ('name="map"', json.dumps(places)), *(files or [('name="0"; filename="a"', "x")]))

    def check(c: Cast) -> Any:
        found = outcome(c)
        return found if isinstance(found, tuple) else c.anna.contents(found["create"]["id"])

    return check


def others(query: str, key: str = "private") -> Check:
    """What bert gets who asks for something of anna's, and for what never was."""
    return lambda c: [c.bert.data(query, id=id) for id in (getattr(c, key), ZEROS)]


def pages(who: str, query: str, place: Callable[[Any], Any], **variables: Any) -> Check:
    """How many there are on each page of a list, and that none is there twice."""

    def check(c: Cast) -> list[int]:
        cursor, sizes, seen = None, [], set()
        while True:
            page = place(getattr(c, who).data(query, cursor=cursor, **variables))
            sizes.append(len(page["results"]))
            seen.update(paste["id"] for paste in page["results"])
            cursor = page["cursor"]
            if cursor is None:
                assert len(seen) == sum(sizes)
                return sizes

    return check


def cursor(c: Cast, query: str = gql.LIST, key: str = "pastes") -> str:
    return c.cleo.data(query)[key]["cursor"]


THEIRS = 'query ($cursor: Cursor) { user(username: "cleo") { pastes(cursor: $cursor) { results { id } cursor } } }'
WRONG_CURSOR = ("this cursor does not belong to this list", "cursor")
VERSION = {"version": {"major": 0}}
ID = "query ($id: String!) { paste(id: $id) { id } }"
TWO: list[File] = [("a.txt", b"first\n"), ("b.txt", b"second\n")]

ROWS: list[tuple[str, Check, Any]] = [
    # ------------------------------------------------------------------ 7.1 the schema
    *((f"7.1 {name}", fields_of(name), words) for name, words in SCHEMA.items()),
    *((f"7.1 {name}: values", of_type(name, "enumValues { name }"), {"enumValues": [{"name": value} for value in values]}) for name, values in ENUMS.items()),
    *((f"7.1 {name} implements", of_type(name, "interfaces { name }"), {"interfaces": [{"name": each} for each in names]}) for name, names in INTERFACES.items()),
    *((f"7.1 {name} is a scalar", of_type(name, "kind"), {"kind": "SCALAR"}) for name in ("Cursor", "Time", "Upload", "URL")),
    ("7.1 the input of a webhook", of_type("UserWebhookInput", "inputFields { name type { kind } }"), {"inputFields": [{"name": name, "type": {"kind": "NON_NULL"}} for name in ("url", "events", "query")]}),
    ("7.1 version", asked("{ version { major minor patch deprecationDate } }"), {"version": {"major": 0, "minor": 1, "patch": 0, "deprecationDate": None}}),
    ("7.1 me", asked("{ me { canonicalName username url location bio } }"), {"me": {"canonicalName": "~alice", "username": "alice", "url": None, "location": None, "bio": None}}),
    ("7.1 me: the id and when", lambda c: (me := c.anna.data("{ me { id created } }")["me"], isinstance(me["id"], int), bool(TIME.fullmatch(me["created"])))[1:], (True, True)),
    ("7.1 my e-mail address", asked("{ me { email } }", "cleo"), {"me": {"email": "cleo@example.org"}}),
    ("7.1 nobody else's", asked('{ user(username: "cleo") { username email } }', "bert"), {"user": {"username": "cleo", "email": None}}),
    ("7.1 mine by my name", asked('{ user(username: "cleo") { email } }', "cleo"), {"user": {"email": "cleo@example.org"}}),
    ("7.1 mine where there is none", asked("{ me { email } }", "bert"), {"me": {"email": None}}),
    ("7.1 user", asked('{ user(username: "bob") { canonicalName } }'), {"user": {"canonicalName": "~bob"}}),
    ("7.1 user by canonical name", asked('{ user(username: "~bob") { username } }'), {"user": {"username": "bob"}}),
    *((f"7.1 no user {name!r}", asked("query ($name: String!) { user(username: $name) { id } }", name=name), {"user": None}) for name in ("nobody-here", "", "~", "bob ", "\u0000", "a" * 5000)),
    ("7.1 Entity of a paste", lambda c: c.anna.data("query ($id: String!) { paste(id: $id) { user { __typename id created canonicalName ... on User { username } } } }", id=c.paste)["paste"]["user"].items() >= {"__typename": "User", "canonicalName": "~alice", "username": "alice"}.items(), True),
    ("7.1 a paste", lambda c: sorted(c.anna.paste(c.paste)), ["created", "files", "id", "user", "visibility"]),
    ("7.1 its id is REST's sha", lambda c: c.rest(c.paste)["sha"], lambda c: c.paste),
    ("7.1 the hash of a file is the id of its blob", lambda c: c.anna.paste(c.paste)["files"][0]["hash"], hashlib.sha1(b"blob 4\0one\n").hexdigest()),
    ("7.1 the URL of a file", lambda c: c.anna.paste(c.paste)["files"][0]["contents"], lambda c: f"{c.anna.http.server.url}/query/blob/{hashlib.sha1(b'blob 4' + bytes(1) + b'one' + bytes([10])).hexdigest()}"),
    ("7.1 my pastes, page by page", pages("cleo", gql.LIST, lambda data: data["pastes"]), [25, 5]),
    ("7.1 my pastes by my name", pages("cleo", THEIRS, lambda data: data["user"]["pastes"]), [25, 5]),
    ("7.1 the public ones of others", pages("bert", THEIRS, lambda data: data["user"]["pastes"]), [25, 1]),
    ("7.1 my pastes, all visibilities", lambda c: {paste["visibility"] for paste in c.cleo.data(gql.LIST)["pastes"]["results"]}, {"PUBLIC", "UNLISTED", "PRIVATE"}),
    ("7.1 only public ones of others", lambda c: {paste["visibility"] for paste in c.bert.data('{ user(username: "cleo") { pastes { results { visibility } } } }')["user"]["pastes"]["results"]}, {"PUBLIC"}),
    ("7.1 nor more by way of a paste of theirs", lambda c: {paste["visibility"] for paste in c.bert.data("query ($id: String!) { paste(id: $id) { user { pastes { results { visibility } } } } }", id=c.cleo.data(gql.LIST)["pastes"]["results"][2]["id"])["paste"]["user"]["pastes"]["results"]}, {"PUBLIC"}),
    ("7.1 newest first", lambda c: (made := [c.bert.create() for _ in range(2)], [paste["id"] for paste in c.bert.data(gql.LIST)["pastes"]["results"]][:2] == made[::-1])[1], True),
    ("7.1 my own paste", lambda c: c.anna.data(ID, id=c.private), lambda c: {"paste": {"id": c.private}}),
    ("7.1 in capitals", lambda c: c.anna.data(ID, id=c.private.upper()), lambda c: {"paste": {"id": c.private}}),
    ("7.1 an unlisted one of others", lambda c: c.bert.data(ID, id=c.paste), lambda c: {"paste": {"id": c.paste}}),
    ("7.1 a private one of others is null", others(ID), [{"paste": None}, {"paste": None}]),
    *((f"7.1 no paste {id[:20]!r}", asked(ID, id=id), {"paste": None}) for id in ("", "x", "a" * 39, "../x", "\u0000", "%00", "a" * 5000)),
    ("7.1 update", lambda c: [c.anna.data(gql.UPDATE, id=c.paste, visibility=word) and c.anna.paste(c.paste)["visibility"] for word in ("PUBLIC", "PRIVATE", "UNLISTED")], ["PUBLIC", "PRIVATE", "UNLISTED"]),
    ("7.1 update answers the paste", lambda c: c.anna.data("mutation ($id: String!) { update(id: $id, visibility: PUBLIC) { id visibility files { filename } } }", id=c.paste), lambda c: {"update": {"id": c.paste, "visibility": "PUBLIC", "files": [{"filename": "a.txt"}]}}),
    ("7.1 update of others' is null", others('mutation ($id: String!) { update(id: $id, visibility: PUBLIC) { id } }'), [{"update": None}, {"update": None}]),
    ("7.1 nor of one they may see", others('mutation ($id: String!) { update(id: $id, visibility: PRIVATE) { id } }', "paste"), [{"update": None}, {"update": None}]),
    ("7.1 and leaves it", lambda c: (others('mutation ($id: String!) { update(id: $id, visibility: PRIVATE) { id } }', "paste")(c), c.anna.paste(c.paste)["visibility"])[1], "UNLISTED"),
    ("7.1 delete", lambda c: (c.anna.data(gql.DELETE, id=c.paste), c.anna.data(ID, id=c.paste), c.rest(c.paste)), lambda c: ({"delete": {"id": c.paste}}, {"paste": None}, 404)),
    ("7.1 delete answers the paste as it was", lambda c: c.anna.data("mutation ($id: String!) { delete(id: $id) { visibility files { filename } user { canonicalName } } }", id=c.paste)["delete"], {"visibility": "UNLISTED", "files": [{"filename": "a.txt"}], "user": {"canonicalName": "~alice"}}),
    ("7.1 delete twice is null", lambda c: [c.anna.data(gql.DELETE, id=c.paste)["delete"] is None for _ in range(2)], [False, True]),
    ("7.1 delete of others' is null", others(gql.DELETE), [{"delete": None}, {"delete": None}]),
    ("7.1 nor of one they may see, either", others(gql.DELETE, "public"), [{"delete": None}, {"delete": None}]),
    ("7.1 and leaves it, too", lambda c: (others(gql.DELETE, "public")(c), c.anna.data(ID, id=c.public))[1], lambda c: {"paste": {"id": c.public}}),
    ("7.1 deleteUser is internal", problem("mutation { deleteUser }"), ("This field is for the service itself", None)),
    # ------------------------------------------------------------------ 7.1 scopes
    *((f"7.1 {query} needs PROFILE:RO", problem(query, "reader"), (NO_SCOPE.format("PROFILE:RO"), None)) for query in ("{ me { id } }", '{ user(username: "alice") { id } }')),
    *((f"7.1 {query} needs PASTES:RO", problem(query, "profile"), (NO_SCOPE.format("PASTES:RO"), None)) for query in ("{ pastes { cursor } }", '{ paste(id: "x") { id } }', "{ me { pastes { cursor } } }")),
    ("7.1 Paste.user needs PROFILE:RO", lambda c: c.reader.problem("query ($id: String!) { paste(id: $id) { user { canonicalName } } }", id=c.paste), (NO_SCOPE.format("PROFILE:RO"), None)),
    *((f"7.1 {query[:22]} needs PASTES:RW", problem(query, "reader"), (NO_SCOPE.format("PASTES:RW"), None)) for query in ('mutation { delete(id: "x") { id } }', 'mutation { update(id: "x", visibility: PUBLIC) { id } }', "mutation { create(files: [], visibility: PUBLIC) { id } }")),
    ("7.1 without it nothing is deleted", lambda c: (c.reader.problem(gql.DELETE, id=c.paste), c.anna.data(ID, id=c.paste))[1], lambda c: {"paste": {"id": c.paste}}),
    ("7.1 PROFILE:RO is enough for me", asked("{ me { username } }", "profile"), {"me": {"username": "alice"}}),
    ("7.1 PASTES:RO is enough to read", lambda c: c.reader.data(ID, id=c.private), lambda c: {"paste": {"id": c.private}}),
    ("7.1 PASTES:RW is enough to read", lambda c: c.writer.data(ID, id=c.private), lambda c: {"paste": {"id": c.private}}),
    ("7.1 PASTES:RW is enough to write", lambda c: c.writer.data(gql.DELETE, id=c.paste), lambda c: {"delete": {"id": c.paste}}),
    ("7.1 a profile token does not see private pastes", lambda c: c.profile.http.get(f"/query/blob/{c.anna.paste(c.private)['files'][0]['hash']}").status_code, 403),
    # ------------------------------------------------------------------ 7.1 cursors
    *((f"7.1 no cursor {value!r}", problem(gql.LIST, "cleo", cursor=value), WRONG_CURSOR) for value in ("", "1", "x.y", 1, True, [], ["x"], {"a": 1}, 1.5, "\u0000", "ä", "." * 1000)),
    ("7.1 a cursor of somebody else", lambda c: c.bert.problem(gql.LIST, cursor=cursor(c)), WRONG_CURSOR),
    ("7.1 a cursor of another list", lambda c: c.cleo.problem('query ($cursor: Cursor) { user(username: "alice") { pastes(cursor: $cursor) { cursor } } }', cursor=cursor(c)), WRONG_CURSOR),
    ("7.1 a cursor that was changed", lambda c: c.cleo.problem(gql.LIST, cursor="A" + cursor(c)[1:]), WRONG_CURSOR),
    ("7.1 a cursor in capitals", lambda c: c.cleo.problem(gql.LIST, cursor=cursor(c).swapcase()), WRONG_CURSOR),
    ("7.1 a cursor in the query itself", lambda c: len(c.cleo.data(f'{{ pastes(cursor: "{cursor(c)}") {{ results {{ id }} }} }}')["pastes"]["results"]), 5),
    ("7.1 null is the first page", lambda c: len(c.cleo.data("{ pastes(cursor: null) { results { id } } }")["pastes"]["results"]), 25),
    ("7.1 the last page has none", lambda c: c.cleo.data(gql.LIST, cursor=cursor(c))["pastes"]["cursor"], None),
    # ------------------------------------------------------------------ 7.2 transport
    ("7.2 JSON with a charset and a newline", asked("{ version { major } }"), VERSION),
    *((f"7.2 as {type!r}", lambda c, type=type: c.anna.send('{"query": "{ version { major } }"}', **{"Content-Type": type}).json(), {"data": VERSION}) for type in ("application/json", "application/graphql+json", "text/plain", "application/x-www-form-urlencoded")),
    *((f"7.2 whatever is accepted: {type}", lambda c, type=type: c.anna.send({"query": "{ version { major } }"}, Accept=type).headers["Content-Type"], "application/json") for type in ("application/graphql-response+json", "application/json", "*/*", "text/html")),
    ("7.2 variables may be null", lambda c: c.anna.send({"query": "{ version { major } }", "variables": None}).json(), {"data": VERSION}),
    ("7.2 or not there", lambda c: c.anna.send({"query": "{ version { major } }"}).json(), {"data": VERSION}),
    ("7.2 an operationName", lambda c: c.anna.send({"query": "query a { version { major } }", "operationName": "a", "extensions": {"x": 1}}).json(), {"data": VERSION}),
    ("7.2 an operationName of none", lambda c: c.anna.send({"query": "query a { version { major } }", "operationName": "b"}).status_code, 400),
    ("7.2 an error of a field: 200, with its path", lambda c: c.anna.ask(gql.LIST, {"cursor": "x"}), {"errors": [{"message": WRONG_CURSOR[0], "path": ["pastes"], "extensions": {"field": "cursor"}}], "data": {"pastes": None}}),
    ("7.2 the other fields are there", lambda c: c.reader.ask("{ version { major } me { id } }")["data"], None),
    ("7.2 where they may be null", lambda c: c.anna.ask('{ version { major } pastes(cursor: "x") { cursor } }')["data"], {**VERSION, "pastes": None}),
    ("7.2 a path with an alias and a number", lambda c: (c.paste, c.writer.ask("{ mine: pastes { results { user { id } } } }")["errors"][0]["path"])[1], ["mine", "results", 0, "user"]),
    ("7.2 what may not be null", problem("{ webhook { uuid } }"), (NULL, None)),
    ("7.2 no header", with_header(None), (401, UNSAID)),
    *((f"7.2 malformed: {value!r}", with_header(value), (400, MALFORMED)) for value in ("Bearer", "Bearer a b", "{}", "Basic {}", "Internal x", "Bearer  {}", "", "token")),
    *((f"7.2 invalid: {value!r}", with_header(value), (403, UNKNOWN)) for value in ("Bearer x", "token x", "Bearer {}x", f"Bearer og_{'0' * 64}")),
    *((f"7.2 {scheme} is the scheme", with_header(f"{scheme} {{}}"), (200, VERSION)) for scheme in ("Bearer", "token", "bearer", "Token", "BEARER")),
    ("7.2 a cookie is no token", lambda c: c.nobody.send({"query": "{ me { id } }"}, Cookie="session=x").status_code, 401),
    ("7.2 created, with microseconds", lambda c: bool(TIME.fullmatch(c.anna.paste(c.paste)["created"])), True),
    ("7.2 it is REST's moment", lambda c: c.anna.paste(c.paste)["created"][:19], lambda c: c.rest(c.paste)["created"][:19]),
    ("7.2 what the service offers", lambda c: (answer := c.nobody.http.get("/query/api-meta.json"), answer.status_code, answer.headers["Content-Type"], answer.json())[1:], (200, "application/json", {"scopes": ["PROFILE", "PASTES"]})),
    ("7.2 to a wrong token, too", lambda c: c.nobody.http.get("/query/api-meta.json", headers={"Authorization": "Bearer x"}).status_code, 200),
    *((f"7.2 {method} is not offered", lambda c, method=method: (answer := c.anna.http.request(method, "/query"), answer.status_code, list(answer.json()), answer.headers["Content-Type"])[1:], (405, ["errors"], "application/json")) for method in ("GET", "PUT", "DELETE", "PATCH")),
    ("7.2 GET with a query is not, either", lambda c: c.anna.http.get("/query", params={"query": "{ version { major } }"}).status_code, 405),
    ("7.2 there is nothing below", lambda c: (answer := c.anna.http.get("/query/x"), answer.status_code, list(answer.json()))[1:], (404, ["errors"])),
    ("7.2 a slash at the end", lambda c: c.anna.http.request("POST", "/query/", json={"query": "{ version { major } }"}).json(), {"data": VERSION}),
    *((f"7.2 no JSON: {body!r}", lambda c, body=body: (answer := c.anna.send(body), answer.status_code, list(answer.json()))[1:], (400, ["errors"])) for body in (b"", b"{", b"x", b"[]", b"null", b'"x"', b"1", b"[{}]", b"{}", b'{"query": null}', b'{"query": 1}', b'{"query": {}}', b'{"query": "{ version { major } }", "variables": []}', b'{"query": "{ version { major } }", "variables": "x"}', b'{"query": "{ version { major } }", "operationName": 1}', b'{"query": "\\ud800"}', b"\xff", b'{"query": "x", "query": "y"}', b"[" * 10_000, b'{"query": NaN}')),
    *((f"7.2 no query: {query!r}", lambda c, query=query: c.anna.refused(query)[0], 400) for query in ("", " ", "{", "}", "{}x", "{ nothing }", "{ me }", "{ version { major ", "fragment a on User { id }", "subscription { version { major } }", "type A { a: Int }", "{ version { major } } { me { id } }", "query a { me { id } } query b { me { id } }", "{ version { major(x: 1) } }", "query ($a: Nothing) { me { id } }", "{ paste(id: 1) { id } }", "{ paste { id } }", "mutation { update(id: \"x\", visibility: public) { id } }", "mutation { update(id: \"x\", visibility: \"PUBLIC\") { id } }", "{ version { ...x } }", "\u0000", "\ufeff")),
    ("7.2 a query that is too long", lambda c: c.anna.refused("{ me { id } } #" + "x" * 70_000)[0], 413),
    *((f"7.2 no variables: {variables!r}", lambda c, variables=variables: c.anna.refused(gql.UPDATE, variables)[0], 400) for variables in ({}, {"id": None, "visibility": "PUBLIC"}, {"id": 1, "visibility": "PUBLIC"}, {"id": "x", "visibility": "public"}, {"id": "x", "visibility": None}, {"id": "x", "visibility": ["PUBLIC"]}, {"id": ["x"], "visibility": "PUBLIC"}, {"id": {}, "visibility": "PUBLIC"})),
    ("7.2 where it is wrong is told", lambda c: c.anna.send({"query": "{\n  nothing\n}"}).json()["errors"][0]["locations"], [{"line": 2, "column": 3}]),
    ("7.2 names are not guessed", lambda c: "Did you mean" in c.anna.send({"query": "{ pastez { cursor } }"}).text, False),
    ("7.2 not kept by anybody", lambda c: (answer := c.anna.send({"query": "{ me { id } }"}), answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"])[1:], ("private, no-cache", "nosniff")),
    # ------------------------------------------------------------------ 7.1 blobs
    ("7.1 a blob", lambda c: (answer := c.anna.http.get(c.anna.paste(c.paste)["files"][0]["contents"]), answer.status_code, answer.content, answer.headers["Content-Type"])[1:], (200, b"one\n", "text/plain; charset=utf-8")),
    ("7.1 of an unlisted one, for others", lambda c: c.bert.http.get(c.anna.paste(c.paste)["files"][0]["contents"]).status_code, 200),
    ("7.1 of a private one, for its owner", lambda c: c.reader.http.get(c.anna.paste(c.private)["files"][0]["contents"]).status_code, 200),
    ("7.1 and for nobody else, as if it never was", lambda c: [(answer.status_code, answer.text, answer.headers["Content-Type"]) for answer in (c.bert.http.get(c.anna.paste(c.private)["files"][0]["contents"]), c.bert.http.get(f"/query/blob/{ZEROS}"))], [(404, "404 not found\n", "text/plain; charset=utf-8")] * 2),
    *((f"7.1 no blob {sha!r}", lambda c, sha=sha: c.anna.http.get(f"/query/blob/{sha}").status_code, 404) for sha in ("x", "a" * 39, "a" * 41, "%00", "..%2f", "")),
    ("7.1 the beginning of an id is none", lambda c: c.anna.http.get(c.anna.paste(c.paste)["files"][0]["contents"][:-1]).status_code, 404),
    ("7.1 a blob wants a token", lambda c: (answer := c.nobody.http.get(c.anna.paste(c.paste)["files"][0]["contents"]), answer.status_code, answer.json())[1:], (401, {"errors": [{"message": UNSAID}]})),
    ("7.1 a right one", lambda c: c.nobody.http.get(f"/query/blob/{ZEROS}", headers={"Authorization": "Bearer x"}).status_code, 403),
    ("7.1 cannot hurt who opens it", lambda c: c.anna.http.get(c.anna.paste(c.paste)["files"][0]["contents"]).headers["Content-Security-Policy"], "default-src 'none'; frame-ancestors 'none'; sandbox"),
    # ------------------------------------------------------------------ 7.3 hut
    *((f"7.3 fits the schema: {' '.join(query.split())[:40]}", lambda c, query=query: c.nobody.send({"query": query}).status_code, 401) for query in gql.HUT),
    ("7.3 paste create", lambda c: (answer := c.anna.upload(("a.txt", b"one\n"))["data"]["create"], sorted(answer), bool(SHA.fullmatch(answer["id"])), answer["user"])[1:], (["id", "user"], True, {"canonicalName": "~alice"})),
    *((f"7.3 paste create -v {word.lower()}", lambda c, word=word: c.rest(c.anna.create(visibility=word))["visibility"], word.lower()) for word in ("PUBLIC", "UNLISTED", "PRIVATE")),
    ("7.3 paste list", lambda c: sorted(c.cleo.data(gql.LIST, cursor=None)["pastes"]["results"][0]), ["created", "files", "id", "visibility"]),
    ("7.3 paste show", lambda c: c.anna.data(gql.SHOW, id=c.paste)["paste"].items() >= {"id": c.paste, "visibility": "UNLISTED", "user": {"canonicalName": "~alice"}}.items(), True),
    ("7.3 paste delete", lambda c: [c.anna.data(gql.DELETE, id=id) for id in (c.paste, ZEROS)], lambda c: [{"delete": {"id": c.paste}}, {"delete": None}]),
    ("7.3 paste update", lambda c: [c.anna.data(gql.UPDATE, id=id, visibility="PUBLIC") for id in (c.paste, ZEROS)], lambda c: [{"update": {"id": c.paste}}, {"update": None}]),
    ("7.3 completion", lambda c: (made := c.paste, c.anna.data(gql.COMPLETE)["pastes"]["results"][0] == {"id": made, "files": [{"filename": "a.txt"}]})[1], True),
    ("7.3 export", lambda c: sum(len(c.cleo.data(gql.EXPORT, cursor=place)["pastes"]["results"]) for place in (None, cursor(c))), 30),
    ("7.3 export by id", lambda c: sorted(c.anna.data(gql.EXPORT_ONE, id=c.paste)["paste"]), ["created", "files", "id", "visibility"]),
    ("7.3 meta show", asked(gql.ME, "cleo"), {"me": {"canonicalName": "~cleo", "email": "cleo@example.org", "url": None, "location": None, "bio": None}}),
    # ------------------------------------------------------------------ 7.4 uploads
    ("7.4 a file", uploaded(("a.txt", b"one\n")), [("a.txt", b"one\n")]),
    ("7.4 two, the last one first", uploaded(*TWO, order=[1, 0]), TWO),
    ("7.4 in every order", lambda c: [uploaded(*TWO, ("c", b"third"), order=order)(c) == [*TWO, ("c", b"third")] for order in itertools.permutations(range(3))], [True] * 6),
    ("7.4 eleven: by number, not by letters", uploaded(*((f"{number}.txt", b"x%d" % number) for number in range(11))), [(f"{number}.txt", b"x%d" % number) for number in range(11)]),
    ("7.4 without a name", uploaded((None, b"piped\n")), [(None, b"piped\n")]),
    ("7.4 without a name, 600 kB", lambda c: uploaded((None, b"0123456789abcdef" * 37_500))(c) == [(None, b"0123456789abcdef" * 37_500)], True),
    ("7.4 without a name, in UTF-8", uploaded((None, "naïve ☃\r\n".encode())), [(None, "naïve ☃\r\n".encode())]),
    ("7.4 some with, some without", uploaded(("a", b"1"), (None, b"2"), ("b", b"3"), (None, b"4")), [("a", b"1"), (None, b"2"), ("b", b"3"), (None, b"4")]),
    ("7.4 an empty name is none", mapped({"0": ["variables.files.0"]}, None, ('name="0"; filename=""', "x")), [(None, b"x")]),
    *((f"7.4 a name: {name}", uploaded((name, b"x")), [(name, b"x")]) for name in ("naïve.txt", "☃.md", "日本語.py", "a b.txt", 'say "hi".txt', "semi;colon", "dir/file.txt", "..", ".git", "pastefile1", "%41.txt", "a" * 300)),
    ("7.4 the same name twice", uploaded(("a", b"1"), ("a", b"2")), [("a", b"1"), ("a", b"2")]),
    ("7.4 the same bytes twice", lambda c: len({file["hash"] for file in c.anna.paste(c.anna.create(("a", b"1"), ("b", b"1")))["files"]}), 1),
    ("7.4 whatever its type", uploaded(("a.json", b"{}"), mime="application/octet-stream"), [("a.json", b"{}")]),
    ("7.4 CRLF stays", uploaded(("a", b"1\r\n2\r\n")), [("a", b"1\r\n2\r\n")]),
    ("7.4 what looks like a boundary stays", uploaded(("a", b"--x\r\n--x--\r\n\r\n")), [("a", b"--x\r\n--x--\r\n\r\n")]),
    ("7.4 what is no text", refused_file(("a.png", BINARY)), ("a.png is not text in UTF-8", {"field": "files"})),
    ("7.4 nor without a name", refused_file((None, BINARY)), ("a file is not text in UTF-8", {"field": "files"})),
    ("7.4 one that is no text among others", refused_file(("a", b"x"), ("b", BINARY)), ("b is not text in UTF-8", {"field": "files"})),
    ("7.4 NUL", lambda c: refused_file(("a", b"x\0"))(c)[1], {"field": "files"}),
    ("7.4 an empty file", lambda c: refused_file(("a", b""))(c)[1], {"field": "files"}),
    ("7.4 no file", lambda c: c.anna.ask("mutation { create(files: [], visibility: PUBLIC) { id } }")["errors"][0]["extensions"], {"field": "files"}),
    ("7.4 a name of two lines", lambda c: c.anna.send(b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + json.dumps({"query": gql.CREATE, "variables": {"visibility": "PUBLIC", "files": [None]}}).encode() + b"\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\": [\"variables.files.0\"]}\r\n--x\r\nContent-Disposition: form-data; filename*=utf-8''a%0Ab; name=0\r\n\r\nx\r\n--x--\r\n", **{"Content-Type": "multipart/form-data; boundary=x"}).json()["errors"][0]["extensions"], {"field": "files"}),
    *((f"7.4 {value!r} is no file", lambda c, value=value: c.anna.refused(gql.CREATE, {"files": value, "visibility": "PUBLIC"})[0], 400) for value in (None, "x", ["x"], [None], [{"filename": "a", "content": "x"}], [1], {})),
    ("7.4 nor is a literal", refused('mutation { create(files: ["x"], visibility: PUBLIC) { id } }'), (400, "A file comes as a part of a form, as the GraphQL multipart request specification has it.")),
    ("7.4 a file is nothing else", lambda c: mapped({"0": ["variables.visibility"]}, {"visibility": None, "files": []})(c)[0], 400),
    ("7.4 one part in two places", lambda c: mapped({"0": ["variables.files.0", "variables.files.1"]}, {"visibility": "PUBLIC", "files": [None, None]})(c), [("a", b"x"), ("a", b"x")]),
    ("7.4 a single file for a list", lambda c: mapped({"0": ["variables.files"]}, {"visibility": "PUBLIC", "files": None})(c), [("a", b"x")]),
    ("7.4 parts that nobody asked for", mapped({"0": ["variables.files.0"]}, None, ('name="0"', "x"), ('name="more"', "y")), [(None, b"x")]),
    *((f"7.4 map: {places!r}", lambda c, places=places: mapped(places)(c)[0], 400) for places in ([], "x", None, 1, {"0": "variables.files.0"}, {"0": [1]}, {"0": [None]}, {"1": ["variables.files.0"]}, {"0": ["variables.files.1"]}, {"0": ["variables.files.-1"]}, {"0": ["variables.files.00"]}, {"0": ["variables.files.x"]}, {"0": ["variables.files.0.x"]}, {"0": ["variables.nothing"]}, {"0": ["variables"]}, {"0": ["variables.visibility"]}, {"0": ["query"]}, {"0": [""]}, {"0": ["."]}, {"0": ["0.variables.files.0"]}, {"0": ["variables.files.0", "variables.files.0"]}, {"0": [f"variables.files.{'9' * 5000}"]}, {"0": ["variables.files.²"]}, {})),
    ("7.4 no map", lambda c: form(('name="operations"', json.dumps({"query": "{ me { id } }"})))(c), (400, "map: this part is missing")),
    ("7.4 no operations", form(('name="map"', "{}")), (400, "operations: this part is missing")),
    ("7.4 operations that are no JSON", lambda c: form(('name="operations"', "{"), ('name="map"', "{}"))(c)[0], 400),
    ("7.4 a batch", lambda c: form(('name="operations"', json.dumps([{"query": "{ me { id } }"}])), ('name="map"', "{}"))(c)[0], 400),
    ("7.4 a query without files", lambda c: form(('name="operations"', json.dumps({"query": "{ version { major } }"})), ('name="map"', "{}"))(c), VERSION),
    ("7.4 no boundary", lambda c: sent(b"--x--", Content_Type="multipart/form-data")(c)[0], 400),
    ("7.4 another boundary", lambda c: form(('name="map"', "{}"), boundary="y")(c)[0], 400),
    ("7.4 cut off", lambda c: sent(b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{}', Content_Type="multipart/form-data; boundary=x")(c)[0], 400),
    ("7.4 parts without a name", lambda c: form(("", "x"), ("", "y"))(c)[0], 400),
    # ------------------------------------------------------------------ the same elsewhere
    ("a paste made here is REST's", lambda c: c.rest(c.anna.create(*TWO, (None, b"x"), visibility="PRIVATE")).items() >= {"user": {"canonical_name": "~alice", "name": "alice"}, "visibility": "private", "files": [{"filename": name, "blob_id": hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()} for name, content in [*TWO, (None, b"x")]]}.items(), True),
    ("a paste made by REST is here", lambda c: c.anna.contents(c.anna.http.request("POST", "/api/pastes", json={"visibility": "private", "files": [{"filename": "a", "contents": "x"}, {"contents": "y"}]}).json()["sha"]), [("a", b"x"), (None, b"y")]),
    ("a gist of Opengist's is here", lambda c: c.anna.contents(sha(c.anna.http.create({"b.py": "1", "a.py": "2"})["id"])), [("a.py", b"2"), ("b.py", b"1")]),
    ("one of nobody's is here", lambda c: c.anna.data("query ($id: String!) { paste(id: $id) { user { canonicalName pastes { results { id } } } } }", id=sha(c.nobody.http.request("POST", "/api/v1/pastes", json={"files": [{"content": {"format": "text", "value": "x"}}]}).json()["result"]["id"]))["paste"]["user"], {"canonicalName": "~anonymous", "pastes": {"results": []}}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_statement(askers: dict[str, Asker], check: Check, expected: Any) -> None:
    cast = Cast(askers)
    found = check(cast)
    assert found == (expected(cast) if callable(expected) else expected)


def test_git_has_what_was_made_here_and_the_other_way_round(askers: dict[str, Asker], git: Git) -> None:
    anna = askers["anna"]
    id = anna.create(("a.txt", b"one\r\n"), ("na\u00efve.txt", "☃\n".encode()), visibility="PRIVATE")
    gist = next(each for each in anna.http.get("/api/gists").json() if sha(each["id"]) == id)
    clone = git.clone(gist["clone_url"].replace("http://", f"http://alice:{anna.http.token}@"))
    assert (clone / "a.txt").read_bytes() == b"one\r\n" and (clone / "na\u00efve.txt").read_text() == "☃\n"
    git.commit(clone, {"a.txt": b"two\n"})
    git("push", "-q", cwd=clone)
    assert anna.contents(id) == [("a.txt", b"two\n"), ("na\u00efve.txt", "☃\n".encode())]
    anna.data(gql.DELETE, id=id)
    assert git.try_("fetch", cwd=clone).returncode != 0
