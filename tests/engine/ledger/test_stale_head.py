"""Who has read a case that has moved since writes nothing: the database compares the version, whoever held a lock."""

import pytest

from engine.commands.plan import Plan
from engine.commands.write import write
from engine.databases import Conflict
from engine.ledger.record import CaseRow, TransitionDraft, append, case_by_number
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.complaint import COMPLAINT
from statemachines.form_model import Nothing
from tests.case_actions import START, case_of, history_of, make_move, moves_of, new_case, query_rows

TABLES = ("cases", "transition", "statement", "outbox_event")


def read(store: Store, number: str) -> CaseRow:
    with store.looking() as tx:
        return case_by_number(tx, number)


def written(tx: Tx, head: CaseRow) -> None:
    now = to_micros(START)
    plan = Plan(head, [], head.version, steps_only=False)
    draft = TransitionDraft("acknowledge", head.state, Nothing(), 1, "cli", now, now)
    plan.transitions.append(append(head, COMPLAINT, draft, plan.statements))
    write(tx, [plan])


def test_a_stale_case_is_a_conflict_and_nothing_of_the_move_is_written(store: Store):
    number = new_case(store)
    stale = read(store, number)
    make_move(store, number, "note")
    before = [query_rows(store, f"SELECT * FROM {table}") for table in TABLES]
    with pytest.raises(Conflict), store.writing() as tx:
        written(tx, stale)
    assert [query_rows(store, f"SELECT * FROM {table}") for table in TABLES] == before


def test_nor_does_it_write_over_a_history_that_was_shortened(store: Store):
    """Without the key of the transitions, too, the version alone would say no."""
    number = new_case(store)
    stale = read(store, number)
    make_move(store, number, "note")
    with store.writing() as tx:
        tx.run("DELETE FROM statement WHERE seq = 2")
        tx.run("DELETE FROM outbox_event WHERE seq = 2")
        tx.run("DELETE FROM transition WHERE seq = 2")
    with pytest.raises(Conflict), store.writing() as tx:
        written(tx, stale)
    assert (len(history_of(store, number)), case_of(store, number)["version"]) == (1, 2)


def test_two_who_hold_the_same_case_make_one_move(store: Store):
    number = new_case(store)
    both = [read(store, number), read(store, number)]
    with store.writing() as tx:
        written(tx, both[0])
    with pytest.raises(Conflict), store.writing() as tx:
        written(tx, both[1])
    assert moves_of(store, number) == ["open", "acknowledge"]
