"""The page of the duty roster: who is on duty now, this week and the next, when nobody is, swaps, and alerts (B11)."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from apps.api.problems import status_of
from apps.console.admin_forms import Line
from apps.console.house_choices import house_choices
from apps.console.visit import Sent, Visit, Visiting
from apps.duty_documents import ALERT_COLUMNS, COLUMNS, alert_row, turn_row
from apps.principal_duty import KEEPS_ROSTERS, alert_acknowledged, alerts_seen, duty_seen, swap_recorded
from apps.principal_reports import refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from engine.duty.roster import Swap
from locales.translation import refusal
from locales.zone import reader_zone
from models.exact_number import EXACT
from models.instants import Instant
from models.shifts import HOUSE
from statemachines.form_model import Department, Form, Handle
from statemachines.refused import Refused
from statemachines.roles import TOP_LEVEL

router = APIRouter(prefix="/duty")

DAYS = 14
"""This week and the next."""


class SwapForm(Form):
    """Who stands in for whom, on which duty, from when until when."""

    duty_department: Department | None = None
    duty_level: Annotated[int, Field(ge=0, le=TOP_LEVEL), EXACT] = 1
    duty_person: Handle
    duty_stand_in: Handle
    duty_from: Instant
    duty_until: Instant
    duty_reason: Line


@router.get("")
def show_duty(visit: Visiting) -> HTMLResponse:
    """Show who is on duty, and offer the form of a swap."""
    return _page(visit, {})


@router.post("/swaps")
def swap_duty(visit: Visiting, entries: Sent) -> Response:
    """Record a swap."""
    refuse_others(visit.principal, KEEPS_ROSTERS)
    given = entries.given()
    try:
        form = filled(SwapForm, given, reader_zone())
        swap = Swap(
            form.duty_department or HOUSE, form.duty_level, form.duty_person, form.duty_stand_in, form.duty_from,
            form.duty_until,
        )  # fmt: skip
        swap_recorded(visit.store, visit.principal, swap, form.duty_reason, visit.working_time())
    except Refused as refused:
        return _page(visit, given, refused)
    return visit.go_to("/duty?done=duty_swapped")


@router.post("/acknowledgements")
def acknowledge_alert(visit: Visiting, entries: Sent) -> Response:
    """Acknowledge the alerts of a case."""
    try:
        alert_acknowledged(visit.store, visit.principal, entries.text("number"), visit.working_time())
    except Refused as refused:
        return _page(visit, {}, refused)
    return visit.go_to("/duty?done=duty_acknowledged")


def _page(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    plan = duty_seen(visit.store, visit.principal, visit.at, DAYS)
    reader = FormReader(visit.locale, "", house_choices(visit.store, visit.locale))
    tables = {
        name: [(turn, turn_row(visit.locale, turn)) for turn in turns]
        for name, turns in (("now", plan.now), ("gaps", plan.gaps), ("turns", plan.turns))
    }
    open_alerts = alerts_seen(visit.store, visit.principal, visit.at)
    alerts = [(alert, alert_row(visit.locale, alert)) for alert in open_alerts]
    return visit.page(
        "duty.html",
        status_of(refused) if refused else 200,
        tables=tables,
        days=DAYS,
        columns=COLUMNS,
        alerts=alerts,
        alert_columns=ALERT_COLUMNS,
        fields=form_fields(SwapForm, reader, entries, refused),
        may_swap=bool(visit.principal.actor.roles & KEEPS_ROSTERS),
        why=refusal(visit.locale, refused, on_web=True) if refused else "",
    )
