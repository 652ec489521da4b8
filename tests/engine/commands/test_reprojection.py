"""Rules that change while cases are open: open timers follow by a recorded move, closed ones keep their limits."""

import json
from datetime import timedelta

import pytest

from engine.audit.verify import verify
from engine.commands.reprojection import Reprojected, reproject_due
from engine.rules.policy import POLICIES
from engine.rules.publishing import override, publish
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    fired_steps_of,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    timer_of,
)
from tests.engine.rules.sample_rules import EVA, add_evaluator

SHIPPED = (POLICIES / "logistics.toml").read_text("utf-8")
FOUR_HOURS = SHIPPED.replace("amount = 2\n", "amount = 4\n").replace('version = "2026-12"', 'version = "2027-01"')
WORKING = FOUR_HOURS.replace(
    'amount = 24\nunit = "hours"\ncalendar = "cn-hotline"',
    'amount = 16\nunit = "business_hours"\ncalendar = "cn-office"',
)


@pytest.fixture
def store(store: Store) -> Store:
    """A store in which Eva may publish."""
    add_evaluator(store)
    return store


def publish_pack(store: Store, text: str, after: timedelta, effective: timedelta | None = None) -> None:
    in_force = START + (after if effective is None else effective)
    publish(store, "pack", text, EVA, START + after, in_force, "decision 4")


def fires_at(store: Store, number: str, clause: str) -> timedelta:
    return from_micros(timer_of(store, number, clause)["fires_at"]) - START


@pytest.mark.requirement("F4")
def test_an_open_timer_follows_the_pack_and_keeps_what_it_consumed(store: Store):
    number = new_case(store)
    publish_pack(store, FOUR_HOURS, HOUR)
    assert reproject_due(store, START + HOUR).numbers == (number,)
    timer = timer_of(store, number, "first_reply")
    assert (timer["amount"], timer["policy"], timer["consumed"] * MICROSECOND) == (4, "logistics@2027-01", HOUR)
    assert fires_at(store, number, "first_reply") == 3 * HOUR
    last = history_of(store, number)[-1]
    assert (last["move"], json.loads(last["form"])) == (
        "reproject",
        {"edition": "logistics@2027-01", "reason": "policy"},
    )
    assert verify(store).ok


def test_a_second_reprojection_changes_nothing(store: Store):
    new_case(store)
    publish_pack(store, FOUR_HOURS, HOUR)
    reproject_due(store, START + HOUR)
    assert reproject_due(store, START + HOUR) == Reprojected((), ())
    execute_sql(store, "UPDATE edition SET projected_at = NULL")  # as after a kill before the last step
    assert reproject_due(store, START + HOUR).numbers == ()


@pytest.mark.requirement("F4")
def test_closed_timers_and_closed_cases_keep_their_limits(store: Store):
    replied, withdrawn = new_case(store), new_case(store)
    make_move(store, replied, "reply", after=HOUR / 2)
    make_move(store, withdrawn, "withdraw", after=HOUR / 2)
    publish_pack(store, FOUR_HOURS, HOUR)
    reproject_due(store, START + HOUR)
    assert timer_of(store, replied, "first_reply")["policy"] == "logistics@2026-12"
    assert timer_of(store, withdrawn, "solution")["policy"] == "logistics@2026-12"
    assert moves_of(store, withdrawn) == ["open", "withdraw"]


def test_a_future_edition_applies_from_its_instant(store: Store):
    number = new_case(store)
    publish_pack(store, FOUR_HOURS, HOUR / 2, effective=HOUR)
    assert reproject_due(store, START + HOUR - MICROSECOND) == Reprojected((), ())
    assert timer_of(store, number, "first_reply")["amount"] == 2
    reproject_due(store, START + HOUR)
    assert timer_of(store, number, "first_reply")["amount"] == 4


def test_steps_due_under_the_old_rules_fire_under_them(store: Store):
    number = new_case(store)
    publish_pack(store, FOUR_HOURS, 2 * HOUR + MICROSECOND)
    reproject_due(store, START + 2 * HOUR + MICROSECOND)
    assert fired_steps_of(store, number) == [("first_reply", 75, 1.5 * HOUR), ("first_reply", 100, 2 * HOUR)]
    assert fires_at(store, number, "first_reply") == 6 * HOUR, "the third step of the longer limit"
    assert case_of(store, number)["level"] == 1, "a level never falls within a cycle"


def test_a_limit_in_working_hours_counts_the_working_hours_that_have_passed(store: Store):
    """Units are never converted: what was consumed is computed again from the case's history."""
    number = new_case(store)
    publish_pack(store, WORKING, 10 * HOUR)  # Monday, seven in the evening: eight working hours have passed
    reproject_due(store, START + 10 * HOUR)
    timer = timer_of(store, number, "solution")
    assert (timer["unit"], timer["consumed"] * MICROSECOND) == ("business_hours", 8 * HOUR)
    assert fires_at(store, number, "solution") == DAY + 5 * HOUR, "twelve of sixteen hours: Tuesday 14:00"


def test_a_new_deadline_that_has_passed_fires_now_and_never_before(store: Store):
    number = new_case(store)
    tight = SHIPPED.replace("amount = 24\n", "amount = 2\n").replace('"2026-12"', '"2027-01"')
    publish_pack(store, tight, 10 * HOUR)
    reproject_due(store, START + 10 * HOUR)
    assert fires_at(store, number, "solution") == 10 * HOUR


@pytest.mark.requirement("F4")
def test_a_timer_whose_limit_is_blank_in_the_new_pack_keeps_the_old_limit(store: Store):
    number = new_case(store)
    blank = SHIPPED.replace('amount = 24\nunit = "hours"\n', "").replace('"2026-12"', '"2027-01"')
    publish_pack(store, blank, HOUR)
    reproject_due(store, START + HOUR)
    assert timer_of(store, number, "solution")["policy"] == "logistics@2026-12"
    assert timer_of(store, number, "first_reply")["policy"] == "logistics@2027-01"


def test_a_day_declared_off_moves_the_deadlines_after_it(store: Store):
    publish_pack(store, WORKING, timedelta())
    reproject_due(store, START)
    number = new_case(store)
    assert fires_at(store, number, "solution") == DAY + 5 * HOUR
    override(store, "cn-office", [(START + DAY).date()], [], EVA, START + HOUR, "typhoon")
    assert reproject_due(store, START + HOUR).numbers == (number,)
    assert fires_at(store, number, "solution") == 2 * DAY + 5 * HOUR
    assert json.loads(history_of(store, number)[-1]["form"])["reason"] == "calendar"
    assert verify(store).ok


def test_an_inherited_timer_keeps_its_unit(store: Store):
    """This case's history does not hold when the timer of the other case ran, and units are never converted."""
    first, second = new_case(store), new_case(store, HOUR)
    make_move(store, first, "merge", after=2 * HOUR, into=second)
    make_move(store, second, "absorb", by="system", after=2 * HOUR, case=first)
    publish_pack(store, WORKING, 10 * HOUR)
    reproject_due(store, START + 10 * HOUR)
    sql = "SELECT * FROM timer JOIN cases ON cases.id = case_id WHERE (number, clause) = (:n, :c)"
    own, inherited = query_rows(store, f"{sql} ORDER BY occurrence", n=second, c="solution")
    assert (own["unit"], own["consumed"] * MICROSECOND) == ("business_hours", 7 * HOUR)
    assert (inherited["occurrence"], inherited["unit"]) == (2, "hours")
    assert verify(store).ok
