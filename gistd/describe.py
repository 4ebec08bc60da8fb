"""A dialect as an OpenAPI 3.1 document.

Paths, methods and scopes come from the routes, what may be sent from the shapes that read it: neither can drift.
What is answered is described by the dialect, and held against real answers by a test.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.yaml_utils import dict_to_yaml
from flask import Response

from gistd.core.access import Actor, Open, Scope
from gistd.http import Face, Route

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2024-01-01T00:00:00Z"]}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
ANYTHING: Schema = {}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(optional: Mapping[str, Schema] | None = None, /, **properties: Schema) -> Schema:
    """An object that has all of these properties, perhaps the optional ones, and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
        "additionalProperties": False,
    }


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def query(name: str, description: str, schema: Schema, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, "required": required}


def header(description: str, schema: Schema) -> Schema:
    return {"description": description, "schema": schema}


def in_json(schema: Schema, description: str, headers: Schema | None = None) -> Schema:
    """An answer."""
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


BYTES: Schema = {"description": "The bytes.", "content": {"*/*": {"schema": {}}}}
NOTHING: Schema = {"204": {"description": "Done."}}
TOO_LONG: Schema = {"414": {"description": "The URL is too long.", "content": {"text/html": {"schema": STRING}}}}


@dataclass(frozen=True, eq=False)
class Description:
    """What the routes of a dialect do not tell.

    `server` is the address of the API, `prefix` what its described routes begin with before what follows that address.
    `details` is by the names of the views: `responses`, and where there are any `parameters`, `body`, `example` and
    `security`. `always` tells what every route may answer. `words` is who may use a route.
    """

    title: str
    about: str
    server: str
    token: Schema
    schemas: Mapping[str, Schema]
    details: Mapping[str, Schema]
    always: Callable[[Route], Schema]
    words: Callable[[Scope | Open], str]
    path_parameters: Mapping[str, Schema]
    prefix: str = ""


@cache
def document(face: Face, described: Description) -> Schema:
    """The document, for the routes of the face."""
    spec = APISpec(
        title=described.title,
        version="1.0.0",
        openapi_version="3.1.0",
        info={"description": described.about, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": described.server}],
        plugins=[MarshmallowPlugin()],
    )
    for name, schema in described.schemas.items():
        spec.components.schema(name, schema)
    spec.components.security_scheme("token", described.token)
    for route in face.routes:
        if route.name in described.details and route.path.startswith(described.prefix):
            path = _template(route.path.removeprefix(described.prefix))
            spec.path(path, operations={route.method.lower(): _operation(described, route, path)})
    plain: Schema = json.loads(json.dumps(spec.to_dict()))  # what is used twice stands there twice
    return plain


def _template(path: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _operation(described: Description, route: Route, path: str) -> Schema:
    details = described.details[route.name]
    names = re.findall(r"{(\w+)}", path)
    parameters = [_path_parameter(described, name) for name in names] + details.get("parameters", [])
    operation = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{path}").strip("_"),
        "summary": route.summary,
        "description": described.words(route.scope),
        "security": details.get("security") or ([{"token": []}] if needs_token(route.scope) else [{}, {"token": []}]),
        "parameters": parameters,
        "responses": dict(sorted({**details["responses"], **described.always(route)}.items())),
    }
    if "body" in details:
        content = {"application/json": {"schema": details["body"], "example": details["example"]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameter(described: Description, name: str) -> Schema:
    schema = dict(described.path_parameters.get(name, STRING))
    description = schema.pop("description", f"The {name} of what is asked for.")
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def needs_token(scope: Scope | Open) -> bool:
    return isinstance(scope, Scope) or scope is Open.SIGNED_IN


@cache
def as_yaml(face: Face, described: Description) -> str:
    return str(dict_to_yaml(document(face, described), {"sort_keys": False, "allow_unicode": True}))


def show(face: Face, path: str, described: Description) -> None:
    """Let the face show its document at this path, as YAML."""

    @face.get(path, scope=Open.EVERYBODY)
    def show_document(_: Actor) -> Response:
        """This document."""
        return Response(as_yaml(face, described), content_type="application/yaml; charset=utf-8")
