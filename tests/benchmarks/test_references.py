"""The references do the same work as the engine: the same rows, in histories that are just as whole."""

from datetime import timedelta
from typing import Any

import pytest

from benchmarks.moves import MOVES
from benchmarks.peers import Sessions
from benchmarks.raw import raw
from benchmarks.seeding import seed
from benchmarks.watched import COUNTED, Job, Kind, counted, watched
from engine.audit.verify import verify
from engine.commands.advance import Command, advance, advance_many
from engine.escalation.id_ranges import ranges
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import START, query_rows

AT = START + timedelta(hours=3)
OWN = ("id", "case_id", "number", "salt", "head", "hash", "form", "key", "request_hash", "party_id")
"""Columns in which two cases differ that went through the same."""


def written(store: Store, number: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of a case, but for what is its own."""
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


def seen(store: Store, number: str, move: int) -> Kind:
    return watched(store, commands([number], move)[0], AT)


def test_seeded_histories_are_whole_and_as_many_are_due_as_were_asked_for(store: Store):
    numbers = seed(store, 20, 5, at=AT)
    verdict = verify(store)
    assert verdict.ok, verdict.faults
    assert (len(numbers), verdict.cases, verdict.transitions) == (20, 21, 63)
    due = [ranges(store, AT + after, 1)[0].cases for after in (timedelta(), timedelta(minutes=59), timedelta(days=1))]
    assert due == [5, 5, 21]


def test_raw_sql_writes_the_very_rows_of_a_move_alone_and_in_a_group(store: Store):
    watch, ours, alone, *group = seed(store, 5, at=AT)
    for move, (name, _, _) in enumerate(MOVES):
        reference = raw(store, seen(store, watch, move))
        [command] = commands([ours], move)
        advance(store, command, AT)
        reference.one(Job(alone, f"{name}:{alone}", to_micros(AT)))
        reference.many([Job(number, f"{name}:{number}", to_micros(AT)) for number in group])
        reference.close()
        for number in (alone, *group):
            assert written(store, number) == written(store, ours)
    verdict = verify(store)
    assert verdict.ok, verdict.faults


def test_both_sides_add_the_same_number_of_rows_to_each_table(store: Store):
    watch, *numbers = seed(store, 7, at=AT)
    reference = raw(store, seen(store, watch, 0))
    before = counted(store)
    advance_many(store, commands(numbers[:3], 0), AT)
    between = counted(store)
    reference.many([Job(number, f"resolve:{number}", to_micros(AT)) for number in numbers[3:]])
    reference.close()
    after = counted(store)
    ours = {table: between[table] - n for table, n in before.items()}
    theirs = {table: after[table] - n for table, n in between.items()}
    assert ours == theirs
    assert ours == {
        "cases": 0,
        "transition": 3,
        "statement": 3,
        "timer": 3,
        "outbox_event": 3,
        "idempotency_key": 3,
        "ended": 6,
    }


def test_raw_sql_moves_no_case_that_has_moved_meanwhile(store: Store):
    watch, other = seed(store, 2, at=AT)
    reference = raw(store, seen(store, watch, 0))
    job = Job(other, f"resolve:{other}", to_micros(AT))
    reference.one(job)
    with pytest.raises(Exception, match=r"(?i)unique"):
        reference.one(job)
    reference.close()


def test_a_session_with_a_bound_model_writes_the_same_rows(store: Store):
    watch, ours, theirs = seed(store, 3, at=AT)
    peer = Sessions(store, seen(store, watch, 0))
    mine, other = commands([ours, theirs], 0)
    advance(store, mine, AT)
    peer.move(other, AT)
    peer.move(other, AT)  # the key was honoured
    peer.close()
    assert written(store, theirs) == written(store, ours)
    verdict = verify(store)
    assert verdict.ok, verdict.faults
