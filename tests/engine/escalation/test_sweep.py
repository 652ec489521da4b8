"""A sweep writes the same rows as steps fired move by move, and may be killed at any point."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.audit.verify import verify
from engine.backoff import FIRST_WAIT
from engine.commands.advance import advance_in
from engine.commands.case_context import context_of
from engine.commands.command import Command
from engine.commands.load import load_cases
from engine.commands.open_case import Opening, open_in
from engine.commands.plan import Fired, begin, plan_until
from engine.commands.write import write
from engine.databases import Conflict
from engine.escalation.fire import Sweep, fire_due, fire_each, fire_together
from engine.escalation.sweep import chunks, fire_chunk
from engine.store import Store
from engine.timers import parking
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    MOVE_ACTORS,
    START,
    SUPERVISOR,
    case_of,
    contact,
    execute_sql,
    fired_steps_of,
    form_for,
    history_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    run_concurrently,
)

WEEK = START + 7 * DAY
SECRET = b"of-the-tests"
TABLES = {
    "cases": "id", "transition": "case_id, seq", "statement": "case_id, seq, field", "timer": "id",
    "escalation_step": "timer_id, step", "outbox_event": "case_id, seq", "parked": "case_id, work",
}  # fmt: skip
KINDS = ("complaint", "complaint", "complaint", "inquiry", "violation", "appeal", "service_order", "interruption")
MOVES = (
    "classify", "investigate", "resolve", "revisit", "ask_customer", "customer_answers", "reply", "propose_solution",
    "progress", "promise", "escalate", "extend", "propose_refusal", "return", "withdraw",
)  # fmt: skip
# Rows that no command writes, among them what a release with other lifecycles leaves.
CORRUPTIONS = {
    "lost_state": "UPDATE cases SET state = 'limbo' WHERE id = :id",
    "lost_clause": "UPDATE timer SET clause = 'of_old' WHERE case_id = :id AND clause = 'solution'",
    "final_state_but_open": "UPDATE cases SET state = 'archived' WHERE id = :id",
    "lost_pack": "UPDATE cases SET pack = 'nowhere' WHERE id = :id",
    "lost_calendar": "UPDATE timer SET calendar = 'nowhere', unit = 'business_hours' WHERE case_id = :id",
    "closed_by_mistake": "UPDATE cases SET closed = true WHERE id = :id",
    "beyond_the_ladder": "UPDATE timer SET steps_fired = 9 WHERE case_id = :id",
    "two_at_one_instant": "UPDATE timer SET fires_at = opened_at + 1 WHERE case_id = :id AND closed_at IS NULL",
    "paused_but_due": "UPDATE timer SET running_since = NULL WHERE case_id = :id",
    "later_step_sooner": "UPDATE timer SET fires_at = fires_at + 7200000000 WHERE case_id = :id",
    "due_long_before": "UPDATE timer SET fires_at = -9000000000000000000 WHERE case_id = :id AND clause = 'solution'",
    "by_working_hours": "UPDATE timer SET unit = 'business_hours' WHERE case_id = :id AND closed_at IS NULL",
    "changed_in_the_future": "UPDATE cases SET changed_at = changed_at + 9000000000000 WHERE id = :id",
    "parked_till_later": (
        "INSERT INTO parked (case_id, work, version, tries, next_at, reason)"
        " SELECT id, 'timer', version, 5, NULL, 'x' FROM cases WHERE id = :id"
    ),
    "parked_till_now": (
        "INSERT INTO parked (case_id, work, version, tries, next_at, reason)"
        " SELECT id, 'timer', version, 1, 0, 'x' FROM cases WHERE id = :id"
    ),
    "parked_long_ago": (
        "INSERT INTO parked (case_id, work, version, tries, next_at, reason)"
        " SELECT id, 'timer', version - 1, 1, NULL, 'x' FROM cases WHERE id = :id"
    ),
}

hours = st.integers(0, 200).map(lambda n: n * HOUR / 4)
events = st.tuples(st.sampled_from(MOVES), hours)
stories = st.tuples(
    st.sampled_from(KINDS), hours, st.lists(events, max_size=5), st.sampled_from([None, None, None, *CORRUPTIONS])
)
Story = tuple[str, timedelta, list[tuple[str, timedelta]], str | None]


def write_story(tx: Tx, story: Story) -> None:
    """Open a case, make the moves that its table allows, and apply its corruption."""
    kind, opens, moves, corruption = story
    at = START + opens
    number = open_in(tx, SECRET, Opening(contact(opens), kind=kind), at).number
    for move, after in sorted(moves, key=lambda event: event[1]):
        command = Command(number, move, form_for(move), actor=MOVE_ACTORS.get(move, SUPERVISOR))
        with contextlib.suppress(Refused):  # the steps that fired before the refusal stay
            advance_in(tx, SECRET, command, at + after)
    if corruption is not None:
        tx.run(CORRUPTIONS[corruption], id=tx.row("SELECT id FROM cases WHERE number = :number", number=number).id)


class RolledBack(Exception):
    """Ends a transaction that is to be undone."""


def fire_and_roll_back(
    store: Store, fire: Callable[[Tx], Sweep]
) -> tuple[dict[str, list[Any]], dict[str, list[Fired]], set[tuple[str, str]]]:
    """Return the rows of all tables after ``fire``, the steps by case and the failures, and roll back."""
    sweep, rows = Sweep((), ()), {}
    with contextlib.suppress(RolledBack), store.writing() as tx:
        sweep = fire(tx)
        rows = {table: tx.rows(f"SELECT * FROM {table} ORDER BY {key}") for table, key in TABLES.items()}
        raise RolledBack
    fired_by_case = {
        each.number: [fired for fired in sweep.fired if fired.number == each.number] for each in sweep.fired
    }
    return rows, fired_by_case, set(sweep.failed)


def delete_all_cases(store: Store) -> None:
    """Delete all rows of all cases."""
    with store.writing() as tx:
        for table in reversed(TABLES):
            tx.run(f"DELETE FROM {table}")


def all_due(tx: Tx, at: int) -> list[int]:
    rows = tx.rows("SELECT DISTINCT case_id FROM timer WHERE fires_at <= :at ORDER BY 1", at=at)
    return [row.case_id for row in rows]


def fire_move_by_move(tx: Tx, at: int) -> Sweep:
    """Fire each case alone, and plan each step as a move."""
    with mock.patch("engine.commands.plan.ladder_of", return_value=None):
        return fire_each(tx, all_due(tx, at), at)


def with_every_corruption(test: Any) -> Any:
    for corruption in CORRUPTIONS:
        for opens in (timedelta(), 9 * HOUR):
            test = example([("complaint", opens, [("promise", HOUR)], corruption)] * 2, 3 * DAY)(test)
    return test


@pytest.mark.requirement("B6")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stories, min_size=1, max_size=6), hours.map(lambda span: span * 2))
@with_every_corruption
def test_a_sweep_writes_the_same_rows_as_steps_fired_move_by_move(store: Store, written: list[Story], after: timedelta):
    at = to_micros(START + after)
    with store.writing() as tx:
        for story in written:
            write_story(tx, story)
    alone = fire_and_roll_back(store, lambda tx: fire_move_by_move(tx, at))
    together = fire_and_roll_back(store, lambda tx: fire_together(tx, all_due(tx, at), at))
    delete_all_cases(store)
    assert together == alone


def fire_all(store: Store, at: Any = WEEK, size: int = 2, tell: bool = True) -> list[Sweep]:
    return [fire_chunk(store, chunk, at, tell) for chunk in chunks(store, at, size=size)]


def test_due_cases_are_divided_into_chunks_in_the_order_of_their_ids(store: Store):
    ids = [case_of(store, new_case(store, (9 - n) * MICROSECOND))["id"] for n in range(5)]
    withdrawn = new_case(store)
    make_move(store, withdrawn, "withdraw")
    limits = [(chunk.low, chunk.high, chunk.cases) for chunk in chunks(store, WEEK, size=2)]
    assert limits == [(ids[0], ids[1], 2), (ids[2], ids[3], 2), (ids[4], ids[4], 1)]
    assert [chunk.cases for chunk in chunks(store, WEEK, low=ids[1], high=ids[3], size=9)] == [3]
    assert chunks(store, START + HOUR) == []


def test_a_usual_case_is_fired_without_a_decision_for_each_step(store: Store, monkeypatch: pytest.MonkeyPatch):
    numbers = [new_case(store) for _ in range(3)]
    monkeypatch.setattr("engine.commands.plan._fire", None)
    assert [len(sweep.fired) for sweep in fire_all(store)] == [16, 8]
    assert len({tuple(fired_steps_of(store, number)) for number in numbers}) == 1
    assert verify(store).ok


def test_a_timer_that_changes_the_state_fires_beside_the_usual_ones(store: Store):
    number, other = new_resolved_case(store), new_case(store)
    make_move(store, number, "revisit", after=DAY)
    [sweep] = fire_all(store, START + 9 * DAY)
    assert {fired.number for fired in sweep.fired} == {number, other}
    assert case_of(store, number)["state"] == "archived"
    assert verify(store).ok


def test_a_sweep_killed_between_two_chunks_is_completed_by_the_next(store: Store):
    numbers = [new_case(store) for _ in range(5)]
    first, _, _ = chunks(store, WEEK, size=2)
    fire_chunk(store, first, WEEK)
    assert {number for number in numbers if fired_steps_of(store, number)} == set(numbers[:2])
    assert {fired.number for sweep in fire_all(store) for fired in sweep.fired} == set(numbers[2:])
    assert len({tuple(fired_steps_of(store, number)) for number in numbers}) == 1
    assert chunks(store, WEEK) == []
    assert verify(store).ok


def test_a_sweep_killed_within_a_chunk_writes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    number = new_case(store)
    before = case_of(store, number)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.escalation.fire.write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fire_all(store)
    assert case_of(store, number) == before
    assert len(fire_all(store)[0].fired) == 8


def test_a_chunk_fired_twice_fires_once(store: Store):
    number = new_case(store)
    [chunk] = chunks(store, WEEK)
    assert [len(fire_chunk(store, chunk, WEEK).fired) for _ in range(2)] == [8, 0]
    assert len(fired_steps_of(store, number)) == 8


def test_two_concurrent_sweeps_of_the_same_chunks_fire_each_step_once(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(12)]
    sweeps = [
        sweep
        for result in run_concurrently([partial(fire_all, store)] * 2)
        if isinstance(result, list)
        for sweep in result
    ]
    sweeps += fire_all(store)  # each skipped the cases that the other had locked
    assert sorted(fired.number for sweep in sweeps for fired in sweep.fired) == sorted(numbers * 8)
    assert len({tuple(timedelta() for _ in fired_steps_of(store, number)) for number in numbers}) == 1
    assert verify(store).ok


def test_concurrent_sweeps_by_chunk_and_by_case_fire_each_step_once(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(8)]
    run_concurrently([partial(fire_all, store), partial(fire_due, store, WEEK), partial(fire_all, store)])
    fire_all(store)
    assert [len(fired_steps_of(store, number)) for number in numbers] == [8] * 8
    assert verify(store).ok


def test_a_locked_case_is_left_to_the_next_sweep(postgres_store: Store):
    locked, free = new_case(postgres_store), new_case(postgres_store)
    with postgres_store.writing() as tx:
        tx.row("SELECT id FROM cases WHERE number = :number FOR UPDATE", number=locked)
        [sweep] = fire_all(postgres_store)
    assert {fired.number for fired in sweep.fired} == {free}
    assert {fired.number for fired in fire_all(postgres_store)[0].fired} == {locked}


def test_a_case_that_cannot_fire_is_reported_parked_and_stops_no_other(store: Store):
    lost, sound = new_case(store), new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=lost)
    [sweep] = fire_all(store)
    assert sweep.failed == ((lost, "lost_state"),)
    assert {fired.number for fired in sweep.fired} == {sound}
    assert [row["reason"] for row in query_rows(store, "SELECT reason FROM parked")] == ["lost_state"]
    assert fire_all(store) == [Sweep((), ())]


def test_a_case_whose_next_transition_exists_stops_no_other(store: Store):
    """The row was inserted by other means: the database refuses the step, and the other cases fire."""
    corrupted, sound = new_case(store), new_case(store)
    columns = "move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle, form"
    sql = f"INSERT INTO transition (case_id, seq, {columns}, hash) SELECT case_id, 3, {columns}, 'x' FROM transition"
    execute_sql(store, f"{sql} WHERE case_id = :id", id=case_of(store, corrupted)["id"])
    [sweep] = fire_all(store)
    assert {fired.number for fired in sweep.fired} == {sound}
    assert len(history_of(store, corrupted)) == 2
    assert case_of(store, corrupted)["version"] == 1


def test_a_case_that_moved_since_it_was_loaded_is_a_conflict(store: Store):
    number = new_case(store)

    def write_stale_plan() -> None:
        at = to_micros(WEEK)
        with store.writing() as tx:
            [loaded] = load_cases(tx, all_due(tx, at), at)
            context = context_of(loaded)
            plan = begin(context)
            plan_until(context, plan, at)
            tx.run("UPDATE cases SET version = version + 1")
            write(tx, [plan])

    with pytest.raises(Conflict):
        write_stale_plan()
    assert fired_steps_of(store, number) == []


def test_a_parked_case_waits_for_its_next_try(store: Store):
    number = new_case(store)
    with store.writing() as tx:
        parking.note_failure(tx, case_of(store, number)["id"], parking.TIMER, "x", to_micros(WEEK))
    assert fire_all(store) == [Sweep((), ())]
    [sweep] = fire_all(store, WEEK + FIRST_WAIT)
    assert len(sweep.fired) == 8
    assert query_rows(store, "SELECT * FROM parked") == []


def test_steps_fired_without_report_are_counted(store: Store):
    new_case(store)
    assert fire_all(store, tell=False) == [Sweep((), (), untold=8)]


def test_a_concurrent_move_and_sweep_fire_each_step_once(store: Store):
    number = new_case(store)
    run_concurrently([partial(fire_all, store), partial(make_move, store, number, "reply", by=HANDLER, after=7 * DAY)])
    fire_all(store)
    assert len(fired_steps_of(store, number)) == 8
    assert verify(store).ok
