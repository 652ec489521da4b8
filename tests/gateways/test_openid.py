"""A log-in at a real provider of OpenID Connect, and the answers of one that is not to be trusted."""

import base64
import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from engine.clock import system_now
from gateways.openid import Client, ProviderAway, ProviderFault, WebProvider, new_request

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.filterwarnings("ignore::DeprecationWarning")]
"""The provider uses deprecated parts of its libraries, in a thread of this process."""

BACK = "http://127.0.0.1:4280/login/oidc/callback"
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ISSUER = "https://id.example.com"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider on a free port of this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread

    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def provider_at(issuer: str, **more: Any) -> WebProvider:
    return WebProvider(replace(Client(issuer, "closeloop", "secret", BACK), **more))


def answer_of(address: str, subject: str = "amy-at-the-provider") -> dict[str, str]:
    """Log in at the provider's own page; return the query with which it sends the person back."""
    response = httpx.post(address, data={"sub": subject})
    assert response.status_code == 302, response.text
    back = response.headers["location"]
    assert back.startswith(BACK)
    return dict(parse_qsl(urlsplit(back).query))


def test_who_logs_in_at_the_provider_is_known_by_his_subject(issuer: str):
    provider, request = provider_at(issuer), new_request()
    answer = answer_of(provider.address(request))
    assert provider.subject(request, answer, system_now()) == "amy-at-the-provider"


def test_an_answer_to_another_log_in_is_refused(issuer: str):
    provider, mine, other = provider_at(issuer), new_request(), new_request()
    answer = answer_of(provider.address(other))
    with pytest.raises(ProviderFault, match="state"):
        provider.subject(mine, answer, system_now())
    with pytest.raises(ProviderFault, match="id_token"):
        provider.subject(replace(other, nonce=mine.nonce), answer, system_now())


def test_a_token_that_is_over_is_refused(issuer: str):
    provider, request = provider_at(issuer), new_request()
    answer = answer_of(provider.address(request))
    with pytest.raises(ProviderFault, match="id_token"):
        provider.subject(request, answer, system_now() + timedelta(days=1))


def test_who_is_denied_at_the_provider_is_refused(issuer: str):
    provider, request = provider_at(issuer), new_request()
    response = httpx.post(provider.address(request), data={"action": "deny"})
    answer = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    with pytest.raises(ProviderFault):
        provider.subject(request, answer | {"state": request.state}, system_now())


def test_a_provider_that_is_away_is_told_from_one_that_refuses():
    with pytest.raises(ProviderAway):
        provider_at("http://127.0.0.1:9").address(new_request())


KEY, OTHER_KEY = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
REQUEST = new_request()
CLAIMS = {
    "iss": ISSUER,
    "sub": "s",
    "aud": "closeloop",
    "nonce": REQUEST.nonce,
    "iat": int(AT.timestamp()),
    "exp": int(AT.timestamp()) + 300,
}


def token(claims: Mapping[str, Any] = CLAIMS, key: Any = KEY, alg: str = "ES256") -> str:
    return jwt.encode({"alg": alg}, dict(claims), key, algorithms=[alg])


def without(name: str) -> dict[str, Any]:
    return {claim: value for claim, value in CLAIMS.items() if claim != name}


Documents = dict[str, Any]
DOCUMENTS: Documents = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def scripted(id_token: Any, documents: Documents | None = None, keys: Any = None) -> WebProvider:
    """Return a provider whose answers are given."""
    there = {
        "/.well-known/openid-configuration": DOCUMENTS | (documents or {}),
        "/token": {"id_token": id_token},
        "/keys": KeySet([KEY]).as_dict() if keys is None else keys,
    }
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=there[request.url.path]))
    return WebProvider(Client(ISSUER, "closeloop", "secret", BACK), transport)


def test_the_verifier_of_the_log_in_is_sent_with_the_code_and_only_its_digest_before():
    """RFC 7636: whoever reads the address in a browser's history cannot use the code."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(400) if request.url.path == "/token" else httpx.Response(200, json=DOCUMENTS)

    provider = WebProvider(Client(ISSUER, "closeloop", "secret", BACK), httpx.MockTransport(answer))
    query = dict(parse_qsl(urlsplit(provider.address(REQUEST)).query))
    digest = hashlib.sha256(REQUEST.verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (query["code_challenge_method"], query["response_type"], query["scope"]) == ("S256", "code", "openid")
    assert REQUEST.verifier not in repr(query)
    with pytest.raises(ProviderFault, match="status_400"):
        provider.subject(REQUEST, ANSWER, AT)
    assert dict(parse_qsl(sent[-1].content.decode()))["code_verifier"] == REQUEST.verifier


ANSWER = {"state": REQUEST.state, "code": "c"}


def test_a_sound_token_is_accepted():
    assert scripted(token()).subject(REQUEST, ANSWER, AT) == "s"
    assert scripted(token(CLAIMS | {"aud": ["closeloop"]})).subject(REQUEST, ANSWER, AT) == "s"


BAD_TOKENS: dict[str, Callable[[], Any]] = {
    "of another issuer": lambda: token(CLAIMS | {"iss": "https://evil.example.com"}),
    "for another client": lambda: token(CLAIMS | {"aud": "another"}),
    "for others, too, and not for us": lambda: token(CLAIMS | {"aud": ["closeloop", "x"], "azp": "x"}),
    "of another log-in": lambda: token(CLAIMS | {"nonce": "n"}),
    "without a nonce": lambda: token(without("nonce")),
    "expired": lambda: token(CLAIMS | {"exp": int(AT.timestamp()) - 61}),
    "from the future": lambda: token(CLAIMS | {"iat": int(AT.timestamp()) + 61}),
    "without a subject": lambda: token(without("sub")),
    "with a subject that is no text": lambda: token(CLAIMS | {"sub": 7}),
    "without an end": lambda: token(without("exp")),
    "by another key": lambda: token(key=OTHER_KEY),
    "by a shared secret": lambda: token(key=OctKey.import_key("k" * 32), alg="HS256"),
    "unsigned": lambda: token().rpartition(".")[0] + ".",
    "no token": lambda: "x",
    "a number": lambda: 7,
    "missing": lambda: None,
}


@pytest.mark.parametrize("fault", BAD_TOKENS)
def test_a_token_that_says_anything_else_is_refused(fault: str):
    with pytest.raises(ProviderFault):
        scripted(BAD_TOKENS[fault]()).subject(REQUEST, ANSWER, AT)


@pytest.mark.parametrize(
    "documents",
    [
        {"issuer": "https://evil.example.com"},
        {"token_endpoint": "http://id.example.com/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
    ids=["another issuer", "no encryption", "a file", "no keys"],
)
def test_documents_that_lead_elsewhere_are_refused(documents: Documents):
    with pytest.raises(ProviderFault):
        scripted(token(), documents).subject(REQUEST, ANSWER, AT)


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": "x"}, []], ids=["none", "empty", "text", "list"])
def test_keys_that_are_none_are_refused(keys: Any):
    with pytest.raises(ProviderFault):
        scripted(token(), keys=keys).subject(REQUEST, ANSWER, AT)


def test_an_answer_that_names_another_issuer_is_refused():
    """RFC 9207: a provider that was made to answer for another one."""
    with pytest.raises(ProviderFault, match="issuer"):
        scripted(token()).subject(REQUEST, ANSWER | {"iss": "https://evil.example.com"}, AT)


def test_a_redirect_and_an_endless_answer_are_refused():
    for response in (
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(200, content=b" " * 1_000_001),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(500),
    ):
        transport = httpx.MockTransport(lambda _, response=response: response)
        with pytest.raises(ProviderFault):
            WebProvider(Client(ISSUER, "closeloop", "secret", BACK), transport).address(REQUEST)
