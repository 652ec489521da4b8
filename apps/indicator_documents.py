"""Indicators as documents for programs: what the command line prints with --json, and the API answers."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.principal_indicators import Reread, SeenIndicator
from engine.rules.indicator_definition import Indicator, Target
from reports.indicators.figures import Figure
from reports.indicators.indicator_text import numerator_of
from reports.indicators.pareto import Cause
from reports.indicators.survey_quality import SurveyQuality


def definition_document(indicator: Indicator) -> dict[str, Any]:
    """Return the definition of an indicator, as its file holds it."""
    return indicator.model_dump(mode="json")


def cause_document(cause: Cause) -> dict[str, Any]:
    """Return a cause with its shares in percent; '' is none recorded."""
    return {**asdict(cause), "share": _number(cause.share), "cumulative": _number(cause.cumulative)}


def listed_document(indicator: Indicator, figure: Figure, as_of: datetime) -> dict[str, Any]:
    """Return an indicator of a list with its figure."""
    names = ("name", "version", "label", "unit", "statistic", "source")
    definition = definition_document(indicator)
    return {name: definition[name] for name in names} | figure_document(indicator, figure, as_of)


def figure_document(indicator: Indicator, figure: Figure, as_of: datetime) -> dict[str, Any]:
    """Return a figure; sums of points are in points of 100. ``why`` says why there is no value."""
    numerator = numerator_of(indicator, figure)
    return {
        "period": figure.period.name,
        "as_of": as_of,
        "value": _number(figure.value),
        "numerator": _number(numerator) if isinstance(numerator, Decimal) else numerator,
        "denominator": figure.denominator,
        "sample": figure.sample,
        "small_sample": figure.small,
        "why": figure.why or None,
        "interval": None if figure.low is None else [_number(figure.low), _number(figure.high)],
        "target": None if figure.target is None else _target(figure.target),
        "on_target": figure.on_target,
    }


def indicator_document(seen: SeenIndicator) -> dict[str, Any]:
    """Return an indicator in a period with its groups, its trend, and what qualifies it."""
    indicator, as_of = seen.indicator, seen.as_of
    whole = {} if seen.whole is None else figure_document(indicator, seen.whole, as_of)
    return {
        "name": indicator.name,
        "version": indicator.version,
        "label": indicator.label,
        "unit": indicator.unit.value,
        "zone": indicator.zone,
        "period": seen.period.name,
        "as_of": as_of,
        **whole,
        "groups": [
            {**dict(each.group), **figure_document(indicator, each, as_of), "band": seen.bands.get(each.group)}
            for each in seen.groups
        ],
        "trend": [{"period": each.period.name, "value": _number(each.value)} for each in seen.trend],
        "chart": _chart(seen),
        "answers": None if seen.quality is None else _quality(seen.quality),
        "causes": [cause_document(cause) for cause in seen.causes],
        "asked": [{**asdict(person), "selective": person.selective} for person in seen.asked],
        "reread": None if seen.reread is None else _reread(indicator, seen.reread),
    }


def _chart(seen: SeenIndicator) -> dict[str, Any] | None:
    chart = seen.chart
    if chart is None:
        return None
    signals = {each.period.name: list(rules) for each, rules in zip(seen.trend, chart.signals, strict=True) if rules}
    return {"rule": "xmr", "centre": _number(chart.centre), "lower": _number(chart.lower),
            "upper": _number(chart.upper), "signals": signals}  # fmt: skip


def _quality(quality: SurveyQuality) -> Mapping[str, Any]:
    strata = {
        name: {
            "verdict": found.verdict,
            "strata": found.strata,
            "chi_square": _float(found.statistic),
            "p": _float(found.p),
        }
        for name, found in quality.strata.items()
    }
    rate = quality.answered * 100 / quality.called if quality.called else None
    return {"called": quality.called, "answered": quality.answered, "response_rate": _float(rate), "strata": strata}


def _reread(indicator: Indicator, reread: Reread) -> dict[str, Any]:
    listed = [
        {"number": each.number, "moves": [{"move": move, "recorded_at": at} for move, at in each.moves]}
        for each in reread.corrections.listed
    ]
    return {**figure_document(indicator, reread.figure, reread.as_of), "cases_changed": reread.corrections.cases,
            "changed_by": listed}  # fmt: skip


def _target(target: Target) -> dict[str, Any]:
    return {"operator": target.operator, "amount": float(target.amount), "source": target.source}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _float(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
