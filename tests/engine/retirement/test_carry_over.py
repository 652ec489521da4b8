"""A case is carried over by one recorded move: no timer starts or ends, and a pause still returns to the state before.

Most tests rename ``investigated`` while cases are in it, or wait for the customer and return to it.
"""

import contextlib
from dataclasses import replace

import pytest

from engine.audit.migrate_lifecycle import migrate_lifecycles
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.escalation.fire import fire_due
from engine.ledger.lifecycle_versions import record_version
from engine.outbox.deliveries import lease
from engine.store import Store
from models.columns import to_micros
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.lifecycle import Retired, State
from statemachines.vocabulary import Milestone
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    case_of,
    execute_sql,
    fired_steps_of,
    history_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
    timer_of,
)
from tests.renaming import Renames, renamed

EXAMINED = renamed(COMPLAINT, Renames({"investigated": "examined"}))
REMEDY = renamed(COMPLAINT, Renames(clauses={"solution": "remedy"}))


def new_investigated_case(store: Store) -> str:
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "investigate")
    return number


def open_timers(store: Store, number: str) -> dict[str, dict[str, object]]:
    sql = "SELECT * FROM timer WHERE case_id = :id AND closed_at IS NULL"
    return {row["clause"]: row for row in query_rows(store, sql, id=case_of(store, number)["id"])}


def test_a_case_in_a_renamed_state_continues_after_one_recorded_move(store: Store):
    number = new_investigated_case(store)
    with replaced(EXAMINED):
        assert verify(store).faults == ()
        make_move(store, number, "note", after=HOUR)
        carried, last = history_of(store, number)[-2:]
        assert (carried["move"], carried["source"], carried["dest"]) == ("carried_over", "investigated", "examined")
        assert (carried["lifecycle"], bool(carried["inferred"])) == (EXAMINED.version, True)
        assert COMPLAINT.version in carried["form"]
        assert (last["move"], last["source"]) == ("note", "examined")
        assert case_of(store, number)["previous_state"] == "classified"
        assert make_move(store, number, "resolve", after=HOUR).state == "resolved"
        assert verify(store).faults == ()


def test_a_case_that_waits_for_the_customer_returns_to_the_renamed_state(store: Store):
    number = new_investigated_case(store)
    make_move(store, number, "ask_customer", after=HOUR)
    paused = open_timers(store, number)
    assert paused["solution"]["running_since"] is None
    with replaced(EXAMINED):
        assert verify(store).faults == ()
        assert make_move(store, number, "customer_answers", after=5 * HOUR).state == "examined"
        running = open_timers(store, number)
        assert running.keys() == paused.keys() - {"customer_answer"}
        assert running["solution"]["running_since"] is not None
        assert running["solution"]["consumed"] == paused["solution"]["consumed"]
        assert moves_of(store, number)[-2:] == ["carried_over", "customer_answers"]
        assert verify(store).faults == ()


def test_a_renamed_waiting_state_still_returns_to_the_state_before(store: Store):
    number = new_investigated_case(store)
    make_move(store, number, "ask_customer")
    with replaced(renamed(COMPLAINT, Renames({"waiting_for_customer": "asked", "investigated": "examined"}))):
        assert make_move(store, number, "customer_answers", after=HOUR).state == "examined"
        assert verify(store).faults == ()


def test_a_promise_that_was_met_does_not_start_again(store: Store):
    number = new_investigated_case(store)
    make_move(store, number, "reply", HANDLER)
    before = [
        (row["clause"], row["outcome"]) for row in query_rows(store, "SELECT clause, outcome FROM timer ORDER BY id")
    ]
    assert ("first_reply", "met") in before
    with replaced(EXAMINED):
        make_move(store, number, "note", after=HOUR)
    assert [(row["clause"], row["outcome"]) for row in query_rows(store, "SELECT * FROM timer ORDER BY id")] == before


def test_a_state_merged_into_another_starts_the_timers_of_the_other(store: Store):
    """Cases in the retired state ``queued`` had no timers."""
    queued = State("queued", Milestone.CLASSIFIED, owner=COMPLAINT.state["classified"].owner, unwatched="a test")
    rows = {row.name: row for row in COMPLAINT.moves}
    before = replace(
        COMPLAINT,
        states=(*COMPLAINT.states, queued),
        moves=(
            *COMPLAINT.moves,
            replace(rows["note"], name="queue", sources=("received",), dest="queued"),
            replace(rows["note"], name="unqueue", sources=("queued",), dest="received"),
        ),
    )
    number = new_case(store)
    with replaced(before):
        advance(store, Command(number, "queue", {"note": "Later."}, SUPERVISOR), START)
        assert open_timers(store, number) == {}
    table = replace(COMPLAINT, retired=(Retired("queued", "received"), Retired(move="queue"), Retired(move="unqueue")))
    with replaced(table):
        make_move(store, number, "note", after=HOUR)
        assert set(open_timers(store, number)) >= {"first_reply", "solution"}
        assert verify(store).faults == ()


def test_a_timer_of_a_renamed_clause_keeps_what_it_consumed_and_fires_no_step_twice(store: Store):
    number = new_case(store)
    limit = timer_of(store, number, "solution")["allowance"] // 3_600_000_000
    fire_due(store, START + 0.8 * limit * HOUR)
    fired = fired_steps_of(store, number)
    assert ("solution", 75) in {(clause, percent) for clause, percent, _ in fired}
    with replaced(REMEDY):
        assert verify(store).faults == ()
        fire_due(store, START + 5 * limit * HOUR)
        solution, remedy = (
            [percent for clause, percent, _ in fired_steps_of(store, number) if clause == name]
            for name in ("solution", "remedy")
        )
        assert (solution, remedy) == ([75], [100, 150, 200])
        assert timer_of(store, number, "remedy")["steps_fired"] == 4
        assert verify(store).faults == ()


def test_a_limit_under_the_old_name_of_its_clause_still_applies(store: Store):
    with replaced(REMEDY):
        number = new_case(store)
        assert timer_of(store, number, "remedy")["amount"] > 0


def test_duties_stay_separate_when_a_move_is_renamed(store: Store):
    number = new_investigated_case(store)
    make_move(store, number, "determine_responsibility", SUPERVISOR)
    with replaced(renamed(COMPLAINT, Renames(moves={"determine_responsibility": "blame"}))):
        refused = refusal(lambda: make_move(store, number, "confirm_responsibility", SUPERVISOR, after=HOUR))
        assert (refused.code, refused.params["moves"]) == ("own_work", ["blame"])
        assert make_move(store, number, "confirm_responsibility", MANAGER, after=HOUR).seq


def test_a_renamed_variable_is_carried_over_and_continues_to_count(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "return", HANDLER)
    with replaced(renamed(COMPLAINT, Renames(variables={"returns": "sent_back"}))):
        assert make_move(store, number, "return", HANDLER, after=HOUR).state == "owner_disputed"
        assert '"sent_back":2' in case_of(store, number)["variables"]
        assert verify(store).faults == ()


def test_waiting_events_are_delivered_under_the_new_names(store: Store):
    number = new_investigated_case(store)
    names = Renames({"investigated": "examined"}, {"investigate": "examine"}, fields={"Findings.findings": "result"})
    with replaced(renamed(COMPLAINT, names)):
        batch = lease(store, "me", lambda event: [f"greet_{event.seq}"], START + HOUR)
        [event] = [leased.event for leased in batch if leased.event.seq == 3]
        assert (event.number, event.move, event.source, event.dest) == (number, "examine", "classified", "examined")
        assert '"result"' in event.form
        assert '"findings"' not in event.form


def test_carrying_a_case_over_makes_no_event(store: Store):
    number = new_investigated_case(store)
    lease(store, "me", lambda event: [], START)
    with replaced(EXAMINED):
        make_move(store, number, "note", after=HOUR)
        moves = [leased.event.move for leased in lease(store, "me", lambda event: ["greet"], START + HOUR)]
    assert moves == ["note"]


def test_a_renamed_resolved_state_keeps_its_callback_window(store: Store):
    number = new_resolved_case(store)
    window = timer_of(store, number, "revisit")["fires_at"]
    with replaced(renamed(COMPLAINT, Renames({"resolved": "settled"}, clauses={"revisit": "call_back"}))):
        make_move(store, number, "note", after=HOUR)
        assert timer_of(store, number, "call_back")["fires_at"] == window
        assert fire_due(store, START + 300 * DAY).failed == ()


def test_a_case_parked_for_a_lost_clause_continues_once_the_clause_has_a_successor(store: Store):
    number = new_case(store)
    without_successor = replace(REMEDY, retired=())
    with replaced(without_successor):
        assert fire_due(store, START + 40 * DAY).failed == ((number, "lost_clause"),)
        assert fired_steps_of(store, number) == []
    with replaced(REMEDY):
        assert migrate_lifecycles(store, START + 40 * DAY).carried == 1
        assert fire_due(store, START + 40 * DAY).failed == ()
        assert {clause for clause, _, _ in fired_steps_of(store, number)} >= {"remedy", "first_reply"}
        assert verify(store).faults == ()


def test_the_timers_of_a_merged_case_are_inherited_under_the_new_clause(store: Store):
    """The rename comes between the merge, which releases the timers, and the move that inherits them."""
    into, merged = new_case(store), new_case(store)
    make_move(store, merged, "merge", into=into)
    with replaced(REMEDY):
        advance(store, Command(into, "absorb", {"case": merged}, "system"), START + HOUR)
        sql = "SELECT clause, occurrence FROM timer WHERE case_id = :id AND clause = 'remedy' AND closed_at IS NULL"
        rows = query_rows(store, sql, id=case_of(store, into)["id"])
        assert sorted(row["occurrence"] for row in rows) == [1, 2]
        assert verify(store).faults == ()


def test_a_case_in_a_lost_state_is_refused_by_name_and_nothing_is_written(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    assert refusal(lambda: make_move(store, number, "note", after=HOUR)).code == "lost_state"
    assert moves_of(store, number) == ["open"]


@pytest.mark.parametrize("column", ["document", "version"])
def test_an_altered_record_of_a_lifecycle_is_detected(store: Store, column: str):
    new_case(store)
    execute_sql(store, f"UPDATE lifecycle_version SET {column} = {column} || ' ' WHERE kind = 'complaint'")
    assert [fault.what for fault in verify(store).faults if fault.what.startswith("lifecycle complaint")]


def test_a_group_of_moves_carries_each_of_its_cases_over(store: Store):
    numbers = [new_investigated_case(store), new_investigated_case(store)]
    with replaced(renamed(COMPLAINT, Renames({"investigated": "examined"}, clauses={"solution": "remedy"}))):
        commands = [Command(number, "note", {"note": "Later."}, SUPERVISOR) for number in numbers]
        answers = advance_many(store, commands, START + HOUR)
        assert [answer.seq for answer in answers if isinstance(answer, Answer)] == [5, 5]
        for number in numbers:
            assert moves_of(store, number)[-2:] == ["carried_over", "note"]
            assert open_timers(store, number)["remedy"]["running_since"] is not None
        assert verify(store).faults == ()


def test_a_timer_of_a_clause_merged_into_another_gets_the_next_occurrence(store: Store):
    """Both ``first_reply`` and ``solution`` run; they become two timers of one clause."""
    number = new_investigated_case(store)
    before = {row["id"]: row["fires_at"] for row in open_timers(store, number).values()}
    clauses = tuple(clause for clause in COMPLAINT.clauses if clause.name != "first_reply")
    with replaced(replace(COMPLAINT, clauses=clauses, retired=(Retired(clause="first_reply", to="solution"),))):
        make_move(store, number, "note", after=HOUR)
        sql = "SELECT id, occurrence, fires_at FROM timer WHERE case_id = :id AND clause = 'solution'"
        rows = query_rows(store, sql, id=case_of(store, number)["id"])
        assert sorted(row["occurrence"] for row in rows) == [1, 2]
        assert all(before[row["id"]] == row["fires_at"] for row in rows)
        assert verify(store).faults == ()


def test_a_version_whose_record_was_undone_is_recorded_by_the_next_move(store: Store):
    number = new_investigated_case(store)
    with replaced(EXAMINED):
        with contextlib.suppress(KeyError), store.writing() as tx:
            record_version(tx, EXAMINED, 0)
            record_version(tx, EXAMINED, 0)
            raise KeyError
        make_move(store, number, "note", after=HOUR)
        sql = "SELECT recorded_at FROM lifecycle_version WHERE version = :version"
        [row] = query_rows(store, sql, version=EXAMINED.version)
        assert row["recorded_at"] == to_micros(START + HOUR)
        assert verify(store).faults == ()
