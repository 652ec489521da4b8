"""Renders the evaluation report as Markdown in the reader's language; codes and case numbers, no personal data."""

from collections.abc import Iterator

from engine.rules.indicator_definition import Indicator, Unit
from locales.translation import DEFAULT, label, translate, when
from reports.complaint_analysis_text import SHOWN
from reports.evaluation_report import MOST, CauseShare, ComparedFigure, EvaluationReport
from reports.improvement_plans import IndicatorPlan
from reports.indicators.figures import Figure
from reports.markdown import department, table
from statemachines.complaint import COMPLAINT
from statemachines.improvement_plan import IMPROVEMENT_PLAN


def render(report: EvaluationReport, locale: str) -> str:
    """Render the whole report."""
    return "\n".join(_lines(report, locale)) + "\n"


def _lines(report: EvaluationReport, locale: str) -> Iterator[str]:
    count, missed = len(report.figures), report.missed
    yield f"# {_text(locale, 'title', period=report.period.name)}"
    yield from ("", _text(locale, "as_of", at=when(report.as_of), count=count, missed=missed))
    yield from ("", f"## {_text(locale, 'figures')}", "")
    yield from table(_heads(locale, "indicator", "value", "before", "target"), _figures(report, locale))
    yield from ("", f"## {_text(locale, 'causes')}", "", _text(locale, "judge", share=MOST), "")
    yield from table(_heads(locale, "cause", "count", "before", "share"), _causes(report, locale))
    yield from ("", f"## {_text(locale, 'plans')}", "")
    rows = [_plan(plan, locale) for plan in report.plans[:SHOWN]]
    yield from (
        table(_heads(locale, "plan", "indicator", "department", "state"), rows) if rows else [_text(locale, "none")]
    )


def _figures(report: EvaluationReport, locale: str) -> Iterator[tuple[str, ...]]:
    for each in report.figures:
        values = (_value(each.indicator, figure, locale) for figure in (each.here, each.before))
        yield each.indicator.label.get(locale) or each.indicator.label[DEFAULT], *values, _target(each, locale)


def _value(indicator: Indicator, figure: Figure, locale: str) -> str:
    if figure.value is None:
        return "–"
    amount = figure.value / 100 if indicator.unit is Unit.FEN else figure.value
    return translate(locale, f"cli.kpi.unit.{indicator.unit.value}", value=f"{amount:.2f}")


def _target(each: ComparedFigure, locale: str) -> str:
    target = each.here.target
    if target is None:
        return "–"
    sign = f"{target.operator} {target.amount}"
    if each.here.on_target is None:
        return sign
    return translate(locale, "cli.kpi.reached" if each.here.on_target else "cli.kpi.missed", target=sign)


def _causes(report: EvaluationReport, locale: str) -> Iterator[tuple[str, ...]]:
    for each in report.causes[:SHOWN]:
        yield _cause(each, locale), str(each.count), str(each.before), f"{each.cumulative} %"


def _cause(each: CauseShare, locale: str) -> str:
    if not each.cause:
        return _text(locale, "no_cause")
    name = label(locale, COMPLAINT.kind, "cause", each.cause)
    return f"**{name}**" if each.of_the_few else name


def _plan(plan: IndicatorPlan, locale: str) -> tuple[str, ...]:
    state = label(locale, IMPROVEMENT_PLAN.kind, "state", plan.state)
    return plan.number, plan.indicator, department(locale, plan.department), state


def _heads(locale: str, *names: str) -> list[str]:
    return [_text(locale, f"column.{name}") for name in names]


def _text(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"evaluation_report.{key}", **params)
