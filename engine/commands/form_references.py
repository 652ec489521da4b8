"""Checks what a form names: people, departments, categories, cases, instants; reads what it inherits from a case."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson

from engine.actors import Acting, known_actor, refuse_unavailable
from engine.categories import check_category
from engine.commands.case_context import CaseContext
from engine.commands.certificates import refuse_uncertified
from engine.departments import check_department
from engine.ledger.record import CaseRow, case_by_number
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import (
    ACTOR,
    BORNE_CATEGORY,
    CATEGORY,
    CUSTOMER_KIND,
    DEPARTMENT,
    KNOWN_CASE,
    ON_CASE,
    OPEN_CASE,
    OWN_OR_AGREED,
    PAST,
    WORKER,
    Form,
    marked,
    value_of,
)
from statemachines.forms import AGREED
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle, Refused

CUSTOMERS = """
SELECT c.number, coalesce(p.person_id, p.id) AS person FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.number = ANY(:numbers)
"""
HANDED_ON = """
SELECT t.clause, t.policy, t.calendar, t.amount, t.unit, t.allowance, t.consumed, t.extended, t.opened_at, t.closed_at,
       t.steps_fired, t.level, t.part FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome = 'handed_on' ORDER BY t.id
"""


NAMING = (ACTOR, DEPARTMENT, CATEGORY, BORNE_CATEGORY, CUSTOMER_KIND, OPEN_CASE, OWN_OR_AGREED, KNOWN_CASE)
"""The marks of fields that name people, departments, categories, kinds and other cases."""


def check_named(tx: Tx, context: CaseContext, move: str, form: Form, at: int | None) -> Sequence[Any]:
    """Check people, departments and cases that the form names; return the timers that the case it names handed on.

    Whoever is to have the work must be a person who is there at ``at``, in microseconds, and who belongs to the
    department that has the case, if he belongs to any; the department and the category must be of this house. ``at`` is
    None for history, whose owners may have left and whose departments and categories may be another house's. Raises
    ``Refused('unknown_actor' | 'not_a_person' | 'actor_disabled' | 'actor_absent' | 'owner_elsewhere' | 'uncertified' |
    'unknown_department' | 'unknown_category' | 'unknown_kind' | 'unknown_case' | 'not_mergeable' | 'no_consent')``.
    """
    if _names_others(type(form)):
        _check_fields(tx, context, form, at)
    return tx.rows(HANDED_ON, number=getattr(form, "case", "")) if move in context.table.inheriting else ()


@cache
def _names_others(form: type[Form]) -> bool:
    """Return whether a form has fields that name what must be known; most have none."""
    return any(marked(form, mark) for mark in NAMING)


def _check_fields(tx: Tx, context: CaseContext, form: Form, at: int | None) -> None:
    owners, workers = marked(type(form), ON_CASE), marked(type(form), WORKER)
    department = value_of(form, "department") or context.case.department
    for name in marked(type(form), DEPARTMENT) if at is not None else ():
        for code in (getattr(form, name) or "").split():
            check_department(tx, code)
    if at is not None:
        _check_categories(tx, form)
    for name in marked(type(form), ACTOR):
        if (handle := getattr(form, name)) is not None:
            person = known_actor(tx, handle)
            if at is not None and name in (*owners, *workers):
                _check_owner(person, department, at)
            if at is not None and name in owners:
                refuse_uncertified(tx, context, person, at)
    for name in marked(type(form), CUSTOMER_KIND):
        _check_kind(getattr(form, name))
    _check_cases(tx, context.case, form, history=at is None)


def _check_categories(tx: Tx, form: Form) -> None:
    for name in marked(type(form), CATEGORY):
        check_category(tx, getattr(form, name))
    for name in marked(type(form), BORNE_CATEGORY):
        check_category(tx, getattr(form, name), borne=True)


def _check_cases(tx: Tx, case: CaseRow, form: Form, *, history: bool) -> None:
    """Check the cases that a form names; what was open in history may have ended since."""
    for name in marked(type(form), OPEN_CASE):
        other = case_by_number(tx, getattr(form, name))
        if (other.closed and not history) or other.id == case.id or other.kind != case.kind:
            raise Refused("not_mergeable", number=other.number, kind=case.kind)
    for name in () if history else marked(type(form), OWN_OR_AGREED):
        _check_consent(tx, case, getattr(form, name))
    for name in marked(type(form), KNOWN_CASE):
        for number in (getattr(form, name) or "").split():
            case_by_number(tx, number)


def _check_consent(tx: Tx, case: CaseRow, into: str) -> None:
    """Refuse to hand a customer's matter to the case of another one, unless he agreed to it (A6)."""
    customer = {row.number: row.person for row in tx.rows_among(CUSTOMERS, numbers=[case.number, into])}
    theirs = customer[case.number] is not None and customer[case.number] != customer[into]
    if theirs and orjson.loads(case.variables).get(AGREED) != into:
        raise Refused("no_consent", number=case.number, into=into)


def _check_kind(kind: str | None) -> None:
    known = [name for name, table in lifecycles().items() if not table.internal]
    if kind is not None and kind not in known:
        raise Refused("unknown_kind", kind=kind, known=known)


def _check_owner(person: Acting, department: str | None, at: int) -> None:
    """Refuse somebody who cannot have the work of a department (B10)."""
    if not person.person:
        raise Refused("not_a_person", handle=person.handle)
    refuse_unavailable(person, at)
    if department is not None and person.department not in {None, department}:
        raise Refused("owner_elsewhere", handle=person.handle, theirs=person.department, department=department)


def refuse_future(move: str, form: Form, at: int) -> None:
    """Raise ``Refused('not_yet')`` for a form that reports something as of an instant that has not come."""
    for name in marked(type(form), PAST):
        if (value := getattr(form, name)) is not None and to_micros(value) > at:
            raise Refused("not_yet", move=move, field=name)


def names_a_case(table: Lifecycle, move: str) -> bool:
    """Return whether the form of a move names another case."""
    return move in table.inheriting or any(marked(row.form, OPEN_CASE) for row in table.rows.get(move, ())[:1])
