"""Due work that fails is retried with growing waits, then parked; it delays no other case and is not lost."""

from datetime import timedelta

import pytest

from engine.callbacks.attempts import due, finish, hand_over, plan, put_off
from engine.escalation.fire import fire_due
from engine.escalation.id_ranges import ranges
from engine.store import Store
from engine.timers.next_due import look
from engine.timers.parking import CALLBACK, TIMER, TRIES, mark_reported, note_failure, parked, release_in, unreported
from models.columns import from_micros, to_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    fired_steps_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
)

DUE = START + 2 * HOUR
SECOND = timedelta(seconds=1)


@pytest.fixture
def poisoned(store: Store) -> str:
    """A case in an unknown state, whose timers cannot fire."""
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    return number


def repair(store: Store, number: str) -> None:
    execute_sql(store, "UPDATE cases SET state = 'received' WHERE number = :number", number=number)


def sweep_when_due(store: Store, until: timedelta) -> list[float]:
    """Sweep at ``DUE`` and whenever a timer is due next; return the seconds from ``DUE`` to each sweep."""
    at, times = DUE, list[float]()
    while at < START + until:
        assert fire_due(store, at).failed
        times.append((at - DUE).total_seconds())
        timer = look(store, at).timer
        if timer is None:
            break
        at = from_micros(timer)
    return times


def test_failing_work_is_retried_with_growing_waits_then_waits_for_a_person(store: Store, poisoned: str):
    assert sweep_when_due(store, DAY) == [0, 10, 50, 210, 850]
    assert fire_due(store, START + 30 * DAY).failed == ()
    with store.looking() as tx:
        [work] = parked(tx)
    assert (work.number, work.work, work.tries, work.next_at, work.reason) == (
        poisoned,
        TIMER,
        TRIES,
        None,
        "lost_state",
    )
    assert ranges(store, START + 30 * DAY, 1) == []
    assert look(store).timer is None, "the driver is not woken for it"


def test_it_is_not_tried_between_its_tries(store: Store, poisoned: str):
    fire_due(store, DUE)
    assert fire_due(store, DUE + 9 * SECOND).failed == ()
    assert fire_due(store, DUE + 10 * SECOND).failed == ((poisoned, "lost_state"),)


def test_other_cases_are_not_delayed(store: Store, poisoned: str):
    sound = new_case(store, MICROSECOND)
    assert [fired.number for fired in fire_due(store, DUE + MICROSECOND, limit=1).fired] == []
    assert {fired.number for fired in fire_due(store, DUE + MICROSECOND, limit=1).fired} == {sound}
    assert look(store, DUE).timer == to_micros(DUE + MICROSECOND + 10 * SECOND)


def test_a_released_case_fires_its_missed_steps_with_their_due_instants(store: Store, poisoned: str):
    sweep_when_due(store, DAY)
    repair(store, poisoned)
    assert fire_due(store, START + DAY).fired == ()
    with store.writing() as tx:
        release_in(tx, poisoned, "system", "checked", to_micros(START))
    assert len(fire_due(store, START + DAY).fired) == 6
    assert [due for *_, due in fired_steps_of(store, poisoned)] == [HOUR * h for h in (1.5, 2, 3, 4, 18, 24)]
    assert query_rows(store, "SELECT * FROM parked") == []
    with store.writing() as tx:
        assert refusal(lambda: release_in(tx, poisoned, "system", "checked", to_micros(START))).code == "not_parked"


def test_work_that_succeeds_is_no_longer_parked(store: Store, poisoned: str):
    fire_due(store, DUE)
    repair(store, poisoned)
    assert len(fire_due(store, DUE + 10 * SECOND).fired) == 2
    assert query_rows(store, "SELECT * FROM parked") == []


def test_a_move_resets_the_tries_of_its_case(store: Store, poisoned: str):
    sweep_when_due(store, DAY)
    repair(store, poisoned)
    make_move(store, poisoned, "note", after=DAY)
    assert fire_due(store, START + 2 * DAY).fired != ()
    with store.looking() as tx:
        assert parked(tx) == []


def test_parked_work_is_reported_once(store: Store, poisoned: str):
    sweep_when_due(store, DAY)
    with store.looking() as tx:
        unreported_work = unreported(tx)
    assert [work.number for work in unreported_work] == [poisoned]
    mark_reported(store, unreported_work, START + DAY)
    with store.looking() as tx:
        assert unreported(tx) == []
        assert len(parked(tx)) == 1


def test_a_failing_callback_waits_at_most_an_hour_and_is_never_given_up(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    [planned] = due(store, START + DAY)
    at, waits = START + DAY, list[float]()
    for _ in range(8):
        assert [callback.number for callback in due(store, at)] == [number]
        put_off(store, planned, "Down", at)
        assert due(store, at) == []
        next_due = look(store, at).callback
        assert next_due is not None
        waits.append((from_micros(next_due) - at).total_seconds())
        at = from_micros(next_due)
    assert waits == [10, 40, 160, 640, 2560, 3600, 3600, 3600]
    with store.looking() as tx:
        assert [(work.number, work.work, work.reason) for work in parked(tx)] == [(number, CALLBACK, "Down")]


@pytest.mark.parametrize("how", ["finished", "handed over"])
def test_a_callback_that_is_made_is_no_longer_parked(store: Store, how: str):
    number = new_resolved_case(store)
    plan(store, START)
    [planned] = due(store, START + DAY)
    put_off(store, planned, "Down", START + DAY)
    if how == "finished":
        finish(store, case_of(store, number)["id"], 1, 1, "no_answer", START + DAY)
    else:
        hand_over(store, planned)
    assert query_rows(store, "SELECT * FROM parked") == []


def test_timers_and_callbacks_of_a_case_are_parked_separately(store: Store, poisoned: str):
    with store.writing() as tx:
        for work in (TIMER, CALLBACK, TIMER):
            note_failure(tx, case_of(store, poisoned)["id"], work, "x", to_micros(START))
    rows = query_rows(store, "SELECT work, tries FROM parked ORDER BY work")
    assert rows == [{"work": CALLBACK, "tries": 1}, {"work": TIMER, "tries": 2}]
