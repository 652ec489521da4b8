"""Say in words how many people keep which promise: first the check, then the figures, then what they do not say."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from locales.translation import label, translate
from models.columns import from_micros
from reports.staffing.intervals import Forecast
from reports.staffing.judging import Promise
from reports.staffing.record import HOUSE
from reports.staffing.runs import Scenario
from reports.staffing.self_check import HOLDS
from reports.staffing.smallest import MOST_MORE
from reports.staffing.staffing import Question, Staffing

Row = tuple[Any, ...]


class StaffingTable(NamedTuple):
    """A table: its title, the heads of its columns, and its rows."""

    title: str
    heads: list[str]
    rows: list[Row]


def heading(answer: Staffing, locale: str) -> str:
    """Return by what the answer is given."""
    if not answer.cases:
        return translate(locale, "staffing.no_cases")
    span = (f"{from_micros(at):%Y-%m-%d}" for at in (answer.since, answer.until))
    return translate(locale, "staffing.by", cases=answer.cases, since=next(span), until=next(span))


def check_table(answer: Staffing, locale: str) -> StaffingTable:
    """Return of each promise what the first two thirds foretold of the last one, and what came true."""
    heads = [translate(locale, f"staffing.column.{name}") for name in ("promise", "foretold", "true", "count", "check")]
    rows = [
        (
            promise_text(each.promise, locale), forecast_text(each.foretold), _percent(each.share), each.promises,
            translate(locale, f"staffing.check.{each.verdict}"),
        )
        for each in answer.checks
    ]  # fmt: skip
    return StaffingTable(translate(locale, "staffing.check_title"), heads, rows)


def silences(answer: Staffing, locale: str) -> Iterator[str]:
    """Yield of what nothing is said, and why."""
    for each in answer.checks:
        if each.verdict != HOLDS:
            said = translate(locale, f"staffing.because.{each.verdict}")
            yield translate(locale, "staffing.nothing_of", promise=promise_text(each.promise, locale), why=said)
    for promise, reason in answer.unsaid.items():
        said = translate(locale, f"staffing.because.{reason}")
        yield translate(locale, "staffing.nothing_of", promise=promise_text(promise, locale), why=said)
    yield from (translate(locale, f"staffing.silent.{reason}") for reason in answer.silent)


def scenario_table(answer: Staffing, locale: str) -> StaffingTable:
    """Return of each scenario the percentage of each promise that is kept, as plain numbers that a chart can draw."""
    promises = _promises(answer)
    heads = [translate(locale, "staffing.column.scenario"), *(promise_text(each, locale) for each in promises)]
    rows = [
        (scenario_text(each.scenario, locale), *(_number(each.promises.get(promise)) for promise in promises))
        for each in answer.foreseen
    ]
    return StaffingTable(translate(locale, "staffing.scenario_title", days=answer.days), heads, rows)


def interval_table(answer: Staffing, locale: str) -> StaffingTable:
    """Return the same with the intervals in which nine of ten outcomes lie."""
    promises = _promises(answer)
    heads = [translate(locale, "staffing.column.scenario"), *(promise_text(each, locale) for each in promises)]
    rows = [
        (scenario_text(each.scenario, locale), *(forecast_text(each.promises.get(promise)) for promise in promises))
        for each in answer.foreseen
    ]
    return StaffingTable(translate(locale, "staffing.interval_title", days=answer.days), heads, rows)


def smallest_texts(answer: Staffing, question: Question, locale: str) -> Iterator[str]:
    """Yield the smallest number of people that keeps the target, promise by promise."""
    for each in answer.smallest:
        words = {
            "promise": promise_text(each.promise, locale), "target": _percent(question.target),
            "forecast": forecast_text(each.forecast),
        }  # fmt: skip
        if each.more is None:
            yield translate(locale, "staffing.not_by_people", most=MOST_MORE, **words)
        elif each.people is None:
            yield translate(locale, "staffing.smallest_of_each", more=f"{each.more:+d}", **words)
        else:
            yield translate(locale, "staffing.smallest", people=each.people, more=f"{each.more:+d}", **words)


def desk_table(answer: Staffing, locale: str) -> StaffingTable:
    """Return who is usually there, by department."""
    heads = [translate(locale, f"staffing.column.{name}") for name in ("department", "people", "hours")]
    rows = [
        (translate(locale, "staffing.house") if desk.name == HOUSE else desk.name, desk.people, desk.hours)
        for desk in answer.desks
    ]
    return StaffingTable(translate(locale, "staffing.desk_title"), heads, rows)


def scenario_text(scenario: Scenario, locale: str) -> str:
    """Return what a scenario changes."""
    parts: list[str] = []
    if scenario.people is not None:
        parts.append(translate(locale, "staffing.people", people=scenario.people))
    elif scenario.more:
        parts.append(translate(locale, "staffing.more", more=f"{scenario.more:+d}"))
    if scenario.shift:
        parts.append(translate(locale, "staffing.shift", hours=f"{scenario.shift:+d}"))
    if scenario.demand != 1:
        parts.append(translate(locale, "staffing.demand", demand=f"{scenario.demand:g}"))
    if parts and scenario.desk is not None:
        parts.append(scenario.desk)
    return " · ".join(parts) or translate(locale, "staffing.as_it_is")


def promise_text(promise: Promise, locale: str) -> str:
    """Return the names of a kind and of its clause."""
    kind, clause = promise
    return f"{label(locale, '', 'kind', kind)} · {label(locale, kind, 'clause', clause)}"


def forecast_text(said: Forecast | None) -> str:
    """Return a share with its interval."""
    if said is None:
        return "–"
    return f"{_percent(said.share)} ({_percent(said.low)} – {_percent(said.high)})"


def _promises(answer: Staffing) -> list[Promise]:
    return [*answer.foreseen[0].promises] if answer.foreseen else []


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(said: Forecast | None) -> str:
    return "–" if said is None else f"{100 * said.share:.1f}"
