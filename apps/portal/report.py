"""Report a violation without a name: a receipt code is shown once, and with it the answer is read and written to.

Nothing is kept of who reports: no name, no number, and no network address, which counts tries under a keyed digest that
is dropped when its window ends.
"""

from secrets import token_hex

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.case_documents import contact_from
from apps.api.problems import status_of
from apps.portal.contact import MOST_TEXT, contact_fields
from apps.portal.visit import Sent, Visit, Visiting
from apps.principal_portal import open_own_case
from apps.web.form_fields import errors_by_field
from engine.access.scope import REPORT
from engine.accounts.attempt_limits import RateLimited
from engine.accounts.customer_keys import count_contact, outsider, receipt_of, visit_by_receipt
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter()


@router.get("/report")
def show_report_form(visit: Visiting) -> HTMLResponse:
    """Show the form of a report, and that of a receipt code."""
    return _page(visit)


@router.post("/report")
def take_report(visit: Visiting, entries: Sent) -> Response:
    """Open a case for a report; answer with its receipt code, which is shown here alone."""
    try:
        at = visit.working_time()
        contact = contact_from("open", contact_fields(visit, REPORT, {"text": entries.text("text")}, at))
        count_contact(visit.store, visit.visitor, at)
        key = entries.text("_key") or token_hex(16)
        answer = open_own_case(visit.store, outsider(visit.store, at), contact, REPORT, key, at)
    except Refused as refused:
        return _page(visit, typed=entries.text("text"), refused=refused)
    return visit.page("receipt.html", receipt=receipt_of(visit.store.secret, answer.number))


@router.post("/receipt")
def enter_receipt(visit: Visiting, entries: Sent) -> Response:
    """Let in whoever gives the receipt code of a report."""
    try:
        principal = visit_by_receipt(visit.store, entries.text("receipt"), visit.visitor, visit.at)
    except Refused as refused:
        return _page(visit, wrong=refused)
    return visit.go_to("/case", principal)


def _page(
    visit: Visit, typed: str = "", refused: Refused | None = None, wrong: Refused | None = None
) -> HTMLResponse:  # fmt: skip
    error = errors_by_field(refused, visit.locale).get("text", "")
    why = "" if refused is None or error else refusal(visit.locale, refused, on_web=True)
    failed = refused or wrong
    answer = visit.page(
        "report.html",
        200 if failed is None else status_of(failed),
        typed=typed,
        longest=MOST_TEXT,
        error=error,
        why=why,
        wrong=refusal(visit.locale, wrong, on_web=True) if wrong else "",
    )
    if isinstance(failed, RateLimited):
        answer.headers["Retry-After"] = str(failed.retry_after)
    return answer
