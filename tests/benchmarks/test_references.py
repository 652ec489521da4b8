"""The references do the same work as the engine: the same rows, in histories that are just as whole."""

from datetime import timedelta
from typing import Any

import pytest

from benchmarks.move_template import COUNTED, MoveJob, MoveTemplate, count_rows, record_template
from benchmarks.moves import MOVES
from benchmarks.peer_systems import SqlmodelPeer
from benchmarks.raw_sql import raw_writer
from benchmarks.seeding import seed
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Command
from engine.escalation.id_ranges import ranges
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import START, query_rows

AT = START + timedelta(hours=3)
OWN = ("id", "case_id", "number", "salt", "head", "hash", "form", "key", "request_hash", "party_id")
"""Columns in which two cases differ though they made the same moves."""


def rows_of_case(store: Store, number: str) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of a case, without the columns in which cases differ."""
    case_id = query_rows(store, "SELECT id FROM cases WHERE number = :n", n=number)[0]["id"]
    return {
        table: sorted(
            ({name: value for name, value in row.items() if name not in OWN} for row in _rows(store, table, case_id)),
            key=repr,
        )
        for table in COUNTED
    }


def _rows(store: Store, table: str, case_id: int) -> list[dict[str, Any]]:
    key = "id" if table == "cases" else "case_id"
    return query_rows(store, f"SELECT * FROM {table} WHERE {key} = :i", i=case_id)


def commands(numbers: list[str], move: int) -> list[Command]:
    name, form, actor = MOVES[move]
    return [Command(number, name, form, actor, "api", f"{name}:{number}") for number in numbers]


def template_of(store: Store, number: str, move: int) -> MoveTemplate:
    return record_template(store, commands([number], move)[0], AT)


def test_seeded_histories_verify_and_the_requested_number_is_due(store: Store):
    numbers = seed(store, 20, 5, at=AT)
    result = verify(store)
    assert result.ok, result.faults
    assert (len(numbers), result.cases, result.transitions) == (20, 21, 63)
    due = [ranges(store, AT + after, 1)[0].cases for after in (timedelta(), timedelta(minutes=59), timedelta(days=1))]
    assert due == [5, 5, 21]


def test_raw_sql_writes_the_same_rows_as_a_move_alone_and_in_a_group(store: Store):
    recorded, ours, alone, *group = seed(store, 5, at=AT)
    for move, (name, _, _) in enumerate(MOVES):
        reference = raw_writer(store, template_of(store, recorded, move))
        [command] = commands([ours], move)
        advance(store, command, AT)
        reference.make_move(MoveJob(alone, f"{name}:{alone}", to_micros(AT)))
        reference.make_moves([MoveJob(number, f"{name}:{number}", to_micros(AT)) for number in group])
        reference.close()
        for number in (alone, *group):
            assert rows_of_case(store, number) == rows_of_case(store, ours)
    result = verify(store)
    assert result.ok, result.faults


def test_both_sides_add_the_same_number_of_rows_to_each_table(store: Store):
    recorded, *numbers = seed(store, 7, at=AT)
    reference = raw_writer(store, template_of(store, recorded, 0))
    before = count_rows(store)
    advance_many(store, commands(numbers[:3], 0), AT)
    between = count_rows(store)
    reference.make_moves([MoveJob(number, f"resolve:{number}", to_micros(AT)) for number in numbers[3:]])
    reference.close()
    after = count_rows(store)
    ours = {table: between[table] - n for table, n in before.items()}
    theirs = {table: after[table] - n for table, n in between.items()}
    assert ours == theirs
    assert ours == {
        "cases": 0,
        "transition": 3,
        "statement": 6,
        "timer": 3,
        "outbox_event": 3,
        "idempotency_key": 3,
        "ended": 6,
    }


def test_raw_sql_does_not_make_a_move_twice(store: Store):
    recorded, other = seed(store, 2, at=AT)
    reference = raw_writer(store, template_of(store, recorded, 0))
    job = MoveJob(other, f"resolve:{other}", to_micros(AT))
    reference.make_move(job)
    with pytest.raises(Exception, match=r"(?i)unique"):
        reference.make_move(job)
    reference.close()


def test_a_session_with_a_bound_model_writes_the_same_rows(store: Store):
    recorded, ours, theirs = seed(store, 3, at=AT)
    peer = SqlmodelPeer(store, template_of(store, recorded, 0))
    mine, other = commands([ours, theirs], 0)
    advance(store, mine, AT)
    peer.move(other, AT)
    peer.move(other, AT)  # the second move has the same key and changes nothing
    peer.close()
    assert rows_of_case(store, theirs) == rows_of_case(store, ours)
    result = verify(store)
    assert result.ok, result.faults
