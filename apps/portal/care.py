"""Greetings (D3): a customer agrees or withdraws on the page of his case, or by the link in each greeting.

Note [One click]: a mail program withdraws by a POST to the address in ``List-Unsubscribe`` (RFC 8058), without a
cookie, an origin or a page before it. So that address takes any POST and only ever withdraws; a GET changes nothing,
for programs follow links in mails. To agree again is a form of our own page.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.portal.visit import Sent, Visit, Visiting, check_own
from engine.accounts.customer_keys import count_move
from engine.care.consent import ConsentAnswer, check_link, record_by_link, record_own_consent
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter()

Link = Annotated[str, Path(max_length=60)]
AGREES = "yes"


@router.get("/care/{link}")
def ask_to_withdraw(visit: Visiting, link: Link) -> HTMLResponse:
    """Show the button by which greetings are withdrawn."""
    check_link(visit.store, link)
    return visit.page("care.html", link=link, state="asked")


@router.post("/care/{link}")
def withdraw_by_link(visit: Visiting, link: Link) -> HTMLResponse:
    """Withdraw: by the button, or by one click in a mail program. See Note [One click]."""
    record_by_link(visit.store, link, ConsentAnswer(given=False), visit.visitor, visit.working_time())
    return visit.page("care.html", link=link, state="withdrawn")


@router.post("/care/{link}/again")
def agree_by_link(visit: Visiting, link: Link, _entries: Sent) -> HTMLResponse:
    """Agree again, where somebody withdrew by mistake."""
    record_by_link(visit.store, link, ConsentAnswer(given=True), visit.visitor, visit.working_time())
    return visit.page("care.html", link=link, state="agreed")


@router.post("/greetings")
def answer_own(visit: Visiting, entries: Sent) -> Response:
    """Record what a customer says on the page of his case."""
    check_own(visit, entries.text("_csrf"))
    agrees = entries.text("agrees") == AGREES
    try:
        count_move(visit.store, visit.principal, visit.at)
        answer = ConsentAnswer(agrees, entries.text("birthday").strip() or None)
        record_own_consent(visit.store, visit.principal, answer, visit.working_time())
    except Refused as refused:
        return _refused(visit, refused)
    return visit.go_to(f"/case?done={'greetings_on' if agrees else 'greetings_off'}")


def _refused(visit: Visit, refused: Refused) -> HTMLResponse:
    why = refusal(visit.locale, refused, on_web=True)
    return visit.page("care.html", status_of(refused), link="", state="refused", why=why)
