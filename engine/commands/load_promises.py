"""Loads what the record says of promises and messages: those that a form names, and those that a case takes over."""

from collections.abc import Mapping
from typing import Any

import orjson

from engine.commands import load_sql
from engine.commands.case_context import CaseContext
from engine.commands.form_facts import NO_PROMISES, Message, Promises, TheEnd
from engine.commands.promise_effects import not_running
from engine.transaction import Tx
from statemachines.customer_messages import Medium, carries_words
from statemachines.form_model import Form, value_of
from statemachines.retirement import CARRIED_OVER

EVER = 2**63 - 1


def load_promises(tx: Tx, context: CaseContext, move: str, form: Form, *, history: bool, until: int = EVER) -> Promises:
    """Read what is known of the promises and messages that a form names. Other moves need none of it.

    What was met in another case counts if it was met ``until`` an instant: a replay may have brought it further. Which
    promises history names, and whether its customers have addresses, is not checked.
    """
    if move not in context.table.recalling:
        return NO_PROMISES
    rows, case_id = context.table.rows[move], context.case.id
    gives_back, meets = any(row.reopens_promises for row in rows), any(row.meets_promises for row in rows)
    return Promises(
        outcomes={} if history else _outcomes(tx, context, move, form),
        addressed=() if history else _addressed(tx, context, move, form),
        message=_message(tx, case_id, form, gives_back=gives_back) if gives_back or meets else None,
        end=_end(tx, case_id, until) if any(row.restores_timers for row in rows) else None,
    )


def load_inquiry(tx: Tx, parent: str) -> tuple[list[Any], list[Any]]:
    """Return the timers that an inquiry handed on, by column, and those that it met."""
    return tx.rows(load_sql.HANDED_ON, number=parent), tx.rows(load_sql.MET_IN, number=parent, until=EVER)


def _outcomes(tx: Tx, context: CaseContext, move: str, form: Form) -> Mapping[tuple[str, int], Any]:
    """Return how the promises ended last that the form names and that do not run."""
    found = {
        (clause, occurrence): tx.row(load_sql.LAST_OUTCOME, id=context.case.id, clause=clause, occurrence=occurrence)
        for clause, occurrence in not_running(context, move, form)
    }
    return {name: row for name, row in found.items() if row is not None}


def _addressed(tx: Tx, context: CaseContext, move: str, form: Form) -> tuple[str, ...]:
    """Return the other case to whose customer the move would send something, if he has an e-mail address."""
    row = context.table.rows[move][0]
    if row.speaks is None or not row.speaks.customer_of or not carries_words(row, form):
        return ()
    number = value_of(form, row.speaks.customer_of)
    if number is None or number == context.case.number or value_of(form, "medium") is not Medium.SEND:
        return ()
    return (number,) if tx.row(load_sql.ADDRESS, number=number) is not None else ()


def _message(tx: Tx, case_id: int, form: Form, *, gives_back: bool) -> Message | None:
    """Return the message that the form names; what came after it is read where it gives back what it had met."""
    seq = value_of(form, "message") or 0
    sent = tx.row(load_sql.MESSAGE, id=case_id, seq=seq)
    if sent is None or not gives_back:
        return None if sent is None else Message(sent)
    later = tx.rows(load_sql.AFTER_MESSAGE, id=case_id, seq=seq)
    return Message(sent, later, tx.rows(load_sql.MET_SINCE, id=case_id, seq=seq))


def _end(tx: Tx, case_id: int, until: int) -> TheEnd | None:
    """Return the end of a case; None for one whose state never changed."""
    end = tx.row(load_sql.THE_END, id=case_id, carried_over=CARRIED_OVER)
    if end is None:
        return None
    into = orjson.loads(end.form).get("into")
    met_there = tx.rows(load_sql.MET_IN, number=into, until=until) if into else ()
    return TheEnd(tx.rows(load_sql.ENDED_BY, id=case_id, seq=end.seq), met_there)
