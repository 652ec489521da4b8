"""Loads what the fields of a form need, each only where the form or the table marks such a field; see ``FormFacts``."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from engine.actors import Acting, find_actor
from engine.categories import unknown_category
from engine.commands import load_sql
from engine.commands.case_context import CaseContext
from engine.commands.certificates import holders, required_certificate
from engine.commands.command import Command
from engine.commands.complete_form import VALID_FOR, ids_in
from engine.commands.form_facts import NOTHING_NAMED, NOTHING_RECORDED, FormFacts, Named, Recorded
from engine.commands.form_names import NO_NAMES, Names, names_in
from engine.commands.load_history import read_later_moves
from engine.commands.load_promises import load_promises
from engine.departments import departments
from engine.ledger.record import cases_by_number
from engine.transaction import Tx
from statemachines.customer_messages import carries_words
from statemachines.form_model import ATTACHED, ON_CASE, OPEN_CASE, RECORDED, Form, marked, value_of
from statemachines.lifecycle import Lifecycle, Move
from statemachines.roles import Role


def load_facts(tx: Tx, context: CaseContext, command: Command, form: Form, actor: Acting) -> FormFacts:
    """Read what the form of a command needs; what is planned for the cases that it names must be written.

    History is not asked what only a move of today is checked against.
    """
    history = Role.IMPORT in actor.roles
    return FormFacts(
        _recorded(tx, context, command, form, actor),
        load_named(tx, context, command.move, form, history=history),
        load_promises(tx, context, command.move, form, history=history),
    )


def names_a_case(table: Lifecycle, move: str) -> bool:
    """Return whether the form of a move names another case."""
    return move in table.inheriting or any(marked(row.form, OPEN_CASE) for row in table.rows.get(move, ())[:1])


def _recorded(tx: Tx, context: CaseContext, command: Command, form: Form, actor: Acting) -> Recorded:
    rows, history = context.table.rows[command.move], Role.IMPORT in actor.roles
    disputed = _disputed(context, rows, form, actor)
    words = None if history else earlier_words(tx, context.case.id, rows[0], form)
    attachments = None if history else _attachments(tx, context, form)
    later_moves = () if command.since is None else _later_moves(tx, context, form, command.since)
    if not (disputed or words or attachments or later_moves):
        return NOTHING_RECORDED
    makers = {number: tx.rows(load_sql.MAKERS, number=number) for number in disputed}
    return Recorded(makers, words, attachments or {}, later_moves)


def _disputed(context: CaseContext, rows: Sequence[Move], form: Form, actor: Acting) -> set[str]:
    """Return the numbers of the cases of which it matters who decided them and who took part in them."""
    numbers = {value_of(form, "about")} if marked(type(form), RECORDED) else set[str | None]()
    for row in rows if actor.person else ():
        if row.impartial_to:
            numbers.add(orjson.loads(context.case.variables).get(row.impartial_to))
    return {number for number in numbers if number is not None}


def earlier_words(tx: Tx, case_id: int, row: Move, form: Form) -> str | None:
    """Return the words of the earlier move that the table names, where the form has none of its own."""
    if row.speaks is None or row.speaks.words_of is None or carries_words(row, form):
        return None
    move, field = row.speaks.words_of
    earlier = tx.row(load_sql.EARLIER_WORDS, id=case_id, move=move, field=field)
    return None if earlier is None else earlier.content


def _attachments(tx: Tx, context: CaseContext, form: Form) -> Mapping[str, Any]:
    ids = [name for field in marked(type(form), ATTACHED) if (value := value_of(form, field)) for name in ids_in(value)]
    if not ids:
        return {}
    oldest = context.now - VALID_FOR // timedelta.resolution
    rows = tx.rows_among(load_sql.ATTACHMENTS, ids=ids, case_id=context.case.id, oldest=oldest)
    return {row.id: row for row in rows}


def _later_moves(tx: Tx, context: CaseContext, form: Form, since: int) -> Sequence[Any]:
    """Return the moves after ``since``, if there are any and the form puts anything on the case."""
    puts = any(value_of(form, name) is not None for name in marked(type(form), ON_CASE))
    if context.case.version <= since or not puts:
        return ()
    later_moves = context.later_moves
    if later_moves is None:
        later_moves = read_later_moves(tx, [context.case.id], since).get(context.case.id, ())
    return [row for row in later_moves if row.seq > since]


def load_named(tx: Tx, context: CaseContext, move: str, form: Form, *, history: bool) -> Named:
    """Read the people, departments, categories and cases that a form names, and the timers that a case hands on.

    In history the owners may have left, and departments and categories may be another house's: they are not read.
    """
    names, inherits = names_in(form), move in context.table.inheriting
    if names is NO_NAMES and not inherits:
        return NOTHING_NAMED
    found = ((person.handle, find_actor(tx, person.handle)) for person in names.people)
    return Named(
        people={handle: actor for handle, actor in found if actor is not None},
        departments=departments(tx) if names.departments and not history else (),
        unknown_categories={} if history else _unknown_categories(tx, names),
        certified=() if history else _certified(tx, context, [person.handle for person in names.people if person.owns]),
        cases=cases_by_number(tx, [*names.open_cases, *names.known_cases]),
        customers={} if history else _customers(tx, context.case.number, names.own_cases),
        handed_on=tx.rows(load_sql.HANDED_ON, number=value_of(form, "case")) if inherits else (),
    )


def _unknown_categories(tx: Tx, names: Names) -> dict[str, list[str]]:
    """Return the categories that there are not, each with those that resemble it."""
    found = {code: unknown_category(tx, code) for code in names.categories}
    found |= {code: unknown_category(tx, code, borne=True) for code in names.borne_categories if code not in found}
    return {code: near for code, near in found.items() if near is not None}


def _certified(tx: Tx, context: CaseContext, handles: Sequence[str]) -> set[str]:
    """Return who of these holds the certificate that the pack asks for; a group of commands reads all holders once."""
    course, around = required_certificate(context.pack), context.around
    if course is None or context.table.internal:
        return set()
    if around.holders is None:
        return {handle for handle in handles if holders(tx, course, around.now, handle)}
    if course not in around.holders and handles:
        around.holders[course] = holders(tx, course, around.now)
    return around.holders.get(course, set())


def _customers(tx: Tx, number: str, others: Sequence[str]) -> dict[str, int | None]:
    rows = tx.rows_among(load_sql.CUSTOMERS, numbers=[number, *others]) if others else ()
    return {row.number: row.person for row in rows}
