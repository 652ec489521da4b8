"""Callbacks are planned into working hours, on other days, and only while somebody waits for them."""

from datetime import datetime, timedelta

from engine.agenda import look
from engine.callbacks import Planned, call_off, due, finish, hand_over, plan
from engine.store import Store
from models.columns import from_micros
from tests.telling import DAY, HOUR, MOMENT, START, case_of, does, opened, resolved, tells


def planned(store: Store) -> list[tuple[int, int, timedelta]]:
    """Cycle, attempt and time since ``START`` of every callback."""
    rows = tells(store, "SELECT cycle, attempt, planned_at FROM callback ORDER BY planned_at")
    return [(row["cycle"], row["attempt"], from_micros(row["planned_at"]) - START) for row in rows]


def missed(store: Store, number: str, attempt: int, after: timedelta) -> None:
    """Nobody answers at the planned hour."""
    does(store, number, "attempt", by="system", after=after, attempts=attempt)
    finish(store, case_of(store, number)["id"], 1, attempt, "no_answer", START + after)


def test_the_first_callback_comes_a_day_after_the_result(store: Store):
    resolved(store)
    assert plan(store, START) == 1
    assert planned(store) == [(1, 1, DAY)]


def test_it_is_planned_once(store: Store):
    resolved(store)
    assert [plan(store, START + n * HOUR) for n in range(3)] == [1, 0, 0]


def test_what_is_not_resolved_is_not_called(store: Store):
    opened(store)
    does(store, resolved(store), "revisit")
    assert plan(store, START) == 0


def test_one_case_alone_may_be_planned(store: Store):
    number = resolved(store)
    resolved(store)
    assert plan(store, START, case_of(store, number)["id"]) == 1


def test_a_result_of_friday_evening_is_followed_up_on_monday(store: Store):
    resolved(store, 4 * DAY + 11 * HOUR)
    plan(store, START + 4 * DAY + 11 * HOUR)
    assert planned(store) == [(1, 1, 7 * DAY)]


def test_noon_is_left_in_peace(store: Store):
    resolved(store, 3 * HOUR + HOUR / 2)
    plan(store, START + 3 * HOUR + HOUR / 2)
    assert planned(store) == [(1, 1, DAY + 4 * HOUR)]


def test_a_plan_made_late_does_not_lie_in_the_past(store: Store):
    resolved(store)
    plan(store, START + 2 * DAY + HOUR)
    assert planned(store) == [(1, 1, 2 * DAY + HOUR)]


def test_attempts_are_made_on_other_days_in_working_hours_and_end(store: Store):
    number, at = resolved(store), timedelta()
    for attempt in (1, 2, 3):
        assert plan(store, START + at) == 1
        *_, (_, latest, at) = planned(store)
        assert latest == attempt
        missed(store, number, attempt, at)
    assert plan(store, START + at) == 0
    days = [(START + at).date() for *_, at in planned(store)]
    assert len(set(days)) == 3
    assert all(shanghai(START + at).weekday() < 5 and 9 <= shanghai(START + at).hour < 18 for *_, at in planned(store))


def shanghai(at: datetime) -> datetime:
    return at + 8 * HOUR


def test_it_is_due_at_its_hour_and_not_before(store: Store):
    number = resolved(store, phone="13800000000")
    plan(store, START)
    assert due(store, START + DAY - MOMENT) == []
    [call] = due(store, START + DAY)
    assert isinstance(call, Planned)
    assert (call.number, call.attempt, call.phone, call.key) == (number, 1, "13800000000", f"{number}:callback:1:1")


def test_one_handed_to_a_person_is_due_no_more_and_stays_open(store: Store):
    resolved(store)
    plan(store, START)
    [call] = due(store, START + DAY)
    hand_over(store, call)
    assert due(store, START + 9 * DAY) == []
    assert tells(store, "SELECT outcome, done_at FROM callback") == [{"outcome": "handed", "done_at": None}]
    assert plan(store, START + 9 * DAY) == 0


def test_one_that_is_done_stays_as_it_was(store: Store):
    number = resolved(store)
    plan(store, START)
    case_id = case_of(store, number)["id"]
    for outcome in ("no_answer", "satisfied"):
        finish(store, case_id, 1, 1, outcome, START + DAY)
    call_off(store, case_id, "moved_on", START + 2 * DAY)
    assert [row["outcome"] for row in tells(store, "SELECT outcome FROM callback")] == ["no_answer"]


def test_a_case_that_has_moved_on_is_called_off(store: Store):
    number = resolved(store)
    plan(store, START)
    call_off(store, case_of(store, number)["id"], "moved_on", START)
    assert len(due(store, START + DAY)) == 1
    does(store, number, "revisit", after=HOUR)
    call_off(store, case_of(store, number)["id"], "moved_on", START + HOUR)
    assert due(store, START + DAY) == []
    assert [row["outcome"] for row in tells(store, "SELECT outcome FROM callback")] == ["moved_on"]


def test_a_new_round_has_callbacks_of_its_own(store: Store):
    number = resolved(store)
    plan(store, START)
    does(store, number, "revisit", outcome="dissatisfied", after=HOUR)
    call_off(store, case_of(store, number)["id"], "moved_on", START + HOUR)
    does(store, number, "resolve", after=2 * HOUR)
    assert plan(store, START + 2 * HOUR) == 1
    assert [(cycle, attempt) for cycle, attempt, _ in planned(store)] == [(1, 1), (2, 1)]


def test_nobody_is_called_whose_case_has_moved_on_a_moment_ago(store: Store):
    number = resolved(store)
    plan(store, START)
    does(store, number, "withdraw", after=DAY)
    assert due(store, START + DAY) == []
    assert look(store).callback is None
