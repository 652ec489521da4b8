"""The figures of a period as a workbook: every indicator, their definitions, and the trend of each (E2)."""

from collections.abc import Sequence
from datetime import datetime

from apps.principal_indicators import indicators_seen, trends_seen
from engine.access.principal import Principal
from engine.rules.indicator_definition import Indicator
from engine.store import Store
from gateways.writing.figure_book import FigureSheet, figure_book
from locales.translation import translate, when
from reports.indicators.figures import Figure
from reports.indicators.indicator_text import label_of, meaning_of, numerator_of
from reports.indicators.periods import Period


def indicator_book(
    store: Store, principal: Principal, period: Period, as_of: datetime, at: datetime, locale: str
) -> bytes:
    """Return the workbook of a period as of an instant. Raises as ``indicators_seen``."""
    seen = indicators_seen(store, principal, period, as_of, at)
    trends = trends_seen(store, principal, period, as_of, at)
    return figure_book([
        figures_sheet(seen, as_of, locale),
        trends_sheet([(indicator, trends[indicator.name]) for indicator, _ in seen], locale),
        definitions_sheet([indicator for indicator, _ in seen], locale),
    ])  # fmt: skip


def figures_sheet(seen: Sequence[tuple[Indicator, Figure]], as_of: datetime, locale: str) -> FigureSheet:
    """Return the sheet of the figures, as numbers."""
    names = ("name", "label", "period", "value", "unit", "numerator", "denominator", "low", "high", "operator",
             "target", "on_target", "sample", "remark", "as_of")  # fmt: skip
    rows = [
        (indicator.name, label_of(indicator, locale), figure.period.name, _number(figure.value), indicator.unit.value,
         numerator_of(indicator, figure), figure.denominator, _number(figure.low), _number(figure.high),
         figure.target.operator if figure.target else None, _number(figure.target.amount) if figure.target else None,
         None if figure.on_target is None else _text(locale, "yes" if figure.on_target else "no"), figure.sample,
         _remark(figure, locale), when(as_of))
        for indicator, figure in seen
    ]  # fmt: skip
    return FigureSheet(_text(locale, "figures"), [_text(locale, f"head.{name}") for name in names], rows)


def trends_sheet(trends: Sequence[tuple[Indicator, Sequence[Figure]]], locale: str) -> FigureSheet:
    """Return the sheet of the values by period."""
    periods = [figure.period.name for figure in trends[0][1]] if trends else []
    rows = [
        (indicator.name, label_of(indicator, locale), *(_number(figure.value) for figure in trend))
        for indicator, trend in trends
    ]
    heads = [_text(locale, "head.name"), _text(locale, "head.label"), *periods]
    return FigureSheet(_text(locale, "trends"), heads, rows)


def definitions_sheet(indicators: Sequence[Indicator], locale: str) -> FigureSheet:
    """Return the sheet of what the indicators count."""
    names = ("name", "label", "version", "meaning", "source", "zone", "smallest_sample")
    rows = [
        (each.name, label_of(each, locale), each.version, meaning_of(each, locale), each.source, each.zone,
         each.smallest_sample)
        for each in indicators
    ]  # fmt: skip
    return FigureSheet(_text(locale, "definitions"), [_text(locale, f"head.{name}") for name in names], rows)


def _remark(figure: Figure, locale: str) -> str | None:
    if figure.why:
        return translate(locale, f"cli.kpi.why.{figure.why}")
    return _text(locale, "small") if figure.small else None


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _text(locale: str, key: str) -> str:
    return translate(locale, f"cli.kpi.book.{key}")
