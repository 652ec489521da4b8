"""In the morning it is forecast what breaks today, once; the next morning says what came true (K1)."""

import asyncio
from datetime import timedelta

import pytest

from engine.create_store import set_clock
from flows.nights.day_forecast import keep_day
from flows.scheduled_work import run_scheduled
from flows.work import Work
from forecast.model import ForecastModel, Weights
from forecast.model_file import put_forecast
from locales.translation import locales
from reports.day_forecast import DayForecastFigures
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from tests.case_actions import DAY, HOUR, START, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("K1")

LIKELY = ForecastModel({"clause=complaint.first_reply": Weights(1.0, 0.0, 0.0)}, 0.5, 0.5, {"adopted": True})
"""A first reply breaks with a probability of 82 %, everything else with 62 %."""


def morning(work: Work, after: timedelta) -> MorningReport:
    """Run the morning so long after the start, and return its report."""
    set_clock(work.store, START + after)
    report = asyncio.run(run_scheduled(work, "morning-report"))
    assert isinstance(report, MorningReport)
    return report


def test_the_day_is_forecast_once_and_compared_with_what_came_true(work: Work):
    put_forecast(work.store.home, LIKELY)
    kept, broken = new_case(work.store), new_case(work.store)
    today = morning(work, HOUR / 2).forecast
    assert isinstance(today, DayForecastFigures)
    assert (today.due, today.low, today.high, today.broke) == (2, 1, 2, 0)
    assert today.expected == pytest.approx(2 * 0.8176, abs=0.001)
    assert {each.number for each in today.likely} == {kept, broken}
    assert {each.clause for each in today.likely} == {"first_reply"}, "the solution is due tomorrow"
    make_move(work.store, kept, "classify", after=HOUR)
    make_move(work.store, kept, "reply", after=HOUR)
    again = morning(work, HOUR * 1.1).forecast
    assert again is not None
    assert (again.due, again.expected) == (today.due, today.expected), "the first forecast stands"
    assert {each.number for each in again.likely} == {broken}, "the other is kept"
    assert len(query_rows(work.store, "SELECT * FROM day_forecast")) == 2
    set_clock(work.store, START + DAY)
    asyncio.run(run_scheduled(work, "overnight-escalation"))
    before = morning(work, DAY + HOUR / 2).forecast_before
    assert before is not None
    assert (before.day, before.due, before.broke) == ("2026-03-02", 2, 1)


@pytest.mark.parametrize("locale", locales())
def test_the_report_says_it_in_each_language(work: Work, locale: str):
    put_forecast(work.store.home, LIKELY)
    number = new_case(work.store)
    text = render(morning(work, HOUR / 2), locale)
    assert "forecast." not in text
    assert "82 %" in text
    assert number in text
    later = render(morning(work, DAY + HOUR / 2), locale)
    assert "2026-03-02" in later
    assert "0.8" in later


def test_without_a_model_nothing_is_forecast(work: Work):
    new_case(work.store)
    report = morning(work, HOUR / 2)
    assert (report.forecast, report.forecast_before) == (None, None)
    assert query_rows(work.store, "SELECT * FROM day_forecast") == []


def test_two_mornings_at_once_forecast_one_day(work: Work):
    put_forecast(work.store.home, LIKELY)
    new_case(work.store)
    assert [keep_day(work.store, START), keep_day(work.store, START)] == [1, 0]


def test_old_forecasts_are_forgotten(work: Work):
    put_forecast(work.store.home, LIKELY)
    new_case(work.store)
    keep_day(work.store, START)
    set_clock(work.store, START + 70 * DAY)
    new_case(work.store, 70 * DAY)
    keep_day(work.store, START + 70 * DAY)
    assert query_rows(work.store, "SELECT DISTINCT day FROM day_forecast") == [{"day": "2026-05-11"}]
    assert gather(work.store, START + 70 * DAY).forecast_before is None
