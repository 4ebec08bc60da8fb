"""Talking to /query as clients do: hut, with its odd forms, and sourcehutx."""

import itertools
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from email.utils import encode_rfc2231
from typing import Any

import requests

from tests.harness import Client

CREATE = """mutation createPaste ($files: [Upload!]!, $visibility: Visibility!) {
	create(files: $files, visibility: $visibility) {
		id
		user {
			canonicalName
		}
	}
}"""
LIST = """query pastes ($cursor: Cursor) {
	pastes(cursor: $cursor) {
		results {
			id
			created
			visibility
			files {
				filename
			}
		}
		cursor
	}
}"""
SHOW = """query showPaste ($id: String!) {
	paste(id: $id) {
		id
		created
		visibility
		files {
			filename
			contents
		}
		user {
			canonicalName
		}
	}
}"""
DELETE = "mutation delete ($id: String!) {\n\tdelete(id: $id) {\n\t\tid\n\t}\n}"
UPDATE = """mutation update ($id: String!, $visibility: Visibility!) {
	update(id: $id, visibility: $visibility) {
		id
	}
}"""
COMPLETE = """query pasteCompletionList {
	pastes {
		results {
			id
			files {
				filename
			}
		}
	}
}"""
_CONTENTS = "fragment pasteContents on Paste { id created visibility files { filename contents } }"
EXPORT = f"""query pasteContents ($cursor: Cursor) {{
	pastes(cursor: $cursor) {{
		results {{
			... pasteContents
		}}
		cursor
	}}
}}
{_CONTENTS}"""
EXPORT_ONE = (
    f"query pasteContentsByID ($id: String!) {{\n\tpaste(id: $id) {{\n\t\t... pasteContents\n\t}}\n}}\n{_CONTENTS}"
)
ME = """query fetchMe {
	me {
		... user
	}
}
fragment user on User {
	canonicalName
	email
	url
	location
	bio
}"""
SUBSCRIBE = """mutation createUserWebhook ($config: UserWebhookInput!) {
	createUserWebhook(config: $config) {
		id
	}
}"""
SUBSCRIPTIONS = """query userWebhooks ($cursor: Cursor) {
	userWebhooks(cursor: $cursor) {
		results {
			id
			url
		}
		cursor
	}
}"""
UNSUBSCRIBE = "mutation deleteUserWebhook ($id: Int!) {\n\tdeleteUserWebhook(id: $id) {\n\t\tid\n\t}\n}"
HUT = [CREATE, LIST, SHOW, DELETE, UPDATE, COMPLETE, EXPORT, EXPORT_ONE, ME, SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE]
"""The operations of hut 0.6, selection by selection."""

File = tuple[str | None, bytes]
"""A file that is sent: its name, if it has one, and its bytes."""


class Asker:
    """Queries in somebody's name."""

    def __init__(self, client: Client) -> None:
        self.http = client
        self.name = client.name

    def send(self, body: Any, **headers: str) -> requests.Response:
        """A body as it is; an object as hut writes it."""
        if not isinstance(body, bytes | str) and not isinstance(body, Iterator):
            body = json.dumps(body) + "\n"
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json", **headers}
        response = self.http.request("POST", "/query", data=body, headers=headers)
        assert response.headers["Content-Type"] == "application/json", response.text
        return response

    def ask(self, query: str, variables: Any = None, **more: Any) -> dict[str, Any]:
        """The whole answer to a query that is one."""
        response = self.send({"query": query, "variables": variables, **more})
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, query: str, **variables: Any) -> Any:
        """What a query answers that nothing is wrong with."""
        answer = self.ask(query, variables or None)
        assert list(answer) == ["data"], answer
        return answer["data"]

    def problem(self, query: str, **variables: Any) -> Any:
        """The one error of a query, and the field of the input that it is about."""
        (error,) = self.ask(query, variables)["errors"]
        return error["message"], error.get("extensions", {}).get("field")

    def refused(self, query: str, variables: Any = None) -> Any:
        """The status and the first words of what is no query."""
        response = self.send({"query": query, "variables": variables})
        assert list(response.json()) == ["errors"], response.text
        return response.status_code, response.json()["errors"][0]["message"]

    # ------------------------------------------------------------------ files

    def upload(self, *files: File, visibility: str = "UNLISTED", query: str = CREATE, **options: Any) -> dict[str, Any]:
        """What a paste of these files is answered with, sent as hut sends them."""
        type, form = hut_form(query, {"visibility": visibility}, files, **options)
        response = self.send(iter(form), **{"Content-Type": type})
        assert response.status_code == 200, response.text
        return response.json()

    def create(self, *files: File, visibility: str = "UNLISTED") -> str:
        """The id of a new paste."""
        answer = self.upload(*(files or [("a.txt", b"one\n")]), visibility=visibility)
        assert list(answer) == ["data"], answer
        return answer["data"]["create"]["id"]

    def paste(self, id: str) -> Any:
        fields = "id created visibility files { filename hash contents } user { canonicalName }"
        return self.data(f"query ($id: String!) {{ paste(id: $id) {{ {fields} }} }}", id=id)["paste"]

    def contents(self, id: str) -> list[tuple[str | None, bytes]]:
        """The files of a paste, each fetched from where it says that it is."""
        found = [(file["filename"], self.http.get(file["contents"])) for file in self.paste(id)["files"]]
        assert all(answer.status_code == 200 for _, answer in found)
        return [(name, answer.content) for name, answer in found]


def hut_form(
    query: str, variables: Any, files: Sequence[File], order: Iterable[int] | None = None, mime: str = "text/plain"
) -> tuple[str, list[bytes]]:
    """The type of a form and its pieces as the GraphQL library of hut makes them: every part in a piece of its own, the
    files in any order, with their file names first and unquoted names."""
    boundary = secrets.token_hex(30)
    keys = [f"files.{number}" for number in range(len(files))]
    operations = {"query": query, "variables": {**variables, "files": [None] * len(files)}}
    places = {key: [f"variables.{key}"] for key in keys}
    parts = [
        ('form-data; name="operations"', "application/json", json.dumps(operations).encode() + b"\n"),
        ('form-data; name="map"', "application/json", json.dumps(places).encode() + b"\n"),
    ]
    for number in order or reversed(range(len(files))):
        name, content = files[number]
        parts.append((f"form-data{_filename(name)}; name={keys[number]}", mime, content))
    pieces = [
        b"--%s\r\nContent-Disposition: %s\r\nContent-Type: %s\r\n\r\n%s\r\n"
        % (boundary.encode(), disposition.encode(), kind.encode(), content)
        for disposition, kind, content in parts
    ]
    return f"multipart/form-data; boundary={boundary}", [*pieces, f"--{boundary}--\r\n".encode()]


def _filename(name: str | None) -> str:
    """As Go writes it: only what must be quoted is, and what is not ASCII is percent-encoded."""
    if not name:
        return ""
    if not name.isascii():
        return f"; filename*={encode_rfc2231(name, 'utf-8')}"
    token = set("!#$%&'*+-.^_`|~") | set(map(chr, itertools.chain(range(48, 58), range(65, 91), range(97, 123))))
    return f"; filename={name}" if set(name) <= token else '; filename="{}"'.format(name.replace('"', r"\""))
