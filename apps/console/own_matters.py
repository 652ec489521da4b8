"""The pages of the matters that concern the visitor himself: what was decided, until when he answers, his form."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_moves import WantedMove, move_for
from apps.principal_own_matters import own_matter_seen, own_matters_seen, was_answered
from apps.variable_views import entered, field_label
from apps.web.entries import Entries
from apps.web.form_entries import form_values
from apps.web.form_fields import FormReader, errors_by_field, form_fields
from engine.access.own_matters import OwnDecision
from locales.translation import refusal
from locales.zone import reader_zone
from reports.indicators.names import indicator_names_at
from statemachines.refused import Refused

router = APIRouter(prefix="/own-matters")

CaseNumber = Annotated[str, Path(max_length=100)]


@router.get("")
def list_own_matters(visit: Visiting) -> HTMLResponse:
    """List the matters in which the visitor is asked something; until he is asked there is nothing to see."""
    return visit.page("own_matters.html", matters=own_matters_seen(visit.store, visit.principal, visit.at))


@router.get("/{number}")
def show_own_matter(visit: Visiting, number: CaseNumber) -> HTMLResponse:
    """Show his part of one matter, with the form of each answer that he may give."""
    return _page(visit, number)


@router.post("/{number}")
def answer_own_matter(visit: Visiting, number: CaseNumber, entries: Sent) -> Response:
    """Record his answer; where it is refused, show the page again with what was typed."""
    key, move = entries.text("_key") or None, entries.text("_move")
    if was_answered(visit.store, visit.principal, number, key):  # a double click: the matter is hidden from him since
        return visit.go_to("/own-matters?done=answered_own")
    matter = own_matter_seen(visit.store, visit.principal, number, visit.at)
    try:
        offered = next((each for each in matter.moves if each.name == move), None)
        if offered is None:
            raise Refused("unknown_case", number=number)
        form = form_values(offered.form, entries.given(), reader_zone())
        seq = int(entries.text("_seq")) if entries.text("_seq").isdecimal() else None
        wanted, at = WantedMove(number, move, form, seq), visit.working_time()
        move_for(visit.store, visit.principal, wanted, key, at)
    except Refused as refused:
        return _page(visit, number, move, entries, refused)
    visit.figures.moved(matter.case.kind, move)
    return visit.go_to("/own-matters?done=answered_own")


def _page(
    visit: Visit, number: str, move: str = "", entries: Entries | None = None, refused: Refused | None = None
) -> HTMLResponse:
    matter = own_matter_seen(visit.store, visit.principal, number, visit.at)
    reader = FormReader(visit.locale, matter.case.kind)
    forms = []
    for own in matter.moves:
        typed, why = (entries or {}, refused) if own.name == move else ({}, None)
        forms.append((own.name, form_fields(own.form, reader, typed, why)))
    at_field = bool(errors_by_field(refused, visit.locale))
    return visit.page(
        "own_matter.html", status_of(refused) if refused else 200, matter=matter, forms=forms,
        decision=_decision(visit, matter.case.kind, matter.decision),
        why=refusal(visit.locale, refused, on_web=True) if refused and not at_field else "",
    )  # fmt: skip


def _decision(visit: Visit, kind: str, decision: OwnDecision | None) -> list[tuple[str, Any]]:
    """Return label and value of each field of the decision that says something."""
    said, names = decision.said.items() if decision else (), indicator_names_at(visit.store, visit.at)
    return [
        (field_label(visit.locale, kind, name), entered(visit.locale, kind, name, value, names))
        for name, value in said
        if value not in (None, "", 0)
    ]
