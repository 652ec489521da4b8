"""Tells who sends a request: the bearer of an API token, or the browser of somebody who logged in."""

from datetime import datetime

from fastapi import Request

from apps.api.session_cookie import principal_of_cookie
from engine.access.principal import Principal
from engine.accounts.request_allowances import RequestAllowances
from engine.accounts.tokens import principal_of_token
from engine.store import Store
from statemachines.refused import Refused

SCHEME = "bearer"
_allowances = RequestAllowances()


def authenticate(store: Store, request: Request, at: datetime) -> Principal:
    """Return whom a request comes from.

    A token comes before a cookie. Raises ``Refused('token_missing' | 'token_invalid')``, ``RateLimited`` and what
    ``principal_of_cookie`` raises.
    """
    if "authorization" not in request.headers:
        return principal_of_cookie(store, request, at)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not token:
        raise Refused("token_missing")
    address = request.client.host if request.client else ""
    return principal_of_token(store, token.strip(), at, address, _allowances)
