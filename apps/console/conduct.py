"""The pages of samples of contacts: draws, what one drew, and the figures of what was scored (F5)."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.conduct_forms import DrawForm
from apps.console.house_choices import house_choices
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_conduct import (
    SCORES_CONDUCT,
    conduct_figures_seen,
    draw_for,
    draw_seen,
    draws_seen,
    period_of,
)
from apps.principal_reports import refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from engine.conduct.draws import WantedSample
from locales.translation import refusal
from locales.zone import reader_zone
from reports.conduct_figures import GroupedBy
from statemachines.refused import Refused

router = APIRouter(prefix="/conduct")

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
MONTH = timedelta(days=30)
"""How far back the figures reach where no day is chosen."""


@router.get("")
def list_draws(visit: Visiting) -> HTMLResponse:
    """List the draws, with the form of a new one."""
    return _draws(visit, {})


@router.post("/draws")
def draw_sample(visit: Visiting, entries: Sent) -> Response:
    """Draw a sample."""
    refuse_others(visit.principal, SCORES_CONDUCT)
    given = entries.given()
    try:
        form = filled(DrawForm, given, reader_zone())
        since, until = period_of(form.first_day, form.last_day)
        wanted = WantedSample(
            form.conduct_channel, since, until, form.sample_size, form.department, form.staff_member
        )  # fmt: skip
        key = entries.text("_key") or None
        draw_id = draw_for(visit.store, visit.principal, wanted, visit.working_time(), key)
    except Refused as refused:
        return _draws(visit, given, refused)
    return visit.go_to(f"/conduct/draws/{draw_id}?done=drawn")


@router.get("/draws/{draw_id}")
def show_draw(draw_id: Id, visit: Visiting) -> HTMLResponse:
    """Show a draw: from what it was drawn, whether it gives the same again, and its contacts."""
    seen = draw_seen(visit.store, visit.principal, draw_id, visit.at)
    return visit.page("conduct_draw.html", seen=seen, draw=seen.draw, last_day=last_day)


@router.get("/figures")
def show_figures(
    visit: Visiting,
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    by: GroupedBy = GroupedBy.PERSON,
) -> HTMLResponse:
    """Show how scored contacts were found, of the last thirty days where no day is chosen."""
    today = visit.at.astimezone(reader_zone()).date()
    last, first, why = today, today - MONTH, ""
    try:
        first, last = _day(since) or first, _day(until) or last
        groups = conduct_figures_seen(visit.store, visit.principal, *period_of(first, last), by)
    except Refused as refused:
        if refused.code not in {"bad_date", "period_reversed"}:
            raise
        groups, why = [], refusal(visit.locale, refused, on_web=True)
    values = {"since": first, "until": last, "by": by.value, "sorts": [each.value for each in GroupedBy]}
    return visit.page("conduct_figures.html", groups=groups, why=why, **values)


def last_day(until: datetime) -> datetime:
    """Return an instant of the last day of a period that ends before ``until``."""
    return until - timedelta.resolution


def _day(text: str) -> date | None:
    """Return the day that was typed, None for none. Raises ``Refused('bad_date')``."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_date", value=text[:40]) from None
    if not 1970 <= day.year < 2200:
        raise Refused("bad_date", value=text[:40])
    return day


def _draws(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    draws = draws_seen(visit.store, visit.principal)
    reader = FormReader(visit.locale, "", house_choices(visit.store, visit.locale))
    values = {
        "fields": form_fields(DrawForm, reader, entries, refused),
        "may_draw": bool(visit.principal.actor.roles & SCORES_CONDUCT),
        "why": refusal(visit.locale, refused, on_web=True) if refused else "",
        "last_day": last_day,
    }
    return visit.page("conduct.html", status_of(refused) if refused else 200, draws=draws, **values)
