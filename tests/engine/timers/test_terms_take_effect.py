"""A limit that changes holds from its instant: no step is dated before it, and the steps stay in their order."""

from datetime import timedelta

import pytest

from engine.commands.reprojection import reproject_due
from engine.escalation.fire import fire_due
from engine.rules.policy import POLICIES
from engine.rules.publishing import publish
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    fired_steps_of,
    history_of,
    make_move,
    new_case,
    timer_of,
)
from tests.editions import in_force
from tests.engine.rules.sample_rules import EVA, add_evaluator

SHIPPED = (POLICIES / "logistics.toml").read_text("utf-8").replace('version = "2026-12"', 'version = "2027-01"')
TIGHT = SHIPPED.replace("amount = 24\n", "amount = 2\n", 1)


@pytest.fixture
def store(store: Store) -> Store:
    """A store in which Eva may publish."""
    add_evaluator(store)
    return store


def publish_pack(store: Store, text: str, after: timedelta, effective: timedelta) -> None:
    publish(store, "pack", text, EVA, START + after, START + effective, "decision 4")


def solution_steps(store: Store, number: str) -> list[tuple[int, timedelta]]:
    return [(percent, due) for clause, percent, due in fired_steps_of(store, number) if clause == "solution"]


@pytest.mark.requirement("F4")
def test_a_shortened_limit_breaks_nothing_before_it_was_shortened(store: Store):
    """Ten hours of 24 are used when two hours become the limit: every step is dated at the tenth hour or later."""
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    publish_pack(store, TIGHT, HOUR, effective=10 * HOUR)
    reproject_due(store, START + 10 * HOUR)
    fire_due(store, START + 30 * HOUR)
    steps = solution_steps(store, number)
    assert [percent for percent, _ in steps] == [75, 100, 150, 200]
    assert [due for _, due in steps] == [10 * HOUR] * 4


@pytest.mark.requirement("F4")
def test_an_edition_holds_from_its_instant_though_nobody_drove_the_store_then(store: Store):
    """The edition takes force at the tenth hour; the driver comes back at the twentieth."""
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    publish_pack(store, TIGHT, HOUR, effective=10 * HOUR)
    reproject_due(store, START + 20 * HOUR)
    reprojected = history_of(store, number)[-1]
    assert reprojected["move"] == "reproject"
    assert from_micros(reprojected["occurred_at"]) == START + 10 * HOUR
    assert from_micros(reprojected["recorded_at"]) == START + 20 * HOUR
    fire_due(store, START + 20 * HOUR)
    assert [due for _, due in solution_steps(store, number)] == [10 * HOUR] * 4


@pytest.mark.requirement("A5")
def test_a_case_that_becomes_urgent_breaks_no_promise_before_it_was(store: Store):
    """Two hours hold for urgent cases; the case becomes urgent at the tenth hour of 24."""
    in_force(store, {"solution": {"amount": 24, "unit": "hours", "when": [{"severity": "urgent", "amount": 2}]}})
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR, severity="high")
    make_move(store, number, "reclassify", after=10 * HOUR, severity="urgent")
    fire_due(store, START + 30 * HOUR)
    assert solution_steps(store, number) == [(percent, 10 * HOUR) for percent in (75, 100, 150, 200)]


def test_what_was_due_before_an_edition_fires_under_the_old_ladder(store: Store):
    old, new = "[[ladder]]\npercent = 75", "[[ladder]]\npercent = 90"
    assert old in SHIPPED
    number = new_case(store)
    publish_pack(store, SHIPPED.replace(old, new), HOUR, effective=HOUR * 1.6)
    reproject_due(store, START + 1.9 * HOUR)
    assert fired_steps_of(store, number) == [("first_reply", 75, 1.5 * HOUR)]


@pytest.mark.parametrize("resumed", [30 * HOUR, 3 * DAY])
def test_a_limit_shortened_during_a_pause_breaks_when_the_timer_runs_again(store: Store, resumed: timedelta):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "ask_customer", after=5 * HOUR)
    publish_pack(store, TIGHT, 6 * HOUR, effective=6 * HOUR)
    reproject_due(store, START + 6 * HOUR)
    make_move(store, number, "customer_answers", after=resumed)
    fire_due(store, START + resumed + HOUR)
    assert [due for _, due in solution_steps(store, number)] == [resumed] * 4


@pytest.mark.requirement("A5")
def test_a_promise_that_was_broken_stays_broken_when_it_is_extended(store: Store):
    number = new_case(store)
    fire_due(store, START + 25 * HOUR)
    make_move(store, number, "extend", after=25 * HOUR)
    make_move(store, number, "propose_solution", after=26 * HOUR)
    assert timer_of(store, number, "solution")["outcome"] == "breached"


@pytest.mark.requirement("A5")
def test_a_timer_that_ran_out_before_a_pause_is_not_met_at_the_instant_it_resumes(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", after=25 * HOUR)
    make_move(store, number, "customer_answers", after=40 * HOUR)
    make_move(store, number, "propose_solution", after=40 * HOUR)
    assert timer_of(store, number, "solution")["outcome"] == "breached"


@pytest.mark.requirement("A5")
def test_exactly_at_the_limit_is_within_it(store: Store):
    number, late = new_case(store), new_case(store)
    make_move(store, number, "reply", after=2 * HOUR)
    make_move(store, late, "reply", after=2 * HOUR + MICROSECOND)
    assert timer_of(store, number, "first_reply")["outcome"] == "met"
    assert fired_steps_of(store, number) == [("first_reply", 75, 1.5 * HOUR)]
    assert timer_of(store, late, "first_reply")["outcome"] == "breached"
    assert fired_steps_of(store, late) == [("first_reply", 75, 1.5 * HOUR), ("first_reply", 100, 2 * HOUR)]
