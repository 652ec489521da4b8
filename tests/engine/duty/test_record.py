"""Rosters and swaps are recorded once, as a whole, for the time to come, and are covered by the journal."""

from datetime import date
from functools import partial

import pytest

from engine.audit.verify import verify
from engine.duty.roster import on_duty
from engine.duty.stored import read_roster
from engine.store import Store
from models.shifts import WeeklyShift
from tests.case_actions import DAY, HANDLER, HOUR, START, SUPERVISOR, execute_sql, query_rows, refusal
from tests.engine.duty.rosters import recorded, swapped, weekly

pytestmark = pytest.mark.requirement("B11")


def test_the_same_roster_again_changes_nothing(store: Store):
    for _ in range(2):
        recorded(store, weekly(SUPERVISOR))
    assert query_rows(store, "SELECT id, valid_from FROM duty_roster") == [{"id": 1, "valid_from": "2026-03-02"}]


@pytest.mark.parametrize(
    ("shift", "code"),
    [
        (weekly("nobody"), "unknown_actor"), (weekly("system"), "not_a_person"),
        (weekly(SUPERVISOR, department="klaims"), "unknown_department"), (weekly(SUPERVISOR, level=4), "no_such_level"),
    ],
    ids=["nobody", "no person", "department", "level"],
)  # fmt: skip
def test_a_roster_with_a_fault_is_refused_as_a_whole(store: Store, shift: WeeklyShift, code: str):
    assert refusal(partial(recorded, store, weekly(SUPERVISOR), shift)).code == code
    assert query_rows(store, "SELECT * FROM duty_roster") == query_rows(store, "SELECT * FROM duty_shift") == []


def test_who_was_on_duty_cannot_be_changed_afterwards(store: Store):
    recorded(store, weekly(SUPERVISOR))
    back = partial(recorded, store, weekly(HANDLER), valid_from=date(2026, 3, 1))
    assert refusal(back).code == "duty_in_the_past"
    late = partial(swapped, store, SUPERVISOR, HANDLER, START - HOUR, START + HOUR)
    assert refusal(late).code == "duty_in_the_past"


def test_a_swap_is_recorded_once_and_found_if_it_was_changed(store: Store):
    recorded(store, weekly(SUPERVISOR))
    assert swapped(store, SUPERVISOR, HANDLER, START + HOUR, START + DAY) is True
    assert swapped(store, SUPERVISOR, HANDLER, START + HOUR, START + DAY) is False
    with store.looking() as tx:
        assert on_duty(read_roster(tx), "claims", 1, START + 2 * HOUR) == (HANDLER,)
    assert verify(store).faults == ()
    execute_sql(store, "UPDATE duty_swap SET stand_in = 'amy'")
    [fault] = verify(store).faults
    assert "duty_swap [1]" in str(fault)
