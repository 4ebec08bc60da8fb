"""OAuth 2.0 as its RFCs have it, on Authlib: what the page that asks people and the endpoints for programs share.

The code grant (RFC 6749) with PKCE (RFC 7636, S256 alone), introspection (RFC 7662), revocation (RFC 7009), metadata
(RFC 8414), and the issuer in every answer that goes by way of the browser (RFC 9207).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, OAuth2Payload
from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Response, json, request
from werkzeug.exceptions import BadRequest

from gistd.core import oauth, oauthclients, scopes
from gistd.core.scopes import Word
from gistd.errors import Invalid, Unauthenticated
from gistd.http import base_url, client_address
from gistd.index import Credential, OAuthClient, OAuthCode, User, now

FORM = "application/x-www-form-urlencoded"
_CONFIDENTIAL = ["client_secret_basic", "client_secret_post"]
_AUTH_METHODS = [*_CONFIDENTIAL, "none"]
_ERRORS_EXPLAINED = "https://www.rfc-editor.org/rfc/rfc6749#section-"


class _Sent(OAuth2Payload):
    """The parameters of the current request: those of the form, if one was sent, else those of the address."""

    @property
    def data(self) -> Any:
        return request.form if request.method == "POST" else request.args

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, self.data.lists())


class _Request(OAuth2Request):
    """The current request. Whether it comes over TLS is the operator's business, as it is everywhere."""

    def __init__(self) -> None:
        super().__init__(request.method, "https://gistd/", headers=request.headers)
        self.payload = _Sent()

    @property
    def form(self) -> Any:
        return request.form


class _Client(ClientMixin):
    """An app, as Authlib wants to see it."""

    def __init__(self, client: OAuthClient) -> None:
        self.app = client

    def get_client_id(self) -> str:
        return str(self.app.public_id)

    def get_default_redirect_uri(self) -> str:
        return str(self.app.redirect_uri)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return oauthclients.leads_to(self.app, redirect_uri)

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(word.text for word in scopes.grants(scope))

    def check_client_secret(self, client_secret: str) -> bool:
        try:
            oauthclients.check_secret(self.app, client_secret, client_address())
        except Unauthenticated as error:
            raise InvalidGrantError(error.message) from error
        return True

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in (["none"] if oauthclients.is_public(self.app) else _CONFIDENTIAL)

    def check_response_type(self, response_type: str) -> bool:
        return True  # there is one kind of app; what it may ask for is looked at by the grant

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == CodeGrant.GRANT_TYPE


class _Code:
    """A code, as Authlib wants to see it."""

    code_challenge_method = "S256"

    def __init__(self, code: OAuthCode, registered: str) -> None:
        self.row = code
        self.code_challenge = code.challenge
        # Where it was not said at first where to go, it may be said now, as it is registered.
        sent = request.form.get("redirect_uri")
        self._redirect_uri = registered if sent and code.redirect_uri is None else code.redirect_uri

    def get_redirect_uri(self) -> str | None:
        return self._redirect_uri

    def get_scope(self) -> str:
        return str(self.row.words)


class CodeGrant(AuthorizationCodeGrant):
    """The one grant that there is."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTH_METHODS
    granted: Sequence[Word] = ()

    @property
    def app(self) -> OAuthClient:
        """Who asks."""
        client: _Client = self.request.client
        return client.app

    @property
    def words(self) -> list[Word]:
        """What is asked for."""
        return scopes.grants(self.request.scope)

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: _Client) -> str:
        asked = request.payload.redirect_uri
        if asked and not client.check_redirect_uri(asked):
            raise InvalidRequestError("This app was not registered with that redirect_uri")
        return client.get_default_redirect_uri()

    def validate_requested_scope(self) -> None:
        payload = self.request.payload
        if not payload.response_type:
            raise InvalidRequestError("response_type is required")
        if payload.response_type != "code":
            raise UnsupportedResponseTypeError("The one response_type that there is is code")
        try:
            if not scopes.grants(payload.scope or ""):
                raise InvalidScopeError("scope is required")
        except Invalid as error:
            raise InvalidScopeError("There is no such scope") from error

    def generate_authorization_code(self) -> str:
        sent = self.request.payload.data
        redirect_uri, challenge = sent.get("redirect_uri") or None, sent.get("code_challenge") or None
        return oauth.allow(self.request.user, self.app, self.granted, redirect_uri, challenge)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        pass  # it is there since it was made

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        found = oauth.code(client.app, code)
        return _Code(found, client.get_default_redirect_uri()) if found else None

    def authenticate_user(self, authorization_code: _Code) -> User:
        user: User = authorization_code.row.user
        return user

    def generate_token(self, *_: Any, **__: Any) -> dict[str, Any]:
        given = oauth.exchange(self.request.authorization_code.row)
        if given is None:
            raise InvalidGrantError("Invalid 'code' in request.")
        seconds = round((given.expires_at - now()).total_seconds())
        return {"access_token": given.token, "token_type": "bearer", "expires_in": seconds, "scope": given.words}

    def save_token(self, token: dict[str, Any]) -> None:
        pass  # as with the code

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        pass  # it is kept for a while, spent


class _Pkce(CodeChallenge):
    """Of the two methods the one that hides something; it cannot be left out by an app that has no secret."""

    DEFAULT_CODE_CHALLENGE_METHOD = "plain"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        sent = grant.request.payload.data
        if sent.get("code_challenge"):
            if sent.get("code_challenge_method") != "S256":
                raise InvalidRequestError("code_challenge_method must be S256")
        elif oauthclients.is_public(grant.app):
            raise InvalidRequestError("code_challenge is required of an app without a secret")
        super().validate_code_challenge(grant, redirect_uri)


class _Token:
    """An access token, as Authlib wants to see it."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def check_client(self, client: _Client) -> bool:
        return bool(self.credential.client == client.app)


class _OfToken:
    """What the two endpoints share that are asked about a token."""

    CLIENT_AUTH_METHODS = _AUTH_METHODS

    def check_params(self, request: OAuth2Request, client: _Client | None) -> None:
        if not request.form.get("token"):
            raise InvalidRequestError("token is required")

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Token | None:
        found = oauth.token(token_string)
        return _Token(found) if found else None


class _Revocation(_OfToken, RevocationEndpoint):
    def revoke_token(self, token: _Token, request: OAuth2Request) -> None:
        oauth.revoke(token.credential)


class _Introspection(_OfToken, IntrospectionEndpoint):
    """Whoever has a token may ask what it is: they could as well use it."""

    def authenticate_endpoint_client(self, request: OAuth2Request) -> None:
        return None

    def check_permission(self, token: _Token, client: None, request: OAuth2Request) -> bool:
        return True

    def create_introspection_payload(self, token: _Token | None) -> dict[str, Any]:
        if token is None:
            return {"active": False}
        found = token.credential
        said = {
            "active": True,
            "client_id": found.client and found.client.public_id,
            "username": found.user.username,
            "token_type": "bearer",
            "exp": _seconds(found.expires_at),
            "iat": _seconds(found.created_at),
        }
        return {name: value for name, value in said.items() if value is not None}


class _Server(AuthorizationServer):
    def query_client(self, client_id: str) -> _Client | None:
        found = oauthclients.find(client_id)
        return _Client(found) if found else None

    def create_oauth2_request(self, request: Any) -> _Request:
        return _Request()

    def get_authorization_grant(self, request: OAuth2Request) -> CodeGrant:
        grant = CodeGrant(request, self)
        _Pkce()(grant)
        return grant

    def send_signal(self, name: str, *_: Any, **__: Any) -> None:
        pass

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Response:
        if status == 302:
            return away(dict(headers)["Location"], {"iss": base_url()})
        return Response(json.dumps(body), status, headers=dict(headers))

    def handle_error_response(self, request: OAuth2Request | None, error: OAuth2Error) -> Response:
        error.description = error.description or error.error.replace("_", " ")
        error.uri = _ERRORS_EXPLAINED + ("4.1.2.1" if error.redirect_uri else "5.2")
        return self.handle_response(*error(error.uri))


_server = _Server()
_server.register_grant(CodeGrant, [_Pkce()])
_server.register_endpoint(_Revocation)
_server.register_endpoint(_Introspection)

# ---------------------------------------------------------------------- by way of the browser


def away(redirect_uri: str, said: dict[str, str]) -> Response:
    """Send people back to an app with this to say, beside what its address says already."""
    headers = {"Location": add_params_to_uri(redirect_uri, said), "Cache-Control": "no-store"}
    return Response(status=302, headers=headers)


def asked(user: User) -> CodeGrant | Response:
    """What an app asks the user for; or the answer to it that there can be no such thing. Raises BadRequest where it
    is not certain whom to answer: then it is for the user to read."""
    try:
        grant: CodeGrant = _server.get_consent_grant(None, user)
    except OAuth2Error as error:
        if error.redirect_uri:
            return _server.handle_error_response(None, error)
        raise BadRequest(error.description) from error
    return grant


def answer(grant: CodeGrant, user: User, granted: Sequence[Word]) -> Response:
    """Send the app the code for what was granted; without any of that, that the user declined."""
    grant.granted = granted
    response: Response = _server.create_authorization_response(grant.request, user if granted else None, grant)
    return response


# ---------------------------------------------------------------------- for programs


def token() -> Response:
    """The token endpoint."""
    return _checked([_check_form, _check_authorization, _check_grant_type], _server.create_token_response)


def revocation() -> Response:
    """The endpoint that ends a token."""
    end = partial(_server.create_endpoint_response, _Revocation.ENDPOINT_NAME)
    return _checked([_check_form, _check_authorization], end)


def introspection() -> Response:
    """The endpoint that tells what a token is."""
    return _checked([_check_form], partial(_server.create_endpoint_response, _Introspection.ENDPOINT_NAME))


def metadata() -> dict[str, Any]:
    """What there is, and where."""
    here = base_url()
    return {
        "issuer": here,
        "authorization_endpoint": f"{here}/oauth2/authorize",
        "token_endpoint": f"{here}/oauth2/access-token",
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "scopes_supported": [word.text for word in scopes.all_grants()],
        "response_types_supported": ["code"],
        "grant_types_supported": [CodeGrant.GRANT_TYPE],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{here}/-/api",
        "introspection_endpoint": f"{here}/oauth2/introspect",
        "introspection_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": f"{here}/oauth2/revoke",
        "revocation_endpoint_auth_methods_supported": _AUTH_METHODS,
    }


def _checked(checks: Sequence[Callable[[], None]], answer: Callable[[], Response]) -> Response:
    try:
        for check in checks:
            check()
    except OAuth2Error as error:
        return _server.handle_error_response(None, error)
    return answer()


def _check_form() -> None:
    if request.mimetype != FORM:
        raise InvalidRequestError(f"Content-Type must be {FORM}")
    if any(len(values) > 1 for values in request.form.listvalues()):
        raise InvalidRequestError("A parameter was sent twice")


def _check_authorization() -> None:
    """An app says who it is in one way."""
    if "Authorization" not in request.headers:
        return
    basic = request.authorization
    if basic is None or basic.type != "basic":
        raise InvalidClientError("Authorization must be Basic", status_code=401)
    if "client_secret" in request.form:
        raise InvalidRequestError("The secret was sent twice: in the header and in the body")


def _check_grant_type() -> None:
    if not request.form.get("grant_type"):
        raise InvalidRequestError("grant_type is required")


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None
