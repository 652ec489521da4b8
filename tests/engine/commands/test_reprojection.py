"""Rules that change while cases run: open clocks follow with a journal entry, closed ones keep what applied then."""

import json
from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.commands.reprojection import Reprojected, reproject_due
from engine.rules.policy import POLICIES
from engine.rules.publishing import override, publish
from engine.store import Store
from models.columns import from_micros
from statemachines.roles import Role
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

SHIPPED = (POLICIES / "logistics.toml").read_text("utf-8")
FOUR_HOURS = SHIPPED.replace("amount = 2\n", "amount = 4\n").replace('version = "2026-11"', 'version = "2026-12"')
WORKING = FOUR_HOURS.replace(
    'amount = 24\nunit = "hours"\ncalendar = "cn-hotline"',
    'amount = 16\nunit = "business_hours"\ncalendar = "cn-office"',
)


@pytest.fixture
def store(store: Store) -> Store:
    with store.writing() as tx:
        add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
    return store


def published(store: Store, text: str, after: timedelta, effective: timedelta | None = None) -> None:
    in_force = START + (after if effective is None else effective)
    publish(store, "pack", text, "eva", START + after, in_force, "decision 4")


def fires(store: Store, number: str, clause: str) -> timedelta:
    return from_micros(timer_of(store, number, clause)["fires_at"]) - START


@pytest.mark.requirement("F4")
def test_an_open_clock_follows_the_pack_and_carries_what_it_consumed(store: Store):
    number = new_case(store)
    published(store, FOUR_HOURS, HOUR)
    assert reproject_due(store, START + HOUR).numbers == (number,)
    clock = timer_of(store, number, "first_reply")
    assert (clock["amount"], clock["policy"], clock["consumed"] * MICROSECOND) == (4, "logistics@2026-12", HOUR)
    assert fires(store, number, "first_reply") == 3 * HOUR
    last = history_of(store, number)[-1]
    assert (last["move"], json.loads(last["form"])) == (
        "reproject",
        {"edition": "logistics@2026-12", "reason": "policy"},
    )
    assert verify(store).ok


def test_a_second_time_changes_nothing_more(store: Store):
    new_case(store)
    published(store, FOUR_HOURS, HOUR)
    reproject_due(store, START + HOUR)
    assert reproject_due(store, START + HOUR) == Reprojected((), ())
    execute_sql(store, "UPDATE edition SET projected_at = NULL")  # as after a kill before the last step
    assert reproject_due(store, START + HOUR).numbers == ()


@pytest.mark.requirement("F4")
def test_closed_clocks_and_closed_cases_keep_what_applied_then(store: Store):
    replied, gone = new_case(store), new_case(store)
    make_move(store, replied, "reply", after=HOUR / 2)
    make_move(store, gone, "withdraw", after=HOUR / 2)
    published(store, FOUR_HOURS, HOUR)
    reproject_due(store, START + HOUR)
    assert timer_of(store, replied, "first_reply")["policy"] == "logistics@2026-11"
    assert timer_of(store, gone, "solution")["policy"] == "logistics@2026-11"
    assert moves_of(store, gone) == ["open", "withdraw"]


def test_an_edition_to_come_waits_for_its_day(store: Store):
    number = new_case(store)
    published(store, FOUR_HOURS, HOUR / 2, effective=HOUR)
    assert reproject_due(store, START + HOUR - MICROSECOND) == Reprojected((), ())
    assert timer_of(store, number, "first_reply")["amount"] == 2
    reproject_due(store, START + HOUR)
    assert timer_of(store, number, "first_reply")["amount"] == 4


def test_what_fell_due_under_the_old_rules_fired_under_them(store: Store):
    number = new_case(store)
    published(store, FOUR_HOURS, 2 * HOUR)
    reproject_due(store, START + 2 * HOUR)
    assert fired_steps_of(store, number) == [("first_reply", 75, 1.5 * HOUR), ("first_reply", 100, 2 * HOUR)]
    assert fires(store, number, "first_reply") == 6 * HOUR, "the third rung of the longer limit"
    assert case_of(store, number)["level"] == 1, "a level never falls within a cycle"


def test_a_limit_in_working_hours_counts_the_working_hours_that_have_passed(store: Store):
    """Units are never converted: what was consumed is told again by the case's own history."""
    number = new_case(store)
    published(store, WORKING, 10 * HOUR)  # Monday, seven in the evening: eight working hours have passed
    reproject_due(store, START + 10 * HOUR)
    clock = timer_of(store, number, "solution")
    assert (clock["unit"], clock["consumed"] * MICROSECOND) == ("business_hours", 8 * HOUR)
    assert fires(store, number, "solution") == DAY + 5 * HOUR, "twelve of sixteen: Tuesday at two"


def test_a_new_deadline_that_has_passed_fires_now_and_never_before(store: Store):
    number = new_case(store)
    tight = SHIPPED.replace("amount = 24\n", "amount = 2\n").replace('"2026-11"', '"2026-12"')
    published(store, tight, 10 * HOUR)
    reproject_due(store, START + 10 * HOUR)
    assert fires(store, number, "solution") == 10 * HOUR


@pytest.mark.requirement("F4")
def test_a_clock_for_which_the_new_pack_is_blank_keeps_its_old_limit(store: Store):
    number = new_case(store)
    blank = SHIPPED.replace('amount = 24\nunit = "hours"\n', "").replace('"2026-11"', '"2026-12"')
    published(store, blank, HOUR)
    reproject_due(store, START + HOUR)
    assert timer_of(store, number, "solution")["policy"] == "logistics@2026-11"
    assert timer_of(store, number, "first_reply")["policy"] == "logistics@2026-12"


def test_a_day_ruled_off_moves_the_deadlines_that_cross_it(store: Store):
    published(store, WORKING, timedelta())
    reproject_due(store, START)
    number = new_case(store)
    assert fires(store, number, "solution") == DAY + 5 * HOUR
    override(store, "cn-office", [(START + DAY).date()], [], "eva", START + HOUR, "typhoon")
    assert reproject_due(store, START + HOUR).numbers == (number,)
    assert fires(store, number, "solution") == 2 * DAY + 5 * HOUR
    assert json.loads(history_of(store, number)[-1]["form"])["reason"] == "calendar"
    assert verify(store).ok


def test_a_clock_of_a_merged_case_keeps_the_unit_it_began_with(store: Store):
    """This case's history does not tell when the other one's clock ran, and units are never converted."""
    first, second = new_case(store), new_case(store, HOUR)
    make_move(store, first, "merge", after=2 * HOUR, into=second)
    make_move(store, second, "absorb", by="system", after=2 * HOUR, case=first)
    published(store, WORKING, 10 * HOUR)
    reproject_due(store, START + 10 * HOUR)
    sql = "SELECT * FROM timer JOIN cases ON cases.id = case_id WHERE (number, clause) = (:n, :c)"
    own, inherited = query_rows(store, f"{sql} ORDER BY occurrence", n=second, c="solution")
    assert (own["unit"], own["consumed"] * MICROSECOND) == ("business_hours", 7 * HOUR)
    assert (inherited["occurrence"], inherited["unit"]) == (2, "hours")
    assert verify(store).ok
