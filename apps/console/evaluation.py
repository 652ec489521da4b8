"""The page of the evaluation of a period: figures, causes by numbers, plans, and the reports to take home (E3, B7)."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.console.indicators import typed_instant
from apps.console.visit import Visiting
from apps.form_choices import periods_before
from apps.principal_care import SEES_GREETINGS
from apps.principal_evaluation import evaluation_seen
from apps.principal_indicators import reads_figures
from apps.principal_regulator import TAKES_PACK
from apps.principal_supervision import SUPERVISES, evaluation_supervision_seen
from reports.complaint_analysis_text import SHOWN
from reports.evaluation_report_text import cause_name, figure_rows, plan_row
from reports.evaluation_supervision_text import selective_text
from reports.indicators.indicator_text import short
from reports.indicators.pareto import MOST

router = APIRouter()

Word = Annotated[str, Query(max_length=40)]
LISTED = 40
"""The most case numbers of a row."""


@router.get("/evaluation")
def show_evaluation(visit: Visiting, period: Word = "", as_of: Word = "") -> HTMLResponse:
    """Show the evaluation of a period, without one of the last quarter."""
    then = typed_instant(as_of) if as_of else visit.at
    report = evaluation_seen(visit.store, visit.principal, period or None, then, visit.at)
    roles, locale = visit.principal.actor.roles, visit.locale
    supervises = bool(roles & SUPERVISES)
    seen = None
    if supervises:
        seen = evaluation_supervision_seen(visit.store, visit.principal, report.period.name, then, visit.at)
    causes = [(cause_name(each, locale), each, short(each.cumulative)) for each in report.causes[:SHOWN]]
    return visit.page(
        "evaluation.html", report=report, period=report.period.name, as_of=as_of, choices=[], by="", why="",
        periods=periods_before(visit.at),
        figures=list(zip(figure_rows(report, locale), report.lines, strict=True)), causes=causes, most=MOST,
        plans=[plan_row(plan, locale) for plan in report.plans[:SHOWN]], reads_figures=reads_figures(visit.principal),
        takes_pack=bool(roles & TAKES_PACK), sees_greetings=bool(roles & SEES_GREETINGS), supervises=supervises,
        supervision=seen, listed=LISTED,
        selective=[selective_text(each, locale) for each in seen.selective] if seen else [],
    )  # fmt: skip
