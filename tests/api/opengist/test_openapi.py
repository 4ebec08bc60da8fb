"""The OpenAPI document tells the truth."""

import re
from collections.abc import Callable

import yaml
from openapi_spec_validator import validate

from gistd.api.opengist import openapi
from gistd.api.opengist.routes import face
from gistd.core.access import Scope
from tests.harness import Client, Server

from . import property_test


def test_the_document_is_valid(nobody: Client) -> None:
    answer = nobody.get("/api/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    document = yaml.safe_load(answer.text)
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_in_it(nobody: Client) -> None:
    document = yaml.safe_load(nobody.get("/api/openapi.yaml").text)
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    routes = {
        (route.method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)): route
        for route in face.routes
        if route.name != "show_document"
    }
    assert described == set(routes)
    assert {route.name for route in routes.values()} == set(openapi.DETAILS)
    for (method, path), route in routes.items():
        operation = document["paths"][path][method]
        assert operation["summary"] == route.summary != ""
        assert not isinstance(route.scope, Scope) or route.scope in operation["description"]


def test_made_up_requests_find_nothing(own_server: Callable[..., Server]) -> None:
    server = own_server(rate_limits="false").start()
    # The same ones each time; the script makes up new ones.
    code, requests, words = property_test.run(server, 10, "--seed", "6157")
    assert code == 0, words
    assert requests > 1000
    server.stop()
    assert "Traceback" not in server.log.read_text()
