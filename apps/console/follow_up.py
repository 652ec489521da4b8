"""The page on which a customer's further contact about a case is taken down."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from apps.api.problems import INTERNAL, status_of
from apps.console.contact_form import FurtherContact, contact_fields, contact_of
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_intake import case_promised
from apps.principal_moves import follow_up_for
from apps.web.entries import Entries
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.refused import Refused

router = APIRouter()

TAKEN_OVER = "_taken_over"
"""The contact was typed as a new one: what was typed is shown again, to be recorded on the case."""


@router.get("/cases/{number}/follow-up")
def ask_follow_up(visit: Visiting, number: str) -> HTMLResponse:
    """Show the empty form."""
    return _page(visit, number, {})


@router.post("/cases/{number}/follow-up")
def record_follow_up(visit: Visiting, number: str, entries: Sent) -> Response:
    """Record what the customer says; a case that can take it no more is followed by a new one."""
    if TAKEN_OVER in entries:
        return _page(visit, number, {"channel": entries.text("channel"), "text": _all_words(entries)})
    try:
        at = visit.working_time()
        contact = contact_of(FurtherContact, "follow_up", entries.given(), reader_zone(), at)
        key = entries.text("_key") or None
        answer = follow_up_for(visit.store, visit.principal, number, contact, key, at)
    except Refused as refused:
        return _page(visit, number, entries, refused)
    return visit.go_to(f"/cases/{answer.number}?done=followed_up")


def _all_words(entries: Entries) -> str:
    """Return everything that was typed of the matter: the subject, the text and the demand."""
    return "\n\n".join(filter(None, (entries.text(name) for name in ("subject", "text", "demand"))))


def _page(visit: Visit, number: str, entries: Any, refused: Refused | None = None) -> HTMLResponse:
    row, promises = case_promised(visit.store, visit.principal, number, visit.at)
    given = {name: entries[name] for name in FurtherContact.model_fields if name in entries}
    why = ""
    if refused is not None:
        shown = Refused("unavailable") if refused.code in INTERNAL else refused
        why = visit.text("contact.faulty") if refused.code == "form" else refusal(visit.locale, shown, on_web=True)
    return visit.page(
        "follow_up.html", 200 if refused is None else status_of(refused), row=row, promises=promises, why=why,
        fields=contact_fields(FurtherContact, visit.locale, given, refused),
    )  # fmt: skip
