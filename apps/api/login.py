"""Routes of the log-in: session, second factor, password, invitation. They know the caller by his cookie alone."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response, Security
from fastapi.security import APIKeyCookie

from apps.api.addresses import PREFIX
from apps.api.login_schemas import (
    CodeInput,
    InvitationAccepted,
    InvitationCode,
    InvitationInput,
    InvitationShown,
    LogInInput,
    PasswordInput,
    SecondFactorConfirmed,
    SecretShown,
    SessionList,
    SessionListed,
    SessionOpened,
    SessionShown,
)
from apps.api.responses import READ, WRITE
from apps.api.session_cookie import COOKIE, check_site, check_write, clear_cookie, cookie_of, log_in_rules, set_cookie
from engine.accounts import log_in as logins
from engine.accounts.invitations import accept, count_acceptance, pending_invitation
from engine.accounts.sessions import (
    NewSession,
    Session,
    csrf_token,
    end_session,
    log_out,
    session_of,
    sessions,
)
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused

router = APIRouter(prefix=PREFIX, tags=["log-in"])

cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="The cookie that a log-in sets."
)


@dataclass(frozen=True, slots=True)
class Browser:
    """Who sent a request by a browser: the store, the instant, and the cookie, if there is one."""

    request: Request
    store: Store
    settings: Settings
    at: datetime

    @property
    def rules(self) -> logins.LogInRules:
        """Return the rules of a log-in by the settings."""
        return log_in_rules(self.request)

    @property
    def address(self) -> str:
        """Return where the request came from."""
        return self.request.client.host if self.request.client else ""

    @property
    def agent(self) -> str:
        """Return what the browser calls itself."""
        return self.request.headers.get("user-agent", "")

    def cookie(self) -> str:
        """Return the cookie of the session; a write must come from our own page. Raises ``Refused``."""
        cookie = cookie_of(self.request)
        if cookie is None:
            raise Refused("session_ended")
        check_write(self.request, self.store, self.settings, cookie)
        return cookie

    def session(self) -> Session:
        """Return the session, also one that lacks its second factor. Raises ``Refused('session_ended')``."""
        with self.store.looking() as tx:
            return session_of(tx, self.store.secret, self.cookie(), self.rules.sessions, self.at)

    def whole_session(self) -> Session:
        """Return a session that lacks nothing. Raises ``Refused('second_factor_required')``, too."""
        session = self.session()
        if not session.complete:
            raise Refused("second_factor_required")
        return session


def _browser(request: Request) -> Browser:
    store: Store = request.app.state.store
    return Browser(request, store, request.app.state.settings, store.now())


def _in_session(
    browser: Annotated[Browser, Depends(_browser)], _cookie: Annotated[object, Security(cookie)]
) -> Browser:
    """Return the browser; the schema says of the route that it needs a session, which the route itself looks up."""
    return browser


AnyBrowser = Annotated[Browser, Depends(_browser)]
InSession = Annotated[Browser, Depends(_in_session)]


def _opened(browser: Browser, response: Response, session: NewSession) -> dict[str, Any]:
    """Set the cookie and return what the session's document holds."""
    set_cookie(browser.request, response, session, browser.at)
    return {
        "handle": session.handle,
        "csrf": session.csrf,
        "until": session.until,
        "second_factor": session.second_factor,
    }


@router.post("/session", status_code=201, responses=WRITE)
def log_in(body: LogInInput, browser: AnyBrowser, response: Response) -> SessionOpened:
    """Log in. Whatever is wrong, the refusal is the same; after ten tries in a quarter of an hour none is read."""
    check_site(browser.request, browser.settings)
    attempt = logins.LogIn(body.handle, body.password, body.code, browser.address, browser.agent)
    return SessionOpened(**_opened(browser, response, logins.log_in(browser.store, attempt, browser.at, browser.rules)))


@router.get("/session", responses=READ)
def show_session(browser: InSession) -> SessionShown:
    """Show whose session it is, what it lacks, and the token that its writes carry."""
    session, cookie = browser.session(), browser.cookie()
    return SessionShown(
        handle=session.actor.handle,
        roles=sorted(session.actor.roles),
        csrf=csrf_token(browser.store.secret, cookie),
        complete=session.complete,
        second_factor=session.second_factor_at is not None,
    )


@router.delete("/session", status_code=204, responses=READ)
def end_own_session(browser: InSession, response: Response) -> None:
    """Log out: the session ends, and the browser forgets its cookie."""
    log_out(browser.store, browser.cookie())
    clear_cookie(browser.request, response)


@router.get("/sessions", responses=READ)
def list_sessions(browser: InSession) -> SessionList:
    """List the caller's open sessions."""
    session = browser.whole_session()
    with browser.store.looking() as tx:
        rows = sessions(tx, browser.at, session.actor.handle)
    return SessionList(
        sessions=[
            SessionListed(
                id=row.id, current=row.id == session.id, made_at=row.made_at, seen_at=row.seen_at, until=row.until,
                method=row.method, address=row.address, agent=row.agent,
            )
            for row in rows
        ]
    )  # fmt: skip


@router.delete("/sessions/{session_id}", status_code=204, responses=READ)
def end_one_session(session_id: Annotated[str, Path(max_length=40)], browser: InSession) -> None:
    """End one of the caller's sessions, wherever it was opened; an administrator may end anybody's."""
    end_session(browser.store, session_id, browser.whole_session().actor.handle)


@router.post("/password", responses=WRITE)
def change_password(body: PasswordInput, browser: InSession, response: Response) -> SessionOpened:
    """Change the password; all sessions end, and this one goes on under a new cookie."""
    session = logins.change_password(
        browser.store, browser.cookie(), body.old, body.new, browser.at, browser.rules
    )  # fmt: skip
    return SessionOpened(**_opened(browser, response, session))


@router.post("/second-factor", responses=WRITE)
def begin_second_factor(browser: InSession) -> SecretShown:
    """Make a secret for an authenticator app; it counts when a code of it is confirmed."""
    made = logins.begin_second_factor(browser.store, browser.cookie(), browser.at, browser.rules)
    return SecretShown(secret=made.secret, uri=made.uri)


@router.post("/second-factor/confirmation", responses=WRITE)
def confirm_second_factor(body: CodeInput, browser: InSession, response: Response) -> SecondFactorConfirmed:
    """Confirm the app by a code of it; all sessions end, and this one goes on under a new cookie."""
    codes, session = logins.confirm_second_factor(
        browser.store, browser.cookie(), body.code, browser.at, browser.rules
    )  # fmt: skip
    return SecondFactorConfirmed(**_opened(browser, response, session), recovery_codes=codes)


@router.post("/session/second-factor", responses=WRITE)
def give_second_factor(body: CodeInput, browser: InSession, response: Response) -> SessionOpened:
    """Give the code that a session lacks, which was opened at a provider."""
    session = logins.give_second_factor(browser.store, browser.cookie(), body.code, browser.at, browser.rules)
    return SessionOpened(**_opened(browser, response, session))


@router.post("/invitation", responses=WRITE)
def accept_invitation(body: InvitationInput, browser: AnyBrowser) -> InvitationAccepted:
    """Set the password of whoever was sent the link."""
    check_site(browser.request, browser.settings)
    count_acceptance(browser.store, browser.address, browser.at)
    return InvitationAccepted(handle=accept(browser.store, body.code, body.password, browser.at, browser.rules))


@router.post("/invitation/check", responses=WRITE)
def check_invitation(body: InvitationCode, browser: AnyBrowser) -> InvitationShown:
    """Tell whom a link is for, without using it: for the page that asks for the password."""
    check_site(browser.request, browser.settings)
    count_acceptance(browser.store, browser.address, browser.at)
    return InvitationShown(**asdict(pending_invitation(browser.store, body.code, browser.at)))
