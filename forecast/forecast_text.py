"""Renders forecasts, their reasons and how good they are in the reader's language; ids only, no personal data."""

from collections.abc import Iterator
from typing import Any, Final

from forecast.evaluation_scores import ALL, MARGIN, MOST_ERROR, SCORE_NAMES
from forecast.model import Reason
from forecast.situation import HOURS_IN_SPAN, Situation
from forecast.training import LEAST_NEW, ForecastTraining, InUse
from locales.shares import share_text
from locales.translation import label, translate, when
from reports.markdown import department, table

MILLION: Final = 1_000_000
LABELLED: Final = {"category": "category", "severity": "severity", "channel": "channel"}
"""The fields whose values have labels, and the sort of the labels."""


def probability_text(probability: float) -> str:
    """Return a probability in percent: 0 % only for none, 100 % only for certainty."""
    return share_text(round(probability * MILLION), MILLION)


def reason_text(reason: Reason, known: Situation, locale: str) -> str:
    """Return a reason in words, with an arrow up where it makes a breach likelier."""
    return translate(locale, "forecast.towards.up" if reason.weight > 0 else "forecast.towards.down") + _what(
        reason.field, known, locale
    )


def reasons_text(reasons: list[Reason], known: Situation, locale: str) -> str:
    """Return the reasons of a forecast on one line, or a dash."""
    return " · ".join(reason_text(reason, known, locale) for reason in reasons) or "–"


def _what(field: str, known: Situation, locale: str) -> str:
    key = f"forecast.reason.{field}"
    if field in LABELLED:
        value = getattr(known, field)
        return translate(locale, key, value=label(locale, known.kind, LABELLED[field], value) if value else "–")
    if field in {"clause", "state"}:
        return translate(locale, key, value=label(locale, known.kind, field, getattr(known, field)))
    if field == "department":
        return translate(locale, key, value=department(locale, known.department))
    if field == "weekday":
        return translate(locale, f"forecast.weekday.{known.weekday}")
    if field == "hour":
        since = known.hour // HOURS_IN_SPAN * HOURS_IN_SPAN
        return translate(locale, key, since=f"{since:02}", until=f"{since + HOURS_IN_SPAN:02}")
    if field == "owned" and known.owned is None:
        return translate(locale, "forecast.reason.nobody")
    value = f"{100 * known.used:.0f}" if field == "used" else f"{getattr(known, field):.3g}"
    return translate(locale, key, value=value)


def why_empty(used: InUse, locale: str) -> str:
    """Return why nothing is forecast."""
    return translate(locale, f"forecast.empty.{used.why}")


def training_page(training: ForecastTraining, locale: str) -> str:
    """Render what a training or an evaluation came to, as Markdown."""
    return "\n".join(_training_lines(training, locale)) + "\n"


def outcome_text(training: ForecastTraining, locale: str) -> str:
    """Return what a training came to, in one sentence."""
    return translate(
        locale,
        f"forecast.outcome.{training.outcome}",
        version=training.version or "–",
        timers=training.timers,
        least=LEAST_NEW,
        margin=share_text(round(MARGIN * MILLION), MILLION),
        error=f"{MOST_ERROR:g}",
    )


def _training_lines(training: ForecastTraining, locale: str) -> Iterator[str]:
    yield f"# {translate(locale, 'forecast.title', at=when(training.at))}"
    yield from ("", outcome_text(training, locale))
    if training.scores is not None:
        yield from ("", translate(locale, "forecast.judged", examples=training.examples, timers=training.timers))
        yield from ("", *scores_table(training.scores, locale), "", translate(locale, "forecast.explained"))


def scores_table(scores: dict[str, Any], locale: str) -> Iterator[str]:
    """Yield the scores of an evaluation by share of the allowance, as a Markdown table."""
    heads = [translate(locale, f"forecast.score.{name}") for name in ("used", *SCORE_NAMES)]
    rows: list[list[str]] = []
    for landmark, row in sorted(scores.items(), key=lambda each: each[0] != ALL):
        if isinstance(row, dict):
            first = translate(locale, "forecast.all") if landmark == ALL else f"{landmark} %"
            rows.append([first, *(_number(row.get(name)) for name in SCORE_NAMES)])
    yield from table(heads, rows)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
