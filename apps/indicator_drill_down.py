"""What people read below a figure at any door: what keeps it from its target, and whose customers were asked."""

from apps.principal_indicators import SeenIndicator
from locales.translation import translate
from reports.indicators.indicator_text import short, value_text
from reports.indicators.pareto import CAUSE

CAUSE_COLUMNS = ("cause", "count", "before", "share", "cumulative", "remark")
ASKED_COLUMNS = ("person", "well", "badly", "remark")


def cause_rows(seen: SeenIndicator, locale: str) -> list[tuple[str, ...]]:
    """Return a row for each cause, with the columns ``CAUSE_COLUMNS``; shares in percent."""
    return [
        (
            value_text(CAUSE, cause.value, locale), str(cause.count), str(cause.before), f"{short(cause.share)} %",
            f"{short(cause.cumulative)} %", _text(locale, "risen") if cause.risen else "",
        )
        for cause in seen.causes
    ]  # fmt: skip


def asked_rows(seen: SeenIndicator, locale: str) -> list[tuple[str, ...]]:
    """Return a row for each person, with the columns ``ASKED_COLUMNS``; those who ask selectively come first."""
    return [
        (
            person.person,
            _text(locale, "of", part=person.well_asked, whole=person.well),
            _text(locale, "of", part=person.badly_asked, whole=person.badly),
            _text(locale, "selective") if person.selective else "",
        )
        for person in sorted(seen.asked, key=lambda person: (not person.selective, person.person))
    ]


def _text(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"cli.kpi.drill_down.{key}", **params)
