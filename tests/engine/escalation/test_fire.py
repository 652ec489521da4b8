"""Escalation steps fire once each, in order and never early, also after an outage and with concurrent sweeps."""

import json
from datetime import timedelta
from functools import partial

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.plan import Fired
from engine.escalation.fire import Sweep, fire_due
from engine.escalation.id_ranges import ranges
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    fired_steps_of,
    form_for,
    history_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
    run_concurrently,
    timer_of,
)

FIRST_REPLY = [("first_reply", percent, percent * 2 * HOUR / 100) for percent in (75, 100, 150, 200)]
SOLUTION = [("solution", percent, percent * 24 * HOUR / 100) for percent in (75, 100, 150, 200)]
ALL = FIRST_REPLY + SOLUTION


def sweep(store: Store, after: timedelta) -> list[tuple[str, int]]:
    """Fire what is due; return clause and percent of each step."""
    return [(fired.step.clause, fired.step.percent) for fired in fire_due(store, START + after).fired]


def test_each_step_fires_at_its_instant_and_not_a_microsecond_early(store: Store):
    number = new_case(store)
    for clause, percent, due in ALL:
        assert sweep(store, due - MICROSECOND) == []
        assert sweep(store, due) == [(clause, percent)]
        assert sweep(store, due) == []
    assert fired_steps_of(store, number) == ALL
    assert sweep(store, 1000 * DAY) == []


def test_after_a_week_of_outage_all_steps_fire_once_in_order_with_their_due_times(store: Store):
    number = new_case(store)
    assert sweep(store, 7 * DAY) == [(clause, percent) for clause, percent, _ in ALL]
    assert fired_steps_of(store, number) == ALL
    step_rows = [row for row in history_of(store, number) if row["via"] == "timer"]
    assert [row["occurred_at"] for row in step_rows] == [to_micros(START + due) for *_, due in ALL]
    assert {row["recorded_at"] for row in step_rows} == {to_micros(START + 7 * DAY)}
    assert sweep(store, 7 * DAY) == []


def test_a_step_records_its_clause_percent_level_and_due_time(store: Store):
    number = new_case(store)
    [fired] = fire_due(store, START + 3 * HOUR / 2).fired
    assert isinstance(fired, Fired)
    assert (fired.number, fired.level, fired.move) == (number, 0, "remind")
    last = history_of(store, number)[-1]
    assert json.loads(last["form"]) == {
        "clause": "first_reply",
        "cycle": 1,
        "percent": 75,
        "level": 0,
        "due_at": "2026-03-02T02:30:00.000000Z",
    }
    [step] = query_rows(store, "SELECT seq, level, step FROM escalation_step")
    assert step == {"seq": last["seq"], "level": 0, "step": 0}


def test_reminders_fire_before_the_limit_and_breaches_raise_the_level_after(store: Store):
    number = new_case(store)
    fire_due(store, START + 7 * DAY)
    moves = [(row["move"], row["level"]) for row in history_of(store, number)[1:]]
    steps = [("remind", 0), ("breach", 1), ("breach", 2), ("breach", 3)]
    assert moves == [*steps, *((move, 3) for move, _ in steps)]
    assert case_of(store, number)["level"] == timer_of(store, number, "solution")["level"] == 3


def test_the_level_never_falls_within_a_cycle(store: Store):
    number = new_case(store)
    make_move(store, number, "escalate", level=2)
    fire_due(store, START + 2 * HOUR)
    make_move(store, number, "reply", after=2 * HOUR)
    fire_due(store, START + 24 * HOUR)
    levels = [row["level"] for row in history_of(store, number)]
    assert levels == sorted(levels)
    assert case_of(store, number)["level"] == 2


def test_a_new_cycle_has_its_own_ladder(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "revisit", outcome="dissatisfied")
    fire_due(store, START + 7 * DAY)
    sql = "SELECT percent FROM escalation_step WHERE cycle = 2 AND clause = 'solution' ORDER BY seq"
    assert [row["percent"] for row in query_rows(store, sql)] == [75, 100, 150, 200]


def test_a_paused_timer_fires_nothing_and_resumes_where_it_was(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=7 * HOUR / 4)
    assert sweep(store, 5 * DAY) == []
    make_move(store, number, "customer_answers", by=HANDLER, after=5 * DAY)
    assert sweep(store, 5 * DAY + HOUR / 4 - MICROSECOND) == []
    assert sweep(store, 5 * DAY + HOUR / 4) == [("first_reply", 100)]
    assert [percent for _, percent, _ in fired_steps_of(store, number)] == [75, 100]


def test_two_concurrent_sweeps_fire_each_step_once(store: Store):
    numbers = [new_case(store) for _ in range(12)]
    sweeps = run_concurrently([partial(fire_due, store, START + 7 * DAY)] * 2)
    fired = [fired.number for result in sweeps if isinstance(result, Sweep) for fired in result.fired]
    assert sorted(fired) == sorted(numbers * len(ALL))
    assert all(fired_steps_of(store, number) == ALL for number in numbers)
    assert verify(store).ok


def test_a_concurrent_sweep_and_move_fire_each_step_once(store: Store):
    number = new_case(store)
    reply = Command(number, "reply", form_for("reply"), actor=HANDLER)
    calls = [partial(fire_due, store, START + 7 * DAY), partial(advance, store, reply, START + 7 * DAY)] * 2
    assert [result for result in run_concurrently(calls) if isinstance(result, Exception)] == []
    assert sorted(fired_steps_of(store, number)) == sorted(ALL)
    assert moves_of(store, number).count("reply") == 2
    assert verify(store).ok


def test_a_move_fires_what_is_due_before_it_and_nothing_after(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=2 * HOUR + MICROSECOND)
    assert moves_of(store, number) == ["open", "remind", "breach", "classify"]
    assert sweep(store, 2 * HOUR + MICROSECOND) == []


def test_a_promise_met_at_its_last_instant_is_not_breached(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=2 * HOUR)
    assert moves_of(store, number) == ["open", "remind", "reply"]
    assert timer_of(store, number, "first_reply")["outcome"] == "met"
    assert sweep(store, 2 * HOUR) == []
    assert case_of(store, number)["level"] == 0


def test_a_refused_move_fires_nothing(store: Store):
    number = new_case(store)
    results = run_concurrently([partial(make_move, store, number, "resolve", after=7 * DAY)])
    assert [getattr(result, "code", None) for result in results] == ["not_now"]
    assert fired_steps_of(store, number) == []


def test_a_case_is_archived_by_its_timer(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "revisit", after=DAY)
    assert fire_due(store, START + 4 * DAY - MICROSECOND).fired == ()
    [fired] = fire_due(store, START + 9 * DAY).fired
    assert (fired.move, case_of(store, number)["state"]) == ("archive", "archived")
    last, timer = history_of(store, number)[-1], timer_of(store, number, "archive")
    assert last["occurred_at"] == timer["closed_at"] == to_micros(START + 4 * DAY)
    assert (timer["outcome"], timer["fires_at"], last["level"]) == ("done", None, 0)
    assert verify(store).ok


def test_a_case_that_cannot_fire_is_reported_and_stops_no_other(store: Store):
    lost, sound = new_case(store), new_case(store, MICROSECOND)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=lost)
    result = fire_due(store, START + 7 * DAY)
    assert result.failed == ((lost, "lost_state"),)
    assert {fired.number for fired in result.fired} == {sound}
    assert fired_steps_of(store, lost) == []


def test_a_sweep_is_limited(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(3)]
    assert {fired.number for fired in fire_due(store, START + 2 * HOUR, limit=2).fired} == set(numbers[:2])
    assert {fired.number for fired in fire_due(store, START + 2 * HOUR, limit=2).fired} == set(numbers[2:])


def test_peek_returns_what_is_due_and_fires_nothing(store: Store):
    numbers = [new_case(store) for _ in range(2)]
    assert ranges(store, START + HOUR, 1) == []
    assert [share.cases for share in ranges(store, START + 7 * DAY, 1)] == [2]
    assert fired_steps_of(store, numbers[0]) == []
