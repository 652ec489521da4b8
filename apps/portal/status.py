"""The ways to one's own case: by its number and a code that is sent to the address on file, or by a letter's link."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path
from fastapi.responses import HTMLResponse, Response

from apps.portal.visit import Sent, Visit, Visiting, forget_cookie
from apps.principal_portal import send_code
from engine.accounts.attempt_limits import RateLimited
from engine.accounts.customer_keys import ask_for_code, visit_by_code, visit_by_link
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter()


@router.get("/status")
@router.get("/track")
def ask_for_number(visit: Visiting) -> HTMLResponse:
    """Show the form that asks for the number of a case, or of an order whose goods are to be tracked."""
    return visit.page("status.html", number="", why="", orders=visit.request.url.path.endswith("/track"))


@router.post("/status")
@router.post("/track")
def send_a_code(visit: Visiting, entries: Sent, later: BackgroundTasks) -> Response:
    """Answer alike for every number; where a customer has a case of it, the code is sent after the answer."""
    number, at = entries.text("number"), visit.working_time()
    orders = visit.request.url.path.endswith("/track")
    if not number:
        return visit.page("status.html", 422, number="", why=visit.text("status.missing"), orders=orders)
    try:
        ticket = ask_for_code(visit.store, number, visit.visitor, at)
    except RateLimited as limited:
        why = refusal(visit.locale, limited, on_web=True)
        answer = visit.page("status.html", 429, number=number[:40], why=why, orders=orders)
        answer.headers["Retry-After"] = str(limited.retry_after)
        return answer
    later.add_task(send_code, visit.store, ticket, visit.settings.locale, at)
    return _code_form(visit, ticket, 200)


@router.post("/code")
def enter_code(visit: Visiting, entries: Sent) -> Response:
    """Let in whoever gives the code that was sent to him."""
    ticket = entries.text("ticket")
    try:
        principal = visit_by_code(visit.store, ticket, entries.text("code"), visit.visitor, visit.working_time())
    except Refused as refused:
        status = 429 if isinstance(refused, RateLimited) else 422
        return _code_form(visit, ticket, status, refusal(visit.locale, refused, on_web=True))
    return visit.go_to("/case", principal)


def _code_form(visit: Visit, ticket: str, status: int, why: str = "") -> HTMLResponse:
    return visit.page("code.html", status, ticket=ticket, why=why)


@router.get("/link/{link}")
def follow_link(visit: Visiting, link: Annotated[str, Path(max_length=120)]) -> Response:
    """Let in whoever has the link of a letter; the address that his browser then shows holds it no more."""
    return visit.go_to("/case", visit_by_link(visit.store, link, visit.visitor, visit.at))


@router.post("/leave")
def leave(visit: Visiting, _entries: Sent) -> Response:
    """End the visit: the browser forgets the case."""
    response = visit.go_to("/?done=left")
    forget_cookie(visit.request, response)
    return response
