"""The session of a browser: its cookie, and the check that a write comes from one of our own pages.

Note [Our own pages]: a browser sends the cookie with requests that other sites make it send. A write is let through if
the browser says that it comes from this site (``Sec-Fetch-Site``, ``Origin``), and if it carries the session's token in
a header, which another site can neither read nor set.
"""

from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request, Response

from engine.access.principal import Principal
from engine.accounts.log_in import LogInRules
from engine.accounts.sessions import NewSession, SessionLimits, check_csrf, principal_of_session
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused

CSRF_HEADER = "X-CSRF-Token"
READS = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE, SECURE_COOKIE = "closeloop", "__Host-closeloop"
"""The prefix has browsers take the cookie from this host alone, and only over an encrypted connection."""


def limits_of(settings: Settings) -> SessionLimits:
    """Return how long sessions last by the settings."""
    return SessionLimits(settings.session_idle, settings.session_absolute)


def log_in_rules(request: Request) -> LogInRules:
    """Return how sessions last and passwords are hashed in this application."""
    state = request.app.state
    return LogInRules(sessions=limits_of(state.settings), passwords=state.passwords)


def cookie_of(request: Request) -> str | None:
    """Return what the cookie of the session holds, or None."""
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE)


def is_secure(request: Request) -> bool:
    """Return whether cookies are for encrypted connections alone: always, but at a loopback address."""
    return request.url.scheme == "https" or not is_loopback(request.url.hostname or "")


def is_loopback(host: str) -> bool:
    """Return whether a host of an address is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def set_cookie(request: Request, response: Response, session: NewSession, at: datetime) -> None:
    """Give the browser the cookie of a session, which takes the place of one that it had."""
    secure = is_secure(request)
    name, lasts = SECURE_COOKIE if secure else COOKIE, int((session.until - at).total_seconds())
    response.set_cookie(name, session.cookie, max_age=lasts, path="/", secure=secure, httponly=True, samesite="lax")


def clear_cookie(request: Request, response: Response) -> None:
    """Have the browser forget the cookie."""
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else COOKIE
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def check_site(request: Request, settings: Settings) -> None:
    """Raise ``Refused('csrf_refused')`` for a request that the browser says another site makes."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refused("csrf_refused")
    origin = request.headers.get("origin")
    if origin is not None and origin not in {_origin(str(request.base_url)), _origin(settings.public_url)}:
        raise Refused("csrf_refused")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def check_write(request: Request, store: Store, settings: Settings, cookie: str) -> None:
    """Raise ``Refused('csrf_refused')`` unless a write comes from our own page. See Note [Our own pages]."""
    if request.method in READS:
        return
    check_site(request, settings)
    check_csrf(store.secret, cookie, request.headers.get(CSRF_HEADER))


def principal_of_cookie(store: Store, request: Request, at: datetime) -> Principal:
    """Return whom the browser's session lets in.

    Raises ``Refused('token_missing' | 'session_ended' | 'second_factor_required' | 'csrf_refused')``.
    """
    settings: Settings = request.app.state.settings
    cookie = cookie_of(request)
    if cookie is None:
        raise Refused("token_missing")
    principal = principal_of_session(store, cookie, at, limits_of(settings))
    check_write(request, store, settings, cookie)
    return principal
