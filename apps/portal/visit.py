"""What every page of the portal is given of its request: the store, the instant, the language, and whose case it is."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.api.figures import Figures
from apps.api.session_cookie import check_site, is_secure
from apps.web.addresses import PORTAL
from apps.web.entries import Entries, entries_of
from apps.web.templates import rendered
from engine.access.principal import Principal
from engine.accounts.customer_keys import VISIT_LASTS, principal_of_visit, visit_cookie
from engine.accounts.log_in import network_of
from engine.accounts.sessions import check_csrf, csrf_token
from engine.clock_doubt import refuse_doubtful_clock
from engine.settings import Settings
from engine.store import Store
from locales.house_zone import house_zone
from locales.translation import catalogue, translate
from locales.zone import use_zone, zone_name
from statemachines.refused import Refused

COOKIE, SECURE_COOKIE = "closeloop-visit", "__Secure-closeloop-visit"
"""The prefix has browsers take the cookie only over an encrypted connection."""
ADDRESS_UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for a page, and with what it is answered.

    ``principal`` is None where the page is for anybody; ``csrf`` is what the forms of a case carry. ``visitor`` is the
    network address by which tries are counted; nothing of it is kept.
    """

    request: Request
    store: Store
    settings: Settings
    at: datetime
    locale: str
    figures: Figures
    visitor: str
    known: Principal | None = None
    csrf: str = ""

    @property
    def principal(self) -> Principal:
        """Return the customer of a case. Raises ``Refused('portal_visit_ended')`` where nobody is known."""
        if self.known is None:
            raise Refused("portal_visit_ended")
        return self.known

    def text(self, key: str, **params: Any) -> str:
        """Return a text of the portal in the reader's language."""
        return translate(self.locale, f"portal.{key}", **params)

    def working_time(self) -> datetime:
        """Return the instant for work that is judged by it. Raises ``Refused`` where the clock is in doubt."""
        refuse_doubtful_clock(self.store)
        return self.at

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page. ``done`` in the address names the text that says what was done before it."""
        done = self.request.query_params.get("done", "")[:40]
        shown = {
            "csrf": self.csrf,
            "key": secrets.token_hex(16),
            "at": self.at,
            "zone": zone_name(self.at),
            "here": self.request.url.path,
            "done": done if f"portal.done.{done}" in catalogue(self.locale) else "",
            "known": self.known is not None,
        }
        return HTMLResponse(rendered(f"portal/{template}", self.locale, **shown | values), status)

    def go_to(self, path: str, principal: Principal | None = None) -> RedirectResponse:
        """Answer a form that was carried out; with a principal, the browser is let to his case from now on."""
        response = RedirectResponse(f"{PORTAL}{path}", 303)
        if principal is not None:
            give_cookie(self.request, response, visit_cookie(self.store.secret, principal, self.at))
        return response


def give_cookie(request: Request, response: Response, value: str) -> None:
    """Give the browser the cookie of a visit, which takes the place of one that it had."""
    secure = is_secure(request)
    name, lasts = SECURE_COOKIE if secure else COOKIE, int(VISIT_LASTS.total_seconds())
    response.set_cookie(name, value, max_age=lasts, path=PORTAL, secure=secure, httponly=True, samesite="lax")


def forget_cookie(request: Request, response: Response) -> None:
    """Have the browser forget the visit."""
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else COOKIE
    response.delete_cookie(name, path=PORTAL, secure=secure, httponly=True, samesite="lax")


def cookie_of(request: Request) -> str:
    """Return the cookie of the visit, empty where there is none."""
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""


def _known(store: Store, request: Request, at: datetime) -> Principal | None:
    cookie = cookie_of(request)
    try:
        return principal_of_visit(store, cookie, at) if cookie else None
    except Refused as refused:
        if refused.code != "portal_visit_ended":
            raise
        return None


async def visit_of(request: Request) -> Visit:
    """Return who visits: anybody, or the customer whom the cookie lets to his case."""
    state = request.app.state
    at = state.store.now()
    known = await run_in_threadpool(_known, state.store, request, at)
    use_zone(await run_in_threadpool(house_zone, state.settings, state.store))
    visitor = network_of(request.client.host) if request.client else ADDRESS_UNKNOWN
    csrf = csrf_token(state.store.secret, cookie_of(request)) if known else ""
    return Visit(request, state.store, state.settings, at, request.state.locale, state.figures, visitor, known, csrf)


Visiting = Annotated[Visit, Depends(visit_of)]


async def sent_of(request: Request, visit: Visiting) -> Entries:
    """Return the entries of a form of our own pages. Raises ``Refused('csrf_refused')`` and as ``entries_of``."""
    check_site(request, visit.settings)
    request.state.entries = await entries_of(request)  # for the page of a refusal, which shows what was typed
    return request.state.entries


Sent = Annotated[Entries, Depends(sent_of)]


def check_own(visit: Visit, token: str) -> None:
    """Refuse a form on a case that none of our pages made: ``Refused('portal_visit_ended' | 'csrf_refused')``."""
    assert visit.principal
    check_csrf(visit.store.secret, cookie_of(visit.request), token)
