"""A case in a state that was removed from its lifecycle is carried over by a recorded move when it is next loaded."""

from dataclasses import replace

from engine.audit.verify import verify
from engine.commands.case_context import Wanted, context_of
from engine.commands.decide import facts_of
from engine.commands.load import load_one
from engine.commands.plan import begin
from engine.commands.write import write
from engine.ledger.record import current_case
from engine.store import Store
from models.columns import to_micros
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.lifecycle import Retired
from tests.case_actions import HOUR, START, case_of, execute_sql, history_of, make_move, new_case, query_rows, refusal

TABLE = replace(COMPLAINT, retired=(Retired("queued", "classified"),))


def load_and_begin(store: Store, number: str) -> None:
    """Begin to plan for the case under a lifecycle that has retired ``queued``."""
    with replaced(TABLE), store.writing() as tx:
        context = context_of(load_one(tx, Wanted(number, "note", "system", None), to_micros(START + HOUR)))
        write(tx, [begin(context)])


def new_queued_case(store: Store) -> str:
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'queued' WHERE number = :number", number=number)
    return number


def test_a_case_in_a_retired_state_is_carried_over_by_its_own_move(store: Store):
    number = new_queued_case(store)
    load_and_begin(store, number)
    case, last = case_of(store, number), history_of(store, number)[-1]
    assert (case["state"], case["previous_state"], case["version"]) == ("classified", "", 2)
    assert (last["move"], last["source"], last["dest"]) == ("carried_over", "queued", "classified")
    assert (last["via"], bool(last["inferred"]), last["lifecycle"]) == ("timer", True, TABLE.version)
    assert last["hash"] == case["head"]


def test_a_case_is_carried_over_once_and_continues_under_the_new_table(store: Store):
    number = new_queued_case(store)
    load_and_begin(store, number)
    load_and_begin(store, number)
    make_move(store, number, "investigate", after=HOUR)
    assert [row["move"] for row in history_of(store, number)] == ["open", "carried_over", "investigate"]


def test_carrying_a_case_over_changes_no_timer(store: Store):
    number = new_queued_case(store)
    before = query_rows(store, "SELECT * FROM timer ORDER BY id")
    load_and_begin(store, number)
    assert query_rows(store, "SELECT * FROM timer ORDER BY id") == before


def test_a_case_in_a_current_state_is_not_carried_over(store: Store):
    number = new_case(store)
    load_and_begin(store, number)
    assert [row["move"] for row in history_of(store, number)] == ["open"]
    assert verify(store).ok


def test_a_state_without_a_successor_is_lost(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    assert refusal(lambda: load_and_begin(store, number)).code == "lost_state"


def test_guards_read_the_same_of_a_case_that_is_shown_as_of_one_that_is_carried_over(store: Store):
    number = new_queued_case(store)
    with replaced(TABLE), store.looking() as tx:
        shown = current_case(tx, number)
        context = context_of(load_one(tx, Wanted(number, "note", "system", None), to_micros(START)))
        begin(context)
    facts = facts_of(shown, context.pack)
    assert facts == facts_of(context.case, context.pack)
    assert facts.state == "classified"
    assert facts.bounds == {name: bound.amount for name, bound in context.pack.bounds.items()} != {}
    assert (facts.max_rounds, facts.max_attempts) == (context.pack.rounds.max, context.pack.callbacks.attempts)
