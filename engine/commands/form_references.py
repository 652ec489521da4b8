"""Checks what a form names: people, departments, cases, instants; reads what a case inherits from the one it names."""

from collections.abc import Sequence
from typing import Any

from engine.actors import known_actor, refuse_unavailable
from engine.commands.case_context import CaseContext
from engine.departments import check_department
from engine.ledger.record import case_by_number
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import ACTOR, DEPARTMENT, ON_CASE, OPEN_CASE, PAST, Form, marked
from statemachines.lifecycle import Lifecycle, Refused

HANDED_ON = """
SELECT t.clause, t.policy, t.calendar, t.amount, t.unit, t.allowance, t.consumed, t.extended, t.opened_at, t.closed_at,
       t.steps_fired, t.level FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome = 'handed_on' ORDER BY t.id
"""


def check_named(tx: Tx, context: CaseContext, move: str, form: Form, at: int | None) -> Sequence[Any]:
    """Check people, departments and cases that the form names; return the timers that the case it names handed on.

    Whoever is to have the work must be there at ``at``, in microseconds, and the department must be one of this house;
    ``at`` is None for history, whose owners may have left and whose departments may be another house's.
    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'actor_absent' | 'unknown_department' | 'unknown_case' |
    'not_mergeable')``.
    """
    case, owners = context.case, marked(type(form), ON_CASE)
    for name in marked(type(form), ACTOR):
        if (handle := getattr(form, name)) is not None:
            person = known_actor(tx, handle)
            if at is not None and name in owners:
                refuse_unavailable(person, at)
    for name in marked(type(form), DEPARTMENT) if at is not None else ():
        check_department(tx, getattr(form, name))
    for name in marked(type(form), OPEN_CASE):
        other = case_by_number(tx, getattr(form, name))
        if other.closed or other.id == case.id or other.kind != case.kind:
            raise Refused("not_mergeable", number=other.number, kind=case.kind)
    if any(row.inherits_timers for row in context.table.rows[move]):
        return tx.rows(HANDED_ON, number=getattr(form, "case", ""))
    return ()


def refuse_future(move: str, form: Form, at: int) -> None:
    """Raise ``Refused('not_yet')`` for a form that reports something as of an instant that has not come."""
    for name in marked(type(form), PAST):
        if (value := getattr(form, name)) is not None and to_micros(value) > at:
            raise Refused("not_yet", move=move, field=name)


def names_a_case(table: Lifecycle, move: str) -> bool:
    """Return whether the form of a move names another case."""
    rows = table.rows.get(move, ())
    return any(row.inherits_timers or marked(row.form, OPEN_CASE) for row in rows)
