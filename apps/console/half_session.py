"""What the pages of the log-in are given that need a session but not yet its second factor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from apps.api.session_cookie import check_site, cookie_of, limits_of, log_in_rules
from apps.web.entries import Entries, entries_of
from apps.web.templates import rendered
from engine.accounts.log_in import LogInRules
from engine.accounts.sessions import Session, check_csrf, csrf_token, session_of
from engine.settings import Settings
from engine.store import Store


@dataclass(frozen=True, slots=True)
class HalfSession:
    """A session that may lack its second factor, and what its pages are answered with."""

    request: Request
    store: Store
    settings: Settings
    session: Session
    cookie: str
    at: datetime

    @property
    def rules(self) -> LogInRules:
        """Return the rules of a log-in by the settings."""
        return log_in_rules(self.request)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page whose forms carry the token of the session."""
        csrf = csrf_token(self.store.secret, self.cookie)
        return HTMLResponse(rendered(f"console/{template}", self.request.state.locale, csrf=csrf, **values), status)


def half_session(request: Request) -> HalfSession:
    """Return the session of a browser. Raises ``Refused('session_ended')``."""
    store, settings = request.app.state.store, request.app.state.settings
    cookie, at = cookie_of(request) or "", store.now()
    with store.looking() as tx:
        session = session_of(tx, store.secret, cookie, limits_of(settings), at)
    return HalfSession(request, store, settings, session, cookie, at)


InHalfSession = Annotated[HalfSession, Depends(half_session)]


async def _sent(request: Request, half: InHalfSession) -> Entries:
    check_site(request, half.settings)
    entries = await entries_of(request)
    check_csrf(half.store.secret, half.cookie, entries.text("_csrf"))
    return entries


SentInHalf = Annotated[Entries, Depends(_sent)]
