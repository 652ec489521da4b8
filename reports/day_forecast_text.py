"""Renders the forecast of a day in the morning report, beside what came true of the one before; ids only."""

from collections.abc import Iterator
from typing import Any

from locales.shares import share_text
from locales.translation import label, translate, when
from reports.day_forecast import MILLION, DayForecastFigures, LikelyBreach
from reports.markdown import SHOWN, department, table, waits_for

COLUMNS = ("until", "case", "promise", "waits_for", "department")


def section(today: DayForecastFigures | None, before: DayForecastFigures | None, locale: str) -> Iterator[str]:
    """Yield how many promises will break today and which ones probably will; nothing where nothing was forecast."""
    if today is not None:
        yield from ("", f"## {translate(locale, 'forecast.day.title', count=len(today.likely))}", "")
        yield translate(locale, "forecast.day.today", **counts(today))
    if before is not None:
        yield from ("", translate(locale, "forecast.day.before", **counts(before)))
    if today is not None and today.likely:
        heads = [translate(locale, f"report.column.{name}") for name in COLUMNS]
        heads.append(translate(locale, "forecast.column.probability"))
        yield from ("", *table(heads, [row(each, locale) for each in today.likely[:SHOWN]]))
        if len(today.likely) > SHOWN:
            yield from ("", translate(locale, "report.more", count=len(today.likely) - SHOWN))


def counts(figures: DayForecastFigures) -> dict[str, Any]:
    """Return the counts of a forecast as parameters of a sentence."""
    return {
        "day": figures.day,
        "due": figures.due,
        "expected": f"{figures.expected:.1f}",
        "low": figures.low,
        "high": figures.high,
        "broke": figures.broke,
    }


def row(breach: LikelyBreach, locale: str) -> tuple[str, ...]:
    """Return a promise as a row of a table: until when, its case, what was promised, who is awaited, probability."""
    return (
        when(breach.due_at, "%m-%d %H:%M"),
        breach.number,
        label(locale, breach.kind, "clause", breach.clause),
        waits_for(locale, breach.kind, breach.state, breach.owner),
        department(locale, breach.department),
        probability_text(breach),
    )


def probability_text(breach: LikelyBreach) -> str:
    """Return the probability of a breach in percent."""
    return share_text(round(breach.probability * MILLION), MILLION)
