"""Decides whether a move is made now: by the promises that it names, the table, and the words to the customer."""

import orjson

from engine.actors import Acting
from engine.commands.case_context import CaseContext
from engine.commands.decide import decide
from engine.commands.form_facts import FormFacts, Promises, Recorded
from engine.commands.promise_effects import not_running
from models.columns import from_micros, to_micros
from statemachines.customer_messages import Medium, ToCustomer, carries_words
from statemachines.form_model import ACTOR, Form, StepFired, marked, value_of
from statemachines.lifecycle import Move, Refused
from statemachines.roles import Role

MET = frozenset({"met", "breached"})


def allowed_row(context: CaseContext, move: str, form: Form, actor: Acting, facts: FormFacts) -> Move:
    """Return the row by which the actor makes the move now; what forbids it is named in this order.

    What an import brings was promised and told elsewhere: for it the table alone decides. Raises ``Refused``.
    """
    if Role.IMPORT in actor.roles:
        return decide(context, move, form, actor).row
    if facts.promises.outcomes:
        _refuse_kept(context, move, form, facts.promises)
    row = decide(context, move, form, actor).row
    if row.form is StepFired:
        raise Refused("timer_only", move=move)
    _refuse_unmade(context, move, form)
    _check_message(context, row, form, facts.promises)
    if row.impartial_to and actor.person:
        _refuse_partial(context, row, form, actor, facts.recorded)
    return row


def _refuse_kept(context: CaseContext, move: str, form: Form, promises: Promises) -> None:
    """Refuse to meet a promise that was kept already, with the instant (B9, C3).

    A form that names no occurrence meets none in particular and is not refused.
    """
    for clause, occurrence in not_running(context, move, form):
        last = promises.outcomes.get((clause, occurrence))
        if last is not None and last.outcome in MET:
            at = from_micros(last.closed_at).isoformat()
            raise Refused("promise_kept", at=at, **_named(context, clause, occurrence))


def _refuse_unmade(context: CaseContext, move: str, form: Form) -> None:
    """Refuse to meet a promise that nobody made, with those that run."""
    for (clause, occurrence), running in not_running(context, move, form).items():
        raise Refused("no_such_promise", running=sorted(running), **_named(context, clause, occurrence))


def _named(context: CaseContext, clause: str, occurrence: int) -> dict[str, str | int]:
    return {"number": context.case.number, "kind": context.table.kind, "clause": clause, "occurrence": occurrence}


def _check_message(context: CaseContext, row: Move, form: Form, promises: Promises) -> None:
    """Check how a form says that the customer is told (A5).

    Raises ``Refused('in_the_future' | 'before_the_case' | 'not_a_record' | 'nobody_told' | 'no_customer_address')``.
    """
    if row.speaks is None or not isinstance(form, ToCustomer) or not carries_words(row, form):
        return
    case = context.case
    reached_at = None if form.reached_at is None else to_micros(form.reached_at)
    if reached_at is not None and reached_at > context.now:
        raise Refused("in_the_future", move=row.name)
    if reached_at is not None and reached_at < case.opened_at:
        raise Refused("before_the_case", number=case.number)
    if form.medium is Medium.LOG:
        raise Refused("not_a_record", move=row.name)
    if form.medium is Medium.NONE and not row.speaks.or_nobody:
        raise Refused("nobody_told", kind=case.kind, move=row.name)
    number = value_of(form, row.speaks.customer_of) or case.number
    has_address = context.addressed if number == case.number else number in promises.addressed
    if form.medium is Medium.SEND and not has_address:
        raise Refused("no_customer_address", number=number)


def _refuse_partial(context: CaseContext, row: Move, form: Form, actor: Acting, recorded: Recorded) -> None:
    """Refuse somebody who made a move of the case to which he must be impartial (F3)."""
    number = orjson.loads(context.case.variables).get(row.impartial_to)
    if number is None:
        return
    named = [getattr(form, name) for name in marked(type(form), ACTOR)]
    took_part = {made.handle for made in recorded.makers[number]}
    for handle in named or [actor.handle]:
        if handle in took_part:
            raise Refused("took_part", handle=handle, number=number, move=row.name)
