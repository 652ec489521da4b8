"""The reports of months and quarters are made once each, also those that an outage missed (E2, B7)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from engine.create_store import set_clock
from flows.nights.period_reports import MOST_MONTHS, PeriodReports, periods_due
from flows.scheduled_work import run_scheduled
from flows.work import Work
from tests.case_actions import DAY, START

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.requirement("B7"), pytest.mark.any_database]

IN_APRIL, IN_MAY, IN_JULY = 30 * DAY, 62 * DAY, 123 * DAY
"""Since ``START``, 2 March."""


def due(work: Work, after: timedelta) -> list[str]:
    return [period.name for period in periods_due(work.store, START + after)]


def made(work: Work, after: timedelta, *, shown: bool = True) -> list[str]:
    """Run the work so long after ``START``, shown by Prefect or not; return the periods of the reports."""
    set_clock(work.store, START + after)
    tools = replace(work, run_id="a-run") if shown else work
    result = cast(PeriodReports, asyncio.run(run_scheduled(tools, "period-report")))
    assert result.did == len(result.reports)
    return [report.period.name for report in result.reports]


def test_a_month_is_reported_when_it_is_over_and_a_quarter_after_its_last_month(work: Work):
    assert made(work, IN_APRIL) == ["2026-03", "2026-Q1"]
    assert made(work, IN_MAY) == ["2026-04"]


def test_a_new_house_reports_the_last_month_alone(work: Work):
    assert due(work, IN_JULY) == ["2026-06", "2026-Q2"]


def test_what_an_outage_of_prefect_missed_is_made_up_for_once(work: Work):
    made(work, IN_APRIL)
    assert made(work, IN_MAY, shown=False) == ["2026-04"]
    assert made(work, IN_JULY) == ["2026-04", "2026-05", "2026-06", "2026-Q2"]
    assert made(work, IN_JULY + DAY) == ["2026-06", "2026-Q2"], "asked again, the last ones are made anew"


def test_an_outage_of_years_is_bounded(work: Work):
    made(work, IN_APRIL)
    months = [name for name in due(work, 2000 * DAY) if "Q" not in name]
    assert len(months) == MOST_MONTHS
