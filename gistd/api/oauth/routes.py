"""The endpoints: that of sourcehut's older flow, and those of OAuth 2.0, whose words are in gistd/oauth2.py."""

from typing import Any

from flask import Response, jsonify, request

from gistd import oauth2
from gistd.core import house, oauth, oauthclients
from gistd.core.access import NOBODY, Actor, Open
from gistd.errors import Invalid, Unauthenticated
from gistd.http import Face, client_address

from .. import NotJson, parse, require_enabled

MAX_BODY = 64 * 1024
_LEGACY = "/oauth/exchange"
_METADATA = "/.well-known/oauth-authorization-server"
_TOKEN, _INTROSPECT, _REVOKE = "/oauth2/access-token", "/oauth2/introspect", "/oauth2/revoke"
_OPEN_TO_ALL_SITES = (_TOKEN, _INTROSPECT, _METADATA)


def _nobody() -> Actor:
    """An app says by its own means who it is."""
    require_enabled()
    return NOBODY


def _error(status: int, message: str, error: Exception) -> Response:
    if request.path == _LEGACY:
        fields = error.fields if isinstance(error, Invalid) else {}
        said: list[dict[str, str]] = [{"field": name, "reason": words[0]} for name, words in fields.items()]
        response = jsonify(errors=said or [{"reason": message}])
        response.status_code = 400 if status == 422 else status
    else:
        names = {403: "access_denied", 429: "temporarily_unavailable", 503: "temporarily_unavailable"}
        name = names.get(status, "invalid_request" if status < 500 else "server_error")
        response = jsonify(error=name, error_description=message)
        response.status_code = status
    return response


face = Face("oauth", _nobody, _error, f"({'|'.join((_LEGACY, _TOKEN, _INTROSPECT, _REVOKE, _METADATA))})$")


@face.before_request
def _limit_body() -> None:
    request.max_content_length = min(MAX_BODY, house.settings.max_request_bytes)


@face.after_app_request
def _headers(response: Response) -> Response:
    """Scripts of any site may ask: there is no cookie that would be looked at."""
    if face.is_asked() and request.path in _OPEN_TO_ALL_SITES:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Methods"] = "OPTIONS, GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
    return response


@face.get(_METADATA, scope=Open.EVERYBODY)
def metadata(_: Actor) -> Response:
    """What there is of OAuth 2.0, and where (RFC 8414)."""
    return jsonify(oauth2.metadata())


@face.post(_TOKEN, scope=Open.EVERYBODY)
def token(_: Actor) -> Response:
    """A token for a code."""
    return oauth2.token()


@face.post(_INTROSPECT, scope=Open.EVERYBODY)
def introspect(_: Actor) -> Response:
    """What a token is (RFC 7662)."""
    return oauth2.introspection()


@face.post(_REVOKE, scope=Open.EVERYBODY)
def revoke(_: Actor) -> Response:
    """The end of a token, as its app wishes (RFC 7009)."""
    return oauth2.revocation()


@face.post(_LEGACY, scope=Open.EVERYBODY)
def exchange(_: Actor) -> Response:
    """A token for an exchange token, in sourcehut's older flow."""
    sent = _sent()
    client = oauthclients.find(sent["client_id"], legacy=True)
    if client is None:
        raise Invalid("Unknown client ID")
    try:
        oauthclients.check_secret(client, sent["client_secret"], client_address())
    except Unauthenticated as error:
        raise Invalid(error.message) from error
    code = oauth.code(client, sent["exchange"])
    given = oauth.exchange_legacy(code) if code else None
    if given is None:
        raise Invalid("Exchange token expired")
    response = jsonify(token=given.token, expires=given.expires_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    response.headers["Cache-Control"] = "no-store"
    return response


def _sent() -> dict[str, str]:
    """What was sent, as JSON or as a form. Raises Invalid."""
    body = request.get_data()
    is_json = request.is_json or body.lstrip().startswith(b"{")
    sent: Any = _parsed(body) if is_json else request.form
    wanted = ("client_id", "client_secret", "exchange")
    problems = {name: [f"{name} is required"] for name in wanted if not sent.get(name)}
    problems |= {
        name: [f"{name} should be a str"] for name in wanted if sent.get(name) and not isinstance(sent[name], str)
    }
    if problems:
        raise Invalid("not all that is needed was sent", problems)
    return {name: sent[name] for name in wanted}


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = parse(body)
    except NotJson as error:
        raise Invalid("Invalid JSON provided") from error
    if not isinstance(parsed, dict):
        raise Invalid("Expected JSON dictionary")
    return parsed
