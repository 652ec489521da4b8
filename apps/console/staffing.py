"""The page that says how many people keep which promise: the check on the past first, then what is foretold."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.api.problems import status_of
from apps.console.visit import Visit, Visiting
from apps.principal_reports import READS_FIGURES, refuse_others
from apps.principal_staffing import StaffingAsked, question_of, staffing_seen
from engine.departments import departments
from locales.translation import refusal
from reports.staffing.staffing_text import (
    check_table,
    desk_table,
    heading,
    interval_table,
    scenario_table,
    silences,
    smallest_texts,
)
from statemachines.refused import Refused

router = APIRouter(prefix="/staffing")

Word = Annotated[str, Query(max_length=40)]
FIELDS: tuple[str, ...] = ("pack", "department", "people", "shift", "demand", "target")


@router.get("")
def show_staffing(
    visit: Visiting, pack: Word = "", department: Word = "", people: Word = "", shift: Word = "", demand: Word = "",
    target: Word = "", simulate: Word = "",
) -> HTMLResponse:  # fmt: skip
    """Show the form; with ``simulate`` the answer below it, which takes some seconds."""
    refuse_others(visit.principal, READS_FIGURES)
    given = (pack, department, people.strip(), shift, demand, target)
    entries: dict[str, str] = dict(zip(FIELDS, given, strict=True))
    with visit.store.looking() as tx:
        known = sorted(departments(tx))
    values: dict[str, Any] = {"entries": entries, "departments": known, "said": None, "why": ""}
    if not simulate:
        return visit.page("staffing.html", **values)
    try:
        return visit.page("staffing.html", **values | _said(visit, _asked(entries)))
    except Refused as refused:
        why = refusal(visit.locale, refused, on_web=True)
        return visit.page("staffing.html", status_of(refused), **values | {"why": why})


def _asked(entries: dict[str, str]) -> StaffingAsked:
    """Return what was typed; an empty field asks for nothing else than now. Raises ``Refused('staffing_number')``."""
    now = StaffingAsked()
    return StaffingAsked(
        entries["pack"] or None, entries["department"] or None, entries["people"] or None,
        shift=int(_number(entries["shift"], now.shift)), demand=_number(entries["demand"], now.demand),
        target=_number(entries["target"], now.target),
    )  # fmt: skip


def _number(text: str, otherwise: float) -> float:
    """Return a number that was typed, or another one where nothing was. Raises ``Refused('staffing_number')``."""
    if not text.strip():
        return otherwise
    digits = text.strip().removeprefix("-").replace(".", "", 1)
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 8):
        raise Refused("staffing_number", given=text)
    return float(text)


def _said(visit: Visit, asked: StaffingAsked) -> dict[str, Any]:
    locale, question = visit.locale, question_of(asked)
    answer = staffing_seen(visit.store, visit.principal, asked, visit.at)
    return {
        "said": heading(answer, locale),
        "check": check_table(answer, locale),
        "silences": list(silences(answer, locale)),
        "scenarios": scenario_table(answer, locale),
        "tables": [interval_table(answer, locale), desk_table(answer, locale)],
        "smallest": list(smallest_texts(answer, question, locale)),
    }
