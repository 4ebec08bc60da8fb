"""The OpenAPI documents tell the truth."""

import re
from collections.abc import Iterator

import pytest
import requests
import yaml
from openapi_spec_validator import validate

from gistd.api import opengist, ownpaste, pastegg, ranna, sourcehut
from gistd.core.access import Scope
from gistd.describe import Description
from gistd.http import Face
from tests.api import property_test
from tests.harness import Client, Server

DIALECTS = [(dialect.face, dialect.DESCRIPTION) for dialect in (opengist, ownpaste, pastegg, ranna, sourcehut)]
each_dialect = pytest.mark.parametrize(("face", "described"), DIALECTS, ids=[face.name for face, _ in DIALECTS])


def document_of(nobody: Client, face: Face) -> requests.Response:
    path = next(route.path for route in face.routes if route.name == "show_document")
    return nobody.get((face.url_prefix or "") + path)


@each_dialect
def test_the_document_is_valid(nobody: Client, face: Face, described: Description) -> None:
    answer = document_of(nobody, face)
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    document = yaml.safe_load(answer.text)
    assert document["openapi"].startswith("3.1")
    validate(document)


@each_dialect
def test_every_route_is_in_it(nobody: Client, face: Face, described: Description) -> None:
    document = yaml.safe_load(document_of(nobody, face).text)
    written = {(method, path) for path, item in document["paths"].items() for method in item}
    routes = {
        (route.method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path.removeprefix(described.prefix))): route
        for route in face.routes
        if route.name != "show_document" and route.path.startswith(described.prefix)
    }
    assert written == set(routes)
    assert {route.name for route in routes.values()} == set(described.details)
    for (method, path), route in routes.items():
        operation = document["paths"][path][method]
        assert operation["summary"] == route.summary != ""
        assert not isinstance(route.scope, Scope) or operation["security"] == [{"token": []}]


def test_opengists_tells_the_scopes(nobody: Client) -> None:
    document = yaml.safe_load(nobody.get("/api/openapi.yaml").text)
    for route in opengist.face.routes:
        if isinstance(route.scope, Scope):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
            assert route.scope in document["paths"][path][route.method.lower()]["description"]


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("unlimited"), rate_limits="false").start()
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize(
    ("name", "least"), [("opengist", 400), ("ownpaste", 80), ("pastegg", 200), ("ranna", 80), ("sourcehut", 80)]
)
def test_made_up_requests_find_nothing(unlimited: Server, name: str, least: int) -> None:
    # The same ones each time; the script makes up new ones.
    code, requests, words = property_test.run(unlimited, name, 2, "--seed", "6157")
    assert code == 0, words
    assert requests > least
