"""Log in at a provider of OpenID Connect: the code flow with PKCE, state and nonce (OpenID Connect Core 1.0).

The provider's documents are read anew for each log-in: a log-in is rare, and a provider changes its keys.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import urlencode, urlsplit

import httpx

TIMEOUT = 5.0
"""Seconds for each request to the provider."""
LARGEST = 1_000_000
"""The largest answer that is read, in bytes."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""How an ID token may be signed: never unsigned, and never by a secret that both sides know."""


class ProviderFault(Exception):
    """The provider answered what is not accepted; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class ProviderAway(Exception):
    """The provider cannot be reached."""


@dataclass(frozen=True, slots=True)
class LogInRequest:
    """What is kept of a log-in while the person is at the provider's: nobody else's answer fits it."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider, and where it sends people back to."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str


def new_request() -> LogInRequest:
    """Return random values for one log-in."""
    return LogInRequest(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(64))


class OpenIdProvider(Protocol):
    def address(self, request: LogInRequest) -> str:
        """Return where the person is sent to log in. Raises ``ProviderAway`` and ``ProviderFault``."""
        ...

    def subject(self, request: LogInRequest, answer: Mapping[str, str], at: datetime) -> str:
        """Return who logged in, from the query with which he came back. Raises ``ProviderAway``, ``ProviderFault``."""
        ...


class WebProvider:
    """A provider on the network."""

    def __init__(self, client: Client, transport: httpx.BaseTransport | None = None) -> None:
        self._client, self._transport = client, transport

    def address(self, request: LogInRequest) -> str:
        from authlib.oauth2 import rfc7636

        query: dict[str, str] = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": "openid",
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": cast(Any, rfc7636).create_s256_code_challenge(request.verifier),
            "code_challenge_method": "S256",
        }
        address = _endpoint(self._documents(), "authorization_endpoint")
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"

    def subject(self, request: LogInRequest, answer: Mapping[str, str], at: datetime) -> str:
        if not hmac.compare_digest(answer.get("state", "").encode(), request.state.encode()):
            raise ProviderFault("state")
        if answer.get("iss", self._client.issuer) != self._client.issuer:  # RFC 9207
            raise ProviderFault("issuer")
        if "error" in answer or not answer.get("code"):
            raise ProviderFault("denied")
        documents = self._documents()
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": request.verifier,
        }
        auth = httpx.BasicAuth(self._client.client_id, self._client.secret)
        token = self._ask("POST", _endpoint(documents, "token_endpoint"), data=form, auth=auth).get("id_token")
        if not isinstance(token, str):
            raise ProviderFault("no_id_token")
        keys = self._ask("GET", _endpoint(documents, "jwks_uri"))
        return self._claimed(token, keys, request.nonce, at)

    def _documents(self) -> Mapping[str, Any]:
        issuer = self._client.issuer
        documents = self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if documents.get("issuer") != issuer:
            raise ProviderFault("issuer")
        return documents

    def _claimed(self, token: str, keys: Mapping[str, Any], nonce: str, at: datetime) -> str:
        """Return the subject of an ID token that is signed by the provider, for us, for this log-in, and in time."""
        from authlib.common.errors import AuthlibBaseError
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            decoded: Any = jwt.decode(token, KeySet.import_key_set(cast(Any, keys)), algorithms=ALGORITHMS)
            client = self._client
            expected = {
                "iss": {"essential": True, "value": client.issuer},
                "aud": {"essential": True, "value": client.client_id},
                "sub": {"essential": True},
            }
            params = {"client_id": client.client_id, "nonce": nonce}
            claims: Any = CodeIDToken(decoded.claims, decoded.header, expected, params)
            claims.validate(now=int(at.timestamp()), leeway=LEEWAY)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderFault("id_token") from error
        subject = decoded.claims["sub"]
        if not isinstance(subject, str):
            raise ProviderFault("id_token")
        return subject

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        """Return a JSON object from the provider. No redirect is followed."""
        _check_address(address)
        try:
            with httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self._transport) as web:
                with web.stream(method, address, headers={"Accept": "application/json"}, **more) as response:
                    body = b""
                    for part in response.iter_bytes():
                        body += part
                        if len(body) > LARGEST:
                            raise ProviderFault("too_large")
                if response.status_code != HTTPStatus.OK:
                    raise ProviderFault(f"status_{response.status_code}")
        except httpx.HTTPError as error:
            raise ProviderAway from error
        return _object(body)


def _object(body: bytes) -> dict[str, Any]:
    import orjson

    try:
        answer = orjson.loads(body)
    except ValueError as error:
        raise ProviderFault("no_json") from error
    if not isinstance(answer, dict):
        raise ProviderFault("no_json")
    return cast(dict[str, Any], answer)


def _endpoint(documents: Mapping[str, Any], name: str) -> str:
    address = documents.get(name)
    if not isinstance(address, str):
        raise ProviderFault("no_endpoint")
    _check_address(address)
    return address


def _check_address(address: str) -> None:
    """Raise ``ProviderFault('not_https')`` for an address that others could read or answer on the way."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}):
        raise ProviderFault("not_https")


@dataclass
class FakeProvider:
    """Lets in whom its ``subjects`` name by their codes, and refuses every other code."""

    subjects: Mapping[str, str]

    def address(self, request: LogInRequest) -> str:
        return f"https://id.example.com/authorize?{urlencode({'state': request.state})}"

    def subject(self, request: LogInRequest, answer: Mapping[str, str], at: datetime) -> str:
        if answer.get("state") != request.state:
            raise ProviderFault("state")
        if answer.get("code") not in self.subjects:
            raise ProviderFault("denied")
        return self.subjects[answer["code"]]
