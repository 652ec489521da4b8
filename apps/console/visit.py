"""What every page of the console is given of its request: who is logged in, the store, the instant, the language."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from apps.api.figures import Figures
from apps.api.session_cookie import check_site, cookie_of, limits_of
from apps.console.navigation import current_page, navigation_for
from apps.web.addresses import CONSOLE
from apps.web.entries import Entries, entries_of
from apps.web.templates import rendered
from apps.web.uploads import SentFiles, sent_files
from engine.access.principal import Principal
from engine.accounts.sessions import check_csrf, csrf_token, principal_of_session
from engine.clock_doubt import refuse_doubtful_clock
from engine.settings import Settings
from engine.store import Store
from locales.house_zone import house_zone
from locales.translation import translate
from locales.zone import ReaderZone, use_zone, zone_name
from statemachines.refused import Refused

VIA = "console"
FRAGMENT_HEADER = "HX-Request"
"""Scripts of a page send it where they ask for a part of a page."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for a page, and with what it is answered. ``csrf`` is what its forms carry."""

    request: Request
    principal: Principal
    store: Store
    settings: Settings
    at: datetime
    locale: str
    csrf: str
    figures: Figures

    @property
    def fragment(self) -> bool:
        """Return whether a script asks for a part of the page."""
        return FRAGMENT_HEADER in self.request.headers

    def text(self, key: str, **params: Any) -> str:
        """Return a text of the console in the reader's language: ``text("queue.title")``."""
        return translate(self.locale, f"console.{key}", **params)

    def working_time(self) -> datetime:
        """Return the instant for work that is judged by it. Raises ``Refused`` where the clock is in doubt."""
        refuse_doubtful_clock(self.store)
        return self.at

    def html(self, template: str, **values: Any) -> str:
        """Return a page or a fragment of the console, rendered."""
        navigation = navigation_for(self.principal)
        return rendered(
            f"console/{template}",
            self.locale,
            me=self.principal.actor,
            csrf=self.csrf,
            key=secrets.token_hex(16),
            at=self.at,
            zone=zone_name(self.at),
            simulated=self.store.simulated,
            sandbox=self.request.app.state.sandbox.loaded(),
            here=self.request.url.path,
            query=self.request.url.query,
            navigation=navigation,
            current=current_page(navigation, self.request.url.path),
            done=self.request.query_params.get("done", "")[:200],
            **values,
        )

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page. ``done`` in the address names the text that says what was done before it."""
        return HTMLResponse(self.html(template, **values), status)

    def go_to(self, path: str) -> RedirectResponse:
        """Answer a form that was carried out: the browser reads the page ``path`` of the console."""
        return RedirectResponse(f"{CONSOLE}{path}", 303)


def _recognised(request: Request, at: datetime) -> tuple[Principal, str, ReaderZone]:
    """Return whom the cookie lets in, the token of his forms, and the zone in which he reads."""
    store, settings = request.app.state.store, request.app.state.settings
    cookie = cookie_of(request)
    if cookie is None:
        raise Refused("token_missing")
    principal = principal_of_session(store, cookie, at, limits_of(settings), VIA)
    return principal, csrf_token(store.secret, cookie), house_zone(settings, store, principal.actor.handle)


async def visit_of(request: Request) -> Visit:
    """Return who visits. Raises ``Refused('token_missing' | 'session_ended' | 'second_factor_required')``."""
    state = request.app.state
    at = state.store.now()
    principal, csrf, zone = await run_in_threadpool(_recognised, request, at)
    use_zone(zone)  # in the context of this request, which its route inherits
    return Visit(request, principal, state.store, state.settings, at, request.state.locale, csrf, state.figures)


Visiting = Annotated[Visit, Depends(visit_of)]


async def sent_of(request: Request, visit: Visiting) -> Entries:
    """Return the entries of a form of our own pages. Raises ``Refused('csrf_refused')`` and as ``entries_of``."""
    check_site(request, visit.settings)
    entries = await entries_of(request)
    cookie = cookie_of(request)
    check_csrf(visit.store.secret, cookie or "", entries.text("_csrf"))
    return entries


Sent = Annotated[Entries, Depends(sent_of)]


async def sent_with_files(request: Request, visit: Visiting) -> SentFiles:
    """Return the entries and files of a form of our own pages. Raises as ``sent_of`` and for files out of bounds."""
    check_site(request, visit.settings)
    sent = await sent_files(request, visit.settings)
    check_csrf(visit.store.secret, cookie_of(request) or "", sent.entries.text("_csrf"))
    return sent


SentWithFiles = Annotated[SentFiles, Depends(sent_with_files)]
