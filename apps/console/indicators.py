"""The pages of the indicators: every one with its target, and one with its trend, its groups and its cases (E2)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response

from apps.console.visit import Visit, Visiting
from apps.form_choices import periods_before
from apps.indicator_book import indicator_book
from apps.indicator_drill_down import ASKED_COLUMNS, CAUSE_COLUMNS, asked_rows, cause_rows
from apps.paper_files import FORMATS
from apps.principal_figure_months import last_month_with_figures
from apps.principal_indicators import (
    SeenIndicator,
    cases_seen,
    indicator_seen,
    indicators_seen,
    own_figures_seen,
    reads_figures,
)
from apps.principal_period_report import period_report_taken
from apps.principal_regulator import TAKES_PACK
from apps.principal_third_party import evaluations_seen
from apps.reread_texts import reread_text
from apps.third_party_documents import comparison_rows, follow_up_texts, heading
from engine.rules.indicator_definition import Indicator
from locales.translation import refusal
from locales.zone import reader_zone
from models.columns import to_micros
from reports.evaluation_figures_text import figure_rows, figures_said
from reports.indicators.figures import Figure, groups_of
from reports.indicators.indicator_text import (
    digits_of,
    figure_text,
    group_text,
    label_of,
    meaning_of,
    quality_texts,
    sample_text,
    target_text,
)
from reports.indicators.names import indicator_names
from reports.indicators.pareto import CAUSE, has_causes
from reports.indicators.periods import Period, month_before, period_of
from reports.period_report import evaluations_of
from reports.third_party_list import ThirdPartyEvaluation
from statemachines.refused import Refused

router = APIRouter(prefix="/indicators")

Word = Annotated[str, Query(max_length=40)]
Name = Annotated[str, Path(max_length=40)]
LISTED = 60
"""The most case numbers of a page."""


@router.get("")
def list_indicators(visit: Visiting, period: Word = "", as_of: Word = "") -> HTMLResponse:
    """List the indicators with their figures of a period; whoever reads none of the house, with his own."""
    chosen, then, why = _asked(visit, period, as_of)
    everybody = reads_figures(visit.principal)
    read = indicators_seen if everybody else own_figures_seen
    seen, empty = read(visit.store, visit.principal, chosen, then, visit.at), ""
    if not period and not any(figure.sample for _, figure in seen):
        chosen, empty = _last_with_figures(visit, chosen, then)
        seen = read(visit.store, visit.principal, chosen, then, visit.at) if empty else seen
    rows = [(indicator, *_texts(visit, indicator, figure)) for indicator, figure in seen]
    return visit.page(
        "indicators.html", rows=rows, **_filters(visit, chosen, empty), as_of=as_of, why=why, everybody=everybody,
        choices=[], by="", takes_pack=bool(visit.principal.actor.roles & TAKES_PACK),
        evaluated=_evaluated(visit, chosen, then, everybody),
        label_of=lambda indicator: label_of(indicator, visit.locale),
    )  # fmt: skip


def _evaluated(visit: Visit, period: Period, as_of: datetime, everybody: bool) -> dict[str, Any]:
    """Return customers' evaluations with the doubtful ones and without, and the readable scores of third parties."""
    locale = visit.locale
    with visit.store.looking() as tx:
        given = evaluations_of(tx, period, as_of) if everybody else None
        names = indicator_names(tx, to_micros(as_of))
    third_party = evaluations_seen(visit.store, visit.principal, visit.at, period.name)
    return {
        "figures": figure_rows(locale, given) if given is not None and given.received else [],
        "said": figures_said(locale, given) if given is not None and given.received else "",
        "third_party": [
            (found.number, heading(locale, found), comparison_rows(locale, found, names), _followed(locale, found))
            for found in third_party
        ],
    }


def _followed(locale: str, found: ThirdPartyEvaluation) -> list[tuple[str, str]]:
    """Return the numbers of findings and plans, each with its text."""
    numbers = [each.number for each in found.follow_up]
    return list(zip(numbers, follow_up_texts(locale, found), strict=True))


@router.get("/book")
def download_book(visit: Visiting, period: Word = "", as_of: Word = "") -> Response:
    """Answer with every figure of a period as a workbook."""
    chosen, then, _ = _asked(visit, period, as_of)
    content = indicator_book(visit.store, visit.principal, chosen, then, visit.at, visit.locale)
    name = f"closeloop-indicators-{chosen.name}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=FORMATS["xlsx"], headers=headers)


@router.get("/report")
def download_report(visit: Visiting, period: Word = "", as_of: Word = "", file_format: Word = "pdf") -> Response:
    """Answer with the report of a period for managers by the record of an instant, as a workbook or PDF."""
    chosen, then, _ = _asked(visit, period, as_of)
    content = period_report_taken(visit.store, visit.principal, chosen, file_format, then, visit.at, visit.locale)
    name = f"closeloop-report-{chosen.name}.{file_format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=FORMATS[file_format], headers=headers)


@router.get("/{indicator_name}")
def show_indicator(
    visit: Visiting, indicator_name: Name, period: Word = "", as_of: Word = "", by: Word = ""
) -> HTMLResponse:
    """Show an indicator: what it means, its value and trend, by groups, and the cases behind it."""
    chosen, then, why = _asked(visit, period, as_of)
    empty = ""
    everybody = reads_figures(visit.principal)
    wanted = (by,) if by and everybody else () if everybody else ("person",)
    seen = indicator_seen(visit.store, visit.principal, indicator_name, chosen, then, visit.at, wanted)
    if not period and not any(figure.sample for figure in ([seen.whole] if seen.whole else seen.groups)):
        chosen, empty = _last_with_figures(visit, chosen, then, indicator_name)
        if empty:
            seen = indicator_seen(visit.store, visit.principal, indicator_name, chosen, then, visit.at, wanted)
    cases = cases_seen(visit.store, visit.principal, indicator_name, chosen, then, visit.at) if everybody else {}
    indicator = seen.indicator
    return visit.page(
        "indicator.html", seen=seen, indicator=indicator, **_filters(visit, chosen, empty), as_of=as_of, by=by, why=why,
        label=label_of(indicator, visit.locale), meaning=meaning_of(indicator, visit.locale),
        whole=None if seen.whole is None else _texts(visit, indicator, seen.whole),
        groups=[(group_text(each.group, visit.locale), *_texts(visit, indicator, each), seen.bands.get(each.group))
                for each in seen.groups],
        qualities=quality_texts(seen.quality, visit.locale), reread=reread_text(indicator, seen.reread, visit.locale),
        trend=_trend(seen), choices=_choices(indicator) if everybody else [],
        drill_down=_drill_down(seen, visit.locale), cases=cases, most=LISTED,
    )  # fmt: skip


def _choices(indicator: Indicator) -> list[str]:
    """Return by what an indicator can be made up: the groups of its figure, and its causes."""
    return sorted({*groups_of(indicator), *((CAUSE,) if has_causes(indicator) else ())})


def _drill_down(seen: SeenIndicator, locale: str) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Return name, columns and rows of the tables below the figure, as far as they have rows."""
    tables = (
        ("causes", CAUSE_COLUMNS, cause_rows(seen, locale)), ("asked", ASKED_COLUMNS, asked_rows(seen, locale)),
    )  # fmt: skip
    return [each for each in tables if each[2]]


def _texts(visit: Visit, indicator: Indicator, figure: Figure) -> tuple[str, str, str, bool | None]:
    """Return value, target and sample of a figure in words, and whether the target is reached."""
    value, target = figure_text(indicator, figure, visit.locale), target_text(indicator, figure, visit.locale)
    return value, target, sample_text(figure, visit.locale), figure.on_target


def _trend(seen: SeenIndicator) -> list[tuple[str, list[str], tuple[str, ...]]]:
    """Return period, value, centre and limits as plain numbers, and the rules that the value breaks."""
    chart = seen.chart
    lines = [] if chart is None else [chart.centre, chart.lower, chart.upper]
    signals = chart.signals if chart is not None else ((),) * len(seen.trend)
    digits = max(2, digits_of(seen.indicator, seen.trend[-1])) if seen.trend else 2
    scale = 100 if seen.indicator.unit.value == "fen" else 1

    def shown(values: Sequence[Decimal | None]) -> list[str]:
        return ["–" if value is None else f"{value / scale:.{digits}f}" for value in values]

    return [
        (each.period.name, shown((each.value, *lines)), rules) for each, rules in zip(seen.trend, signals, strict=True)
    ]


def _last_with_figures(visit: Visit, over: Period, as_of: datetime, name: str = "") -> tuple[Period, str]:
    """Return the last month that has figures, and the name of the empty one for which it stands; '' where none has."""
    found = last_month_with_figures(visit.store, visit.principal, over, as_of, name)
    return (over, "") if found is None else (found, over.name)


def _filters(visit: Visit, chosen: Period, empty: str) -> dict[str, Any]:
    """Return what the form above figures shows: the period, whether it still runs, and the months that it offers."""
    today = visit.at.astimezone(reader_zone()).date()
    over = month_before(today)
    months = [("this_month", over.before(-1).name), ("last_month", over.name)]
    return {
        "periods": periods_before(visit.at),
        "period": chosen.name,
        "empty": empty,
        "running": chosen.after > today,
        "months": months,
    }


def _asked(visit: Visit, period: str, as_of: str) -> tuple[Period, datetime, str]:
    """Return period and instant as they were typed, else the last month and now; and what is wrong with them."""
    chosen, then = month_before(visit.at.astimezone(reader_zone()).date()), visit.at
    try:
        chosen = period_of(period) if period else chosen
        then = typed_instant(as_of) if as_of else then
        if then > visit.at:
            raise Refused("as_of_ahead", as_of=as_of, now=visit.at.isoformat())
    except Refused as refused:
        return chosen, visit.at, refusal(visit.locale, refused, on_web=True)
    return chosen, then, ""


def typed_instant(text: str) -> datetime:
    """Return an instant that was typed in the zone of the reader. Raises ``Refused('bad_instant')``."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_zone())
    except ValueError:
        raise Refused("bad_instant", value=text) from None
