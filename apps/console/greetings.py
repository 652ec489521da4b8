"""The page of the greetings of a period: who was greeted, who was not and why, by month, and who withdrew (D3)."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.console.visit import Visiting
from apps.principal_care import greetings_seen, words_of_greetings
from reports.greeting_list import GreetingOutcome
from reports.greeting_text import COLUMNS, LISTED, figure_row, greeting_row

router = APIRouter()

Word = Annotated[str, Query(max_length=40)]
BY_MONTH = ("sent", "waiting", "withheld", "opt_outs", "agreed")


@router.get("/greetings")
def show_greetings(visit: Visiting, period: Word = "", outcome: GreetingOutcome | None = None) -> HTMLResponse:
    """Show the greetings of a period, without one of the running month; those listed perhaps of one outcome."""
    seen = greetings_seen(visit.store, visit.principal, period or None, outcome, visit.at)
    words = words_of_greetings(visit.store, visit.locale, visit.at)
    months = [
        (month.name, figures.sent, figures.waiting, figures.withheld, figures.opt_outs, figures.agreed)
        for month, figures in seen.months
    ]
    return visit.page(
        "greetings.html", seen=seen, words=words, period=seen.period.name, outcome=outcome or "",
        outcomes=[each.value for each in GreetingOutcome], months=months, month_heads=BY_MONTH, heads=COLUMNS,
        rows=[figure_row(each, words) for each in seen.total.occasions], listed=LISTED,
        lines=[(line.number, *greeting_row(line, words)[1:]) for line in seen.greetings],
    )  # fmt: skip
