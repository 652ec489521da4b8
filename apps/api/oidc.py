"""Routes of the log-in at a provider of OpenID Connect: there, and back.

What is kept meanwhile lies encrypted in a cookie of the browser that began the log-in: the answer is worth nothing in
another one.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from apps.api.responses import READ
from apps.api.session_cookie import cookie_of, is_secure, limits_of, log_in_rules, set_cookie
from engine.accounts.oidc_links import METHOD, Identity, link_own, log_in_by_identity
from engine.accounts.sealing import seal, unseal
from engine.accounts.sessions import Visitor, session_of
from engine.settings import Settings
from gateways.openid import Client, LogInRequest, OpenIdProvider, ProviderAway, ProviderFault, WebProvider, new_request
from statemachines.refused import Refused

T = TypeVar("T")

router = APIRouter(prefix="/login/oidc", tags=["log-in"])

PURPOSE = "oidc request"
COOKIE, SECURE_COOKIE = "closeloop-oidc", "__Secure-closeloop-oidc"
LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider's."""
AFTERWARDS = "/"


def provider_of(settings: Settings) -> OpenIdProvider:
    """Return the provider of the settings. Raises ``Refused('oidc_off')`` without one, or without its secret."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_secret_file is None:
        raise Refused("oidc_off")
    try:
        secret = settings.oidc_secret_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Refused("oidc_off") from None
    back = f"{settings.public_url.rstrip('/')}{router.prefix}/callback"
    return WebProvider(Client(settings.oidc_issuer, settings.oidc_client_id, secret, back))


def _asked(ask: Callable[[], T]) -> T:
    """Return what the provider answers. Raises ``Refused('oidc_away' | 'oidc_refused')``."""
    try:
        return ask()
    except ProviderAway:
        raise Refused("oidc_away") from None
    except ProviderFault as fault:
        raise Refused("oidc_refused", why=fault.why) from None


@router.get("", status_code=303, response_class=RedirectResponse, responses=READ)
def go_to_provider(request: Request) -> RedirectResponse:
    """Send the browser to the provider's log-in."""
    wanted, address = begin_at_provider(request)
    response = RedirectResponse(address, status_code=303)
    remember(request, response, wanted)
    return response


def begin_at_provider(request: Request) -> tuple[LogInRequest, str]:
    """Return a new request to the provider, and the address of its log-in.

    Raises ``Refused('oidc_off' | 'oidc_away' | 'oidc_refused')``.
    """
    wanted = new_request()
    return wanted, _asked(lambda: provider_of(request.app.state.settings).address(wanted))


def remember(request: Request, response: Response, wanted: LogInRequest, session_id: str = "") -> None:
    """Keep a request in the browser until it comes back; with a session, to link the identity to its account."""
    store = request.app.state.store
    text, at = json.dumps([wanted.state, wanted.nonce, wanted.verifier, session_id]), store.now()
    secure = is_secure(request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE, seal(store.secret, PURPOSE, text, at), path=router.prefix, secure=secure,
        max_age=int(LASTS.total_seconds()), httponly=True, samesite="lax",
    )  # fmt: skip


@router.get("/callback", status_code=303, response_class=RedirectResponse, responses=READ)
def come_back(request: Request) -> RedirectResponse:
    """Open the session of whoever comes back from the provider, if his identity there is linked to an account.

    Whoever went there from his own session to link an identity keeps that session.
    """
    store, settings, at = request.app.state.store, request.app.state.settings, request.app.state.store.now()
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else COOKIE
    sealed = request.cookies.get(name)
    if sealed is None:
        raise Refused("oidc_refused", why="no_log_in")
    *kept, session_id = json.loads(unseal(store.secret, PURPOSE, sealed, at, LASTS))
    wanted = LogInRequest(*kept)
    subject = _asked(lambda: provider_of(settings).subject(wanted, dict(request.query_params), at))
    response = RedirectResponse(AFTERWARDS, status_code=303)
    response.delete_cookie(name, path=router.prefix, secure=secure, httponly=True, samesite="lax")
    if session_id:
        link_own(store, _who_began(request, session_id, at), Identity(settings.oidc_issuer, subject), at)
        return response
    visitor = Visitor(request.client.host if request.client else "", request.headers.get("user-agent", ""), METHOD)
    rules = log_in_rules(request)
    session = log_in_by_identity(store, Identity(settings.oidc_issuer, subject), visitor, at, rules)
    set_cookie(request, response, session, at)
    return response


def _who_began(request: Request, session_id: str, at: datetime) -> str:
    """Return the handle of the session that began to link. Raises ``Refused('session_ended')`` in any other one."""
    store, cookie = request.app.state.store, cookie_of(request)
    if cookie is None:
        raise Refused("session_ended")
    with store.looking() as tx:
        session = session_of(tx, store.secret, cookie, limits_of(request.app.state.settings), at)
    if session.id != session_id or not session.complete:
        raise Refused("session_ended")
    return session.actor.handle
