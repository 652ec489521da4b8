"""A write from a stale case row is a conflict: the database compares the version, whether or not a lock was held."""

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


def write_acknowledgement(tx: Tx, head: CaseRow) -> None:
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
        write_acknowledgement(tx, stale)
    assert [query_rows(store, f"SELECT * FROM {table}") for table in TABLES] == before


def test_a_stale_case_conflicts_even_if_its_history_was_cut(store: Store):
    """The version alone prevents the write where no transition holds the sequence number."""
    number = new_case(store)
    stale = read(store, number)
    make_move(store, number, "note")
    with store.writing() as tx:
        tx.run("DELETE FROM statement WHERE seq = 2")
        tx.run("DELETE FROM outbox_event WHERE seq = 2")
        tx.run("DELETE FROM transition WHERE seq = 2")
    with pytest.raises(Conflict), store.writing() as tx:
        write_acknowledgement(tx, stale)
    assert (len(history_of(store, number)), case_of(store, number)["version"]) == (1, 2)


def test_two_writers_of_the_same_version_make_one_move(store: Store):
    number = new_case(store)
    both = [read(store, number), read(store, number)]
    with store.writing() as tx:
        write_acknowledgement(tx, both[0])
    with pytest.raises(Conflict), store.writing() as tx:
        write_acknowledgement(tx, both[1])
    assert moves_of(store, number) == ["open", "acknowledge"]
