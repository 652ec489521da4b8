"""The page on which an agent who speaks with a customer makes a code for him, to be read out or printed (H4)."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from apps.api.problems import status_of
from apps.console.admin_forms import Line
from apps.console.case_page import CaseNumber
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import RECOGNISES, refuse_others
from apps.principal_views import case_seen
from apps.web.addresses import PORTAL
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from engine.accounts.access_codes import AccessCode, ProofGiven, make_access_code
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.form_model import Form
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}/access-code")

Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ProofForm(Form):
    """What the customer says of himself, and why he is given a code."""

    customer: Line
    phone: Phone | None = None
    shipment: Phone | None = None
    reason: Line


@router.get("")
def ask_for_proof(number: CaseNumber, visit: Visiting) -> HTMLResponse:
    """Ask what proves that somebody is the customer of the case."""
    refuse_others(visit.principal, RECOGNISES)
    return _page(visit, number)


@router.post("")
def hand_code(number: CaseNumber, visit: Visiting, entries: Sent) -> HTMLResponse:
    """Make a code and show it this once; show the form again where the customer is not proved."""
    refuse_others(visit.principal, RECOGNISES)
    given = entries.given()
    try:
        form = filled(ProofForm, given, reader_zone())
        proof = ProofGiven(form.customer, form.phone, form.shipment)
        made = make_access_code(visit.store, visit.principal, number, proof, form.reason, visit.working_time())
    except Refused as refused:
        if refused.code == "unknown_case":
            raise
        return _page(visit, number, given, refused)
    return _page(visit, number, made=made)


def _page(
    visit: Visit,
    number: str,
    entries: dict[str, str] | None = None,
    refused: Refused | None = None,
    made: AccessCode | None = None,
) -> HTMLResponse:
    case = case_seen(visit.store, visit.principal, number, visit.at).case
    return visit.page(
        "access_code.html",
        200 if refused is None else status_of(refused),
        case=case,
        fields=form_fields(ProofForm, FormReader(visit.locale, case.kind), entries or {}, refused),
        why=refusal(visit.locale, refused, on_web=True) if refused else "",
        made=made,
        portal=visit.settings.portal_url or PORTAL,
    )
