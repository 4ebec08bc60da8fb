"""What apps and services talk to, fuzzed as in `doors`: GraphQL, OAuth, webhooks, and what HTTP digest guards."""

import json
from collections.abc import Iterator

from tests.api.sourcehut import gql

from .doors import BEARER, COOKIE, FORM, JSON, JSON_WORDS, MULTIPART, ORIGIN, PART, through
from .fuzz import Target
from .world import Door, World

_NAMES = (
    b"{", b"}", b"(", b")", b"...", b"fragment ", b" on Paste ", b"query ", b"mutation ", b"subscription ", b"@include(if: true)",
    b"@skip", b"__schema", b"__type", b"__typename", b"$cursor", b"pastes", b"results", b"paste(id: ", b"create(files: [null]",
    b"contents", b"user", b"visibility: PUBLIC", b'\\"', b"\\\\u{110000}", b"#", b'\\"\\"\\"', b"[Upload!]!", b"alias: ", b"1e400",
    b"createUserWebhook", b"deliveries", b"sample(event: PASTE_CREATED)", b"userWebhooks", b"version", b"me", b"\xff", b"null",
)  # fmt: skip
_WEBHOOK = """mutation hook ($url: String!) {
  createUserWebhook(config: {url: $url, events: [PASTE_CREATED], query: "query { webhook { uuid } }"}) { id }
}"""
_PKCE = b"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
_AUTHORIZE = (
    b"client_id=$CLIENT&response_type=code&scope=paste.sr.ht/PASTES:RO&state=x&redirect_uri=https://app.example/"
    + _PKCE
)
_GRANT = (
    b"grant_type=authorization_code&code=x&client_id=$CLIENT&client_secret=$HIDDEN"
    b"&redirect_uri=https://app.example/&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
_OAUTH_WORDS = (
    b"&", b"=", b"%00", b"%ff", b"+", b"%20", b"scope=", b"paste.sr.ht/PASTES:RW", b"pastes:write", b"client_id=", b"$CLIENT", b"$HIDDEN",
    b"$TOKEN", b"redirect_uri=", b"%0d%0a", b"//", b"code_challenge=", b"S256", b"plain", b"token_type_hint=", b"accept=1", b"*",
)  # fmt: skip
_APP = b"client-name=n&redirect-uri=https://app.example/"


def of_apps(world: World) -> Iterator[Target]:
    yield from _of_graphql(world)
    yield through(
        world,
        "bodies of sourcehut",
        [
            (Door("POST", b"/api/pastes", (*_TOKEN, JSON), b"<HERE>"), _PASTES),
            (Door("PUT", b"/api/pastes/$SHA", (*_TOKEN, JSON), b"<HERE>"), [b'{"visibility": "public"}']),
            (Door("POST", b"/api/pastes", (*_TOKEN, FORM), b"<HERE>"), [b"visibility=private&files=x"]),
        ],
        JSON_WORDS,
    )
    yield through(world, "OAuth", list(_of_oauth()), _OAUTH_WORDS)
    yield through(
        world,
        "webhooks",
        [
            (Door("POST", b"/-/settings/webhooks", (COOKIE, ORIGIN, FORM), b"event=gist:create&url=<HERE>"), _URLS),
            (Door("GET", b"/-/settings/webhooks/$HOOK?start=<HERE>", (COOKIE,)), [b"1", b"2147483648"]),
            (Door("GET", b"/api/pastes?start=<HERE>", _TOKEN), [b"1", b"-1"]),
        ],
        (
            b"https://",
            b"@",
            b":",
            b"[",
            b"]",
            b"0x7f.1",
            b"%31",
            b"localhost",
            b"::ffff:127.0.0.1",
            b"#",
            b"?",
            b"\\",
            b"9" * 30,
        ),
    )
    digest = ("Authorization", b"$DIGEST")
    json_ = ("Accept", b"application/json")
    yield through(
        world,
        "bodies of ownpaste",
        [
            (Door("POST", b"/paste/", (digest, JSON, json_), b"<HERE>"), _OWNPASTE),
            (Door("PATCH", b"/paste/$NUMBER/", (digest, JSON, json_), b"<HERE>"), [b"{}", *_OWNPASTE]),
        ],
        JSON_WORDS,
    )


_TOKEN = (("Authorization", b"token $TOKEN"),)
_PASTES = [
    b'{"visibility": "unlisted", "files": [{"filename": "a.py", "contents": "x"}]}',
    b'{"files": [{"filename": null, "contents": "x"}, {"contents": "y"}]}',
]
_OWNPASTE = [
    b'{"file_content": "x", "file_name": "a.py", "language": "python", "private": true}',
    b'{"file_content": "x"}',
]
_URLS = [b"https://example.org/hook?x=y", b"http://203.0.113.1:8080/", b"http://[2001:db8::1]/"]


def _of_graphql(world: World) -> Iterator[Target]:
    cursor = {"cursor": None}
    asked = [
        (gql.LIST, cursor), (gql.SHOW, {"id": "$SHA"}), (gql.UPDATE, {"id": "$SHA", "visibility": "PUBLIC"}), (gql.EXPORT, cursor),
        (gql.EXPORT_ONE, {"id": "$SHA"}), (gql.DELETE, {"id": "0" * 40}), (gql.COMPLETE, {}),
        (_WEBHOOK, {"url": "https://example.org/"}), ("query { __schema { types { name fields { name args { name } } } } }", {}),
    ]  # fmt: skip
    bodies = [json.dumps({"query": query, "variables": variables}).encode() for query, variables in asked]
    yield through(world, "GraphQL", [(Door("POST", b"/query", (BEARER, JSON), b"<HERE>"), bodies)], _NAMES)
    operations = json.dumps({"query": gql.CREATE, "variables": {"files": [None], "visibility": "PUBLIC"}}).encode()
    form = (
        PART % (b"operations", b"", operations)
        + PART % (b"map", b"", b'{"0": ["variables.files.0"]}')
        + PART % (b"0", b'; filename="a.txt"', b"x")
        + b"--xx--\r\n"
    )
    doors = [(Door("POST", b"/query", (BEARER, MULTIPART), b"<HERE>"), [form])]
    yield through(
        world, "GraphQL in forms", doors, (*_NAMES, b"variables.files.0", b'["', b"operations", b'"map"', b"--xx")
    )


def _of_oauth() -> Iterator[tuple[Door, list[bytes]]]:
    yield Door("GET", b"/oauth2/authorize?<HERE>", (COOKIE,)), [_AUTHORIZE]
    yield (
        Door("POST", b"/oauth2/authorize", (COOKIE, ORIGIN, FORM), b"<HERE>"),
        [_AUTHORIZE, _AUTHORIZE + b"&accept=1&paste.sr.ht/PASTES:RO=on"],
    )
    yield Door("GET", b"/oauth/authorize?<HERE>", (COOKIE,)), [b"client_id=$LEGACY&scopes=pastes:read&state=x"]
    yield Door("POST", b"/oauth/authorize", (COOKIE, ORIGIN, FORM), b"<HERE>"), [b"client_id=$LEGACY&accept=1&*=on"]
    yield Door("POST", b"/oauth2/access-token", (FORM,), b"<HERE>"), [_GRANT, b"grant_type=refresh_token"]
    for place in (b"introspect", b"revoke"):
        asked = b"token=$TOKEN&token_type_hint=access_token&client_id=$CLIENT&client_secret=$HIDDEN"
        yield Door("POST", b"/oauth2/" + place, (FORM,), b"<HERE>"), [asked.replace(b"$TOKEN", b"x" * 40)]
    asked = b'{"client_id": "$LEGACY", "client_secret": "x", "exchange": "y"}'
    yield Door("POST", b"/oauth/exchange", (JSON,), b"<HERE>"), [asked]
    yield Door("POST", b"/oauth2/register", (COOKIE, ORIGIN, FORM), b"<HERE>"), [_APP, _APP + b"&public=1"]
    yield (
        Door("POST", b"/oauth2/personal-token", (COOKIE, ORIGIN, FORM), b"<HERE>"),
        [b"comment=c&literal_grants=paste.sr.ht/PASTES:RO", b"grants=paste.sr.ht/PASTES&read_only=on"],
    )
