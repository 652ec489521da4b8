"""Renders the evaluation report as Markdown in the reader's language; codes and case numbers, no personal data."""

from collections.abc import Iterator

from locales.translation import label, translate, when
from reports.complaint_analysis_text import SHOWN
from reports.evaluation_report import EvaluationReport
from reports.improvement_plans import IndicatorPlan
from reports.indicators.indicator_text import figure_text, label_of, short, target_text, value_text
from reports.indicators.pareto import CAUSE, MOST, Cause
from reports.markdown import department, table
from statemachines.improvement_plan import IMPROVEMENT_PLAN


def render(report: EvaluationReport, locale: str) -> str:
    """Render the whole report."""
    return "\n".join(_lines(report, locale)) + "\n"


def _lines(report: EvaluationReport, locale: str) -> Iterator[str]:
    count, missed = len(report.lines), report.missed
    yield f"# {_text(locale, 'title', period=report.period.name)}"
    yield from ("", _text(locale, "as_of", at=when(report.as_of), count=count, missed=missed))
    yield from ("", f"## {_text(locale, 'figures')}", "")
    yield from table(_heads(locale, "indicator", "value", "before", "target"), figure_rows(report, locale))
    yield from ("", f"## {_text(locale, 'causes')}", "", _text(locale, "judge", share=MOST), "")
    yield from table(_heads(locale, "cause", "count", "before", "share"), _cause_rows(report, locale))
    yield from ("", f"## {_text(locale, 'plans')}", "")
    rows = [plan_row(plan, locale) for plan in report.plans[:SHOWN]]
    yield from (
        table(_heads(locale, "plan", "indicator", "department", "state"), rows) if rows else [_text(locale, "none")]
    )


def figure_rows(report: EvaluationReport, locale: str) -> Iterator[tuple[str, ...]]:
    """Yield label, value, value before and target of each indicator."""
    for line in report.lines:
        values = (
            "–" if figure.value is None else figure_text(line.indicator, figure, locale) for figure in line.trend[::-1]
        )
        yield label_of(line.indicator, locale), *values, target_text(line.indicator, line.figure, locale)


def _cause_rows(report: EvaluationReport, locale: str) -> Iterator[tuple[str, ...]]:
    for each in report.causes[:SHOWN]:
        name = cause_name(each, locale)
        yield (
            f"**{name}**" if each.few and each.value else name,
            str(each.count),
            str(each.before),
            f"{short(each.cumulative)} %",
        )


def cause_name(each: Cause, locale: str) -> str:
    """Return the name of a cause, and whether it has risen."""
    if not each.value:
        return _text(locale, "no_cause")
    name = value_text(CAUSE, each.value, locale)
    return translate(locale, "evaluation_report.risen", cause=name) if each.risen else name


def plan_row(plan: IndicatorPlan, locale: str) -> tuple[str, ...]:
    """Return number, indicator, department and state of an improvement plan."""
    state = label(locale, IMPROVEMENT_PLAN.kind, "state", plan.state)
    return plan.number, plan.indicator, department(locale, plan.department), state


def _heads(locale: str, *names: str) -> list[str]:
    return [_text(locale, f"column.{name}") for name in names]


def _text(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"evaluation_report.{key}", **params)
