"""Refuses to meet a promise that is not running: one that was kept already, or that nobody made (B9, C3)."""

from collections.abc import Iterator
from typing import Any

from engine.commands.case_context import CaseContext
from engine.timers.timer import open_only
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.form_model import Form
from statemachines.lifecycle import Refused

LAST = """
SELECT closed_at, outcome FROM timer
 WHERE case_id = :id AND clause = :clause AND occurrence = :occurrence ORDER BY cycle DESC, id DESC LIMIT 1
"""
MET = frozenset({"met", "breached"})


def refuse_kept(tx: Tx, context: CaseContext, move: str, form: Form) -> None:
    """Raise ``Refused('promise_kept')``, with the instant, if the form names a promise that was kept before.

    A form that names no occurrence meets none in particular and is not refused.
    """
    for named in _not_running(context, move, form):
        last = tx.row(LAST, id=context.case.id, clause=named["clause"], occurrence=named["occurrence"])
        if last is not None and last.outcome in MET:
            raise Refused("promise_kept", at=from_micros(last.closed_at).isoformat(), **named)


def refuse_unmade(context: CaseContext, move: str, form: Form) -> None:
    """Raise ``Refused('no_such_promise')``, with those that run, if the form names a promise that does not run."""
    for named in _not_running(context, move, form):
        raise Refused("no_such_promise", running=sorted(_running(context, named["clause"])), **named)


def _not_running(context: CaseContext, move: str, form: Form) -> Iterator[dict[str, Any]]:
    """Yield what the form names of the clauses that the move meets by occurrence and whose timer is not open."""
    for clause in context.table.clauses:
        if clause.answers and clause.occurrence_field and move in clause.met_by:
            occurrence = getattr(form, clause.occurrence_field)
            if occurrence is not None and occurrence not in _running(context, clause.name):
                case, kind = context.case, context.table.kind
                yield {"number": case.number, "kind": kind, "clause": clause.name, "occurrence": occurrence}


def _running(context: CaseContext, clause: str) -> set[int]:
    return {timer.occurrence for timer in open_only(context.timers) if timer.clause == clause}
