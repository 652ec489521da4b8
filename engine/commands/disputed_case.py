"""Reads from the record of a disputed case who decided it and who took part in it: neither is typed by anybody (F3)."""

from collections.abc import Sequence
from typing import Any

import orjson

from engine.actors import NOBODY
from engine.caches import Acting
from engine.ledger.record import CaseRow
from engine.transaction import Tx
from statemachines.form_model import ACTOR, RECORDED, Form, marked
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Move, Refused

MAKERS = """
SELECT c.kind, t.move, a.handle FROM transition t JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE c.number = :number ORDER BY t.seq
"""
PARTS = {"decided_by": "decisions", "investigated_by": "preparations"}
"""The fields that the record answers, and which moves of the disputed case's lifecycle answer them."""


def with_recorded(tx: Tx, form: Form) -> Form:
    """Return the form with the people whom the record of the disputed case names.

    Raises ``Refused('not_by_record')`` where the form names somebody else.
    """
    fields = marked(type(form), RECORDED)
    if not fields:
        return form
    makers = tx.rows(MAKERS, number=getattr(form, "about"))  # noqa: B009 (only such forms have it)
    recorded = {name: _last(makers, PARTS[name]) for name in fields}
    for name, handle in recorded.items():
        given = getattr(form, name)
        if given is not None and given != handle:
            raise Refused("not_by_record", field=name, given=given, recorded=handle or "–")
    return form.model_copy(update=recorded)


def _last(makers: Sequence[Any], part: str) -> str | None:
    """Return who made the last of the moves that are a decision or a preparation of the lifecycle."""
    handle = None
    for row in makers:
        table = lifecycles().get(row.kind)
        if table is not None and table.resolver.move(row.move) in getattr(table, part) and row.handle not in NOBODY:
            handle = row.handle
    return handle


def refuse_partial(tx: Tx, case: CaseRow, row: Move, form: Form, actor: Acting) -> None:
    """Raise ``Refused('took_part')`` for somebody who made a move of the case to which he must be impartial."""
    number = orjson.loads(case.variables).get(row.impartial_to)
    if number is None or not actor.person:
        return
    named = [getattr(form, name) for name in marked(type(form), ACTOR)]
    took_part = {made.handle for made in tx.rows(MAKERS, number=number)}
    for handle in named or [actor.handle]:
        if handle in took_part:
            raise Refused("took_part", handle=handle, number=number, move=row.name)
