"""The timers of a case as people and programs see them, with holidays, promises, extensions and pauses."""

from datetime import datetime

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, START, execute_sql, make_move, new_resolved_case


@pytest.mark.parametrize(
    ("result", "calendar", "provisional"),
    [
        ("2026-12-28T09:00+08:00", "cn-office", True),
        ("2026-12-21T09:00+08:00", "cn-office", False),
        ("2026-12-28T09:00+08:00", "cn-hotline", False),
    ],
)
def test_a_timer_of_seven_days_into_an_unpublished_year_is_provisional(
    closeloop: Closeloop, simulated: Store, result: str, calendar: str, provisional: bool
):
    number = new_resolved_case(simulated, datetime.fromisoformat(result) - START)
    execute_sql(simulated, "UPDATE timer SET calendar = :calendar WHERE clause = 'revisit'", calendar=calendar)
    timers = {timer["clause"]: timer for timer in closeloop.json("case", "clocks", number)["clocks"]}
    assert (timers["revisit"]["amount"], timers["revisit"]["unit"]) == (7, "days")
    assert timers["revisit"]["provisional"] is provisional
    assert ("(provisional)" in closeloop("case", "clocks", number).out) is provisional


def test_a_timer_consumes_working_time_only(closeloop: Closeloop, simulated: Store, number: str):
    """A case opened on Monday at nine has consumed eight hours and one on Tuesday at ten."""
    hours = 10 * 3_600_000_000
    sql = (
        "UPDATE timer SET unit = 'business_hours', calendar = 'cn-office', allowance = :hours WHERE clause = 'solution'"
    )
    execute_sql(simulated, sql, hours=hours)
    execute_sql(simulated, "UPDATE store_info SET simulated_at = simulated_at + :day", day=25 * 3_600_000_000)
    timers = {timer["clause"]: timer for timer in closeloop.json("case", "clocks", number)["clocks"]}
    assert timers["solution"]["consumed"] == 9 * 3600.0


@pytest.mark.requirement("B9")
def test_the_second_promise_is_shown_as_the_second_and_as_agreed(closeloop: Closeloop, simulated: Store, number: str):
    for _ in range(2):
        make_move(simulated, number, "promise")
    promises = [timer for timer in closeloop.json("case", "clocks", number)["clocks"] if timer["clause"] == "promise"]
    assert [(timer["occurrence"], timer["source"]) for timer in promises] == [(1, "agreed"), (2, "agreed")]
    for locale, second, agreed in (
        ("en", "Promise to the customer (no. 2)", "agreed with the customer"),
        ("zh_CN", "承诺事项（第 2 次）", "与客户约定"),
        ("zh_TW", "承諾事項（第 2 次）", "與客戶約定"),
    ):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        output = closeloop("case", "clocks", number).output
        assert second in output
        assert agreed in output


def test_an_extension_is_shown(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "extend", hours=12)
    timers = {timer["clause"]: timer for timer in closeloop.json("case", "clocks", number)["clocks"]}
    assert (timers["solution"]["extended"], timers["solution"]["allowance"]) == (12 * 3600.0, 36 * 3600.0)
    assert timers["first_reply"]["extended"] == 0.0
    assert "24 hours, extended by 12 h" in closeloop("case", "clocks", number).output


def test_a_timer_shows_since_when_it_runs_or_is_paused(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "ask_customer", after=HOUR)
    [first, *_] = closeloop.json("case", "clocks", number)["clocks"]
    assert (first["running_since"], first["paused_since"]) == (None, (START + HOUR).isoformat())
    assert "resting since 2026-03-02 10:00" in closeloop("case", "clocks", number).output
    make_move(simulated, number, "customer_answers", after=3 * HOUR)
    [first, *_] = closeloop.json("case", "clocks", number)["clocks"]
    assert (first["running_since"], first["paused_since"]) == ((START + 3 * HOUR).isoformat(), None)
