"""Checks what a form says of a message to the customer, and reads the promises that it had met (A5)."""

import json
from collections.abc import Sequence
from typing import Any

from engine.commands.case_context import CaseContext
from engine.ledger.record import CaseRow
from engine.timers import timer as timing
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.customer_messages import SPOKEN, Medium, ToCustomer, carries_words
from statemachines.form_model import Form, value_of
from statemachines.lifecycle import Move, Refused

ADDRESS = """
SELECT p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number AND p.email IS NOT NULL
"""
MOVE = "SELECT move, form, occurred_at FROM transition WHERE case_id = :id AND seq = :seq"
EARLIER_WORDS = """
SELECT s.content FROM transition t JOIN statement s ON s.case_id = t.case_id AND s.seq = t.seq AND s.field = :field
 WHERE t.case_id = :id AND t.move = :move AND s.content IS NOT NULL ORDER BY t.seq DESC LIMIT 1
"""
LATER = "SELECT seq, move, form FROM transition WHERE case_id = :id AND seq > :seq"
MET_BY_IT = f"""
SELECT {", ".join(timing.COLUMNS)} FROM timer
 WHERE case_id = :id AND closed_by = ANY(:by) AND outcome IN ('met', 'breached') ORDER BY id
"""


def with_words(tx: Tx, case: CaseRow, row: Move, form: Form) -> Form:
    """Return the form with the words of the earlier move that the table names, where it has none of its own."""
    speech = row.speaks
    if speech is None or speech.words_of is None or carries_words(row, form):
        return form
    move, field = speech.words_of
    earlier = tx.row(EARLIER_WORDS, id=case.id, move=move, field=field)
    return form if earlier is None else form.model_copy(update={speech.fields[0]: earlier.content})


def check_message(tx: Tx, context: CaseContext, row: Move, form: Form, at: int) -> None:
    """Check how a form says that the customer is told; ``at`` is the instant of the command, in microseconds.

    Raises ``Refused('no_customer_address' | 'nobody_told' | 'not_a_record' | 'in_the_future' | 'before_the_case')``.
    """
    if row.speaks is None or not isinstance(form, ToCustomer) or not carries_words(row, form):
        return
    case = context.case
    reached_at = None if form.reached_at is None else to_micros(form.reached_at)
    if reached_at is not None and reached_at > at:
        raise Refused("in_the_future", move=row.name)
    if reached_at is not None and reached_at < case.opened_at:
        raise Refused("before_the_case", number=case.number)
    if form.medium is Medium.LOG:
        raise Refused("not_a_record", move=row.name)
    if form.medium is Medium.NONE and not row.speaks.or_nobody:
        raise Refused("nobody_told", kind=case.kind, move=row.name)
    number = value_of(form, row.speaks.customer_of) or case.number
    if form.medium is Medium.SEND and not _has_address(tx, context, number):
        raise Refused("no_customer_address", number=number)


def _has_address(tx: Tx, context: CaseContext, number: str) -> bool:
    """Return whether the customer of a case has an e-mail address; only of another case it must be read here."""
    if number == context.case.number and context.addressed is not None:
        return context.addressed
    return tx.row(ADDRESS, number=number) is not None


def as_logged(row: Move, form: Form) -> Form:
    """Return the form of a move that another system recorded: its record says whether the customer was told.

    We send nothing of it. A record without words says that nobody was told, also in a log that is exported from here.
    """
    if isinstance(form, ToCustomer) and form.medium is Medium.SEND:
        return form.model_copy(update={"medium": Medium.LOG if carries_words(row, form) else Medium.NONE})
    return form


def closed_timers(tx: Tx, context: CaseContext, row: Move, form: Form) -> Sequence[Any]:
    """Return the timers that an undelivered message had met, by column. Raises ``Refused('no_such_message')``.

    It may have met them when it was said to have arrived after all. Those that a conversation since then meets as well
    stay closed: the customer was told after all.
    """
    if not row.reopens_promises:
        return ()
    seq: int = getattr(form, "message", 0)
    _message(tx, context, seq)
    table = context.table
    later = [
        (row.seq, table.resolver.move(row.move), json.loads(row.form))
        for row in tx.rows(LATER, id=context.case.id, seq=seq)
    ]
    spoken = {move for _, move, said in later if said.get("medium") in SPOKEN}
    arrived = [at for at, move, said in later if move in table.arrivals and said.get("message") == seq]
    timers = tx.rows_among(MET_BY_IT, id=context.case.id, by=[seq, *arrived])
    clauses = [(table.clause.get(table.resolver.clause(timer.clause) or ""), timer) for timer in timers]
    return [timer for clause, timer in clauses if clause is not None and spoken.isdisjoint(clause.met_by)]


def arrived_timers(tx: Tx, context: CaseContext, row: Move, form: Form) -> frozenset[int | None]:
    """Return the keys of the open timers that a message meets which arrived after all.

    Raises ``Refused('no_such_message')``.
    """
    if not row.meets_promises:
        return frozenset()
    sent = _message(tx, context, getattr(form, "message", 0))
    table, move = context.table, context.table.resolver.move(sent.move)
    said = table.resolved_form(sent.move, json.loads(sent.form))
    met: set[int | None] = set()
    for timer in timing.open_only(context.timers):
        clause = table.clause[timer.clause]
        named = not clause.occurrence_field or said.get(clause.occurrence_field) == timer.occurrence
        if clause.answers and move in clause.met_by and named and timer.opened_at <= sent.occurred_at:
            met.add(timer.id)
    return frozenset(met)


def _message(tx: Tx, context: CaseContext, seq: int) -> Any:
    """Return the transition that says something to the customer. Raises ``Refused('no_such_message')``."""
    sent = tx.row(MOVE, id=context.case.id, seq=seq)
    rows = () if sent is None else context.table.rows.get(context.table.resolver.move(sent.move), ())
    if not any(other.speaks for other in rows):
        raise Refused("no_such_message", number=context.case.number, seq=seq)
    return sent
