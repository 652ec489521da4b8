"""What people and programs see of a clock whose calendar has holidays."""

from datetime import datetime

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, START, execute_sql, make_move, new_resolved_case


@pytest.mark.parametrize(
    ("result", "calendar", "unsure"),
    [
        ("2026-12-28T09:00+08:00", "cn-office", True),
        ("2026-12-21T09:00+08:00", "cn-office", False),
        ("2026-12-28T09:00+08:00", "cn-hotline", False),
    ],
)
def test_a_clock_of_seven_days_into_an_unpublished_year_is_provisional(
    closeloop: Closeloop, simulated: Store, result: str, calendar: str, unsure: bool
):
    number = new_resolved_case(simulated, datetime.fromisoformat(result) - START)
    execute_sql(simulated, "UPDATE timer SET calendar = :calendar WHERE clause = 'revisit'", calendar=calendar)
    clocks = {one["clause"]: one for one in closeloop.json("case", "clocks", number)["clocks"]}
    assert (clocks["revisit"]["amount"], clocks["revisit"]["unit"]) == (7, "days")
    assert clocks["revisit"]["provisional"] is unsure
    assert ("(provisional)" in closeloop("case", "clocks", number).out) is unsure


def test_working_time_alone_is_used(closeloop: Closeloop, simulated: Store, number: str):
    """Opened on a Monday at nine and looked at on Tuesday at ten: eight hours and one."""
    hours = 10 * 3_600_000_000
    sql = (
        "UPDATE timer SET unit = 'business_hours', calendar = 'cn-office', allowance = :hours WHERE clause = 'solution'"
    )
    execute_sql(simulated, sql, hours=hours)
    execute_sql(simulated, "UPDATE store_info SET simulated_at = simulated_at + :day", day=25 * 3_600_000_000)
    clocks = {one["clause"]: one for one in closeloop.json("case", "clocks", number)["clocks"]}
    assert clocks["solution"]["consumed"] == 9 * 3600.0


@pytest.mark.requirement("B9")
def test_the_second_promise_says_that_it_is_the_second_and_that_it_was_agreed(
    closeloop: Closeloop, simulated: Store, number: str
):
    for _ in range(2):
        make_move(simulated, number, "promise")
    promises = [one for one in closeloop.json("case", "clocks", number)["clocks"] if one["clause"] == "promise"]
    assert [(one["occurrence"], one["source"]) for one in promises] == [(1, "agreed"), (2, "agreed")]
    for locale, second, agreed in (
        ("en", "Promise to the customer (no. 2)", "agreed with the customer"),
        ("zh_CN", "承诺事项（第 2 次）", "与客户约定"),
        ("zh_TW", "承諾事項（第 2 次）", "與客戶約定"),
    ):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        words = closeloop("case", "clocks", number).output
        assert second in words
        assert agreed in words


def test_what_was_granted_on_top_is_told(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "extend", hours=12)
    clocks = {one["clause"]: one for one in closeloop.json("case", "clocks", number)["clocks"]}
    assert (clocks["solution"]["extended"], clocks["solution"]["allowance"]) == (12 * 3600.0, 36 * 3600.0)
    assert clocks["first_reply"]["extended"] == 0.0
    assert "24 hours, extended by 12 h" in closeloop("case", "clocks", number).output


def test_a_clock_says_since_when_it_runs_or_rests(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "ask_customer", after=HOUR)
    [first, *_] = closeloop.json("case", "clocks", number)["clocks"]
    assert (first["running_since"], first["paused_since"]) == (None, (START + HOUR).isoformat())
    assert "resting since 2026-03-02 10:00" in closeloop("case", "clocks", number).output
    make_move(simulated, number, "customer_answers", after=3 * HOUR)
    [first, *_] = closeloop.json("case", "clocks", number)["clocks"]
    assert (first["running_since"], first["paused_since"]) == ((START + 3 * HOUR).isoformat(), None)
