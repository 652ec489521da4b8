"""A case whose due work fails is tried later and later, then parked; it holds up no other and is not lost."""

from datetime import timedelta

import pytest

from engine.callbacks.attempts import due, finish, hand_over, plan, put_off
from engine.escalation.fire import fire_due
from engine.escalation.id_ranges import ranges
from engine.store import Store
from engine.timers.next_due import look
from engine.timers.parking import CALLBACK, TIMER, TRIES, mark_reported, note_failure, parked, release, unreported
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
def poison(store: Store) -> str:
    """A case in a state that nobody knows: its clocks cannot be fired."""
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    return number


def sane_again(store: Store, number: str) -> None:
    execute_sql(store, "UPDATE cases SET state = 'received' WHERE number = :number", number=number)


def lives(store: Store, until: timedelta) -> list[float]:
    """Sweep whenever the agenda says, beginning at ``DUE``; the seconds after it of each sweep."""
    at, times = DUE, list[float]()
    while at < START + until:
        assert fire_due(store, at).failed
        times.append((at - DUE).total_seconds())
        clock = look(store, at).timer
        if clock is None:
            break
        at = from_micros(clock)
    return times


def test_it_is_tried_again_later_and_later_and_then_waits_for_a_person(store: Store, poison: str):
    assert lives(store, DAY) == [0, 10, 50, 210, 850]
    assert fire_due(store, START + 30 * DAY).failed == ()
    with store.looking() as tx:
        [one] = parked(tx)
    assert (one.number, one.work, one.tries, one.next_at, one.reason) == (poison, TIMER, TRIES, None, "lost_state")
    assert ranges(store, START + 30 * DAY, 1) == []
    assert look(store).timer is None, "nothing wakes the driver for it"


def test_between_its_tries_it_is_not_touched(store: Store, poison: str):
    fire_due(store, DUE)
    assert fire_due(store, DUE + 9 * SECOND).failed == ()
    assert fire_due(store, DUE + 10 * SECOND).failed == ((poison, "lost_state"),)


def test_the_others_go_on(store: Store, poison: str):
    sound = new_case(store, MICROSECOND)
    assert [fired.number for fired in fire_due(store, DUE + MICROSECOND, limit=1).fired] == []
    assert {fired.number for fired in fire_due(store, DUE + MICROSECOND, limit=1).fired} == {sound}
    assert look(store, DUE).timer == to_micros(DUE + MICROSECOND + 10 * SECOND)


def test_released_it_fires_what_it_missed_with_the_due_instants(store: Store, poison: str):
    lives(store, DAY)
    sane_again(store, poison)
    assert fire_due(store, START + DAY).fired == ()
    release(store, poison)
    assert len(fire_due(store, START + DAY).fired) == 6
    assert [due for *_, due in fired_steps_of(store, poison)] == [HOUR * h for h in (1.5, 2, 3, 4, 18, 24)]
    assert query_rows(store, "SELECT * FROM parked") == []
    assert refusal(lambda: release(store, poison)).code == "not_parked"


def test_what_succeeds_meanwhile_is_forgotten(store: Store, poison: str):
    fire_due(store, DUE)
    sane_again(store, poison)
    assert len(fire_due(store, DUE + 10 * SECOND).fired) == 2
    assert query_rows(store, "SELECT * FROM parked") == []


def test_a_case_that_moves_on_is_tried_as_if_it_had_never_failed(store: Store, poison: str):
    lives(store, DAY)
    sane_again(store, poison)
    make_move(store, poison, "note", after=DAY)
    assert fire_due(store, START + 2 * DAY).fired != ()
    with store.looking() as tx:
        assert parked(tx) == []


def test_it_is_told_once(store: Store, poison: str):
    lives(store, DAY)
    with store.looking() as tx:
        news = unreported(tx)
    assert [one.number for one in news] == [poison]
    mark_reported(store, news, START + DAY)
    with store.looking() as tx:
        assert unreported(tx) == []
        assert len(parked(tx)) == 1


def test_a_callback_that_fails_rests_at_most_an_hour_and_is_never_given_up(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    [planned] = due(store, START + DAY)
    at, rests = START + DAY, list[float]()
    for _ in range(8):
        assert [one.number for one in due(store, at)] == [number]
        put_off(store, planned, "Down", at)
        assert due(store, at) == []
        callback = look(store, at).callback
        assert callback is not None
        rests.append((from_micros(callback) - at).total_seconds())
        at = from_micros(callback)
    assert rests == [10, 40, 160, 640, 2560, 3600, 3600, 3600]
    with store.looking() as tx:
        assert [(one.number, one.work, one.reason) for one in parked(tx)] == [(number, CALLBACK, "Down")]


@pytest.mark.parametrize("how", ["finished", "handed over"])
def test_a_callback_that_is_made_is_parked_no_more(store: Store, how: str):
    number = new_resolved_case(store)
    plan(store, START)
    [planned] = due(store, START + DAY)
    put_off(store, planned, "Down", START + DAY)
    if how == "finished":
        finish(store, case_of(store, number)["id"], 1, 1, "no_answer", START + DAY)
    else:
        hand_over(store, planned)
    assert query_rows(store, "SELECT * FROM parked") == []


def test_two_sorts_of_work_are_parked_apart(store: Store, poison: str):
    with store.writing() as tx:
        for work in (TIMER, CALLBACK, TIMER):
            note_failure(tx, case_of(store, poison)["id"], work, "x", to_micros(START))
    told = query_rows(store, "SELECT work, tries FROM parked ORDER BY work")
    assert told == [{"work": CALLBACK, "tries": 1}, {"work": TIMER, "tries": 2}]
