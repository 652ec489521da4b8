"""The command that analyses a month's complaints: analysis."""

import re
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli
from apps.page import Page
from reports.complaint_analysis import LOOKED_BACK, ComplaintAnalysis, MonthFigures, gather, month_of, shifted
from reports.complaint_analysis_text import render
from reports.complaint_handling import HandlingFigures
from statemachines.refused import Refused

MonthName = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Without it, last month.")]
WRITTEN = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
EARLIEST = date(1970, 1, 1)


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(analysis)


def analysis(month: MonthName = None, json: Json = False) -> None:
    """The complaints of a month: root causes, recurrences, measures, handling."""
    now = cli.store.now()
    told = gather(cli.store, now, shifted(month_of(now), -1) if month is None else _read(month, now))
    cli.give(document(told), Page(render(told, cli.locale)))


def _read(text: str, now: datetime) -> date:
    """The month's first day. Raises ``Refused('bad_month')`` for one that has not begun."""
    if not WRITTEN.fullmatch(text):
        raise Refused("bad_month", value=text[:40])
    first = date.fromisoformat(f"{text}-01")
    if not EARLIEST <= first <= month_of(now):
        raise Refused("bad_month", value=text)
    return first


def document(told: ComplaintAnalysis) -> dict[str, Any]:
    """The analysis as programs read it; a code that is not known yet is empty."""
    return {
        "at": told.at,
        "over": told.over,
        "month": _month(told.month),
        "before": _month(told.before),
        "looked_back": LOOKED_BACK,
        "recurrences": [asdict(one) for one in told.recurrences],
        "measures": {cause: [asdict(one) for one in found] for cause, found in told.measures.items()},
    }


def _month(month: MonthFigures) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "received": month.received,
        "closed": month.closed,
        "open_at_end": month.open_at_end,
        "received_by": {subject: dict(counted) for subject, counted in month.received_by.items()},
        "handling": _handling(month.handling),
    }


def _handling(told: HandlingFigures) -> dict[str, Any]:
    figures = {
        name: getattr(told, name) for name in HandlingFigures.__slots__
    }  # asdict does not know how to copy a Counter
    return {**figures, "reopened_percent": told.reopened_percent}
