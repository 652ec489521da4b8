"""Plans are written whole or not at all: one without a lock, or many in one transaction."""

import pytest

from engine.commands.advance import load_and_plan
from engine.commands.advance_many import advance_many
from engine.commands.case_context import context_of
from engine.commands.command import Answer, Command
from engine.commands.load import load_cases
from engine.commands.plan import Plan, begin, plan_until
from engine.commands.write import write
from engine.databases import Conflict
from engine.store import Store
from models.columns import to_micros
from statemachines.lifecycle import Refused
from tests.case_actions import (
    AGENT,
    DAY,
    HANDLER,
    START,
    case_of,
    execute_sql,
    fired_steps_of,
    form_for,
    make_move,
    moves_of,
    new_case,
    query_rows,
)

TABLES = ("cases", "transition", "statement", "timer", "escalation_step", "outbox_event", "idempotency_key")
LATER = START + 7 * DAY


def contents(store: Store) -> list[object]:
    return [query_rows(store, f"SELECT * FROM {table}") for table in TABLES]


def plan_resolution(store: Store, number: str) -> Plan:
    """Plan a move that writes to every table: due steps, ending and starting timers, personal text, a key."""
    command = Command(number, "resolve", form_for("resolve"), HANDLER, key=f"k:{number}")
    with store.looking() as tx:
        result = load_and_plan(tx, store.secret, command, LATER)
    assert isinstance(result, Plan)
    return result


def new_investigated_case(store: Store) -> str:
    number = new_case(store)
    make_move(store, number, "classify", by=AGENT)
    make_move(store, number, "investigate", by=HANDLER)
    return number


@pytest.mark.parametrize("optimistic", [True, False])
def test_a_stale_plan_is_a_conflict_and_nothing_of_it_is_written(store: Store, optimistic: bool):
    number = new_investigated_case(store)
    stale = plan_resolution(store, number)
    assert stale.steps
    assert stale.statements
    assert stale.key
    assert [timer.id for timer in stale.timers].count(None) > 0
    make_move(store, number, "note", by=AGENT, after=7 * DAY)
    before = contents(store)
    with pytest.raises(Conflict), store.writing(optimistic=optimistic) as tx:
        write(tx, [stale])
    assert contents(store) == before


@pytest.mark.parametrize("optimistic", [True, False])
def test_a_current_plan_is_written_whole(store: Store, optimistic: bool):
    number = new_investigated_case(store)
    plan = plan_resolution(store, number)
    with store.writing(optimistic=optimistic) as tx:
        write(tx, [plan])
    assert case_of(store, number)["version"] == plan.case.version
    assert len(fired_steps_of(store, number)) == len(plan.steps)
    assert moves_of(store, number)[-1] == "resolve"
    assert query_rows(store, "SELECT key FROM idempotency_key") == [{"key": f"k:{number}"}]


def test_a_group_with_one_stale_plan_is_not_written(store: Store):
    current, stale = new_investigated_case(store), new_investigated_case(store)
    plans = [plan_resolution(store, current), plan_resolution(store, stale)]
    execute_sql(store, "UPDATE cases SET version = version + 1 WHERE number = :number", number=stale)
    before = contents(store)
    with pytest.raises(Conflict), store.writing() as tx:
        write(tx, plans)
    assert contents(store) == before


def test_a_plan_can_continue_after_it_was_written(store: Store):
    """Its timers then have ids, so that steps can refer to them."""
    number = new_case(store)
    with store.writing() as tx:
        [loaded] = load_cases(tx, [case_of(store, number)["id"]], to_micros(START))
        context = context_of(loaded)
        plan = begin(context)
        for until in (START + DAY, LATER):
            plan_until(context, plan, to_micros(until))
            write(tx, [plan], goes_on=True)
    assert len(fired_steps_of(store, number)) == 8
    assert case_of(store, number)["version"] == 9


def test_a_group_may_hold_several_commands_for_a_case(store: Store):
    number, other = new_case(store), new_case(store)
    commands = [Command(each, "note", {"note": "n"}, AGENT) for each in (number, other, number, number)]
    answers = advance_many(store, commands, START)
    assert [(answer.number, answer.seq) for answer in answers if isinstance(answer, Answer)] == [
        (number, 2), (other, 2), (number, 3), (number, 4),
    ]  # fmt: skip


def test_a_group_may_hold_several_commands_with_a_key(store: Store):
    number, other = new_case(store), new_case(store)
    note = Command(number, "note", {"note": "n"}, AGENT, key="k")
    first, again, reused = advance_many(
        store, [note, note, Command(other, "note", {"note": "n"}, AGENT, key="k")], START
    )
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert (again.seq, again.again) == (first.seq, True)
    assert isinstance(reused, Refused)
    assert reused.code == "key_reused"
    assert moves_of(store, other) == ["open"]


def test_a_case_is_not_merged_into_one_closed_earlier_in_the_group(store: Store):
    first, second = new_case(store), new_case(store)
    commands = [
        Command(first, "withdraw", form_for("withdraw"), "sue"),
        Command(second, "merge", {**form_for("merge"), "into": first}, "sue"),
    ]
    withdrawn, refused = advance_many(store, commands, START)
    assert isinstance(withdrawn, Answer)
    assert isinstance(refused, Refused)
    assert refused.code == "not_mergeable"
