"""The morning report as a principal sees it: figures of the whole house, and cases that he may read.

It is computed when it is read. The counts of the day, the week before and the causes come from the record, so they are
the same in whatever order people read them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from apps.principal_reports import READS_FIGURES, recoveries_seen, refuse_others
from engine.access.principal import Principal
from engine.access.scope import cases_in_scope
from engine.store import Store
from reports.board import RunningTimer
from reports.complaint_analysis import causes
from reports.daily_counts import DayCounts, by_day
from reports.day_forecast import DayForecastFigures
from reports.figures import DAY, Trend
from reports.known_cases import known_among
from reports.morning_report import TRENDS, WEEK, MorningReport, gather

DAYS: Final = 8
"""How many days the charts show: the last one and the week before."""
NO_TREND = Trend(0, 0.0)


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A department (``''`` for none): overdue cases, breaches of the day and a day of the week before, due today."""

    code: str
    overdue: int
    broken: Trend
    today: int


@dataclass(frozen=True, slots=True)
class CauseLine:
    """A cause (``''`` for none found yet): complaints of the last seven days, and of the seven before."""

    code: str
    week: int
    before: int


@dataclass(frozen=True, slots=True)
class Money:
    """What is claimed back because of complaints, in fen."""

    claimed: int
    recovered: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class SeenReport:
    """The report, in which only cases that the principal may read are listed; its figures count all of them."""

    report: MorningReport
    overdue: int
    with_manager: int
    days: list[DayCounts]
    departments: list[DepartmentLine]
    causes: list[CauseLine]
    money: Money


def report_seen(store: Store, principal: Principal, at: datetime) -> SeenReport:
    """Return the report. Raises ``Refused('not_in_charge')``."""
    refuse_others(principal, READS_FIGURES)
    whole = gather(store, at)
    cases = whole.overdue_cases
    with store.looking() as tx:
        listed = {promise.number for promise in whole.overdue} | {number for number, *_ in whole.unwatched}
        listed |= {case.number for case in whole.raised} | {timer.number for timer in whole.today}
        listed |= {alert.number for alert in whole.alerts}
        known = known_among(tx, listed, cases_in_scope(principal, at))
        days = by_day(tx, TRENDS, at, DAYS)
        week = causes(tx, at - WEEK, at + DAY.resolution, at)
        before = causes(tx, at - 2 * WEEK, at - WEEK, at)
    claims = recoveries_seen(store, principal, at)
    return SeenReport(
        report=_of_known(whole, known),
        overdue=len(cases),
        with_manager=sum(case.with_manager for case in cases),
        days=days,
        departments=list(_departments(whole)),
        causes=[CauseLine(code, week[code], before[code]) for code in _ranked(week, before)],
        money=Money(
            claimed=sum(claim.claimed for claim in claims),
            recovered=sum(claim.recovered for claim in claims),
            outstanding=sum(claim.outstanding for claim in claims),
        ),
    )


def _of_known(whole: MorningReport, known: frozenset[str]) -> MorningReport:
    return replace(
        whole,
        overdue=[each for each in whole.overdue if each.number in known],
        unwatched=[each for each in whole.unwatched if each[0] in known],
        raised=tuple(each for each in whole.raised if each.number in known),
        today=tuple(each for each in whole.today if each.number in known),
        alerts=tuple(each for each in whole.alerts if each.number in known),
        forecast=_of_known_forecast(whole.forecast, known),
    )


def _of_known_forecast(whole: DayForecastFigures | None, known: frozenset[str]) -> DayForecastFigures | None:
    """Return the figures of the whole house, with the cases that are known."""
    if whole is None:
        return None
    return replace(whole, likely=tuple(each for each in whole.likely if each.number in known))


def _departments(whole: MorningReport) -> Iterator[DepartmentLine]:
    """Yield the departments, those with the most overdue cases first."""
    overdue, due = whole.overdue_by_department, Counter(timer.department for timer in whole.today)
    for code in sorted({*overdue, *whole.broken, *due}, key=lambda code: (-overdue[code], code)):
        yield DepartmentLine(code, overdue[code], whole.broken.get(code, NO_TREND), due[code])


def _ranked(week: Counter[str], before: Counter[str]) -> list[str]:
    """Return the causes of both weeks, the most frequent of this week first; what is not known comes last."""
    return sorted({*week, *before}, key=lambda code: (not code, -week[code], -before[code], code))


def due_today(report: MorningReport) -> list[list[RunningTimer]]:
    """Return the timers that are due today by case, without those of cases that are overdue already."""
    late = {promise.number for promise in report.overdue}
    by_case = dict[str, list[RunningTimer]]()
    for timer in report.today:
        if timer.number not in late:
            by_case.setdefault(timer.number, []).append(timer)
    return list(by_case.values())
